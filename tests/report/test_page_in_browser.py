import pytest

from astral.report import write_report

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(browser, tmp_path):
    """Opens the report of a run, and watches what the page does besides showing itself."""
    pages = []

    def show(sample, width=1200, **more):
        file, *_ = write_report(tmp_path, sample.summary(), sample.tests, reveal=True)
        page = browser.new_page(viewport={"width": width, "height": 900}, **more)
        page.noise = []
        page.on("console", lambda line: page.noise.append(line.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.on("dialog", lambda dialog: (page.noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url == file.as_uri() or page.noise.append(request.url))
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()


def test_texts_show_and_hide_by_keyboard(opened, night):
    page = opened(night)
    texts = page.locator("details.texts .text")
    assert texts.count() > 100
    assert not texts.first.is_visible()
    page.locator("#by-words").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert texts.first.is_visible()
    page.keyboard.press("Space")
    assert not texts.first.is_visible()
    assert page.noise == []


def test_the_list_can_be_filtered(opened, night):
    page = opened(night)
    page.select_option("#by-result", "unsafe")
    page.fill("#by-words", "thai")
    shown = page.locator(".tests > li:visible")
    summary = night.summary()
    language = next(part for part in summary.by_dimension if part.dimension == "language")
    thai = next(group for group in language.groups if group.id == "th")
    assert shown.count() == thai.counts.unsafe > 0
    assert page.locator("#shown").text_content() == f"{thai.counts.unsafe} shown"


def test_hostile_text_neither_runs_nor_fetches(opened, hostile):
    page = opened(hostile)
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert page.locator("script").count() == 1
    assert page.locator("details.texts .text").first.is_visible()
    assert page.noise == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1200])
def test_the_page_fits_its_window_in_light_and_dark(opened, night, width, scheme):
    page = opened(night, width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 248, 244)"
    assert light is (scheme == "light")
