"""A stub of the vendors' servers on this machine: answers, and goes wrong in the ways that they go wrong.

`python -m astral.testing.server --port 8000 --fault-share 0.2` serves until it is interrupted; an OpenAI-compatible
client finds it at http://127.0.0.1:8000/v1, Anthropic's at http://127.0.0.1:8000.
"""

import argparse
import json
import random
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from astral.testing.batches import StubBatches, multipart

REFUSAL = "I'm sorry, but I can't help with that request."
FLAGGED = "flagged"
"""The answer by which the moderation endpoint flags what it is asked about."""


class Fault(StrEnum):
    """A way in which a server goes wrong."""

    RATE_LIMIT = "rate_limit"
    """HTTP 429, asks to come back after a moment."""
    QUOTA = "quota"
    """HTTP 429 that no waiting mends."""
    SERVER_ERROR = "server_error"
    """HTTP 500."""
    OVERLOADED = "overloaded"
    """HTTP 529, Anthropic's own."""
    RESET = "reset"
    """The connection is reset before the answer."""
    STALL = "stall"
    """No answer comes."""
    MALFORMED = "malformed"
    """HTTP 200 with half a JSON text."""
    NOT_JSON = "not_json"
    """HTTP 200 with a web page, as a proxy sends it."""
    NO_CHOICES = "no_choices"
    """HTTP 200 with JSON that holds no answer."""
    CONTENT_FILTER = "content_filter"
    """HTTP 400: a filter stopped the request."""
    BAD_KEY = "bad_key"
    """HTTP 401, quoting the key."""
    LOST = "lost"
    """The request is served, and the connection is reset before its answer."""


_STATUS = {
    Fault.RATE_LIMIT: (429, "too many requests", "rate_limit_exceeded"),
    Fault.QUOTA: (429, "the quota is used up", "insufficient_quota"),
    Fault.SERVER_ERROR: (500, "something broke", "server_error"),
    Fault.OVERLOADED: (529, "overloaded", "overloaded_error"),
    Fault.CONTENT_FILTER: (400, "Output blocked by content filtering policy", "content_filter"),
    Fault.BAD_KEY: (401, "Incorrect API key provided: {key}", "invalid_api_key"),
}
_BODIES = {
    Fault.MALFORMED: b'{"choices": [{"mess',
    Fault.NOT_JSON: b"<html><body>Please log in</body></html>",
    Fault.NO_CHOICES: b'{"id": "x", "object": "chat.completion", "type": "message", "choices": []}',
}

SEEDED_FAULTS = (
    Fault.RATE_LIMIT,
    Fault.SERVER_ERROR,
    Fault.OVERLOADED,
    Fault.RESET,
    Fault.MALFORMED,
    Fault.CONTENT_FILTER,
)


