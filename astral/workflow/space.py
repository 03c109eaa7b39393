"""From settings to the space that is tested."""

from collections.abc import Sequence
from typing import Any

from astral.assets import load_taxonomy, taxonomy_digest
from astral.config import Settings
from astral.domain.criterion import Criterion
from astral.domain.run import TaxonomyRef
from astral.domain.space import Space
from astral.errors import UnknownNameError, UserError
from astral.workflow.fitting import unfit_environments, unfit_transforms
from astral.workflow.rules import check_names, exclusions_of, must_of, weights_of


def space_of(settings: Settings) -> tuple[Space, tuple[TaxonomyRef, ...]]:
    """The dimensions that the settings name, narrowed as they say, and the files that describe them.

    Raises:
        UserError: A taxonomy, a dimension or a value is unknown (the nearest is named), or two files describe one
            dimension.
    """
    taxonomies = [load_taxonomy(name) for name in settings.taxonomies]
    by_dimension = {taxonomy.dimension: taxonomy for taxonomy in taxonomies}
    if len(by_dimension) < len(taxonomies):
        raise UserError(f"taxonomies: two of {', '.join(settings.taxonomies)} describe the same dimension.")
    for dimension, values in settings.only.items():
        if dimension not in by_dimension:
            raise UnknownNameError("dimension", dimension, list(by_dimension), where="only")
        check_names(by_dimension[dimension], values, where="only")
    dimensions = tuple(
        taxonomy.as_dimension(only=settings.only.get(dimension, ())) for dimension, taxonomy in by_dimension.items()
    )
    refs = tuple(
        TaxonomyRef(id=taxonomy.id, version=taxonomy.version, digest=taxonomy_digest(name))
        for name, taxonomy in zip(settings.taxonomies, taxonomies, strict=True)
    )
    return Space(dimensions=dimensions), refs


def criterion_of(settings: Settings, space: Space) -> Criterion:
    """What is to be covered; `exhaustive` is the strength of all dimensions together.

    Raises:
        UserError: The strength is larger than the number of dimensions, or smaller than 1, or a rule, a group or a
            rate names what does not exist (the nearest is named).
    """
    told = settings.coverage
    for group in told.groups:
        _check_dimensions(group.dimensions, space, where="coverage.groups")
        if group.strength > len(set(group.dimensions)):
            raise UserError(
                f"coverage.groups: strength {group.strength} is not possible with {', '.join(group.dimensions)} alone."
            )
    if told.precision:
        _check_dimensions(told.precision.of, space, where="coverage.precision.of")
    parts: dict[str, Any] = {
        "groups": told.groups,
        "repeats": told.repeats,
        "precision": told.precision,
        "diversity": told.diversity,
        "must": must_of(settings, space),
        "exclude": (*exclusions_of(settings, space), *unfit_transforms(space), *unfit_environments(space)),
        "weights": weights_of(settings, space),
    }
    if told.groups:
        return Criterion(strength=max(group.strength for group in told.groups), **parts)
    most = len(space.dimensions)
    strength = most if settings.strength == "exhaustive" else settings.strength
    if not 1 <= strength <= most:
        raise UserError(
            f"strength: {strength} is not possible with {most} dimensions ({', '.join(space.by_id)}). "
            f"1 covers each value, 2 each pair, {most} or `exhaustive` each cell."
        )
    return Criterion(strength=strength, **parts)


def _check_dimensions(names: Sequence[str], space: Space, *, where: str) -> None:
    for name in names:
        if name not in space.by_id:
            raise UnknownNameError("dimension", name, list(space.by_id), where=where)
