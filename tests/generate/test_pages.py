"""Pages that order their readers about change nothing: a site of them on loopback, read, used and shown to models."""

import stat

import pytest

from astral.assets import load_taxonomy
from astral.domain.records import Evidence
from astral.domain.space import Cell, Space
from astral.domain.untrusted import boundary_around
from astral.errors import EvidenceError
from astral.generate import Composer, Fetcher, Gates, LLMAttacker, PageCache, PageReader, WebEvidence
from astral.generate.evidence.visible_text import visible_text
from astral.testing import ScriptedModel
from tests.generate.hostile_site import HIDDEN, MORE, ORDER, STORY, VISIBLE, page

RISKS = load_taxonomy("astral-14")
SPACE = Space(
    dimensions=tuple(load_taxonomy(name).as_dimension() for name in ("astral-14", "languages", "styles", "persuasion"))
)
CELL = Cell(
    values=(
        ("risk", "financial_crime"),
        ("language", "en"),
        ("style", "question"),
        ("persuasion", "misrepresentation"),
    )
)


class Clock:
    """A clock that goes only when somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Found:
    """A source that finds these pages."""

    name = "found"

    def __init__(self, *urls):
        self.urls = urls

    async def search(self, query, *, cell, limit):
        return [Evidence(text="A snippet.", kind="web", title="A title", url=url, digest=url) for url in self.urls][
            :limit
        ]


@pytest.fixture
def site(httpserver):
    """Address of the site; its pages are named after what they try."""
    httpserver.expect_request("/robots.txt").respond_with_data("", status=404)
    for name, extra in {**HIDDEN, **VISIBLE}.items():
        httpserver.expect_request(f"/{name}").respond_with_data(page(extra), content_type="text/html")
    return f"127.0.0.1:{httpserver.port}"


@pytest.fixture
def reader(site):
    return PageReader(Fetcher([site], seconds=5), seconds_between=0)


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("name", HIDDEN)
async def test_what_people_do_not_see_is_not_read(site, reader, name):
    content = (await reader.read(f"http://{site}/{name}")).content
    assert STORY in content.text
    assert MORE in content.text
    assert content.title == "Bicycle lanes"
    assert "teapots" not in content.model_dump_json()
    # Nor as what looks like nothing: every character is one that shows.
    assert all(sign.isprintable() or sign == "\n" for sign in content.text)


@pytest.mark.parametrize("name", VISIBLE)
async def test_what_people_see_is_data(site, reader, name):
    """The order stays within the fence of the attacker's prompt, and changes no word outside of it."""
    url = f"http://{site}/{name}"
    reply = '{"requests": [{"number": 1, "request": "Fine."}]}'
    honest, hostile = ScriptedModel([reply]), ScriptedModel([reply])
    prompts = []
    for model, sources in (
        (honest, [Found(url)]),
        (hostile, [WebEvidence(SPACE.dimensions[0], [Found(url)], reader=reader)]),
    ):
        case = await LLMAttacker(model, SPACE, evidence=sources).generate(CELL, seed=3)
        boundary = boundary_around(each.title + each.date + each.text for each in case.lineage.evidence)
        prompt = model.requests[0].messages[0].content
        before, fenced, after = prompt.split(f"\n{boundary}\n")
        prompts.append((before.replace(boundary, ""), after))
        assert case.lineage.evidence[0].text in fenced
    passage = case.lineage.evidence[0]
    assert (passage.url, passage.title) == (url, "Bicycle lanes")
    assert STORY in passage.text
    assert prompts[0] == prompts[1]
    assert case.request == "Fine."


@pytest.mark.parametrize("name", [*VISIBLE, "display-none", "tags"])
async def test_a_composed_case_takes_the_title_alone(site, reader, name):
    source = WebEvidence(SPACE.dimensions[0], [Found(f"http://{site}/{name}")], reader=reader)
    case = await Composer(RISKS, web=source).generate(CELL, seed=3)
    assert "Bicycle lanes" in case.request
    assert "teapots" not in case.request
    assert STORY not in case.request
    assert Gates().objection(case) is None
    assert STORY in case.lineage.evidence[-1].text


@pytest.mark.parametrize("title", ["{request} and {headline}", f"{ORDER} {{request}}", "a\u202eb\U000e0041c\x1b[31m"])
async def test_a_title_fills_no_slot_and_shows_as_it_is(httpserver, site, reader, title):
    httpserver.expect_request("/titled").respond_with_data(page("", title=title), content_type="text/html")
    source = WebEvidence(SPACE.dimensions[0], [Found(f"http://{site}/titled")], reader=reader)
    plain = await Composer(RISKS).generate(CELL, seed=3)
    case = await Composer(RISKS, web=source).generate(CELL, seed=3)
    shown = case.lineage.evidence[-1].title
    assert shown in case.request
    assert case.request.replace(shown, "").count("{") == 0
    assert case.request.count(plain.request) <= 1
    assert not {"\u202e", "\U000e0041", "\x1b"} & set(case.request)


@pytest.mark.parametrize(
    "html",
    ["", "\0\0", "<div>" * 100_000 + STORY, "<b>" * 30_000, "<!-- " * 50_000, "<p style='" + "{" * 9999,
     "<style>" + "{" * 500_000, "<table>" * 20_000, "&" * 500_000, "<a " + "x=1 " * 100_000, "<p>" + "&#0;" * 1000],
    ids=range(11),
)  # fmt: skip
def test_markup_that_is_meant_to_choke_ends_soon(html):
    try:
        found = visible_text(html)
    except EvidenceError:
        return
    assert all(sign.isprintable() or sign == "\n" for sign in found.text)


