"""Dates of evidence, as sources state them, and how old it may be."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from astral.domain.base import Noun
from astral.domain.records import Evidence

_SECONDS_A_DAY = 86_400
_UNITS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}
_AGO = re.compile(r"(\d{1,4})\s*(minute|min|hour|day|week|month|year)s?\s+ago", re.IGNORECASE)
_AGO_DAYS = {"minute": 1 / 1440, "min": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}
_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%d %b %Y")


def days_in(span: str) -> float:
    """Days of a span such as `12h`, `7d`, `2w`, `3m` (of 30 days) or `1y` (of 365)."""
    return float(span[:-1]) * _UNITS[span[-1]]


def iso_date(text: str, *, now: datetime | None = None) -> str:
    """A date in any usual spelling as ISO 8601 in UTC, to the second; empty where it is none.

    Args:
        text: What a source states; untrusted.
        now: What "3 days ago" counts from; without it such a date is none.
    """
    text = text.strip()[:60]
    try:
        found = _parsed(text, now)
        if found is None:
            return ""
        utc = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return ""
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def _parsed(text: str, now: datetime | None) -> datetime | None:
    if now is not None and (ago := _AGO.search(text)):
        return now - timedelta(days=int(ago[1]) * _AGO_DAYS[ago[2].lower()])
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        pass
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


class Freshness(Noun):
    """How old evidence may be."""

    days: float | None = None
    """None: any age will do."""
    now: datetime

    def allows(self, evidence: Evidence, *, is_limited: bool) -> bool:
        """Whether the evidence is young enough.

        Args:
            evidence: Its date is as `iso_date` gives it.
            is_limited: The source was told the limit itself, so that what it does not date is still young enough.
        """
        if self.days is None:
            return True
        if not evidence.date:
            return is_limited
        return (self.now - datetime.fromisoformat(evidence.date)).total_seconds() <= self.days * _SECONDS_A_DAY

    def word(self, words: dict[str, float]) -> str | None:
        """The first of these words, as a search engine knows them, whose days hold all that is allowed.

        Args:
            words: Word → days, the shortest first.
        """
        if self.days is None:
            return None
        return next((word for word, days in words.items() if self.days <= days), None)
