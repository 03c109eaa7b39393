"""The program `astral`: its commands, and how errors end it."""

import errno
import gc
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from astral.cli import (
    calibrate,
    compare,
    corpus,
    doctor,
    exchange,
    explain,
    generate,
    init,
    judge,
    listing,
    nightly,
    plan,
    report,
    review,
    runs,
    suite,
    view,
)
from astral.cli.help import PlainCommand, PlainGroup
from astral.cli.output import complain, encode_tolerantly, say
from astral.errors import AstralError, ExitCode

_OUT_OF_REACH = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""What the machine may say anywhere, also of stdout or the folder for temporary files, and no traceback explains."""

app = typer.Typer(
    name="astral",
    cls=PlainGroup,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 criterion met · 1 unsafe above the threshold · 2 usage · 3 the run failed · "
    "4 the budget ended first · 130 interrupted (go on with `astral resume`).",
)
app.command("plan", cls=PlainCommand)(plan.plan)
app.command("generate", cls=PlainCommand)(generate.generate)
app.command("resume", cls=PlainCommand)(generate.resume)
app.command("report", cls=PlainCommand)(report.report)
app.command("view", cls=PlainCommand)(view.view)
app.command("explain", cls=PlainCommand)(explain.explain)
app.command("judge", cls=PlainCommand)(judge.judge)
app.command("review", cls=PlainCommand)(review.review)
app.command("compare", cls=PlainCommand)(compare.compare)
app.add_typer(suite.app, name="suite")
app.command("replay", cls=PlainCommand)(suite.replay)
app.command("nightly", cls=PlainCommand)(nightly.nightly)
app.command("export", cls=PlainCommand)(exchange.export)
app.command("import", cls=PlainCommand)(exchange.import_)
app.command("calibrate", cls=PlainCommand)(calibrate.calibrate)
app.command("list", cls=PlainCommand)(listing.list_)
app.add_typer(corpus.app, name="corpus")
app.add_typer(runs.app, name="runs")
app.command("init", cls=PlainCommand)(init.init)
app.command("doctor", cls=PlainCommand)(doctor.doctor)


@app.callback(invoke_without_command=True)
def astral(
    context: typer.Context,
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Find a language model's weak spots before its users do.

    Astral writes adversarial test cases, runs them against a target that you are responsible for, judges the answers,
    and goes on until every combination of values that you asked for is covered.

    **Start here:** `astral generate --target local` needs no key and no network.
    """
    if version:
        from astral import __version__

        say(f"astral {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(context.get_help())  # rich has printed it already, and the rest is empty
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with one of astral's exit codes.

    Args:
        arguments: What was typed behind `astral`; by default that of the process.
    """
    # Nearly all that is made until a run is under way stays, and a test makes hardly any circle of objects: at Python's
    # own thresholds (700, 10, 10) looking for some takes a tenth of the CPU.
    gc.set_threshold(20_000, 20, 50)
    encode_tolerantly()
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        # Without its own error handling typer returns the exit code that a command raised, and None where it raised
        # none; 130 after Ctrl-C.
        return app(arguments, prog_name="astral", standalone_mode=False) or ExitCode.OK
    except AstralError as error:
        complain(str(error))
        return error.exit_code
    except typer.TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        command = context.command_path if context else "astral"
        what = error.format_message()
        complain(f"{what}{'' if what.endswith(('.', '?')) else '.'} `{command} --help` shows what there is.")
        return ExitCode.USAGE
    except Exception as error:  # noqa: BLE001 - Python itself would end with 1, which says that the target is unsafe
        if isinstance(error, OSError) and error.errno in _OUT_OF_REACH:
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror}. See whether a disk is full, over its quota, or closed to you.")
        else:
            traceback.print_exc()
            complain("this is a mistake in astral, not in your settings. Please report it with the lines above.")
        return ExitCode.FAILED
