"""A stub of the vendors' servers on this machine: answers, and goes wrong in the ways that they go wrong.

`python -m astral.testing.server --port 8000 --fault rate_limit=0.05 --capacity 20` serves until it is interrupted; an
OpenAI-compatible client finds it at http://127.0.0.1:8000/v1, Anthropic's at http://127.0.0.1:8000.
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Any, Self

from aiohttp import web

from astral.testing.batches import StubBatches, multipart
from astral.testing.faults import BODIES, STATUS, Capacity, Fault
from astral.testing.protocols import ANSWERS, Said, error_body, streamed

REFUSAL = "I'm sorry, but I can't help with that request."
_AZURE = re.compile(r"^/openai/(?:v1|deployments/[^/]+)")
"""How addresses on Azure begin."""
_MOST_BYTES = 2**28
"""Of a request: a file of a batch has up to 200 MB."""


@dataclass(slots=True)
class Received:
    """A request as it came, and what became of it."""

    path: str
    headers: Mapping[str, str]
    """Names in any case."""
    body: dict[str, Any]
    moment: float
    """Seconds, on the clock of the server's loop."""
    fault: Fault | None = None
    """What went wrong with it; None: it was answered."""
    text: str = ""
    """The answer's."""
    seconds: float = 0.0
    """How long the answer took by design."""
    answered: float = 0.0
    """When the answer went out; 0 before."""


