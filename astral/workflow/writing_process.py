"""A process of its own in which a large run's cases are written, beside the one that asks and judges.

Python computes on one core a process. Where seeds and frames alone make the cases, writing and screening them takes a
fifth of a run's CPU and waits for nobody, so that it may go on elsewhere; what comes out is the same (`generate_all`).
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from astral.config import Settings
from astral.domain.ports import LearningGenerator
from astral.domain.records import Draw
from astral.domain.run import Manifest
from astral.errors import AstralError, UserError
from astral.execute import Budget
from astral.generate import Written
from astral.record import Recorder, Store
from astral.tracking import Spans
from astral.workflow.attackers import COMPOSE, MUTATE, drafts_are_free, mode_of, web_sources
from astral.workflow.events import Silence
from astral.workflow.reporting import store_url
from astral.workflow.run_parts import RunParts
from astral.workflow.writers import writers_of_run

LARGE: Final = 2000
"""Cases of a run from which on the process is worth its start, about a second."""
_SIZE_BYTES: Final = 8


def is_written_elsewhere(manifest: Manifest) -> bool:
    """Whether a run is large, and its writers need nothing of what goes on in its own process: no model, no search."""
    settings = Settings.model_validate(manifest.settings)
    return (
        (settings.budget.cases or 0) >= LARGE
        and len(os.sched_getaffinity(0)) > 1
        and not manifest.suite
        and mode_of(settings) in {COMPOSE, MUTATE}
        and drafts_are_free(settings)
        and not manifest.corpora
        and not web_sources(settings)
    )


@dataclass(frozen=True)
class _Refused:
    """Why nothing was written."""

    text: str
    is_users: bool
    """It is the user's to mend."""


class WritingProcess:
    """Writers in a process of their own; it ends with this one, however that ends."""

    learning: Sequence[LearningGenerator] = ()

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, manifest: Manifest) -> "WritingProcess":
        """Start the process; it opens its parts while others do something else."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", f"from {__name__} import serve; serve()"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C in the terminal is for the run, which writes on until what is under way has ended.
            start_new_session=True,
        )
        begun = cls(process)
        begun._send(manifest)
        return begun

    async def ready(self) -> None:
        """Wait until the parts are open.

        Raises:
            UserError: One lacks what it works with.
        """
        await self._answer()

    async def write(
        self, draws: Sequence[Draw], *, round_draws: Sequence[Draw], advanced: Callable[[], None] = lambda: None
    ) -> Written:
        """Write one case a draw, as `Writers.write` does; one round after the other."""
        self._send((draws, round_draws))
        written: Written = await self._answer()
        for _ in draws:
            advanced()
        return written

    async def close(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def _send(self, told: Any) -> None:
        assert self._process.stdin  # noqa: S101 - it was asked for
        self._process.stdin.write(_packed(told))

    async def _answer(self) -> Any:
        assert self._process.stdout  # noqa: S101 - it was asked for
        try:
            size = int.from_bytes(await self._process.stdout.readexactly(_SIZE_BYTES), "big")
            answer = pickle.loads(await self._process.stdout.readexactly(size))  # noqa: S301 - our own process wrote it
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await self._process.wait()
            raise AstralError(
                f"The process that writes the test cases ended before its time (exit code {code}; -9 often means that "
                "memory ran out). Nothing is lost: `astral resume` goes on with the run."
            ) from None
        if isinstance(answer, _Refused):
            raise (UserError if answer.is_users else AstralError)(answer.text)
        return answer


def _packed(told: Any) -> bytes:
    body = pickle.dumps(told, protocol=pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(_SIZE_BYTES, "big") + body


async def _serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Open the writers of the manifest that comes first, then write round after round until nobody asks any more."""

    def take() -> Any:
        size = asked.read(_SIZE_BYTES)
        return pickle.loads(asked.read(int.from_bytes(size, "big"))) if size else None  # noqa: S301 - the run wrote it

    def give(answer: Any) -> None:
        answers.write(_packed(answer))
        answers.flush()

    manifest: Manifest = take()
    async with AsyncExitStack() as closing:
        try:
            store = closing.enter_context(Store.open(store_url(Settings.model_validate(manifest.settings).runs)))
            recorder = await closing.enter_async_context(Recorder(store, manifest.run_id))
            # Nothing that it opens asks anybody, so it has no budget and no journal.
            parts = RunParts(
                manifest, store, Silence(), recorder=recorder, spans=Spans(), closing=closing, budget=Budget()
            )
            writers = await writers_of_run(parts)
        except AstralError as error:
            give(_Refused(str(error), is_users=isinstance(error, UserError)))
            return
        give(None)
        while (told := take()) is not None:
            draws, round_draws = told
            try:
                give(await writers.write(draws, round_draws=round_draws))
            except AstralError as error:
                give(_Refused(str(error), is_users=isinstance(error, UserError)))


def serve() -> None:
    """Be such a process: what is asked comes by standard input, and goes out where standard output was."""
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a part prints must not come between the answers.
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        asyncio.run(_serve(sys.stdin.buffer, answers))
