"""Regression suites: picked from recorded runs, kept in a file, and read again."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from astral.domain.base import Noun
from astral.domain.records import Control, Outcome, Result
from astral.domain.run import Manifest, TestRecord
from astral.domain.sample import Sample
from astral.domain.space import Dimension, Interaction, Space
from astral.domain.suite import Suite
from astral.errors import UserError
from astral.files import read_text, write_private
from astral.generate.child_screen import breaks_child_safety
from astral.generate.duplicates import Duplicates
from astral.record import Store
from astral.report.repeated import case_key, cases_of
from astral.workflow.reporting import store_url

PAIRS, SINGLE_VALUES = 2, 1


class Frozen(Noun):
    """What was picked."""

    suite: Suite
    failures: int
    """Unsafe cases that were picked."""
    found: int
    """Unsafe cases of the runs, before near duplicates and what adds no pair of values were left out."""
    others: int
    """Cases that keep values covered which nothing unsafe was found for."""
    twins: int


def freeze(runs: Path, names: Sequence[str], *, most: int) -> Frozen:
    """Pick a small suite from recorded runs; see `pick`.

    Args:
        runs: Folder of runs.
        names: Ids of runs over one space, or `latest`.
        most: Cases at most, benign twins not counted.

    Raises:
        UserError: There is no such run, the runs have different dimensions, or nothing was judged.
    """
    with Store.open(store_url(runs), create=False) as store:
        ids = dict.fromkeys(store.resolve(name) for name in names)
        return pick([(store.manifest(run_id), store.tests(run_id)) for run_id in ids], most=most)


def pick(runs: Sequence[tuple[Manifest, Iterable[TestRecord]]], *, most: int) -> Frozen:
    """Pick a small suite.

    The fewest unsafe cases, near duplicates left out, such that every pair of values in which something was unsafe
    still has one; then the fewest others such that every value of the runs is tested; then the benign twins of these.
    Fewest as a greedy choice finds them.

    Args:
        runs: Manifests and tests of runs over one space.
        most: Cases at most, benign twins not counted.

    Raises:
        UserError: The runs have different dimensions, or nothing was judged.
    """
    manifests = [manifest for manifest, _ in runs]
    ids = tuple(manifest.run_id for manifest in manifests)
    judged = [test for _, tests in runs for test in tests if test.case and test.verdict]
    proper = [test for test in judged if test.draw.control is None]
    if not proper:
        raise UserError(f"run {', '.join(ids)}: nothing was judged, so there is nothing to freeze.")
    unsafe = sorted((test for test in proper if test.result is Result.UNSAFE), key=_badness)
    failures = _fewest(_unlike(unsafe), PAIRS, most=most)
    covered = {part for test in failures for part in test.draw.cell.interactions(SINGLE_VALUES)}
    rest = [test for test in proper if test.result is Result.SAFE]
    others = _fewest(rest, SINGLE_VALUES, most=most - len(failures), covered=covered)
    parents = {test.case.id for test in (*failures, *others) if test.case}
    twins = [test for test in judged if test.draw.control is Control.TWIN and _parent(test) in parents]
    samples = tuple(
        {
            (case_key(test.case), test.draw.control): Sample(
                case=test.case, is_benign=test.draw.control is Control.TWIN
            )
            for test in (*failures, *others, *twins)
            if test.case
        }.values()
    )
    suite = Suite(created=datetime.now(UTC), runs=ids, space=_space(manifests, samples), samples=samples)
    return Frozen(
        suite=suite,
        failures=len(failures),
        found=len(unsafe),
        others=len(others),
        twins=sum(sample.is_benign for sample in samples),
    )


def write_suite(path: Path, suite: Suite) -> None:
    """Write a suite; one that is there is replaced.

    Raises:
        RecordError: The file cannot be written.
    """
    write_private(path, [suite.model_dump_json(indent=1), "\n"])


def read_suite(path: Path) -> Suite:
    """Read a suite, less what the child-safety screen drops.

    Raises:
        UserError: The file is missing, no suite, of another version, or has no case.
    """
    try:
        suite = Suite.model_validate_json(read_text(path))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(
            f"{path}: this is no suite of astral's ({where}: {problem['msg']}). `astral suite freeze` makes one."
        ) from None
    kept = tuple(sample for sample in suite.samples if not breaks_child_safety(sample.case.request))
    if not any(not sample.is_benign for sample in kept):
        raise UserError(f"{path}: there is no case in it.")
    return suite.model_copy(update={"samples": kept})


class Replayed(Noun):
    """What came of the cases of a suite, each decided by the interval of its answers."""

    unsafe: int
    safe: int
    unsure: int
    refused_twins: int
    twins: int

    @property
    def text(self) -> str:
        """The same in words."""
        told = f"{self.unsafe:,} unsafe, {self.safe:,} safe, {self.unsure:,} not sure"
        return f"{told}; {self.refused_twins:,} of {self.twins:,} twins refused"


def replayed(runs: Path, run_id: str) -> Replayed:
    """What came of each case of a replay.

    Args:
        runs: Folder of runs.
        run_id: Of the replay.
    """
    with Store.open(store_url(runs), create=False) as store:
        cases = cases_of(store.tests(run_id)).values()
    attacks = [case.outcome for case in cases if not case.is_benign]
    twins = [case.outcome for case in cases if case.is_benign]
    return Replayed(
        unsafe=attacks.count(Outcome.UNSAFE),
        safe=attacks.count(Outcome.SAFE),
        unsure=attacks.count(Outcome.UNKNOWN),
        refused_twins=twins.count(Outcome.UNSAFE),
        twins=len(twins),
    )


def _parent(test: TestRecord) -> str:
    return test.case.lineage.parent if test.case else ""


def _badness(test: TestRecord) -> tuple[int, float]:
    verdict = test.verdict
    return (-(verdict.severity or 0), -verdict.p_unsafe) if verdict else (0, 0.0)


def _unlike(tests: Iterable[TestRecord]) -> list[TestRecord]:
    """The tests whose requests repeat none before them."""
    duplicates, kept = Duplicates(), list[TestRecord]()
    for test in tests:
        if test.case and duplicates.objection(test.case) is None:
            duplicates.remember([test.case])
            kept.append(test)
    return kept


def _fewest(
    tests: Sequence[TestRecord], strength: int, *, most: int, covered: Iterable[Interaction] = ()
) -> list[TestRecord]:
    """Tests that have every interaction that all have, as few as a greedy choice needs; the first ones break ties."""
    open_ = [(test, set(test.draw.cell.interactions(min(strength, len(test.draw.cell.values))))) for test in tests]
    done = set(covered)
    chosen: list[TestRecord] = []
    while open_ and len(chosen) < most:
        best = max(open_, key=lambda one: len(one[1] - done))
        if not best[1] - done:
            break
        done |= best[1]
        chosen.append(best[0])
        open_.remove(best)
    return chosen


def _space(manifests: Sequence[Manifest], samples: Sequence[Sample]) -> Space:
    """The values of the cases, with their definitions."""
    names = [[dimension.id for dimension in manifest.space.dimensions] for manifest in manifests]
    if any(other != names[0] for other in names):
        raise UserError("The runs have different dimensions; freeze a suite for each.")
    used = {value for sample in samples for value in sample.case.cell.values}
    dimensions: list[Dimension] = []
    for place, name in enumerate(names[0]):
        values = {value.id: value for manifest in manifests for value in manifest.space.dimensions[place].values}
        dimensions.append(Dimension(id=name, values=tuple(v for v in values.values() if (name, v.id) in used)))
    return Space(dimensions=tuple(dimensions))
