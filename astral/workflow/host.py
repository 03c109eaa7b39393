"""A worker of a Ray cluster: opens a run's models, asks the attacker's, embeds, and takes tests to their verdicts."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from pathlib import Path

from astral import __version__
from astral.config import Environment, Settings
from astral.domain.ports import Embedder, Embeddings, TextKind
from astral.domain.run import Manifest, TestRecord
from astral.errors import AstralError, StageError, StoppedError, UserError
from astral.execute import Budget, LentBudget
from astral.record import Recorder, Store
from astral.tracking import Spans
from astral.workflow import nodes
from astral.workflow.events import Silence
from astral.workflow.leasing import Answered, Lease, Question, Terms, Worked
from astral.workflow.pool import work_through
from astral.workflow.reporting import store_url
from astral.workflow.requests import embedder_of
from astral.workflow.run_parts import RunParts
from astral.workflow.wiring import late_parts_of


class Host:
    """What a worker is: the parts of a run that take long, opened once."""

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
        self._opening, self._embedding = asyncio.Lock(), asyncio.Lock()
        self._parts: RunParts | None = None

    async def work(self, lease: Lease) -> Worked | str:
        """Take tests to their ends, all at a time; what keeps every lease from being worked on is told in words."""
        try:
            return await self._work(await self._ready(lease), lease)
        except AstralError as error:  # its class may need more than its text, which is all that Ray would bring along
            return str(error)

    async def answer(self, question: Question) -> Answered | str:
        """Ask a model of the attacker's; what keeps every question from being asked is told in words."""
        try:
            return await self._answer(await self._ready(question), question)
        except AstralError as error:
            return str(error)

    async def embed(self, texts: Sequence[str], kind: TextKind) -> Embeddings:
        """Unit vectors, one a text."""
        async with self._embedding:
            return await asyncio.to_thread(self._embedder.embed, texts, kind=kind)

    async def _ready(self, terms: Terms) -> RunParts:
        """The parts, on these terms."""
        async with self._opening:
            parts = self._parts or await self._open()
        if terms.is_again:
            parts.journal.look_again()
        parts.endpoints.shared_by(terms.sharers)
        return parts

    async def _work(self, parts: RunParts, lease: Lease) -> Worked:
        done: list[TestRecord] = []

        async def one(test: TestRecord) -> None:
            done.append(await nodes.work(late_parts, test))

        late_parts, budget = self._late, _budget_of(lease)
        with self._budget.spending(budget):
            stopped = await work_through(lease.tests, one, concurrency=len(lease.tests))
        return Worked(
            tests=tuple(done),
            tokens=budget.spent_tokens,
            dollars=budget.spent_dollars,
            stopped=stopped,
            notes=self._said(),
        )

    async def _answer(self, parts: RunParts, question: Question) -> Answered:
        budget = _budget_of(question)
        with self._budget.spending(budget):
            try:
                end = await parts.attacker_model(question.model).chat(question.request)
            except (StageError, StoppedError) as error:
                end = error
        return Answered(end, budget.spent_tokens, budget.spent_dollars, self._said())

    def _said(self) -> tuple[str, ...]:
        """What whoever watches the run should hear, each thing once."""
        notes, self._notes[:] = tuple(self._notes), []
        return notes

    @cached_property
    def _embedder(self) -> Embedder:
        return embedder_of(Settings.model_validate(self._manifest.settings))

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


def _budget_of(terms: Terms) -> Budget:
    return Budget(max_tokens=terms.tokens, max_dollars=terms.dollars, max_minutes=terms.minutes)


class _Notes(Silence):
    """Keeps what whoever watches the run should hear, until a lease is told of."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def note(self, text: str) -> None:
        self._notes.append(text)
