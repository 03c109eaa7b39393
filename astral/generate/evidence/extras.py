"""What is said where an optional package is missing."""

from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec

from astral.errors import UserError


def check_web_extra() -> None:
    """Make sure, before anything is sent, that pages and feeds can be read.

    Raises:
        UserError: The extra [web] is not installed.
    """
    with web_extra():
        for name in ("feedparser", "protego", "trafilatura"):
            if find_spec(name) is None:
                raise ModuleNotFoundError(name=name)


@contextmanager
def web_extra() -> Generator[None]:
    """Turn a missing package into an error that says how to install it."""
    try:
        yield
    except ImportError as error:
        raise UserError(
            f'Reading pages and feeds needs the package {error.name}: `pip install "astral-safety[web]"`. '
            "Without it, leave out --pages and rss: sources."
        ) from None
