"""A chat endpoint that waits and answers, and tells how busy it was kept: what `throughput.py` measures at.

It speaks as much HTTP/1.1 as clients of chat completions and messages need, in 0.1 ms of CPU a request, so that what is
measured is the client. `GET /stats` tells of the requests since `POST /reset`.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from typing import Any

TALK = "Here is a general answer about the topic, with nothing in it that would help anybody to do harm. Call {number}."
VOTE = json.dumps(
    {"outcome": "SAFE", "p_unsafe": 0.1, "severity": 0, "category": "", "reason": "nothing harmful", "quotes": []}
)


class Meter:
    """How long calls took by design, and the time from the first request to the last answer."""

    def __init__(self, mean_seconds: float, sigma: float, seed: int) -> None:
        self._mean, self._sigma, self._seed = mean_seconds, sigma, seed
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self.requests = self.in_flight = self.most_in_flight = 0
        self.first = self.last = self.latency_sum = 0.0
        self._dice = random.Random(self._seed)

    def begin(self) -> float:
        """Count a request; how long it takes."""
        now = time.monotonic()
        self.first = self.first or now
        self.requests += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        # A lognormal time of this mean has its median at mean / exp(sigma² / 2).
        factor = self._dice.lognormvariate(-(self._sigma**2) / 2, self._sigma) if self._sigma else 1.0
        self.latency_sum += self._mean * factor
        return self._mean * factor

    def end(self) -> None:
        """Count an answer."""
        self.in_flight -= 1
        self.last = time.monotonic()

    def stats(self) -> dict[str, Any]:
        """Seconds; `first` and `last` on this machine's monotonic clock."""
        return {
            "requests": self.requests,
            "most_in_flight": self.most_in_flight,
            "first": self.first,
            "last": self.last,
            "latency_sum": self.latency_sum,
        }


class Connection(asyncio.Protocol):
    """One client's connection: requests one after the other."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._buffer = meter, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Take requests out of what came."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            if len(self._buffer) < end + 4 + size:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path in {b"/stats", b"/reset"}:
            self._send(self._meter.stats())
            if path == b"/reset":
                self._meter.reset()
            return
        is_message = path.endswith(b"/messages")
        asked = json.loads(body)
        seconds = self._meter.begin()
        is_vote = "judge" in asked["model"]
        text = VOTE if is_vote else TALK.format(number=self._meter.requests)
        asyncio.get_running_loop().call_later(seconds, self._late, _message(text) if is_message else _completion(text))

    def _late(self, answer: dict[str, Any]) -> None:
        self._meter.end()
        self._send(answer)

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head.encode() + body)


def _completion(text: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 90, "completion_tokens": 25, "total_tokens": 115}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": "stub", "choices": [choice], "usage": usage}


def _message(text: str) -> dict[str, Any]:
    usage = {"input_tokens": 90, "output_tokens": 25}
    blocks = [{"type": "text", "text": text}]
    told = {"id": "m", "type": "message", "role": "assistant", "model": "stub", "content": blocks}
    return {**told, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}


async def serve(port: int, meter: Meter) -> None:
    """Serve until the process ends; the first line on stdout is the address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(meter), "127.0.0.1", port, backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.2, help="mean latency")
    parser.add_argument("--sigma", type=float, default=0.0, help="of lognormal latencies; 0: all alike")
    parser.add_argument("--seed", type=int, default=0)
    told = parser.parse_args()
    asyncio.run(serve(told.port, Meter(told.seconds, told.sigma, told.seed)))
