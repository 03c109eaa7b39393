import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_all_runs_lead_to_their_reports_and_back_and_axe_finds_nothing(served, browser, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    noise = []
    page.on("console", lambda line: noise.append(line.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: request.url.startswith(served.url) or noise.append(request.url))
    page.goto(served.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator("figure svg")).to_have_count(6)
    found = Axe().run(page)
    assert found.generate_snapshot() == "", found.generate_report()
    page.get_by_role("link", name="run-2").click()
    page.wait_for_selector("#list-rows a")
    page.get_by_role("link", name="All runs").click()
    page.wait_for_selector("figure")
    page.close()
    # Chromium asks for an icon by itself.
    assert [line for line in noise if "favicon" not in line and "404" not in line] == []


def test_a_trend_is_walked_by_keyboard_and_each_night_leads_to_its_report(served, browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(served.url)
    chart = page.locator("figure", has_text="Unsafe rate").filter(has=page.locator("a:nth-child(3)")).first
    chart.locator("a").first.focus()
    page.keyboard.press("End")
    told = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert chart.locator(".told").text_content() == told
    assert re.search(r": \d+.% \(\d+ to \d+.%\)$", told)
    chart.locator("a").first.hover()
    expect(chart.locator("[aria-label=tip] text")).to_contain_text(":")
    chart.locator("a").last.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#list-rows a")
    assert page.url.endswith("/runs/run-2")
    page.close()
