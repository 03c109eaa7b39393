"""How commands print: results on stdout, everything else on stderr, whoever reads or stops reading them."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout
from typing import IO, TYPE_CHECKING

from rich.console import Console, RenderableType

if TYPE_CHECKING:
    from astral.loopback import LoopbackServer

WIDEST = 100
"""Columns that a text for people takes at most; longer lines are hard to read."""


class ProgressConsole(Console):
    """A console on stderr that goes on in silence when its reader goes away."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False)

    def on_broken_pipe(self) -> None:
        """Take note that nobody reads any more: rich would end the program, with the exit code of an unsafe target."""
        _silence(self.file)


def say(text: str) -> None:
    """Print a result on stdout as it stands."""
    _write(sys.stdout, f"{text}\n")


def show(*parts: RenderableType, width: int | None = None) -> None:
    """Print a result on stdout, laid out for as many columns as given, by default those of the terminal."""
    # Nothing is searched for numbers or paths to colour: names come from files, and colours mean something here.
    console = Console(highlight=False, width=width)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    # The spaces that kept `67 %` on one line have done their work, and would hide it from a search.
    say("\n".join(line.rstrip() for line in capture.get().replace("\u00a0", " ").splitlines()))


def columns() -> int:
    """Columns that a text for people may take."""
    return min(Console().width, WIDEST)


def complain(text: str) -> None:
    """Tell on stderr what went wrong; control characters that came from a file or a model are spelled out."""
    from astral.report import visible

    _write(sys.stderr, f"astral: {visible(text)}\n")


def tell(text: str) -> None:
    """Print progress on stderr."""
    _write(sys.stderr, f"{text}\n")


def serve(server: "LoopbackServer", told: str) -> None:
    """Tell where a page is and what there is to know of it, and serve it until Ctrl-C."""
    try:
        # Inside, since whoever reads the address may interrupt at once.
        say(f"Open       {server.url}")
        tell(told)
        server.serve()
    except KeyboardInterrupt:
        tell("")
    finally:
        server.close()


def encode_tolerantly() -> None:
    """Have signs that the terminal's encoding lacks printed as escapes, so that no name of a value ends a run."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


@contextmanager
def waiting(text: str) -> Generator[None]:
    """Show in a terminal, while the block runs, what is waited for."""
    if not sys.stderr.isatty():
        yield
        return
    with ProgressConsole().status(text):
        yield


@contextmanager
def stdout_on_stderr() -> Generator[None]:
    """Send what is printed on stdout to stderr while the block runs.

    A target is a user's function, or a library in C: whatever it prints must not stand between the results.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _write(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)


def _silence(stream: IO[str]) -> None:
    """Lead a stream whose reader went away (`astral list | head`) to nowhere; the exit code still tells the result."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
