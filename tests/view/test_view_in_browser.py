import pytest
from axe_playwright_python.sync_playwright import Axe

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
    assert page.locator("svg").count() == 6
    found = Axe().run(page)
    assert found.generate_snapshot() == "", found.generate_report()
    page.get_by_role("link", name="run-2").click()
    page.wait_for_selector("#list-rows a")
    page.get_by_role("link", name="All runs").click()
    page.wait_for_selector("figure")
    page.close()
    # Chromium asks for an icon by itself.
    assert [line for line in noise if "favicon" not in line and "404" not in line] == []
