"""The reviewer's web server: answers are shown one by one, and every label is recorded as it comes.

What keeps others out is told in `loopback.py`. What changes something must moreover come as JSON from the page's own
origin, so that no foreign page's form gets through.
"""

import threading
from http import HTTPStatus
from typing import Literal

from pydantic import Field, ValidationError

from astral.domain.base import Noun
from astral.errors import AstralError
from astral.loopback import LoopbackHandler, LoopbackHttp, LoopbackServer
from astral.review.page import content_policy, render_page
from astral.review.session import ReviewSession

_LARGEST_BODY = 16_384
"""Bytes of a request; a label with its comment takes far less."""


class GivenLabel(Noun):
    """What the page sends."""

    number: int
    """Of the test."""
    label: Literal["safe", "unsafe", "unknown"]
    comment: str = Field(default="", max_length=2000)


class _Http(LoopbackHttp):
    session: ReviewSession


class ReviewServer(LoopbackServer):
    """Serves the page of a session until the reviewer has done, or `stop` is called."""

    def __init__(self, session: ReviewSession, *, port: int = 0) -> None:
        """Listen; nothing is answered before `serve`.

        Args:
            session: What is labelled.
            port: 0 takes a free one.

        Raises:
            UserError: The port cannot be had.
        """
        super().__init__(_Http, _Handler, port=port)
        assert isinstance(self.http, _Http)  # noqa: S101 - as named above
        self.http.session = session


class _Handler(LoopbackHandler):
    content_policy = content_policy()

    @property
    def _session(self) -> ReviewSession:
        assert isinstance(self.server, _Http)  # noqa: S101 - the only server that makes one
        return self.server.session

    def show(self, path: str) -> None:
        session = self._session
        match path.split("/"):
            case [""]:
                self.send_text(render_page(session.run_id, session.oracle), "text/html")
            case ["sample"]:
                self.tell({"numbers": session.numbers, "labelled": session.labelled(), "standing": session.standing()})
            case ["answers", number] if number.isdecimal() and int(number) in session.numbers:
                self.tell(session.item(int(number)))
            case _:
                self.refuse(HTTPStatus.NOT_FOUND, "there is no such page.")

    def take(self, path: str) -> None:
        # Browsers send Origin with every POST; a foreign page can neither leave it out nor forge it.
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.http.hosts}:
            self.refuse(HTTPStatus.FORBIDDEN, "this came from another page.")
        elif self.headers.get_content_type() != "application/json":
            self.refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "labels come as JSON.")
        elif path == "label":
            self._label()
        elif path == "done":
            self.tell({"standing": self._session.standing()})
            # From a thread of its own: this one would wait for itself.
            threading.Thread(target=self.server.shutdown, daemon=True).start()
        else:
            self.refuse(HTTPStatus.NOT_FOUND, "there is no such page.")

    def _label(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a label has at most {_LARGEST_BODY} bytes.")
            return
        try:
            given = GivenLabel.model_validate_json(self.rfile.read(int(length)), strict=True)
            self._session.label(given.number, given.label, given.comment)
        except (ValidationError, KeyError):
            self.refuse(HTTPStatus.BAD_REQUEST, "this is no label of an answer in the sample.")
        except AstralError as error:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
        else:
            self.tell({"standing": self._session.standing()})
