"""For all tests: a busy machine is slow, and slowness is no fault."""

from hypothesis import settings

settings.register_profile("astral", deadline=None)
settings.load_profile("astral")
