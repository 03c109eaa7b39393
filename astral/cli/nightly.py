"""`astral nightly`: one command for cron or a build."""

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.generate import run_watched
from astral.cli.options import (
    BaseUrl,
    Config,
    Json,
    Judge,
    MaxCases,
    MaxDollars,
    MaxMinutes,
    MaxTokens,
    Reveal,
    Runs,
    Target,
    To,
    Trace,
    replayed_flags,
)
from astral.cli.output import say, tell
from astral.errors import AstralError, ExitCode, TrackerError

if TYPE_CHECKING:
    from collections.abc import Generator

    from astral.config import Settings
    from astral.domain.ports import Tracker
    from astral.workflow.run import Outcome


def nightly(
    *,
    target: Target = None,
    judge: Judge = None,
    base_url: BaseUrl = None,
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
    to: To = None,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
    reveal: Reveal = False,
    trace: Trace = None,
) -> None:
    """Replay the suite, go on with the coverage of the last night, compare, report, and exit by thresholds.

    Each night is a run of its own, with fresh evidence; tests of earlier nights count for coverage, and the budget is
    that of the night as a whole. `fail_on:` and `nightly:` in astral.yaml say when it fails, and whom it tells
    (`astral init`).

    Examples:
    * `astral nightly --target openai:NAME --max-cases 200 --suite suite.json --out reports`
    """
    from astral.config import load_settings
    from astral.report import to_json
    from astral.workflow.nights import conclude, night_lines, write_night
    from astral.workflow.notifying import address_of, notify
    from astral.workflow.suites import read_suite, replayed
    from astral.workflow.tracking import trackers_of

    budget = {"cases": max_cases, "tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes}
    flags = replayed_flags(target=target, judge=judge, base_url=base_url, budget=budget, trace=trace, runs=runs)
    settings = load_settings(config, {**flags, "nightly": {"suite": suite}})
    told = settings.nightly
    # What may be wrong is read before anything is sent.
    url = address_of(told.webhook) if told.webhook else None
    if told.suite and told.suite.exists():
        read_suite(told.suite)
    trackers = trackers_of(settings, to or told.to)
    with _told_of_the_end(settings, url):
        ran, again = _run(settings, reveal=reveal)
        found = replayed(settings.runs, again.folder.name) if again else None
        night, change = conclude(settings, ran.summary, again.summary if again else None, found)
        if out:
            write_night(out, settings.runs, night, change, reveal=reveal)
    for outcome in filter(None, (ran, again)):
        _track(trackers, outcome)
    if url and (told.notify == "always" or night.exit_code) and (problem := notify(url, night)):
        tell(problem)
    say(to_json(night) if json else "\n".join(night_lines(night)))
    raise typer.Exit(night.exit_code)


def _run(settings: "Settings", *, reveal: bool) -> "tuple[Outcome, Outcome | None]":
    """Go on with coverage, and replay the suite where there is one: it comes first, as what nights are compared by.

    The second run has what the first one left of the budget.
    """
    from astral.workflow.nights import continuing, freeze_night, rest_of
    from astral.workflow.run import replay, start
    from astral.workflow.suites import read_suite

    begun = monotonic()

    def go_on(settings: "Settings") -> "Outcome":
        job = partial(start, settings, continues=continuing(settings.nightly.days))
        return run_watched(job, settings.runs, reveal=reveal)

    def replay_suite(path: Path, settings: "Settings") -> "Outcome":
        job = partial(replay, settings, read_suite(path), settings.nightly.samples)
        return run_watched(job, settings.runs, reveal=reveal)

    path = settings.nightly.suite
    if path and path.exists():
        again = replay_suite(path, settings)
        return go_on(rest_of(settings, again.summary, seconds=monotonic() - begun)), again
    ran = go_on(settings)
    if path is None:
        return ran, None
    tell(freeze_night(settings.runs, path, ran.folder.name))
    return ran, replay_suite(path, rest_of(settings, ran.summary, seconds=monotonic() - begun))


def _track(trackers: "list[Tracker]", outcome: "Outcome") -> None:
    """Tell other tools of a run; where that fails, it is said, and changes nothing."""
    from astral.workflow.tracking import tracked

    for tracker in trackers:
        try:
            tell(f"Told {tracker.track(tracked(outcome.summary, outcome.folder))}")
        except TrackerError as error:
            tell(str(error))


@contextmanager
def _told_of_the_end(settings: "Settings", url: str | None) -> "Generator[None]":
    """Tell the webhook of a night that ends before it could be concluded, and let the error pass."""
    from astral.workflow.notifying import notify_of_end

    def post(code: int, why: str) -> None:
        if url and (problem := notify_of_end(url, settings.target.model, code, why)):
            tell(problem)

    try:
        yield
    except typer.Exit as end:
        post(end.exit_code, "it was interrupted; what was recorded is not lost")
        raise
    except AstralError as error:
        post(error.exit_code.value, str(error))
        raise
    except Exception as error:
        # What an unforeseen error says may quote anything.
        post(ExitCode.FAILED.value, f"an unforeseen error, {type(error).__name__}; its text is in the log of the night")
        raise
