"""What a run tells whoever watches it. The command line draws it; a program may pass a listener of its own."""

from pathlib import Path
from typing import Protocol

from astral.domain.criterion import Progress
from astral.domain.records import Result, Stage


class Listener(Protocol):
    """Watches a run; its methods must return at once, and may be called from any thread."""

    def started(self, run_id: str, folder: Path) -> None:
        """The run has an id and a folder."""

    def preparing(self, what: str, done: int, total: int) -> None:
        """Something slow is made ready before the first round."""

    def stage(self, stage: Stage, total: int) -> None:
        """So many more tests wait for a stage."""

    def advanced(self, stage: Stage) -> None:
        """A stage is done with one more test."""

    def finished(self, result: Result) -> None:
        """A test ended."""

    def spent(self, dollars: float) -> None:
        """So much money is spent, earlier parts of the run included; nothing where no price is known."""

    def progress(self, progress: Progress) -> None:
        """A round was recorded."""

    def note(self, text: str) -> None:
        """Something that a person should know once."""


class Silence(Listener):
    """A listener that does not listen."""
