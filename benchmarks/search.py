"""Measure the searches on synthetic worlds: what they find, and how near the rates are that they tell.

    python benchmarks/search.py                                   # all families, 20 seeds: about half an hour
    python benchmarks/search.py --seeds 3 --budgets 2000 --methods thompson,uniform

Unsafe answers and distinct cells are true ones, not the judge's errors. An interaction is hit when one of its cells
gave an unsafe answer. `error` is the mean distance of the rates of the risks from the truth, `held` the part of their
95 % intervals that hold it, `raw` the error of rates by bare counts. `pairs` is the number of tests until every pair
of values was judged. Each number is the median over families of the median (hits, error, held, raw: mean) over seeds.
"""

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Result
from astral.plan import AdaptivePlanner, CoveringPlanner
from astral.plan.searches import SEARCHES
from astral.report.rates import unbiased_rates
from astral.testing.synthetic import FAMILIES, SyntheticWorld

ROUND = 32
Test = tuple[Draw, Result]
COLUMNS = ("unsafe", "cells", "hit", "error", "held", "raw", "pairs")


def searched(world: SyntheticWorld, budget: int, search: str) -> list[Test]:
    """Tests of an adaptive planner."""
    planner = AdaptivePlanner(world.space, Criterion(), seed=world.seed, search=search, attempts=9)
    tests: list[Test] = []
    while len(tests) < budget:
        now = [(draw, world.result(draw)) for draw in planner.draw(min(ROUND, budget - len(tests)))]
        planner.observe(now)
        tests += now
    return tests


def listed(world: SyntheticWorld, rows: Sequence[Sequence[int]]) -> list[Test]:
    """Tests of these cells, of which none depends on another's result."""
    chance = 1 / world.table.size
    draws = [
        Draw(number=number, cell=world.space.cell([int(v) for v in row]), probability=chance)
        for number, row in enumerate(rows)
    ]
    return [(draw, world.result(draw)) for draw in draws]


def at_random(world: SyntheticWorld, budget: int) -> list[Test]:
    """Every cell alike, from the first test on."""
    return listed(world, np.random.default_rng((world.seed, 9)).integers(world.levels, size=(budget, 4)).tolist())


def static(world: SyntheticWorld, budget: int) -> list[Test]:
    """A dataset of one language, style and persuasion: only the risk changes."""
    return listed(world, [(number % world.levels[0], 0, 0, 0) for number in range(budget)])


def in_order(world: SyntheticWorld, budget: int) -> list[Test]:
    """The full grid in order, from the beginning again where it ends."""
    return listed(world, [np.unravel_index(n % world.table.size, world.levels) for n in range(budget)])


METHODS: dict[str, Callable[[SyntheticWorld, int], list[Test]]] = {
    "random": at_random,
    "static": static,
    "grid": in_order,
    **{f"pairs, {name}": (lambda world, budget, name=name: searched(world, budget, name)) for name in SEARCHES},
}


def pairs_covered_at(world: SyntheticWorld, tests: Sequence[Test]) -> float:
    """Tests until all pairs were judged; infinite where they never were."""
    planner = CoveringPlanner(world.space, Criterion(), seed=0, attempts=255)
    for count in range(0, len(tests), 10):
        planner.observe(tests[count : count + 10])
        if planner.progress().is_met:
            return min(count + 10, len(tests))
    return float("inf")


def measured(world: SyntheticWorld, tests: Sequence[Test], covered_at: float) -> tuple[float, ...]:
    """The columns of one run."""
    decided = [(draw, result) for draw, result in tests if result is not Result.FAILED]
    unsafe = [draw.cell for draw, _ in decided if world.is_unsafe(draw.cell, draw.number)]
    hit = [any(set(one) <= set(cell.values) for cell in set(unsafe)) for one in world.planted]
    rates = unbiased_rates(world.space, tests)
    if rates is None:
        raise RuntimeError("nothing was decided")
    truth = world.judged_table.mean(axis=(1, 2, 3))
    told = [rates.by_value["risk"][f"v{risk}"] for risk in range(len(truth))]
    raw: list[float] = []
    for risk, rate in enumerate(truth):
        own = [result is Result.UNSAFE for draw, result in decided if draw.cell["risk"] == f"v{risk}"]
        raw.append(abs(np.mean(own) - rate) if own else 0.5)
    error = np.mean([abs(rate.fraction - true) for rate, true in zip(told, truth, strict=True)])
    held = np.mean([rate.low <= true <= rate.high for rate, true in zip(told, truth, strict=True)])
    share = sum(hit) / max(1, len(hit))
    return len(unsafe), len(set(unsafe)), share, float(error), float(held), float(np.mean(raw)), covered_at


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure the searches on synthetic worlds.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budgets", default="1000,2000,4200")
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--methods", default=";".join(METHODS), help="names, with ; between them")
    options = parser.parse_args()
    budgets = sorted(map(int, options.budgets.split(",")))
    families = options.families.split(",")
    print("| method | budget | " + " | ".join(COLUMNS) + " | unsafe ÷ random | cells ÷ random |")
    print("|---" * (len(COLUMNS) + 4) + "|")
    base: dict[int, np.ndarray] = {}
    for name in dict.fromkeys(["random", *options.methods.split(";")]):
        runs = np.zeros((len(families), options.seeds, len(budgets), len(COLUMNS)))
        for f, family in enumerate(families):
            for seed in range(options.seeds):
                world = SyntheticWorld(seed, family=family)
                tests = METHODS[name](world, budgets[-1])
                covered_at = pairs_covered_at(world, tests)
                for b, budget in enumerate(budgets):
                    at = covered_at if covered_at <= budget else float("inf")
                    runs[f, seed, b] = measured(world, tests[:budget], at)
        for b, budget in enumerate(budgets):
            of_family = np.concatenate(
                [
                    np.median(runs[:, :, b, :2], axis=1),
                    runs[:, :, b, 2:6].mean(axis=1),
                    np.median(runs[:, :, b, 6:], axis=1),
                ],
                axis=1,
            )
            base.setdefault(budget, of_family)
            middle = np.median(of_family, axis=0)
            ratios = np.median(of_family[:, :2] / base[budget][:, :2], axis=0)
            cells = [
                f"{middle[0]:.0f}",
                f"{middle[1]:.0f}",
                *(f"{some:.3f}" for some in middle[2:6]),
                f"{middle[6]:.0f}",
            ]
            print(
                f"| {name} | {budget:,} | " + " | ".join(cells) + f" | {ratios[0]:.1f} | {ratios[1]:.1f} |", flush=True
            )


if __name__ == "__main__":
    main()
