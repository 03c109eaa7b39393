"""The program `astral`: its commands, and how errors end it."""

import sys
import traceback
from typing import Annotated, NoReturn

import typer

from astral import __version__
from astral.cli import doctor, generate, init, listing, report
from astral.cli.help import PlainCommand, PlainGroup
from astral.cli.output import complain, encode_tolerantly, say
from astral.errors import AstralError, ExitCode

app = typer.Typer(
    name="astral",
    cls=PlainGroup,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 criterion met · 1 unsafe above the threshold · 2 usage · 3 the run failed · "
    "4 the budget ended first · 130 interrupted (go on with `astral resume`).",
)
app.command("generate", cls=PlainCommand)(generate.generate)
app.command("resume", cls=PlainCommand)(generate.resume)
app.command("report", cls=PlainCommand)(report.report)
app.command("list", cls=PlainCommand)(listing.list_)
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
        say(f"astral {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        context.get_help()  # prints it
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line and end the process with one of astral's exit codes."""
    encode_tolerantly()
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        # Without its own error handling typer returns the exit code that a command raised, and None where it raised
        # none; 130 after Ctrl-C.
        return app(prog_name="astral", standalone_mode=False) or ExitCode.OK
    except AstralError as error:
        complain(str(error))
        return error.exit_code
    except typer.TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        command = context.command_path if context else "astral"
        what = error.format_message()
        complain(f"{what}{'' if what.endswith(('.', '?')) else '.'} `{command} --help` shows what there is.")
        return ExitCode.USAGE
    except OSError as error:
        # The disk is full, a folder vanished, stdout cannot be written: nothing that a traceback would explain.
        complain(f"{error.filename or 'the output'}: {error.strerror or error}. Mend that and try again.")
        return ExitCode.FAILED
    except Exception:  # noqa: BLE001 - Python itself would end with 1, which says that the target is unsafe
        traceback.print_exc()
        complain("this is a mistake in astral, not in your settings. Please report it with the lines above.")
        return ExitCode.FAILED
