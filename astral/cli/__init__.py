"""The command line: the only place that knows Typer and Rich, and that prints.

Results go to stdout, progress and errors to stderr. Commands import what they need when they run, so that `--help`
answers at once.
"""

from astral.cli.app import main

__all__ = ["main"]
