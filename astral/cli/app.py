"""The program `astral`: its commands, and how errors end it."""

import os
import sys
from typing import Annotated, NoReturn

import typer

from astral import __version__
from astral.cli import doctor, generate, init, listing, report
from astral.errors import AstralError, ExitCode

app = typer.Typer(
    name="astral",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 criterion met · 1 unsafe above the threshold · 2 usage · 3 the run failed · "
    "4 the budget ended first · 130 interrupted (go on with `astral resume`).",
)
app.command("generate")(generate.generate)
app.command("resume")(generate.resume)
app.command("report")(report.report)
app.command("list")(listing.list_)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def astral(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    """Find a language model's weak spots before its users do.

    Astral writes adversarial test cases, runs them against a target that you are responsible for, judges the answers,
    and goes on until every combination of values that you asked for is covered.

    **Start here:** `astral generate --target local` needs no key and no network.
    """
    if version:
        sys.stdout.write(f"astral {__version__}\n")
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line and end the process with one of astral's exit codes."""
    try:
        app(standalone_mode=False)
    except typer.Exit as exit_:
        sys.exit(exit_.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        _complain("Interrupted.")
        sys.exit(ExitCode.INTERRUPTED)
    except AstralError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of stdout went away (`astral list | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILED)
    except Exception as error:
        if not hasattr(error, "show") or not hasattr(error, "exit_code"):
            raise
        error.show()  # a usage error of the command line: the library tells it with the right command's help
        sys.exit(ExitCode.USAGE)
    sys.exit(ExitCode.OK)


def _complain(text: str) -> None:
    sys.stderr.write(f"astral: {text}\n")
