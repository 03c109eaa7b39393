"""Two runs against each other: paired where they have the same cases, with intervals where they have not."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from astral.domain.base import Noun
from astral.domain.estimates import Estimate
from astral.domain.records import Outcome
from astral.domain.run import Manifest, TestRecord
from astral.domain.space import Cell
from astral.report.differences import difference, mcnemar_p, paired_difference
from astral.report.repeated import CaseFacts, cases_of
from astral.report.statistics import Rate


class RunSide(Noun):
    """One of the two runs; its rates count cases, however many answers each has."""

    run_id: str
    created: datetime
    target: str
    judge: str
    cases: int
    """With a decided or undecided answer, benign twins left out."""
    undecided: int
    """Cases of which the answers decide nothing; in no rate."""
    rate: Rate
    """Unsafe cases of the decided ones."""
    over_refusal: Rate
    """Refused benign twins of the decided ones."""


class Paired(Noun):
    """The cases that both runs decided."""

    cases: int
    both: int
    only_before: int
    only_after: int
    neither: int
    p_value: float
    """Of McNemar's exact test: small where more changed one way than the other than chance explains."""
    difference: Estimate
    """Mean change of the share of answers that are unsafe, with a bootstrap interval over the cases."""


class ValueChange(Noun):
    """The cases of one value in both runs, as independent samples."""

    id: str
    name: str
    before: Rate
    after: Rate
    difference: Estimate


class ChangedCase(Noun):
    """A case that turned."""

    cell: Cell
    before: Rate
    after: Rate
    severity: int | None
    """Of the unsafe answer, on whichever side it is; None where no oracle graded it."""
    test_before: int
    test_after: int
    """Numbers of the first tests of the case in the two runs."""


class RunComparison(Noun):
    """What changed from the first run to the second."""

    before: RunSide
    after: RunSide
    difference: Estimate
    """Of the rates, as of independent samples."""
    paired: Paired | None
    """None where no case is in both runs."""
    over_refusal_difference: Estimate
    over_refusal_paired: Paired | None
    by_dimension: Mapping[str, tuple[ValueChange, ...]]
    """Dimension → its values with a decided case on either side, in the order of the space."""
    newly_unsafe: tuple[ChangedCase, ...]
    """The gravest first."""
    newly_safe: tuple[ChangedCase, ...]
    newly_refused: tuple[ChangedCase, ...]
    """Benign twins that were answered and are refused now."""
    notes: tuple[str, ...]
    """What to mind when reading it."""


def compare_runs(
    before: tuple[Manifest, Iterable[TestRecord]], after: tuple[Manifest, Iterable[TestRecord]]
) -> RunComparison:
    """Compare two runs.

    Cases are known again by their messages and their cell. With several answers a case, it counts as unsafe only
    where the interval of its share of unsafe answers says so (`astral.report.repeated.outcome_of`).

    Args:
        before: Manifest and tests of the baseline.
        after: Manifest and tests of what is held against it.
    """
    first, second = cases_of(before[1]), cases_of(after[1])
    sides = _side(before[0], first), _side(after[0], second)
    common = [(first[key], second[key]) for key in first if key in second]
    attacks = [pair for pair in common if not pair[0].is_benign and not pair[1].is_benign]
    twins = [pair for pair in common if pair[0].is_benign and pair[1].is_benign]
    newly_unsafe = _turned(attacks, Outcome.SAFE, Outcome.UNSAFE)
    return RunComparison(
        before=sides[0],
        after=sides[1],
        difference=difference(sides[0].rate, sides[1].rate),
        paired=_paired(attacks),
        over_refusal_difference=difference(sides[0].over_refusal, sides[1].over_refusal),
        over_refusal_paired=_paired(twins),
        by_dimension=_by_dimension(before[0], after[0], first, second),
        newly_unsafe=tuple(sorted(newly_unsafe, key=lambda case: (-(case.severity or 0), -case.after.low))),
        newly_safe=tuple(_turned(attacks, Outcome.UNSAFE, Outcome.SAFE)),
        newly_refused=tuple(_turned(twins, Outcome.SAFE, Outcome.UNSAFE)),
        notes=tuple(_notes(before[0], after[0], sides, len(attacks))),
    )


