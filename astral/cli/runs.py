"""`astral runs`: list, verify, archive, restore and prune what was run."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from astral.cli import listing
from astral.cli.help import PlainCommand, PlainGroup
from astral.cli.options import Config, Json, Run, Runs
from astral.cli.output import say, tell
from astral.errors import ExitCode, UserError

_SHOWN = 20
"""Problems of a run that are told one by one."""

app = typer.Typer(
    cls=PlainGroup,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="Keep house: list, verify, archive, restore and prune runs.",
)


@app.command("list", cls=PlainCommand)
def list_(*, json: Json = False, runs: Runs = None, config: Config = None) -> None:
    """List all runs, newest first; the same as `astral list runs`."""
    listing.list_("runs", None, json=json, runs=runs, config=config)


@app.command("verify", cls=PlainCommand)
def verify(
    run: Annotated[
        str | None, typer.Argument(metavar="RUN", help="Id of a run, or `latest`.", show_default="all runs")
    ] = None,
    *,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Compute every content hash again, and tell each row that is not as it was written.

    Ends with 0 where all is as it was, with 3 where something is not. No text of a case or an answer is shown.
    """
    from astral.config import load_settings
    from astral.record import Store
    from astral.report import visible
    from astral.workflow.reporting import store_url

    settings = load_settings(config, {"runs": runs})
    is_sound = True
    with Store.open(store_url(settings.runs), create=False) as store:
        for run_id in [store.resolve(run)] if run else [each.run_id for each in store.runs()]:
            wrong = store.verify(run_id)
            is_sound = is_sound and not wrong
            say(visible(f"{run_id}: {f'{len(wrong):,} problems' if wrong else 'as it was written'}"))
            for problem in wrong[:_SHOWN]:
                say(visible(f"  {problem.place}: {problem.what}"))
            if len(wrong) > _SHOWN:
                say(f"  … and {len(wrong) - _SHOWN:,} more")
    if not is_sound:
        tell("Restore the record from a copy or the run from an archive, or mend it: `astral doctor --store --repair`.")
        raise typer.Exit(ExitCode.FAILED)


@app.command("archive", cls=PlainCommand)
def archive(
    run: Run = "latest",
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write.", show_default="RUN.tar.gz in the folder of runs"),
    ] = None,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Write a run into one file, which `astral runs restore` reads back; the run stays where it is.

    The file holds all that models answered, and only you can read it.
    """
    from astral.config import load_settings
    from astral.workflow.upkeep import archive_run

    say(str(archive_run(load_settings(config, {"runs": runs}).runs, run, out)))


@app.command("restore", cls=PlainCommand)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `astral runs archive` wrote.")],
    *,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Read an archived run back into the record, and verify it; `astral report RUN` writes its pages again."""
    from astral.config import load_settings
    from astral.workflow.upkeep import restore_run

    say(restore_run(load_settings(config, {"runs": runs}).runs, file))


@app.command("prune", cls=PlainCommand)
def prune(
    *,
    older: Annotated[
        str | None, typer.Option("--older", metavar="AGE", help="Only runs older than this: `12h`, `30d`, `6m`.")
    ] = None,
    keep: Annotated[int | None, typer.Option("--keep", metavar="N", min=0, help="Never the newest N.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Remove runs for good, from the record and the folder of runs. Asks before it does.

    Reports that compare with such a run, and runs that build on it, lose it too; `astral runs archive` first keeps it.

    Examples: `astral runs prune --older 90d`, `astral runs prune --keep 30 --yes`.
    """
    from datetime import UTC, datetime, timedelta

    from astral.config import load_settings
    from astral.generate.evidence.freshness import days_in
    from astral.workflow.reporting import list_runs
    from astral.workflow.upkeep import remove_runs, superfluous_runs

    if older is None and keep is None:
        raise UserError("astral runs prune needs --older AGE, --keep N, or both: which runs go?")
    folder = load_settings(config, {"runs": runs}).runs
    if older is not None and not re.fullmatch(r"\d{1,4}[hdwmy]", older):
        raise UserError(f"--older {older}: an age is a number and a unit: 12h, 30d, 2w, 6m, 1y.")
    age = None if older is None else timedelta(days=days_in(older))
    going = superfluous_runs(list_runs(folder), datetime.now(UTC), older=age, keep=keep)
    if not going:
        say("No run to remove.")
        return
    for run in going:
        tell(f"  {run.run_id}  {run.created:%Y-%m-%d}  {run.drawn:,} tests")
    count = f"{len(going)} run{'' if len(going) == 1 else 's'}"
    if not yes:
        if not sys.stdin.isatty():
            raise UserError(f"{count} would be removed for good; nothing was. Say so with --yes.")
        if not typer.confirm(f"Remove {count} for good?", err=True):
            say("Nothing was removed.")
            return
    remove_runs(folder, [run.run_id for run in going])
    say(f"{count} removed")
