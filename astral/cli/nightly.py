"""`astral nightly`: one command for cron or a build."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from astral.cli.generate import run_watched
from astral.cli.options import Config, Json, MaxCases, MaxDollars, MaxMinutes, MaxTokens, Reveal, Runs
from astral.cli.output import say, tell
from astral.config import load_settings


def nightly(
    *,
    target: Annotated[
        str | None, typer.Option("--target", "-t", metavar="MODEL", help="The tested system.", show_default="local")
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="MODEL", help="Who judges the answers.", show_default="local")
    ] = None,
    suite: Annotated[
        Path | None,
        typer.Option(
            "--suite", metavar="FILE", help="Replay this suite; the first night freezes it where it is missing."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            rich_help_panel="What comes out",
            help="Write night.md, night.json, junit.xml, report.sarif and change.md there, for a build to keep.",
        ),
    ] = None,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Go on with the coverage of the last night, replay the suite, compare, report, and exit by thresholds.

    Each night is a run of its own, with fresh evidence; tests of earlier nights count for coverage, and the budget is
    that of one night. `fail_on:` and `nightly:` in astral.yaml say when it fails, and whom it tells (`astral init`).

    Examples:
    * `astral nightly --target openai:NAME --max-cases 200 --suite suite.json --out reports`
    """
    from astral.report import to_json
    from astral.workflow.nights import conclude, continuing, night_lines, suite_of, write_night
    from astral.workflow.notifying import address_of, notify
    from astral.workflow.run import replay, start
    from astral.workflow.suites import read_suite, replayed

    flags = {
        "target": {"model": target},
        "judge": {"model": judge},
        "budget": {"cases": max_cases, "tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes},
        "nightly": {"suite": suite},
        "runs": runs,
    }
    settings = load_settings(config, flags)
    told = settings.nightly
    # What may be wrong is read before anything is sent.
    url = address_of(told.webhook) if told.webhook else None
    if told.suite and told.suite.exists():
        read_suite(told.suite)
    ran = run_watched(partial(start, settings, continues=continuing(told.days)), settings.runs, reveal=reveal)
    again, found = None, None
    if chosen := suite_of(settings, ran.folder.name):
        path, done = chosen
        if done:
            tell(done)
        again = run_watched(partial(replay, settings, read_suite(path), told.samples), settings.runs, reveal=reveal)
        found = replayed(settings.runs, again.folder.name)
    night, change = conclude(settings, ran.summary, again.summary if again else None, found)
    if out:
        write_night(out, settings.runs, night, change, reveal=reveal)
    if url and (told.notify == "always" or night.exit_code) and (problem := notify(url, night)):
        tell(problem)
    say(to_json(night) if json else "\n".join(night_lines(night)))
    raise typer.Exit(night.exit_code)
