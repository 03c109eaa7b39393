"""One folder with an index of seeds, which tests copy: embedding takes 45 ms a seed."""

import asyncio
import shutil
from pathlib import Path

import pytest

from astral.config import Settings
from astral.workflow.run import start

ONLY = {"language": ["en", "it"], "risk": ["animal_abuse", "privacy_violation", "violence"]}
"""6 pairs of risk and language, 30 seeds; 30 tests cover all pairs of values."""
FEW = {**ONLY, "style": ["slang", "role_play", "question"], "persuasion": ["logical_appeal", "misrepresentation"]}
"""Fewer values: 9 tests cover all pairs."""


def settings_for(runs: Path, **told) -> Settings:
    """Settings of a small run on a function as target."""
    target = {"model": "python:astral.testing.targets:refusing"}
    base = {"target": target, "only": ONLY, "controls": 1, "twins": 0, "runs": runs}
    return Settings.model_validate({**base, **told})


@pytest.fixture(scope="session")
def warm_runs(tmp_path_factory):
    """A folder of runs in which the seeds are indexed."""
    folder = tmp_path_factory.mktemp("warm") / "runs"
    asyncio.run(start(settings_for(folder, budget={"cases": 1})))
    for path in folder.iterdir():
        if path.name.startswith("astral.db") or (path / "manifest.json").exists():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


@pytest.fixture
def runs(warm_runs, tmp_path):
    """A folder of runs of the test's own."""
    return shutil.copytree(warm_runs, tmp_path / "runs")
