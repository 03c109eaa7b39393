"""Transforms by name: what `taxonomies/transforms.yaml` lists, as objects.

A name may carry an argument (`caesar:7`, `filler_after:4000`, `translate:fr`), and `a+b` is a chain: first a, then b.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from astral.assets import load_taxonomy
from astral.domain.ports import ChatModel, Transform
from astral.domain.space import Value
from astral.errors import UnknownNameError, UserError
from astral.generate.transforms.encodings import ENCODINGS, Parts, caesar
from astral.generate.transforms.framing import Reshaped, filler_frames
from astral.generate.transforms.mutations import mutation
from astral.generate.transforms.perturbations import PERTURBATIONS
from astral.generate.transforms.picturing import NEUTRAL, TYPOGRAPHIC, Pictured

PLAIN = "plain"
"""The value that stands for no transform."""

_FRAMED = (
    *("positive_induction", "reverse_induction", "instruction_jailbreak", "goal_hijacking", "deep_inception"),
    *("in_context", "chain_of_utterances", "compositional_instructions", "prompt_leaking", "role_play_instruction"),
    *("unsafe_instruction_topic", "inquiry_with_unsafe_opinion", "reverse_exposure"),
    *("politeness_rude", "politeness_curt", "politeness_polite", "politeness_effusive"),
    *("anthropomorphism_machine", "anthropomorphism_assistant", "anthropomorphism_friend"),
    *("anthropomorphism_confidant", "dialogue", "system_level", "user_level", "document_level", "tool_level"),
)
_MUTATIONS = {
    **dict.fromkeys(("slang", "uncommon_dialects", "technical_terms", "role_play", "question"), "style"),
    **dict.fromkeys(
        ("evidence_based", "expert_endorsement", "misrepresentation", "authority_endorsement", "logical_appeal"),
        "persuasion",
    ),
}
_FILLERS = {"filler_before": 0, "filler_around": 1, "filler_after": 2}


@dataclass(frozen=True)
class TransformKit:
    """What some transforms are made of."""

    rewriter: ChatModel | None = None
    """Does the mutations of manner; without it the composer's frames do."""
    translation: Callable[[str], Transform] | None = None
    """Language → the transform that translates into it."""
    plugin: Callable[[str], Transform | None] = lambda spec: None
    """Spec → an installed part; None where none has this name."""


def transform_names() -> list[str]:
    """Everything in the catalogue, in its order."""
    return list(_catalogue())


def chain_of(spec: str, kit: TransformKit | None = None) -> list[Transform]:
    """The transforms that a spec such as `misspell+base64` names, in their order; none for `plain`.

    Raises:
        UnknownNameError: A name is neither in the catalogue nor that of an installed part.
        UserError: An argument is impossible, or a model is needed and none was named.
    """
    specs = [step for each in spec.split("+") for step in _steps(each.strip())]
    return [_made(each, kit or TransformKit()) for each in specs if each != PLAIN]


def _steps(spec: str) -> list[str]:
    """A value of the catalogue may stand for other specs: `translate-fr` for `translate:fr`."""
    value = _catalogue().get(spec)
    told = value.traits.get("apply") if value else None
    return told.split("+") if isinstance(told, str) else [spec]


def _made(spec: str, kit: TransformKit) -> Transform:
    name, _, argument = spec.partition(":")
    if name == "translate":
        if kit.translation is None:
            raise UserError(f"the transform {spec!r} needs a translator: name one as `translator` under `attacker`.")
        return kit.translation(argument)
    try:
        made = _BUILT_IN[name](spec, argument, kit) if name in _BUILT_IN else kit.plugin(spec)
    except ValueError:
        raise UserError(f"the transform {spec!r} takes a number behind the colon, such as {name}:7.") from None
    if made is None:
        hint = "`astral list transforms` shows all; `a+b` applies a, then b."
        raise UnknownNameError("transform", name, [*transform_names(), *_BUILT_IN], hint=hint)
    return made


@cache
def _catalogue() -> Mapping[str, Value]:
    return {value.id: value for value in load_taxonomy("transforms").values}


_Maker = Callable[[str, str, TransformKit], Transform]


def _encoding(name: str) -> _Maker:
    return lambda spec, argument, kit: Reshaped(spec, ENCODINGS[name]())


def _perturbation(name: str) -> _Maker:
    return lambda spec, argument, kit: Reshaped(spec, PERTURBATIONS[name]())


def _mutation(name: str, dimension: str) -> _Maker:
    return lambda spec, argument, kit: mutation(name, dimension, kit.rewriter)


def _filler(after: int) -> _Maker:
    return lambda spec, argument, kit: Reshaped(spec, frames=filler_frames(argument, after=after))


_BUILT_IN: Mapping[str, _Maker] = {
    **{name: _encoding(name) for name in ENCODINGS},
    **{name: _perturbation(name) for name in PERTURBATIONS},
    **{name: _mutation(name, dimension) for name, dimension in _MUTATIONS.items()},
    **{name: _filler(after) for name, after in _FILLERS.items()},
    **dict.fromkeys(_FRAMED, lambda spec, argument, kit: Reshaped(spec)),
    TYPOGRAPHIC: lambda spec, argument, kit: Pictured(TYPOGRAPHIC),
    NEUTRAL: lambda spec, argument, kit: Pictured(NEUTRAL),
    "caesar": lambda spec, argument, kit: Reshaped(spec, caesar(argument)),
    "code_injection": lambda spec, argument, kit: Reshaped(spec, Parts()),
    "instruction_encryption": lambda spec, argument, kit: Reshaped(spec, caesar()),
}
