"""What a run leaves for people, made from its record alone: at its end, and whenever it is asked for again."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from astral.config import Environment, Settings
from astral.domain.chat import ModelRole
from astral.domain.ports import Embedder
from astral.domain.records import Control, Ending, Failure, Outcome, Stage, Verdict
from astral.domain.run import Manifest, TestEnd, TestRecord
from astral.domain.space import Cell
from astral.errors import UnknownNameError, UserError
from astral.files import write_private
from astral.judge import calibration_note, oracle_note
from astral.plugins import Port, has_part
from astral.record import RunSummary, Store
from astral.report import ReportFolder, Summary, diversity_of_run, summarise
from astral.report.change import Change, change_since
from astral.report.diversity import LEAST_EMBEDDED, DiversityFacts, sampled
from astral.report.forms import Form, render
from astral.report.statistics import CorrectedRates
from astral.workflow.attackers import screens_by_meaning
from astral.workflow.people import PEOPLE, is_person, labels_of, outcomes_of
from astral.workflow.planning import continued_results, planner_of
from astral.workflow.requests import cached_embedder, requests_of

if TYPE_CHECKING:
    from astral.report.explain import Explanation

EXPLAINED_IN_PAGES = 20_000
"""Tests; looking for what drives more of them takes minutes, which only who asks for it should wait."""
MANIFEST_FILE, SETTINGS_FILE, SUITE_FILE = "manifest.json", "settings.json", "suite.json"


def store_url(runs: Path) -> str:
    """Address of the store: in the folder of runs, unless the environment names another."""
    named = Environment().astral_store
    return named.get_secret_value() if named else f"sqlite:///{runs / 'astral.db'}"


def new_run_id(created: datetime) -> str:
    """An id that sorts by time and that no other process makes at the same one."""
    return f"{created:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def list_runs(runs: Path) -> list[RunSummary]:
    """All runs, the newest first; none where nothing was ever run."""
    if not Environment().astral_store and not (runs / "astral.db").exists():
        return []
    with Store.open(store_url(runs)) as store:
        return store.runs()


def report_of(runs: Path, run: str, *, reveal: bool, oracle: str = "") -> tuple[Summary, Path]:
    """Write a run's report again.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.
        reveal: Put the texts of cases and answers into the pages.
        oracle: Whose verdicts count, among those that judged the run later; by default the run's own.

    Returns:
        The run's numbers, and its folder.

    Raises:
        UserError: There is no such run, or this oracle judged nothing of it.
    """
    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        folder = runs / run_id
        folder.mkdir(mode=0o700, exist_ok=True)
        return write_report_of(store, run_id, folder, reveal=reveal, oracle=oracle), folder


def explanation_of(runs: Path, run: str) -> "Explanation":
    """What drives the unsafe answers of a run.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.

    Raises:
        UserError: There is no such run, or none of its answers was decided.
    """
    # Late, so that a report without it stays free of numpy.
    from astral.report.explain import explain

    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        return explain(store.manifest(run_id), store.ends(run_id))


def rendered(runs: Path, run: str, form: Form, *, reveal: bool, oracle: str = "") -> str:
    """A run's report in a form for other programs; arguments and errors as those of `report_of`."""
    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        found = findings_of(store, run_id, runs / run_id, oracle=oracle)
        return render(form, found.manifest, found.summary, list(found.tests), reveal=reveal)


def write_report_of(store: Store, run_id: str, folder: Path, *, reveal: bool, oracle: str = "") -> Summary:
    """Summarise a run and write its pages into its folder; arguments as those of `report_of`."""
    report = ReportFolder(folder, reveal=reveal)
    found = findings_of(store, run_id, folder, oracle=oracle, noting=report.noting)
    report.write(found.summary, explanation=found.explanation)
    return found.summary


@dataclass(frozen=True)
class RecordedTests:
    """The tests of a run, read from the record whenever somebody goes through them: memory holds a page of them."""

    store: Store
    run_id: str
    oracle: str = ""
    """Whose verdicts they have; by default the run's own."""

    def __iter__(self) -> Iterator[TestRecord]:
        tests = self.store.tests(self.run_id)
        return judged_by(self.store, self.run_id, self.oracle, tests) if self.oracle else tests

    def ends(self) -> Iterator[TestEnd]:
        """How each of them ended."""
        if not self.oracle:
            return self.store.ends(self.run_id)
        return (TestEnd(test.draw, test.result, test.case_id) for test in self)


@dataclass(frozen=True)
class Findings:
    """What the record says of a run, and what its pages are made from."""

    manifest: Manifest
    tests: RecordedTests
    summary: Summary

    @property
    def explanation(self) -> "Explanation | None":
        """What drives the unsafe answers; None where nothing was decided, or so much that it takes long."""
        if self.summary.counts.total > EXPLAINED_IN_PAGES or not self.summary.rate.decided:
            return None
        # Late, as above.
        from astral.report.explain import explain

        return explain(self.manifest, self.tests.ends())


