"""Rewritings of a text, each pure: the same text and seed give the same result."""
