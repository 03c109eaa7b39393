"""What all tests share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from astral.testing.postgresql import PostgresCluster, postgresql_programs
from tests.laws import QUICK

# No test is timed: on a machine that is busy a deadline says nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.register_profile(QUICK, deadline=None)

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]


def pytest_configure(config: pytest.Config) -> None:
    """Laws are tried on fewer examples where slow tests are left out; see `laws.py`."""
    settings.load_profile(QUICK if "not slow" in config.getoption("markexpr") else "untimed")
    # A shell ignores Ctrl-C for what it starts in the background, and so would each process that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def browser():
    """A real Chromium, which asks nobody for anything by itself."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: make system")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL, which makes databases."""
    if postgresql_programs() is None:
        pytest.skip("PostgreSQL is not installed: make system")
    with PostgresCluster() as cluster:
        yield cluster
