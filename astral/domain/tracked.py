"""A run as tools see it that keep experiments side by side: parameters, numbers by name, and files."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from astral.domain.base import Noun


class TrackedRun(Noun):
    """What such a tool is told of a run; no text of a case or an answer is in it, but what the files hold."""

    run_id: str
    created: datetime
    parameters: Mapping[str, str]
    """How it was run, such as target, judge and seed."""
    metrics: Mapping[str, float]
    """What it came to, such as unsafe_rate and unsafe_rate/risk/privacy_violation; fractions are in [0, 1]."""
    files: tuple[Path, ...] = ()
    """Its reports."""
