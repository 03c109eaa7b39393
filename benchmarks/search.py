"""Measure the searches on synthetic worlds: what they find, and how near the rates are that they tell.

    python benchmarks/search.py                        # 20 seeds that nothing was tuned on
    python benchmarks/search.py --write default        # puts the tables into docs/search.md, between the marks named so
    python benchmarks/search.py --seeds 3 --budgets 2000 --methods "random;pairs, thompson" --per-family

Unsafe answers and distinct cells are true ones, not the judge's errors. An interaction is hit when one of its cells
gave an unsafe answer. `error` is the mean distance of the rates of the risks from the truth, `held` the part of their
95 % intervals that hold it, `raw` the error of rates by bare counts. `pairs` is the number of tests until every pair
of values was judged, `ms` the processor time of planning one test, telling the planner its result included. Each
number is the median over families of the median (hit, error, held, raw, ms: the mean) over seeds; ÷ random is the
median of the families' ratios.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pages import write_block

from astral.domain.criterion import Criterion
from astral.domain.records import Draw, Result
from astral.plan import AdaptivePlanner, CoveringPlanner
from astral.plan.searches import SEARCHES
from astral.report.rates import unbiased_rates
from astral.testing.synthetic import FAMILIES, LEVELS, SyntheticWorld

ROUND = 32
FRESH = 1000
"""The first seed that was never looked at while the searches were made; 0 to 11 were."""
PAGE = Path(__file__).parent.parent / "docs" / "search.md"
COLUMNS = ("unsafe", "cells", "hit", "error", "held", "raw", "pairs", "ms")
MEDIANS = (0, 1, 6)
"""Columns of which medians over the seeds are taken, not means."""

Test = tuple[Draw, Result]
Floats = NDArray[np.float64]


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
    rows = np.random.default_rng((world.seed, 9)).integers(world.levels, size=(budget, len(world.levels)))
    return listed(world, rows.tolist())


def static(world: SyntheticWorld, budget: int) -> list[Test]:
    """A dataset of one language, style and persuasion: only the risk changes."""
    return listed(world, [(number % world.levels[0], *(0 for _ in world.levels[1:])) for number in range(budget)])


def in_order(world: SyntheticWorld, budget: int) -> list[Test]:
    """The full grid in order, from the beginning again where it ends."""
    return listed(world, [np.unravel_index(n % world.table.size, world.levels) for n in range(budget)])


METHODS: dict[str, Callable[[SyntheticWorld, int], list[Test]]] = {
    "random": at_random,
    "static": static,
    "grid": in_order,
    **{f"pairs, {name}": partial(searched, search=name) for name in SEARCHES},
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
    """The columns of one run, but for the time."""
    decided = [(draw, result) for draw, result in tests if result is not Result.FAILED]
    unsafe = [draw.cell for draw, _ in decided if world.is_unsafe(draw.cell, draw.number)]
    hit = [any(set(one) <= set(cell.values) for cell in set(unsafe)) for one in world.planted]
    rates = unbiased_rates(world.space, tests)
    if rates is None:
        raise RuntimeError("nothing was decided")
    first = world.space.dimensions[0].id
    truth = world.judged_table.mean(axis=tuple(range(1, len(world.levels))))
    told = [rates.by_value[first][f"v{value}"] for value in range(len(truth))]
    raw: list[float] = []
    for value, rate in enumerate(truth):
        own = [result is Result.UNSAFE for draw, result in decided if draw.cell[first] == f"v{value}"]
        raw.append(abs(np.mean(own) - rate) if own else 0.5)
    error = np.mean([abs(rate.fraction - true) for rate, true in zip(told, truth, strict=True)])
    held = np.mean([rate.low <= true <= rate.high for rate, true in zip(told, truth, strict=True)])
    # In a world without interactions there is none to be hit.
    share = sum(hit) / len(hit) if hit else np.nan
    return len(unsafe), len(set(unsafe)), share, float(error), float(held), float(np.mean(raw)), covered_at


def run(method: str, family: str, levels: tuple[int, ...], seed: int, budgets: Sequence[int]) -> list[list[float]]:
    """One run of a method in a world, looked at when each budget is spent."""
    world = SyntheticWorld(seed, levels, family)
    world.p_unsafe(world.space.cell([0] * len(levels)))
    start = time.process_time()
    tests = METHODS[method](world, budgets[-1])
    milliseconds = 1000 * (time.process_time() - start) / len(tests)
    covered_at = pairs_covered_at(world, tests)
    return [
        [*measured(world, tests[:budget], covered_at if covered_at <= budget else float("inf")), milliseconds]
        for budget in budgets
    ]


def tables(options: argparse.Namespace) -> Iterator[str]:
    """The lines of the tables, as they come."""
    budgets = sorted(map(int, options.budgets.split(",")))
    families = options.families.split(",")
    levels = tuple(map(int, options.levels.split("x")))
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    kept: dict[str, Floats] = {}
    yield (
        f"{options.levels}; families {', '.join(families)}; seeds {seeds[0]} to {seeds[-1]}; medians over the families."
    )
    yield ""
    yield "| method | budget | " + " | ".join(COLUMNS) + " | unsafe ÷ random | cells ÷ random |"
    yield "|---" * (len(COLUMNS) + 4) + "|"
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for name in dict.fromkeys(["random", *options.methods.split(";")]):
            jobs = [(name, family, levels, seed, budgets) for family in families for seed in seeds]
            runs = np.array(list(pool.map(run, *zip(*jobs, strict=True)))).reshape(
                len(families), len(seeds), len(budgets), len(COLUMNS)
            )
            by_family = np.nanmean(runs, axis=1)
            by_family[:, :, MEDIANS] = np.median(runs[..., MEDIANS], axis=1)
            kept[name] = by_family
            for place, budget in enumerate(budgets):
                ratios = np.median(by_family[:, place, :2] / kept["random"][:, place, :2], axis=0)
                yield line(f"{name} | {budget:,}", np.nanmedian(by_family[:, place], axis=0), ratios)
    if options.per_family:
        yield ""
        yield "| method | family | " + " | ".join(COLUMNS) + " | unsafe ÷ random | cells ÷ random |"
        yield "|---" * (len(COLUMNS) + 4) + "|"
        at = budgets.index(2000) if 2000 in budgets else -1
        for name, by_family in kept.items():
            for family, numbers, base in zip(families, by_family[:, at], kept["random"][:, at], strict=True):
                yield line(f"{name} | {family}", numbers, numbers[:2] / base[:2])


def line(name: str, numbers: Floats, ratios: Floats) -> str:
    """A line of a table."""
    forms = (".0f", ".0f", ".3f", ".3f", ".3f", ".3f", ".0f", ".2f")
    cells = [
        "–" if not np.isfinite(number) else format(number, form) for number, form in zip(numbers, forms, strict=True)
    ]
    return f"| {name} | " + " | ".join(cells) + f" | {ratios[0]:.1f} | {ratios[1]:.1f} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure the searches on synthetic worlds.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=FRESH)
    parser.add_argument("--budgets", default="1000,2000,4200")
    parser.add_argument("--levels", default="x".join(map(str, LEVELS)))
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--methods", default=";".join(METHODS), help="names, with ; between them")
    parser.add_argument("--per-family", action="store_true", help="each family at 2,000 tests, too")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--write", metavar="BLOCK", help="write the tables into docs/search.md: default, others or long"
    )
    options = parser.parse_args()
    lines: list[str] = []
    for text in tables(options):
        print(text, flush=True)
        lines.append(text)
    if options.write:
        command = f"`python benchmarks/search.py {' '.join(sys.argv[1:])}`"
        write_block(PAGE, f"benchmarks/search.py, {options.write}", "\n".join([command, *lines]))


if __name__ == "__main__":
    # numpy's own threads would only wait for each other; a mean over nothing is a dash.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    warnings.filterwarnings("ignore", "Mean of empty slice|All-NaN slice", RuntimeWarning)
    main()
