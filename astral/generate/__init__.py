"""Cells become test cases: written by an attacker or composed from seeds, grounded on evidence, and screened.

`Screen` decides what may pass, `generate_all` writes a batch; everything heavy is imported when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.generate.attack import LLMAttacker
    from astral.generate.compose import Composer
    from astral.generate.conformance import Conformance
    from astral.generate.evidence.corpus import CorpusEntry, CorpusIndex, build_seed_corpus
    from astral.generate.evidence.web import WebSearch
    from astral.generate.screening import Gates, Rejection, Screen
    from astral.generate.transforms.misspell import Misspell
    from astral.generate.twins import TwinWriter
    from astral.generate.writing import GeneratorYield, Written, generate_all

__all__ = [
    "Composer",
    "Conformance",
    "CorpusEntry",
    "CorpusIndex",
    "Gates",
    "GeneratorYield",
    "LLMAttacker",
    "Misspell",
    "Rejection",
    "Screen",
    "TwinWriter",
    "WebSearch",
    "Written",
    "build_seed_corpus",
    "generate_all",
]

_HOME = {
    "Composer": "compose",
    "Conformance": "conformance",
    "CorpusEntry": "evidence.corpus",
    "CorpusIndex": "evidence.corpus",
    "Gates": "screening",
    "GeneratorYield": "writing",
    "LLMAttacker": "attack",
    "Misspell": "transforms.misspell",
    "Rejection": "screening",
    "Screen": "screening",
    "TwinWriter": "twins",
    "WebSearch": "evidence.web",
    "Written": "writing",
    "build_seed_corpus": "evidence.corpus",
    "generate_all": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
