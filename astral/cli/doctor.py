"""`astral doctor`: what works here, what does not, and what to do about it."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from astral.cli.options import Config, Runs
from astral.cli.output import columns, say, waiting
from astral.errors import AstralError, ExitCode, UserError

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
    from astral.cli import doctor_checks as look_at
    from astral.config import load_settings

    if repair and not store:
        raise UserError("--repair mends the record: `astral doctor --store --repair`.")
    if store:
        from astral.cli.doctor_store import check_store, repair_store

        (repair_store if repair else check_store)(load_settings(config, {"runs": runs}))
        return
    settings = load_settings(config, {"runs": runs, "target": {"model": target, "base_url": base_url}})
    checks: list[tuple[str, Callable[[], str]]] = [
        ("astral", look_at.installation),
        ("settings", lambda: look_at.space(settings)),
        ("keys", look_at.keys),
        ("store", lambda: look_at.store(settings)),
        ("embeddings", lambda: look_at.embeddings(settings)),
        ("attacker", lambda: look_at.attacker(settings)),
        ("judge", lambda: look_at.judge(settings)),
        ("target", lambda: look_at.target(settings)),
    ]
    # Only where it was asked for: otherwise nothing leaves the machine.
    asked = settings.evidence.sources or ("ddgs",) if web else ()
    checks += [("evidence", partial(look_at.evidence, settings, spec)) for spec in asked]
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
