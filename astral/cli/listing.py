"""`astral list`: what there is to choose from, and what was run."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.options import Config, Json, Runs
from astral.cli.output import say, show, tell
from astral.errors import UnknownNameError, UserError

if TYPE_CHECKING:
    from astral.config import Settings
    from astral.domain.space import Taxonomy, Value

Row = Mapping[str, object]

NOUNS = ["runs", "taxonomies", "crosswalks", "values", "transforms", "formats", "parts"]
_ENDLESS = 100_000
"""Columns, where no line is to be broken."""
_RARE = ["unknown", "blocked", "failed"]
"""Columns of a run that are shown where any run has such a test."""


def list_(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help="`runs`, `taxonomies`, `crosswalks` to laws and standards, `values` of the dimensions, "
            "`transforms`, `formats` of other tools, or `parts` (plug-ins).",
            autocompletion=lambda: NOUNS,
        ),
    ] = "runs",
    dimension: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="With `values`: risk, language, style, …; with `crosswalks`: owasp-llm-2025, …"
        ),
    ] = None,
    *,
    json: Json = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """List runs, taxonomies, crosswalks, values of dimensions, transforms, other tools' formats, or installed parts.

    Examples: `astral list`, `astral list values style`, `astral list crosswalks owasp-llm-2025`.
    """
    from astral.config import load_settings

    if what not in NOUNS:
        raise UnknownNameError("thing that can be listed", what, NOUNS)
    if dimension and what not in {"values", "crosswalks"}:
        raise UserError(f"astral list {what} takes no dimension. Did you mean `astral list values {dimension}`?")
    settings = load_settings(config, {"runs": runs})
    listed: Mapping[str, Callable[[], Sequence[Row]]] = {
        "runs": lambda: _runs(settings.runs),
        "taxonomies": _taxonomies,
        "crosswalks": lambda: _crosswalks(dimension),
        "values": lambda: _values(settings, dimension),
        "transforms": _transforms,
        "formats": lambda: _formats(settings),
        "parts": _parts,
    }
    rows = listed[what]()
    if json:
        from astral.report import to_json

        say(to_json(rows))
    elif rows:
        _print(rows if what != "runs" else _without_empty_columns(rows))
    else:
        tell("No run yet. `astral generate --target local` makes one.")


def _runs(folder: Path) -> Sequence[Row]:
    from astral.workflow.reporting import list_runs

    return [
        {
            "run": run.run_id,
            "status": run.status.value,
            "tests": run.drawn,
            **{result.value: count for result, count in run.counts.items()},
            "target": run.target,
        }
        for run in list_runs(folder)
    ]


def _taxonomies() -> Sequence[Row]:
    from astral.assets import load_taxonomy, taxonomy_names

    return [
        {
            "taxonomy": taxonomy.id,
            "dimension": taxonomy.dimension,
            "values": len(taxonomy.values),
            "licence": taxonomy.licence,
            "title": taxonomy.title,
        }
        for taxonomy in map(load_taxonomy, taxonomy_names())
    ]


def _crosswalks(name: str | None) -> Sequence[Row]:
    """All crosswalks, or the controls of one, each with the values of taxonomies that tell of it."""
    from astral.assets import crosswalk_names, load_crosswalk

    if name is None:
        return [
            {
                "crosswalk": each.id,
                "controls": len(each.controls),
                "covered": sum(any(control.covers.values()) for control in each.controls),
                "title": each.title,
            }
            for each in map(load_crosswalk, crosswalk_names())
        ]
    return [
        {
            "control": control.id,
            "name": control.name,
            "covers": "; ".join(f"{taxonomy}: {', '.join(values)}" for taxonomy, values in control.covers.items()),
        }
        for control in load_crosswalk(name).controls
    ]


def _values(settings: "Settings", dimension: str | None) -> Sequence[Row]:
    from astral.assets import load_taxonomy

    taxonomies = {taxonomy.dimension: taxonomy for taxonomy in map(load_taxonomy, settings.taxonomies)}
    if dimension is None:
        return [
            {"dimension": taxonomy.dimension, "value": value.id, "name": value.name}
            for taxonomy in taxonomies.values()
            for value in taxonomy.as_dimension().values
        ]
    if dimension not in taxonomies:
        raise UnknownNameError("dimension", dimension, list(taxonomies))
    taxonomy = taxonomies[dimension]
    return [
        {
            "value": value.id,
            "name": value.name,
            **value.traits,
            **_packs(taxonomy, value),
            "definition": value.definition,
        }
        for value in taxonomy.values
    ]


def _packs(taxonomy: "Taxonomy", value: "Value") -> Row:
    """The packs that hold a value; no column where the taxonomy has none."""
    if not taxonomy.packs:
        return {}
    return {"packs": " ".join(pack for pack, values in taxonomy.packs.items() if value.id in values)}


def _transforms() -> Sequence[Row]:
    from astral.assets import load_taxonomy
    from astral.plugins import Port, part_names

    taxonomy = load_taxonomy("transforms")
    shipped = [
        {
            "transform": value.id,
            "family": value.traits["family"],
            "needs": "a translator" if value.traits.get("needs_model") else "",
            **_packs(taxonomy, value),
            "definition": value.definition,
        }
        for value in taxonomy.values
    ]
    return [*shipped, *({"transform": name, "family": "plug-in"} for name in part_names(Port.TRANSFORM))]


def _formats(settings: "Settings") -> Sequence[Row]:
    from astral.plugins import Port, part_names
    from astral.workflow.exchanging import exporter_of, importer_of

    read, written = part_names(Port.IMPORTER), part_names(Port.EXPORTER)
    return [
        {
            "format": name,
            "export": "yes" if name in written else "",
            "import": "yes" if name in read else "",
            "what": (exporter_of if name in written else importer_of)(settings, name).description,
        }
        for name in dict.fromkeys([*written, *read])
    ]


def _parts() -> Sequence[Row]:
    from astral.plugins import Port, part_names

    return [{"port": port.value, "part": name} for port in Port for name in part_names(port)]


def _without_empty_columns(rows: Sequence[Row]) -> Sequence[Row]:
    empty = {name for name in _RARE if not any(row[name] for row in rows)}
    return [{name: cell for name, cell in row.items() if name not in empty} for row in rows]


def _print(rows: Sequence[Row]) -> None:
    """Print a table: fitted to a terminal, but one line a row where a program reads it."""
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible

    is_read_by_person = sys.stdout.isatty()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        is_number = all(isinstance(row.get(name), int) for row in rows)
        is_last = name == names[-1]
        table.add_column(
            name, justify="right" if is_number else "left", overflow="fold", no_wrap=not (is_last and is_read_by_person)
        )
    for row in rows:
        table.add_row(*(Text(visible(" ".join(str(row.get(name, "")).split()))) for name in names))
    show(table, width=None if is_read_by_person else _ENDLESS)
