"""Runs that are killed with SIGKILL at random instants and resumed, beside the same runs uninterrupted.

`python benchmarks/killed.py --kills 100` does so on SQLite and on PostgreSQL, with the public command against an
endpoint that goes wrong: rate limits, server errors, resets and half answers that pass, filters that do not. For each
run it compares the record with that of the uninterrupted one (laws 3 and 5 of ARCHITECTURE.md), and the requests of the
endpoint with what the record knew at each kill. Exits with 1 where a law is broken. Half of the kills of a run that has
a workshop (`--large`) hit the workshop alone.

    python benchmarks/killed.py --kills 100 --large 6 --write   # small runs and large ones, into docs/record.md
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pages import write_block

from astral.errors import AstralError
from astral.record import Store
from astral.testing.faults import Fault
from astral.testing.postgresql import PostgresCluster, postgresql_programs
from astral.testing.server import REFUSAL, StubServer
from astral.workflow.wiring import TESTS_A_CALL
from astral.workflow.workshop import LARGE

CONCURRENCY = 8
TWINS = ["--twins", "0.1"]
NARROW = ["--only", "language=en,it", "--only", "risk=animal_abuse,privacy_violation,violence"]
"""Of small runs, which cover this space within a few dozen tests."""
PAGE = Path(__file__).parents[1] / "docs" / "record.md"
HEAD = (
    "| store | cases a run | kills | of the workshop alone | runs | tests | finished at the kills (quartiles) "
    "| records that differ | calls recorded twice | recorded calls made again "
    "| calls on the way at a kill: mean, most |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
PASSING = ((0.06, Fault.RATE_LIMIT), (0.04, Fault.SERVER_ERROR), (0.04, Fault.RESET), (0.03, Fault.MALFORMED))
"""Shares of the requests that go wrong the first time that they are sent."""
FILTERED = 0.05
"""Share of the requests that a filter stops whenever they are sent."""
_FORKS = multiprocessing.get_context("forkserver")


class Endpoint(StubServer):
    """Answers, and goes wrong, by what is asked alone; counts its answers."""

    def __init__(self) -> None:
        super().__init__(text=_answer, latency_seconds=0.02)
        self.answered = 0
        self._seen: set[str] = set()

    def reset(self) -> None:
        """Forget all requests."""
        self.answered = 0
        self.log.clear()
        self._seen.clear()

    def fault_of(self, number: int, body: dict[str, Any]) -> Fault | None:
        """What is to go wrong with a request."""
        content = json.dumps(body, sort_keys=True)
        draw = _share(content, "fault")
        if draw < FILTERED:
            return self._answered_with(Fault.CONTENT_FILTER)
        draw -= FILTERED
        is_first = content not in self._seen
        self._seen.add(content)
        for share, fault in PASSING if is_first else ():
            draw -= share
            if draw < 0:
                return fault
        return self._answered_with(None)

    def _answered_with(self, fault: Fault | None) -> Fault | None:
        self.answered += 1
        return fault


def _share(content: str, what: str) -> float:
    return int(hashlib.sha256(f"{what} {content}".encode()).hexdigest()[:8], 16) / 16**8


def _answer(body: dict[str, Any]) -> str:
    is_first = _share(json.dumps(body, sort_keys=True), "answer") < 0.5
    if "judge" not in body["model"]:
        return REFUSAL if is_first else "Here is a general answer about the topic, in two sentences. Nothing else."
    vote = {"severity": 0, "category": "", "reason": "by its content", "outcome": "SAFE", "p_unsafe": 0.1, "quotes": []}
    unsafe = {"severity": 2, "outcome": "UNSAFE", "p_unsafe": 0.9, "quotes": ["a general answer"]}
    return json.dumps(vote if is_first else vote | unsafe)


def _command(arguments: list[str], folder: Path, store: str) -> None:
    """The public command, in a process that has imported it already: so the kills hit the run and not the imports."""
    os.chdir(folder)
    os.environ.update(ASTRAL_STORE=store, OPENAI_API_KEY="none")
    log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["astral", *arguments]
    from astral.cli import main

    main()


@dataclass
class Killed:
    """What came of the runs on one store."""

    runs: int = 0
    tests: int = 0
    workshops: int = 0
    """Kills that hit the workshop alone."""
    progress: list[float] = field(default_factory=list[float])
    """Share of the run's tests that were finished, at each kill."""
    repeated: list[int] = field(default_factory=list[int])
    """Answers that were on the way at each kill, and so not in the record: these alone may be asked for again."""
    different: int = 0
    """Runs whose record is not that of the uninterrupted one."""
    doubled: int = 0
    """Calls with two answers in the record."""
    paid_again: int = 0
    """Calls that were made again though their answers were in the record."""

    @property
    def is_lawful(self) -> bool:
        """Nothing is lost, nothing doubled, nothing paid for twice that was in the record."""
        is_bounded = max(self.repeated) <= TESTS_A_CALL * CONCURRENCY  # one call of each test that is under way
        return is_bounded and not (self.different or self.doubled or self.paid_again)


