"""The services that find pages: ddgs, SearXNG, Tavily and Brave."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import EvidenceError
from astral.generate.evidence.fetching import Fetcher, expect_ok
from astral.generate.evidence.freshness import Freshness
from astral.generate.evidence.web import Ask, evidence_of

_TIMEOUT_SECONDS = 5
_LETTERS = {"d": 1.0, "w": 7.0, "m": 31.0, "y": 366.0}
_WORDS = {"day": 1.0, "week": 7.0, "month": 31.0, "year": 366.0}

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

_LIMITING = frozenset({"bing", "brave", "duckduckgo", "google", "startpage", "yahoo"})
"""Engines of ddgs that obey a limit of age for pages; Wikipedia, Grokipedia and Mojeek, else asked first, ignore it."""

_BRAVE_LANGUAGES = frozenset(
    {
        "ar", "eu", "bn", "bg", "ca", "zh-hans", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "gl", "de", "el",
        "gu", "he", "hi", "hu", "is", "it", "jp", "kn", "ko", "lv", "lt", "ms", "ml", "mr", "nb", "pl", "pt-pt",
        "pa", "ro", "ru", "sr", "sk", "sl", "es", "sv", "ta", "te", "th", "tr", "uk", "vi",
    }
)  # fmt: skip
"""What Brave may be told as `search_lang`; anything else is an error (HTTP 422)."""
_BRAVE_NAMES = {"ja": "jp", "pt": "pt-pt", "zh": "zh-hans"}

Engine = Callable[[str, str, str | None, int], Sequence[Mapping[str, Any]]]
"""(query, region, age as d, w, m or y, limit) → results as ddgs gives them; raises DDGSException."""


def region_of(language: str) -> str:
    """The region that search engines are asked for, as country and language."""
    return _REGIONS.get(language, f"us-{language.partition('-')[0]}")


def ddgs(freshness: Freshness, engines: Sequence[Engine] | None = None) -> Ask:
    """Search engines without a key: the news first, then the web, until there are enough results.

    Args:
        freshness: How old a result may be.
        engines: Asked in this order; by default those of ddgs.
    """
    asked = tuple(engines) if engines is not None else (_news, _pages)

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        from ddgs.exceptions import DDGSException

        found: dict[str, Evidence] = {}
        for engine in asked:
            region = region_of(cell.get("language", "en"))
            try:
                results = await asyncio.to_thread(engine, query, region, freshness.word(_LETTERS), limit)
            except DDGSException as error:
                # ddgs has this one class for all errors, and raises it for an empty result as well.
                if "No results found" in str(error):
                    continue
                raise EvidenceError(f"the web cannot be reached: {type(error).__name__}") from error
            for result in results:
                each = evidence_of(
                    result.get("body"),
                    url=result.get("url") or result.get("href"),
                    title=result.get("title"),
                    date=result.get("date"),
                    freshness=freshness,
                )
                if each is not None:
                    found.setdefault(each.digest, each)
            if len(found) >= limit:
                break
        return found.values()

    return ask


def searxng(url: str, fetcher: Fetcher, freshness: Freshness) -> Ask:
    """A SearXNG instance; its settings must allow the format json.

    Source:
        https://docs.searxng.org/dev/search_api
    """
    server = fetcher.opening(url)

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        told = {"q": query, "format": "json", "safesearch": 1, "language": cell.get("language", "en")}
        if word := freshness.word(_WORDS):
            told["time_range"] = word
        answer = await server.get(f"{url.rstrip('/')}/search?{urlencode(told)}", redirects=0)
        forbidden = 403
        if answer.status == forbidden:
            raise EvidenceError("it answers with HTTP 403: allow `json` under `search: formats` in its settings.yml")
        results = _listed(expect_ok(answer).as_json(), "results")[:limit]
        return [_found(each, text="content", date=each.get("publishedDate"), freshness=freshness) for each in results]

    return ask


def tavily(key: str, fetcher: Fetcher, freshness: Freshness, url: str = "https://api.tavily.com/search") -> Ask:
    """Tavily's news search.

    Source:
        https://docs.tavily.com/documentation/api-reference/endpoint/search
    """

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        told: dict[str, Any] = {"query": query, "topic": "news", "max_results": min(limit, 20)}
        if word := freshness.word(_WORDS):
            told["time_range"] = word
        answer = expect_ok(await fetcher.post(url, told, headers={"Authorization": f"Bearer {key}"}))
        return [
            _found(each, text="content", date=each.get("published_date"), freshness=freshness)
            for each in _listed(answer.as_json(), "results")
        ]

    return ask


def brave(
    key: str,
    fetcher: Fetcher,
    freshness: Freshness,
    url: str = "https://api.search.brave.com/res/v1/news/search",
) -> Ask:
    """Brave's news search.

    Source:
        https://api-dashboard.search.brave.com/api-reference/news/news_search/get
    """

    async def ask(query: str, cell: Cell, limit: int) -> Iterable[Evidence | None]:
        told: dict[str, str | int] = {"q": query, "count": min(limit, 50), "safesearch": "strict", "country": "ALL"}
        language = cell.get("language", "en")
        if (name := _BRAVE_NAMES.get(language, language)) in _BRAVE_LANGUAGES:
            told["search_lang"] = name
        if letter := freshness.word(_LETTERS):
            told["freshness"] = f"p{letter}"
        headers = {"X-Subscription-Token": key, "Accept": "application/json"}
        # The key must not follow a redirect to another host.
        answer = expect_ok(await fetcher.get(url, parameters=told, headers=headers, redirects=0))
        return [
            _found(each, text="description", date=each.get("page_age") or each.get("age"), freshness=freshness)
            for each in _listed(answer.as_json(), "results")
        ]

    return ask


def _found(row: Mapping[str, Any], *, text: str, date: object, freshness: Freshness) -> Evidence | None:
    return evidence_of(row.get(text), url=row.get("url"), title=row.get("title"), date=date, freshness=freshness)


def _listed(answer: Any, key: str) -> list[Mapping[str, Any]]:
    rows = answer.get(key) if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise EvidenceError("its answer is not what its documentation says")
    return [row for row in rows if isinstance(row, Mapping)]


def _news(query: str, region: str, age: str | None, limit: int) -> Sequence[Mapping[str, Any]]:
    from ddgs import DDGS

    # The engines of news know no year; what is older than the limit is left out later, by its date.
    age = None if age == "y" else age
    return DDGS(timeout=_TIMEOUT_SECONDS).news(query, region=region, safesearch="on", timelimit=age, max_results=limit)


def _pages(query: str, region: str, age: str | None, limit: int) -> Sequence[Mapping[str, Any]]:
    from ddgs import DDGS
    from ddgs.engines import ENGINES

    backend = ",".join(sorted(_LIMITING & ENGINES["text"].keys())) if age else "auto"
    return DDGS(timeout=_TIMEOUT_SECONDS).text(
        query, region=region, safesearch="on", timelimit=age, max_results=limit, backend=backend
    )
