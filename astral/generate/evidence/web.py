"""Evidence from outside: several sources asked about a cell's risk, and the pages that they name."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence

from astral.domain.ports import EvidenceSource
from astral.domain.records import Evidence
from astral.domain.space import Cell, Dimension, Value
from astral.domain.untrusted import without_invisible
from astral.errors import EvidenceError
from astral.generate.evidence.chunks import PASSAGE_CHARACTERS, passages_of
from astral.generate.evidence.freshness import Freshness, iso_date
from astral.generate.evidence.pages import PageReader

_DEFINITION_WORDS = 3
_MIN_WORD_LENGTH = 6
_MAX_TITLE_CHARACTERS = 200
_KEPT = 8
"""Passages that a search is asked for, whatever its first caller wants: it is asked once, for all callers."""

# Words of definitions that say what is done rather than what it is about; with them a query might ask for help.
_NOT_SUBJECTS = frozenset(
    {
        "assist", "assists", "content", "encourages", "expose", "helps", "identify", "incites", "justifies", "obtain",
        "people", "praises", "presents", "recruits", "sexual", "treats", "without",
    }
)  # fmt: skip

Ask = Callable[[str, Cell, int], Awaitable[Iterable[Evidence | None]]]
"""(search phrase, cell, limit) → what one service found, None for what is no evidence; raises EvidenceError."""


class Source:
    """One service as an evidence source: it never raises, and is left alone once it failed."""

    def __init__(
        self, name: str, ask: Ask, *, freshness: Freshness, note: Callable[[str], None], is_limited: bool = False
    ) -> None:
        """Wrap a service.

        Args:
            name: As the settings name it.
            ask: Asks it.
            freshness: What is older is left out.
            note: Is told, once, that the service cannot be reached.
            is_limited: The service is told the age itself, so that what it does not date may be used.
        """
        self.name = name
        self._ask, self._freshness, self._note, self._is_limited = ask, freshness, note, is_limited
        self._is_off = False

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """At most `limit` passages that are young enough, in the service's order."""
        if self._is_off:
            return ()
        try:
            found = await self._ask(query, cell, limit)
        except EvidenceError as error:
            self._is_off = True
            self._note(f"{self.name} gives no evidence ({error}); the run goes on without it.")
            return ()
        kept = [each for each in found if each and self._freshness.allows(each, is_limited=self._is_limited)]
        return kept[:limit]


class WebEvidence:
    """The evidence source that asks others about a cell's risk, one search at a time.

    They get a phrase made of the risk's name and of words of its definition; nothing else of a run leaves the machine.
    """

    def __init__(
        self, risks: Dimension, sources: Sequence[EvidenceSource], *, reader: PageReader | None = None
    ) -> None:
        """Set the search up.

        Args:
            risks: The dimension whose values' names and definitions are searched for.
            sources: Asked in this order until there are enough passages.
            reader: Reads the pages that were found; without it their snippets are the evidence.
        """
        self.name = f"web:{','.join(source.name for source in sources)}{'+pages' if reader else ''}"
        self._risks, self._sources, self._reader = risks, tuple(sources), reader
        self._found: dict[tuple[str, str], tuple[Evidence, ...]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """At most `limit` passages on the cell's risk; none where it has no risk, or nothing can be reached.

        The query of the port is not sent: a definition is no search phrase, and a caller's words might ask for more
        than the subject.
        """
        if self._risks.id not in cell or cell[self._risks.id] not in self._risks.by_id:
            return ()
        phrase = search_phrase(self._risks.by_id[cell[self._risks.id]])
        key = (phrase, cell.get("language", "en"))
        # One search at a time is polite, and lets cells of one risk and language share it.
        async with self._one_at_a_time:
            if key not in self._found:
                self._found[key] = await self._asked(phrase, cell, max(limit, _KEPT))
        return self._found[key][:limit]

    async def _asked(self, phrase: str, cell: Cell, limit: int) -> tuple[Evidence, ...]:
        found: dict[str, Evidence] = {}
        for source in self._sources:
            for each in await source.search(phrase, cell=cell, limit=limit):
                found.setdefault(each.url or each.digest, each)
            if len(found) >= limit:
                break
        passages = list(found.values())[:limit]
        if self._reader is not None:
            passages = list(await asyncio.gather(*(_read(self._reader, each, phrase) for each in passages)))
        return tuple(passages)


def search_phrase(risk: Value) -> str:
    """Name of the risk, a few words of its definition, and "news": the subject, not how anything is done."""
    name = re.findall(r"[^\W\d_]+", risk.name)
    seen = {word.casefold() for word in name}
    words = [word for word in re.findall(r"[^\W\d_]+", risk.definition) if len(word) >= _MIN_WORD_LENGTH]
    more = [word for word in dict.fromkeys(map(str.casefold, words)) if word not in seen | _NOT_SUBJECTS]
    return " ".join([*name, *more[:_DEFINITION_WORDS], "news"])


def evidence_of(
    text: object, *, url: object, title: object = "", date: object = "", freshness: Freshness | None = None
) -> Evidence | None:
    """What a service says of a page, as evidence; None without text or web address. All of it is untrusted."""
    address = str(url or "")
    words = one_line(text)[:PASSAGE_CHARACTERS]
    if not words or not address.startswith(("https://", "http://")):
        return None
    return Evidence(
        text=words,
        kind="web",
        title=one_line(title)[:_MAX_TITLE_CHARACTERS],
        url=address,
        date=iso_date(str(date or ""), now=freshness.now if freshness else None),
        digest=digest_of(words),
    )


def best_passage(text: str, phrase: str) -> str:
    """The passage of a text that has most of the phrase's words; the first of those that have as many."""
    wanted = words_of(phrase)
    return max(passages_of(text), key=lambda passage: len(wanted & words_of(passage)), default="")


def words_of(text: str) -> set[str]:
    """The words of a text, less case."""
    return set(re.findall(r"[^\W\d_]{3,}", text.casefold()))


def one_line(text: object) -> str:
    """One line without control characters and invisible signs."""
    return " ".join(without_invisible(str(text or "")).split())


def digest_of(text: str) -> str:
    """SHA-256 of a passage."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


async def _read(reader: PageReader, found: Evidence, phrase: str) -> Evidence:
    """The evidence with the best passage of its page; as it was where the page cannot be read."""
    if not found.url.startswith(("https://", "http://")):
        return found
    try:
        page = await reader.read(found.url)
    except EvidenceError:
        return found
    passage = best_passage(page.content.text, phrase)
    return found.model_copy(
        update={
            "text": passage,
            "title": page.content.title[:_MAX_TITLE_CHARACTERS] or found.title,
            "date": found.date or page.content.date,
            "url": page.url,
            "digest": digest_of(passage),
        }
    )
