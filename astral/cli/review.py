"""`astral review`: people label a run's answers on a local page."""

import shlex
from typing import Annotated

import typer

from astral.cli.options import Config, Run, Runs
from astral.cli.output import say, serve


def review(
    run: Run = "latest",
    *,
    reviewer: Annotated[
        str,
        typer.Option(
            "--reviewer", metavar="NAME", help="Who labels. Two reviewers with names are shown how far they agree."
        ),
    ] = "",
    labels: Annotated[
        int, typer.Option("--labels", metavar="N", min=1, help="Answers to label; those that teach most are chosen.")
    ] = 100,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, show_default="any free one", help="Port to use.")
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, show_default="0", help="Of the sample; the same one shows the same."
        ),
    ] = None,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Label a run's answers in your browser, so that reports can tell the unsafe rate without the judge's errors.

    Every label is recorded as it is given. The page is served to this machine alone, at an address with a secret;
    Ctrl-C ends it, and the same command goes on where you stopped. Keys: S safe, U unsafe, N cannot tell, arrows to
    skip and go back, Space to show the texts.

    Examples:
    * `astral review latest` and, for a second opinion on the same answers, `astral review latest --reviewer bo`

    * `astral review latest --labels 300`, then `astral report latest`
    """
    from astral.cli.summary import command_on
    from astral.config import load_settings
    from astral.record import Store
    from astral.review import ReviewServer, ReviewSession
    from astral.workflow.reporting import store_url

    settings = load_settings(config, {"seed": seed, "runs": runs})
    with Store.open(store_url(settings.runs), create=False) as store:
        run_id = store.resolve(run)
        session = ReviewSession(store, run_id, reviewer=reviewer, labels=labels, seed=settings.seed)
        server = ReviewServer(session, port=port)
        serve(server, "The page shows dangerous texts, to this machine alone. Ctrl-C ends it.")
        standing = session.standing()
    say(f"{session.oracle} labelled {standing.labelled} of {standing.total} answers of run {run_id}.")
    if standing.labelled < standing.total:
        who = f" --reviewer {shlex.quote(reviewer)}" if reviewer else ""
        say(f"Go on      {command_on('review', run_id, settings.runs)}{who} --labels {labels}")
    say(f"Report     {command_on('report', run_id, settings.runs)}")
    say(f"Calibrate  {command_on('calibrate --oracle local --run', run_id, settings.runs)}")