def findings_of(
    store: Store,
    run_id: str,
    folder: Path,
    *,
    oracle: str = "",
    noting: Callable[[Iterable[TestRecord]], Iterable[TestRecord]] = iter,
) -> Findings:
    """Read a run.

    Args:
        store: Holds the run.
        run_id: Its id.
        folder: In which its report lies.
        oracle: Whose verdicts count; by default the run's own.
        noting: Sees each test as it passes, so that whoever needs the tests themselves does not read them again.
    """
    manifest = store.manifest(run_id)
    settings = Settings.model_validate(manifest.settings)
    tests = RecordedTests(store, run_id, oracle)
    earlier = list(continued_results(manifest, store))
    with requests_of(manifest, store) as requests:
        planner = planner_of(manifest, requests)
        planner.observe(earlier)
        planner.observe((end.draw, end.result) for end in store.ends(run_id) if end.result is not None)
        progress = planner.progress()
    corrected = corrected_rates_of(store, manifest)
    summary = summarise(
        manifest,
        noting(tests),
        progress,
        status=store.status(run_id),
        usage={role: usage for role, usage in store.usage(run_id).items() if role in {*ModelRole}},
        diversity=_diversity(settings, store, run_id, folder.parent),
        oracle_note=_note(manifest, oracle or settings.judge.model),
        judged_by=oracle or settings.judge.model,
        other_oracles=store.other_oracles(run_id),
        corrected_rates=corrected,
        change=_change(store, manifest, tests.ends(), judge=oracle or settings.judge.model),
        command=_command(manifest, folder),
        earlier=earlier,
    )
    return Findings(manifest, tests, summary)


def _change(store: Store, manifest: Manifest, tests: Iterable[TestEnd], *, judge: str) -> Change | None:
    """What changed since the last run on the same target that judged anything."""
    target = manifest.models.get("target")
    on_target = store.runs_of(target) if target else [manifest.run_id]
    for earlier in reversed(on_target[: on_target.index(manifest.run_id)]):
        known = store.manifest(earlier)
        # A suite of failures is no measure for a run that searched for them, nor the other way round.
        if known.suite == manifest.suite and (judged := store.coverage(earlier)).tallies:
            return change_since(known, judged, tests, judge=judge)
    return None


def _command(manifest: Manifest, folder: Path) -> str:
    """What repeats a run."""
    done = f"replay {folder / SUITE_FILE} --samples {manifest.samples}" if manifest.suite else "generate"
    return f"astral {done} --config {folder / SETTINGS_FILE}"


def _diversity(settings: Settings, store: Store, run_id: str, runs: Path) -> DiversityFacts | None:
    """Diversity of the cases: all have vectors in the cache where the screen embedded them, else some are embedded."""
    written = store.written(run_id)
    chosen = sampled(written, seed=settings.seed)
    embeds_all = screens_by_meaning(settings)

    def told(embedder: Embedder | None = None) -> DiversityFacts | None:
        return diversity_of_run(
            store.tests(run_id, chosen),
            seed=settings.seed,
            embedder=embedder,
            embeds_all=embeds_all,
            is_sample=len(chosen) < len(written),
        )

    if not embeds_all and len(chosen) < LEAST_EMBEDDED:
        return told()
    try:
        with closing(cached_embedder(settings.model_copy(update={"runs": runs}))) as embedder:
            return told(embedder)
    except UserError:
        # The run may come from a machine that has another embedder: only the Vendi score needs one.
        return told()


def _note(manifest: Manifest, judge: str) -> str:
    known = manifest.calibration
    if known and known.oracle == judge:
        return calibration_note(known)
    return oracle_note(judge, is_alone=has_part(Port.ORACLE, judge) or is_person(judge))


def corrected_rates_of(store: Store, manifest: Manifest) -> CorrectedRates | None:
    """Rates of a run freed from its judge's errors; None where neither labels nor a calibration tell of them.

    Args:
        store: Holds the run, and what people said.
        manifest: Of the run.
    """
    labels = outcomes_of(labels_of(store, manifest.run_id))
    if not labels and manifest.calibration is None:
        return None
    # Late, as above.
    from astral.report.correction import Audit, corrected_rates

    verdicts: dict[int, Outcome] = {}
    cells: dict[int, Cell] = {}
    for test in store.ends(manifest.run_id):
        if test.result and test.result.is_judged and not test.draw.control:
            verdicts[test.draw.number], cells[test.draw.number] = Outcome(test.result.upper()), test.draw.cell
    audit = Audit(
        verdicts=verdicts, labels=labels, strata=store.strata(manifest.run_id), calibration=manifest.calibration
    )
    return corrected_rates(audit, cells, manifest.space)


def judged_by(store: Store, run_id: str, oracle: str, tests: Iterable[TestRecord]) -> Iterator[TestRecord]:
    """The tests as if this oracle had judged them; an answer that it did not judge counts as failed.

    Raises:
        UnknownNameError: It judged nothing of this run.
    """
    known = store.other_oracles(run_id)
    verdicts = labels_of(store, run_id) if oracle == PEOPLE else store.verdicts_of(run_id, oracle)
    if not verdicts:
        hint = f"`astral judge {run_id} --oracle {oracle}` adds its verdicts."
        raise UnknownNameError("oracle that judged this run", oracle, list(known), where=f"run {run_id}", hint=hint)
    return (_with_verdict(test, verdicts, oracle) for test in tests)


def _with_verdict(test: TestRecord, verdicts: Mapping[int, Verdict], oracle: str) -> TestRecord:
    if not is_answered(test):
        return test
    verdict, number = verdicts.get(test.draw.number), test.draw.number
    failure = Failure(number=number, stage=Stage.JUDGE, error="OracleError", message=f"{oracle} did not judge it.")
    return test.model_copy(update={"verdict": verdict, "failure": None if verdict else failure})


def is_answered(test: TestRecord) -> bool:
    """There is an answer of the target to judge; benign twins have a judge of their own."""
    if test.draw.control is Control.TWIN:
        return False
    return test.case is not None and test.transcript is not None and test.transcript.ending is not Ending.BLOCKED


def write_facts(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, and the settings as a file with which the run can be repeated; both hold no secret."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / MANIFEST_FILE, [manifest.model_dump_json(indent=2), "\n"])
    settings = {key: value for key, value in manifest.settings.items() if value is not None}
    write_private(folder / SETTINGS_FILE, [json.dumps(settings, indent=2, ensure_ascii=False), "\n"])
