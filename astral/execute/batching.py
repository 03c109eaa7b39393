"""A chat model whose calls are collected, sent together, and answered within a day."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from astral.domain.base import content_id
from astral.domain.batch import Batch, BatchEndpoint, RowResults
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.price import Price
from astral.errors import EndpointDownError, ProviderError, Trouble
from astral.execute.budget import Budget, Reservation, settled, usage_at_most

MOST_BYTES = 100_000_000
"""Of all requests of a batch: half of the 200 MB of OpenAI's files; Anthropic takes 256 MB."""
_BYTES_A_ROW = 1000
"""More than what the protocol adds to the texts of a call."""
_SUBMISSIONS = 5
_FIRST_PAUSE = 1.0
"""Seconds until a batch is looked at, or sent again, for the second time; the pause doubles."""


class BatchLedger(Protocol):
    """Where it is written which calls are in which batch."""

    def batches(self) -> Iterable[Batch]:
        """Those that were about to be sent, oldest first."""
        ...

    def unanswered(self, keys: Collection[str]) -> Collection[str]:
        """Those of the calls that have no answer in the record."""
        ...

    async def write(self, batch: Batch) -> None:
        """Note that a batch is about to be sent, or its id; returns once that is durable."""
        ...


class _Sending:
    """Calls that go together, and what comes of them."""

    def __init__(self) -> None:
        self.requests: dict[str, ChatRequest] = {}
        self.size = 0
        """Bytes of all requests."""
        self.results: asyncio.Future[RowResults | None] = asyncio.get_running_loop().create_future()
        """None says that the batch never arrived."""

    def end(self, work: asyncio.Task[RowResults | None]) -> None:
        """Pass on what became of it."""
        if work.cancelled():
            self.results.cancel()
        elif error := work.exception():
            self.results.set_exception(error)
            self.results.exception()  # seen: nobody may be waiting for it any more
        else:
            self.results.set_result(work.result())


