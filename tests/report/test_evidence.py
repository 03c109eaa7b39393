from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from astral.domain.records import Evidence
from astral.report import render_html, render_markdown
from astral.report.evidence import EvidenceFold
from astral.report.words import age, evidence_text
from astral.testing import sample_case
from tests.generate.test_freshness import NOW

SEED = Evidence(text="a seed", kind="corpus", title="astral-14/en/violence/0", digest="s")


def web(number, days=None):
    date = "" if days is None else (NOW - timedelta(days=days)).isoformat()
    return Evidence(text="t", kind="web", url=f"https://h{number % 2}.org/{number}", date=date, digest=str(number))


def case_of(*evidence):
    case = sample_case()
    return case.model_copy(update={"lineage": case.lineage.model_copy(update={"evidence": evidence})})


def facts_of(*cases):
    fold = EvidenceFold()
    for case in cases:
        fold.add(case)
    return fold.facts(NOW)


def test_shipped_seeds_are_no_evidence_of_the_user_s():
    assert facts_of(case_of(), case_of(SEED)) is None


def test_passages_count_once_and_ages_are_those_of_the_web():
    document = Evidence(text="d", kind="document", url="corpus:a@1#x", digest="d")
    request = Evidence(text="r", kind="corpus", url="corpus:a@1#y", digest="r")
    facts = facts_of(
        case_of(SEED, web(1, 2), document),
        case_of(web(1, 2), request),
        case_of(web(2, 10)),
        case_of(web(3)),
        case_of(SEED),
    )
    assert facts.model_dump() == {
        "cases": 4,
        "web": 3,
        "documents": 1,
        "requests": 1,
        "hosts": 2,
        "median_age_days": 6.0,
        "oldest_age_days": 10.0,
        "newest_age_days": 2.0,
        "undated": 1,
    }
    assert evidence_text(facts).replace("\u202f", " ") == (
        "4 cases grounded on 3 web passages and 1 passage of files and 1 request of corpora; the web's median age "
        "6 days, oldest 10 days, 1 undated"
    )


def test_a_date_ahead_or_none_at_all_is_no_negative_age():
    facts = facts_of(case_of(web(1, -5), web(2, 1).model_copy(update={"date": "{request}"})))
    assert (facts.oldest_age_days, facts.undated) == (0.0, 1)


@given(st.floats(0, 1e5))
def test_an_age_is_said_in_words(days):
    assert any(age(days).rstrip("s").endswith(unit) for unit in ("h", "day", "month", "year"))


def test_the_pages_tell_it_whatever_a_page_said(hostile):
    """The hostile sample has evidence whose title and address are markup."""
    summary = hostile.summary()
    assert summary.evidence.web == 1
    for page in (
        render_html(summary, hostile.tests, reveal=False),
        render_markdown(summary, hostile.tests, reveal=False),
    ):
        assert "grounded on 1 web passage" in page
        assert "1 undated" in page
