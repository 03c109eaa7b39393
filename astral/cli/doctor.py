"""`astral doctor`: what works here, what does not, and what to do about it."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from astral.cli.options import Config, Runs
from astral.config import Environment, Settings, load_settings
from astral.errors import AstralError, ExitCode

HARMLESS = "Please name three fruits."


def doctor(
    *,
    target: Annotated[
        str | None, typer.Option("--target", "-t", help="Send this model one harmless message.", show_default="local")
    ] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Address of an OpenAI-compatible server.")] = None,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Check the installation: settings, store, embeddings, local model, keys, and the target by a harmless message.

    Ends with 0 where everything that the settings need works, with 3 where something does not.
    """
    settings = load_settings(config, {"runs": runs, "target": {"model": target, "base_url": base_url}})
    checks: list[tuple[str, Callable[[], str]]] = [
        ("settings", lambda: _settings(settings)),
        ("store", lambda: _store(settings)),
        ("embeddings", lambda: _embeddings(settings)),
        ("languages", _languages),
        ("keys", _keys),
        ("target", lambda: _target(settings)),
    ]
    # Each check is made and told before the next one starts: the last ones take seconds.
    failed = sum(not _told(name, check) for name, check in checks)
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _told(name: str, check: Callable[[], str]) -> bool:
    try:
        sign, text = "ok", check()
    except AstralError as error:
        sign, text = "NO", str(error)
    sys.stdout.write(f"{sign}  {name:<11} {text}\n")
    sys.stdout.flush()
    return sign == "ok"


def _settings(settings: Settings) -> str:
    from astral.workflow.space import criterion_of, space_of

    space, _ = space_of(settings)
    criterion = criterion_of(settings, space)
    levels = " × ".join(f"{len(dimension.values)} {dimension.id}" for dimension in space.dimensions)
    return f"{levels}, strength {criterion.strength}"


def _store(settings: Settings) -> str:
    from astral.record import Store
    from astral.workflow.reporting import store_url

    url = store_url(settings.runs)
    with Store.open(url) as store:
        return f"{store.path}: {len(store.runs())} runs"


def _embeddings(settings: Settings) -> str:
    from astral.domain.chat import ModelRole
    from astral.plugins import PartContext, Port, make_part

    part = make_part(Port.EMBEDDER, settings.embedder, PartContext(settings, Environment(), ModelRole.ATTACKER))
    vectors = part.embed(["a dog barks", "a hound barks", "tax law"], kind="passage")
    near, far = float(vectors[0] @ vectors[1]), float(vectors[0] @ vectors[2])
    return f"{settings.embedder}: like texts {near:.2f}, unlike texts {far:.2f}"


def _languages() -> str:
    from astral.assets import seed_languages

    return f"seeds in {', '.join(seed_languages('astral-14'))}"


def _keys() -> str:
    environment = Environment()
    names = {"OPENAI_API_KEY": environment.openai_api_key, "ANTHROPIC_API_KEY": environment.anthropic_api_key}
    return ", ".join(f"{name} {'is set' if key else 'is not set'}" for name, key in names.items())


def _target(settings: Settings) -> str:
    import asyncio

    from astral.workflow.probe import probe_target

    transcript = asyncio.run(probe_target(settings, HARMLESS))
    return f"{transcript.target}: {transcript.ending} after {transcript.latency_seconds:.1f} s"
