"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
