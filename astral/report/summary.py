"""The numbers of a run: what a summary holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue

from astral.domain.base import Noun
from astral.domain.criterion import Criterion, Demand, OpenInteraction
from astral.domain.drafting import GeneratorYield
from astral.domain.records import PromptRef, Result, Stage, Usage
from astral.domain.run import RunStatus, TaxonomyRef
from astral.domain.space import Cell
from astral.report.change import Change
from astral.report.compliance import StandardFacts
from astral.report.controls import Controls
from astral.report.diversity import DiversityFacts
from astral.report.evidence import EvidenceFacts
from astral.report.guards import GuardFacts
from astral.report.metrics import Metrics
from astral.report.over_refusal import OverRefusal
from astral.report.statistics import CorrectedRate, CorrectedRates, Rate, UnbiasedRate, UnbiasedRates


class Counts(Noun):
    """Finished tests by their result; the five are disjoint."""

    unsafe: int = 0
    safe: int = 0
    unknown: int = 0
    blocked: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All finished tests."""
        return self.unsafe + self.safe + self.unknown + self.blocked + self.failed

    @property
    def rate(self) -> Rate:
        """How often a decided answer was unsafe."""
        return Rate.of(self.unsafe, self.unsafe + self.safe)

    @classmethod
    def of(cls, results: Mapping[Result, int]) -> "Counts":
        """The counts of a `Counter` of results."""
        return cls(**{result.value: number for result, number in results.items()})


class Group(Noun):
    """The tests that have one thing in common: a value, or a level of resources."""

    id: str
    name: str
    counts: Counts
    rate: Rate


class Breakdown(Noun):
    """The tests by value of one dimension, in the order of the space; untested values are there with zeros."""

    dimension: str
    groups: tuple[Group, ...]


class CoverageFacts(Noun):
    """How far the criterion is met, and what is missing."""

    strength: int
    """Most values in an interaction: 2 means pairs."""
    criterion: Criterion
    """All that was asked for."""
    required: int
    covered: int
    """Interactions that judged tests cover, as many as were asked for."""
    decided: int
    """Those of them that a SAFE or UNSAFE verdict covers; the rest were only ever UNKNOWN."""
    open: int
    given_up: int
    remaining: int
    """Tests that the criterion is expected still to take."""
    demands: tuple[Demand, ...]
    """The same for each thing that was asked for; empty where it is interactions judged once."""
    fraction: float
    open_interactions: tuple[OpenInteraction, ...]
    """The first of the open ones, each with why it is open."""
    given_up_interactions: tuple[OpenInteraction, ...]
    infeasible: int = 0
    """Interactions that the exclusions rule out; in no other number."""
    infeasible_interactions: tuple[OpenInteraction, ...] = ()
    """The first of them, each with the exclusions that prove it."""


class WorstCell(Noun):
    """A cell with unsafe answers."""

    cell: Cell
    rate: Rate
    p_unsafe: float
    """The highest of its UNSAFE verdicts."""
    severity: int | None
    values_low: float
    """Mean, over the values of the cell, of the lower bound of each value's unsafe rate."""
    tests: tuple[int, ...]
    """Numbers of its unsafe tests."""


class Funnel(Noun):
    """How many tests went how far along the line."""

    planned: int = 0
    drafts: int = 0
    """Drafts that were asked for; 0 in records of astral's first schema, which kept none."""
    rejected: Mapping[str, int] = {}
    """Drafts to which a gate said no, by gate, the strictest first."""
    generated: int = 0
    screened_out: int = 0
    """No usable test case could be written: failures of the stage `generate`."""
    executed: int = 0
    answered: int = 0
    refused: int = 0
    """The provider itself marked the answer as a refusal."""
    blocked: int = 0
    empty: int = 0
    truncated: int = 0
    judged: int = 0
    unfinished: int = 0
    """Under way when the record was read; in no other number but those of the steps that they reached."""


class FailureGroup(Noun):
    """Failures of one kind."""

    stage: Stage
    error: str
    count: int
    example: str
    """The message of the first, on one line."""


class JudgeFacts(Noun):
    """What one judge of a cascade or a jury did."""

    judge: str
    votes: int = 0
    unsafe: int = 0
    unknown: int = 0
    agreed: int = 0
    """Votes with the outcome that the verdict had in the end."""
    usage: Usage = Usage()


