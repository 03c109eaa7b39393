"""What a night costs when the record grows: the same job night after night, each with a seed of its own.

`python benchmarks/nights.py --nights 24` runs the public command against a target that is a function, and then the
report, each as a process of its own, all into one record. Printed for each night: CPU, the most memory, and the steps
of SQLite's virtual machine, which no load of the machine changes. The last line compares the last nights with the
first: what grows with the number of nights shows there.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STEPS = 1000
"""Of SQLite's virtual machine, counted at a time."""


def night(arguments: list[str]) -> None:
    """The public command, in this process; tells CPU seconds, MB and thousands of SQLite's steps on the last line."""
    from sqlalchemy import Engine, event

    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def watch(connection: Any, _: Any) -> None:
        connection.set_progress_handler(count, STEPS)

    event.listen(Engine, "connect", watch)
    from astral.cli import main

    try:
        main(arguments)
    except SystemExit as ended:
        if ended.code not in {0, 1, 4}:
            raise
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"\n{used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024} {counted}")


def cost_of(*arguments: str) -> tuple[float, float, int]:
    """CPU seconds, MB and thousands of SQLite's steps of a command."""
    command = [sys.executable, __file__, "--astral", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    seconds, megabytes, steps = done.stdout.splitlines()[-1].split()
    return float(seconds), float(megabytes), int(steps)


def main() -> None:
    """Print a row a night, and what changed from the first to the last."""
    if sys.argv[1:2] == ["--astral"]:
        night(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=24)
    parser.add_argument("--cases", type=int, default=150, help="tests of a night")
    told = parser.parse_args()
    rows: list[tuple[float, ...]] = []
    print("| night | record, MB | CPU, s | memory, MB | SQLite, 1,000 steps | report: CPU, s | 1,000 steps |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        where = ("--runs", str(runs))
        job = ("generate", "--attacker", "compose", "--target", "python:astral.testing.targets:refusing", "--json")
        for number in range(told.nights):
            seconds, megabytes, steps = cost_of(*job, "--max-cases", str(told.cases), "--seed", str(number), *where)
            reporting, _, read = cost_of("report", "latest", "--json", *where)
            size = (runs / "astral.db").stat().st_size / 2**20
            rows.append((seconds, megabytes, steps, reporting, read))
            cells = (f"{size:.1f}", f"{seconds:.1f}", f"{megabytes:.0f}", f"{steps:,}", f"{reporting:.1f}", f"{read:,}")
            print(f"| {number + 1} |", " | ".join(cells), "|")
            sys.stdout.flush()
    few = max(1, told.nights // 6)
    # The first night also makes indexes and caches.
    first, last = rows[1 : 1 + few], rows[-few:]
    shares = [
        statistics.mean(row[column] for row in last) / statistics.mean(row[column] for row in first)
        for column in range(5)
    ]
    told_shares = " | ".join(f"{share:.2f}" for share in shares)
    print(f"| last {few} ÷ nights 2 to {1 + few} | | {told_shares} |")


if __name__ == "__main__":
    main()
