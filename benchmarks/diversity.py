"""Measure how far apart composed requests are, as `coverage.diversity` counts it: `python benchmarks/diversity.py`.

Runs two small campaigns on a target that refuses: every pair of values over ten languages, and in English alone. The
baseline is what no criterion within a risk could reach: requests of different risks, paired at random. Needs a few
minutes where the embedder's cache is new; `--runs FOLDER` keeps it.
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from astral.config import Settings
from astral.record import Store
from astral.workflow.reporting import store_url
from astral.workflow.requests import RecordedRequests, cached_embedder
from astral.workflow.run import start

Vectors = NDArray[np.float32]


def requests_by_risk(settings: Settings) -> Mapping[str, Vectors]:
    """Vectors of the requests of a run with these settings, by risk."""
    run_id = asyncio.run(start(settings)).summary.run.run_id
    embedder = cached_embedder(settings)
    with Store.open(store_url(settings.runs), create=False) as store:
        draws = [draw for draw in store.draws(run_id) if not draw.control]
        vectors = RecordedRequests(store, run_id, embedder).of(draws)
    embedder.close()
    risks = sorted({draw.cell["risk"] for draw in draws})
    return {risk: vectors[[draw.cell["risk"] == risk for draw in draws]] for risk in risks}


def dispersion(vectors: Vectors) -> float:
    """The mean of 1 - cosine over all pairs."""
    count = len(vectors)
    return float((count**2 - (vectors @ vectors.T).sum()) / (count * (count - 1)))


def across_risks(by_risk: Mapping[str, Vectors]) -> Sequence[float]:
    """The same of as many requests as risks, each of another risk."""
    dice = random.Random(0)
    return [dispersion(np.stack([dice.choice(list(some)) for some in by_risk.values()])) for _ in range(20)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure how far apart composed requests are.")
    parser.add_argument("--runs", type=Path, help="folder of runs, for its caches")
    options = parser.parse_args()
    runs = options.runs or Path(tempfile.mkdtemp())
    told = {"target": {"model": "python:astral.testing.targets:refusing"}, "runs": runs, "controls": 0}
    print("| requests | of one risk: lowest | mean | highest | of different risks |")
    print("|---|---|---|---|---|")
    for name, only in {"ten languages": {}, "English alone": {"language": ["en"]}}.items():
        by_risk = requests_by_risk(Settings.model_validate({**told, "only": only}))
        within = [dispersion(vectors) for vectors in by_risk.values()]
        figures = min(within), mean(within), max(within), mean(across_risks(by_risk))
        print(f"| {name} | {' | '.join(f'{figure:.3f}' for figure in figures)} |")


if __name__ == "__main__":
    main()
