"""Other tools' files, both ways: test cases out, and theirs, with answers and verdicts, in."""

from astral.exchange.json_lines import JsonLines
from astral.exchange.promptfoo import promptfoo_tests
from astral.exchange.training import FineTuning, Preferences, is_bad

__all__ = ["FineTuning", "JsonLines", "Preferences", "is_bad", "promptfoo_tests"]
