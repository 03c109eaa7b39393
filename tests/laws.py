"""How many examples a law is tried on: few in `make test-fast`, more wherever slow tests run as well, as in CI."""

from hypothesis import settings

QUICK = "quick"
"""Profile of a session that leaves slow tests out (`conftest.py`)."""


def examples(few: int, many: int) -> settings:
    """Settings of a law of which one example takes long.

    Args:
        few: Examples in a session without slow tests.
        many: Examples in every other one.
    """
    is_quick = settings.get_current_profile_name() == QUICK
    return settings(max_examples=few if is_quick else many, deadline=None)
