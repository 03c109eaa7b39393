"""What is counted while the tests of a record go by, once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import islice, product

from astral.domain.criterion import Criterion, OpenInteraction, Progress
from astral.domain.drafting import Drafting
from astral.domain.records import Control, Outcome, Result, Stage, Usage, Verdict
from astral.domain.run import TestRecord
from astral.domain.space import Cell, Interaction, Space
from astral.report.ends import Ends
from astral.report.evidence import EvidenceFold
from astral.report.guards import GuardFold
from astral.report.over_refusal import TwinFold
from astral.report.summary import Breakdown, Counts, CoverageFacts, FailureGroup, Group, JudgeFacts, WorstCell
from astral.report.text import one_line

WORST_CELLS = 10
OPEN_INTERACTIONS_NAMED = 500
"""More than a reader will read; the number of all stands beside them."""


@dataclass
class _UnsafeTests:
    """The unsafe answers of a cell."""

    numbers: list[int] = field(default_factory=list[int])
    p_unsafe: float = 0.0
    """Of the one that the oracle is surest of."""
    severity: int | None = None
    """Of the worst one that was graded."""

    def add(self, number: int, verdict: Verdict) -> None:
        """Take note of one."""
        self.numbers.append(number)
        self.p_unsafe = max(self.p_unsafe, verdict.p_unsafe)
        graded = [severity for severity in (self.severity, verdict.severity) if severity is not None]
        self.severity = max(graded, default=None)


class TestFold:
    """What is counted while the record goes by."""

    def __init__(self, space: Space, criterion: Criterion) -> None:
        self.space, self.criterion = space, criterion
        names = list(space.by_id)
        self.groups = [tuple(map(names.index, group)) for group in criterion.dimension_groups(names)]
        self.results: Counter[Result] = Counter()
        self.by_value: defaultdict[tuple[str, str], Counter[Result]] = defaultdict(Counter)
        self.by_interaction: defaultdict[Interaction, Counter[Result | None]] = defaultdict(Counter)
        self.by_cell: defaultdict[Cell, Counter[Result]] = defaultdict(Counter)
        self.unsafe_by_cell: defaultdict[Cell, _UnsafeTests] = defaultdict(_UnsafeTests)
        self.severities: Counter[int | None] = Counter()
        """Of the UNSAFE answers; None where the judge did not grade."""
        self.steps: Counter[str] = Counter()
        self.failure_counts: Counter[tuple[Stage, str]] = Counter()
        self.failure_examples: dict[tuple[Stage, str], str] = {}
        self.controls: defaultdict[Control, Counter[Result]] = defaultdict(Counter)
        self.evidence = EvidenceFold()
        self.twins = TwinFold()
        self.guards = GuardFold()
        self.target_usage = Usage()
        self.judges: dict[str, JudgeFacts] = {}
        self.finished = Ends()
        self.is_search = False
        """Some of the finished tests were chosen by a search."""
        self.draftings: list[Drafting] = []

    def add(self, test: TestRecord) -> None:
        """Count one test."""
        result, cell = test.result, test.draw.cell
        if test.draw.control is Control.TWIN:
            self.twins.add(test)
            self.guards.add(test)
            return
        if test.draw.control is not None:
            if result is not None:
                self.controls[test.draw.control][result] += 1
            return
        self._add_steps(test, result)
        self.guards.add(test)
        if test.case is not None:
            self.evidence.add(test.case)
        self.cover(cell, result)
        if result is None:
            return
        self.finished.add(test.draw, result)
        self.is_search |= test.draw.probability < 1
        self._add_votes(test.verdict)
        self.results[result] += 1
        self.by_cell[cell][result] += 1
        for value in cell.values:
            self.by_value[value][result] += 1
        if test.verdict is not None and result is Result.UNSAFE:
            self.unsafe_by_cell[cell].add(test.draw.number, test.verdict)
            self.severities[test.verdict.severity] += 1
        if result is Result.FAILED and test.failure is not None:
            kind = (test.failure.stage, test.failure.error)
            self.failure_counts[kind] += 1
            self.failure_examples.setdefault(kind, one_line(test.failure.message))

    def cover(self, cell: Cell, result: Result | None) -> None:
        """Count a test for coverage."""
        for group in self.groups:
            self.by_interaction[tuple(cell.values[place] for place in group)][result] += 1

    def _add_votes(self, verdict: Verdict | None) -> None:
        if verdict is None:
            return
        for vote in verdict.votes:
            before = self.judges.get(vote.judge, JudgeFacts(judge=vote.judge))
            self.judges[vote.judge] = JudgeFacts(
                judge=vote.judge,
                votes=before.votes + 1,
                unsafe=before.unsafe + (vote.outcome is Outcome.UNSAFE),
                unknown=before.unknown + (vote.outcome is Outcome.UNKNOWN),
                agreed=before.agreed + (vote.outcome is verdict.outcome),
                usage=_sum_usage(before.usage, vote.usage),
            )

    def _add_steps(self, test: TestRecord, result: Result | None) -> None:
        steps = self.steps
        steps["planned"] += 1
        steps["unfinished"] += result is None
        steps["generated"] += test.case is not None
        if test.drafting is not None:
            self.draftings.append(test.drafting)
            steps["drafts"] += len(test.drafting.drafts)
        steps["judged"] += test.verdict is not None
        steps["screened_out"] += (
            result is Result.FAILED and test.failure is not None and test.failure.stage is Stage.GENERATE
        )
        if test.transcript is not None:
            steps["executed"] += 1
            steps[test.transcript.ending.value] += 1
            self.target_usage = _sum_usage(self.target_usage, test.transcript.usage)

    def by_dimension(self) -> tuple[Breakdown, ...]:
        """The tests by every value of the space."""
        return tuple(
            Breakdown(
                dimension=dimension.id,
                groups=tuple(
                    group_of(value.id, value.name, self.by_value.get((dimension.id, value.id), Counter()))
                    for value in dimension.values
                ),
            )
            for dimension in self.space.dimensions
        )

    def coverage(self, progress: Progress) -> CoverageFacts:
        """How far the criterion is met; the planner's numbers, and what the record adds to them."""
        decided = sum(
            self._is_judged(interaction) and bool(results[Result.SAFE] or results[Result.UNSAFE])
            for interaction, results in list(self.by_interaction.items())
        )
        not_open = {lost.interaction for lost in (*progress.given_up, *progress.infeasible)}
        still_open = (
            OpenInteraction(interaction=interaction, reason=_why_open(self.by_interaction.get(interaction, Counter())))
            for interaction in self._interactions()
            if interaction not in not_open and not self._is_judged(interaction)
        )
        named = min(progress.open, OPEN_INTERACTIONS_NAMED)
        return CoverageFacts(
            strength=self.criterion.strength,
            criterion=self.criterion,
            remaining=progress.remaining,
            demands=progress.demands,
            required=progress.required,
            covered=progress.covered,
            decided=decided,
            open=progress.open,
            given_up=len(progress.given_up),
            fraction=progress.fraction,
            open_interactions=tuple(islice(still_open, named)),
            given_up_interactions=progress.given_up,
            infeasible=len(progress.infeasible),
            infeasible_interactions=progress.infeasible[:OPEN_INTERACTIONS_NAMED],
        )

    def _is_judged(self, interaction: Interaction) -> bool:
        results = self.by_interaction.get(interaction, Counter())
        return sum(results[result] for result in Result if result.is_judged) >= self.criterion.repeats

    def _interactions(self) -> Iterator[Interaction]:
        """All that the criterion asks for, whether or not they can be tested."""
        for group in self.groups:
            dimensions = [self.space.dimensions[place] for place in group]
            yield from product(*([(part.id, value.id) for value in part.values] for part in dimensions))

    def worst_cells(self, by_dimension: Iterable[Breakdown]) -> tuple[WorstCell, ...]:
        """The cells with unsafe answers, worst first.

        A cell's own lower bound comes first, so that what was seen often outranks what was seen once; among cells
        tested equally often the oracle's certainty decides, then severity, then how bad the cell's values are.
        """
        lows = {(part.dimension, group.id): group.rate.low for part in by_dimension for group in part.groups}
        cells = (
            WorstCell(
                cell=cell,
                rate=Counts.of(self.by_cell[cell]).rate,
                p_unsafe=unsafe.p_unsafe,
                severity=unsafe.severity,
                values_low=sum(lows.get(value, 0.0) for value in cell.values) / len(cell.values),
                tests=tuple(unsafe.numbers),
            )
            for cell, unsafe in self.unsafe_by_cell.items()
        )
        return tuple(nsmallest(WORST_CELLS, cells, key=_badness))

    def failures(self) -> tuple[FailureGroup, ...]:
        """Failures by stage and error, the most frequent first."""
        return tuple(
            FailureGroup(stage=stage, error=error, count=count, example=self.failure_examples[stage, error])
            for (stage, error), count in sorted(self.failure_counts.items(), key=lambda item: (-item[1], item[0]))
        )


def _badness(worst: WorstCell) -> tuple[float, float, int, float, tuple[int, ...]]:
    return (-worst.rate.low, -worst.p_unsafe, -(worst.severity or 0), -worst.values_low, worst.tests)


def group_of(group_id: str, name: str, results: Mapping[Result, int]) -> Group:
    """Tests that have something in common, by how they ended."""
    counts = Counts.of(results)
    return Group(id=group_id, name=name, counts=counts, rate=counts.rate)


def _why_open(results: Mapping[Result | None, int]) -> str:
    tried = [(None, "under way"), (Result.FAILED, "failed"), (Result.BLOCKED, "blocked")]
    found = [f"{word} {results[key]} time{'s' if results[key] > 1 else ''}" for key, word in tried if results.get(key)]
    judged = sum(results.get(result, 0) for result in Result if result.is_judged)
    if judged:
        found.insert(0, f"judged {judged} time{'s' if judged > 1 else ''}")
    return ", ".join(found).replace("under way 1 time", "under way") or "never tried"


def _sum_usage(first: Usage, second: Usage) -> Usage:
    return Usage(
        prompt_tokens=first.prompt_tokens + second.prompt_tokens,
        completion_tokens=first.completion_tokens + second.completion_tokens,
    )
