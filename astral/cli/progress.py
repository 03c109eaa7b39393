"""Progress on stderr: a live line in a terminal, plain lines elsewhere; neither ever stands still for ten seconds."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from astral.domain.criterion import Progress
from astral.domain.records import Result, Stage

TICK_SECONDS = 0.25
PLAIN_SECONDS = 5.0
"""Time between two plain lines."""
_COLOURS = {
    Result.UNSAFE: "red",
    Result.SAFE: "green",
    Result.UNKNOWN: "yellow",
    Result.BLOCKED: "magenta",
    Result.FAILED: "bright_black",
}
_DOING = {
    Stage.PLAN: "planning",
    Stage.GENERATE: "writing cases",
    Stage.EXECUTE: "asking the target",
    Stage.JUDGE: "judging",
    Stage.RECORD: "recording",
    Stage.REPORT: "writing the report",
}


class Watcher:
    """What is known of a run while it goes on. Fed by the run, read by the thread that draws."""

    def __init__(self, console: Console) -> None:
        self.run_id, self.folder = "", Path()
        self._console = console
        self._doing, self._done, self._total = "starting", 0, 0
        self._results: Counter[Result] = Counter()
        self._progress: Progress | None = None
        self._start = self._stage_start = time.monotonic()

    def started(self, run_id: str, folder: Path) -> None:
        """Say which run this is."""
        self.run_id, self.folder = run_id, folder
        self.note(f"run {run_id} in {folder}")

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show what is made ready."""
        if self._doing != what:
            self._stage_start = time.monotonic()
        self._doing, self._done, self._total = what, done, total

    def stage(self, stage: Stage, total: int) -> None:
        """Begin a stage."""
        self._doing, self._done, self._total = _DOING[stage], 0, total
        self._stage_start = time.monotonic()

    def advanced(self, stage: Stage) -> None:
        """Count a test of the stage."""
        self._done += 1

    def finished(self, result: Result) -> None:
        """Count an ending."""
        self._results[result] += 1

    def progress(self, progress: Progress) -> None:
        """Keep how far the criterion is met."""
        self._progress = progress

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._console.print(Text(text, style="dim"), soft_wrap=True)

    def line(self) -> Text:
        """The state in one line: coverage, stage, rate, time left, endings."""
        elapsed = time.monotonic() - self._start
        parts = [Text(_clock(elapsed), style="bold")]
        if self._progress:
            parts.append(Text(f"covered {self._progress.fraction:.0%}"))
        parts.append(Text(self._stage_text()))
        if left := self._seconds_left():
            parts.append(Text(f"about {_clock(left)} left"))
        counts = [Text(f"{n} {result}", style=_COLOURS[result]) for result in Result if (n := self._results[result])]
        return Text("  ").join([*parts, Text(" ").join(counts)])

    def _stage_text(self) -> str:
        if not self._total:
            return self._doing
        seconds = time.monotonic() - self._stage_start
        rate = f" {self._done / seconds:.1f}/s" if self._done and seconds > 1 else ""
        return f"{self._doing} {self._done}/{self._total}{rate}"

    def _seconds_left(self) -> float | None:
        """Time for what is expected still to come, at the pace so far; None while there is no pace yet."""
        done = self._results.total()
        elapsed = time.monotonic() - self._start
        if not done or not self._progress:
            return None
        under_way = max(0, self._total - self._done)
        return elapsed / done * (self._progress.remaining + under_way)


@contextmanager
def watcher() -> Generator[Watcher]:
    """A listener that shows the run on stderr while the block runs."""
    console = Console(stderr=True, highlight=False)
    watch = Watcher(console)
    if console.is_terminal:
        with Live(get_renderable=watch.line, console=console, refresh_per_second=1 / TICK_SECONDS, transient=True):
            yield watch
        return
    stop = threading.Event()

    def speak() -> None:
        while not stop.wait(PLAIN_SECONDS):
            sys.stderr.write(watch.line().plain + "\n")
            sys.stderr.flush()

    speaker = threading.Thread(target=speak, name="astral-progress", daemon=True)
    speaker.start()
    try:
        yield watch
    finally:
        stop.set()
        speaker.join()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
