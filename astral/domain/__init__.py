"""The nouns of astral: frozen models and the ports between the stages, without effects."""
