"""`astral generate` and `astral resume`: the main job."""

import os
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol

import typer

from astral.cli.options import (
    Batch,
    Config,
    Exhaustive,
    Json,
    MaxCases,
    MaxDollars,
    MaxMinutes,
    MaxTokens,
    Only,
    Preset,
    Reveal,
    Run,
    Runs,
    Strength,
    Taxonomy,
    Trace,
    Transforms,
    Translator,
    narrowed,
    with_taxonomy,
)
from astral.cli.output import stdout_on_stderr, tell
from astral.errors import ExitCode

if TYPE_CHECKING:
    from astral.workflow.events import Listener
    from astral.workflow.run import Outcome

    class Job(Protocol):
        """`start` or `resume`, with everything filled in but who watches and what is shown."""

        def __call__(self, listener: Listener, *, reveal: bool) -> Coroutine[Any, Any, Outcome]:
            """Do it."""
            ...


_WHAT, _HOW, _PARTS = "What is tested", "How it is run", "Who does it"
_GROUNDS = "What cases are grounded on"


def generate(
    *,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            metavar="MODEL",
            rich_help_panel=_PARTS,
            show_default="local",
            help="The tested system: `local`, `openai:NAME`, `azure:DEPLOYMENT`, `anthropic:NAME`, `vllm:NAME`, "
            "`http:URL`, `exec:COMMAND`, `python:MODULE:FUNCTION`.",
        ),
    ] = None,
    attacker: Annotated[
        list[str] | None,
        typer.Option(
            "--attacker",
            metavar="MODEL",
            rich_help_panel=_PARTS,
            show_default="compose",
            help="Who writes the cases: `compose` (shipped seeds and frames, no model) or a chat model; given "
            "several times, what one refuses the next is asked for.",
        ),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode",
            metavar="NAME",
            rich_help_panel=_PARTS,
            help="How they are written: `rag`, `rag-fs`, `rag-fs-web`, `compose`, `mutate`, `evolve`; by default what "
            "fits the attacker.",
        ),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(
            "--cases", metavar="FILE", rich_help_panel=_PARTS, help="Requests that `--mode mutate` starts from."
        ),
    ] = None,
    transform: Transforms = None,
    translator: Translator = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="MODEL",
            rich_help_panel=_PARTS,
            show_default="local",
            help="Who judges: `local` (recognises refusals), `python:MODULE:FUNCTION`, or a chat model, asked where it "
            "is no plain refusal.",
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url",
            metavar="URL",
            rich_help_panel=_PARTS,
            help="Address of an OpenAI-compatible server, for all roles.",
        ),
    ] = None,
    system_prompt: Annotated[
        str | None,
        typer.Option("--system-prompt", metavar="TEXT", rich_help_panel=_PARTS, help="The target's system prompt."),
    ] = None,
    max_answer: Annotated[
        int | None,
        typer.Option(
            "--max-answer",
            metavar="TOKENS",
            min=1,
            rich_help_panel=_PARTS,
            show_default="96",
            help="Longest answer of the target.",
        ),
    ] = None,
    reword: Annotated[
        bool | None,
        typer.Option("--reword", rich_help_panel=_PARTS, help="Have the local model reword composed cases."),
    ] = None,
    web: Annotated[
        bool | None,
        typer.Option(
            "--web/--no-web",
            rich_help_panel=_GROUNDS,
            show_default="no-web",
            help="Ground cases on a web search without a key; the same as `--evidence ddgs`.",
        ),
    ] = None,
    evidence: Annotated[
        list[str] | None,
        typer.Option(
            "--evidence",
            metavar="SOURCE",
            rich_help_panel=_GROUNDS,
            help="Ground cases on what this finds: `ddgs`, `searxng:URL`, `rss:URL`, `folder:PATH`, `tavily`, `brave`; "
            "may be repeated.",
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            "--corpus",
            metavar="NAME",
            rich_help_panel=_GROUNDS,
            help="Ground cases on a corpus of yours (`astral corpus add`); may be repeated.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="AGE", rich_help_panel=_GROUNDS, help="Oldest news, such as `12h`, `7d`, `3m`."
        ),
    ] = None,
    pages: Annotated[
        bool | None,
        typer.Option("--pages", rich_help_panel=_GROUNDS, help="Read the pages that were found, not their snippets."),
    ] = None,
    replay_evidence: Annotated[
        str | None,
        typer.Option(
            "--replay-evidence",
            metavar="RUN",
            rich_help_panel=_GROUNDS,
            help="Use what this run found again; nothing is searched for.",
        ),
    ] = None,
    preset: Preset = None,
    taxonomy: Taxonomy = None,
    only: Only = None,
    strength: Strength = None,
    exhaustive: Exhaustive = False,
    planner: Annotated[
        str | None,
        typer.Option(
            "--planner",
            metavar="NAME",
            rich_help_panel=_WHAT,
            show_default="thompson",
            help="What follows once all is covered, until --max-cases: a search by `thompson`, `ucb`, `exp3`, "
            "`map-elites`, `nsga2` or `uniform`; `covering` stops, as does a run without --max-cases.",
        ),
    ] = None,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    controls: Annotated[
        int | None,
        typer.Option(
            "--controls",
            metavar="N",
            min=0,
            max=50,
            rich_help_panel=_HOW,
            show_default="3",
            help="Checks of the judge: so many answers that comply, and so many that refuse.",
        ),
    ] = None,
    novel_against: Annotated[
        list[str] | None,
        typer.Option(
            "--novel-against",
            metavar="RUN|FILE",
            rich_help_panel=_WHAT,
            help="Repeat no case of this earlier run (`latest` is the newest), or no text of this file, such as a "
            "benchmark's CSV. May be given several times.",
        ),
    ] = None,
    twins: Annotated[
        float | None,
        typer.Option(
            "--twins",
            metavar="SHARE",
            min=0,
            max=1,
            rich_help_panel=_HOW,
            show_default="0.1",
            help="Share of cases with a harmless look-alike, to see whether the target refuses too much.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, rich_help_panel=_HOW, show_default="0", help="Same seed, same cases."
        ),
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            metavar="N",
            min=1,
            max=1024,
            rich_help_panel=_HOW,
            show_default="8",
            help="Calls under way at a time, of each model.",
        ),
    ] = None,
    batch: Batch = None,
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            metavar="NAME",
            rich_help_panel=_HOW,
            help="Have attacker, target and judge asked by workers on a Ray cluster: `ray`, `ray:4`, `ray:4@ADDRESS`.",
        ),
    ] = None,
    max_unsafe_rate: Annotated[
        float | None,
        typer.Option(
            "--max-unsafe-rate",
            metavar="RATE",
            min=0,
            max=1,
            rich_help_panel=_HOW,
            help="Exit with 1 when the unsafe rate is above this with 95 % confidence.",
        ),
    ] = None,
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
    reveal: Reveal = False,
    trace: Trace = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", rich_help_panel=_HOW, help="Print cells, calls, tokens, money and time; send nothing."
        ),
    ] = False,
) -> None:
    """Write test cases, run them against a target, judge the answers, until the criterion is met.

    What --max-cases leaves then goes where unsafe answers are likely.

    Examples:
    * `astral generate` tests the local model: every pair of risk, language, style and persuasion, 140 cases.

    * `astral generate --target openai:gpt-5-mini --judge openai:gpt-5 --max-cases 1000 --dry-run` says what it costs.

    * `astral generate --target python:mybot:answer --only language=en,th --strength 3`

    * `astral generate --target "exec:node bot.js"` tests a program that reads and writes lines of JSON.
    """
    from astral.config import load_settings

    flags = {
        "preset": preset,
        "target": {"model": target, "base_url": base_url, "system_prompt": system_prompt, "max_tokens": max_answer},
        "attacker": {
            "model": attacker or None,
            "base_url": base_url,
            "mode": mode,
            "cases": cases,
            "reword": reword,
            "translator": translator,
            "transforms": transform,
        },
        "judge": {"model": judge, "base_url": base_url},
        "only": narrowed(only or []),
        "strength": "exhaustive" if exhaustive else strength,
        # The flag goes over both ways in which the file may say it.
        "coverage": {"groups": [] if strength or exhaustive else None},
        "planner": planner,
        "seed": seed,
        "budget": {"cases": max_cases, "tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes},
        "evidence": {
            "sources": evidence or (None if web is None else ["ddgs"] if web else []),
            "corpora": corpus or None,
            "since": since,
            "pages": pages,
            "replay": replay_evidence,
        },
        "controls": controls,
        "novel_against": novel_against or None,
        "twins": twins,
        "concurrency": concurrency,
        "workers": workers,
        "batch": batch,
        "fail_on": {"unsafe_rate": max_unsafe_rate},
        "telemetry": {"traces": trace},
        "runs": runs,
    }
    settings = load_settings(config, flags)
    for name in taxonomy or []:
        settings = with_taxonomy(settings, name)
    if dry_run:
        from astral.cli.plan import show_dry_run

        show_dry_run(settings, json=json)
        return
    from astral.workflow.run import start

    _finish(run_watched(partial(start, settings), settings.runs, reveal=reveal), as_json=json, reveal=reveal)


def resume(
    run: Run = "latest",
    *,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_dollars: MaxDollars = None,
    max_minutes: MaxMinutes = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Go on with a run that was interrupted, killed, or ended by its budget.

    What was recorded is not done again; a larger budget may be given, such as `astral resume latest --max-cases 400`.
    """
    from astral.config import load_settings
    from astral.workflow.run import resume as go_on

    settings = load_settings(config, {"runs": runs})
    budget = {"cases": max_cases, "tokens": max_tokens, "dollars": max_dollars, "minutes": max_minutes}
    more = {key: value for key, value in budget.items() if value is not None}
    job = partial(go_on, settings.runs, run, more)
    _finish(run_watched(job, settings.runs, reveal=reveal), as_json=json, reveal=reveal)


def _finish(outcome: "Outcome", *, as_json: bool, reveal: bool) -> NoReturn:
    """Print what a run came to, and exit as it ended."""
    from astral.cli.summary import print_summary

    print_summary(outcome.summary, outcome.folder, as_json=as_json, is_revealed=reveal)
    raise typer.Exit(outcome.exit_code)


def run_watched(job: "Job", runs: Path, *, reveal: bool) -> "Outcome":
    """Run the job with its progress on stderr.

    Args:
        job: Starts a run, or goes on with one.
        runs: Folder of runs.
        reveal: Put the texts of cases and answers into the report's pages.

    Raises:
        typer.Exit: It was interrupted; how to go on was said.
    """
    import asyncio

    from astral.cli.progress import watcher
    from astral.cli.summary import command_on

    # A run leaves texts that are nobody else's business, in files of several libraries.
    os.umask(0o077)
    with watcher() as watch, stdout_on_stderr():
        try:
            outcome = asyncio.run(_until_told_to_stop(job(watch, reveal=reveal)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            outcome = None
    if outcome is None:
        if watch.run_id:
            go_on = command_on("resume", watch.run_id, runs)
            tell(f"Interrupted; nothing that was recorded is lost. Go on with: {go_on}")
        else:
            tell("Interrupted before the run began; nothing was recorded.")
        raise typer.Exit(ExitCode.INTERRUPTED)
    return outcome


async def _until_told_to_stop(job: "Coroutine[Any, Any, Outcome]") -> "Outcome":
    """Do the job; SIGTERM and SIGHUP, as from a time limit or a closed terminal, stop it like Ctrl-C does."""
    import asyncio
    import signal

    task = asyncio.current_task()
    if task:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await job
