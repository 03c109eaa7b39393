"""Feeds as they come: what is wrong with one is said in words, whatever its parser makes of it."""

from datetime import UTC, datetime

import pytest

from astral.errors import EvidenceError
from astral.generate.evidence.feeds import feed_entries
from astral.generate.evidence.freshness import Freshness

pytest.importorskip("feedparser")
FRESHNESS = Freshness(days=7, now=datetime(2026, 11, 28, tzinfo=UTC))
ENTRY = "<item><title>T</title><link>https://example.org/a</link><description>Some words.</description>{date}</item>"
FEED = f"<rss version='2.0'><channel>{ENTRY}</channel></rss>"


def test_an_entry_has_its_text_address_and_date():
    dated = FEED.format(date="<pubDate>Fri, 27 Nov 2026 10:00:00 GMT</pubDate>")
    [entry] = feed_entries(dated.encode(), FRESHNESS)
    assert (entry.text, entry.url, entry.date) == ("Some words.", "https://example.org/a", "2026-11-27T10:00:00Z")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\xff\xfe",
        b"<rss version='2.0'><channel></channel></rss>",
        b"<rss version='2.0'><channel><item><link>httpNaNnk><description>Words.</channe://example.org/a</link></item>",
    ],
)
def test_what_is_no_feed_of_fresh_entries_is_said_to_be_none(broken):
    with pytest.raises(EvidenceError, match="no feed"):
        feed_entries(broken, FRESHNESS)


def test_content_without_a_value_is_none():
    odd = FEED.format(date="").replace("T</title>", "T</content/a>")
    [entry] = feed_entries(odd.encode(), Freshness(days=None, now=FRESHNESS.now))
    assert entry.text == "Some words."
