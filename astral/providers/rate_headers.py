"""What the headers of an answer say of an endpoint's limits, and of when to come back."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from astral.domain.chat import ChatReply, RateLimit, RateLimits

_DURATION = re.compile(
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,6}(?:\.\d{1,12})?)s)?(?:(\d{1,9}(?:\.\d{1,12})?)ms)?"
)


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """How long the endpoint asks to wait, at least 0; None where it does not say.

    Source:
        RFC 9110 10.2.3 (seconds or a date); `retry-after-ms` is OpenAI's and Azure's.
    """
    milliseconds, seconds = _number(headers.get("retry-after-ms")), _number(headers.get("retry-after"))
    if milliseconds is not None:
        return milliseconds / 1000
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def _number(text: str | None) -> float | None:
    """A finite number of at least 0, else None; `nan` and `inf` are what a hostile server would send."""
    if text is None or not re.fullmatch(r"\s*\d{1,12}(\.\d{0,12})?\s*", text):
        return None
    return float(text.strip())


def rate_limits(headers: Mapping[str, str], *, now: datetime) -> RateLimits | None:
    """What an answer's headers tell of the endpoint's limits; None where they tell nothing.

    Source:
        `x-ratelimit-limit-requests` and its like, with times such as `6m0s`:
        https://platform.openai.com/docs/guides/rate-limits; `anthropic-ratelimit-requests-limit` and its like, with
        times of RFC 3339: https://docs.anthropic.com/en/api/rate-limits
    """
    limits: dict[str, RateLimit] = {}
    for unit in ("requests", "tokens"):
        openai = (headers.get(f"x-ratelimit-{fact}-{unit}") for fact in ("limit", "remaining", "reset"))
        anthropic = (headers.get(f"anthropic-ratelimit-{unit}-{fact}") for fact in ("limit", "remaining", "reset"))
        told = _rate_limit(*openai, now=now) or _rate_limit(*anthropic, now=now)
        if told:
            limits[unit] = told
    return RateLimits.model_validate(limits) if limits else None


def with_rates(reply: ChatReply, headers: Mapping[str, str]) -> ChatReply:
    """The reply, with what the headers of its answer tell of the endpoint's limits."""
    rates = rate_limits(headers, now=datetime.now(UTC))
    return reply.model_copy(update={"rates": rates}) if rates else reply


def _rate_limit(limit: str | None, left: str | None, reset: str | None, *, now: datetime) -> RateLimit | None:
    most, rest = _number(limit), _number(left)
    if not most or rest is None:
        return None
    return RateLimit(limit=most, left=min(rest, most), reset_seconds=_reset_seconds(reset or "", now=now))


def _reset_seconds(text: str, *, now: datetime) -> float:
    """Seconds from `1h2m3.5s`, `20ms`, a plain number or a date of RFC 3339; 0 where it is none of them."""
    if (seconds := _number(text)) is not None:
        return seconds
    if match := _DURATION.fullmatch(text.strip()):
        hours, minutes, rest, milliseconds = (float(part or 0) for part in match.groups())
        return 3600 * hours + 60 * minutes + rest + milliseconds / 1000
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def seconds_until_any_left(rates: RateLimits | None) -> float | None:
    """How long nothing is to be had of a limit that is used up; None where none is."""
    spent = [rate for rate in (rates.requests, rates.tokens) if rate and rate.left < 1] if rates else []
    # Limits fill steadily: the first unit is there long before the last.
    waits = [rate.reset_seconds / rate.limit for rate in spent if rate.reset_seconds]
    return max(waits, default=None)
