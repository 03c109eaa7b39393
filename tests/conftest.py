"""What all tests share."""

import pytest
from hypothesis import settings

from astral.testing.postgresql import PostgresCluster, postgresql_programs

# No test is timed: on a machine that is busy a deadline says nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL, which makes databases."""
    if postgresql_programs() is None:
        pytest.skip("PostgreSQL is not installed: make system")
    with PostgresCluster() as cluster:
        yield cluster
