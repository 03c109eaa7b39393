from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Evidence
from astral.generate.evidence.freshness import Freshness, days_in, iso_date

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "iso"),
    [
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"),
        ("Fri, 20 Nov 2026 10:00:00 GMT", "2026-11-20T10:00:00Z"),
        ("Nov 20, 2026", "2026-11-20T00:00:00Z"),
        ("3 days ago", "2026-11-18T12:00:00Z"),
        ("2 hours ago", "2026-11-21T10:00:00Z"),
        ("yesterday or so", ""),
        ("=====data-0123=====", ""),
        ("9999-12-31T23:59:59-23:00", ""),
        (f"Fri, 27 Nov 2026 10:00{'9' * 400}", ""),
        ("99999999999 years ago", ""),
        ("", ""),
    ],
)
def test_usual_spellings_of_a_date_are_read(stated, iso):
    assert iso_date(stated, now=NOW) == iso


@given(st.text(max_size=80))
def test_whatever_a_source_states_is_a_date_or_nothing(text):
    date = iso_date(text, now=NOW)
    assert not date or datetime.fromisoformat(date).tzinfo is not None


@pytest.mark.parametrize(("span", "days"), [("12h", 0.5), ("7d", 7), ("2w", 14), ("3m", 90), ("1y", 365)])
def test_spans(span, days):
    assert days_in(span) == days


@pytest.mark.parametrize(
    ("age_days", "is_limited", "is_allowed"),
    [(6, False, True), (8, False, False), (None, False, False), (None, True, True)],
)
def test_what_is_undated_counts_as_young_only_where_the_source_was_told_the_limit(age_days, is_limited, is_allowed):
    date = "" if age_days is None else (NOW - timedelta(days=age_days)).isoformat()
    fresh = Freshness(days=7, now=NOW)
    assert fresh.allows(Evidence(text="a", kind="web", date=date), is_limited=is_limited) is is_allowed


def test_a_search_engine_is_told_the_shortest_of_its_words_that_holds_the_limit():
    words = {"day": 1.0, "week": 7.0, "month": 31.0}
    told = [Freshness(days=days, now=NOW).word(words) for days in (0.5, 7, 8, 400, None)]
    assert told == ["day", "week", "month", None, None]
