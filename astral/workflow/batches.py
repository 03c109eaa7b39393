"""Runs in batches: which models are asked so, and what the record knows of their batches."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from astral.config import Settings
from astral.domain.batch import Batch
from astral.domain.chat import ModelRole
from astral.domain.run import Call
from astral.errors import UserError
from astral.plugins import split_spec
from astral.providers import BATCH_VENDORS
from astral.record import Recorder, Store

if TYPE_CHECKING:
    from astral.workflow.journal import RunJournal

BATCH_ROLE = "batch"
"""What the roles begin with under which batches stand among the calls."""


def is_batched(settings: Settings, role: ModelRole, spec: str) -> bool:
    """Whether a model is asked in batches; what attackers and guards say, others wait for."""
    has_time = role in {ModelRole.TARGET, ModelRole.JUDGE}
    return settings.batch is not None and has_time and split_spec(spec)[0] in BATCH_VENDORS


def check_batches(settings: Settings) -> None:
    """See to it that there is something to send in batches.

    Raises:
        UserError: No model of the run has a batch interface, or workers are to ask it.
    """
    from astral.workflow.judges import models_asked

    if settings.batch and settings.workers:
        raise UserError("Batches are collected in one process: leave `--batch` or `--workers` out.")
    asked = [(ModelRole.TARGET, settings.target.model)]
    if settings.batch is None or any(is_batched(settings, *each) for each in asked):
        return
    if not any(is_batched(settings, ModelRole.JUDGE, model) for model in models_asked(settings)):
        raise UserError(
            f"Batches are taken by {', '.join(f'{vendor}:NAME' for vendor in BATCH_VENDORS)}; the target "
            f"{settings.target.model!r} and the judge {settings.judge.model!r} are none of these. Leave `--batch` out."
        )


class RunBatches:
    """The batches of one model in a run, in its record."""

    def __init__(
        self, store: Store, recorder: Recorder, journal: "RunJournal", *, run_id: str, role: ModelRole, model: str
    ) -> None:
        self._store, self._recorder, self._journal = store, recorder, journal
        self._run_id, self._role = run_id, f"{BATCH_ROLE}.{role.value}.{model}"

    def batches(self) -> Iterable[Batch]:
        """Those that were about to be sent, oldest first, with their ids where these were written down."""
        found = [Batch.model_validate(call.reply) for call in self._store.calls_of(self._run_id, self._role)]
        # Of two entries of a batch the later one has its id.
        return {batch.mark: batch for batch in found}.values()

    def unanswered(self, keys: Collection[str]) -> Collection[str]:
        """Those of the calls that have no answer in the record."""
        return [key for key in keys if not self._journal.has(key)]

    async def write(self, batch: Batch) -> None:
        """Note that a batch is about to be sent, or its id; returns once that is durable."""
        await self._recorder.write(Call(key=batch.mark, role=self._role, reply=batch.model_dump(mode="json")))
