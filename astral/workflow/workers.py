"""Workers of a Ray cluster: each opens a run's target and judge, and takes tests to their verdicts.

The planner, the screen and the budget stay with the run's own process, which lends out tests and a part of the budget
(`leasing`); all write into one record. So a worker holds nothing that could be lost but its calls in flight. Keys are
those of the workers' own environments.
"""

import asyncio
import logging
import os
import tempfile
from contextlib import AsyncExitStack
from math import ceil
from pathlib import Path
from typing import Any, Final

from astral import __version__
from astral.config import Environment, Settings
from astral.domain.run import Manifest, TestRecord
from astral.errors import AstralError, EndpointDownError, UserError
from astral.execute import Budget, LentBudget
from astral.record import Recorder, Store
from astral.tracking import Spans
from astral.workflow import nodes
from astral.workflow.events import Silence
from astral.workflow.leasing import TESTS_A_LEASE, Lease, Worked, WorkerLostError
from astral.workflow.pool import work_through
from astral.workflow.reporting import store_url
from astral.workflow.run_parts import RunParts
from astral.workflow.wiring import TESTS_A_CALL, late_parts_of

RAY: Final = "ray"
LEASES_A_CALL: Final = 1.5 * TESTS_A_CALL / TESTS_A_LEASE
"""Leases that a worker has at a time for each call in flight: a half more than keep it busy, since the tests of a lease
end one after the other."""
LOOK_SECONDS: Final = 5.0
"""How often it is looked whether nodes have joined or left."""
BIRTHS: Final = 20
"""Workers that may be lost one after the other, none of them having done anything, before that is an error."""


class Host:
    """What a worker is: the parts that take a run's tests to their verdicts, opened once."""

    def __init__(self, manifest: Manifest, folder: Path, *, is_shared: bool) -> None:
        """Keep what is to be opened.

        Args:
            manifest: The run.
            folder: Where the run was started: modules of `python:` lie there, if the worker sees the same files.
            is_shared: The record is in a database of the environment, else in a file of the folder of runs.
        """
        if folder.is_dir():
            os.chdir(folder)
        settings = Settings.model_validate(manifest.settings)
        runs = settings.runs if settings.runs.is_dir() else Path(tempfile.mkdtemp(prefix="astral-"))
        told = settings.model_copy(update={"workers": None, "runs": runs}).model_dump(mode="json")
        self._manifest = manifest.model_copy(update={"settings": told})
        self._is_shared, self._runs = is_shared, runs
        self._budget, self._notes, self._closing = LentBudget(), list[str](), AsyncExitStack()
        self._opening = asyncio.Lock()
        self._parts: RunParts | None = None

    async def work(self, lease: Lease) -> Worked | str:
        """Take tests to their ends, all at a time; what keeps every lease from being worked on is told in words."""
        try:
            async with self._opening:
                parts = self._parts or await self._open()
            return await self._work(parts, lease)
        except AstralError as error:  # its class may need more than its text, which is all that Ray would bring along
            return str(error)

    async def _work(self, parts: RunParts, lease: Lease) -> Worked:
        if lease.is_again:
            parts.journal.look_again()
        parts.endpoints.shared_by(lease.sharers)
        budget = Budget(max_tokens=lease.tokens, max_dollars=lease.dollars, max_minutes=lease.minutes)
        done: list[TestRecord] = []

        async def one(test: TestRecord) -> None:
            done.append(await nodes.work(self._late, test))

        with self._budget.spending(budget):
            stopped = await work_through(lease.tests, one, concurrency=len(lease.tests))
        notes, self._notes[:] = tuple(self._notes), []
        return Worked(
            tests=tuple(done),
            tokens=budget.spent_tokens,
            dollars=budget.spent_dollars,
            stopped=str(stopped) if stopped else "",
            is_down=isinstance(stopped, EndpointDownError),
            notes=notes,
        )

    async def _open(self) -> RunParts:
        if self._manifest.astral_version != __version__:
            raise UserError(f"A worker has astral {__version__}, the run {self._manifest.astral_version}.")
        if self._is_shared and not Environment().astral_store:
            raise UserError("A worker has no ASTRAL_STORE in its environment: it could not record what it does.")
        store = self._closing.enter_context(Store.open(store_url(self._runs), create=False))
        recorder = await self._closing.enter_async_context(Recorder(store, self._manifest.run_id))
        parts = RunParts(
            self._manifest,
            store,
            _Notes(self._notes),
            recorder=recorder,
            spans=Spans(),
            closing=self._closing,
            budget=self._budget,
        )
        self._late = late_parts_of(parts)
        self._parts = parts
        return parts


