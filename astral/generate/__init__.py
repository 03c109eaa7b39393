"""Cells become test cases: written by an attacker or composed from seeds, grounded on evidence, and screened.

`Screen` decides what may pass, `generate_all` writes a batch; everything heavy is imported when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.generate.attack import LLMAttacker
    from astral.generate.child_screen import SCREENED_LANGUAGES
    from astral.generate.compose import Composer
    from astral.generate.evidence.corpus import CorpusEntry, CorpusIndex, build_seed_corpus
    from astral.generate.evidence.web import WebSearch
    from astral.generate.screening import Gates, Rejection, Screen
    from astral.generate.transforming import TransformingGenerator
    from astral.generate.transforms.catalogue import TransformKit, chain_of, transform_names
    from astral.generate.translating import SOURCE_LANGUAGE, Translate, TranslatingGenerator, Translator
    from astral.generate.writing import GeneratorYield, Written, generate_all

__all__ = [
    "SCREENED_LANGUAGES",
    "SOURCE_LANGUAGE",
    "Composer",
    "CorpusEntry",
    "CorpusIndex",
    "Gates",
    "GeneratorYield",
    "LLMAttacker",
    "Rejection",
    "Screen",
    "TransformKit",
    "TransformingGenerator",
    "Translate",
    "TranslatingGenerator",
    "Translator",
    "WebSearch",
    "Written",
    "build_seed_corpus",
    "chain_of",
    "generate_all",
    "transform_names",
]

_HOME = {
    "Composer": "compose",
    "CorpusEntry": "evidence.corpus",
    "CorpusIndex": "evidence.corpus",
    "Gates": "screening",
    "GeneratorYield": "writing",
    "LLMAttacker": "attack",
    "Rejection": "screening",
    "SCREENED_LANGUAGES": "child_screen",
    "SOURCE_LANGUAGE": "translating",
    "Screen": "screening",
    "TransformKit": "transforms.catalogue",
    "TransformingGenerator": "transforming",
    "Translate": "translating",
    "TranslatingGenerator": "translating",
    "Translator": "translating",
    "WebSearch": "evidence.web",
    "Written": "writing",
    "build_seed_corpus": "evidence.corpus",
    "chain_of": "transforms.catalogue",
    "generate_all": "writing",
    "transform_names": "transforms.catalogue",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
