"""How far a run goes, how hard it asks, who is told of it, and when it fails a build."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from astral.assets import HIDDEN
from astral.domain.base import Noun
from astral.domain.rules import Values


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
    """How calls are put together that batch interfaces take: OpenAI's, Anthropic's, and vLLM's offline engines."""

    rows: int = Field(default=1000, ge=1, le=50_000)
    """Most calls of a batch, and about as many tests under way. OpenAI allows each account so many tokens that wait."""
    collect_seconds: float = Field(default=20, gt=0)
    """A batch goes out when no further call has come for so long."""
    poll_seconds: float = Field(default=60, gt=0)
    """Longest time between two looks at a batch."""
    replicas: int = Field(default=1, ge=1)
    """Engines of `vllm-offline:NAME` among which Ray Data divides a batch, each with its own GPUs."""


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
