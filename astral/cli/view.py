"""`astral view`: all runs on a local page."""

from typing import Annotated

import typer

from astral.cli.options import Config, Reveal, Runs
from astral.cli.output import serve


def view(
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, show_default="any free one", help="Port to use.")
    ] = 0,
    reveal: Reveal = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Show all runs in your browser: how rates, coverage and cost went from night to night, and the report of each run.

    The pages are served to this machine alone, at an address with a secret; Ctrl-C ends it. They are made from the
    record as it is when they are asked for, and nothing is written.

    Examples:
    * `astral view` prints the address to open.

    * `astral view --runs nightly --port 8800`
    """
    from astral.config import load_settings
    from astral.record import Store
    from astral.view import ViewServer
    from astral.workflow.reporting import store_url

    settings = load_settings(config, {"runs": runs})
    with Store.open(store_url(settings.runs), create=False) as store:
        server = ViewServer(store, settings.runs, reveal=reveal, port=port)
        serve(server, "Ctrl-C ends it." + (" The pages hold the texts of cases and answers." if reveal else ""))
