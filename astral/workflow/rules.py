"""Rules of astral.yaml and of the taxonomy files, checked by name and told by the ids of one space."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from astral.assets import Location, load_taxonomy, taxonomy_names, taxonomy_place
from astral.config import Settings
from astral.domain.rules import Exclusion, PartialCell, Weights
from astral.domain.space import Space, Taxonomy, Value
from astral.errors import UnknownNameError, UserError


@dataclass(frozen=True)
class _Source:
    """Where rules stand: the settings, or a taxonomy file."""

    rules: Settings | Taxonomy
    place: Callable[[Location], str]
    """Where a rule stands, for people."""
    may_name_others: bool
    """Rules may be about dimensions that the run does not have."""


def exclusions_of(settings: Settings, space: Space) -> tuple[Exclusion, ...]:
    """What settings and taxonomies exclude, implications told as exclusions.

    Values that `only` left out are left out here as well.

    Raises:
        UnknownNameError: A rule names something that does not exist; the nearest is named, and where the rule stands.
    """
    values = {dimension.id: tuple(dimension.by_id) for dimension in space.dimensions}
    found: list[Exclusion] = []
    for source in _sources(settings):
        for number, exclusion in enumerate(source.rules.exclude):
            _check(exclusion, settings, source, ("exclude", number))
            left = {
                name: tuple(value for value in values.get(name, ()) if value in some)
                for name, some in _expanded(exclusion, settings).items()
            }
            if all(left.values()):
                found.append(left)
        for number, implication in enumerate(source.rules.imply):
            _check(implication.when, settings, source, ("imply", number, "if"))
            _check(implication.then, settings, source, ("imply", number, "then"))
            update = {"when": _expanded(implication.when, settings), "then": _expanded(implication.then, settings)}
            found += implication.model_copy(update=update).exclusions(values)
    return tuple(found)


def weights_of(settings: Settings, space: Space) -> Weights:
    """The weights of this space's values; those of the settings go over those of taxonomies.

    Raises:
        UnknownNameError: As `exclusions_of`.
    """
    found: dict[str, dict[str, float]] = {}
    for source in reversed(_sources(settings)):
        weights = source.rules.weights
        _check({name: tuple(some) for name, some in weights.items()}, settings, source, ("weights",))
        for name in weights.keys() & space.by_id.keys():
            known = space.by_id[name].by_id
            found.setdefault(name, {}).update(
                {value: weight for value, weight in weights[name].items() if value in known}
            )
    return {name: found[name] for name in space.by_id if found.get(name)}


def must_of(settings: Settings, space: Space) -> tuple[PartialCell, ...]:
    """The cells, or parts of cells, that the settings want tested.

    Raises:
        UserError: One names something that does not exist (the nearest is named), or that `only` left out.
    """
    found: list[PartialCell] = []
    for number, cell in enumerate(settings.must):
        _check({name: (value,) for name, value in cell.items()}, settings, _told(settings), ("must", number))
        for name, value in cell.items():
            if value not in space.by_id[name].by_id:
                raise UserError(f"must: {name}={value} is wanted, but `only` leaves it out. Leave out one of the two.")
        wanted = {name: cell[name] for name in space.by_id if name in cell}
        if wanted not in found:
            found.append(wanted)
    return tuple(found)


def check_names(taxonomy: Taxonomy, values: Iterable[str], *, where: str) -> None:
    """Make sure that a taxonomy has these values.

    Raises:
        UnknownNameError: It lacks one; the nearest id is named, also where it was called by its name.
    """
    known = [*(value.id for value in taxonomy.values), *taxonomy.packs]
    for value in values:
        if value not in known and value not in taxonomy.packs:
            raise UnknownNameError(
                f"value of dimension {taxonomy.dimension!r}",
                value,
                known,
                also=_by_name(taxonomy.values),
                where=where,
                hint=f"`astral list values {taxonomy.dimension}` shows all {len(known)}.",
            )


def _by_name(values: Sequence[Value]) -> Mapping[str, str]:
    return {value.name: value.id for value in values}


def _expanded(named: Exclusion, settings: Settings) -> Exclusion:
    """The same with what packs hold in their place."""
    taxonomies = {taxonomy.dimension: taxonomy for taxonomy in map(load_taxonomy, settings.taxonomies)}
    return {
        name: taxonomies[name].expanded(values) if name in taxonomies else tuple(values)
        for name, values in named.items()
    }


def _sources(settings: Settings) -> Sequence[_Source]:
    """The settings, then the taxonomies in their order."""
    return [_told(settings), *(_in_file(name) for name in settings.taxonomies)]


def _told(settings: Settings) -> _Source:
    return _Source(settings, lambda location: str(location[0]), may_name_others=False)


def _in_file(name: str) -> _Source:
    return _Source(load_taxonomy(name), lambda location: taxonomy_place(name, location), may_name_others=True)


def _check(named: Exclusion, settings: Settings, source: _Source, location: Location) -> None:
    """Make sure that all names exist, as far as that can be known."""
    taxonomies = {taxonomy.dimension: taxonomy for taxonomy in map(load_taxonomy, settings.taxonomies)}
    for name, values in named.items():
        if name in taxonomies:
            known = {value.id for value in taxonomies[name].values} | taxonomies[name].packs.keys()
            for place, value in enumerate(values):
                if value not in known:
                    # Values are the keys of weights; elsewhere they stand in a list.
                    spot = value if location == ("weights",) else place
                    check_names(taxonomies[name], [value], where=source.place((*location, name, spot)))
        elif not source.may_name_others or _is_misspelt(name, taxonomies):
            where = source.place((*location, name))
            raise UnknownNameError("dimension", name, list(taxonomies), where=where)


def _is_misspelt(name: str, active: Iterable[str]) -> bool:
    """Whether a dimension that the run does not have is most likely one that it has, misspelt."""
    if not get_close_matches(name, list(active), n=1, cutoff=0.75):
        return False
    return name not in {load_taxonomy(taxonomy).dimension for taxonomy in taxonomy_names()}
