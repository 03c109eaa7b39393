"""`astral doctor`: what works here, what does not, and what to do about it."""

import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from astral import __version__
from astral.cli.options import Config, Runs
from astral.cli.output import columns, say, waiting
from astral.config import Environment, Settings, load_settings
from astral.domain.chat import ModelRole
from astral.domain.records import Ending
from astral.errors import AstralError, ExitCode, UserError

HARMLESS = "Please name three fruits."
HARMLESS_SEARCH = "weather news"
_INDENT = 15


def doctor(
    *,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", metavar="MODEL", help="Send this model one harmless message.", show_default="local"
        ),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Address of an OpenAI-compatible server.")
    ] = None,
    web: Annotated[
        bool,
        typer.Option("--web", help="Ask each source of evidence for one harmless thing; `ddgs` where none is named."),
    ] = False,
    store: Annotated[
        bool, typer.Option("--store", help="Look at every page and every row of the record instead; nothing else.")
    ] = False,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="With --store: take out what is damaged, keeping a copy, so that runs go on."),
    ] = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Check the installation, the settings, the keys, and the target by one harmless message.

    Ends with 0 where everything that the settings need works, with 3 where something does not.

    Examples: `astral doctor --target openai:gpt-5-mini`, `astral doctor --store --repair`.
    """
    if repair and not store:
        raise UserError("--repair mends the record: `astral doctor --store --repair`.")
    if store:
        from astral.cli.doctor_store import check_store, repair_store

        (repair_store if repair else check_store)(load_settings(config, {"runs": runs}))
        return
    settings = load_settings(config, {"runs": runs, "target": {"model": target, "base_url": base_url}})
    checks: list[tuple[str, Callable[[], str]]] = [
        ("astral", _installation),
        ("settings", lambda: _settings(settings)),
        ("keys", _keys),
        ("store", lambda: _store(settings)),
        ("embeddings", lambda: _embeddings(settings)),
        ("attacker", lambda: _attacker(settings)),
        ("judge", lambda: _judge(settings)),
        ("target", lambda: _target(settings)),
    ]
    # Only where it was asked for: otherwise nothing leaves the machine.
    asked = settings.evidence.sources or ("ddgs",) if web else ()
    checks += [("evidence", partial(_evidence, settings, spec)) for spec in asked]
    # Each check is made and told before the next one starts: the last ones take seconds.
    failed = sum(not _told(name, check) for name, check in checks)
    say("Everything works." if not failed else f"{failed} of {len(checks)} checks failed.")
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _told(name: str, check: Callable[[], str]) -> bool:
    from astral.report import visible

    try:
        with waiting(f"checking {name} …"):
            sign, text = "ok", check()
    except AstralError as error:
        sign, text = "NO", str(error)
    except Exception as error:  # noqa: BLE001 - an installation can be broken in any way, and that is what is asked
        sign, text = "NO", f"{type(error).__name__}: {error}"
    say(_hanging(f"{sign}  {name:<{_INDENT - 4}}", visible(text)))
    return sign == "ok"


def _hanging(head: str, text: str) -> str:
    """A text whose lines stand to the right of its head."""
    from textwrap import TextWrapper

    wrapper = TextWrapper(
        columns(), initial_indent=" " * _INDENT, subsequent_indent=" " * _INDENT, break_on_hyphens=False
    )
    wrapper.break_long_words = False
    lines = [line for part in text.splitlines() for line in wrapper.wrap(part)]
    return head + "\n".join(lines)[_INDENT:]


def _installation() -> str:
    from astral.assets import prompt_refs, taxonomy_names

    system = f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return f"{system}; {len(taxonomy_names())} taxonomies, {len(prompt_refs())} prompts"


def _settings(settings: Settings) -> str:
    from astral.workflow.space import criterion_of, space_of

    space, _ = space_of(settings)
    criterion = criterion_of(settings, space)
    levels = " × ".join(f"{len(dimension.values)} {dimension.id}" for dimension in space.dimensions)
    return f"{levels}, strength {criterion.strength}"


def _keys() -> str:
    environment = Environment()
    names = {"OPENAI_API_KEY": environment.openai_api_key, "ANTHROPIC_API_KEY": environment.anthropic_api_key}
    return ", ".join(f"{name} {'is set' if key else 'is not set'}" for name, key in names.items())


def _store(settings: Settings) -> str:
    from astral.record import Store
    from astral.record.address import address_of
    from astral.workflow.reporting import store_url

    url = store_url(settings.runs)
    path = address_of(url).file
    if path is None or path.exists():
        # A database that can be reached but holds no record yet gets its tables: making them is what may fail.
        with Store.open(url, create=path is None) as store:
            count = len(store.runs())
            return f"{store.name}: {count} run{'' if count == 1 else 's'}"
    folder = _nearest_folder(path)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path} cannot be made: {folder} is no folder that you may write into. Use `--runs FOLDER`.")
    return f"{path} will be made by the first run"


def _nearest_folder(path: Path) -> Path:
    return next(parent for parent in path.absolute().parents if parent.exists())


def _embeddings(settings: Settings) -> str:
    from astral.plugins import PartContext, Port, make_part

    part = make_part(Port.EMBEDDER, settings.embedder, PartContext(settings, Environment(), ModelRole.ATTACKER))
    vectors = part.embed(["a dog barks", "a hound barks", "tax law"], kind="passage")
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    if near <= far:
        raise UserError(f"{settings.embedder} finds unlike texts ({far:.2f}) as close as like ones ({near:.2f}).")
    return f"{settings.embedder}: like texts {near:.2f}, unlike texts {far:.2f}"


def _evidence(settings: Settings, spec: str) -> str:
    """A source that answers; what it says is not shown."""
    import asyncio

    from astral.domain.space import Cell
    from astral.plugins import PartContext, Port, make_part

    notes: list[str] = []
    context = PartContext(settings, Environment(), ModelRole.ATTACKER, note=notes.append)
    source = make_part(Port.EVIDENCE_SOURCE, spec, context)
    found = asyncio.run(source.search(HARMLESS_SEARCH, cell=Cell(values=(("language", "en"),)), limit=3))
    if notes:
        raise UserError(notes[0])
    return f"{source.name}: {len(found)} passages, {sum(bool(each.date) for each in found)} of them dated"


def _attacker(settings: Settings) -> str:
    from astral.workflow.attackers import chat_models, generator_specs
    from astral.workflow.imported import imported_entries

    told = settings.attacker
    specs, models = generator_specs(settings), chat_models(settings)
    imported_entries(settings)
    if specs == ("compose",) and not told.reword:
        return "compose: writes from shipped seeds and frames, without a model"
    ready = [_opened(settings, name, ModelRole.ATTACKER, told.base_url) for name in models]
    return "; ".join([f"asked in this order: {', '.join(specs)}", *ready])


def _judge(settings: Settings) -> str:
    from astral.plugins import PartContext, Port, has_part, make_part

    told = settings.judge
    if has_part(Port.ORACLE, told.model):
        context = PartContext(settings, Environment(), ModelRole.JUDGE, told.base_url)
        make_part(Port.ORACLE, told.model, context)
        return f"{told.model}: loaded"
    return _opened(settings, told.model, ModelRole.JUDGE, told.base_url)


def _opened(settings: Settings, model: str, role: ModelRole, base_url: str | None) -> str:
    """A chat model that can be opened: its vendor is known, its key is there. Nothing is sent, since it costs money."""
    import asyncio

    from astral.plugins import PartContext, Port, make_part

    async def opened() -> str:
        chat = make_part(Port.CHAT_MODEL, model, PartContext(settings, Environment(), role, base_url))
        await chat.close()
        return f"{chat.name}: ready; nothing was sent"

    return asyncio.run(opened())


def _target(settings: Settings) -> str:
    """The target's endpoint, and how it answers one harmless message."""
    import asyncio

    from astral.workflow.probe import look_at_target, probe_target

    seen = asyncio.run(look_at_target(settings))
    try:
        transcript = asyncio.run(probe_target(settings, HARMLESS))
    except AstralError as error:
        advice = next((advice for said, advice in _NEXT_STEPS.items() if said in str(error)), "")
        raise UserError(
            "\n".join(line for line in (str(error), advice, seen and f"The endpoint: {seen}") if line)
        ) from None
    seconds = transcript.latency_seconds
    found = f"{transcript.target}: {transcript.ending} after {seconds:.1f} s{f'; {seen}' if seen else ''}"
    advice = _ENDING_ADVICE.get(transcript.ending, "")
    slow = _SLOW_ADVICE if seconds > SLOW_SECONDS else ""
    return "\n".join(line for line in (found, advice, slow) if line)


SLOW_SECONDS = 20
_SLOW_ADVICE = (
    "That is slow: a hundred cases take so many times it, less what --concurrency does at a time. `astral plan` tells "
    "how many calls a run makes."
)
_ENDING_ADVICE = {
    Ending.EMPTY: "An empty answer: models that think before they answer need a larger --max-answer.",
    Ending.BLOCKED: "A filter stopped a harmless message: look at the filter's settings at the provider.",
    Ending.REFUSED: "A harmless message was refused: look at the system prompt.",
}
_NEXT_STEPS = {
    "HTTP 429": "It limits requests, or its quota is used up: look at your limits at the provider, wait, or lower "
    "--concurrency.",
    "HTTP 400": "It does not take the request: `target.parameters`, `temperature` or the API (`target.api`) may not "
    "suit this model.",
    "HTTP 403": "The key lacks the right to use this model: look at its project or role at the provider.",
    "HTTP 404": "Look at the model's spelling, and whether the base URL ends as the server wants it, mostly in /v1.",
    "malformed answer": "What answers there is no API of this kind: look at the base URL, and at proxies in between.",
    "no answer within": "It takes requests but does not answer: look at its load, and whether the model is loaded.",
}
