import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from astral.domain.records import Result
from astral.report import headline, render_html

VOID = {"meta", "rect", "circle", "path", "input", "link", "img", "br", "hr"}


class Page(HTMLParser):
    """A page as a browser would read it."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text, self.scripts, self.styles, self.open = [], [], [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        {"script": self.scripts, "style": self.styles}.get(inside, self.text).append(data)

    def values(self, name):
        return [value for _, attribute, value in self.attributes if attribute == name]


@pytest.fixture(scope="module", params=[False, True], ids=["hidden", "revealed"])
def hostile_page(hostile, request):
    return Page(render_html(hostile.summary(oracle_note="x", command="y"), hostile.tests, reveal=request.param))


def test_hostile_text_adds_no_script_no_handler_and_no_address(hostile_page):
    assert hostile_page.open == []
    assert len(hostile_page.scripts) == len(hostile_page.styles) == 1
    assert "alert" not in hostile_page.scripts[0]
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & set(hostile_page.tags)
    assert not [name for _, name, _ in hostile_page.attributes if name.startswith("on") or name in {"style", "src"}]
    assert all(re.fullmatch(r"#[a-z0-9-]+", address) for address in hostile_page.values("href"))


def test_hostile_text_leaves_no_acting_character(hostile, hostile_text):
    page = render_html(hostile.summary(), hostile.tests, reveal=True)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u2028\U000e0000-\U000e007f]", page)
    assert "⟨U+202E⟩gnp.exe" in page
    assert "{{ 7*7 }}" in page


def test_the_policy_allows_this_style_and_script_and_nothing_else(night):
    page = Page(render_html(night.summary(), night.tests, reveal=False))
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    for name, text in (("style-src", page.styles[0]), ("script-src", page.scripts[0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_page_names_no_address_outside(night):
    page = render_html(night.summary(), night.tests, reveal=True)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)


def test_texts_are_absent_until_revealed(build_with):
    build = build_with(request="the secret request", answer="the secret answer")
    space = build.space(risk=1, language=1)
    sample = build.sample(space, [build.judged(space.cell((0, 0)), "UNSAFE", reason="the secret reason")])
    assert "secret" not in render_html(sample.summary(), sample.tests, reveal=False)
    assert "astral report sample --reveal" in render_html(sample.summary(), sample.tests, reveal=False)
    revealed = render_html(sample.summary(), sample.tests, reveal=True)
    assert all(f"the secret {part}" in revealed for part in ("request", "answer", "reason"))
    assert " open" not in re.findall(r"<details[^>]*>", revealed)[-1]


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
    assert {address[1:] for address in page.values("href")} <= set(ids)


def test_long_runs_list_their_worst_tests_and_say_where_the_rest_is(build):
    space = build.space(risk=1, language=1)
    cell = space.cell((0, 0))
    tests = [build.judged(cell, "SAFE", number) for number in range(2000)] + [build.judged(cell, "UNSAFE", 2000)]
    page = render_html(build.sample(space, tests).summary(), tests, reveal=False)
    assert 'id="test-2000"' in page
    assert 'id="test-1999"' not in page
    assert "1 more test: see" in page
