"""What the report of a run takes, by the number of its tests: CPU, and memory of a process that does nothing else.

    python benchmarks/report.py                    # 10,000 and 100,000 tests, without and with their texts
    python benchmarks/report.py --write            # puts the table into docs/speed.md

The record is a synthetic one in SQLite, of a search whose every tenth draft was rejected. Each row is a process of its
own that opens the record and writes all files of the report; the vectors of the Vendi score are in the cache, as they
are whenever a report is written again.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pages import write_block

from astral.config import Settings
from astral.domain.drafting import Draft, DraftEnd, Drafting
from astral.domain.run import TestRecord
from astral.record import Entry, Store
from astral.testing.synthetic_run import synthetic_manifest, synthetic_tests
from astral.workflow.reporting import store_url, write_report_of

PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
ROUND, COVERING = 128, 300
ACCEPTED = Draft(generator="compose", end=DraftEnd.ACCEPTED)
REJECTED = Draft(generator="compose", end=DraftEnd.REJECTED, gate="near_copy")


def searched(tests: Iterator[TestRecord]) -> Iterator[TestRecord]:
    """The tests as if a search had drawn those that follow the covering ones."""
    dice = random.Random(0)
    for test in tests:
        chance = 1.0 if test.draw.number < COVERING else dice.uniform(0.01, 0.5)
        drafts = (REJECTED, ACCEPTED) if dice.random() < 0.1 else (ACCEPTED,)
        draw = test.draw.model_copy(update={"probability": chance})
        yield test.model_copy(update={"draw": draw, "drafting": Drafting(drafts=drafts)})


def record(folder: Path, count: int) -> None:
    """Write the record of a run of so many tests."""
    settings = Settings.model_validate({"runs": str(folder), "budget": {"cases": count}})
    manifest = synthetic_manifest().model_copy(update={"settings": settings.model_dump(mode="json")})
    tests = searched(synthetic_tests(manifest, count))
    with Store.open(store_url(folder)) as store:
        store.add_run(manifest)
        number = 0
        while some := list(islice(tests, ROUND)):
            store.open_round(manifest.run_id, number, [test.draw for test in some])
            parts = (
                (test, part) for test in some for part in (test.drafting, test.case, test.transcript, test.verdict)
            )
            store.write(manifest.run_id, [Entry(test.draw.number, part) for test, part in parts if part is not None])
            number += 1


def report(folder: Path, *, reveal: bool) -> None:
    """Write the report of the run in this folder, and print CPU seconds and the most MB."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    with Store.open(store_url(folder)) as store:
        run_id = store.resolve("latest")
        (folder / run_id).mkdir(exist_ok=True)
        write_report_of(store, run_id, folder / run_id, reveal=reveal)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, used.ru_maxrss / 1024)


def row_of(folder: Path, count: int, *, reveal: bool) -> str:
    """A row of the table."""
    command = [sys.executable, __file__, "--folder", str(folder), *(["--reveal"] if reveal else [])]
    seconds, size = map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    return (
        f"| {count:,} | {'with' if reveal else 'without'} | {seconds:.1f} | {1000 * seconds / count:.2f} | {size:.0f} |"
    )


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--reveal", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.folder:
        report(told.folder, reveal=told.reveal)
        return
    rows = ["| tests | texts | s of CPU | ms a test | MB |", "|---:|---|---:|---:|---:|"]
    for count in told.tests:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            record(folder, count)
            row_of(folder, count, reveal=False)  # fills the cache
            rows += [row_of(folder, count, reveal=reveal) for reveal in (False, True)]
    table = "\n".join(rows)
    print(table)
    if told.write:
        write_block(PAGE, "benchmarks/report.py", table)


if __name__ == "__main__":
    main()
