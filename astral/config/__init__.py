"""Settings: flags over astral.yaml over defaults; and the environment, which is read nowhere else."""

from astral.config.environment import Environment, filled_from_environment, secrets_in_environment
from astral.config.loading import SETTINGS_FILE, load_settings, merged
from astral.config.models import (
    AttackerSettings,
    EndpointSettings,
    GuardSettings,
    HttpSettings,
    JudgeSettings,
    TargetSettings,
)
from astral.config.running import (
    BatchSettings,
    BudgetSettings,
    EndpointLimits,
    FailOn,
    NightlySettings,
    TelemetrySettings,
)
from astral.config.settings import DEFAULT_SEARCH, CoverageSettings, EvidenceSettings, PlannerName, Settings

__all__ = [
    "DEFAULT_SEARCH",
    "SETTINGS_FILE",
    "AttackerSettings",
    "BatchSettings",
    "BudgetSettings",
    "CoverageSettings",
    "EndpointLimits",
    "EndpointSettings",
    "Environment",
    "EvidenceSettings",
    "FailOn",
    "GuardSettings",
    "HttpSettings",
    "JudgeSettings",
    "NightlySettings",
    "PlannerName",
    "Settings",
    "TargetSettings",
    "TelemetrySettings",
    "filled_from_environment",
    "load_settings",
    "merged",
    "secrets_in_environment",
]
