"""Writing to the record from asynchronous code, many writes to a transaction."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from astral.errors import AstralError, RecordError
from astral.record.items import Item
from astral.record.store import Store

PACE_SECONDS, SLOWEST_PACE_SECONDS = 0.01, 0.03
"""Least time from one transaction to the next, so that many writers share each; the slowest pace is for those that take
long. What is at risk is never older than that and one transaction."""
_SHARE: Final = 0.2
"""Part of the time that transactions may take: each is a sync of the disk, and work beside a busy event loop."""


class Recorder:
    """Writes a run's items in the order in which they came; what `write` has returned for is on the disk.

    What arrives while a transaction is under way shares the next one, because each costs a sync of the disk. So the
    slower the disk and the more writers, the larger the batches, and a lone write waits for nobody. The first failure
    is the last write: a record with holes would not be one.
    """

    def __init__(self, store: Store, run_id: str) -> None:
        self._store, self._run_id = store, run_id
        self._waiting: list[tuple[tuple[Item, ...], asyncio.Future[None] | None]] = []
        self._next_time = 0.0
        self._flusher: asyncio.Task[None] | None = None
        self._refusal = ""
        # A thread of its own: in the event loop's pool a write would wait behind whatever model computes there.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="astral-recorder")

    async def write(self, *items: Item) -> None:
        """Record items, all or none of them; returns when they are on the disk.

        Raises:
            RecordError: They could not be written, or an earlier write failed, or the recorder is closed.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._take(items, written)
        await written

    def note(self, *items: Item) -> None:
        """Record items soon, and before all that is written from now on: so it suffices to wait for one of those.

        Raises:
            RecordError: An earlier write failed, or the recorder is closed.
        """
        self._take(items, None)

    def _take(self, items: tuple[Item, ...], written: asyncio.Future[None] | None) -> None:
        if self._refusal:
            raise RecordError(self._refusal)
        self._waiting.append((items, written))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())

    async def aclose(self) -> None:
        """Write what waits, and take no more."""
        self._refusal = self._refusal or "The recorder of this run is closed."
        if self._flusher is not None:
            await self._flusher
        self._thread.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if (early := self._next_time - loop.time()) > 0:
                await asyncio.sleep(early)
            begun = loop.time()
            batch, self._waiting = self._waiting, []
            items = [item for each, _ in batch for item in each]
            try:
                await loop.run_in_executor(self._thread, self._store.write, self._run_id, items)
            except Exception as error:  # noqa: BLE001 - a bug, too, must reach those who wait: they would wait for ever
                self._refuse(batch, error)
            else:
                for _, written in batch:
                    _settle(written, None)
            pace = (loop.time() - begun) / _SHARE
            self._next_time = begun + min(max(pace, PACE_SECONDS), SLOWEST_PACE_SECONDS)
        self._flusher = None

    def _refuse(self, batch: list[tuple[tuple[Item, ...], asyncio.Future[None] | None]], error: Exception) -> None:
        self._refusal = str(error) if isinstance(error, AstralError) else f"{type(error).__name__}: {error}"
        batch, self._waiting = batch + self._waiting, []
        for _, written in batch:
            refusal = RecordError(self._refusal)
            refusal.__cause__ = error
            _settle(written, refusal)


def _settle(written: asyncio.Future[None] | None, error: RecordError | None) -> None:
    if written is None or written.done():  # its waiter was cancelled; the items are written all the same
        return
    if error is None:
        written.set_result(None)
    else:
        written.set_exception(error)
