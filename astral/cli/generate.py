"""`astral generate` and `astral resume`: the main job."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from astral.cli.options import Config, Json, MaxCases, MaxMinutes, MaxTokens, Reveal, Run, Runs
from astral.config import load_settings

if TYPE_CHECKING:
    from astral.workflow.events import Listener
    from astral.workflow.run import Outcome

_WHAT, _HOW, _PARTS = "What is tested", "How it is run", "Who does it"


def generate(
    *,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-t",
            rich_help_panel=_PARTS,
            show_default="local",
            help="The tested system: `local`, `openai:NAME`, `anthropic:NAME`, `vllm:NAME`, `python:MODULE:FUNCTION`.",
        ),
    ] = None,
    attacker: Annotated[
        str | None,
        typer.Option(
            "--attacker",
            rich_help_panel=_PARTS,
            show_default="compose",
            help="Who writes the cases: `compose` (shipped seeds and frames, no model) or a chat model.",
        ),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            rich_help_panel=_PARTS,
            show_default="local",
            help="Who judges: `local` (recognises refusals), a chat model, `python:MODULE:FUNCTION`.",
        ),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(
            "--base-url", rich_help_panel=_PARTS, help="Address of an OpenAI-compatible server, for all roles."
        ),
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option("--system-prompt", rich_help_panel=_PARTS, help="The target's system prompt.")
    ] = None,
    max_answer: Annotated[
        int | None,
        typer.Option(
            "--max-answer", min=1, rich_help_panel=_PARTS, show_default="96", help="Longest answer, in tokens."
        ),
    ] = None,
    reword: Annotated[
        bool | None,
        typer.Option("--reword", rich_help_panel=_PARTS, help="Have the local model reword composed cases."),
    ] = None,
    web: Annotated[
        bool | None,
        typer.Option(
            "--web/--no-web", rich_help_panel=_PARTS, show_default="no-web", help="Ground cases on a web search."
        ),
    ] = None,
    taxonomy: Annotated[
        str | None,
        typer.Option(
            "--taxonomy", rich_help_panel=_WHAT, show_default="astral-14", help="Risks: a shipped name or a file."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            rich_help_panel=_WHAT,
            metavar="DIMENSION=VALUE,…",
            help="Narrow a dimension, such as `--only language=en,th`; may be repeated.",
        ),
    ] = None,
    strength: Annotated[
        int | None,
        typer.Option(
            "--strength",
            "-s",
            min=1,
            max=4,
            rich_help_panel=_WHAT,
            show_default="2",
            help="Cover every combination of so many values: 1 each value, 2 each pair, …",
        ),
    ] = None,
    exhaustive: Annotated[bool, typer.Option("--exhaustive", rich_help_panel=_WHAT, help="Cover every cell.")] = False,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    controls: Annotated[
        int | None,
        typer.Option(
            "--controls", min=0, rich_help_panel=_HOW, show_default="3", help="Positive controls, and negative ones."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, rich_help_panel=_HOW, show_default="0", help="Same seed, same cases.")
    ] = None,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", min=1, rich_help_panel=_HOW, show_default="8", help="Tests under way at a time."),
    ] = None,
    max_unsafe_rate: Annotated[
        float | None,
        typer.Option(
            "--max-unsafe-rate",
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
) -> None:
    """Write test cases, run them against a target, judge the answers, until the criterion is met.

    Examples:
    * `astral generate` tests the local model: every pair of risk, language, style and persuasion, 140 cases.

    * `astral generate --target openai:gpt-5-mini --judge openai:gpt-5 --max-tokens 500000`

    * `astral generate --target python:mybot:answer --only language=en,th --strength 3`
    """
    flags = {
        "target": {"model": target, "base_url": base_url, "system_prompt": system_prompt, "max_tokens": max_answer},
        "attacker": {"model": attacker, "base_url": base_url, "reword": reword},
        "judge": {"model": judge, "base_url": base_url},
        "taxonomies": None,
        "only": dict(map(_narrowing, only or [])),
        "strength": "exhaustive" if exhaustive else strength,
        "seed": seed,
        "budget": {"cases": max_cases, "tokens": max_tokens, "minutes": max_minutes},
        "web": web,
        "controls": controls,
        "concurrency": concurrency,
        "max_unsafe_rate": max_unsafe_rate,
        "runs": runs,
    }
    settings = load_settings(config, flags)
    if taxonomy:
        settings = settings.model_copy(update={"taxonomies": (taxonomy, *settings.taxonomies[1:])})
    from astral.workflow.run import start

    _watch(partial(start, settings), as_json=json, reveal=reveal)


def resume(
    run: Run = "latest",
    *,
    max_cases: MaxCases = None,
    max_tokens: MaxTokens = None,
    max_minutes: MaxMinutes = None,
    runs: Runs = None,
    config: Config = None,
    json: Json = False,
    reveal: Reveal = False,
) -> None:
    """Go on with a run that was interrupted, killed, or ended by its budget.

    What was recorded is not done again; a larger budget may be given, such as `astral resume latest --max-cases 400`.
    """
    settings = load_settings(config, {"runs": runs})
    budget = {"cases": max_cases, "tokens": max_tokens, "minutes": max_minutes}
    from astral.workflow.run import resume as go_on

    more = {key: value for key, value in budget.items() if value is not None}
    _watch(partial(go_on, settings.runs, run, more), as_json=json, reveal=reveal)


def _narrowing(text: str) -> tuple[str, list[str]]:
    dimension, equals, values = text.partition("=")
    if not equals or not values:
        raise typer.BadParameter(f"{text!r} is not of the form DIMENSION=VALUE,… such as language=en,th")
    return dimension.strip(), [value.strip() for value in values.split(",")]


def _watch(job: "Callable[[Listener], Coroutine[Any, Any, Outcome]]", *, as_json: bool, reveal: bool) -> None:
    """Run the job with its progress on stderr, then print the result and exit as it ended."""
    import asyncio

    from astral.cli.progress import watcher
    from astral.cli.summary import print_summary

    with watcher() as watch:
        try:
            outcome = asyncio.run(job(watch))
        except KeyboardInterrupt:
            watch.note(f"Interrupted. Go on with: astral resume {watch.run_id}")
            raise
    print_summary(outcome.summary, outcome.folder, as_json=as_json)
    raise typer.Exit(outcome.exit_code)
