"""People label a run's answers on a local page.

`session` knows what is to be labelled and records it, `server` serves it to this machine alone, `page` is what a
browser shows.
"""

from astral.review.server import ReviewServer
from astral.review.session import ReviewSession, Standing

__all__ = ["ReviewServer", "ReviewSession", "Standing"]
