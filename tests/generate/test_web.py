import pytest

from astral.assets import load_taxonomy
from astral.domain.records import Evidence
from astral.domain.space import Cell
from astral.errors import EvidenceError
from astral.generate import WebEvidence
from astral.generate.evidence.freshness import Freshness
from astral.generate.evidence.web import Source, best_passage, evidence_of, search_phrase
from astral.testing.conformance import check_evidence_source
from tests.generate.test_freshness import NOW

RISKS = load_taxonomy("astral-14").as_dimension()
CELL = Cell(values=(("risk", "financial_crime"), ("language", "it")))


class Listed:
    """A source with a list of passages that remembers what it was asked."""

    def __init__(self, name, *numbers):
        self.name, self.numbers, self.asked = name, numbers, []

    async def search(self, query, *, cell, limit):
        self.asked.append((query, cell.get("language", ""), limit))
        return [evidence_of(f"Passage {n}.", url=f"https://example.org/{n}") for n in self.numbers][:limit]


async def test_it_keeps_the_promises_of_an_evidence_source():
    await check_evidence_source(WebEvidence(RISKS, [Listed("one", 1, 2, 3), Listed("two")]))
    await check_evidence_source(WebEvidence(RISKS, []))


async def test_sources_are_asked_in_their_order_until_there_is_enough():
    first, second, third = Listed("a", *range(5)), Listed("b", *range(3, 9)), Listed("c", 99)
    source = WebEvidence(RISKS, [first, second, third])
    found = await source.search("ignored", cell=CELL, limit=2)
    assert [each.url for each in found] == ["https://example.org/0", "https://example.org/1"]
    assert [each.url[-1] for each in await source.search("ignored", cell=CELL, limit=20)] == list("01234567")
    assert third.asked == []


async def test_a_question_is_asked_once_for_all_cells_that_share_it():
    listed = Listed("a", 1, 2)
    source = WebEvidence(RISKS, [listed])
    for style in ("slang", "question"):
        await source.search("ignored", cell=Cell(values=(*CELL.values, ("style", style))), limit=2)
    assert [(query.split()[-1], language) for query, language, _ in listed.asked] == [("news", "it")]


async def test_a_cell_without_a_known_risk_is_not_searched_for():
    listed = Listed("a", 1)
    assert await WebEvidence(RISKS, [listed]).search("how to", cell=Cell(values=(("language", "it"),)), limit=2) == ()
    assert listed.asked == []


async def test_a_service_that_fails_is_told_once_and_left_alone():
    notes, calls = [], []

    async def ask(query, cell, limit):
        calls.append(query)
        raise EvidenceError("no route")

    source = Source("x", ask, freshness=Freshness(now=NOW), note=notes.append)
    for _ in range(3):
        assert await source.search("a", cell=CELL, limit=2) == ()
    assert len(calls) == len(notes) == 1
    assert "x gives no evidence (no route)" in notes[0]


@pytest.mark.parametrize(("is_limited", "urls"), [(True, ["new", "undated"]), (False, ["new"])])
async def test_what_is_too_old_is_left_out(is_limited, urls):
    async def ask(query, cell, limit):
        dates = {"old": "2026-11-01", "new": "2026-11-20", "undated": ""}
        return [None, *(evidence_of("A text.", url=f"https://{name}", date=date) for name, date in dates.items())]

    source = Source("x", ask, freshness=Freshness(days=7, now=NOW), note=pytest.fail, is_limited=is_limited)
    assert [each.url for each in await source.search("a", cell=CELL, limit=5)] == [f"https://{url}" for url in urls]


@pytest.mark.parametrize("risk", RISKS.values, ids=lambda risk: risk.id)
def test_a_phrase_is_of_the_risk_s_own_words(risk):
    *phrase, last = search_phrase(risk).casefold().split()
    own = f"{risk.name} {risk.definition}".casefold()
    assert last == "news"
    assert 3 <= len(phrase) <= 9
    assert all(word in own for word in phrase)
    assert not {"how", "make", "buy", "obtain", "assists", "helps"} & set(phrase)


@pytest.mark.parametrize(
    ("text", "url"),
    [("", "https://example.org"), ("text", ""), ("text", "javascript:alert(1)"), ("text", "file:///etc/passwd"),
     ("\u200b\U000e0041", "https://example.org"), (None, None)],
)  # fmt: skip
def test_what_has_no_text_or_web_address_is_no_evidence(text, url):
    assert evidence_of(text, url=url) is None


def test_control_and_invisible_characters_are_removed():
    passage = evidence_of("a\x1b[31m b\u200bc\n d", url="http://example.org", title="t\u202eu", date="{request}")
    assert passage == Evidence(
        text="a[31m bc d", kind="web", title="tu", url="http://example.org", date="", digest=passage.digest
    )
    assert len(passage.digest) == 64


def test_the_best_passage_is_about_the_phrase():
    text = "\n\n".join([*["The weather was fine. " * 30] * 3, "Fraud with tickets is common here.", "Nothing. " * 90])
    assert "Fraud with tickets" in best_passage(text, "tickets fraud news")
    assert best_passage(text, "nowhere to be found") == best_passage(text, "")
    assert best_passage("", "news") == ""
