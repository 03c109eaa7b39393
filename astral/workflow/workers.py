"""The workers of a run on a Ray cluster: each gets its part of what takes long (`host`).

The planner, the screen and the budget stay with the run's own process, which lends out what takes long and a part of
the budget (`leasing`); all write into one record. So a worker holds nothing that could be lost but its calls in flight.
Keys are those of the workers' own environments.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

import numpy as np

from astral.config import Environment, Settings
from astral.domain.ports import Embeddings, TextKind
from astral.domain.run import Manifest
from astral.errors import AstralError, UserError
from astral.providers.ray_cluster import join_cluster
from astral.workflow.host import Host
from astral.workflow.leasing import TESTS_A_LEASE, Answered, Lease, Question, Terms, Worked, WorkerLostError
from astral.workflow.wiring import TESTS_A_CALL

RAY: Final = "ray"
LEASES_A_CALL: Final = 1.5 * TESTS_A_CALL / TESTS_A_LEASE
"""Leases that a worker has at a time for each call in flight: a half more than keep it busy, since the tests of a lease
end one after the other."""
TEXTS_A_WORKER: Final = 4
"""The fewest texts that are worth the way to a worker."""
LOOK_SECONDS: Final = 5.0
"""How often it is looked whether nodes have joined or left."""
BIRTHS: Final = 20
"""Workers that may be lost one after the other, none of them having done anything, before that is an error."""


class Workers:
    """The workers of a run: each lease goes to the one that has the fewest, and so does each question."""

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
        try:
            import ray
        except ModuleNotFoundError as error:
            raise UserError("--workers ray needs Ray: pip install 'astral-safety[ray]'.") from error
        self._ray: Any = ray
        self._is_ours = join_cluster(ray, address, asker=f"--workers {settings.workers}")
        self._each = max(2, ceil(LEASES_A_CALL * settings.concurrency))
        # They wait for answers more than they compute; and their calls are limited by the run.
        self._remote: Any = ray.remote(Host).options(
            num_cpus=0, scheduling_strategy="SPREAD", max_concurrency=2 * (self._each + settings.concurrency)
        )
        self._told = manifest, Path.cwd(), is_shared
        self._busy: dict[Any, Counter[str]] = {}
        """Leases and questions that each of them has."""
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
            await self._changed.wait_for(lambda: min(each["work"] for each in self._busy.values()) < self._each)

    async def work(self, lease: Lease) -> Worked:
        """Have the one that has the fewest work on a lease.

        Raises:
            WorkerLostError: It is gone.
            AstralError: It cannot work at all.
        """
        worked: Worked = await self._done("work", lease)
        return worked

    async def answer(self, question: Question) -> Answered:
        """Have the one that is asked the least ask a model.

        Raises:
            WorkerLostError: It is gone.
            AstralError: It cannot work at all.
        """
        answered: Answered = await self._done("answer", question)
        return answered

    async def _done(self, what: str, terms: Terms) -> Any:
        self._look()
        host = min(self._busy, key=lambda each: self._busy[each][what])
        self._busy[host][what] += 1
        try:
            said = await getattr(host, what).remote(terms)
        except self._ray.exceptions.RayTaskError:
            raise  # a mistake of ours, with the place where it was made
        except self._ray.exceptions.RayError as error:
            self._lost(host, error)
            raise WorkerLostError(f"a worker was lost in the midst of its work ({type(error).__name__})") from error
        finally:
            if host in self._busy:
                self._busy[host][what] -= 1
            async with self._changed:
                self._changed.notify_all()
        if isinstance(said, str):
            raise AstralError(said)
        self._births = 0
        return said

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Have each of them embed as many texts, from any thread.

        Raises:
            WorkerLostError: One is gone, or cannot embed.
        """
        hosts = list(self._busy)
        share = max(TEXTS_A_WORKER, ceil(len(texts) / len(hosts)))
        parts = [texts[start : start + share] for start in range(0, len(texts), share)]
        try:
            vectors = self._ray.get([host.embed.remote(part, kind) for host, part in zip(hosts, parts, strict=False)])
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(f"a worker could not embed ({type(error).__name__})") from error
        return np.concatenate(vectors)

    def _look(self) -> None:
        """Have as many workers as were asked for; where no number was named, one for each node there is now."""
        now = asyncio.get_running_loop().time()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        count = self._count or max(2, sum(bool(node["Alive"]) for node in self._ray.nodes()))
        for _ in range(count - len(self._busy)):
            self._busy[self._remote.remote(self._told[0], self._told[1], is_shared=self._told[2])] = Counter()

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
