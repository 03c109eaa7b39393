"""Parts by name: entry points of the groups `astral.<port>`; astral's own parts are declared in the same way.

An entry point of the port `oracle`, say, names a factory: a callable that takes a `PartContext` and the argument, which
is what follows the first colon of the name (`python:module:function` has the argument `module:function`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Embedder, EvidenceSource
from astral.domain.space import Space, Taxonomy
from astral.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from astral.generate import Gates


class Port(StrEnum):
    """What can be plugged in; each is a Protocol in `astral.domain.ports`."""

    PLANNER = "planner"
    GENERATOR = "generator"
    TRANSFORM = "transform"
    EVIDENCE_SOURCE = "evidence_source"
    TARGET = "target"
    STRATEGY = "strategy"
    ORACLE = "oracle"
    EXPORTER = "exporter"
    IMPORTER = "importer"
    CHAT_MODEL = "chat_model"
    EMBEDDER = "embedder"
    TRACKER = "tracker"


@dataclass(frozen=True)
class PartContext:
    """What a factory may build a part from."""

    settings: Settings
    environment: Environment
    role: ModelRole
    base_url: str | None = None
    """Address that the settings name for the part's role."""
    note: Callable[[str], None] = lambda _: None
    """Is told what a person should know once, such as that a source cannot be reached."""
    open_model: Callable[[str], ChatModel] | None = None
    """Opens the chat models that a part asks, held within the budget and journalled; None opens them plainly."""
    definitions: Mapping[str, str] = field(default_factory=dict[str, str])
    """What violates the policy, by the id of the risk: what judges go by."""
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of the judges of a jury, from a calibration."""

    def chat_model(self, spec: str) -> ChatModel:
        """The chat model of this name."""
        return self.open_model(spec) if self.open_model else make_part(Port.CHAT_MODEL, spec, self)


@dataclass(frozen=True, kw_only=True)
class GeneratorContext(PartContext):
    """What the factory of a generator may build it from as well."""

    space: Space
    taxonomy: Taxonomy
    """The taxonomy of risks; its dimension is the space's first."""
    corpus: EvidenceSource
    """The nearest seeds of a cell."""
    corpora: EvidenceSource | None
    """The nearest entries of the user's own corpora; None where none is named."""
    web: EvidenceSource | None
    """Passages on a cell's risk; None where nothing may be searched."""
    gates: "Gates"
    embedder: Embedder
    open_model: Callable[[str], ChatModel] = field()
    """A chat model by its name, whose calls are journalled and held within the budget."""
    preparing: Callable[[str, int, int], None]
    """Is told of something slow that is made ready: what, how much is done, and of how much."""


_PORT_OF = {ModelRole.TARGET: Port.TARGET, ModelRole.JUDGE: Port.ORACLE, ModelRole.ATTACKER: Port.GENERATOR}
Factory = Callable[[PartContext, str], Any]


def part_names(port: Port) -> list[str]:
    """Names of the installed parts of a port."""
    return sorted(_entries(port))


def has_part(port: Port, spec: str) -> bool:
    """Whether a part of this name, less its argument, is installed."""
    return split_spec(spec)[0] in _entries(port)


def make_part(port: Port, spec: str, context: PartContext) -> Any:
    """Build the part that a spec such as `local`, or `python:module:function`, names.

    Raises:
        UnknownNameError: No installed part has this name.
        UserError: The part's package cannot be imported, or has no such factory.
    """
    name, argument = split_spec(spec)
    entries = _entries(port)
    if name not in entries:
        raise _unknown(port, spec, context.role)
    try:
        factory: Factory = entries[name].load()
    except (ImportError, AttributeError) as error:
        what = port.value.replace("_", " ")
        raise UserError(f"The {what} {name!r} cannot be loaded: {error}. Is its package installed?") from error
    return factory(context, argument)


def _unknown(port: Port, spec: str, role: ModelRole) -> UnknownNameError:
    """The error for a name that no part has. A role may be taken by a chat model or by a part of its own port."""
    name, _ = split_spec(spec)
    if port is not Port.CHAT_MODEL:
        what = port.value.replace("_", " ")
        return UnknownNameError(f"known {what}", name, part_names(port), hint="`astral list parts` shows all.")
    known = {*part_names(port), *part_names(_PORT_OF[role])}
    return UnknownNameError(
        "model, nor a part that can take its place",
        name,
        sorted(known),
        where=f"{role.value} {spec!r}",
        hint="A model is named like openai:NAME; `astral list parts` shows what is installed.",
    )


def split_spec(spec: str) -> tuple[str, str]:
    """Name and argument: both `openai:gpt-5-mini` and `openai/gpt-5-mini` are ("openai", "gpt-5-mini")."""
    slash, colon = spec.find("/"), spec.find(":")
    cut = min((at for at in (slash, colon) if at >= 0), default=len(spec))
    return spec[:cut], spec[cut + 1 :]


@cache
def _entries(port: Port) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=f"astral.{port.value}")}
