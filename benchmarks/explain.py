"""Measure what `astral explain` names in synthetic worlds, against what was planted there.

    python benchmarks/explain.py              # all families, 20 seeds: about ten minutes
    python benchmarks/explain.py --write      # writes the table into docs/explain.md
    python benchmarks/explain.py --seeds 3 --budget 1000

An interaction counts as right only if exactly it was planted; a part of a planted one, or one more value than planted,
is wrong. Recall is told of all planted ones, and of those with at least so many unsafe verdicts: what was hardly ever
unsafe cannot be seen. Beside it the same worlds under a baseline that tests every value, pair and triple by itself
against the overall rate (binomial test, Benjamini and Hochberg at 5 %), as a table of rates invites to.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, groupby, product
from math import lgamma, log
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from pages import write_block
from search import searched

from astral.domain.records import Result
from astral.effects import find_drivers
from astral.effects.drivers import Values
from astral.testing.synthetic import FAMILIES, SyntheticWorld

PAGE = Path(__file__).parents[1] / "docs" / "explain.md"
FINDS = (5, 10, 20)
Data = tuple[np.ndarray, np.ndarray, np.ndarray]


def verdicts(world: SyntheticWorld, budget: int, search: str) -> Data:
    """Cells, each once, with their unsafe and all verdicts."""
    tests = [(draw, result) for draw, result in searched(world, budget, search) if result is not Result.FAILED]
    rows, place = np.unique([world.place(draw.cell) for draw, _ in tests], axis=0, return_inverse=True)
    unsafe = np.array([result is Result.UNSAFE for _, result in tests], dtype=np.float64)
    return rows, np.bincount(place.reshape(-1), unsafe), np.bincount(place.reshape(-1)).astype(np.float64)


def astral(world: SyntheticWorld, data: Data) -> list[Values]:
    """What astral names."""
    return [driver.values for driver in find_drivers(world.levels, *data).drivers]


def one_by_one(world: SyntheticWorld, data: Data) -> list[Values]:
    """What stands out from the overall rate, each by itself."""
    rows, hits, trials = data
    rate = hits.sum() / trials.sum()
    found: list[tuple[float, Values]] = []
    candidates = 0
    for size in (1, 2, 3):
        for group in combinations(range(len(world.levels)), size):
            known, place = np.unique(rows[:, list(group)], axis=0, return_inverse=True)
            candidates += len(known)
            unsafe, decided = np.bincount(place.reshape(-1), hits), np.bincount(place.reshape(-1), trials)
            found += [
                (upper_tail(int(k), int(n), rate), tuple(zip(group, map(int, values), strict=True)))
                for values, k, n in zip(known, unsafe, decided, strict=True)
                if k > n * rate
            ]
    found.sort()
    count = max((n for n, (p, _) in enumerate(found, start=1) if p <= 0.05 * n / candidates), default=0)
    return [values for _, values in found[:count]]


def upper_tail(k: int, n: int, rate: float) -> float:
    """Chance of k or more of n."""
    return sum(
        np.exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(rate) + (n - i) * log(1 - rate))
        for i in range(k, n + 1)
    )


METHODS: dict[str, Callable[[SyntheticWorld, Data], list[Values]]] = {"astral": astral, "one by one": one_by_one}


def planted(world: SyntheticWorld) -> list[Values]:
    """The truth, as positions."""
    places = {dimension.id: place for place, dimension in enumerate(world.space.dimensions)}
    return [tuple((places[name], int(value[1:])) for name, value in one) for one in world.planted]


def counted(world: SyntheticWorld, data: Data, named: Sequence[Values]) -> Counter[str]:
    """What the table adds up."""
    rows, hits, _ = data
    interactions = [values for values in named if len(values) > 1]
    truth = set(planted(world))
    counts = Counter(
        runs=1,
        named=len(interactions),
        right=len(truth & set(interactions)),
        planted=len(truth),
    )
    for values in truth:
        finds = hits[np.all([rows[:, d] == value for d, value in values], axis=0)].sum()
        for least in FINDS:
            counts[f"seen {least}"] += finds >= least
            counts[f"right {least}"] += finds >= least and values in interactions
    return counts


def share(part: int, whole: int) -> str:
    """A fraction with two digits."""
    return f"{part / whole:.2f}" if whole else "–"


def line(method: str, search: str, family: str, counts: Counter[str]) -> str:
    """A line of the table."""
    recalls = [f"{share(counts[f'right {n}'], counts[f'seen {n}'])} of {counts[f'seen {n}']}" for n in FINDS]
    cells = [
        method,
        search,
        family,
        str(counts["named"]),
        share(counts["right"], counts["named"]),
        f"{share(counts['right'], counts['planted'])} of {counts['planted']}",
        *recalls,
    ]
    return "| " + " | ".join(cells) + " |"


def run(search: str, family: str, seed: int, budget: int) -> dict[str, Counter[str]]:
    """What each method makes of one run."""
    world = SyntheticWorld(seed, family=family)
    data = verdicts(world, budget, search)
    return {name: counted(world, data, method(world, data)) for name, method in METHODS.items()}


def table(seeds: range, budget: int, processes: int) -> list[str]:
    """The whole table."""
    heads = ["", "tests by", "family", "named", "precision", "recall", *(f"with {n} unsafe" for n in FINDS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    totals: list[str] = []
    jobs = list(product(("thompson", "uniform"), FAMILIES, seeds, (budget,)))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        runs = zip(jobs, pool.map(run, *zip(*jobs, strict=True)), strict=True)
        for search, of_search in groupby(runs, key=lambda done: done[0][0]):
            total = {name: Counter[str]() for name in METHODS}
            for family, of_family in groupby(of_search, key=lambda done: done[0][1]):
                own = {name: Counter[str]() for name in METHODS}
                for name, (_, counts) in product(METHODS, list(of_family)):
                    own[name] += counts[name]
                lines.append(line("astral", search, family, own["astral"]))
                print(lines[-1], flush=True)
                for name in METHODS:
                    total[name] += own[name]
            totals += [line(name, search, "all", total[name]) for name in METHODS]
    return lines + totals


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description="Measure what astral explain names in synthetic worlds.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--budget", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"write the table into docs/{PAGE.name}")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    text = "\n".join(table(seeds, options.budget, options.processes))
    print(text)
    if options.write:
        write_block(PAGE, "benchmarks/explain.py", text)


if __name__ == "__main__":
    main()
