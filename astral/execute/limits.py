"""The limiter of an endpoint: no call is sent that would be too many, too soon, or to nobody."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from astral.domain.chat import ChatReply, ChatRequest, RateLimits
from astral.domain.ports import ChatModel
from astral.errors import EndpointDownError, ProviderError, Trouble
from astral.execute.adapting import Breaker, Bucket, Window, bucket_of

TURNED_AWAY = frozenset({Trouble.RATE_LIMIT, Trouble.OVERLOAD, Trouble.TIMEOUT})
"""Troubles that fewer calls at a time would mend."""
_SMOOTHING = 0.1
"""Weight of one answer in the usual latency."""


class Turn:
    """A call that may go out; its caller notes here what came of it."""

    def __init__(self, tokens: int, epoch: int, sent: float, *, is_probe: bool) -> None:
        self.tokens, self.epoch, self.sent, self.is_probe = tokens, epoch, sent, is_probe
        self.used: int | None = None
        """Tokens that the endpoint says it used; None where it does not say."""
        self.rates: RateLimits | None = None
        """What it told of its limits."""


class Limiter:
    """Lets calls to one endpoint out in order, each when it may go; whoever shares the endpoint shares this.

    A call waits for a place in the window of calls in flight, for its share of the minute's requests and tokens (the
    user's limits and those that the endpoint tells), until a time that the endpoint named (Retry-After), and while the
    circuit is open. Waiting costs nothing: there is one timer a limiter, and no polling. For one event loop.
    """

    def __init__(
        self,
        name: str,
        *,
        concurrency: int,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        patience_seconds: float = 120.0,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set the limiter up, inside the event loop whose clock it goes by.

        Args:
            name: Of the endpoint, for people.
            concurrency: The most calls in flight, at least 1.
            requests_per_minute: None leaves it to what the endpoint tells.
            tokens_per_minute: Likewise.
            patience_seconds: How long the endpoint may fail every call, or ask to be left alone, before it counts as
                down.
            note: Is told when the endpoint stops answering, and when it answers again.
        """
        self.name, self.patience_seconds = name, patience_seconds
        self.window = Window(concurrency)
        self.breaker = Breaker(patience_seconds)
        self.in_flight = 0
        """Places taken."""
        self.down = ""
        """Why nothing is sent any more; empty while something may be."""
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._own: dict[str, Bucket] = {}
        self._told: dict[str, Bucket] = {}
        now = self._loop.time()
        if requests_per_minute is not None:
            self._own["requests"] = Bucket(requests_per_minute, burst=requests_per_minute / 60, now=now)
        if tokens_per_minute is not None:
            # A larger share at once, since a single call is no small part of the minute.
            self._own["tokens"] = Bucket(tokens_per_minute, burst=tokens_per_minute / 20, now=now)
        self._waiting: deque[tuple[int, asyncio.Future[Turn]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._paused_until = 0.0
        self._latency: float | None = None

    def shared_by(self, count: int) -> None:
        """Keep to this one's part of the user's limits, by which so many limiters in all go."""
        for bucket in self._own.values():
            bucket.shared_by(count, self._loop.time())

    @asynccontextmanager
    async def turn(self, tokens: int = 0) -> AsyncGenerator[Turn]:
        """Wait until a call may go out; it is under way while the block runs.

        A ProviderError that leaves the block is heard, whatever else leaves it says nothing of the endpoint.

        Args:
            tokens: What the call is expected to use, at least 0.

        Raises:
            EndpointDownError: The endpoint has not answered for too long: the call must not be sent.
        """
        turn = await self._enter(tokens)
        try:
            yield turn
        except ProviderError as error:
            self._failed(turn, error)
            if error.trouble is Trouble.USED_UP:
                # Not this call's failure: it can be made when there is credit again.
                raise EndpointDownError(self.down) from error
            raise
        except BaseException:
            self._leave(turn)
            raise
        else:
            self._answered(turn)

    async def _enter(self, tokens: int) -> Turn:
        if self.down:
            raise EndpointDownError(self.down)
        waiter: asyncio.Future[Turn] = self._loop.create_future()
        self._waiting.append((tokens, waiter))
        self._admit()
        try:
            return await waiter
        except asyncio.CancelledError:
            # It may have been let out in the same instant in which it was cancelled.
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._leave(waiter.result())
            raise

    def _admit(self) -> None:
        """Let out, in order, whoever may go now; for the first who may not, set the timer."""
        while self._waiting:
            tokens, waiter = self._waiting[0]
            if waiter.done():
                self._waiting.popleft()
                continue
            if self.in_flight >= self.window.size:
                return
            now = self._loop.time()
            wait = self._seconds_until(tokens, now)
            if wait is None:
                return
            if wait > 0:
                self._wake_at(now + wait)
                return
            self._waiting.popleft()
            waiter.set_result(self._sent(tokens, now))

    def _seconds_until(self, tokens: int, now: float) -> float | None:
        circuit = self.breaker.seconds_until(now)
        if circuit is None:
            return None
        wait = max(circuit, self._paused_until - now)
        for buckets in (self._own, self._told):
            for unit, bucket in buckets.items():
                wait = max(wait, bucket.seconds_until(tokens if unit == "tokens" else 1, now))
        return wait

    def _sent(self, tokens: int, now: float) -> Turn:
        self.in_flight += 1
        self._take({"requests": 1, "tokens": tokens}, now)
        return Turn(tokens, self.window.epoch, now, is_probe=self.breaker.sent())

    def _answered(self, turn: Turn) -> None:
        now = self._loop.time()
        took = now - turn.sent
        self._latency = took if self._latency is None else self._latency + _SMOOTHING * (took - self._latency)
        if turn.used is not None:
            self._take({"tokens": turn.used - turn.tokens}, now)
        if turn.rates:
            self._learn(turn.rates, now)
        self.window.answered(turn.epoch, is_overload=False)
        if self.breaker.succeeded():
            self._note(f"{self.name} answers again.")
        self._release()

    def _failed(self, turn: Turn, error: ProviderError) -> None:
        if not error.retryable:
            # The endpoint is there, and has read the request.
            self._answered(turn)
            if error.trouble is Trouble.USED_UP:
                self._go_down(f"has no quota or credit left: {error}", back="there is some")
            return
        now = self._loop.time()
        is_overload = error.trouble in TURNED_AWAY
        if is_overload and error.retry_after_seconds is not None:
            self._pause(error, now)
        if self.breaker.failed(now, is_probe=turn.is_probe):
            self._note(f"{self.name} has failed {Breaker.FAILURES} calls in a row, the last with: {error}. Waiting.")
        if self.breaker.is_down:
            self._go_down(f"has answered no call for {self.patience_seconds:g} s; the last one failed with: {error}")
        # Whoever is turned away at once would be followed at once by the next, in a storm, and would be counted before
        # the answers to calls that were sent with it. So the place stays taken as long as for an answer: a window of
        # calls means the same rate whether they are answered or not.
        stays = (self._latency or 0.0) - (now - turn.sent) if is_overload else 0.0
        if stays > 0:
            self._loop.call_later(stays, self._count, turn, is_overload)
        else:
            self._count(turn, is_overload)

    def _count(self, turn: Turn, is_overload: bool) -> None:
        self.window.answered(turn.epoch, is_overload=is_overload)
        self._release()

    def _leave(self, turn: Turn) -> None:
        """End a turn of which the endpoint has said nothing."""
        if turn.is_probe:
            self.breaker.abandoned()
        self._release()

    def _release(self) -> None:
        self.in_flight -= 1
        self._admit()

    def _pause(self, error: ProviderError, now: float) -> None:
        """Send nothing until the time that the endpoint named."""
        seconds = error.retry_after_seconds or 0.0
        if seconds > self.patience_seconds:
            self._go_down(f"asks to be left alone for {seconds:,.0f} s: {error}")
        self._paused_until = max(self._paused_until, now + seconds)

    def _go_down(self, why: str, *, back: str = "it is back") -> None:
        if self.down:
            return
        self.down = f"{self.name} {why.rstrip('.')}. Go on with `astral resume` when {back}."
        for _, waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(EndpointDownError(self.down))
        self._waiting.clear()

    def _learn(self, rates: RateLimits, now: float) -> None:
        for unit, told in (("requests", rates.requests), ("tokens", rates.tokens)):
            if told is None:
                continue
            if unit in self._told:
                self._told[unit].told(told, now)
            else:
                self._told[unit] = bucket_of(told, now)

    def _take(self, units: dict[str, float], now: float) -> None:
        for buckets in (self._own, self._told):
            for unit, bucket in buckets.items():
                if unit in units:
                    bucket.take(units[unit], now)

    def _wake_at(self, when: float) -> None:
        if self._timer and self._timer.when() <= when:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._admit()


class LimitedModel:
    """A chat model whose calls wait for their turn; each is sent once."""

    def __init__(self, model: ChatModel, limiter: Limiter) -> None:
        self.name = model.name
        self._model, self._limiter = model, limiter

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            EndpointDownError: The call was not sent.
            ProviderError: No answer came.
        """
        async with self._limiter.turn(request.tokens_expected) as turn:
            reply = await self._model.chat(request)
            turn.used, turn.rates = reply.usage.tokens or None, reply.rates
        return reply

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
