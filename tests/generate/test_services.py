"""Each service as its documentation describes it, played by a real server on loopback."""

from datetime import UTC, datetime

import pytest
from ddgs.exceptions import DDGSException

from astral.domain.space import Cell
from astral.errors import EvidenceError
from astral.generate import Fetcher
from astral.generate.evidence import feeds, services
from astral.generate.evidence.freshness import Freshness

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEEK, ANY = Freshness(days=7, now=NOW), Freshness(now=NOW)
CELL = Cell(values=(("risk", "financial_crime"), ("language", "it")))
KEY = "sk-0123456789"
RESULT = {
    "title": "A <b>title",
    "url": "https://example.org/1",
    "content": "What it says.",
    "description": "What it says.",
}
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Garden show</title><link>https://example.org/garden</link><description>Roses.</description>
<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>Ticket fraud</title><link>https://example.org/fraud</link>
<description>&lt;p&gt;Fraud with &lt;b&gt;tickets&lt;/b&gt;.&lt;/p&gt;
&lt;p style="display:none"&gt;Obey.&lt;/p&gt;</description></item>
<item><title>No link</title></item>
<item><title>Odd</title><link>javascript:alert(1)</link><description>x</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><title>Fraud</title>
<link href="https://example.org/a"/><updated>2026-11-20T10:00:00Z</updated><summary>Tickets.</summary></entry></feed>"""


@pytest.fixture
def url(httpserver):
    return f"http://127.0.0.1:{httpserver.port}"


@pytest.fixture
def fetcher(httpserver):
    return Fetcher([f"127.0.0.1:{httpserver.port}"], seconds=5)


class Engine:
    """A search engine of ddgs with one list of results, or an error."""

    def __init__(self, *results, error=""):
        self.results, self.error, self.asked = results, error, []

    def __call__(self, query, region, age, limit):
        self.asked.append((query, region, age, limit))
        if self.error:
            raise DDGSException(self.error)
        return self.results[:limit]


def result(number, **more):
    return {"title": f"Title {number}", "body": f"Passage {number}.", "url": f"https://example.org/{number}"} | more


async def test_ddgs_asks_for_news_first_and_pages_fill_up():
    news, pages = (
        Engine(result(1, date="2026-11-20")),
        Engine(result(1), result(2, url="", href="https://b/"), result(3)),
    )
    found = list(await services.ddgs(WEEK, [news, pages])("fraud news", CELL, 3))
    assert [(each.url, each.date[:10]) for each in found] == [
        ("https://example.org/1", "2026-11-20"),
        ("https://b/", ""),
        ("https://example.org/3", ""),
    ]
    assert news.asked == [("fraud news", "it-it", "w", 3)]


async def test_an_empty_result_of_ddgs_is_no_error_and_any_other_is():
    found = await services.ddgs(ANY, [Engine(error="No results found."), Engine(result(1))])("a", CELL, 3)
    assert len(list(found)) == 1
    with pytest.raises(EvidenceError, match="cannot be reached"):
        await services.ddgs(ANY, [Engine(error="ConnectError")])("a", CELL, 3)


NEWS_PAGE = """<div id="web"><li><a href="/1">One</a><h4><a
href="https://r.search.yahoo.com/_ylt=x/RU=https%3A%2F%2Fexample.org%2Fnews%3Fa%3D1/RK=2/RS=y">Ticket fraud</a></h4>
<span class="s-time">2 days ago</span><p>Fraud with  tickets.</p><span class="s-source">Paper</span></li></div>"""
PAGE_OF_RESULTS = """<section data-layout="{0}"><ul class="results-standard"><li><h2><a
href="https://example.org/{0}">Page of {0}</a></h2><p class="s">On fraud, by {0}.</p></li></ul></section>"""


@pytest.fixture
def engines(monkeypatch, url, httpserver):
    """ddgs's own engines, of which the addresses alone are those of a site on this machine."""
    from ddgs.engines import ENGINES
    from ddgs.engines.mojeek import Mojeek
    from ddgs.engines.yahoo_news import YahooNews

    httpserver.expect_request("/news").respond_with_data(NEWS_PAGE, content_type="text/html")
    text = {}
    for name in ("mojeek", "startpage"):
        httpserver.expect_request(f"/{name}").respond_with_data(PAGE_OF_RESULTS.format(name), content_type="text/html")
        text[name] = type(name, (Mojeek,), {"name": name, "provider": name, "search_url": f"{url}/{name}"})
    monkeypatch.setitem(ENGINES, "news", {"yahoo": type("News", (YahooNews,), {"search_url": f"{url}/news"})})
    monkeypatch.setitem(ENGINES, "text", text)


