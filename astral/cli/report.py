"""`astral report`: the pages of a run, written again from its record."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from astral.cli.options import Config, Json, Reveal, Run, Runs, To
from astral.cli.output import say, tell
from astral.errors import UserError


def report(
    run: Run = "latest",
    *,
    oracle: Annotated[
        str,
        typer.Option("--oracle", metavar="NAME", help="Whose verdicts count, of those that `astral judge` added."),
    ] = "",
    full: Annotated[bool, typer.Option("--full", help="Print every value's rate, not what fits one screen.")] = False,
    json: Json = False,
    form: Annotated[
        Literal["md", "json", "junit", "sarif"] | None,
        typer.Option(
            "--format",
            metavar="FORM",
            rich_help_panel="What comes out",
            help="Print `md` (for a pull request), `json`, `junit` or `sarif` in place of the summary.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", rich_help_panel="What comes out", help="Write it into this file."),
    ] = None,
    to: To = None,
    reveal: Reveal = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Write the report of a run again from its record, and print the summary.

    Examples:
    * `astral report latest --reveal` puts the texts of cases and answers into the pages.

    * `astral report latest --full` prints the rate of every value.

    * `astral report latest --json` prints every number for a program.

    * `astral report latest --format junit --out report.xml` for what shows the tests of a build.

    * `astral report latest --to mlflow:http://127.0.0.1:5000` keeps parameters, metrics and reports in MLflow.
    """
    from astral.cli.summary import print_summary
    from astral.config import load_settings
    from astral.files import write_private
    from astral.workflow.reporting import rendered, report_of
    from astral.workflow.tracking import tracked, trackers_of

    if out and not form:
        raise UserError(f"--out {out}: say as what, such as `--format junit`.")
    settings = load_settings(config, {"runs": runs})
    if form:
        text = rendered(settings.runs, run, form, reveal=reveal, oracle=oracle)
        if out:
            write_private(out, [text])
        else:
            say(text.rstrip("\n"))
        return
    trackers = trackers_of(settings, to or [])
    summary, folder = report_of(settings.runs, run, reveal=reveal, oracle=oracle)
    print_summary(summary, folder, as_json=json, is_revealed=reveal, is_full=full)
    for tracker in trackers:
        tell(f"Told {tracker.track(tracked(summary, folder))}")
