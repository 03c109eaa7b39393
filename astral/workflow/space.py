"""From settings to the space that is tested."""

from collections.abc import Sequence
from typing import Any

from astral.assets import load_frames, load_taxonomy, seed_languages, taxonomy_digest
from astral.config import Settings
from astral.domain.criterion import Criterion, NamedExclusion
from astral.domain.run import TaxonomyRef
from astral.domain.space import Space, Taxonomy, Value
from astral.errors import UnknownNameError, UserError
from astral.generate import SCREENED_LANGUAGES, SOURCE_LANGUAGE

SHOWN = 5
"""Languages that an error names."""


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
        _check_values(by_dimension[dimension], values, where="only")
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
        UserError: The strength is larger than the number of dimensions, or smaller than 1, or what is excluded is
            unknown (the nearest is named), or a group or a rate names what is no dimension.
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
        "exclude": (*_exclusions(settings, space), *_unfit(space)),
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


def composable_languages(taxonomy_id: str) -> set[str]:
    """Languages in which cases can be composed: there are seeds and frames."""
    return {language for language in seed_languages(taxonomy_id) if load_frames(language)}


def check_languages(settings: Settings, languages: Sequence[str]) -> None:
    """Make sure that cases can be written in all languages.

    An attacker model alone is not enough where the child-safety screen knows no words of a language: the screen then
    reads the English from which a case was translated.

    Raises:
        UserError: There are languages in which nobody can write, and nobody translates.
    """
    told, taxonomy = settings.attacker, load_taxonomy(settings.taxonomies[0]).id
    is_composed = told.model == "compose"
    native = composable_languages(taxonomy) if is_composed else SCREENED_LANGUAGES
    foreign = [language for language in languages if language not in native]
    named = ", ".join(foreign[:SHOWN]) + (", …" if len(foreign) > SHOWN else "")
    if foreign and SOURCE_LANGUAGE not in native:
        raise UserError(
            f"attacker: no seeds of {taxonomy} ship in {named}, so that nothing can be composed. Name a model that "
            f"writes the cases: `--attacker openai:NAME`. Or write taxonomies/seeds/{taxonomy}/LANGUAGE.yaml."
        )
    if foreign and told.translator is None:
        why = f"no seeds of {taxonomy} ship there" if is_composed else "the child-safety screen knows no words of them"
        raise UserError(
            f"attacker: nothing can be written in {named}: {why}. Name a chat model that translates from English: "
            "`translator: openai:NAME` under `attacker`. Or narrow the languages, such as "
            "`--only language=multijail-10`."
        )


def _check_dimensions(names: Sequence[str], space: Space, *, where: str) -> None:
    for name in names:
        if name not in space.by_id:
            raise UnknownNameError("dimension", name, list(space.by_id), where=where)


def _exclusions(settings: Settings, space: Space) -> tuple[NamedExclusion, ...]:
    """What the settings exclude, as far as the space has it: values that `only` left out need not be excluded."""
    if not settings.exclude:
        return ()
    taxonomies = {taxonomy.dimension: taxonomy for taxonomy in map(load_taxonomy, settings.taxonomies)}
    found: list[NamedExclusion] = []
    for exclusion in settings.exclude:
        for dimension, values in exclusion.items():
            if dimension not in taxonomies:
                raise UnknownNameError("dimension", dimension, list(taxonomies), where="exclude")
            _check_values(taxonomies[dimension], values, where="exclude")
        left = {
            dimension: tuple(
                value for value in taxonomies[dimension].expanded(values) if value in space.by_id[dimension].by_id
            )
            for dimension, values in exclusion.items()
        }
        if all(left.values()):
            found.append(left)
    return tuple(found)


def _unfit(space: Space) -> tuple[NamedExclusion, ...]:
    """Transforms that would leave a text in some of the languages as it is: there are no capital letters in Thai."""
    if not {"transform", "language"} <= space.by_id.keys():
        return ()
    by_languages: dict[tuple[str, ...], list[str]] = {}
    for transform in space.by_id["transform"].values:
        unfit = tuple(each.id for each in space.by_id["language"].values if not _is_fit(transform, each))
        by_languages.setdefault(unfit, []).append(transform.id)
    return tuple(
        {"transform": tuple(transforms), "language": unfit} for unfit, transforms in by_languages.items() if unfit
    )


def _is_fit(transform: Value, language: Value) -> bool:
    traits, script = transform.traits, language.traits.get("script")
    only, never = traits.get("scripts"), traits.get("not_scripts")
    if isinstance(only, list) and script not in only:
        return False
    if isinstance(never, list) and script in never:
        return False
    return traits.get("apply") != f"translate:{language.id}"


def _check_values(taxonomy: Taxonomy, values: tuple[str, ...], *, where: str) -> None:
    known = [*(value.id for value in taxonomy.values), *taxonomy.packs]
    for value in values:
        if value not in known:
            raise UnknownNameError(
                f"value of dimension {taxonomy.dimension!r}",
                value,
                known,
                where=where,
                hint=f"`astral list values {taxonomy.dimension}` shows all {len(known)}.",
            )
