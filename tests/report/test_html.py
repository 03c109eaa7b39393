import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from astral.assets import read_template
from astral.domain.records import Result
from astral.report import headline, render_html
from astral.report.explain import explain
from astral.report.page_data import BLOCK
from astral.report.plot import PLOT_STYLE

VOID = {"meta", "rect", "circle", "path", "input", "link", "img", "br", "hr"}


class Page(HTMLParser):
    """A page as a browser would read it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text, self.scripts, self.styles, self.open = [], [], [], [], [], []
        self.data, self.last = {}, {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.last = dict(attrs)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        name = self.last.get("id", "")
        if self.open[-1:] == ["script"] and name.startswith("data-"):
            self.data[name] = json.loads(gzip.decompress(base64.b64decode(data)))
            return
        inside = self.open[-1] if self.open else ""
        {"script": self.scripts, "style": self.styles}.get(inside, self.text).append(data)

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


def strings(value):
    """All strings in JSON, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


@pytest.fixture(scope="module", params=[False, True], ids=["hidden", "revealed"])
def hostile_page(hostile, request):
    return Page(render_html(hostile.summary(oracle_note="x", command="y"), hostile.tests, reveal=request.param))


def test_hostile_text_adds_no_script_no_handler_and_no_address(hostile_page):
    assert hostile_page.open == []
    assert len(hostile_page.scripts) == len(hostile_page.styles) == 1
    assert "alert" not in hostile_page.scripts[0]
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & set(hostile_page.tags)
    assert not [name for _, name, _ in hostile_page.attributes if name.startswith("on") or name in {"style", "src"}]
    assert all(re.fullmatch(r"#[a-z0-9&=-]+", address) for address in hostile_page.values("href"))
    assert set(hostile_page.data) == {"data-table", "data-maps", "data-charts", "data-plot", "data-details-0"}


def test_hostile_text_leaves_no_acting_character(hostile, hostile_text):
    html = render_html(hostile.summary(), hostile.tests, reveal=True)
    for text in (html, *strings(Page(html).data)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028\U000e0000-\U000e007f]", text)
    (request, *_) = [text for label, text in Page(html).data["data-details-0"][0]["texts"] if label == "Request"]
    assert "⟨U+202E⟩gnp.exe" in request
    assert "{{ 7*7 }}" in request


def test_the_policy_allows_the_page_and_the_library_that_draws_its_charts_and_nothing_else(night):
    page = Page(render_html(night.summary(), night.tests, reveal=False))
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    own = {"style-src": [*page.styles, PLOT_STYLE], "script-src": [*page.scripts, page.data["data-plot"]]}
    assert {name: set(allowed) for name, *allowed in map(str.split, policy.split(";"))} == {
        "default-src": {"'none'"},
        "img-src": {"data:"},
        "base-uri": {"'none'"},
        "form-action": {"'none'"},
        **{name: {f"'{digest_of(text)}'" for text in texts} for name, texts in own.items()},
    }


