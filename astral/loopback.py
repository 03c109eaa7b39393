"""A web server for one person, on this machine alone: what `astral review` and `astral view` are served by.

What keeps others out: it listens on 127.0.0.1; every address begins with a random token; the Host must be its own, so
that no name which a foreign page's server points here (DNS rebinding) is answered.
"""

import hmac
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from astral import __version__
from astral.errors import UserError
from astral.report import to_json

HOST = "127.0.0.1"
_IDLE_SECONDS = 30


class LoopbackHttp(ThreadingHTTPServer):
    """The standard library's server, with what lets a request in."""

    daemon_threads = True
    token: str

    @property
    def hosts(self) -> set[str]:
        """What a request may call this server."""
        return {f"{name}:{self.server_port}" for name in (HOST, "localhost")}


class LoopbackServer:
    """Serves until `stop` is called."""

    def __init__(self, http: type[LoopbackHttp], handler: type["LoopbackHandler"], *, port: int = 0) -> None:
        """Listen; nothing is answered before `serve`.

        Args:
            http: What the handler finds as its server.
            handler: What answers.
            port: 0 takes a free one.

        Raises:
            UserError: The port cannot be had.
        """
        try:
            self.http = http((HOST, port), handler)
        except OSError as error:
            raise UserError(f"--port {port}: {error.strerror}. Leave it out, and a free one is taken.") from None
        self.http.token = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """Address of the first page; who has it gets in."""
        return f"http://{HOST}:{self.http.server_port}/{self.http.token}/"

    def serve(self) -> None:
        """Answer until somebody calls `stop`."""
        self.http.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Have `serve` end, from another thread."""
        self.http.shutdown()

    def close(self) -> None:
        """Free the port."""
        self.http.server_close()


class LoopbackHandler(BaseHTTPRequestHandler):
    """Lets in who may, and sends with headers that let a page do no more than it must."""

    server_version, sys_version = f"astral/{__version__}", ""
    timeout = _IDLE_SECONDS
    content_policy: ClassVar[str]
    """Of pages that bring none of their own."""
    _HEADERS: ClassVar[Mapping[str, str]] = {
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }

    @property
    def http(self) -> LoopbackHttp:
        """The server, by its type."""
        assert isinstance(self.server, LoopbackHttp)  # noqa: S101 - nothing else makes a handler
        return self.server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing: the address holds the token."""

    def do_GET(self) -> None:
        """Let in who asks for a page, or refuse."""
        path = self._path_let_in()
        if path is not None:
            self.show(path)

    def do_POST(self) -> None:
        """Let in who sends something, or refuse."""
        path = self._path_let_in()
        if path is not None:
            self.take(path)

    def show(self, path: str) -> None:
        """Answer who asks for a page."""
        raise NotImplementedError

    def take(self, path: str) -> None:
        """Answer who sends something."""
        self.refuse(HTTPStatus.METHOD_NOT_ALLOWED, f"nothing can be sent to {path or 'this page'}.")

    def _path_let_in(self) -> str | None:
        """What stands behind the token; None where the request was refused."""
        if self.headers.get("Host") not in self.http.hosts:
            self.refuse(HTTPStatus.FORBIDDEN, "this is not the name of this server.")
            return None
        _, token, *rest = [*self.path.split("?")[0].split("/", 2), ""]
        if not hmac.compare_digest(token.encode(), self.http.token.encode()):
            self.refuse(HTTPStatus.NOT_FOUND, "the address that was printed at the start has a token; this has not.")
            return None
        return "/".join(rest).rstrip("/")

    def tell(self, value: Any) -> None:
        """Send JSON."""
        self.send_text(to_json(value, indent=None), "application/json")

    def refuse(self, status: HTTPStatus, why: str) -> None:
        """Send an error."""
        self.send_text(to_json({"error": why}, indent=None), "application/json", status)

    def send_text(
        self, text: str, kind: str, status: HTTPStatus = HTTPStatus.OK, *, content_policy: str | None = None
    ) -> None:
        """Send a text.

        Args:
            text: What is sent.
            kind: Its media type.
            status: Of the reply.
            content_policy: Of this page, where it is not that of all.
        """
        body = text.encode("utf-8", errors="replace")
        self.send_response(status)
        policy = self.content_policy if content_policy is None else content_policy
        headers = {**self._HEADERS, "Content-Security-Policy": policy}
        for name, value in {**headers, "Content-Type": f"{kind}; charset=utf-8", "Content-Length": len(body)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)
