"""What `astral doctor` looks at: each check returns what it found, and raises where something does not work."""

import asyncio
import os
import platform
from pathlib import Path

from astral import __version__
from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.records import Ending
from astral.errors import AstralError, UserError
from astral.plugins import PartContext, Port, has_part, make_part

HARMLESS = "Please name three fruits."
HARMLESS_SEARCH = "weather news"
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


def installation() -> str:
    """Versions, and what came with them."""
    from astral.assets import prompt_refs, taxonomy_names

    system = f"{__version__} on Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return f"{system}; {len(taxonomy_names())} taxonomies, {len(prompt_refs())} prompts"


def space(settings: Settings) -> str:
    """The space of tests that they span."""
    from astral.workflow.space import criterion_of, space_of

    space, _ = space_of(settings)
    criterion = criterion_of(settings, space)
    levels = " × ".join(f"{len(dimension.values)} {dimension.id}" for dimension in space.dimensions)
    return f"{levels}, strength {criterion.strength}"


def keys() -> str:
    """Which vendors' keys the environment holds."""
    environment = Environment()
    names = {"OPENAI_API_KEY": environment.openai_api_key, "ANTHROPIC_API_KEY": environment.anthropic_api_key}
    return ", ".join(f"{name} {'is set' if key else 'is not set'}" for name, key in names.items())


def store(settings: Settings) -> str:
    """The record, or where the first run would make it."""
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


def embeddings(settings: Settings) -> str:
    """Whether like texts come closer than unlike ones."""
    part = make_part(Port.EMBEDDER, settings.embedder, PartContext(settings, Environment(), ModelRole.ATTACKER))
    vectors = part.embed(["a dog barks", "a hound barks", "tax law"], kind="passage")
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    if near <= far:
        raise UserError(f"{settings.embedder} finds unlike texts ({far:.2f}) as close as like ones ({near:.2f}).")
    return f"{settings.embedder}: like texts {near:.2f}, unlike texts {far:.2f}"


def evidence(settings: Settings, spec: str) -> str:
    """A source that answers; what it says is not shown."""
    from astral.domain.space import Cell

    notes: list[str] = []
    context = PartContext(settings, Environment(), ModelRole.ATTACKER, note=notes.append)
    source = make_part(Port.EVIDENCE_SOURCE, spec, context)
    found = asyncio.run(source.search(HARMLESS_SEARCH, cell=Cell(values=(("language", "en"),)), limit=3))
    if notes:
        raise UserError(notes[0])
    return f"{source.name}: {len(found)} passages, {sum(bool(each.date) for each in found)} of them dated"


def attacker(settings: Settings) -> str:
    """Who writes the tests; models are opened, and nothing is sent."""
    from astral.workflow.attackers import chat_models, generator_specs
    from astral.workflow.imported import imported_entries

    told = settings.attacker
    specs, models = generator_specs(settings), chat_models(settings)
    imported_entries(settings)
    if specs == ("compose",) and not told.reword:
        return "compose: writes from shipped seeds and frames, without a model"
    ready = [_opened(settings, name, ModelRole.ATTACKER, told.base_url) for name in models]
    return "; ".join([f"asked in this order: {', '.join(specs)}", *ready])


def judge(settings: Settings) -> str:
    """Who judges; a model is opened, and nothing is sent."""
    told = settings.judge
    if has_part(Port.ORACLE, told.model):
        context = PartContext(settings, Environment(), ModelRole.JUDGE, told.base_url)
        make_part(Port.ORACLE, told.model, context)
        return f"{told.model}: loaded"
    return _opened(settings, told.model, ModelRole.JUDGE, told.base_url)


def _opened(settings: Settings, model: str, role: ModelRole, base_url: str | None) -> str:
    """A chat model that can be opened: its vendor is known, its key is there. Nothing is sent, since it costs money."""

    async def opened() -> str:
        chat = make_part(Port.CHAT_MODEL, model, PartContext(settings, Environment(), role, base_url))
        await chat.close()
        return f"{chat.name}: ready; nothing was sent"

    return asyncio.run(opened())


def target(settings: Settings) -> str:
    """The target's endpoint, and how it answers one harmless message."""
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