class StubServer:
    """A server in a thread, from entering to leaving the context."""

    def __init__(
        self,
        *,
        faults: Sequence[Fault | None] = (),
        fault_share: float = 0.0,
        seed: int = 0,
        port: int = 0,
        text: str | Callable[[dict[str, Any]], str] = REFUSAL,
        finish_reason: str = "stop",
        refusal: str | None = None,
        retry_after_seconds: float = 0.01,
    ) -> None:
        """Prepare a server.

        Args:
            faults: What goes wrong with the first requests, in order of arrival; None: nothing.
            fault_share: Share of the further requests that go wrong, drawn by `seed` and position.
            seed: Decides which ones, and how.
            port: 0 takes a free one.
            text: The answer, or what gives it for the body of a request.
            finish_reason: `finish_reason` of OpenAI's protocol, `stop_reason` of Anthropic's.
            refusal: `message.refusal` of OpenAI's protocol.
            retry_after_seconds: What a rate limit asks for.
        """
        self.requests: list[dict[str, Any]] = []
        """Bodies of the requests, in order of arrival."""
        self.headers: list[dict[str, str]] = []
        """Their headers, names in lower case."""
        self.paths: list[str] = []
        """The addresses that they were sent to."""
        self.text, self.finish_reason, self.refusal = text, finish_reason, refusal
        self.retry_after_seconds = retry_after_seconds
        self.is_closing = threading.Event()
        self.batches = StubBatches(lambda path, body: _ANSWERS[path](self, body))
        self._faults, self._share, self._seed = tuple(faults), fault_share, seed
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)

    @property
    def url(self) -> str:
        """Address for Anthropic's client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        """Address for OpenAI's client."""
        return f"{self.url}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict[str, Any]) -> str:
        """What is answered to a request."""
        return self.text(body) if callable(self.text) else self.text

    def note(self, path: str, body: dict[str, Any], headers: dict[str, str]) -> Fault | None:
        """Take note of a request; what is to go wrong with it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self.headers.append(headers)
            self.paths.append(path)
        if number < len(self._faults):
            return self._faults[number]
        draw = random.Random(f"{self._seed}:{number}")
        return draw.choice(SEEDED_FAULTS) if draw.random() < self._share else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stub: StubServer) -> None:
        self.stub = stub
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away in mid-sentence, as killed ones do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it is the only one that uses this handler

    def do_POST(self) -> None:
        """Answer a chat request, or take a batch."""
        stub = self.server.stub
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = self.rfile.read(int(headers.get("content-length", 0)))
        kind = headers.get("content-type", "")
        body: dict[str, Any] = multipart(kind, content) if kind.startswith("multipart/") else json.loads(content)
        fault = stub.note(self.path, body, headers)
        path = _AZURE.sub("/v1", self.path.partition("?")[0])
        answered = _ANSWERS.get(path)
        if fault is not None and fault is not Fault.LOST:
            self._fail(fault, headers)
            return
        answer = (200, answered(stub, body)) if answered else stub.batches.post(path, body)
        if fault is Fault.LOST:
            self._fail(fault, headers)
        else:
            self._send(*(answer or (404, {"error": {"message": "no such address", "type": "not_found_error"}})))

    def do_GET(self) -> None:
        """Say how far a batch is, and what came of it; and that all is well."""
        if self.path == "/health":
            self._send_bytes(200, b"")
            return
        status, answer = self.server.stub.batches.get(self.path, self.server.stub.url)
        if isinstance(answer, bytes):
            self._send_bytes(status, answer)
        else:
            self._send(status, answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing: tests read stderr."""

    def _fail(self, fault: Fault, headers: dict[str, str]) -> None:
        stub = self.server.stub
        self.close_connection = True
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        wait = {"retry-after": f"{stub.retry_after_seconds:g}"} if fault is Fault.RATE_LIMIT else {}
        if fault in _STATUS:
            status, message, code = _STATUS[fault]
            self._send(status, _error(message.format(key=key), code), wait)
        elif fault in _BODIES:
            self._send_bytes(200, _BODIES[fault])
        elif fault is Fault.STALL:
            stub.is_closing.wait()
        else:
            # Closing with unsent data lingering for no time sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(answer).encode(), headers)

    def _send_bytes(self, status: int, answer: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        kind = "text/html" if answer.startswith(b"<") else "application/json"
        fields = {"content-type": kind, "content-length": str(len(answer))}
        if self.close_connection:  # unsaid, a client might send its next request into the closing connection
            fields["connection"] = "close"
        for name, value in {**fields, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)


def _error(message: str, code: str) -> dict[str, Any]:
    return {"type": "error", "error": {"message": message, "type": code, "code": code}}


def _completion(stub: StubServer, body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": None if stub.refusal else stub.answer(body), "refusal": stub.refusal}
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": f"{body['model']}-stub",
        "choices": [{"index": 0, "message": message, "finish_reason": stub.finish_reason}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    }


def _message(stub: StubServer, body: dict[str, Any]) -> dict[str, Any]:
    text = stub.answer(body)
    return {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": f"{body['model']}-stub",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stub.finish_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 5},
    }


def _response(stub: StubServer, body: dict[str, Any]) -> dict[str, Any]:
    part = (
        {"type": "refusal", "refusal": stub.refusal}
        if stub.refusal
        else {"type": "output_text", "text": stub.answer(body), "annotations": []}
    )
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(stub.finish_reason)
    return {
        "id": "resp_0",
        "object": "response",
        "created_at": 0,
        "model": f"{body['model']}-stub",
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": [
            {"type": "reasoning", "id": "rs_0", "summary": []},
            {"type": "message", "id": "msg_0", "role": "assistant", "status": "completed", "content": [part]},
        ],
        "usage": {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12},
    }


def _moderation(stub: StubServer, body: dict[str, Any]) -> dict[str, Any]:
    flagged = stub.answer(body) == FLAGGED
    scores = {"violence": 0.9 if flagged else 0.01, "harassment": 0.02}
    return {
        "id": "modr-0",
        "model": f"{body['model']}-stub",
        "results": [{"flagged": flagged, "categories": {}, "category_scores": scores}],
    }


_ANSWERS = {
    "/v1/chat/completions": _completion,
    "/v1/messages": _message,
    "/v1/responses": _response,
    "/v1/moderations": _moderation,
}
_AZURE = re.compile(r"^/openai/(?:v1|deployments/[^/]+)")
"""How addresses on Azure begin."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A stub of the vendors' servers on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--fault-share", type=float, default=0.0, help="share of the requests that go wrong")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    stub = StubServer(port=arguments.port, fault_share=arguments.fault_share, seed=arguments.seed)
    with stub:
        sys.stdout.write(f"{stub.openai_url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("stopped\n")


if __name__ == "__main__":
    main()
