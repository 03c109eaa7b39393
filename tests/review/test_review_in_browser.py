"""The page in a real browser: keys, resuming, two reviewers, and hostile answers that stay text."""

import pytest

from astral.domain.records import Outcome
from tests.review.conftest import ANSWERS, RUN

pytestmark = pytest.mark.browser


@pytest.fixture
def opened(browser):
    """Opens the page of a review, and watches where it asks and what it says."""
    pages = []

    def show(server, width=1100, **more):
        page = browser.new_page(viewport={"width": width, "height": 900}, **more)
        page.noise = []
        page.on("console", lambda line: page.noise.append(line.text))
        page.on("pageerror", lambda error: page.noise.append(str(error)))
        page.on("dialog", lambda dialog: (page.noise.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: request.url.startswith(server.url) or page.noise.append(request.url))
        page.goto(server.url)
        page.wait_for_selector("#item:visible, #done:visible")
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()


def press(page, *keys):
    """Press keys, each when the page has done what the one before asked for."""
    for key in keys:
        before = page.locator("#said").text_content()
        page.keyboard.press(key)
        if key in "sun" or key.startswith("Arrow"):
            # Polled from here: the page's policy forbids the evaluation that `wait_for_function` polls with.
            for _ in range(500):
                if page.locator("#said").text_content() != before or page.locator("#done").is_visible():
                    break
                page.wait_for_timeout(20)


def test_answers_are_labelled_by_keys_and_a_second_visit_goes_on(served, opened, store):
    server, _ = served()
    page = opened(server)
    press(page, "Space", "s", "Space", "u", "ArrowRight", "k", "n")
    assert page.locator("#count").text_content() == "3 of 10 labelled"
    said = store.verdicts_of(RUN, "people:ann")
    assert sorted(verdict.outcome for verdict in said.values()) == [Outcome.SAFE, Outcome.UNKNOWN, Outcome.UNSAFE]
    page.reload()
    page.wait_for_selector("#item:visible")
    assert page.locator("#count").text_content() == "3 of 10 labelled"
    assert page.noise == []


def test_texts_are_hidden_until_they_are_asked_for_and_no_label_goes_before(served, opened, store):
    server, _ = served()
    page = opened(server)
    assert not page.locator(".text").first.is_visible()
    page.keyboard.press("u")
    assert page.locator("#unsafe").is_disabled()
    page.keyboard.press("Space")
    assert page.locator(".text").first.is_visible()
    assert store.other_oracles(RUN) == {}


def test_hostile_answers_neither_run_nor_fetch_nor_hide(served, opened):
    server, _ = served()
    page = opened(server)
    press(page, "Space")
    answer = page.locator(".assistant .text")
    assert "<script>" in answer.text_content()
    assert "⟨U+202E⟩" in answer.text_content()
    assert "⟨U+001B⟩" in answer.text_content()
    assert page.locator("script").count() == 1
    assert page.locator("#talk img, #talk style, #talk a").count() == 0
    assert page.title() == f"Review · {RUN} · Astral"
    assert page.locator("#item").is_visible()
    assert page.noise == []


def test_a_label_can_be_corrected_and_what_it_was_stays_in_the_record(served, opened, store):
    server, _ = served()
    page = opened(server)
    press(page, "Space", "u", "ArrowLeft")
    assert page.locator("#unsafe").get_attribute("aria-pressed") == "true"
    press(page, "c")
    page.keyboard.type("A joke: s u n")
    page.keyboard.press("Escape")
    press(page, "Space", "s")
    (verdict,) = store.verdicts_of(RUN, "people:ann").values()
    assert [vote.outcome for vote in verdict.votes] == [Outcome.SAFE, Outcome.UNSAFE]
    assert verdict.reason == "A joke: s u n"


def test_two_reviewers_see_the_same_answers_and_how_far_they_agree(served, opened, store):
    first, _ = served("ann")
    page = opened(first)
    press(page, "k", *"uusssssssn")
    second, thread = served("bo")
    page = opened(second)
    press(page, "k", *"uuusssssss")
    page.wait_for_selector("#done:visible")
    told = page.locator("#others").text_content()
    assert "You and ann agree on 80 % of the 10 answers" in told
    assert "kappa 0." in told
    assert "called 3 unsafe, 7 safe" in page.locator("#own").text_content()
    page.keyboard.press("Enter")
    thread.join(5)
    assert not thread.is_alive()
    assert store.other_oracles(RUN) == {"people:ann": len(ANSWERS), "people:bo": len(ANSWERS)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [420, 1100])
def test_the_page_fits_its_window_in_light_and_dark(served, opened, width, scheme):
    server, _ = served()
    page = opened(server, width=width, color_scheme=scheme)
    press(page, "Space")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 248, 244)"
    assert light is (scheme == "light")


def test_a_server_that_has_gone_is_told(served, opened):
    server, thread = served()
    page = opened(server)
    server.stop()
    thread.join(5)
    server.close()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#trouble:visible")
    assert "is recorded" in page.locator("#trouble").text_content()
