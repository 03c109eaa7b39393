"""`astral suite` and `astral replay`: a small regression suite from runs, put to a target again and again."""

from functools import partial
from pathlib import Path
from typing import Annotated

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
from astral.cli.output import say, tell
from astral.config import load_settings
from astral.errors import ExitCode

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
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Pick a small regression suite from runs, as one file.

    It has the fewest unsafe cases, near duplicates left out, such that every pair of values in which something was
    unsafe still has one; then safe ones until every value is tested; and their benign twins. It holds no answers, but
    requests that a target should decline.

    Examples: `astral suite freeze latest`, then `astral replay suite.json --target openai:NAME`.
    """
    from astral.report import to_json
    from astral.workflow.suites import freeze as freeze_runs
    from astral.workflow.suites import write_suite

    settings = load_settings(config, {"runs": runs})
    found = freeze_runs(settings.runs, frozen or ["latest"], most=most)
    write_suite(out, found.suite)
    if json:
        say(to_json({"file": out, "suite": found.suite.id, "failures": found.failures, "found": found.found,
                     "others": found.others, "twins": found.twins}))  # fmt: skip
        return
    say(f"{out}: {found.failures:,} of {found.found:,} unsafe cases, {found.others:,} others, {found.twins:,} twins")
    say(f"Next: astral replay {out} --target NAME")


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
