"""Who writes the test cases of a run, and in which order they are asked."""

from collections.abc import Sequence

from astral.config import Settings
from astral.domain.space import Space
from astral.errors import UserError
from astral.plugins import Port, has_part

COMPOSE, MUTATE, EVOLVE = "compose", "mutate", "evolve"
SCENE_WRITERS = {"environment": "scenes", "injection": "injections"}
"""Dimension → the generator without which its cells mean nothing: it alone brings their tools and canaries."""
ASKING, WITH_WEB = ("rag", "rag-fs", "rag-fs-web"), "rag-fs-web"
"""Modes in which a chat model is asked for requests."""


def mode_of(settings: Settings) -> str:
    """The mode that is asked for, or the one that fits the attacker."""
    if settings.attacker.mode is not None:
        return settings.attacker.mode
    if not chat_models(settings):
        return COMPOSE
    return _asking(settings)


def web_sources(settings: Settings) -> tuple[str, ...]:
    """What is asked outside of the machine's corpora; a mode that says so asks search engines by default."""
    told = settings.attacker
    by_name = [name for name in (told.mode, *told.model) if name and name.partition(":")[0] == WITH_WEB]
    return settings.evidence.sources or (("ddgs",) if by_name else ())


def chat_models(settings: Settings) -> list[str]:
    """The attackers that are chat models, not generators by their own name."""
    return [name for name in settings.attacker.model if not has_part(Port.GENERATOR, name)]


def asks_model(spec: str, models: Sequence[str]) -> bool:
    """The generator of this name puts its requests to one of the chat models."""
    return any(spec.endswith(f":{model}") for model in models)


def generator_specs(settings: Settings) -> tuple[str, ...]:
    """The generators by name, in the order in which they are asked; the composer, which never refuses, is the last.

    Raises:
        UserError: The mode lacks what it works with, or there is a chat model that nobody would ask.
    """
    told, mode, models = settings.attacker, mode_of(settings), chat_models(settings)
    _check(settings, mode, models)
    asking = mode if mode in ASKING else _asking(settings)
    named = [f"{asking}:{name}" if name in models else name for name in told.model]
    if mode == COMPOSE:
        named = [name for name in told.model if name not in models]
    first: list[str] = []
    if mode == MUTATE:
        first = [MUTATE]
    elif mode == EVOLVE:
        first = [f"{EVOLVE}:{name}" for name in models] or [EVOLVE]
    others = [name for name in named if name != COMPOSE]
    return (*dict.fromkeys([*first, *others]), COMPOSE)


def writers_of(settings: Settings, space: Space) -> tuple[str, ...]:
    """The generators of a run by name: those of the settings, or the one that a dimension of the space needs.

    Raises:
        UserError: As `generator_specs`, or two dimensions need generators of their own.
    """
    needed = [name for dimension, name in SCENE_WRITERS.items() if dimension in space.by_id]
    if len(needed) > 1:
        raise UserError(
            "taxonomies: environments and injections cannot be in one run; each writes its cases by itself."
        )
    return tuple(needed) or generator_specs(settings)


def screens_by_meaning(settings: Settings) -> bool:
    """Whether drafts are embedded: not by default where all that is said was written by people."""
    told = settings.attacker
    if told.screening is not None:
        return told.screening == "meaning"
    return bool(settings.coverage.diversity) or _writes_by_model(settings)


def drafts_are_free(settings: Settings) -> bool:
    """Whether a draft takes neither an embedding nor a model, to be written or to be screened."""
    return not (screens_by_meaning(settings) or _writes_by_model(settings) or settings.attacker.gate_model)


def _writes_by_model(settings: Settings) -> bool:
    told = settings.attacker
    return bool(told.translator or told.reword) or not {COMPOSE, MUTATE, EVOLVE}.issuperset(generator_specs(settings))


def _asking(settings: Settings) -> str:
    """The mode in which chat models are asked where none is named."""
    return WITH_WEB if settings.evidence.sources else "rag-fs"


def _check(settings: Settings, mode: str, models: list[str]) -> None:
    told = settings.attacker
    if mode in ASKING and not models:
        raise UserError(
            f"attacker: the mode {mode} asks a chat model, and none is named. Name one: `--attacker openai:NAME`, or "
            "`--attacker local`."
        )
    if mode == COMPOSE and models and not told.reword:
        raise UserError(
            f"attacker: the mode compose asks no model, and {models[0]} is named. Leave one of the two out, or have "
            "the model reword what is composed: `--reword`."
        )
    if mode == MUTATE and told.cases is None:
        raise UserError("attacker: the mode mutate starts from requests in a file. Name it: `--cases harmbench.csv`.")
    if mode != MUTATE and told.cases is not None:
        raise UserError(f"attacker: {told.cases} is read by the mode mutate alone. Say so: `--mode mutate`.")