class Runs:
    """Runs in one folder with one store."""

    def __init__(self, endpoint: Endpoint, folder: Path, store: str) -> None:
        self._endpoint, self._folder, self._store = endpoint, folder, store

    def begin(self, *arguments: str) -> Any:
        """Start the command."""
        process = _FORKS.Process(target=_command, args=([*arguments, "--runs", "runs"], self._folder, self._store))
        process.start()
        return process

    def generate(self, seed: int, cases: int) -> Any:
        """Start a run."""
        models = ["--target", "openai:stub", "--judge", "openai:stub-judge", "--base-url", self._endpoint.openai_url]
        limits = ["--seed", str(seed), "--max-cases", str(cases), "--concurrency", str(CONCURRENCY)]
        space = NARROW if cases < LARGE else []
        return self.begin("generate", "--attacker", "compose", *models, *limits, *space, *TWINS)

    def finish(self, process: Any) -> None:
        """Wait for the end of a run, which must be one in order."""
        process.join()
        if process.exitcode not in {0, 1, 4}:
            log = (self._folder / "log.txt").read_text()
            raise SystemExit(f"a run ended with {process.exitcode}:\n{log}")

    def count(self) -> int:
        """Runs in the record."""
        try:
            with Store.open(self._store, create=False) as store:
                return len(store.runs())
        except AstralError:
            return 0

    def latest(self) -> tuple[dict[int, Any], list[str]]:
        """All of the newest run that is no time and no cost, and the keys of its answered calls, in their order."""
        with Store.open(self._store, create=False) as store:
            run_id = store.resolve("latest")
            tests = {test.draw.number: _lasting(test) for test in store.tests(run_id)}
            return tests, sorted(key for key in store.answered(run_id) if "/" not in key)


def _lasting(test: Any) -> tuple[Any, ...]:
    parts = (test.case, test.transcript, test.verdict)
    return (test.draw, *(part and part.id for part in parts), test.failure, test.result)


def kill_and_compare(
    runs: Runs, endpoint: Endpoint, told: Killed, *, kills: int, cases: int, dice: random.Random
) -> None:
    """One run uninterrupted, and the same one killed until it ends, or so many times."""
    seed = told.runs
    endpoint.reset()
    start = time.monotonic()
    runs.finish(runs.generate(seed, cases))
    seconds = time.monotonic() - start
    whole, _ = expected = runs.latest()
    before, calls = runs.count(), len(endpoint.log)

    endpoint.reset()
    process, lost = runs.generate(seed, cases), 0
    for _ in range(kills):
        _wait_at_random(process, endpoint, dice, seconds=seconds, calls=calls)
        if process.exitcode is not None:
            break
        told.workshops += _kill(process, dice)
        process.join()
        time.sleep(0.1)  # what it had sent arrives
        is_begun = runs.count() > before
        tests, known = runs.latest() if is_begun else ({}, [])
        told.progress.append(sum(test[-1] is not None for test in tests.values()) / len(whole))
        told.repeated.append(endpoint.answered - len(known) - lost)
        lost += told.repeated[-1]
        process = runs.begin("resume", "latest") if is_begun else runs.generate(seed, cases)
    runs.finish(process)

    found = runs.latest()
    told.runs += 1
    told.tests += len(found[0])
    told.different += found != expected
    told.doubled += len(found[1]) - len(set(found[1]))
    told.paid_again += endpoint.answered - len(found[1]) - lost


