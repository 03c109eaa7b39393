"""What the command line costs before it does anything: help, and the time until a run's first request.

    python benchmarks/startup.py           # medians of 7 runs of each row
    python benchmarks/startup.py --write   # puts the table into docs/speed.md

Rows are processes of their own, taken in turn, so that a machine that is busy for a while slows all of them. CPU is
user and system time, which says more than the clock where other programs run. A run's row ends when a stub endpoint
hears of its first request; the row above it imports LangGraph, SQLAlchemy, aiohttp and NumPy, and does no more.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pages import write_block

from astral.testing.answers import talk_or_vote
from astral.testing.server import StubServer

PAGE = Path(__file__).parents[1] / "docs" / "speed.md"
HEAD = "| | s of CPU | s by the clock |\n|---|---|---|"
LIBRARIES = (
    "import aiohttp, numpy, sqlalchemy; from langgraph.checkpoint.sqlite import aio; from langgraph import graph"
)
PYTHON = {
    "`python -c pass`": ["-c", "pass"],
    "`import typer`": ["-c", "import typer"],
    "`astral --help`": ["-m", "astral", "--help"],
    "`astral generate --help`": ["-m", "astral", "generate", "--help"],
    "importing a run's libraries": ["-c", LIBRARIES],
}
Cost = tuple[float, float]
"""Seconds of CPU, and seconds by the clock."""


def of_process(arguments: list[str]) -> Cost:
    """What a process of Python costs from its start to its end."""
    return _cost(arguments, lambda _: None)


def until_first_request(flight: int) -> Cost:
    """What `astral generate` costs until an endpoint hears of it."""
    with StubServer(latency_seconds=0.2, text=talk_or_vote()) as stub, tempfile.TemporaryDirectory() as folder:
        arguments = (
            "-m astral generate --attacker compose --target openai:stub --judge openai:stub-judge "
            f"--base-url {stub.openai_url} --concurrency {flight} --max-cases 1000 --runs {folder}"
        ).split()

        def stop(process: subprocess.Popen[bytes]) -> None:
            while not stub.log and process.poll() is None:
                time.sleep(0.005)
            process.kill()

        return _cost(arguments, stop)


def _cost(arguments: list[str], stop: Callable[[subprocess.Popen[bytes]], None]) -> Cost:
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stop(process)
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="of each row; the medians are printed")
    parser.add_argument("--flight", type=int, default=128, help="calls in flight")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    told = parser.parse_args()
    costs: dict[str, list[Cost]] = {}
    for _ in range(told.runs + 1):
        for name, arguments in PYTHON.items():
            costs.setdefault(name, []).append(of_process(arguments))
        costs.setdefault("`astral generate`, to its first request", []).append(until_first_request(told.flight))
    rows: list[str] = []
    for name, some in costs.items():
        # The first run of each fills the caches of Python and of the disk.
        cpu, clock = (statistics.median(column) for column in zip(*some[1:], strict=True))
        rows.append(f"| {name} | {cpu:.2f} | {clock:.2f} |")
    table = "\n".join([HEAD, *rows])
    sys.stdout.write(table + "\n")
    if told.write:
        write_block(PAGE, "benchmarks/startup.py", table)


if __name__ == "__main__":
    main()
