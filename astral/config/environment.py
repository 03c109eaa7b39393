"""What the environment says: the only reader of it; keys come from nowhere else."""

import os
import re

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from astral.errors import UserError

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
