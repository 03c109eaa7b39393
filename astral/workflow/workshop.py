"""A process of its own in which a large run's tests are planned and written, beside the one that asks and judges.

Python computes on one core a process. Where seeds and frames alone make the cases, planning, writing and screening take
a third of a run's CPU and wait for nobody, so that they may go on elsewhere; what comes out is the same.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final

from astral.config import Settings
from astral.domain.criterion import Progress
from astral.domain.ports import LearningGenerator
from astral.domain.records import Draw, Result
from astral.domain.run import Manifest
from astral.errors import AstralError, UserError
from astral.execute import Budget
from astral.generate import Written
from astral.record import Recorder, Store
from astral.tracking import Spans
from astral.workflow.attackers import COMPOSE, MUTATE, drafts_are_free, mode_of, web_sources
from astral.workflow.events import Silence
from astral.workflow.planning import Planning, planning_of
from astral.workflow.reporting import store_url
from astral.workflow.run_parts import RunParts
from astral.workflow.writers import Writers, writers_of_run

LARGE: Final = 2000
"""Cases of a run from which on the process is worth its start, about a second."""
_TOLD_AT_ONCE: Final = 1000
_SIZE_BYTES: Final = 8


def has_workshop(manifest: Manifest) -> bool:
    """Whether a run is large, and who plans and writes it needs nothing of its own process: no model, no search."""
    settings = Settings.model_validate(manifest.settings)
    return (
        (settings.budget.cases or 0) >= LARGE
        and _cores() > 1
        and not manifest.suite
        and mode_of(settings) in {COMPOSE, MUTATE}
        and drafts_are_free(settings)
        and not manifest.corpora
        and not web_sources(settings)
    )


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Refused:
    """Why something was not done."""

    text: str
    is_users: bool
    """It is the user's to mend."""

    @classmethod
    def of(cls, error: AstralError) -> "_Refused":
        return cls(str(error), is_users=isinstance(error, UserError))


class Workshop:
    """Does what `Planning` and `Writers` do, in a process of its own that ends with this one, however that ends."""

    learning: Sequence[LearningGenerator] = ()

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        # One thing after the other: what it is asked for, and then the answer.
        self._turn = asyncio.Lock()

    @classmethod
    async def begin(cls, manifest: Manifest) -> "Workshop":
        """Start the process; it opens its parts while this one does something else."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", f"from {__name__} import serve; serve()"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C in the terminal is for the run, which goes on until what is under way has ended.
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

    async def draw(self, limit: int, left: int | None) -> list[Draw]:
        """As `Planning.draw`."""
        return await self._ask("draw", limit, left)

    async def observe(self, tests: Iterable[tuple[Draw, Result]]) -> None:
        """As `Planning.observe`; a resumed run may have any number of tests, which never stand in memory together."""
        left = iter(tests)
        while some := list(islice(left, _TOLD_AT_ONCE)):
            await self._ask("observe", some)

    async def take_up(self, draws: Iterable[Draw]) -> None:
        """As `Planning.take_up`."""
        await self._ask("take_up", list(draws))

    async def progress(self) -> Progress:
        """As `Planning.progress`."""
        return await self._ask("progress")

    async def write(
        self, draws: Sequence[Draw], *, round_draws: Sequence[Draw], advanced: Callable[[], None] = lambda: None
    ) -> Written:
        """As `Writers.write`."""
        written: Written = await self._ask("write", draws, round_draws)
        for _ in draws:
            advanced()
        return written

    async def close(self) -> None:
        """End the process."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _ask(self, what: str, *told: Any) -> Any:
        async with self._turn:
            self._send((what, told))
            return await self._answer()

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
                f"The process that plans and writes the tests ended before its time (exit code {code}; -9 often means "
                "that memory ran out). Nothing is lost: `astral resume` goes on with the run."
            ) from None
        if isinstance(answer, _Refused):
            raise (UserError if answer.is_users else AstralError)(answer.text)
        return answer


def _packed(told: Any) -> bytes:
    body = pickle.dumps(told, protocol=pickle.HIGHEST_PROTOCOL)
    return len(body).to_bytes(_SIZE_BYTES, "big") + body


def serve() -> None:
    """Be such a process: what is asked comes by standard input, and is answered where standard output was."""
    answers = os.fdopen(os.dup(1), "wb")
    # Whatever a part prints must not come between the answers.
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        asyncio.run(_serve(sys.stdin.buffer, answers))


async def _serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Open the parts of the manifest that comes first, then do what is asked until nobody asks any more."""

    def take() -> Any:
        size = asked.read(_SIZE_BYTES)
        return pickle.loads(asked.read(int.from_bytes(size, "big"))) if size else None  # noqa: S301 - the run wrote it

    def give(answer: Any) -> None:
        answers.write(_packed(answer))
        answers.flush()

    manifest: Manifest = take()
    async with AsyncExitStack() as closing:
        try:
            planning, writers = await _opened(manifest, closing)
        except AstralError as error:
            give(_Refused.of(error))
            return
        give(None)
        while (told := take()) is not None:
            try:
                give(await _done(planning, writers, *told))
            except AstralError as error:
                give(_Refused.of(error))
            except Exception as error:  # noqa: BLE001 - a bug, too, must be told of where somebody sees it
                give(_Refused(f"Planning or writing failed: {type(error).__name__}: {error}", is_users=False))


async def _opened(manifest: Manifest, closing: AsyncExitStack) -> tuple[Planning, Writers]:
    store = closing.enter_context(Store.open(store_url(Settings.model_validate(manifest.settings).runs)))
    recorder = await closing.enter_async_context(Recorder(store, manifest.run_id))
    # Nothing that is opened here asks anybody, so that it needs no budget.
    parts = RunParts(manifest, store, Silence(), recorder=recorder, spans=Spans(), closing=closing, budget=Budget())
    return planning_of(parts), await writers_of_run(parts)


async def _done(planning: Planning, writers: Writers, what: str, told: tuple[Any, ...]) -> Any:
    match what:
        case "draw":
            return await planning.draw(*told)
        case "observe":
            return await planning.observe(*told)
        case "take_up":
            return await planning.take_up(*told)
        case "progress":
            return await planning.progress()
        case _:
            draws, round_draws = told
            return await writers.write(draws, round_draws=round_draws)
