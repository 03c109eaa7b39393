import re
from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from astral.domain.run import RunStatus
from astral.report import render_html, summarise
from astral.report.words import rate_text
from astral.testing.synthetic_run import synthetic_manifest, synthetic_progress, synthetic_tests

# Waits are `expect`: `wait_for_function` evaluates text again and again, which the page's own policy forbids.
pytestmark = pytest.mark.browser


@pytest.fixture
def shown(browser, tmp_path):
    """Shows a page, and watches what it does besides showing itself."""
    pages = []

    def show(html, address="", width=1200, **more):
        file = tmp_path / "report.html"
        file.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900}, **more)
        page.noise = []
        page.on("console", lambda line: page.noise.append(line.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.on("dialog", lambda dialog: (page.noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.split("#")[0] == file.as_uri() or page.noise.append(request.url))
        page.goto(file.as_uri() + address)
        page.wait_for_selector("#list-rows a")
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()


@pytest.fixture
def opened(shown):
    """The report of a run, with its texts."""

    def show(sample, **more):
        page = shown(render_html(sample.summary(), sample.tests, reveal=True), **more)
        page.wait_for_selector(".map a")
        return page

    return show


@pytest.fixture(scope="module")
def large():
    """The page of a run of 100,000 tests."""
    manifest = synthetic_manifest()
    # Making so many takes longer than all the rest: a thousand are made, and drawn a hundred times.
    made = list(synthetic_tests(manifest, 1000))
    tests = [
        test.model_copy(update={"draw": test.draw.model_copy(update={"number": 1000 * turn + test.draw.number})})
        for turn in range(100)
        for test in made
    ]
    summary = summarise(manifest, tests, synthetic_progress(manifest), status=RunStatus.MET)
    return render_html(summary, tests, reveal=False), summary


def told(page):
    return page.locator("#shown").text_content()


def test_a_test_opens_by_keyboard_and_its_texts_stay_hidden_until_asked_for(opened, night):
    page = opened(night)
    page.locator("#list-rows a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    number = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert page.locator("#test-title").text_content().startswith(f"{number} · unsafe")
    texts = page.locator("#test-texts .text")
    assert texts.count() > 1
    assert not texts.first.is_visible()
    page.locator("#show-texts").focus()
    page.keyboard.press("Space")
    assert texts.first.is_visible()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="hidden")
    assert page.evaluate("document.activeElement.textContent") == number
    assert page.noise == []


def test_the_list_can_be_filtered_and_its_address_keeps_the_choice(opened, night):
    page = opened(night)
    page.select_option("[name=result]", "unsafe")
    page.fill("[name=words]", "thai")
    languages = next(part for part in night.summary().by_dimension if part.dimension == "language")
    thai = next(group for group in languages.groups if group.id == "th")
    assert page.locator("#list-rows a").count() == thai.counts.unsafe > 0
    assert told(page).startswith(f"{thai.counts.unsafe} of ")
    again = opened(night, address=page.evaluate("location.hash"))
    assert told(again) == told(page)
    assert again.locator("[name=words]").input_value() == "thai"
    expect(again.locator("#tests-title")).to_be_in_viewport()
    again.locator("#show-all").click()
    assert told(again).startswith("All ")


def test_the_list_is_sorted_as_chosen(opened, night):
    page = opened(night)
    numbers = "[...document.querySelectorAll('#list-rows a')].map((a) => Number(a.textContent.slice(1)))"
    page.select_option("[name=sort]", "number")
    shown = page.evaluate(numbers)
    assert shown == sorted(shown)
    page.select_option("[name=sort]", "in-language")
    language = page.locator("#list-rows tr:not(.spacer) td.value:nth-child(4)").first
    assert language.text_content() == "English"


def test_a_link_to_a_test_opens_it(opened, night):
    page = opened(night, address="#test-7")
    page.wait_for_selector("dialog[open]")
    assert page.locator("#test-title").text_content().startswith("#7 · ")
    page.locator("#test-next").click()
    assert page.evaluate("location.hash") != "#test-7"


def test_maps_tell_their_intervals_by_pointer_and_by_keyboard_and_lead_to_the_tests(opened, night):
    page = opened(night)
    first = page.locator(".map").first
    status = first.locator(".told")
    first.locator("a").nth(1).hover()
    pointed = status.text_content()
    # Broken into lines, each of which begins with a space of no width.
    tip = first.locator("[aria-label=tip] text").text_content().replace("\u200b", "")
    assert tip.replace(" ", "") == pointed.replace(" ", "")
    assert first.locator("a[tabindex='0']").count() == 1
    first.locator("a").first.focus()
    page.keyboard.press("ArrowRight")
    assert status.text_content() == pointed
    focused = "getComputedStyle(document.activeElement.firstElementChild).stroke.match(/[0-9]+/g).map(Number)"
    assert tuple(page.evaluate(focused)) == colour(page, "focus")
    assert re.search(r"× Chinese: (\d of \d unsafe, .* to .*%|.*); coverage met\.$", pointed)
    page.keyboard.press("Enter")
    expect(page.locator("#shown")).to_contain_text(" of ")
    assert page.locator("[name=in-language]").input_value() == "zh"
    assert page.evaluate("document.activeElement.closest('#list-rows') !== null")
    assert page.noise == []


def test_rates_are_walked_by_keyboard_and_lead_to_the_tests(opened, night):
    page = opened(night)
    chart = page.locator("#rates-1")
    assert chart.locator("a[tabindex='0']").count() == 1
    chart.locator("a").first.focus()
    for key in ("End", "ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert chart.locator("a").nth(1).get_attribute("aria-label") == name
    assert page.locator("#rates-1 + .told").text_content() == name
    groups = {group.name: group for group in night.summary().by_dimension[1].groups}
    group = groups[name.split(":")[0]]
    assert f"{group.rate.unsafe} of {group.rate.decided}" in name
    page.keyboard.press("Enter")
    expect(page.locator("[name=in-language]")).to_have_value(group.id)


def test_without_script_every_rate_is_there_as_text(browser, night, tmp_path):
    summary = night.summary()
    (tmp_path / "report.html").write_text(render_html(summary, night.tests, reveal=False), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    for part in summary.by_dimension:
        table = page.get_by_role("table", name=f"By {part.dimension}")
        for group in part.groups:
            row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=group.name, exact=True))
            expect(row).to_be_visible()
            expect(row).to_contain_text(rate_text(group.rate))
    context.close()


def test_a_map_shows_any_two_dimensions_either_way_round(opened, night):
    page = opened(night)
    rows, columns = (page.locator("#heat-maps select").nth(place) for place in (0, 1))
    rows.select_option("persuasion")
    columns.select_option("risk")
    whole = page.locator(".map").first
    assert whole.locator("svg").get_attribute("aria-label") == "Persuasion × risk"
    counts = whole.locator("[aria-label=text] text").all_text_contents()
    assert counts == [text for text in whole.locator("td").all_text_contents() if text]
    parts = [count.split("/") for count in counts if "/" in count]
    summary = night.summary()
    assert sum(int(unsafe) for unsafe, _ in parts) == summary.rate.unsafe
    assert sum(int(decided) for _, decided in parts) == summary.rate.decided
    columns.select_option("persuasion")
    assert rows.input_value() != "persuasion"


def test_hostile_text_neither_runs_nor_fetches(opened, hostile):
    page = opened(hostile, address="#test-1")
    page.wait_for_selector("dialog[open]")
    page.locator("#show-texts").check()
    text = page.locator("#test-texts .text").first
    assert "<script>alert(1)</script>" in text.text_content()
    assert "⟨U+202E⟩" in text.text_content()
    assert page.locator("script:not([type])").count() == 1
    # Names as long as a page are shortened, so that they stand in their chart.
    assert page.locator("figure.chart text").count() > 0
    assert page.evaluate(
        """() => [...document.querySelectorAll("figure.chart text")].every(text => {
        const [all, own] = [text.closest("figure"), text].map(element => element.getBoundingClientRect());
        return all.left <= own.left && own.right <= all.right && all.top <= own.top && own.bottom <= all.bottom })"""
    )
    assert page.locator("main img, main a[href^=http], #test a").count() == 0
    page.keyboard.press("Escape")
    page.locator(".map a").first.hover()
    page.fill("[name=words]", "<script>")
    assert page.noise == []


def test_a_hundred_thousand_tests_are_listed_and_only_those_in_view_are_drawn(shown, large):
    html, summary = large
    page = shown(html)
    page.wait_for_selector(".map a")
    assert told(page) == "All 100000 shown"
    assert page.locator("#list-rows tr").count() < 80
    page.locator("#list-rows a").first.focus()
    page.keyboard.press("End")
    expect(page.locator("#list-rows tr[aria-rowindex='100001'] a")).to_be_focused()
    page.select_option("[name=result]", "unsafe")
    assert told(page) == f"{summary.counts.unsafe} of 100000 shown"
    page.evaluate("location.hash = '#test-99999'")
    page.wait_for_selector("dialog[open]")
    assert page.noise == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_fits_its_window_and_axe_finds_nothing_in_light_and_dark(opened, night, width, scheme):
    page = opened(night, width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 248, 244)"
    assert light is (scheme == "light")
    axe = Axe()
    found = axe.run(page)
    assert found.generate_snapshot() == "", found.generate_report()
    page.locator("#list-rows a").first.click()
    page.locator("#show-texts").check()
    found = axe.run(page)
    assert found.generate_snapshot() == "", found.generate_report()


def test_printing_shows_rows_that_were_out_of_view(opened, night):
    page = opened(night)
    before = page.locator("#list-rows a").count()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    finished = sum(test.is_finished for test in night.tests)
    assert before < page.locator("#list-rows a").count() == finished


# Screenshots are held against the numbers of the run, not against stored pictures: what is drawn has to be what is
# told, in every scheme, and a machine with other fonts, or another Chromium, draws the same colours at the same places.


def picture_of(locator):
    """A screenshot of one element as rows of (red, green, blue)."""
    image = Image.open(BytesIO(locator.screenshot())).convert("RGB")
    return [[image.getpixel((x, y)) for x in range(image.width)] for y in range(image.height)]


def colour(page, name):
    """A colour of the page's palette, as it is drawn now."""
    return tuple(page.evaluate(
        """name => { const probe = document.body.appendChild(document.createElement("i"));
        const sheet = new CSSStyleSheet(); sheet.replaceSync(`.probe { color: var(--${name}) }`);
        document.adoptedStyleSheets = [sheet]; probe.className = "probe";
        const found = getComputedStyle(probe).color.match(/[0-9]+/g).map(Number); probe.remove(); return found }""",
        name,
    ))  # fmt: skip


def is_like(pixel, wanted):
    return sum(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) <= 24


@pytest.mark.parametrize("media", ["light", "dark", "print"])
def test_pictures_show_the_numbers_in_light_dark_and_print(opened, night, media):
    page = opened(night, color_scheme="dark" if media == "dark" else "light")
    page.emulate_media(media="print" if media == "print" else "screen")
    summary, unsafe = night.summary(), colour(page, "unsafe")

    bar = picture_of(page.locator("#bar-results svg"))
    line = bar[len(bar) // 2]
    for name in ("unsafe", "safe"):
        drawn = sum(is_like(pixel, colour(page, name)) for pixel in line) / len(line)
        assert drawn == pytest.approx(getattr(summary.counts, name) / summary.counts.total, abs=0.02)

    worst = max(summary.by_dimension[0].groups, key=lambda group: (group.rate.low, group.rate.fraction or 0))
    # The link of a row reaches from 0 to 100 %.
    row = picture_of(page.locator(f"#rates-0 a[aria-label^='{worst.name}:']"))
    places = [x for line in row for x, pixel in enumerate(line) if is_like(pixel, unsafe)]
    assert sum(places) / len(places) / len(row[0]) == pytest.approx(worst.rate.fraction, abs=0.03)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_redder_where_more_was_unsafe(opened, night, scheme):
    page = opened(night, color_scheme=scheme)
    first = page.locator(".map").first
    fields = first.locator("a")
    # Of the table below, which has all fields in the same order.
    told = [text.split("/") for text in first.locator("td").all_text_contents()]
    sides = {}
    for place, parts in enumerate(told):
        if len(parts) == 2 and parts[0] in {"0", parts[1]}:
            sides.setdefault(parts[0] != "0", place)
    # Above the number, below the rounded corner.
    red = {all_unsafe: picture_of(fields.nth(place))[3] for all_unsafe, place in sides.items()}
    balance = {key: sum(r - g for r, g, _ in line[5:-5]) / len(line[5:-5]) for key, line in red.items()}
    assert balance[True] > 10
    assert balance[False] < 0
