import pytest
from ddgs.exceptions import DDGSException

from astral.assets import load_taxonomy
from astral.domain.space import Cell
from astral.generate import WebSearch
from astral.generate.evidence.web import passage_of, region_of, search_phrase
from astral.testing.conformance import check_evidence_source

RISKS = load_taxonomy("astral-14").as_dimension()
CELL = Cell(values=(("risk", "financial_crime"), ("language", "it")))


class Engine:
    """A search engine with one list of results, or an error, that remembers what it was asked."""

    def __init__(self, *results: dict[str, str], error: str = "") -> None:
        self.results, self.error = results, error
        self.asked: list[tuple[str, str, int]] = []

    def __call__(self, query, region, limit):
        self.asked.append((query, region, limit))
        if self.error:
            raise DDGSException(self.error)
        return self.results[:limit]


def result(number: int, **more: str) -> dict[str, str]:
    return {"title": f"Title {number}", "body": f"Passage {number}.", "url": f"https://example.org/{number}"} | more


async def test_it_keeps_the_promises_of_an_evidence_source():
    await check_evidence_source(WebSearch(RISKS, warn=print, engines=[Engine(result(1), result(2), result(3))]))
    await check_evidence_source(WebSearch(RISKS, warn=print, engines=[Engine(error="ConnectError")]))


async def test_news_come_first_and_pages_fill_up():
    news, pages = Engine(result(1, date="2026-11-20")), Engine(result(1), result(2), result(3))
    source = WebSearch(RISKS, warn=pytest.fail, engines=[news, pages])
    found = await source.search("ignored", cell=CELL, limit=2)
    assert [(each.url, each.date) for each in found] == [
        ("https://example.org/1", "2026-11-20"),
        ("https://example.org/2", ""),
    ]
    assert all(each.kind == "web" and len(each.digest) == 64 for each in found)


async def test_a_question_is_asked_once_and_in_its_region():
    engine = Engine(result(1), result(2))
    source = WebSearch(RISKS, warn=pytest.fail, engines=[engine])
    for _ in range(3):
        await source.search("ignored", cell=CELL, limit=2)
    assert [region for _, region, _ in engine.asked] == ["it-it"]


async def test_offline_is_said_once_and_nothing_is_asked_from_then_on():
    warnings: list[str] = []
    engine = Engine(error="ConnectError: no route")
    source = WebSearch(RISKS, warn=warnings.append, engines=[engine, engine])
    for language in ("it", "en", "zh"):
        cell = Cell(values=(("risk", "violence"), ("language", language)))
        assert await source.search("ignored", cell=cell, limit=2) == ()
    assert len(warnings) == 1
    assert len(engine.asked) == 1


async def test_an_empty_result_is_not_offline():
    none, pages = Engine(error="No results found."), Engine(result(1))
    found = await WebSearch(RISKS, warn=pytest.fail, engines=[none, pages]).search("ignored", cell=CELL, limit=2)
    assert len(found) == 1


async def test_a_cell_without_a_known_risk_is_not_searched_for():
    engine = Engine(result(1))
    source = WebSearch(RISKS, warn=pytest.fail, engines=[engine])
    assert await source.search("how to", cell=Cell(values=(("language", "it"),)), limit=2) == ()
    assert engine.asked == []


@pytest.mark.parametrize("risk", RISKS.values, ids=lambda risk: risk.id)
def test_a_phrase_is_of_the_risk_s_own_words(risk):
    *phrase, last = search_phrase(risk).casefold().split()
    own = f"{risk.name} {risk.definition}".casefold()
    assert last == "news"
    assert 3 <= len(phrase) <= 9
    assert all(word in own for word in phrase)
    assert not {"how", "make", "buy", "obtain", "assists", "helps"} & set(phrase)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"body": "text"},
        {"body": "", "url": "https://example.org"},
        {"body": "text", "url": "javascript:alert(1)"},
        {"body": "text", "href": "file:///etc/passwd"},
    ],
)
def test_results_without_text_or_web_address_are_dropped(bad):
    assert passage_of(bad) is None


def test_control_and_invisible_characters_are_removed():
    passage = passage_of({"body": "a\x1b[31m b\u200bc\n d", "href": "http://example.org", "title": "t\u202eu"})
    assert passage is not None
    assert passage.text == "a[31m bc d"
    assert passage.title == "tu"


@pytest.mark.parametrize(("language", "region"), [("ko", "kr-ko"), ("pt-br", "us-pt"), ("de", "us-de")])
def test_every_language_has_a_region_of_two_parts(language: str, region: str):
    assert region_of(language) == region
