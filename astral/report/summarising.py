"""The record folded into the numbers of a run: one pass, and nothing that the record does not hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from astral.domain.criterion import Progress
from astral.domain.drafting import rejections_of, yields_of
from astral.domain.records import Draw, Result, Usage
from astral.domain.run import Manifest, RunStatus, TestRecord
from astral.domain.space import Space
from astral.report.change import Change
from astral.report.compliance import StandardFacts, compliance_of
from astral.report.controls import controls_of
from astral.report.diversity import DiversityFacts
from astral.report.fold import TestFold, group_of
from astral.report.metrics import Metrics, cosa_score, resource_disparity, severity_weighted_rate
from astral.report.statistics import CorrectedRates, Rate, UnbiasedRate, UnbiasedRates
from astral.report.summary import Breakdown, Counts, Funnel, Group, RunFacts, Summary

LANGUAGE_DIMENSION = "language"
RESOURCE_TRAIT = "resource"


def summarise(
    manifest: Manifest,
    tests: Iterable[TestRecord],
    progress: Progress,
    *,
    status: RunStatus,
    seconds: float | None = None,
    usage: Mapping[str, Usage] | None = None,
    diversity: DiversityFacts | None = None,
    oracle_note: str = "",
    command: str = "",
    judged_by: str = "",
    other_oracles: Mapping[str, int] | None = None,
    corrected_rates: CorrectedRates | None = None,
    earlier: Iterable[tuple[Draw, Result]] = (),
    change: Change | None = None,
) -> Summary:
    """The numbers of a run.

    Args:
        manifest: The run's manifest.
        tests: All of the run's tests, in the order of their numbers; read once.
        progress: How far the criterion is met, as the planner tells it after these tests.
        status: How far the run is.
        seconds: Wall clock time that the run took, if known.
        usage: Tokens by role, from the journalled calls; the target's are else summed from the transcripts.
        diversity: How different the cases are from each other, if it was computed.
        oracle_note: What is known about the oracle's quality, in plain words.
        command: What was typed to start the run.
        judged_by: Whose verdicts the tests have.
        other_oracles: Who else judged the run, and how many answers.
        corrected_rates: Rates freed from the judge's errors.
        earlier: How tests of earlier runs ended that count for coverage, and nowhere else.
        change: What changed since the last run on the same target.
    """
    fold = TestFold(manifest.space, manifest.criterion)
    for test in tests:
        fold.add(test)
    for draw, result in earlier:
        fold.cover(draw.cell, result)
    used = {"target": fold.target_usage, **(usage or {})}
    by_dimension = fold.by_dimension()
    total = Counts.of(fold.results)
    over_refusal = fold.twins.over_refusal(manifest.space)
    unbiased_rates = _unbiased_rates(manifest, fold)
    return Summary(
        run=RunFacts(
            run_id=manifest.run_id,
            created=manifest.created,
            status=status,
            seconds=seconds,
            astral_version=manifest.astral_version,
            seed=manifest.seed,
            command=command,
            models=manifest.models,
            taxonomies=manifest.taxonomies,
            prompts=manifest.prompts,
            settings=manifest.settings,
        ),
        counts=total,
        rate=total.rate,
        unbiased_rates=unbiased_rates,
        corrected_rates=corrected_rates,
        judged_by=judged_by,
        other_oracles=other_oracles or {},
        judges=tuple(fold.judges.values()),
        by_dimension=by_dimension,
        by_resource_level=_by_resource_level(manifest.space, fold.by_value),
        metrics=Metrics(
            cosa_score=cosa_score(total.rate, over_refusal),
            severity_weighted_rate=severity_weighted_rate(fold.severities, total.rate.decided),
            resource_disparity=resource_disparity(_rates_by_resources(manifest.space, by_dimension, unbiased_rates)),
        ),
        coverage=fold.coverage(progress),
        worst_cells=fold.worst_cells(by_dimension),
        funnel=Funnel(**fold.steps, rejected=rejections_of(fold.draftings)),
        generators=yields_of(fold.draftings),
        failures=fold.failures(),
        evidence=fold.evidence.facts(manifest.created),
        usage=used,
        dollars={role: price and price.dollars(used[role]) for role, price in manifest.prices.items() if role in used},
        change=change,
        controls=controls_of(fold.controls),
        diversity=diversity,
        blocked_by=fold.guards.blocked_by,
        guard=fold.guards.facts(),
        over_refusal=over_refusal,
        oracle_note=oracle_note,
        compliance=_compliance(manifest, by_dimension[0].groups),
    )


def _compliance(manifest: Manifest, risks: Sequence[Group]) -> tuple[StandardFacts, ...]:
    if not manifest.taxonomies:
        return ()
    tests, rates = {risk.id: risk.counts.total for risk in risks}, {risk.id: risk.rate for risk in risks}
    return compliance_of(manifest.taxonomies[0].id, manifest.space.dimensions[0].values, tests, rates)


def _unbiased_rates(manifest: Manifest, fold: TestFold) -> UnbiasedRates | None:
    if not fold.is_search:
        return None
    # Late, so that a report without it stays free of numpy.
    from astral.report.rates import unbiased_rates

    finished = ((end.draw, end.result) for end in fold.finished if end.result is not None)
    return unbiased_rates(manifest.space, finished, manifest.criterion)


def _by_resource_level(space: Space, by_value: Mapping[tuple[str, str], Mapping[Result, int]]) -> tuple[Group, ...]:
    dimension = space.by_id.get(LANGUAGE_DIMENSION)
    levels: dict[str, Counter[Result]] = {}
    for value in dimension.values if dimension else ():
        level = value.traits.get(RESOURCE_TRAIT)
        if isinstance(level, str):
            levels.setdefault(level, Counter()).update(by_value.get((LANGUAGE_DIMENSION, value.id), {}))
    return tuple(group_of(level, f"{level.capitalize()} resource", results) for level, results in levels.items())


def _rates_by_resources(
    space: Space, parts: Iterable[Breakdown], unbiased: UnbiasedRates | None
) -> Iterator[tuple[str, Rate | UnbiasedRate]]:
    """Of each tested language the level of its resources, and its rate."""
    groups = next((part.groups for part in parts if part.dimension == LANGUAGE_DIMENSION), ())
    for group in groups:
        level = space.value(LANGUAGE_DIMENSION, group.id).traits.get(RESOURCE_TRAIT)
        freed = unbiased.by_value[LANGUAGE_DIMENSION].get(group.id) if unbiased else None
        if isinstance(level, str):
            yield level, freed or group.rate