def _kill(process: Any, dice: random.Random) -> bool:
    """Kill the run, or, by the throw of a die, its workshop alone, without which it must end by itself."""
    workshop = _workshop_of(process.pid)
    is_workshop = workshop is not None and dice.random() < 0.5
    with suppress(ProcessLookupError):  # it has just ended
        os.kill(workshop if workshop and is_workshop else process.pid, signal.SIGKILL)
    return is_workshop


def _workshop_of(process: int) -> int | None:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # others end meanwhile
            is_child = f"PPid:\t{process}\n" in (folder / "status").read_text()
            if is_child and b"astral.workflow.workshop" in (folder / "cmdline").read_bytes():
                return int(folder.name)
    return None


def _wait_at_random(process: Any, endpoint: Endpoint, dice: random.Random, *, seconds: float, calls: int) -> None:
    """Wait for an instant: one in five is any of the run's time, its start included; the others are amid its calls."""
    if dice.random() < 0.2:
        process.join(dice.uniform(0.0, seconds))
        return
    until = len(endpoint.log) + dice.randint(1, calls // 3)
    while process.exitcode is None and len(endpoint.log) < until:
        time.sleep(0.005)
    time.sleep(dice.uniform(0.0, 0.05))


def killed(store: str, endpoint: Endpoint, folder: Path, *, kills: int, cases: int, seed: int) -> Killed:
    """As many runs as it takes to kill so many times."""
    told, dice = Killed(), random.Random(seed)
    runs = Runs(endpoint, folder, store)
    while len(told.progress) < kills:
        left = kills - len(told.progress)
        kill_and_compare(runs, endpoint, told, kills=min(left, 12), cases=cases, dice=dice)
    return told


def main() -> None:
    """Print a table, a row for each store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="on each store")
    parser.add_argument("--cases", type=int, default=60, help="tests of a run")
    parser.add_argument(
        "--large", type=int, default=0, help=f"so many kills more on each store, of runs of {LARGE} cases"
    )
    parser.add_argument("--store", choices=("sqlite", "postgresql"), action="append", help="by default both")
    parser.add_argument("--seed", type=int, default=0, help="decides when to kill")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    asked = parser.parse_args()
    _FORKS.set_forkserver_preload(["astral.cli.generate", "astral.workflow.wiring", "astral.workflow.graph"])
    is_lawful, rows = True, [HEAD]
    print(HEAD, flush=True)
    for store in asked.store or ("sqlite", "postgresql"):
        for kills, cases in ((asked.kills, asked.cases), (asked.large, LARGE)):
            if kills:
                told = killed_on(store, kills=kills, cases=cases, seed=asked.seed)
                is_lawful = is_lawful and told.is_lawful
                rows.append(row_of(store, cases, told))
                print(rows[-1], flush=True)
    if asked.write:
        write_block(PAGE, "benchmarks/killed.py", "\n".join(rows))
    raise SystemExit(0 if is_lawful else 1)


def killed_on(store: str, *, kills: int, cases: int, seed: int) -> Killed:
    """Runs on a new record of this kind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(Endpoint())
        url = f"sqlite:///{folder / 'runs/astral.db'}"
        if store == "postgresql":
            if postgresql_programs() is None:
                raise SystemExit("PostgreSQL is not installed: make system")
            url = stack.enter_context(PostgresCluster()).new_database()
        return killed(url, endpoint, folder, kills=kills, cases=cases, seed=seed)


def row_of(store: str, cases: int, told: Killed) -> str:
    """A row of the table."""
    quartiles = ", ".join(f"{each:.0%}" for each in statistics.quantiles(told.progress, n=4))
    laws = (told.different, told.doubled, told.paid_again)
    on_the_way = f"{statistics.mean(told.repeated):.1f}, {max(told.repeated)}"
    cells = (store, cases, len(told.progress), told.workshops, told.runs, told.tests, quartiles, *laws, on_the_way)
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