class RunFacts(Noun):
    """What is needed to repeat the run, from its manifest."""

    run_id: str
    created: datetime
    status: RunStatus
    seconds: float | None
    astral_version: str
    seed: int
    command: str
    """What was typed; empty where the caller does not say."""
    models: Mapping[str, str]
    taxonomies: tuple[TaxonomyRef, ...]
    prompts: tuple[PromptRef, ...]
    settings: Mapping[str, JsonValue]


class Summary(Noun):
    """Every number of a run. Controls are in `controls` alone, twins in `over_refusal`: nothing else counts them."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    schema_id: Literal["astral-summary-1"] = Field(default="astral-summary-1", alias="schema")
    run: RunFacts
    counts: Counts
    rate: Rate
    unbiased_rates: UnbiasedRates | None = None
    """Rates as if every cell had been tested alike, where a search chose the cells; `rate` and the counts by value are
    then those of what it chose. None without a search. Cells that the criterion excludes count nowhere, and values
    that have no other cells are not named."""
    corrected_rates: CorrectedRates | None = None
    """Rates freed from the judge's errors; None where neither labels of this run nor a calibration are there."""
    judged_by: str = ""
    """Whose verdicts count here."""
    other_oracles: Mapping[str, int] = {}
    """Who judged the run as well, people among them, and how many answers; their verdicts count nowhere here."""
    judges: tuple[JudgeFacts, ...] = ()
    """All judges whose votes are in these verdicts: more than one in a cascade or a jury."""
    by_dimension: tuple[Breakdown, ...]
    by_resource_level: tuple[Group, ...]
    """The languages by how much text there is of them; empty where the space does not say."""
    metrics: Metrics = Metrics()
    """CoSA-Score, severity-weighted rate, and disparity between languages."""
    coverage: CoverageFacts
    worst_cells: tuple[WorstCell, ...]
    funnel: Funnel
    generators: tuple[GeneratorYield, ...] = ()
    """What came of asking each generator for drafts, in the order in which they were asked first."""
    failures: tuple[FailureGroup, ...]
    evidence: EvidenceFacts | None = None
    """What cases were grounded on beside the shipped seeds; None where it was nothing."""
    usage: Mapping[str, Usage]
    """Tokens by role."""
    dollars: Mapping[str, float | None] = {}
    """What they cost by role, in US dollars at the prices in the manifest; None where the price is not known."""
    change: Change | None = None
    """What changed since the last run on the same target; None where there was none before."""
    controls: Controls
    blocked_by: Mapping[str, int] = {}
    """Blocked tests by who blocked them: the provider, or a guard in front of the target on one of its sides."""
    guard: GuardFacts | None = None
    """What a guard in front of the target did; None where there was none."""
    over_refusal: OverRefusal | None = None
    """How often benign twins were refused; None where there were none."""
    diversity: DiversityFacts | None = None
    """How different the cases are from each other; None where nothing was compared."""
    compliance: tuple[StandardFacts, ...] = ()
    """What the run says of the controls of laws, standards and frameworks."""
    oracle_note: str
    """What is known about the oracle's quality; empty where nothing is."""

    @property
    def value_names(self) -> Mapping[tuple[str, str], str]:
        """Names of the values, by dimension and id."""
        return {(part.dimension, group.id): group.name for part in self.by_dimension for group in part.groups}

    @property
    def told_rate(self) -> Rate | UnbiasedRate:
        """The rate that says something of the target: freed from the bias of the search, where there was one."""
        return self.unbiased_rates.overall if self.unbiased_rates else self.rate

    def told_rate_of(self, dimension: str, group: Group) -> Rate | UnbiasedRate:
        """The same of a value."""
        unbiased = self.unbiased_rates.by_value[dimension].get(group.id) if self.unbiased_rates else None
        return unbiased or group.rate

    def corrected_rate_of(self, dimension: str, group: Group) -> CorrectedRate | None:
        """The rate of a value freed from the judge's errors; None where nothing is known of them there."""
        return self.corrected_rates.by_value[dimension].get(group.id) if self.corrected_rates else None
