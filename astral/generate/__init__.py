"""Cells become test cases: written by an attacker or composed from seeds, grounded on evidence, and screened.

`Screen` decides what may pass, `generate_all` writes a batch; everything heavy is imported when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.generate.attack import LLMAttacker
    from astral.generate.compose import Composer
    from astral.generate.evidence.corpora import Corpora, Corpus, EachInTurn
    from astral.generate.evidence.corpus import CorpusEntry, CorpusIndex, build_seed_corpus
    from astral.generate.evidence.extras import check_web_extra
    from astral.generate.evidence.fetching import Fetcher
    from astral.generate.evidence.pages import PageCache, PageReader
    from astral.generate.evidence.web import WebEvidence
    from astral.generate.evolve import Evolver, EvolvingAttacker
    from astral.generate.mutate import Mutator
    from astral.generate.screening import Gates, Rejection, Screen
    from astral.generate.transforms.misspell import Misspell
    from astral.generate.writing import Written, generate_all

__all__ = [
    "Composer",
    "Corpora",
    "Corpus",
    "CorpusEntry",
    "CorpusIndex",
    "EachInTurn",
    "Evolver",
    "EvolvingAttacker",
    "Fetcher",
    "Gates",
    "LLMAttacker",
    "Misspell",
    "Mutator",
    "PageCache",
    "PageReader",
    "Rejection",
    "Screen",
    "WebEvidence",
    "Written",
    "build_seed_corpus",
    "check_web_extra",
    "generate_all",
]

_HOME = {
    "Composer": "compose",
    "Corpora": "evidence.corpora",
    "Corpus": "evidence.corpora",
    "CorpusEntry": "evidence.corpus",
    "CorpusIndex": "evidence.corpus",
    "EachInTurn": "evidence.corpora",
    "Evolver": "evolve",
    "EvolvingAttacker": "evolve",
    "Fetcher": "evidence.fetching",
    "Gates": "screening",
    "LLMAttacker": "attack",
    "Misspell": "transforms.misspell",
    "Mutator": "mutate",
    "PageCache": "evidence.pages",
    "PageReader": "evidence.pages",
    "Rejection": "screening",
    "Screen": "screening",
    "WebEvidence": "evidence.web",
    "Written": "writing",
    "build_seed_corpus": "evidence.corpus",
    "check_web_extra": "evidence.extras",
    "generate_all": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
