"""The ways in which a vendor's server goes wrong, and what it takes before it turns calls away."""

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """A way in which a server goes wrong."""

    RATE_LIMIT = "rate_limit"
    """HTTP 429, asks to come back after a moment."""
    QUOTA = "quota"
    """HTTP 429 that no waiting mends."""
    SERVER_ERROR = "server_error"
    """HTTP 500."""
    OVERLOADED = "overloaded"
    """HTTP 529, Anthropic's own."""
    RESET = "reset"
    """The connection is reset before the answer."""
    STALL = "stall"
    """No answer comes."""
    MALFORMED = "malformed"
    """HTTP 200 with half a JSON text, or a stream that breaks off."""
    NOT_JSON = "not_json"
    """HTTP 200 with a web page, as a proxy sends it."""
    NO_CHOICES = "no_choices"
    """HTTP 200 with JSON that holds no answer."""
    CONTENT_FILTER = "content_filter"
    """HTTP 400: a filter stopped the request."""
    BAD_KEY = "bad_key"
    """HTTP 401, quoting the key."""
    LOST = "lost"
    """The request is served, and the connection is reset before its answer."""


STATUS: Mapping[Fault, tuple[int, str, str]] = {
    Fault.RATE_LIMIT: (429, "too many requests", "rate_limit_exceeded"),
    Fault.QUOTA: (429, "the quota is used up", "insufficient_quota"),
    Fault.SERVER_ERROR: (500, "something broke", "server_error"),
    Fault.OVERLOADED: (529, "overloaded", "overloaded_error"),
    Fault.CONTENT_FILTER: (400, "Output blocked by content filtering policy", "content_filter"),
    Fault.BAD_KEY: (401, "Incorrect API key provided: {key}", "invalid_api_key"),
}
"""Status, message and code of those that are told as errors."""
BODIES: Mapping[Fault, bytes] = {
    Fault.MALFORMED: b'{"choices": [{"mess',
    Fault.NOT_JSON: b"<html><body>Please log in</body></html>",
    Fault.NO_CHOICES: b'{"id": "x", "object": "chat.completion", "type": "message", "choices": []}',
}
"""What comes with HTTP 200 in place of an answer."""


def evenly(share: float) -> Mapping[Fault, float]:
    """Shares of requests, alike for each of the faults that servers mostly have.

    Args:
        share: Of all requests, in [0, 1].
    """
    usual = (Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.OVERLOADED, Fault.RESET, Fault.MALFORMED, Fault.CONTENT_FILTER)
    return dict.fromkeys(usual, share / len(usual))


class Capacity:
    """So many requests a second, of which a second's worth may come at once."""

    def __init__(self, per_second: float) -> None:
        """Begin with all of it.

        Args:
            per_second: Requests that are taken, at least 1.
        """
        self._per_second = self._level = per_second
        self._filled: float | None = None

    def seconds_until(self, now: float) -> float:
        """How long to wait before the next request is taken; 0 takes it.

        Args:
            now: Seconds, from any start.
        """
        passed = 0.0 if self._filled is None else now - self._filled
        self._level = min(self._per_second, self._level + passed * self._per_second)
        self._filled = now
        if self._level < 1:
            return (1 - self._level) / self._per_second
        self._level -= 1
        return 0.0
