"""Patience with an endpoint, with a clock that nobody waits for; and what failures mean."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.chat import ChatRequest
from astral.domain.records import Message
from astral.errors import ProviderError
from astral.providers.http_errors import retry_after_seconds, safe_text, status_error
from astral.providers.retry import RetryingModel
from astral.testing import ScriptedModel

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REQUEST = ChatRequest(messages=(Message(role="user", content="x"),), max_tokens=10)


async def ask(script, **settings):
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    model = ScriptedModel(script)
    try:
        return await RetryingModel(model, sleep=sleep, **settings).chat(REQUEST), model, waits
    except ProviderError as error:
        return error, model, waits


async def test_it_gives_up_after_the_allowed_attempts():
    error, model, waits = await ask([ProviderError("down", retryable=True)], attempts=4)
    assert isinstance(error, ProviderError)
    assert len(model.requests) == 4
    assert len(waits) == 3


async def test_what_cannot_pass_is_not_tried_again():
    _, model, _ = await ask([ProviderError("wrong"), "never"])
    assert len(model.requests) == 1


async def test_one_lost_attempt_makes_the_whole_call_billable():
    lost, away = ProviderError("reset", retryable=True), ProviderError("429", retryable=True, is_unbilled=True)
    error, _, _ = await ask([lost, away], attempts=2)
    assert not error.is_unbilled
    error, _, _ = await ask([away, away], attempts=2)
    assert error.is_unbilled


@given(st.floats(0, 100))
async def test_no_wait_is_shorter_than_asked_for(seconds):
    again = ProviderError("429", retryable=True, retry_after_seconds=seconds)
    _, _, waits = await ask([again, "done"])
    assert waits[0] >= seconds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e99"}, None),
    ],
)
def test_every_form_of_retry_after_is_read(headers, expected):
    assert retry_after_seconds(headers, now=NOW) == expected


@given(st.text())
def test_any_retry_after_is_read_without_an_error(text):
    seconds = retry_after_seconds({"retry-after": text}, now=NOW)
    assert seconds is None or seconds >= 0


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_error_text_holds_a_key_or_a_control_character(before, after):
    key = "sk-proj-abcdefghijklmnop"
    text = safe_text(f"{before}{key}{after}", key)
    assert "abcdefghijklmnop" not in text
    assert all(character.isprintable() or ord(character) > 159 for character in text)


@pytest.mark.parametrize("status", [400, 402, 403, 413, 422, 501])
def test_what_the_request_did_wrong_is_not_tried_again(status):
    error = status_error(status, "no", {}, model="m", key="", variable="K")
    assert isinstance(error, ProviderError)
    assert not error.retryable


def test_an_answer_that_a_gateway_lost_may_have_been_billed():
    assert not status_error(504, "late", {}, model="m", key="", variable="K").is_unbilled
    assert status_error(429, "later", {}, model="m", key="", variable="K").is_unbilled
