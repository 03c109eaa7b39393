"""Options that several commands share."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astral.errors import UserError

if TYPE_CHECKING:
    from astral.config import Settings

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
MaxDollars = Annotated[
    float | None,
    typer.Option(
        "--max-dollars",
        metavar="USD",
        min=0.0001,
        help="Most money of all models together, at the prices that `astral plan` names.",
        rich_help_panel="Budget",
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--target", "-t", metavar="MODEL", help="The tested system.", show_default="local"),
]
Judge = Annotated[
    str | None, typer.Option("--judge", metavar="MODEL", help="Who judges the answers.", show_default="local")
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Address of an OpenAI-compatible server, for both.")
]
Trace = Annotated[
    bool | None,
    typer.Option(
        "--trace/--no-trace",
        rich_help_panel="What comes out",
        show_default="no-trace",
        help="Send OpenTelemetry spans where OTEL_EXPORTER_OTLP_ENDPOINT says; no text of a case or answer is in them.",
    ),
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="TOOL",
        rich_help_panel="What comes out",
        help="Tell a tool that keeps experiments: `mlflow:URI`, such as `mlflow:sqlite:///mlflow.db`, or "
        "`wandb:PROJECT`; may be repeated.",
    ),
]
Samples = Annotated[
    int, typer.Option("--samples", "-k", metavar="K", min=1, max=100, help="Tests of each case of the suite.")
]
Batch = Annotated[
    bool | None,
    typer.Option(
        "--batch/--no-batch",
        rich_help_panel="How it is run",
        show_default="no-batch",
        help="Ask OpenAI's and Anthropic's models in batches, half the price, in 24 hours; vllm-offline by Ray Data.",
    ),
]
Taxonomy = Annotated[
    list[str] | None,
    typer.Option(
        "--taxonomy",
        metavar="NAME",
        rich_help_panel="What is tested",
        show_default="astral-14",
        help="The risks, or one more dimension, such as `transforms`: a shipped taxonomy, or a file of your own by its "
        "path; may be repeated.",
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


Transforms = Annotated[
    list[str] | None,
    typer.Option(
        "--transform",
        metavar="NAME",
        rich_help_panel="Who does it",
        help="What every case goes through, such as `base64` or `misspell+rot13`; may be repeated.",
    ),
]
Translator = Annotated[
    str | None,
    typer.Option(
        "--translator",
        metavar="MODEL",
        rich_help_panel="Who does it",
        help="A chat model that translates from English into languages without shipped seeds.",
    ),
]


def with_taxonomy(settings: "Settings", name: str) -> "Settings":
    """The settings with one more taxonomy, or with another one in place of that of the same dimension.

    A dimension that astral ships no other file for, and that is not among the settings', names the risks.
    """
    from astral.assets import load_taxonomy, taxonomy_names

    dimension = load_taxonomy(name).dimension
    first, *others = settings.taxonomies
    shipped = {load_taxonomy(each).dimension for each in taxonomy_names()} - {load_taxonomy(first).dimension}
    places = {load_taxonomy(each).dimension: place for place, each in enumerate(others)}
    if dimension in places:
        others[places[dimension]] = name
    elif dimension in shipped - {"risk"}:
        others.append(name)
    else:
        first = name
    return settings.model_copy(update={"taxonomies": (first, *others)})


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


def replayed_flags(
    *,
    target: str | None,
    judge: str | None,
    base_url: str | None,
    budget: Mapping[str, int | float | None],
    trace: bool | None,
    runs: Path | None,
) -> dict[str, Any]:
    """What the flags of `astral replay` and `astral nightly` say, as nested settings."""
    return {
        "target": {"model": target, "base_url": base_url},
        "judge": {"model": judge, "base_url": base_url},
        "budget": budget,
        "telemetry": {"traces": trace},
        "runs": runs,
    }
