"""Options that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from astral.errors import UserError

Runs = Annotated[
    Path | None,
    typer.Option(
        "--runs",
        metavar="FOLDER",
        help="Where runs, store and index lie.",
        show_default="runs",
        rich_help_panel="Where",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="Settings file.", show_default="astral.yaml", rich_help_panel="Where"
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON, for machines.", rich_help_panel="What comes out")
]
Reveal = Annotated[
    bool,
    typer.Option(
        "--reveal",
        help="Put the texts of cases and answers into the report's pages; hidden otherwise.",
        rich_help_panel="What comes out",
    ),
]
Run = Annotated[str, typer.Argument(help="Id of a run, or `latest`.", metavar="RUN")]
MaxCases = Annotated[
    int | None,
    typer.Option(
        "--max-cases", metavar="N", min=1, help="Most test cases, controls not counted.", rich_help_panel="Budget"
    ),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(
        "--max-tokens", metavar="N", min=1, help="Most tokens of all models together.", rich_help_panel="Budget"
    ),
]
MaxMinutes = Annotated[
    float | None,
    typer.Option(
        "--max-minutes", metavar="MIN", min=0.01, help="Most minutes of wall-clock time.", rich_help_panel="Budget"
    ),
]
Taxonomy = Annotated[
    str | None,
    typer.Option(
        "--taxonomy",
        metavar="NAME",
        rich_help_panel="What is tested",
        show_default="astral-14",
        help="Risks: a shipped taxonomy, or a file of your own by its path.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        rich_help_panel="What is tested",
        help="Settings that belong together: `astral-paper` is the paper's 420 cells, three times each.",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        rich_help_panel="What is tested",
        metavar="DIM=VALUE,…",
        help="Narrow a dimension, such as `--only language=en,th`; may be repeated.",
    ),
]
Strength = Annotated[
    int | None,
    typer.Option(
        "--strength",
        "-s",
        metavar="N",
        min=1,
        max=6,
        rich_help_panel="What is tested",
        show_default="2",
        help="Cover every combination of so many values: 1 each value, 2 each pair, …",
    ),
]
Exhaustive = Annotated[bool, typer.Option("--exhaustive", rich_help_panel="What is tested", help="Cover every cell.")]


def narrowed(only: Sequence[str]) -> dict[str, list[str]]:
    """What `--only language=en --only language=th,ar` asks for: a dimension that is named twice has both."""
    narrowed: dict[str, list[str]] = {}
    for text in only:
        dimension, _, values = text.partition("=")
        wanted = [value.strip() for value in values.split(",")]
        if not dimension.strip() or not all(wanted):
            raise UserError(
                f"--only {text!r}: write DIMENSION=VALUE,… such as `--only language=en,th`. "
                "`astral list values` shows what there is."
            )
        narrowed.setdefault(dimension.strip(), []).extend(wanted)
    return narrowed
