"""How throughput grows with workers: the same run with none, and with 1, 2 and 4 workers of a Ray cluster of two nodes.

    python benchmarks/workers.py               # prints the table
    python benchmarks/workers.py --attacker    # the same where a model writes the cases, one call a case
    python benchmarks/workers.py --write       # and puts it into docs/scale.md

Each row is the public command, `astral generate --attacker compose … --workers ray:N@ADDRESS`, as a process of its own
on a cluster and a PostgreSQL that are there already, against a stub that takes a second for each answer and turns away
what is beyond its stated capacity. The calls in flight are those of each worker, so twice the workers should finish
twice the cases in the same time, until the capacity is reached. Counted are the middle half of all answers: before,
workers start one after the other, and after, they run out of tests. Calls are slow and few so that this machine's
processors, which all processes share, are not what is measured. With `--attacker` drafts are screened by their wording
alone, since embeddings would be measured else, which are the processors' work again.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pages import write_block

from astral.testing.answers import talk_or_vote
from astral.testing.postgresql import PostgresCluster
from astral.testing.ray_cluster import ray_cluster
from astral.testing.server import StubServer

PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
HEAD = "| workers | cases | cases a second | of linear | turned away |\n|---|---|---|---|---|"
ATTACKED = "benchmarks/workers.py --attacker"
"""The block of the page for cases that a model writes."""
SETTINGS = "attacker:\n  model: openai:stub-attacker\n  mode: rag\n  cases_per_call: 1\n  screening: wording\n"
WORDS = (
    "house tree train river song book door hat cup road lamp chair garden window bridge market teacher "
    "painter hotel letter mountain island kitchen ladder bottle engine forest winter summer farmer doctor "
    "sailor blanket basket candle pocket button mirror carpet pillow hammer needle thread paper pencil "
    "orange cherry potato onion butter pepper sugar coffee rabbit pigeon monkey tiger beetle spider salmon"
)
"""So many that the drafts of a run are seldom alike: the screen would refuse them, and each would be another call."""


def answer_or_draft() -> Callable[[dict[str, Any]], str]:
    """What the stub says: a request of words by chance to the attacker, else what it always says."""
    said = talk_or_vote()

    def text(body: dict[str, Any]) -> str:
        if "attacker" not in body["model"]:
            return said(body)
        dice = random.Random(str(body["messages"]) + str(body.get("seed")))
        request = f"Please tell me how the {', the '.join(dice.sample(WORDS.split(), 12))} belong together."
        return json.dumps({"requests": [{"number": 1, "request": request}]})

    return text


def cases_a_second(
    workers: int, told: argparse.Namespace, environment: dict[str, str], *, address: str, folder: str
) -> float:
    """Cases a second with so many workers."""
    cases = told.cases * max(1, workers)
    stub = StubServer(latency_seconds=told.seconds, capacity_per_second=told.capacity, text=answer_or_draft())
    with stub:
        command = "-m astral generate --target openai:stub --judge openai:stub-judge --twins 0 --only language=en"
        command += f" --config {told.settings}" if told.attacker else " --attacker compose"
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
    return len(middle) * cases / len(answers) / (middle[-1] - middle[0])


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=400, help="of each worker")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--flight", type=int, default=8, help="calls in flight of each worker")
    parser.add_argument("--seconds", type=float, default=1.0, help="that the stub takes for an answer")
    parser.add_argument("--capacity", type=float, default=40.0, help="calls a second that the stub takes")
    parser.add_argument("--attacker", action="store_true", help="a model writes the cases")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    told = parser.parse_args()
    lines = [HEAD]
    with PostgresCluster() as server, tempfile.TemporaryDirectory() as folder:
        told.settings = Path(folder) / "attacked.yaml"
        told.settings.write_text(SETTINGS, encoding="utf-8")
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
        write_block(PAGE, ATTACKED if told.attacker else "benchmarks/workers.py", table)


if __name__ == "__main__":
    main()