class BatchedModel:
    """Collects calls until there are enough, or none has come for a while, and sends them as one batch.

    A batch is written down before it is sent and again when its id is known, so that no batch is sent twice: whoever
    resumes a killed run waits for the batches that it sent, and asks the provider for one whose id was lost. Money is
    reserved when a call comes in; that of batches which are at the provider already is held from the start.
    """

    def __init__(
        self,
        endpoint: BatchEndpoint,
        ledger: BatchLedger,
        *,
        key: Callable[[ChatRequest], str],
        budget: Budget,
        price: Price,
        most_rows: int,
        collect_seconds: float,
        poll_seconds: float,
        patience_seconds: float,
        note: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take up the batches that the ledger knows; inside the event loop of the run.

        Args:
            endpoint: Takes the batches.
            ledger: Knows, and is told, what was sent.
            key: Names a call, as the journal does; at most 64 letters and digits.
            budget: Holds all calls together.
            price: Of a token in a batch.
            most_rows: Calls of a batch, at least 1.
            collect_seconds: A batch goes out when no call has come for so long.
            poll_seconds: The longest time between two looks at a batch.
            patience_seconds: How long the provider may not say how far a batch is.
            note: Is told where each batch stands.
            sleep: How to wait.
        """
        self.name = endpoint.name
        self.down = ""
        """Why nothing is waited for any more; empty while all is well."""
        self._endpoint, self._ledger, self._key = endpoint, ledger, key
        self._budget, self._price = budget, price
        self._most_rows, self._collect_seconds = most_rows, collect_seconds
        self._poll_seconds, self._patience_seconds = poll_seconds, patience_seconds
        self._note, self._sleep = note, sleep
        self._collecting: _Sending | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[RowResults | None]] = set()
        self._owed: dict[str, Reservation] = {}
        self._sent: dict[str, deque[_Sending]] = defaultdict(deque)
        for batch in ledger.batches():
            self._take_up(batch)

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer, when the batch of this call is back.

        Raises:
            BudgetExceededError: The call was not sent.
            EndpointDownError: The provider does not say how far the batch is; it is not lost.
            ProviderError: The call failed, or expired with its batch.
        """
        key, most = self._key(request), usage_at_most(request)
        reservation = self._owed.pop(key, None) or self._budget.reserve(most.tokens, self._price.dollars(most))
        return await settled(lambda: self._answer(key, request), reservation, self._price, most)

    async def close(self) -> None:
        """Stop waiting; what is at the provider stays there."""
        if self._timer:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._endpoint.close()

    async def _answer(self, key: str, request: ChatRequest) -> ChatReply:
        sendings = self._sent[key]
        while sendings:
            # Of a call that was sent again after a failure, the first batch tells of the failure once more.
            results = await asyncio.shield(sendings.popleft().results)
            if results is not None:
                return _row(results, key, self.name)
        results = await asyncio.shield(self._collect(key, request).results)
        return _row(results or {}, key, self.name)

    # Batches that an earlier process sent

    def _take_up(self, batch: Batch) -> None:
        waiting = self._ledger.unanswered(batch.rows)
        if not waiting:
            return
        sending = _Sending()
        for key in waiting:
            self._sent[key].append(sending)
            if key not in self._owed:
                most = batch.rows[key]
                self._owed[key] = self._budget.owe(most.tokens, self._price.dollars(most))
        self._begin(sending, self._go_on(batch, waiting))

    async def _go_on(self, batch: Batch, waiting: Collection[str]) -> RowResults | None:
        """What came of a batch of an earlier process; None where it never arrived."""
        found = batch.id or await self._endpoint.find(batch)
        results: RowResults = {}
        if found:
            if not batch.id:
                await self._ledger.write(batch.model_copy(update={"id": found}))
            self._note(f"{self.name}: waiting for batch {found}, sent on {batch.created:%d %B at %H:%M} UTC.")
            results = await self._fetched(found)
        for key in waiting:
            # An answer is settled when its test asks for it.
            if key in self._owed and not isinstance(result := results.get(key), ChatReply):
                reservation = self._owed.pop(key)
                if result is None or result.is_unbilled:
                    reservation.cancel()
                reservation.settle(0)
        return results if found else None

    # Batches of this process

    def _collect(self, key: str, request: ChatRequest) -> _Sending:
        size = len(request.model_dump_json()) + _BYTES_A_ROW
        if self._collecting and self._collecting.size + size > MOST_BYTES:
            self._send()
        sending = self._collecting = self._collecting or _Sending()
        sending.requests[key] = request
        sending.size += size
        if self._timer:
            self._timer.cancel()
        if len(sending.requests) >= self._most_rows:
            self._send()
        else:
            self._timer = asyncio.get_running_loop().call_later(self._collect_seconds, self._send)
        return sending

    def _send(self) -> None:
        sending, self._collecting = self._collecting, None
        if self._timer:
            self._timer.cancel()
        if sending:
            self._begin(sending, self._run(sending.requests))

    async def _run(self, requests: Mapping[str, ChatRequest]) -> RowResults:
        rows = {key: usage_at_most(request) for key, request in requests.items()}
        now = datetime.now(UTC)
        batch = Batch(mark=content_id(self.name, now, sorted(rows)), created=now, rows=rows)
        await self._ledger.write(batch)
        batch_id = await self._submitted(batch, list(requests.items()))
        sent = f"{self.name}: batch {batch_id} of {len(rows):,} calls is sent"
        if self._endpoint.is_lasting:
            await self._ledger.write(batch.model_copy(update={"id": batch_id}))
            self._note(f"{sent}; answers come within 24 hours. If this run is stopped, `astral resume` waits for them.")
        else:
            self._note(f"{sent}.")
        return await self._fetched(batch_id)

    async def _submitted(self, batch: Batch, rows: Sequence[tuple[str, ChatRequest]]) -> str:
        """Send a batch, again where that may help, but never one that has arrived."""
        pause = _FIRST_PAUSE
        for left in reversed(range(_SUBMISSIONS)):
            try:
                return await self._endpoint.submit(batch.mark, rows)
            except ProviderError as error:
                if error.trouble is Trouble.USED_UP:
                    self.down = f"{self.name} has no quota or credit left: {error}"
                    raise EndpointDownError(f"{self.down} Go on with `astral resume` when there is some.") from error
                if not error.retryable or not left:
                    raise
                await self._sleep(max(pause, error.retry_after_seconds or 0.0))
                pause *= 2
                if found := await self._endpoint.find(batch):
                    return found
        raise AssertionError("the last attempt either returns or raises")

    async def _fetched(self, batch_id: str) -> RowResults:
        """What came of a batch, once it is over."""
        pause, silent, is_over = min(_FIRST_PAUSE, self._poll_seconds), 0.0, False
        while True:
            try:
                is_over = (await self._endpoint.look(batch_id)).is_over
                if is_over:
                    results = await self._endpoint.results(batch_id)
                    break
                silent = 0.0
            except ProviderError as error:
                if is_over and not error.retryable:
                    raise  # the batch as a whole was refused
                if not error.retryable or silent > self._patience_seconds:
                    self.down = f"{self.name} does not say how far batch {batch_id} is: {error}"
                    raise EndpointDownError(f"{self.down} `astral resume` waits for it again.") from error
                silent += pause
            await self._sleep(pause)
            pause = min(2 * pause, self._poll_seconds)
        answered = sum(isinstance(result, ChatReply) for result in results.values())
        self._note(f"{self.name}: batch {batch_id} is back, {answered:,} of {len(results):,} calls answered.")
        return results

    def _begin(self, sending: _Sending, work: Coroutine[Any, Any, RowResults | None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(sending.end)


def _row(results: RowResults, key: str, name: str) -> ChatReply:
    result = results.get(key)
    if isinstance(result, ChatReply):
        return result
    raise result or ProviderError(
        f"{name}: the batch came back without this call", is_unbilled=True, trouble=Trouble.REFUSED
    )
