"""`astral report`: the pages of a run, written again from its record."""

from typing import Annotated

import typer

from astral.cli.options import Config, Json, Reveal, Run, Runs
from astral.config import load_settings


def report(
    run: Run = "latest",
    *,
    oracle: Annotated[
        str,
        typer.Option("--oracle", metavar="NAME", help="Whose verdicts count, of those that `astral judge` added."),
    ] = "",
    full: Annotated[bool, typer.Option("--full", help="Print every value's rate, not what fits one screen.")] = False,
    json: Json = False,
    reveal: Reveal = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Write the report of a run again from its record, and print the summary.

    Examples:
    * `astral report latest --reveal` puts the texts of cases and answers into the pages.

    * `astral report latest --full` prints the rate of every value.

    * `astral report latest --json` prints every number for a program.
    """
    from astral.cli.summary import print_summary
    from astral.workflow.reporting import report_of

    settings = load_settings(config, {"runs": runs})
    summary, folder = report_of(settings.runs, run, reveal=reveal, oracle=oracle)
    print_summary(summary, folder, as_json=json, is_revealed=reveal, is_full=full)
