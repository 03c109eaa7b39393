"""A web server for one reviewer, on this machine alone.

What keeps others out: it listens on 127.0.0.1; every address begins with a random token; the Host must be its own, so
that no name which a foreign page's server points here (DNS rebinding) is answered; what changes something must come as
JSON from its own origin, so that no foreign page's form gets through; and the page may load and send nowhere else.
"""

import hmac
import secrets
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError

from astral import __version__
from astral.domain.base import Noun
from astral.errors import AstralError, UserError
from astral.report import to_json
from astral.review.page import content_policy, render_page
from astral.review.session import ReviewSession

HOST = "127.0.0.1"
_LARGEST_BODY = 16_384
"""Bytes of a request; a label with its comment takes far less."""
_IDLE_SECONDS = 30


class GivenLabel(Noun):
    """What the page sends."""

    number: int
    """Of the test."""
    label: Literal["safe", "unsafe", "unknown"]
    comment: str = Field(default="", max_length=2000)


class ReviewServer:
    """Serves the page of a session until the reviewer has done, or `close` is called."""

    def __init__(self, session: ReviewSession, *, port: int = 0) -> None:
        """Listen; nothing is answered before `serve`.

        Args:
            session: What is labelled.
            port: 0 takes a free one.

        Raises:
            UserError: The port cannot be had.
        """
        try:
            self._http = _Http((HOST, port), _Handler)
        except OSError as error:
            raise UserError(f"--port {port}: {error.strerror}. Leave it out, and a free one is taken.") from None
        self._http.session, self._http.token = session, secrets.token_urlsafe(24)
        self._http.hosts = {f"{name}:{self._http.server_port}" for name in (HOST, "localhost")}

    @property
    def url(self) -> str:
        """Address of the page; who has it can label."""
        return f"http://{HOST}:{self._http.server_port}/{self._http.token}/"

    def serve(self) -> None:
        """Answer until the reviewer has done."""
        self._http.serve_forever(poll_interval=0.2)

    def stop(self) -> None:
        """Have `serve` end, from another thread."""
        self._http.shutdown()

    def close(self) -> None:
        """Free the port."""
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    session: ReviewSession
    token: str
    hosts: set[str]


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = f"astral/{__version__}", ""
    timeout = _IDLE_SECONDS
    server: _Http  # pyright: ignore[reportIncompatibleVariableOverride] - the only server that makes one
    _HEADERS: ClassVar[Mapping[str, str]] = {
        "Content-Security-Policy": content_policy(),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return
        match path.split("/"):
            case [""]:
                self._send(render_page(self.server.session.run_id, self.server.session.oracle), "text/html")
            case ["sample"]:
                session = self.server.session
                self._tell({"numbers": session.numbers, "labelled": session.labelled(), "standing": session.standing()})
            case ["answers", number] if number.isdecimal() and int(number) in self.server.session.numbers:
                self._tell(self.server.session.item(int(number)))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such page.")

    def do_POST(self) -> None:
        path = self._path()
        if path is None:
            return
        # Browsers send Origin with every POST; a foreign page can neither leave it out nor forge it.
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.server.hosts}:
            self._refuse(HTTPStatus.FORBIDDEN, "this came from another page.")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "labels come as JSON.")
        elif path == "label":
            self._label()
        elif path == "done":
            self._tell({"standing": self.server.session.standing()})
            # From a thread of its own: this one would wait for itself.
            threading.Thread(target=self.server.shutdown, daemon=True).start()
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing: the address holds the token."""

    def _label(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a label has at most {_LARGEST_BODY} bytes.")
            return
        try:
            given = GivenLabel.model_validate_json(self.rfile.read(int(length)), strict=True)
            self.server.session.label(given.number, given.label, given.comment)
        except (ValidationError, KeyError):
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no label of an answer in the sample.")
        except AstralError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self._tell({"standing": self.server.session.standing()})

    def _path(self) -> str | None:
        """What stands behind the token; None where the request was refused."""
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "this is not the name of this server.")
            return None
        _, token, *rest = [*self.path.split("?")[0].split("/", 2), ""]
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "the address that `astral review` printed has a token; this has not.")
            return None
        return "/".join(rest).rstrip("/")

    def _tell(self, value: Any) -> None:
        self._send(to_json(value, indent=None), "application/json")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(to_json({"error": why}, indent=None), "application/json", status)

    def _send(self, text: str, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        body = text.encode("utf-8", errors="replace")
        self.send_response(status)
        headers = {**self._HEADERS, "Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
