"""What all tests share."""

from hypothesis import settings

# No test is timed: on a machine that is busy a deadline says nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
