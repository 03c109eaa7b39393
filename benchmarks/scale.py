"""What a million and a hundred million test cases take: of the planner, of the memory for repeats, of the store.

    python benchmarks/scale.py            # up to 1,000,000 planned tests; some minutes
    python benchmarks/scale.py --write    # and puts the figures into docs/scale.md

The planner of a run (thompson, the default) draws tests in rounds of 128 and hears how they ended by a seeded die; the
screen of a run remembers made-up requests; both in a process of their own for each number of tests. The store takes
judged tests and their four calls, 64 tests to a transaction as a recorder does, on SQLite and on PostgreSQL, with every
sync of the disk. Rows of more tests than were run are worked out from the last two that were, and say so.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pages import write_block

from astral.domain.chat import ChatReply, ModelRole
from astral.domain.records import Ending, Result, Usage
from astral.domain.run import Call, TestRecord
from astral.generate import Gates, Screen
from astral.record import Entry, Item, Store
from astral.testing.postgresql import PostgresCluster
from astral.testing.synthetic_run import synthetic_manifest, synthetic_tests
from astral.workflow.planning import planner_of

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
ROUND, BATCH = 128, 64
UNSAFE = 0.2
WORKED_OUT = (1_000_000, 100_000_000)
MEBI = 2**20


def planned(tests: int) -> None:
    """Plan so many tests, as a run does."""
    manifest = synthetic_manifest().model_copy(update={"settings": {"budget": {"cases": tests}}})
    planner, dice, drawn = planner_of(manifest), random.Random(0), 0
    while drawn < tests:
        draws = planner.draw(min(ROUND, tests - drawn))
        drawn += len(draws)
        planner.observe([(draw, Result.UNSAFE if dice.random() < UNSAFE else Result.SAFE) for draw in draws])


def remembered(tests: int) -> None:
    """Keep so many requests in mind, as a screen by wording does."""
    manifest = synthetic_manifest()
    screen = Screen(Gates())
    screen.remember(test.case for test in synthetic_tests(manifest, tests) if test.case)


def made(tests: int) -> None:
    """Only make the requests that `remembered` is given."""
    for _ in synthetic_tests(synthetic_manifest(), tests):
        pass


WORK = {"planned": planned, "remembered": remembered, "made": made}


def cost_of(work: str, tests: int) -> tuple[float, float]:
    """CPU seconds and the most MiB of a process that does so much of a work."""
    command = [sys.executable, __file__, "--work", work, "--tests", str(tests)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(told[0]), float(told[1])


def calls_of(test: TestRecord) -> list[Item]:
    """The intents and replies of a target's and a judge's call, as long as those of a real run."""
    told: list[Item] = []
    for role, text in ((ModelRole.TARGET, "word " * 70), (ModelRole.JUDGE, "word " * 40)):
        key = f"{test.draw.number:015x}{role.value[0]}".replace("t", "a").replace("j", "b")
        usage = Usage(prompt_tokens=300, completion_tokens=90)
        reply = ChatReply(text=text, ending=Ending.ANSWERED, model="m", usage=usage)
        told += [Call(key=key, role=role, usage=usage)]
        told += [Call(key=key, role=role, reply=reply.model_dump(mode="json"), usage=usage)]
    return told


def stored(url: str, tests: int) -> float:
    """Tests a second that the store takes."""
    manifest = synthetic_manifest()
    ready = list(synthetic_tests(manifest, tests))
    with Store.open(url) as store:
        store.add_run(manifest)
        begun = time.perf_counter()
        for number, first in enumerate(range(0, tests, BATCH)):
            some = ready[first : first + BATCH]
            store.open_round(manifest.run_id, number, [test.draw for test in some])
            items: list[Item] = []
            for test in some:
                parts = [part for part in (test.case, test.transcript, test.verdict) if part is not None]
                items += [*calls_of(test), *(Entry(test.draw.number, part) for part in parts)]
            store.write(manifest.run_id, items)
        return tests / (time.perf_counter() - begun)


def database_bytes(folder: Path) -> int:
    """What the files in a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planned", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--remembered", type=int, nargs="+", default=[10_000, 50_000])
    parser.add_argument("--stored", type=int, default=5_000)
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--tests", type=int, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.work:
        WORK[told.work](told.tests)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        return
    lines = ["| | tests | CPU ms a test | MiB |", "|---|---|---|---|"]
    lines += rows_of("planner", [(tests, *cost_of("planned", tests)) for tests in told.planned])
    kept: list[tuple[int, float, float]] = []
    for tests in told.remembered:
        (seconds, size), (base_seconds, base_size) = cost_of("remembered", tests), cost_of("made", tests)
        kept.append((tests, seconds - base_seconds, size - base_size))
    lines += rows_of("memory of requests", kept)
    lines += [
        "",
        "| store | tests a second, one writer | KiB a test | GiB at 10^6 | GiB at 10^8 |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        speed = stored(f"sqlite:///{folder}/astral.db", told.stored)
        lines.append(row_of_store("SQLite", speed, database_bytes(Path(folder)) / told.stored))
    with PostgresCluster(is_durable=True) as server:
        data = server.folder / "data" / "base"
        url = server.new_database()
        before = database_bytes(data)
        speed = stored(url, told.stored)
        lines.append(row_of_store("PostgreSQL", speed, (database_bytes(data) - before) / told.stored))
    table = "\n".join(lines)
    print(table)
    if told.write:
        write_block(PAGE, "benchmarks/scale.py", table)


def rows_of(name: str, found: list[tuple[int, float, float]]) -> list[str]:
    """What was measured, and what follows for more tests: time and memory grow by as much for each test as before."""
    rows = [f"| {name} | {tests:,} | {1000 * seconds / tests:.2f} | {size:,.0f} |" for tests, seconds, size in found]
    (fewer, _, small), (more, seconds, large) = found[-2:]
    a_test = max(0.0, large - small) / (more - fewer)
    for tests in WORKED_OUT:
        if tests > more:
            size = large + a_test * (tests - more)
            rows.append(f"| {name}, worked out | {tests:,} | {1000 * seconds / more:.2f} | {size:,.0f} |")
    return rows


def row_of_store(name: str, a_second: float, size: float) -> str:
    """One store's row; size in bytes a test."""
    gibi = [size * tests / 1024 / MEBI for tests in WORKED_OUT]
    return f"| {name} | {a_second:,.0f} | {size / 1024:.1f} | {gibi[0]:,.1f} | {gibi[1]:,.0f} |"


if __name__ == "__main__":
    main()
