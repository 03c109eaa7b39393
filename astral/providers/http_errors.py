"""What an HTTP endpoint's failure means: whether it may pass, when, what it cost, and what to tell the user."""

import re
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import ValidationError

from astral.errors import ProviderError, Trouble, UserError
from astral.providers.http_answer import Answer
from astral.providers.rate_headers import rate_limits, retry_after_seconds, seconds_until_any_left

RETRYABLE_STATUS = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""529 is Anthropic's overload, 52x are Cloudflare's. 501 and 505 do not pass."""

_GATEWAY_STATUS = frozenset({502, 504, 520, 522, 524})
"""A gateway lost the answer: whoever stands behind it may have worked, and bills it."""

_TROUBLES = {
    HTTPStatus.REQUEST_TIMEOUT: Trouble.TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS: Trouble.RATE_LIMIT,
    HTTPStatus.SERVICE_UNAVAILABLE: Trouble.OVERLOAD,
    HTTPStatus.GATEWAY_TIMEOUT: Trouble.TIMEOUT,
    524: Trouble.TIMEOUT,
    529: Trouble.OVERLOAD,
}
"""What a status says; all others that may pass are the server's errors."""

_USED_UP = frozenset(
    {
        # OpenAI: https://platform.openai.com/docs/guides/error-codes
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        # Anthropic: https://docs.anthropic.com/en/api/errors
        "billing_error",
        # Moonshot: https://platform.moonshot.ai/docs/api/chat
        "exceeded_current_quota_error",
        # Alibaba: https://www.alibabacloud.com/help/en/model-studio/error-code
        "Arrearage",
    }
)
"""Codes and types of errors that say that an account has nothing left; others say it with HTTP 402."""
_ANTHROPIC_USED_UP = "credit balance is too low"
"""How Anthropic's HTTP 400 says so; it shares type and status with requests that are wrong.

Source:
    https://github.com/anthropics/anthropic-sdk-typescript/issues/618
"""

_KEY_LIKE = re.compile(r"\b(?:sk|key|Bearer)[-_ ][\w*.-]{6,}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def status_error(answer: Answer, *, model: str, key: str, variable: str) -> ProviderError | UserError:
    """The error that an answer means which is none.

    Args:
        answer: What came back, of a status of 300 or above.
        model: Name of the model, for the text.
        key: The key that was sent: cut out of the text.
        variable: Environment variable of the key.

    Returns:
        A UserError where every further call would fail alike: a wrong key, an unknown model. Else a ProviderError.
    """
    status, headers, said = answer.status, answer.headers, safe_text(answer.message, key)
    if status == HTTPStatus.UNAUTHORIZED:
        return UserError(f"{model}: the endpoint rejects the key in {variable} (HTTP 401: {said}). Set a valid one.")
    if status == HTTPStatus.NOT_FOUND:
        return UserError(f"{model}: the endpoint knows no such model or address (HTTP 404: {said}). Check both.")
    # A quota that is used up is a 429 too, but does not come back by waiting.
    is_used_up = _is_used_up(answer)
    is_passing = status in RETRYABLE_STATUS and not is_used_up
    now = datetime.now(UTC)
    asked = retry_after_seconds(headers, now=now)
    if asked is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = seconds_until_any_left(rate_limits(headers, now=now))
    return ProviderError(
        f"{model}: HTTP {status}: {said}",
        retryable=is_passing,
        retry_after_seconds=asked,
        is_unbilled=status not in _GATEWAY_STATUS,
        trouble=_TROUBLES.get(status, Trouble.SERVER)
        if is_passing
        else Trouble.USED_UP
        if is_used_up
        else Trouble.REFUSED,
    )


def _is_used_up(answer: Answer) -> bool:
    """Whether an error says that the account has no quota, credit or money left."""
    if answer.status == HTTPStatus.PAYMENT_REQUIRED or {answer.code, answer.kind} & _USED_UP:
        return True
    return answer.status == HTTPStatus.BAD_REQUEST and _ANTHROPIC_USED_UP in answer.message


def connection_error(error: Exception, *, model: str, key: str, timeout_seconds: float) -> ProviderError:
    """The error that a broken or silent connection means.

    Args:
        error: The SDK's, its cause being httpx2's.
        model: Name of the model, for the text.
        key: The key that was sent: cut out of the text.
        timeout_seconds: How long an answer was waited for.
    """
    import httpx2

    cause = error.__cause__ or error
    return lost_call(
        cause,
        model=model,
        key=key,
        timeout_seconds=timeout_seconds,
        is_unconnected=isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout),
        is_timeout=isinstance(cause, httpx2.TimeoutException),
    )


def lost_call(
    cause: BaseException, *, model: str, key: str, timeout_seconds: float, is_unconnected: bool, is_timeout: bool
) -> ProviderError:
    """The error of a call without an answer, whichever client sent it.

    Args:
        cause: What the client raised.
        model: Name of the model, for the text.
        key: The key that was sent: cut out of the text.
        timeout_seconds: How long an answer was waited for.
        is_unconnected: Nothing was sent, so that it cost nothing.
        is_timeout: The answer did not come in time.
    """
    said = safe_text(str(cause), key)
    if is_unconnected:
        return ProviderError(
            f"{model}: cannot connect: {said}", retryable=True, is_unbilled=True, trouble=Trouble.CONNECTION
        )
    if is_timeout:
        return ProviderError(
            f"{model}: no answer within {timeout_seconds:g} s", retryable=True, trouble=Trouble.TIMEOUT
        )
    return ProviderError(
        f"{model}: the connection broke: {type(cause).__name__}: {said}", retryable=True, trouble=Trouble.CONNECTION
    )


def malformed_answer(error: Exception, *, model: str, key: str) -> ProviderError:
    """The error that an answer means which is none of the protocol's; never read as an empty one."""
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, ValidationError):
        # Pydantic's own text quotes the answer, which may be harmful.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        detail = f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"
    return ProviderError(
        f"{model}: malformed answer: {safe_text(detail, key)}", retryable=True, trouble=Trouble.MALFORMED
    )


def safe_text(text: str, key: str) -> str:
    """An endpoint's words without keys and control characters, at most 300 characters."""
    if key:
        text = text.replace(key, "***")
    return _CONTROL.sub(" ", _KEY_LIKE.sub("***", text))[:300].strip()
