"""What the two batch interfaces share: how SDK errors are told, and what a row's answer says."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

from astral.domain.chat import ChatReply
from astral.errors import ProviderError, Trouble, UserError
from astral.providers.http_answer import Answer
from astral.providers.http_errors import connection_error, malformed_answer

TIMEOUT_SECONDS = 600.0
"""How long one request may take: a file of 100 MB goes up in it."""


class Spoken(Protocol):
    """A chat model of the vendor, whose way to read answers a batch shares."""

    name: str

    def reply(self, answer: Answer) -> ChatReply:
        """What an answer says."""
        ...

    def error(self, answer: Answer) -> ProviderError | UserError:
        """What an answer means that is none."""
        ...


def sdk_error(error: Any, chat: Spoken, key: str) -> ProviderError | UserError:
    """What an error of either SDK means, an `APIError` of which some have an HTTP response."""
    response = getattr(error, "response", None)
    if response is None:
        return connection_error(error, model=chat.name, key=key, timeout_seconds=TIMEOUT_SECONDS)
    if response.status_code == HTTPStatus.NOT_FOUND:
        return UserError(f"{chat.name}: this endpoint takes no batches (HTTP 404). Run it without `--batch`.")
    return chat.error(Answer(response.status_code, response.headers, response.content))


def row_result(read: Callable[[], ChatReply], chat: Spoken, key: str) -> ChatReply | ProviderError:
    """What came of a row."""
    try:
        return read()
    except ProviderError as error:
        return error
    except UserError as error:
        # The batch was taken, so that it is this row's own affair.
        return ProviderError(str(error), is_unbilled=True, trouble=Trouble.REFUSED)
    except ValueError as error:
        return malformed_answer(error, model=chat.name, key=key)


def expired(chat: Spoken) -> ProviderError:
    """The error of a call that the provider did not come to in time."""
    return ProviderError(
        f"{chat.name}: the batch expired before this call was made", is_unbilled=True, trouble=Trouble.TIMEOUT
    )
