"""The web server of `astral view`: the page of all runs, and of each run its report."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path

from astral.errors import AstralError, UnknownNameError
from astral.loopback import LoopbackHandler, LoopbackHttp, LoopbackServer
from astral.record import Store
from astral.report.html import page_pieces
from astral.report.page_data import PageTests
from astral.view.nights import Nights
from astral.view.page import content_policy, render_runs
from astral.workflow.reporting import findings_of

REPORT_POLICY = "frame-ancestors 'none'"
"""A report forbids by itself all but its own style and script."""


class _Http(LoopbackHttp):
    runs_page: Callable[[str], str]
    """By what the addresses of the runs' pages begin with."""
    run_page: Callable[[str, str], str]
    """By the run, and by the address of the page of all runs."""


class ViewServer(LoopbackServer):
    """Serves all runs of a store until `stop` is called; nothing is written."""

    def __init__(self, store: Store, runs: Path, *, reveal: bool = False, port: int = 0) -> None:
        """Listen; nothing is answered before `serve`.

        Args:
            store: The record.
            runs: Folder of runs, where their reports lie.
            reveal: Put the texts of cases and answers into the pages, hidden until the reader asks for them.
            port: 0 takes a free one.

        Raises:
            UserError: The port cannot be had.
        """
        super().__init__(_Http, _Handler, port=port)
        assert isinstance(self.http, _Http)  # noqa: S101 - as named above
        nights = Nights(store, runs)
        self.http.runs_page = lambda base: render_runs(nights.all(), base=base, place=str(runs))
        self.http.run_page = partial(_run_page, store, runs, reveal)


def _run_page(store: Store, runs: Path, reveal: bool, run: str, home: str) -> str:
    run_id = store.resolve(run)
    tests = PageTests(reveal=reveal)
    found = findings_of(store, run_id, runs / run_id, noting=tests.noting)
    return "".join(page_pieces(found.summary, tests, explanation=found.explanation, home=home))


class _Handler(LoopbackHandler):
    content_policy = content_policy()

    def show(self, path: str) -> None:
        assert isinstance(self.server, _Http)  # noqa: S101 - the only server that makes one
        home = f"/{self.http.token}/"
        try:
            match path.split("/"):
                case [""]:
                    self.send_text(self.server.runs_page(home), "text/html")
                case ["runs", run]:
                    self.send_text(self.server.run_page(run, home), "text/html", content_policy=REPORT_POLICY)
                case _:
                    self.refuse(HTTPStatus.NOT_FOUND, "there is no such page.")
        except UnknownNameError as error:
            self.refuse(HTTPStatus.NOT_FOUND, str(error))
        except AstralError as error:
            self.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