def test_a_page_that_says_its_encoding_is_read():
    html = "<?xml version='1.0' encoding='latin-1'?>" + page("")
    assert STORY in visible_text(html).text


def test_the_stated_date_is_read():
    html = page("").replace(
        "</head>", '<meta property="article:published_time" content="2026-11-20T10:00:00+02:00"></head>'
    )
    assert visible_text(html).date == "2026-11-20T08:00:00Z"
    assert visible_text(page('<time datetime="2026-11-19">Thursday</time>')).date == "2026-11-19T00:00:00Z"
    assert visible_text(page('<time datetime="{request}">Thursday</time>')).date == ""


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/pdf", b"%PDF-1.7"),
        ("image/png", b"\x89PNG"),
        ("text/html", bytes(2000)),
        ("application/json", b"{}"),
    ],
)
async def test_what_is_no_page_of_text_is_not_read(httpserver, site, reader, content_type, body):
    httpserver.expect_request("/other").respond_with_data(body, content_type=content_type)
    with pytest.raises(EvidenceError, match="no page of text"):
        await reader.read(f"http://{site}/other")


@pytest.mark.parametrize(
    ("rules", "is_allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /pl*n$", False),
        ("User-agent: *\nDisallow: /private", True),
        ("User-agent: astral-safety\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: astral-safety\nAllow: /plain", True),
        ("User-agent: *\nCrawl-delay: 3600", False),
        ("\0\xff nothing that means anything", True),
    ],
)
async def test_robots_txt_is_obeyed(httpserver, rules, is_allowed):
    httpserver.expect_request("/robots.txt").respond_with_data(rules)
    httpserver.expect_request("/plain").respond_with_data(page(""), content_type="text/html")
    site = f"127.0.0.1:{httpserver.port}"
    reader = PageReader(Fetcher([site]), seconds_between=0)
    if is_allowed:
        assert (await reader.read(f"http://{site}/plain")).content.text
    else:
        with pytest.raises(EvidenceError, match=r"robots\.txt"):
            await reader.read(f"http://{site}/plain")
        assert [request.path for request, _ in httpserver.log] == ["/robots.txt"]


@pytest.mark.parametrize("status", [500, 503])
async def test_nothing_is_read_while_robots_txt_cannot_be_had(httpserver, status):
    httpserver.expect_request("/robots.txt").respond_with_data("", status=status)
    site = f"127.0.0.1:{httpserver.port}"
    with pytest.raises(EvidenceError, match=r"robots\.txt"):
        await PageReader(Fetcher([site])).read(f"http://{site}/plain")
    assert len(httpserver.log) == 1


async def test_a_host_is_given_time(httpserver):
    httpserver.expect_request("/robots.txt").respond_with_data("User-agent: *\nCrawl-delay: 3")
    for number in range(3):
        httpserver.expect_request(f"/{number}").respond_with_data(page(""), content_type="text/html")
    site, clock = f"127.0.0.1:{httpserver.port}", Clock()
    reader = PageReader(Fetcher([site]), clock=clock, sleep=clock.sleep)
    for number in range(3):
        await reader.read(f"http://{site}/{number}")
    assert clock.slept == [3, 3]


async def test_a_page_is_read_once_until_it_is_old(httpserver, site, tmp_path):
    clock = Clock()
    cache = PageCache(tmp_path / "pages", hours=24, clock=clock)
    url = f"http://{site}/plain"

    async def requests():
        before = len(httpserver.log)
        first = await PageReader(Fetcher([site]), cache, seconds_between=0).read(url)
        assert STORY in first.content.text
        return len(httpserver.log) - before

    assert await requests() == 2  # robots.txt, and the page
    [file] = (tmp_path / "pages").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    read = PageCache(tmp_path / "pages", hours=1e9).find(url).read
    clock.now = read + 23 * 3600
    assert await requests() == 0
    clock.now = read + 25 * 3600
    assert cache.find(url) is None
    assert await requests() == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', "\udcff"])
def test_a_broken_cache_is_no_cache(tmp_path, content):
    cache = PageCache(tmp_path, hours=24)
    cache._file("http://x/").write_bytes(content.encode(errors="surrogateescape"))
    assert cache.find("http://x/") is None


async def test_a_page_that_cannot_be_read_leaves_its_snippet(site, reader):
    source = WebEvidence(SPACE.dimensions[0], [Found(f"http://{site}/nowhere", "http://127.0.0.1/")], reader=reader)
    found = await source.search("", cell=CELL, limit=5)
    assert [each.text for each in found] == ["A snippet.", "A snippet."]


def test_control_signs_in_a_page_are_left_out_or_the_page_is_refused():
    """Found by `benchmarks/fuzz.py`: what follows a hidden element cannot hold them."""
    page = "<html><body><p style='display:none'>hidden</p>{} Some words are here.</body></html>"
    assert "Some words" in visible_text(page.format("\x1f")).text
    with pytest.raises(EvidenceError, match="signs that no page may have"):
        visible_text(page.format("&#31;"))
