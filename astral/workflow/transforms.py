"""The transforms of a run, from its settings and its space."""

from collections.abc import Callable
from functools import partial
from typing import Any

from astral.config import Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Generator, Transform
from astral.domain.space import Space
from astral.generate import TransformingGenerator, TransformKit, Translate, Translator, chain_of
from astral.plugins import Port, has_part


def transforming_by(
    settings: Settings,
    space: Space,
    translator: Translator | None,
    *,
    rewriter: ChatModel | None,
    part: Callable[[Port, str, ModelRole, str | None], Any],
) -> Callable[[Generator], Generator]:
    """What has the cases of a generator transformed, as the settings and the cells say.

    Args:
        settings: Name what every case goes through.
        space: Its dimension `transform`, if any, names what a cell's case goes through after that.
        translator: Does translations, if anybody does.
        rewriter: Does mutations of manner; without it frames do.
        part: Builds an installed part by port and name.

    Raises:
        UserError: A transform is unknown, or needs a model that was not named.
    """

    def plugin(spec: str) -> Transform | None:
        made: Transform | None = None
        if has_part(Port.TRANSFORM, spec):
            made = part(Port.TRANSFORM, spec, ModelRole.ATTACKER, None)
        return made

    kit = TransformKit(
        rewriter=rewriter, translation=partial(Translate, translator) if translator else None, plugin=plugin
    )
    always = [step for spec in settings.attacker.transforms for step in chain_of(spec, kit)]
    dimension = space.by_id.get("transform")
    values = dimension.values if dimension else ()
    by_value = {value.id: chain_of(str(value.traits.get("apply", value.id)), kit) for value in values}
    if not always and not by_value:
        return lambda writer: writer
    return lambda writer: TransformingGenerator(writer, always=always, by_value=by_value)
