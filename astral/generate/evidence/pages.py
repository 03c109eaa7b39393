"""Pages read politely: as robots.txt allows, one at a time a host, not twice within a day."""

import asyncio
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from pydantic import ValidationError

from astral.domain.base import Noun
from astral.errors import EvidenceError
from astral.generate.evidence.extras import web_extra
from astral.generate.evidence.fetching import USER_AGENT, Fetcher, expect_ok, server_of
from astral.generate.evidence.visible_text import VisibleText, visible_text

SECONDS_BETWEEN = 1.0
_LONGEST_DELAY_SECONDS = 10.0
"""A robots.txt that asks for more is obeyed by not reading the page at all."""
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "text/plain", ""})
_SECONDS_AN_HOUR = 3600


class Page(Noun):
    """A page as it was read."""

    url: str
    """Where it was found in the end."""
    content: VisibleText
    read: float
    """Seconds since 1970."""


class PageCache:
    """Pages that were read, in a folder of files that only their owner can open."""

    def __init__(self, folder: Path, *, hours: float, clock: Callable[[], float] = time.time) -> None:
        """Name the folder; it is made when a page is kept.

        Args:
            folder: Where the files lie.
            hours: How long a page counts as it was read.
            clock: Gives the seconds since 1970.
        """
        self._folder, self._hours, self._clock = folder, hours, clock

    def find(self, url: str) -> Page | None:
        """The page, if it was read recently."""
        try:
            page = Page.model_validate(json.loads(self._file(url).read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError):
            return None
        return page if 0 <= self._clock() - page.read < self._hours * _SECONDS_AN_HOUR else None

    def keep(self, url: str, page: Page) -> None:
        """Keep a page; a folder that cannot be written costs no more than another reading."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes the file with mode 0600; the renaming shows it whole or not at all.
            handle, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(page.model_dump_json())
            Path(name).replace(self._file(url))
        except OSError:
            return

    def _file(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode(errors='replace')).hexdigest()}.json"


class PageReader:
    """Reads pages for people who did not ask to be read: obeys robots.txt, and leaves hosts time to breathe."""

    def __init__(
        self,
        fetcher: Fetcher,
        cache: PageCache | None = None,
        *,
        seconds_between: float = SECONDS_BETWEEN,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Set the reader up.

        Args:
            fetcher: Gets the pages.
            cache: Keeps them.
            seconds_between: Least time between two requests to a host; its robots.txt may ask for more.
            clock: Gives seconds.
            sleep: Waits so many seconds.
        """
        self._fetcher, self._cache = fetcher, cache
        self._seconds_between, self._clock, self._sleep = seconds_between, clock, sleep
        self._rules: dict[str, _Rules] = {}
        self._next: dict[str, float] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def read(self, url: str) -> Page:
        """The page as a person sees it.

        Raises:
            EvidenceError: It may not be read, cannot be fetched, or has nothing to read.
            UserError: The extra [web] is not installed.
        """
        if self._cache and (known := self._cache.find(url)):
            return known
        server = server_of(url)
        turn = self._turns.setdefault(server, asyncio.Lock())
        async with turn:
            rules = await self._rules_of(url, server)
            if not rules.allow(url):
                raise EvidenceError(f"{server}: robots.txt does not allow the page")
            await self._breathe(server, rules.seconds_between)
            answer = expect_ok(await self._fetcher.get(url))
        final = server_of(answer.url)
        if final != server and not (await self._rules_of(answer.url, final)).allow(answer.url):
            raise EvidenceError(f"{final}: robots.txt does not allow the page")
        if answer.content_type not in _PAGE_TYPES or b"\0\0\0\0" in answer.body[:1000]:
            raise EvidenceError(f"{server} answered with {answer.content_type or 'something'} that is no page of text")
        # Parsing takes a while, and must not hold up everything else.
        content = await asyncio.to_thread(visible_text, answer.text)
        page = Page(url=answer.url, content=content, read=time.time())
        if self._cache:
            self._cache.keep(url, page)
        return page

    async def _breathe(self, server: str, seconds: float) -> None:
        wait = self._next.get(server, 0.0) - self._clock()
        if wait > 0:
            await self._sleep(wait)
        self._next[server] = self._clock() + max(seconds, self._seconds_between)

    async def _rules_of(self, url: str, server: str) -> "_Rules":
        if server not in self._rules:
            self._rules[server] = await self._fetched_rules(url)
        return self._rules[server]

    async def _fetched_rules(self, url: str) -> "_Rules":
        parts = urlsplit(url)
        try:
            answer = await self._fetcher.get(f"{parts.scheme}://{parts.netloc}/robots.txt")
        except EvidenceError as error:
            raise EvidenceError(f"its robots.txt cannot be read: {error}") from error
        return _Rules(answer.status, answer.text)


class _Rules:
    """What a robots.txt says to us.

    Source:
        RFC 9309, https://www.rfc-editor.org/rfc/rfc9309: without one (4xx) all is allowed, while it cannot be had
        (5xx) nothing is.
    """

    def __init__(self, status: int, text: str) -> None:
        with web_extra():
            from protego import Protego
        server_error, client_error = 500, 400
        self._is_down = status >= server_error
        self._rules = Protego.parse("" if status >= client_error else text)
        self.seconds_between = self._rules.crawl_delay(USER_AGENT) or 0.0

    def allow(self, url: str) -> bool:
        is_patient = self.seconds_between <= _LONGEST_DELAY_SECONDS
        return not self._is_down and is_patient and self._rules.can_fetch(url, USER_AGENT)
