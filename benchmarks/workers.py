"""How throughput grows with workers: the same run with none, and with 1, 2 and 4 workers of a Ray cluster of two nodes.

    python benchmarks/workers.py            # prints the table
    python benchmarks/workers.py --write    # and puts it into docs/scale.md

Each row is the public command, `astral generate --attacker compose … --workers ray:N@ADDRESS`, as a process of its own
on a cluster and a PostgreSQL that are there already, against a stub that takes a second for each answer and turns away
what is beyond its stated capacity. The calls in flight are those of each worker, so twice the workers should finish
twice the cases in the same time, until the capacity is reached. Counted are the middle half of all answers: before,
workers start one after the other, and after, they run out of tests. Calls are slow and few so that this machine's
processors, which all processes share, are not what is measured.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import write_block

from astral.testing.answers import talk_or_vote
from astral.testing.postgresql import PostgresCluster
from astral.testing.ray_cluster import ray_cluster
from astral.testing.server import StubServer

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
HEAD = "| workers | cases | cases a second | of linear | turned away |\n|---|---|---|---|---|"
CALLS = 2
"""Of a case: one of the target, one of the judge."""


def cases_a_second(
    workers: int, told: argparse.Namespace, environment: dict[str, str], *, address: str, folder: str
) -> float:
    """Cases a second with so many workers."""
    cases = told.cases * max(1, workers)
    stub = StubServer(latency_seconds=told.seconds, capacity_per_second=told.capacity, text=talk_or_vote())
    with stub:
        command = "-m astral generate --attacker compose --target openai:stub --judge openai:stub-judge --twins 0"
        command += f" --base-url {stub.openai_url} --max-cases {cases} --concurrency {told.flight} --runs {folder}/runs"
        command += f" --workers ray:{workers}@{address}" if workers else ""
        done = subprocess.run(
            [sys.executable, *command.split()], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode not in {0, 1, 4}:
            raise SystemExit(done.stderr)
    answers = sorted(each.answered for each in stub.log if each.fault is None)
    quarter = len(answers) // 4
    middle = answers[quarter : 3 * quarter]
    told.turned_away = len(stub.log) - len(answers)
    return len(middle) / CALLS / (middle[-1] - middle[0])


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=200, help="of each worker")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--flight", type=int, default=8, help="calls in flight of each worker")
    parser.add_argument("--seconds", type=float, default=1.0, help="that the stub takes for an answer")
    parser.add_argument("--capacity", type=float, default=40.0, help="calls a second that the stub takes")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    told = parser.parse_args()
    lines = [HEAD]
    with PostgresCluster() as server, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OPENAI_API_KEY": "none"}
        environment["ASTRAL_STORE"] = server.new_database()
        with ray_cluster(environment, Path(folder)) as address:
            alone = 0.0
            for workers in told.workers:
                speed = cases_a_second(workers, told, environment, address=address, folder=folder)
                alone = speed if workers == 1 else alone
                linear = f"{speed / alone / workers:.2f}" if workers and alone else "–"
                cases = told.cases * max(1, workers)
                lines.append(f"| {workers or 'none'} | {cases:,} | {speed:.1f} | {linear} | {told.turned_away} |")
                sys.stderr.write(lines[-1] + "\n")
    table = "\n".join(lines)
    print(table)
    if told.write:
        write_block(PAGE, "benchmarks/workers.py", table)


if __name__ == "__main__":
    main()