async def test_what_ddgs_itself_finds_is_evidence_with_its_date(engines, httpserver):
    fresh = Freshness(days=7, now=datetime.now(UTC))
    found = list(await services.ddgs(fresh)("fraud news", CELL, 3))
    assert [(each.url, each.title, each.text) for each in found] == [
        ("https://example.org/news", "Ticket fraud", "Fraud with tickets."),
        ("https://example.org/startpage", "Page of startpage", "On fraud, by startpage."),
    ]
    age = datetime.now(UTC) - datetime.fromisoformat(found[0].date)
    assert 2 <= age.total_seconds() / 86_400 < 2.1
    assert [request.args.get("p") or request.args.get("q") for request, _ in httpserver.log] == ["fraud news"] * 2
    assert httpserver.log[0][0].args["btf"] == "w"


async def test_engines_that_know_no_age_are_asked_only_where_none_is_told(engines):
    """What they find is undated, and would pass for what they were told to look for."""
    assert {each.title for each in await services.ddgs(ANY)("fraud news", CELL, 3)} == {
        "Ticket fraud", "Page of startpage", "Page of mojeek"
    }  # fmt: skip


@pytest.mark.parametrize(("language", "region"), [("ko", "kr-ko"), ("pt-br", "us-pt"), ("de", "us-de")])
def test_every_language_has_a_region_of_two_parts(language, region):
    assert services.region_of(language) == region


async def test_searxng_is_asked_for_json_of_the_language_and_age(httpserver, url):
    """The user named the server, so that it may be on loopback; what it finds may not."""
    told = {"q": "fraud news", "format": "json", "safesearch": "1", "language": "it", "time_range": "week"}
    more = {**RESULT, "publishedDate": "2026-11-20T00:00:00"}
    httpserver.expect_request("/search", query_string=told).respond_with_json({"results": [more, {"url": "x"}, "odd"]})
    found = list(await services.searxng(f"{url}/", Fetcher(), WEEK)("fraud news", CELL, 5))
    assert [(each.title, each.date) for each in found if each] == [("A <b>title", "2026-11-20T00:00:00Z")]


async def test_a_searxng_without_json_says_what_to_do(httpserver, url):
    httpserver.expect_request("/search").respond_with_data("", status=403)
    with pytest.raises(EvidenceError, match=r"settings\.yml"):
        await services.searxng(url, Fetcher(), ANY)("a", CELL, 5)


async def test_tavily_gets_the_key_in_the_header_and_the_age_in_the_body(httpserver, url, fetcher):
    httpserver.expect_request(
        "/search",
        method="POST",
        json={"query": "fraud news", "topic": "news", "max_results": 5, "time_range": "week"},
        headers={"Authorization": f"Bearer {KEY}"},
    ).respond_with_json({"results": [{**RESULT, "published_date": "Fri, 20 Nov 2026 10:00:00 GMT"}]})
    [found] = await services.tavily(KEY, fetcher, WEEK, f"{url}/search")("fraud news", CELL, 5)
    assert (found.text, found.date) == ("What it says.", "2026-11-20T10:00:00Z")


async def test_brave_gets_the_key_in_the_header_and_the_age_in_the_query(httpserver, url, fetcher):
    httpserver.expect_request(
        "/news",
        query_string={"q": "fraud news", "count": "5", "safesearch": "strict", "country": "ALL", "search_lang": "it",
                      "freshness": "pw"},
        headers={"X-Subscription-Token": KEY},
    ).respond_with_json({"results": [{**RESULT, "age": "3 days ago"}]})  # fmt: skip
    [found] = await services.brave(KEY, fetcher, WEEK, f"{url}/news")("fraud news", CELL, 5)
    assert (found.text, found.date) == ("What it says.", "2026-11-18T12:00:00Z")


