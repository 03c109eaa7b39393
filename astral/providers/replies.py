"""From an endpoint's answer to a reply, the same for each protocol of chat."""

from collections.abc import Callable
from typing import Protocol

from astral.domain.chat import ChatReply
from astral.domain.records import Ending
from astral.errors import ProviderError, UserError
from astral.providers.endings import is_block
from astral.providers.event_streams import whole
from astral.providers.http_answer import Answer
from astral.providers.http_errors import malformed_answer
from astral.providers.rate_headers import with_rates


class Reader(Protocol):
    """Reads the body of an answer; a ValueError where it is none."""

    def __call__(self, body: bytes, /, *, asked: str) -> ChatReply:
        """What the body says; `asked` is the model that was asked."""
        ...


def reply_of(
    answer: Answer,
    read: Reader,
    error: Callable[[Answer], ProviderError | UserError],
    *,
    asked: str,
    name: str,
    key: str,
) -> ChatReply:
    """What an answer says; a provider's block is a reply.

    Args:
        answer: What came back.
        read: Reads the body of the protocol.
        error: What an answer means that is none.
        asked: The model, as the endpoint names it.
        name: Of the model, for errors.
        key: The key that was sent: cut out of errors.

    Raises:
        ProviderError: It is none.
        UserError: The key or the model's name is wrong.
    """
    try:
        answer = whole(answer)
    except (ValueError, KeyError, TypeError) as problem:
        raise malformed_answer(problem, model=name, key=key) from None
    if answer.is_error:
        if is_block(answer.status, answer.error):
            return ChatReply(text="", ending=Ending.BLOCKED, model=asked)
        raise error(answer)
    try:
        return with_rates(read(answer.content, asked=asked), answer.headers)
    except ValueError as problem:
        raise malformed_answer(problem, model=name, key=key) from None