class _Notes(Silence):
    """Keeps what whoever watches the run should hear, until a lease is told of."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def note(self, text: str) -> None:
        self._notes.append(text)


class Workers:
    """The workers of a run: each lease goes to the one that has the fewest."""

    def __init__(self, manifest: Manifest) -> None:
        """Start them, on the cluster that `workers` names, on this machine's own, or on a new one for this run alone.

        Raises:
            UserError: Ray is not installed, there is no cluster at the address, or the record is a file that the
                cluster's machines do not see.
        """
        settings = Settings.model_validate(manifest.settings)
        self._count, address = workers_of(settings.workers or RAY)
        is_shared = Environment().astral_store is not None
        if address and not is_shared:
            raise UserError(
                f"--workers {settings.workers}: workers on other machines write into the record themselves. Put it "
                "into PostgreSQL: `export ASTRAL_STORE=postgresql://…`, here and where the workers are."
            )
        # astral has no telemetry, and brings none along.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ModuleNotFoundError as error:
            raise UserError("--workers ray needs Ray: pip install 'astral-safety[ray]'.") from error
        self._ray: Any = ray
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            try:
                ray.init(address=address, include_dashboard=None if address else False, logging_level=logging.ERROR)
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UserError(
                    f"--workers {settings.workers}: there is no Ray cluster to be reached ({error})."
                ) from None
        self._each = max(2, ceil(LEASES_A_CALL * settings.concurrency))
        # They wait for answers more than they compute; and their calls are limited by the run.
        self._remote: Any = ray.remote(Host).options(
            num_cpus=0, scheduling_strategy="SPREAD", max_concurrency=2 * self._each
        )
        self._told = manifest, Path.cwd(), is_shared
        self._busy: dict[Any, int] = {}
        self._births = 0
        self._changed = asyncio.Condition()
        self._looked = float("-inf")
        self._look()

    @property
    def workers(self) -> int:
        """How many there are now."""
        return len(self._busy)

    @property
    def places(self) -> int:
        """Leases that they can work on at a time."""
        return self._each * len(self._busy)

    async def free(self) -> None:
        """Wait until one of them can take a lease."""
        async with self._changed:
            await self._changed.wait_for(lambda: min(self._busy.values()) < self._each)

    async def work(self, lease: Lease) -> Worked:
        """Have the least busy one work on a lease.

        Raises:
            WorkerLostError: It is gone.
            AstralError: It cannot work at all.
        """
        self._look()
        host = min(self._busy, key=self._busy.__getitem__)
        self._busy[host] += 1
        try:
            said: Worked | str = await host.work.remote(lease)
        except self._ray.exceptions.RayTaskError:
            raise  # a mistake of ours, with the place where it was made
        except self._ray.exceptions.RayError as error:
            self._lost(host, error)
            raise WorkerLostError(f"a worker was lost in the midst of its work ({type(error).__name__})") from error
        finally:
            if host in self._busy:
                self._busy[host] -= 1
            async with self._changed:
                self._changed.notify_all()
        if isinstance(said, str):
            raise AstralError(said)
        self._births = 0
        return said

    def _look(self) -> None:
        """Have as many workers as were asked for; where no number was named, one for each node there is now."""
        now = asyncio.get_running_loop().time()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        count = self._count or max(2, sum(bool(node["Alive"]) for node in self._ray.nodes()))
        for _ in range(count - len(self._busy)):
            self._busy[self._remote.remote(self._told[0], self._told[1], is_shared=self._told[2])] = 0

    def _lost(self, host: Any, error: Exception) -> None:
        """Begin another one, unless that was done; leases wait until it is there."""
        if self._busy.pop(host, None) is None:
            return
        self._births += 1
        if self._births > BIRTHS:
            raise UserError(f"No worker stays alive; the last one was lost so: {error}") from error
        self._looked = float("-inf")
        self._look()

    def close(self) -> None:
        """Let them go, and the cluster if it was for this run alone."""
        for host in self._busy:
            self._ray.kill(host)
        if self._is_ours:
            self._ray.shutdown()


def workers_of(told: str) -> tuple[int | None, str | None]:
    """How many workers `ray`, `ray:4` or `ray:4@ADDRESS` asks for, and where; None: one for each node, on any cluster.

    Raises:
        UserError: It is none of these.
    """
    kind, _, rest = told.partition(":")
    count, _, address = rest.partition("@")
    if kind != RAY or (count and not count.isdecimal()) or count == "0":
        raise UserError(f"--workers {told}: write ray, ray:4 for four workers, or ray:4@ray://HOST:10001.")
    return int(count) if count else None, address or os.environ.get("RAY_ADDRESS") or None
