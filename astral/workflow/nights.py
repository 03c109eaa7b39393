"""A night: coverage goes on where the last one ended, the suite is replayed, and thresholds say how it ends."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from astral.config import FailOn, Settings
from astral.domain.base import Noun
from astral.domain.run import Manifest, RunStatus
from astral.errors import ExitCode
from astral.files import make_folder, write_private
from astral.record import Store
from astral.report import Summary, headline, percent, to_json
from astral.report.comparison import RunComparison
from astral.report.comparison_pages import changed_text, comparison_headline, render_comparison
from astral.report.words import rate_text
from astral.workflow.comparing_runs import compare_recorded
from astral.workflow.reporting import rendered, store_url
from astral.workflow.suites import Replayed, freeze, write_suite

MOST_FROZEN = 100
"""Cases of a suite that a night freezes."""
_NEXT_TO_NOTHING = 1e-6
"""Dollars or minutes: a budget holds something."""
_PRECEDENCE = (ExitCode.UNSAFE, ExitCode.FAILED, ExitCode.INCOMPLETE)


class Reason(Noun):
    """Why a night does not end with 0."""

    exit_code: ExitCode
    text: str


class Night(Noun):
    """What a night came to."""

    run_id: str
    target: str
    headline: str
    coverage: float
    """Share of the criterion that is met, earlier nights included."""
    replay_id: str = ""
    replayed: Replayed | None = None
    compared_with: str = ""
    """Id of the run that this night was held against; empty where there was none."""
    change: str = ""
    """What changed, in one sentence."""
    reasons: tuple[Reason, ...] = ()
    exit_code: ExitCode = ExitCode.OK


def continuing(days: float) -> Callable[[Store, Manifest], Mapping[str, int]]:
    """Picks the runs whose coverage a new one continues: over the same space, on the same target, not too old.

    Args:
        days: How old they may be.
    """

    def pick(store: Store, manifest: Manifest) -> Mapping[str, int]:
        # How far requests are apart is told from a run's own record alone.
        if manifest.criterion.diversity is not None:
            return {}
        oldest = manifest.created - timedelta(days=days)
        known = [store.manifest(run_id) for run_id in store.runs_on(manifest.space, manifest.models["target"])]
        return {
            each.run_id: store.closed_rounds(each.run_id)
            for each in known
            if each.created >= oldest and not each.suite and each.models.get("judge") == manifest.models["judge"]
        }

    return pick


def rest_of(settings: Settings, spent: Summary, *, seconds: float) -> Settings:
    """The settings for the second run of a night, with what the first one left of the budget.

    Where nothing is left, next to nothing is given, so that the run ends in order and says so.

    Args:
        settings: Of the night.
        spent: Of the run that is over.
        seconds: Since the night began.
    """
    told = settings.budget
    tokens = sum(usage.tokens for usage in spent.usage.values())
    dollars = sum(filter(None, spent.dollars.values()))
    left = {
        "tokens": told.tokens and max(1, told.tokens - tokens),
        "dollars": told.dollars and max(_NEXT_TO_NOTHING, told.dollars - dollars),
        "minutes": told.minutes and max(_NEXT_TO_NOTHING, told.minutes - seconds / 60),
    }
    return settings.model_copy(update={"budget": told.model_copy(update=left)})


def freeze_night(runs: Path, path: Path, run_id: str) -> str:
    """Freeze the suite that later nights replay from the run of the first one; what was frozen, in words."""
    found = freeze(runs, [run_id], most=MOST_FROZEN)
    write_suite(path, found.suite)
    return f"Froze {found.failures:,} unsafe cases, {found.others:,} others and {found.twins:,} twins into {path}."


def night_before(runs: Path, run_id: str) -> str | None:
    """The last finished run of the same kind: a replay of the same suite, or one over the same space, same target.

    Args:
        runs: Folder of runs.
        run_id: Of this night's run.
    """
    with Store.open(store_url(runs), create=False) as store:
        manifest = store.manifest(run_id)
        ids = store.runs_on(manifest.space, manifest.models["target"])
        for earlier in reversed(ids[: ids.index(run_id)]):
            is_over = store.status(earlier) not in {RunStatus.RUNNING, RunStatus.FAILED}
            if is_over and store.manifest(earlier).suite == manifest.suite:
                return earlier
    return None


def reasons_of(told: FailOn, summary: Summary, replay: RunStatus | None, change: RunComparison | None) -> list[Reason]:
    """Why a night does not end with 0.

    Args:
        told: The thresholds.
        summary: Of the run that went on with the coverage.
        replay: How the suite's replay ended; None where there was none.
        change: From the night before to this one; None where there is nothing to compare.
    """
    reasons: list[Reason] = []
    rate = summary.told_rate
    if told.unsafe_rate is not None and rate.fraction is not None and rate.low > told.unsafe_rate:
        text = f"the unsafe rate {rate_text(rate)} is above {percent(told.unsafe_rate)} with 95 % confidence"
        reasons.append(Reason(exit_code=ExitCode.UNSAFE, text=text))
    if told.newly_unsafe is not None and change:
        for case in change.newly_unsafe:
            if case.severity is None or case.severity >= told.newly_unsafe:
                cell = " · ".join(value for _, value in case.cell.values)
                reasons.append(Reason(exit_code=ExitCode.UNSAFE, text=f"newly unsafe: {cell}: {changed_text(case)}"))
    if RunStatus.FAILED in {summary.run.status, replay}:
        text = "a run failed: every test of a round did, or an endpoint was down for too long"
        reasons.append(Reason(exit_code=ExitCode.FAILED, text=text))
    covered = summary.coverage.fraction
    if told.coverage is not None and covered < told.coverage:
        text = f"coverage is {percent(covered)}, below {percent(told.coverage)}"
        reasons.append(Reason(exit_code=ExitCode.INCOMPLETE, text=text))
    elif told.coverage is None and summary.run.status not in {RunStatus.MET, RunStatus.FAILED}:
        text = f"coverage is {percent(covered)}: the criterion is not met yet; the next night goes on"
        reasons.append(Reason(exit_code=ExitCode.INCOMPLETE, text=text))
    if replay not in {None, RunStatus.MET, RunStatus.FAILED}:
        text = "the suite was not replayed as a whole: the budget ended, or cases failed or were blocked"
        reasons.append(Reason(exit_code=ExitCode.INCOMPLETE, text=text))
    return reasons


def conclude(
    settings: Settings, summary: Summary, replay: Summary | None, found: Replayed | None
) -> tuple[Night, RunComparison | None]:
    """Hold a night against the one before, and decide how it ends.

    Args:
        settings: Of the night.
        summary: Of the run that went on with the coverage.
        replay: Of the suite's replay; None where there was none.
        found: What came of the suite's cases.
    """
    compared = (replay or summary).run.run_id
    before = night_before(settings.runs, compared)
    change = compare_recorded(settings.runs, before, compared) if before else None
    reasons = reasons_of(settings.fail_on, summary, replay.run.status if replay else None, change)
    codes = {reason.exit_code for reason in reasons}
    night = Night(
        run_id=summary.run.run_id,
        target=settings.target.model,
        headline=_headline(settings, summary),
        coverage=summary.coverage.fraction,
        replay_id=replay.run.run_id if replay else "",
        replayed=found,
        compared_with=before or "",
        change=comparison_headline(change) if change else "",
        reasons=tuple(reasons),
        exit_code=next((code for code in _PRECEDENCE if code in codes), ExitCode.OK),
    )
    return night, change


def _headline(settings: Settings, summary: Summary) -> str:
    """The headline of the run; where earlier nights had left nothing to do, that."""
    if summary.counts.total or summary.run.status is not RunStatus.MET:
        return headline(summary)
    days = f"{settings.nightly.days:g}"
    return f"Nothing new was tested: runs of the last {days} days cover everything; `budget: {{cases: N}}` searches on."


def night_lines(night: Night) -> list[str]:
    """A night in a few lines, without any text of a case or an answer."""
    lines = [f"{night.target}: {night.headline}", f"Coverage {percent(night.coverage)}"]
    if night.replayed:
        lines.append(f"Suite: {night.replayed.text}")
    if night.change:
        lines.append(f"Since {night.compared_with}: {night.change}")
    lines += [f"Exit {reason.exit_code.value}: {reason.text}" for reason in night.reasons]
    return lines


def write_night(out: Path, runs: Path, night: Night, change: RunComparison | None, *, reveal: bool) -> list[Path]:
    """Write a night's reports under the same names every night, so that a build can keep them.

    Args:
        out: Folder; made where it is missing.
        runs: Folder of runs.
        night: What it came to.
        change: From the night before; None where there is nothing to compare.
        reveal: Put the texts of cases and answers into the reports.

    Raises:
        UserError: The folder cannot be made.
        RecordError: The folder cannot be written.
    """
    make_folder(out)
    # The suite is what is the same every night: its cases are the tests that a build shows.
    shown = night.replay_id or night.run_id
    texts = {
        "night.json": to_json(night) + "\n",
        "night.md": "\n".join(f"- {line}" for line in night_lines(night))
        + "\n\n"
        + rendered(runs, night.run_id, "md", reveal=reveal),
        "junit.xml": rendered(runs, shown, "junit", reveal=reveal),
        "report.sarif": rendered(runs, shown, "sarif", reveal=reveal),
    }
    if change:
        texts["change.md"] = render_comparison(change, html=False)
        texts["change.html"] = render_comparison(change, html=True)
    return [write_private(out / name, [text]) for name, text in texts.items()]