class StubServer:
    """A server in a thread, from entering to leaving the context."""

    def __init__(
        self,
        *,
        faults: Sequence[Fault | None] = (),
        fault_shares: Mapping[Fault, float] = MappingProxyType({}),
        seed: int = 0,
        port: int = 0,
        text: str | Callable[[dict[str, Any]], str] = REFUSAL,
        finish_reason: str = "stop",
        refusal: str | None = None,
        retry_after_seconds: float = 0.01,
        capacity_per_second: float | None = None,
        latency_seconds: float = 0.0,
        sigma: float = 0.0,
        always_streams: bool = False,
    ) -> None:
        """Prepare a server.

        Args:
            faults: What goes wrong with the first requests, in order of arrival; None: nothing.
            fault_shares: Shares of the further requests that go wrong, drawn by `seed` and position.
            seed: Decides which ones, and how long answers take.
            port: 0 takes a free one.
            text: The answer, or what gives it for the body of a request.
            finish_reason: `finish_reason` of OpenAI's protocol, `stop_reason` of Anthropic's.
            refusal: `message.refusal` of OpenAI's protocol.
            retry_after_seconds: What a rate limit asks for.
            capacity_per_second: Requests that it takes of each model; those beyond get HTTP 429. None takes all.
            latency_seconds: How long an answer takes, in the mean.
            sigma: Of lognormal latencies; 0: all alike.
            always_streams: Answer with a stream of events also where none was asked for, as some servers do.
        """
        self.log: list[Received] = []
        """The requests, in order of arrival."""
        self.text, self.finish_reason, self.refusal = text, finish_reason, refusal
        self.retry_after_seconds = retry_after_seconds
        self.batches = StubBatches(lambda path, body: ANSWERS[path](self._said(body), body))
        self.in_flight = self.most_in_flight = 0
        self._faults, self._shares, self._seed = tuple(faults), dict(fault_shares), seed
        self._per_second, self._capacities = capacity_per_second, dict[str, Capacity]()
        self._latency, self._sigma, self._always_streams = latency_seconds, sigma, always_streams
        self._dice = random.Random(seed)
        self._socket = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._port: int = self._socket.getsockname()[1]
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """Address for Anthropic's client."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def openai_url(self) -> str:
        """Address for OpenAI's client."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """Bodies of the requests, in order of arrival."""
        return [each.body for each in self.log]

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop, closing = self._ready.result()
        loop.call_soon_threadsafe(closing.set)
        self._thread.join(timeout=10)

    def fault_of(self, number: int, body: dict[str, Any]) -> Fault | None:
        """What is to go wrong with a request.

        Args:
            number: Its position, from 0.
            body: What it asks.
        """
        if number < len(self._faults):
            return self._faults[number]
        if not self._shares:
            return None
        draw = random.Random(f"{self._seed}:{number}").random()
        for fault, share in self._shares.items():
            draw -= share
            if draw < 0:
                return fault
        return None

    async def _serve(self) -> None:
        closing = asyncio.Event()
        application = web.Application(client_max_size=_MOST_BYTES)
        application.router.add_post("/{path:.*}", self._post)
        application.router.add_get("/{path:.*}", self._get)
        # What has no end, such as a stalled answer, is cancelled when the server closes; 0 would wait for ever.
        runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.01)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        self._ready.set_result((asyncio.get_running_loop(), closing))
        await closing.wait()
        await runner.cleanup()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        """Answer a chat request, or take a batch."""
        kind, content = request.headers.get("content-type", ""), await request.read()
        body: dict[str, Any] = multipart(kind, content) if kind.startswith("multipart/") else json.loads(content)
        now = asyncio.get_running_loop().time()
        received = Received(request.path_qs, request.headers, body, now)
        received.fault = self.fault_of(len(self.log), body)
        self.log.append(received)
        wait = self.retry_after_seconds
        path = _AZURE.sub("/v1", request.path)
        if received.fault is None and self._per_second and path in ANSWERS:
            capacity = self._capacities.setdefault(str(body.get("model")), Capacity(self._per_second))
            if beyond := capacity.seconds_until(now):
                received.fault, wait = Fault.RATE_LIMIT, beyond
        if received.fault and received.fault not in {Fault.LOST, Fault.MALFORMED}:
            return await self._failed(request, received.fault, wait)
        answer = await self._answered(path, received)
        if received.fault is Fault.LOST:
            return await self._failed(request, Fault.LOST, wait)
        is_stream = bool(body.get("stream")) or self._always_streams
        stream = streamed(answer) if is_stream and answer else None
        if received.fault is Fault.MALFORMED:
            # A stream breaks off where its end would be told.
            half = stream[: len(stream) // 2] if stream else BODIES[Fault.MALFORMED]
            return _closing(200, half, _STREAM if stream else _JSON)
        if stream:
            return web.Response(body=stream, content_type=_STREAM)
        if answer is None:
            return web.json_response(error_body("no such address", "not_found_error"), status=404)
        return web.json_response(answer)

    async def _answered(self, path: str, received: Received) -> dict[str, Any] | None:
        """The answer, after the time that it takes; None where nobody is at the address."""
        if path not in ANSWERS:
            taken = self.batches.post(path, received.body)
            return taken[1] if taken else None
        said = self._said(received.body)
        if self._latency:
            # A lognormal time of this mean has its median at mean / exp(sigma² / 2).
            spread = self._dice.lognormvariate(-(self._sigma**2) / 2, self._sigma) if self._sigma else 1.0
            received.seconds = self._latency * spread
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            await asyncio.sleep(received.seconds)
            self.in_flight -= 1
        received.text, received.answered = said.text, asyncio.get_running_loop().time()
        return ANSWERS[path](said, received.body)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        """Say how far a batch is, and what came of it; and that all is well."""
        if request.path == "/health":
            return web.Response()
        status, answer = self.batches.get(request.path_qs, self.url)
        if isinstance(answer, bytes):
            return web.Response(body=answer, status=status)
        return web.json_response(answer, status=status)

    async def _failed(self, request: web.Request, fault: Fault, wait_seconds: float) -> web.StreamResponse:
        if fault in STATUS:
            key = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")
            status, message, code = STATUS[fault]
            answer = json.dumps(error_body(message.format(key=key), code)).encode()
            headers = {"retry-after": f"{wait_seconds:g}"} if fault is Fault.RATE_LIMIT else {}
            return _closing(status, answer, _JSON, headers)
        if fault in BODIES:
            return _closing(200, BODIES[fault], "text/html" if fault is Fault.NOT_JSON else _JSON)
        if fault is Fault.STALL:
            await asyncio.Event().wait()
        if request.transport is not None:
            # Closing with unsent data lingering for no time sends RST instead of FIN.
            connection = request.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return web.Response()

    def _said(self, body: dict[str, Any]) -> Said:
        text = self.text(body) if callable(self.text) else self.text
        return Said(text, self.finish_reason, self.refusal)


_JSON, _STREAM = "application/json", "text/event-stream"


def _closing(
    status: int, body: bytes, kind: str, headers: Mapping[str, str] = MappingProxyType({})
) -> web.StreamResponse:
    """An answer after which the connection ends, and that says so: no client sends its next request into it."""
    response = web.Response(body=body, status=status, content_type=kind, headers=headers)
    response.force_close()
    return response


def _share(told: str) -> tuple[Fault, float]:
    name, _, share = told.partition("=")
    return Fault(name), float(share)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stub of the vendors' servers on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--fault", type=_share, action="append", default=[], metavar="NAME=SHARE", help=f"one of {', '.join(Fault)}"
    )
    parser.add_argument("--capacity", type=float, help="requests a second of each model; beyond them is HTTP 429")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that an answer takes")
    parser.add_argument("--stream", action="store_true", help="answer with streams of events, asked for or not")
    parser.add_argument("--text", default=REFUSAL, help="the answer")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    stub = StubServer(
        port=told.port,
        fault_shares=dict(told.fault),
        seed=told.seed,
        capacity_per_second=told.capacity,
        latency_seconds=told.latency,
        always_streams=told.stream,
        text=told.text,
    )
    # The address is told inside, since whoever reads it may interrupt at once.
    with contextlib.suppress(KeyboardInterrupt), stub:
        sys.stdout.write(f"{stub.openai_url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
