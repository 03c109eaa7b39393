"""Passages found on the web through `ddgs`: the snippets of search engines, no page is fetched."""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from astral.domain.records import Evidence
from astral.domain.space import Cell, Dimension, Value

_TIMEOUT_SECONDS = 5
_DEFINITION_WORDS = 3
_MIN_WORD_LENGTH = 6
_MAX_PASSAGE_CHARACTERS = 1000

# Words of definitions that say what is done rather than what it is about; with them a query might ask for help.
_NOT_SUBJECTS = frozenset(
    {
        "assist", "assists", "content", "encourages", "expose", "helps", "identify", "incites", "justifies", "obtain",
        "people", "praises", "presents", "recruits", "sexual", "treats", "without",
    }
)  # fmt: skip

# Country and language in the order of ddgs; its engines take the second part as a language code, which is why Korean
# is `kr-ko` here and not DuckDuckGo's own `kr-kr`.
_REGIONS = {
    "en": "us-en",
    "zh": "cn-zh",
    "it": "it-it",
    "vi": "vn-vi",
    "ar": "xa-ar",
    "ko": "kr-ko",
    "th": "th-th",
    "bn": "bd-bn",
    "sw": "ke-sw",
    "jv": "id-jv",
}

Engine = Callable[[str, str, int], Sequence[Mapping[str, Any]]]
"""(query, region, limit) → results as ddgs gives them; raises DDGSException."""


class WebSearch:
    """The evidence source that asks search engines for news and pages on the cell's risk.

    A query is made of the risk's name and of words of its definition; nothing else of a run leaves the machine.
    """

    name = "web"

    def __init__(
        self, risks: Dimension, *, warn: Callable[[str], None], engines: Sequence[Engine] | None = None
    ) -> None:
        """Set the search up.

        Args:
            risks: The dimension whose values' names and definitions are searched for.
            warn: Is told, once, that the web cannot be reached; after that nothing is searched.
            engines: Asked in this order until there are enough results; by default the news, then the web.
        """
        self._risks = risks
        self._warn = warn
        self._engines = tuple(engines) if engines is not None else (_news, _pages)
        self._is_off = False
        self._found: dict[tuple[str, str], tuple[Evidence, ...]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """At most `limit` passages on the cell's risk; none where it has no risk, or the web cannot be reached.

        The query of the port is not sent: a definition is no search phrase, and a caller's words might ask for more
        than the subject.
        """
        if self._risks.id not in cell or cell[self._risks.id] not in self._risks.by_id:
            return ()
        phrase = search_phrase(self._risks.by_id[cell[self._risks.id]])
        region = region_of(cell.get("language", "en"))
        # One search at a time is polite, and lets cells of one risk and language share it.
        async with self._one_at_a_time:
            if (phrase, region) not in self._found and not self._is_off:
                self._found[phrase, region] = await self._ask(phrase, region, limit)
        return self._found.get((phrase, region), ())[:limit]

    async def _ask(self, phrase: str, region: str, limit: int) -> tuple[Evidence, ...]:
        from ddgs.exceptions import DDGSException

        found: dict[str, Evidence] = {}
        for engine in self._engines:
            try:
                results = await asyncio.to_thread(engine, phrase, region, limit)
            except DDGSException as error:
                # ddgs has this one class for all errors, and raises it for an empty result as well.
                if "No results found" in str(error):
                    continue
                self._is_off = True
                self._warn(f"The web cannot be reached ({type(error).__name__}); the run goes on without web evidence.")
                break
            found = {passage.digest: passage for passage in map(passage_of, results) if passage is not None} | found
            if len(found) >= limit:
                break
        return tuple(found.values())


def search_phrase(risk: Value) -> str:
    """Name of the risk, a few words of its definition, and "news": the subject, not how anything is done."""
    name = re.findall(r"[^\W\d_]+", risk.name)
    seen = {word.casefold() for word in name}
    words = [word for word in re.findall(r"[^\W\d_]+", risk.definition) if len(word) >= _MIN_WORD_LENGTH]
    more = [word for word in dict.fromkeys(map(str.casefold, words)) if word not in seen | _NOT_SUBJECTS]
    return " ".join([*name, *more[:_DEFINITION_WORDS], "news"])


def region_of(language: str) -> str:
    """The region that search engines are asked for, as country and language."""
    return _REGIONS.get(language, f"us-{language.partition('-')[0]}")


def passage_of(result: Mapping[str, Any]) -> Evidence | None:
    """A search result as evidence; None where it has no text or no web address. What it says is untrusted."""
    url = str(result.get("url") or result.get("href") or "")
    text = _plain(result.get("body"))[:_MAX_PASSAGE_CHARACTERS]
    if not text or not url.startswith(("https://", "http://")):
        return None
    return Evidence(
        text=text,
        kind="web",
        title=_plain(result.get("title")),
        url=url,
        date=_plain(result.get("date")),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _plain(text: object) -> str:
    """One line without control characters and invisible signs."""
    line = " ".join(str(text or "").split())
    return "".join(sign for sign in line if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"})


def _news(query: str, region: str, limit: int) -> Sequence[Mapping[str, Any]]:
    from ddgs import DDGS

    return DDGS(timeout=_TIMEOUT_SECONDS).news(query, region=region, safesearch="on", max_results=limit)


def _pages(query: str, region: str, limit: int) -> Sequence[Mapping[str, Any]]:
    from ddgs import DDGS

    return DDGS(timeout=_TIMEOUT_SECONDS).text(query, region=region, safesearch="on", max_results=limit)
