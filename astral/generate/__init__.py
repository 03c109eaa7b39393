"""Cells become test cases: written by an attacker or composed from seeds, grounded on evidence, and screened.

`Screen` decides what may pass, `generate_all` writes a batch; everything heavy is imported when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from astral.generate.attack import LLMAttacker
    from astral.generate.child_screen import SCREENED_LANGUAGES
    from astral.generate.compose import Composer
    from astral.generate.conformance import Conformance
    from astral.generate.courses import CourseGenerator, Way, turns_of
    from astral.generate.evidence.corpora import Corpora, Corpus, EachInTurn
    from astral.generate.evidence.corpus import CorpusEntry, CorpusIndex, build_seed_corpus, seed_entries
    from astral.generate.evidence.extras import check_web_extra
    from astral.generate.evidence.fetching import Fetcher
    from astral.generate.evidence.pages import PageCache, PageReader
    from astral.generate.evidence.web import WebEvidence
    from astral.generate.evolve import Evolver, EvolvingAttacker
    from astral.generate.injections import InjectionWriter
    from astral.generate.model_gate import ModelGate
    from astral.generate.mutate import Mutator
    from astral.generate.scenes import SceneWriter, environments_of
    from astral.generate.screening import Gates, Rejection, Screen, objection_to_turn
    from astral.generate.transforming import TransformingGenerator
    from astral.generate.transforms.catalogue import TransformKit, chain_of, transform_names
    from astral.generate.translating import SOURCE_LANGUAGE, Translate, TranslatingGenerator, Translator
    from astral.generate.twins import TwinWriter
    from astral.generate.writing import WORDINGS, Written, generate_all

__all__ = [
    "SCREENED_LANGUAGES",
    "SOURCE_LANGUAGE",
    "WORDINGS",
    "Composer",
    "Conformance",
    "Corpora",
    "Corpus",
    "CorpusEntry",
    "CorpusIndex",
    "CourseGenerator",
    "EachInTurn",
    "Evolver",
    "EvolvingAttacker",
    "Fetcher",
    "Gates",
    "InjectionWriter",
    "LLMAttacker",
    "ModelGate",
    "Mutator",
    "PageCache",
    "PageReader",
    "Rejection",
    "SceneWriter",
    "Screen",
    "TransformKit",
    "TransformingGenerator",
    "Translate",
    "TranslatingGenerator",
    "Translator",
    "TwinWriter",
    "Way",
    "WebEvidence",
    "Written",
    "build_seed_corpus",
    "chain_of",
    "check_web_extra",
    "environments_of",
    "generate_all",
    "objection_to_turn",
    "seed_entries",
    "transform_names",
    "turns_of",
]

_HOME = {
    "Composer": "compose",
    "Corpora": "evidence.corpora",
    "Corpus": "evidence.corpora",
    "Conformance": "conformance",
    "CorpusEntry": "evidence.corpus",
    "CorpusIndex": "evidence.corpus",
    "CourseGenerator": "courses",
    "EachInTurn": "evidence.corpora",
    "Evolver": "evolve",
    "EvolvingAttacker": "evolve",
    "Fetcher": "evidence.fetching",
    "Gates": "screening",
    "LLMAttacker": "attack",
    "InjectionWriter": "injections",
    "ModelGate": "model_gate",
    "Mutator": "mutate",
    "PageCache": "evidence.pages",
    "PageReader": "evidence.pages",
    "Rejection": "screening",
    "SCREENED_LANGUAGES": "child_screen",
    "SOURCE_LANGUAGE": "translating",
    "WORDINGS": "writing",
    "SceneWriter": "scenes",
    "Screen": "screening",
    "TransformKit": "transforms.catalogue",
    "TransformingGenerator": "transforming",
    "Translate": "translating",
    "TranslatingGenerator": "translating",
    "Translator": "translating",
    "Way": "courses",
    "WebEvidence": "evidence.web",
    "TwinWriter": "twins",
    "Written": "writing",
    "build_seed_corpus": "evidence.corpus",
    "chain_of": "transforms.catalogue",
    "check_web_extra": "evidence.extras",
    "environments_of": "scenes",
    "generate_all": "writing",
    "objection_to_turn": "screening",
    "seed_entries": "evidence.corpus",
    "transform_names": "transforms.catalogue",
    "turns_of": "courses",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