@pytest.mark.parametrize(("language", "told"), [("zh", "zh-hans"), ("ja", "jp"), ("sw", None), ("jv", None)])
async def test_brave_is_told_no_language_that_it_does_not_know(httpserver, url, fetcher, language, told):
    """It answers HTTP 422 to those."""
    httpserver.expect_request("/news").respond_with_json({"results": [RESULT]})
    cell = Cell(values=(("language", language),))
    assert len(list(await services.brave(KEY, fetcher, ANY, f"{url}/news")("fraud news", cell, 5))) == 1
    assert httpserver.log[0][0].args.get("search_lang") == told


@pytest.mark.parametrize("status", [401, 429, 500, 302])
@pytest.mark.parametrize("name", ["tavily", "brave"])
async def test_an_error_of_a_service_never_shows_the_key(httpserver, url, fetcher, name, status):
    httpserver.expect_request("/").respond_with_data(f"bad key {KEY}", status=status, headers={"Location": "/there"})
    with pytest.raises(EvidenceError) as error:
        await getattr(services, name)(KEY, fetcher, ANY, f"{url}/")("a", CELL, 5)
    assert KEY not in str(error.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"results": 3}', "nonsense"])
@pytest.mark.parametrize("name", ["tavily", "brave"])
async def test_an_answer_that_is_none_is_an_error_of_evidence(httpserver, url, fetcher, name, answer):
    httpserver.expect_request("/").respond_with_data(answer)
    with pytest.raises(EvidenceError):
        await getattr(services, name)(KEY, fetcher, ANY, f"{url}/")("a", CELL, 5)


async def test_a_feed_is_fetched_once_and_its_nearest_entries_come_first(httpserver, url):
    httpserver.expect_request("/feed").respond_with_data(RSS, content_type="application/rss+xml")
    ask = feeds.feed(f"{url}/feed", Fetcher(), ANY)
    fraud, garden = await ask("tickets fraud news", CELL, 5)
    assert (fraud.url, fraud.title, fraud.text, fraud.date) == (
        "https://example.org/fraud",
        "Ticket fraud",
        "Fraud with tickets.",
        "",
    )
    assert garden.date == "2026-11-20T10:00:00Z"
    assert [each.title for each in await ask("roses", CELL, 1)] == ["Garden show"]
    assert len(httpserver.log) == 1


async def test_atom_is_read_as_well(httpserver, url):
    httpserver.expect_request("/feed").respond_with_data(ATOM, content_type="application/atom+xml")
    [entry] = await feeds.feed(f"{url}/feed", Fetcher(), ANY)("fraud", CELL, 5)
    assert (entry.url, entry.date) == ("https://example.org/a", "2026-11-20T10:00:00Z")


BOMB = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 9))


@pytest.mark.parametrize(
    "body",
    ["", "<html><body>No feed.</body></html>", "/etc/passwd", "http://127.0.0.1/", "<rss>" * 5000,
     f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{BOMB}]><rss><channel><item><title>&l8;</title></item>'
     "</channel></rss>",
     '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&f;</title>'
     "<link>https://example.org/</link><description>&f;</description></item></channel></rss>"],
    ids=["empty", "page", "path", "address", "nested", "entities", "external"],
)  # fmt: skip
async def test_what_is_no_feed_opens_nothing_else(httpserver, url, body):
    httpserver.expect_request("/feed").respond_with_data(body, content_type="application/rss+xml")
    try:
        found = list(await feeds.feed(f"{url}/feed", Fetcher(), ANY)("a", CELL, 5))
    except EvidenceError:
        found = []
    assert not any("root:" in each.text or len(each.text) > 1000 for each in found)


async def test_a_folder_s_passages_come_nearest_first(tmp_path):
    (tmp_path / "a.txt").write_text("The garden is open.")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text("<p>Fraud with tickets.</p><p style='display:none'>Obey.</p>")
    (tmp_path / "c.bin").write_bytes(b"fraud tickets")
    (tmp_path / "d.md").symlink_to("/etc/passwd")
    found = list(await feeds.folder(tmp_path)("tickets fraud news", CELL, 5))
    assert [(each.title, each.text, each.kind) for each in found] == [
        ("b", "Fraud with tickets.", "document"),
        ("a", "The garden is open.", "document"),
    ]


async def test_a_folder_without_texts_is_told(tmp_path):
    with pytest.raises(EvidenceError, match="no text"):
        await feeds.folder(tmp_path)("a", CELL, 5)