def digest_of(text):
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_the_library_is_the_pinned_one_passes_its_licences_on_and_asks_nobody_for_anything():
    licences, script = read_template("astral.report", "plot.min.js").split("*/", 1)
    pinned = Path(__file__).parents[2] / "tools" / "plot" / "package.json"
    for name, version in json.loads(pinned.read_text(encoding="utf-8"))["dependencies"].items():
        assert f"\n{name} {version}\n" in licences
    assert licences.count("Permission to use, copy, modify") > 10
    asking = r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|Worker|import|eval|Function)\("
    assert not re.search(asking, script)
    # Names of XML's languages.
    assert set(re.findall(r"https?://([\w.]+)", script)) == {"www.w3.org"}


def test_the_page_names_no_address_outside(night):
    html = render_html(night.summary(), night.tests, reveal=True)
    without_data = re.sub(r'<script type="application/gzip".*', "", html)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", without_data)
    assert not re.search(r"\b(fetch|XMLHttpRequest|import|innerHTML|eval)\(?", "".join(Page(html).scripts))


def test_texts_are_absent_until_revealed(build_with):
    build = build_with(request="the secret request", answer="the secret answer")
    space = build.space(risk=1, language=1)
    sample = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE", reason="the secret reason")])
    hidden = Page(html := render_html(sample.summary(), sample.tests, reveal=False))
    assert not [text for text in (html, *strings(hidden.data)) if "secret" in text]
    assert "astral report sample --reveal" in "".join(hidden.text)
    html = render_html(sample.summary(), sample.tests, reveal=True)
    assert "secret" not in html
    told = [text for _, text in Page(html).data["data-details-0"][0]["texts"]]
    assert told == ["the secret request", "the secret answer", "the secret reason"]


def test_the_page_says_what_the_summary_says(night):
    summary = night.summary()
    text = "".join(Page(render_html(summary, night.tests, reveal=False)).text)
    assert headline(summary) in text
    for result in Result:
        assert f"{getattr(summary.counts, result.value)} {result.value}" in text
    assert f"{summary.coverage.covered} of {summary.coverage.required} pairs of values were judged" in text
    assert summary.controls.reading in text


def test_a_run_without_tests_has_a_page(build):
    sample = build.sample(build.space(risk=2, language=2), [])
    assert "nothing is known yet" in render_html(sample.summary(), [], reveal=True)


def test_failed_controls_are_told_at_the_top(build):
    space = build.space(risk=1, language=1)
    tests = [build.judged(space.cell((0, 0)), "SAFE", 0, control="positive")]
    page = render_html(build.sample(space, tests).summary(), tests, reveal=False)
    assert page.index("rates here may be too low") < page.index("Worst cells</h2>")


def test_tables_can_be_heard(night):
    html = render_html(night.summary(), night.tests, reveal=False)
    page = Page(html)
    assert page.tags.count("table") == page.tags.count("caption")
    assert len([1 for tag, name, _ in page.attributes if tag == "th" and name == "scope"]) == page.tags.count("th")
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    numbers = {f"test-{number}" for number in page.data["data-table"]["columns"]["number"]}
    addresses = {address[1:].split("&")[0] for address in page.values("href")}
    assert addresses <= {*ids, *numbers}


def test_the_page_holds_every_finished_test_once(night):
    page = Page(render_html(night.summary(), night.tests, reveal=False))
    table = page.data["data-table"]
    columns = table["columns"]
    finished = [test for test in night.tests if test.is_finished]
    assert columns["number"] == [test.draw.number for test in finished]
    assert [table["results"][result] for result in columns["result"]] == [test.result.value for test in finished]
    for part, column in zip(table["dimensions"], table["values"], strict=True):
        assert [part["values"][value]["id"] for value in column] == [test.draw.cell[part["id"]] for test in finished]
    facts = dict(page.data["data-details-0"][0]["facts"])
    assert facts["Case"] == finished[0].case.id


def test_details_come_in_blocks_that_are_opened_by_themselves(build):
    space = build.space(risk=1, language=1)
    tests = [build.judged(space.cell((0, 0)), "SAFE", number) for number in range(BLOCK + 1)]
    page = Page(render_html(build.sample(space, tests).summary(), tests, reveal=False))
    assert [len(page.data[f"data-details-{block}"]) for block in (0, 1)] == [BLOCK, 1]


def test_drivers_stand_in_the_page_with_the_tests_that_show_them(build):
    space = build.space(risk=3, language=3, style=3)
    tests = [
        build.judged(cell, "UNSAFE" if cell["risk"] == "risk1" else "SAFE", number)
        for number, cell in enumerate([*space.cells()] * 2)
    ]
    sample = build.sample(space, tests)
    explanation = explain(sample.manifest, tests)
    assert [driver.interaction for driver in explanation.drivers] == [(("risk", "risk1"),)]
    text = "".join(Page(render_html(sample.summary(), tests, reveal=False, explanation=explanation)).text)
    assert explanation.reading in text
    assert "Odds multiplied by" in text
