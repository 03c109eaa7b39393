"""Patience with an endpoint, with a clock that nobody waits for; and what failures mean."""

from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.chat import ChatRequest
from astral.domain.records import Message
from astral.errors import ProviderError, Trouble
from astral.execute import RetryingModel
from astral.execute.retry import MOST_ATTEMPTS
from astral.providers.http_answer import Answer
from astral.providers.http_errors import safe_text, status_error
from astral.providers.rate_headers import rate_limits, retry_after_seconds
from astral.testing import ScriptedModel

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REQUEST = ChatRequest(messages=(Message(role="user", content="x"),), max_tokens=10)


def meant(status, content, headers=MappingProxyType({})):
    return status_error(Answer(status, headers, content), model="m", key="", variable="K")


async def ask(script, **settings):
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    model = ScriptedModel(script)
    try:
        return await RetryingModel(model, sleep=sleep, **settings).chat(REQUEST), model, waits
    except ProviderError as error:
        return error, model, waits


@pytest.mark.parametrize(
    ("trouble", "attempts"),
    [
        (Trouble.RATE_LIMIT, 8),
        (Trouble.OVERLOAD, 8),
        (Trouble.SERVER, 5),
        (Trouble.CONNECTION, 5),
        (Trouble.TIMEOUT, 3),
        (Trouble.MALFORMED, 3),
    ],
)
async def test_each_class_of_trouble_has_its_own_number_of_attempts(trouble, attempts):
    error, model, waits = await ask([ProviderError("down", retryable=True, trouble=trouble)], seconds=1000)
    assert isinstance(error, ProviderError)
    assert len(model.requests) == attempts
    assert len(waits) == attempts - 1


@given(st.lists(st.sampled_from(list(Trouble)), min_size=1, max_size=12), st.floats(0, 200))
async def test_no_mixture_of_troubles_is_sent_more_often_or_waited_for_longer_than_allowed(troubles, seconds):
    script = [ProviderError("no", retryable=True, trouble=trouble) for trouble in troubles]
    _, model, waits = await ask(script, seconds=seconds)
    assert len(model.requests) <= MOST_ATTEMPTS
    assert sum(waits) <= seconds


async def test_what_cannot_pass_is_not_tried_again():
    _, model, _ = await ask([ProviderError("wrong"), "never"])
    assert len(model.requests) == 1


@given(st.lists(st.booleans(), max_size=MOST_ATTEMPTS), st.booleans())
async def test_each_sending_that_may_have_been_billed_is_told(losses, is_answered):
    heard = []
    script = [ProviderError("no", retryable=True, is_unbilled=not is_lost) for is_lost in losses]
    _, model, _ = await ask([*script, "done" if is_answered else ProviderError("wrong")], lost=heard.append)
    billed = (*losses, not is_answered)[: len(model.requests)]
    assert heard == [REQUEST] * sum(billed)


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


OPENAI = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "1m0.5s",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "0",
    "anthropic-ratelimit-requests-reset": "2026-11-21T12:00:30Z",
}


def test_the_rate_headers_of_both_vendors_are_read():
    rates = rate_limits(OPENAI, now=NOW)
    assert (rates.requests.limit, rates.requests.left, rates.requests.reset_seconds) == (500, 499, 0.12)
    assert (rates.tokens.left, rates.tokens.reset_seconds) == (0, 60.5)
    rates = rate_limits(ANTHROPIC, now=NOW)
    assert (rates.requests.left, rates.requests.reset_seconds, rates.tokens) == (0, 30, None)
    assert rate_limits({}, now=NOW) is None


@given(st.dictionaries(st.sampled_from([*OPENAI, *ANTHROPIC]), st.text(max_size=12)))
def test_any_rate_headers_are_read_without_an_error(headers):
    rate_limits({**OPENAI, **headers}, now=NOW)
    rate_limits({**ANTHROPIC, **headers}, now=NOW)


def test_a_rate_limit_that_names_no_time_is_told_by_the_headers_when_there_is_room_again():
    error = meant(429, b"later", OPENAI)
    assert error.retry_after_seconds == pytest.approx(60.5 / 30000)
    assert error.trouble is Trouble.RATE_LIMIT
    assert meant(529, b"busy").trouble is Trouble.OVERLOAD
    quota = meant(429, b'{"error": {"code": "insufficient_quota"}}')
    assert (quota.trouble, quota.retryable) == (Trouble.USED_UP, False)


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (400, b'{"error": {"code": "billing_hard_limit_reached"}}'),
        (
            400,
            b'{"error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}',
        ),
        (402, b"pay"),
        (403, b'{"error": {"type": "billing_error"}}'),
    ],
)
def test_an_account_that_has_nothing_left_is_told_from_all_other_errors(status, content):
    assert meant(status, content).trouble is Trouble.USED_UP
    assert meant(status if status != 402 else 400, b"something else").trouble is Trouble.REFUSED


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_error_text_holds_a_key_or_a_control_character(before, after):
    key = "sk-proj-abcdefghijklmnop"
    text = safe_text(f"{before}{key}{after}", key)
    assert "abcdefghijklmnop" not in text
    assert all(character.isprintable() or ord(character) > 159 for character in text)


@pytest.mark.parametrize("status", [400, 402, 403, 413, 422, 501])
def test_what_the_request_did_wrong_is_not_tried_again(status):
    error = meant(status, b"no")
    assert isinstance(error, ProviderError)
    assert not error.retryable


def test_an_answer_that_a_gateway_lost_may_have_been_billed():
    assert not meant(504, b"late").is_unbilled
    assert meant(429, b"later").is_unbilled