def _side(manifest: Manifest, cases: Mapping[str, CaseFacts]) -> RunSide:
    attacks = [case for case in cases.values() if not case.is_benign]
    rate = _rate(attacks)
    return RunSide(
        run_id=manifest.run_id,
        created=manifest.created,
        target=manifest.models.get("target", ""),
        judge=manifest.models.get("judge", ""),
        cases=len(attacks),
        undecided=len(attacks) - rate.decided,
        rate=rate,
        over_refusal=_rate([case for case in cases.values() if case.is_benign]),
    )


def _rate(cases: Iterable[CaseFacts]) -> Rate:
    outcomes = [case.outcome for case in cases]
    unsafe = outcomes.count(Outcome.UNSAFE)
    return Rate.of(unsafe, unsafe + outcomes.count(Outcome.SAFE))


def _paired(pairs: Sequence[tuple[CaseFacts, CaseFacts]]) -> Paired | None:
    decided = [pair for pair in pairs if all(case.outcome is not Outcome.UNKNOWN for case in pair)]
    if not decided:
        return None
    turned = [(one.outcome is Outcome.UNSAFE, other.outcome is Outcome.UNSAFE) for one, other in decided]
    only_before, only_after = turned.count((True, False)), turned.count((False, True))
    # What is undecided by its interval still has a share, so the mean change takes it in.
    shares = [(one.rate.fraction, other.rate.fraction) for one, other in pairs]
    known = [(one, other) for one, other in shares if one is not None and other is not None]
    return Paired(
        cases=len(decided),
        both=turned.count((True, True)),
        only_before=only_before,
        only_after=only_after,
        neither=turned.count((False, False)),
        p_value=mcnemar_p(only_before, only_after),
        difference=paired_difference([one for one, _ in known], [other for _, other in known]),
    )


def _by_dimension(
    before: Manifest, after: Manifest, first: Mapping[str, CaseFacts], second: Mapping[str, CaseFacts]
) -> dict[str, tuple[ValueChange, ...]]:
    by_value: list[defaultdict[tuple[str, str], list[CaseFacts]]] = [defaultdict(list), defaultdict(list)]
    for cases, grouped in zip((first, second), by_value, strict=True):
        for case in cases.values():
            if not case.is_benign:
                for value in case.cell.values:
                    grouped[value].append(case)
    changes: dict[str, tuple[ValueChange, ...]] = {}
    for dimension in before.space.dimensions:
        other = after.space.by_id.get(dimension.id)
        names = {value.id: value.name for value in (*(other.values if other else ()), *dimension.values)}
        rated = [
            (value, _rate(by_value[0][dimension.id, value]), _rate(by_value[1][dimension.id, value])) for value in names
        ]
        changes[dimension.id] = tuple(
            ValueChange(id=value, name=names[value], before=one, after=two, difference=difference(one, two))
            for value, one, two in rated
            if one.decided or two.decided
        )
    return {dimension: values for dimension, values in changes.items() if values}


def _turned(pairs: Sequence[tuple[CaseFacts, CaseFacts]], was: Outcome, is_now: Outcome) -> list[ChangedCase]:
    return [
        ChangedCase(
            cell=other.cell,
            before=one.rate,
            after=other.rate,
            severity=other.severity if is_now is Outcome.UNSAFE else one.severity,
            test_before=one.tests[0],
            test_after=other.tests[0],
        )
        for one, other in pairs
        if one.outcome is was and other.outcome is is_now
    ]


def _notes(before: Manifest, after: Manifest, sides: tuple[RunSide, RunSide], common: int) -> list[str]:
    notes: list[str] = []
    judges = [manifest.models.get("judge", "") for manifest in (before, after)]
    if judges[0] != judges[1]:
        notes.append(
            f"Two judges decided, {judges[0]} and {judges[1]}: part of the difference may be theirs. "
            f"`astral judge {before.run_id} --oracle {judges[1]}` has one judge both."
        )
    if before.calibration != after.calibration:
        notes.append("The judge was calibrated differently in the two runs.")
    if not common:
        notes.append(
            "No case is in both runs, so only rates are compared: harder cases on one side count as its fault. "
            "Runs of one seed and one composer have the same cases."
        )
    elif common < min(sides[0].cases, sides[1].cases):
        notes.append(f"{common:,} cases are in both runs; the rates also count those that are in one alone.")
    notes.append(
        "Of twenty values whose rate did not change, one has an interval that leaves out zero by chance alone."
    )
    return notes
