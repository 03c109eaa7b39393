"""What is fetched as a whole and then looked through: RSS and Atom feeds, and a folder of files."""

import asyncio
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import EvidenceError
from astral.generate.evidence.chunks import passages_of
from astral.generate.evidence.extras import web_extra
from astral.generate.evidence.fetching import Fetcher, expect_ok
from astral.generate.evidence.freshness import Freshness
from astral.generate.evidence.visible_text import visible_text
from astral.generate.evidence.web import Ask, digest_of, evidence_of, one_line, words_of

_MAX_FEED_ENTRIES = 500
_MAX_FILES = 2000
_MAX_FILE_BYTES = 5_000_000


def feed(url: str, fetcher: Fetcher, freshness: Freshness) -> Ask:
    """An RSS or Atom feed, fetched once; the entries that have most words of the phrase come first, then the newest."""
    server = fetcher.opening(url)
    entries: list[Evidence] | None = None

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        nonlocal entries
        if entries is None:
            answer = expect_ok(await server.get(url))
            entries = await asyncio.to_thread(feed_entries, answer.body, freshness)
        return _ranked(entries, query)[:limit]

    return ask


def folder(path: Path) -> Ask:
    """The text, Markdown and HTML files of a folder, read once; passages with most words of the phrase come first."""
    passages: list[Evidence] | None = None

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        nonlocal passages
        if passages is None:
            passages = await asyncio.to_thread(_folder_passages, path)
        return _ranked(passages, query)[:limit]

    return ask


def _ranked(found: Sequence[Evidence], phrase: str) -> list[Evidence]:
    wanted = words_of(phrase)

    def order(each: Evidence) -> int:
        return -len(wanted & words_of(f"{each.title} {each.text}"))

    # Newest first among those that are as near; sorting keeps the order of equals.
    return sorted(sorted(found, key=lambda each: each.date, reverse=True), key=order)


def feed_entries(body: bytes, freshness: Freshness) -> list[Evidence]:
    """The entries of a feed that have a text and an address, and are fresh.

    Raises:
        EvidenceError: It is no feed, or has no such entries.
    """
    with web_extra():
        import feedparser
    # As a stream: a text that looks like a path or an address would be opened by feedparser itself.
    try:
        parsed: Any = feedparser.parse(BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:
        raise EvidenceError(f"it is no feed that can be read ({type(error).__name__})") from error
    found: list[Evidence] = []
    for entry in parsed.entries[:_MAX_FEED_ENTRIES]:
        bodies = [each.get("value") or "" for each in entry.get("content", ())]
        each = evidence_of(
            _words_in(max([entry.get("summary") or "", *bodies], key=len)) or entry.get("title"),
            url=entry.get("link"),
            title=_words_in(entry.get("title", "")),
            # Past feedparser's own `get`, which gives the other date where one is missing, and warns of it.
            date=dict.get(entry, "published") or dict.get(entry, "updated"),
            freshness=freshness,
        )
        if each is not None:
            found.append(each)
    if not found:
        raise EvidenceError("it is no feed, or has no entries with text and address")
    return found


def _words_in(markup: str) -> str:
    """Text of a feed, which may be HTML."""
    if "<" not in markup and "&" not in markup:
        return markup
    try:
        return visible_text(f"<html><body>{markup}</body></html>").text
    except EvidenceError:
        return ""


def _folder_passages(path: Path) -> list[Evidence]:
    if not path.is_dir():
        raise EvidenceError(f"{path} is no folder")
    found: list[Evidence] = []
    files = [each for each in sorted(path.rglob("*")) if each.suffix.lower() in {".txt", ".md", ".html", ".htm"}]
    for file in files[:_MAX_FILES]:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_FILE_BYTES:
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix.lower().startswith(".htm"):
            text = _words_in(text)
        found += [
            Evidence(text=passage, kind="document", title=file.stem, digest=digest_of(passage))
            for passage in map(one_line, passages_of(text))
        ]
    if not found:
        raise EvidenceError(f"{path} has no text, Markdown or HTML files with text")
    return found
