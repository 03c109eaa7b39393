"""Progress on stderr: a live line in a terminal, plain lines elsewhere; neither ever stands still for ten seconds."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from astral.cli.output import ProgressConsole, tell
from astral.domain.criterion import Progress
from astral.domain.price import money
from astral.domain.records import Result, Stage

TICK_SECONDS = 0.25
PLAIN_SECONDS = 5.0
"""Time between two plain lines."""
_GAP = "  "
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

_DEMAND_WORDS = {"must": "must", "precision": "precise", "diversity": "diverse"}
"""What the live line calls the demands that it tells beside the coverage."""


class Watcher:
    """What is known of a run while it goes on. Fed by the run, read by the thread that draws."""

    def __init__(self, note: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Watch a run.

        Args:
            note: Prints a line that stays.
            clock: Seconds, from any start.
        """
        self.run_id = ""
        self._note, self._clock = note, clock
        self._doing, self._done, self._total = "starting", 0, 0
        self._results: Counter[Result] = Counter()
        self._progress: Progress | None = None
        self._dollars = 0.0
        self._start = self._stage_start = clock()

    def started(self, run_id: str, folder: Path) -> None:
        """Say which run this is."""
        self.run_id = run_id
        self.note(f"Run {run_id} in {folder}")

    def preparing(self, what: str, done: int, total: int) -> None:
        """Show what is made ready."""
        if self._doing != what:
            self._stage_start = self._clock()
        self._doing, self._done, self._total = what, done, total

    def stage(self, stage: Stage, total: int) -> None:
        """Begin a stage, or hear of more tests that wait for it."""
        if self._doing == _DOING[stage]:
            self._total += total
            return
        self._doing, self._done, self._total = _DOING[stage], 0, total
        self._stage_start = self._clock()

    def advanced(self, stage: Stage) -> None:
        """Count a test of the stage that is shown."""
        if self._doing == _DOING[stage]:
            self._done += 1

    def finished(self, result: Result) -> None:
        """Count an ending."""
        self._results[result] += 1

    def spent(self, dollars: float) -> None:
        """Keep what the run has cost."""
        self._dollars = dollars

    def progress(self, progress: Progress) -> None:
        """Keep how far the criterion is met."""
        self._progress = progress

    def note(self, text: str) -> None:
        """Print a line that stays."""
        from astral.report import visible

        self._note(visible(text))

    def line(self, width: int) -> Text:
        """The state in one line of at most `width` columns: clock, coverage, stage, rate, time left, money, endings.

        Where it is too long, what can be done without is left out: first the rate, then the endings, time left, money.
        """
        covered = self._covered_text()
        left = f"{_clock_face(seconds)} left" if (seconds := self._seconds_left()) else ""
        parts = {
            "clock": Text(_clock_face(self._clock() - self._start), style="bold"),
            "covered": Text(covered),
            "stage": Text(self._stage_text()),
            "rate": Text(self._rate_text()),
            "left": Text(left),
            "money": Text(self._money_text()),
            "endings": Text(", ").join(
                Text(f"{count} {result}", style=_COLOURS[result])
                for result in Result
                if (count := self._results[result])
            ),
        }
        for needless in (None, "rate", "endings", "left", "money", "covered"):
            parts.pop(needless or "", None)
            line = Text(_GAP, end="").join(part for part in parts.values() if part)
            if line.cell_len <= width:
                break
        line.truncate(width, overflow="ellipsis")
        return line

    def _covered_text(self) -> str:
        if not self._progress:
            return ""
        parts = [f"covered {self._progress.fraction:.0%}"]
        parts += [
            f"{word} {demand.met}/{demand.required}"
            for demand in self._progress.demands
            if (word := _DEMAND_WORDS.get(demand.name.partition(" ")[0]))
        ]
        return ", ".join(parts)

    def _stage_text(self) -> str:
        return f"{self._doing} {self._done}/{self._total}" if self._total else self._doing

    def _rate_text(self) -> str:
        seconds = self._clock() - self._stage_start
        return f"{self._done / seconds:.1f}/s" if self._total and self._done and seconds > 1 else ""

    def _seconds_left(self) -> float | None:
        """Time for what is expected still to come, at the pace so far; None while there is no pace yet."""
        share = self._share_to_come()
        return None if share is None else (self._clock() - self._start) * share

    def _money_text(self) -> str:
        if not self._dollars:
            return ""
        share = self._share_to_come()
        expected = "" if share is None else f" of about {money(self._dollars * (1 + share))}"
        return f"{money(self._dollars)}{expected}"

    def _share_to_come(self) -> float | None:
        """What is expected still to come, in parts of what is done; None while nothing is."""
        done = self._results.total()
        if not done or not self._progress:
            return None
        under_way = max(0, self._total - self._done)
        return (self._progress.remaining + under_way) / done


@contextmanager
def watcher() -> Generator[Watcher]:
    """A listener that shows the run on stderr while the block runs."""
    screen = ProgressConsole()
    # FORCE_COLOR, which many build servers set, makes rich believe in a terminal; a file must not get a live line.
    if sys.stderr.isatty() and screen.is_interactive:
        with _live(screen) as watch:
            yield watch
    else:
        with _plain() as watch:
            yield watch


@contextmanager
def _live(screen: Console) -> Generator[Watcher]:
    watch = Watcher(lambda text: screen.print(Text(text, style="dim"), soft_wrap=True))
    # One column less than there are: some terminals begin a new line when the last one is filled.
    line = Live(
        get_renderable=lambda: watch.line(screen.width - 1),
        console=screen,
        refresh_per_second=1 / TICK_SECONDS,
        transient=True,
    )
    with line:
        yield watch


@contextmanager
def _plain() -> Generator[Watcher]:
    watch = Watcher(tell)
    stop = threading.Event()

    def speak() -> None:
        while not stop.wait(PLAIN_SECONDS):
            tell(watch.line(sys.maxsize).plain)

    speaker = threading.Thread(target=speak, name="astral-progress", daemon=True)
    speaker.start()
    try:
        yield watch
    finally:
        stop.set()
        speaker.join()


def _clock_face(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
