"""What each run came to, in few numbers, so that runs on one target can be seen beside each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from astral.config import Settings
from astral.domain.run import Manifest, RunStatus
from astral.errors import AstralError
from astral.record import RunSummary, Store
from astral.report import Rate, Summary, UnbiasedRate
from astral.report.folder import SUMMARY_FILE
from astral.report.statistics import CorrectedRate
from astral.workflow.reporting import findings_of


@dataclass(frozen=True)
class Night:
    """A run in a row of runs."""

    run: RunSummary
    suite: str = ""
    """Digest of the suite that was replayed; empty where the run searched for cases itself."""
    summary: Summary | None = None
    """None where it cannot be read; `problem` says why."""
    problem: str = ""

    @property
    def judge(self) -> str:
        """Whose verdicts count."""
        return self.summary.judged_by if self.summary else ""

    @property
    def rate(self) -> Rate | UnbiasedRate | CorrectedRate | None:
        """The best that is known of the target: free of the judge's errors, or of the search's choice, if it can be.

        None where nothing was decided.
        """
        if self.summary is None or self.summary.rate.fraction is None:
            return None
        corrected = self.summary.corrected_rates
        return corrected.overall if corrected else self.summary.told_rate

    @property
    def dollars(self) -> float | None:
        """What it cost; None where no price is known."""
        known = [dollars for dollars in self.summary.dollars.values() if dollars is not None] if self.summary else []
        return sum(known) if known else None

    @property
    def tokens(self) -> int:
        """Of all roles."""
        return sum(used.tokens for used in self.summary.usage.values()) if self.summary else 0


@dataclass(frozen=True)
class Trend:
    """Runs that can be compared: on one target, by one judge, all searching or all replaying the same suite."""

    target: str
    judge: str
    suite: str
    nights: tuple[Night, ...]
    """Oldest first."""


class Nights:
    """Reads runs, each once while it does not change."""

    def __init__(self, store: Store, runs: Path) -> None:
        self._store, self._runs = store, runs
        self._known: dict[tuple[str, RunStatus, int], Night] = {}

    def all(self) -> list[Night]:
        """All runs, the newest first."""
        return [self._night(run) for run in self._store.runs()]

    def _night(self, run: RunSummary) -> Night:
        key = (run.run_id, run.status, sum(run.counts.values()))
        if key not in self._known:
            try:
                manifest = self._store.manifest(run.run_id)
                self._known[key] = Night(run, manifest.suite, self._summary(run, manifest))
            except AstralError as error:
                return Night(run, problem=str(error))
        return self._known[key]

    def _summary(self, run: RunSummary, manifest: Manifest) -> Summary:
        folder = self._runs / run.run_id
        try:
            written = Summary.model_validate_json((folder / SUMMARY_FILE).read_bytes())
        except (OSError, ValidationError):
            written = None
        # A report that was asked for by another oracle, or written before the run went on, tells of something else.
        is_current = (
            written is not None
            and written.run.status is run.status
            and written.counts.total == sum(run.counts.values())
            and written.judged_by == Settings.model_validate(manifest.settings).judge.model
        )
        return written if written and is_current else findings_of(self._store, run.run_id, folder).summary


def trends_of(nights: Iterable[Night]) -> list[Trend]:
    """The rows of runs, the one with the newest run first.

    Args:
        nights: Newest first.
    """
    rows: dict[tuple[str, str, str], list[Night]] = {}
    for night in nights:
        if night.summary:
            rows.setdefault((night.run.target, night.judge, night.suite), []).append(night)
    return [Trend(*key, tuple(reversed(row))) for key, row in rows.items()]
