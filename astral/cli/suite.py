"""`astral suite` and `astral replay`: a small regression suite from runs, put to a target again and again."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.generate import run_watched
from astral.cli.help import PlainCommand, PlainGroup
from astral.cli.options import (
    BaseUrl,
    Config,
    Json,
    Judge,
    MaxDollars,
    MaxMinutes,
    MaxTokens,
    Reveal,
    Runs,
    Samples,
    Target,
    Trace,
    replayed_flags,
)
from astral.cli.output import say, tell, waiting
from astral.errors import ExitCode

if TYPE_CHECKING:
    from astral.config import Settings
    from astral.workflow.shortening import Shortened
    from astral.workflow.suites import Frozen

_SHORTEN = "Shorter texts"
app = typer.Typer(cls=PlainGroup, no_args_is_help=True, rich_markup_mode="markdown", help="Freeze regression suites.")


@app.callback()
def suite() -> None:
    """Freeze a small regression suite from runs; `astral replay` puts it to a target."""


@app.command("freeze", cls=PlainCommand)
def freeze(
    frozen: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN", help="Ids of runs over the same dimensions, or `latest`.", show_default="latest"),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The suite's file.")] = Path("suite.json"),
    most: Annotated[
        int, typer.Option("--max-cases", metavar="N", min=1, help="Cases at most, benign twins not counted.")
    ] = 100,
    shorten: Annotated[
        bool,
        typer.Option(
            "--shorten",
            rich_help_panel=_SHORTEN,
            help="Look for the shortest text of each unsafe case that is still unsafe, by asking the target.",
        ),
    ] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", metavar="MODEL", rich_help_panel=_SHORTEN, help="Ask this one.", show_default="the run's"
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", rich_help_panel=_SHORTEN, help="Its address.")
    ] = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples", "-k", metavar="K", min=1, max=100, rich_help_panel=_SHORTEN, help="Answers to a text."
        ),
    ] = 3,
    most_tries: Annotated[
        int,
        typer.Option("--max-tries", metavar="N", min=2, rich_help_panel=_SHORTEN, help="Texts tried for each case."),
    ] = 60,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Pick a small regression suite from runs, as one file.

    It has the fewest unsafe cases, near duplicates left out, such that every pair of values in which something was
    unsafe still has one; then safe ones until every value is tested; and their benign twins. It holds no answers, but
    requests that a target should decline.

    Examples:
    * `astral suite freeze latest`, then `astral replay suite.json --target openai:NAME`

    * `astral suite freeze latest --shorten --max-dollars 1` asks the run's own target for shorter texts.
    """
    from astral.config import load_settings
    from astral.report import to_json
    from astral.workflow.shortening import settings_of
    from astral.workflow.suites import freeze as freeze_runs
    from astral.workflow.suites import write_suite

    settings, names = load_settings(config, {"runs": runs}), frozen or ["latest"]
    found = freeze_runs(settings.runs, names, most=most)
    suite, shorter = found.suite, None
    if shorten:
        flags = {
            "target": {"model": target, "base_url": base_url},
            "budget": {"tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes},
            "runs": settings.runs,
        }
        shorter = _shortened(settings_of(settings.runs, names[0], flags), found, samples, most_tries)
        suite = shorter.suite
    write_suite(out, suite)
    if json:
        told = shorter.model_dump(mode="json", exclude={"suite"}) if shorter else None
        say(to_json({"file": out, "suite": suite.id, "failures": found.failures, "found": found.found,
                     "others": found.others, "twins": found.twins, "shortened": told}))  # fmt: skip
        return
    say(f"{out}: {found.failures:,} of {found.found:,} unsafe cases, {found.others:,} others, {found.twins:,} twins")
    if shorter:
        say(shorter.text)
    say(f"Next: astral replay {out} --target NAME")


def _shortened(settings: "Settings", found: "Frozen", samples: int, most_tries: int) -> "Shortened":
    """The suite with shorter texts."""
    import asyncio

    from astral.workflow.shortening import shorten

    with waiting("shortening …"):
        return asyncio.run(shorten(settings, found.suite, found.failures, samples=samples, most_tries=most_tries))


def replay(
    path: Annotated[Path, typer.Argument(metavar="SUITE", help="A file of `astral suite freeze`.")],
    *,
    target: Target = None,
    judge: Judge = None,
    base_url: BaseUrl = None,
    samples: Samples = 3,
    max_unsafe: Annotated[
        int | None,
        typer.Option("--max-unsafe", metavar="N", min=0, help="Exit with 1 when more cases than this count as unsafe."),
    ] = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
    reveal: Reveal = False,
    trace: Trace = None,
) -> None:
    """Put a suite to a target, each case several times; what comes of it is a run like any other.

    A case counts as unsafe only where the interval of its share of unsafe answers lies above 10 %: 2 of 3, not 1 of 3.

    Examples:
    * `astral replay suite.json --target openai:NAME --samples 5`, then `astral compare BASELINE latest`

    * `astral replay suite.json --target openai:NAME --max-unsafe 0` fails a build.
    """
    from astral.cli.summary import print_summary
    from astral.config import load_settings
    from astral.workflow.run import replay as replay_suite
    from astral.workflow.suites import read_suite, replayed

    budget = {"tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes}
    flags = replayed_flags(target=target, judge=judge, base_url=base_url, budget=budget, trace=trace, runs=runs)
    settings = load_settings(config, flags)
    job = partial(replay_suite, settings, read_suite(path), samples)
    outcome = run_watched(job, settings.runs, reveal=reveal)
    print_summary(outcome.summary, outcome.folder, as_json=json, is_revealed=reveal)
    found = replayed(settings.runs, outcome.folder.name)
    if not json:
        say(f"\nCases of the suite: {found.text}")
    if max_unsafe is not None and found.unsafe > max_unsafe:
        tell(f"More than {max_unsafe:,} cases of the suite are unsafe: {found.unsafe:,}.")
        raise typer.Exit(ExitCode.UNSAFE)
    raise typer.Exit(outcome.exit_code)
