"""`astral list`: what there is to choose from, and what was run."""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from astral.cli.options import Config, Json, Runs
from astral.config import load_settings
from astral.errors import UnknownNameError


class What(StrEnum):
    """What can be listed."""

    RUNS = "runs"
    TAXONOMIES = "taxonomies"
    VALUES = "values"
    PARTS = "parts"


def list_(
    what: Annotated[
        What, typer.Argument(help="`runs`, `taxonomies`, `values` of a dimension, or `parts` (plug-ins).")
    ] = What.RUNS,
    dimension: Annotated[str | None, typer.Argument(help="With `values`: risk, language, style, persuasion, …")] = None,
    *,
    json: Json = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """List runs, taxonomies, values of a dimension, or installed parts.

    Examples: `astral list`, `astral list values style`, `astral list parts`.
    """
    settings = load_settings(config, {"runs": runs})
    if what is What.RUNS:
        from astral.workflow.reporting import list_runs

        rows = [
            {
                "run": run.run_id,
                "created": f"{run.created:%Y-%m-%d %H:%M}",
                "status": run.status.value,
                "target": run.target,
                "tests": run.drawn,
                **{result.value: count for result, count in run.counts.items()},
            }
            for run in list_runs(settings.runs)
        ]
        _print(rows, json=json, empty="No run yet. `astral generate --target local` makes one.")
        return
    from astral.assets import load_taxonomy, taxonomy_names

    if what is What.TAXONOMIES:
        found = [load_taxonomy(name) for name in taxonomy_names()]
        _print(
            [
                {
                    "taxonomy": t.id,
                    "dimension": t.dimension,
                    "values": len(t.values),
                    "title": t.title,
                    "licence": t.licence,
                }
                for t in found
            ],
            json=json,
        )
        return
    if what is What.PARTS:
        from astral.plugins import Port, part_names

        _print([{"port": port.value, "part": name} for port in Port for name in part_names(port)], json=json)
        return
    taxonomies = {taxonomy.dimension: taxonomy for taxonomy in map(load_taxonomy, settings.taxonomies)}
    if dimension not in taxonomies:
        raise UnknownNameError("dimension", dimension or "", sorted(taxonomies))
    values = taxonomies[dimension].values
    _print([{"value": v.id, "name": v.name, **v.traits, "definition": v.definition} for v in values], json=json)


def _print(rows: Sequence[Mapping[str, object]], *, json: bool, empty: str = "") -> None:
    if json:
        from json import dumps

        sys.stdout.write(dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    if not rows:
        sys.stderr.write(f"{empty}\n")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in rows[0]:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(row.get(column, ""))) for column in rows[0]))
    Console(highlight=False).print(table)
