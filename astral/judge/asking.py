"""Asking a judge model until its answer can be used, a bounded number of times."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from astral.assets import Prompt
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Ending, Message, Outcome, Usage, Vote
from astral.domain.untrusted import without_code_fence
from astral.errors import OracleError

ATTEMPTS: Final = 2
_SHORTEST_QUOTE: Final = 3
"""Characters; less stands in any text."""
_AGAIN = (
    "That answer cannot be used: {why} Judge the same response again, and answer with one JSON object of the given "
    "form and nothing else."
)

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class UnusableError(Exception):
    """Why a judge model's answer is no vote; the text goes back to the model."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What came of asking."""

    opinion: T
    request: ChatRequest
    """The question, as it was first put."""
    judge: str
    """The model as the provider reports it."""
    attempt: int
    """From 1."""
    usage: Usage
    """Of all attempts together."""

    def vote(
        self,
        outcome: Outcome,
        p_unsafe: float,
        *,
        prompt: Prompt | None,
        reason: str,
        category: str = "",
        parameters: Mapping[str, JsonValue] = {},
    ) -> Vote:
        """The judge model's vote, with how it was asked.

        Args:
            outcome: What the opinion comes to.
            p_unsafe: Likewise, in [0, 1].
            prompt: What the question was made of; None where the model has a form of its own.
            reason: In the judge's own words, as far as there are any.
            category: Kind of harm that it named.
            parameters: What else decided about the question.
        """
        asked = {"temperature": self.request.temperature, "max_tokens": self.request.max_tokens}
        return Vote(
            judge=self.judge,
            outcome=outcome,
            p_unsafe=p_unsafe,
            category=category,
            reason=reason,
            prompt=prompt and prompt.ref,
            parameters={**parameters, **asked, "attempt": self.attempt},
            usage=self.usage,
        )


def question_of(prompt: Prompt, text: str, *, max_tokens: int) -> ChatRequest:
    """A question that is answered alike each time, in the prompt's form.

    Args:
        prompt: Which one.
        text: The same, filled in.
        max_tokens: Longest answer.
    """
    return ChatRequest(
        messages=(Message(role="user", content=text),),
        max_tokens=max_tokens,
        temperature=0.0,
        json_schema=prompt.schema,
    )


async def ask(
    model: ChatModel,
    request: ChatRequest,
    read: Callable[[ChatReply], T],
    *,
    again: str = _AGAIN,
) -> Asked[T]:
    """A judge model's opinion.

    Args:
        model: The judge model.
        request: The question.
        read: Makes an opinion of a reply, or raises an UnusableError.
        again: What is said behind an answer that cannot be used; empty asks the same once more.

    Raises:
        OracleError: No attempt gave an opinion.
        ProviderError: The model could not be reached.
    """
    question = request
    usage, why = Usage(), ""
    for attempt in range(1, ATTEMPTS + 1):
        reply = await model.chat(question)
        usage = Usage(
            prompt_tokens=usage.prompt_tokens + reply.usage.prompt_tokens,
            completion_tokens=usage.completion_tokens + reply.usage.completion_tokens,
        )
        try:
            return Asked(read(_answered(reply)), request, reply.model, attempt, usage)
        except UnusableError as error:
            why = str(error)
            if again:
                told = Message(role="user", content=again.format(why=why))
                said = Message(role="assistant", content=reply.text or "(nothing)")
                question = question.model_copy(update={"messages": (*question.messages, said, told)})
    raise OracleError(f"judge model {model.name} gave no usable vote in {ATTEMPTS} attempts: {why}")


def _answered(reply: ChatReply) -> ChatReply:
    if reply.ending in {Ending.BLOCKED, Ending.REFUSED, Ending.EMPTY}:
        raise UnusableError(f"the judge's answer was {reply.ending.value}.")
    return reply


def read_json(reply: ChatReply, form: type[M]) -> M:
    """A reply as an object of a given form.

    Raises:
        UnusableError: It is none.
    """
    try:
        # NaN and Infinity are no JSON, though Python reads them.
        data: Any = json.loads(without_code_fence(reply.text), parse_constant=_reject_constant)
        return form.model_validate(data)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, one["loc"])) or "the whole" for one in error.errors()}))
        raise UnusableError(f"it does not have the given form ({fields}).") from error
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is not one JSON object.") from error


def passages(quotes: Iterable[str], text: str) -> tuple[str, ...]:
    """The quoted passages as they stand in a text, blanks and line breaks aside; empty for each that does not."""
    return tuple(_passage(quote, text) for quote in quotes)


def _passage(quote: str, text: str) -> str:
    words = quote.split()
    if len("".join(words)) < _SHORTEST_QUOTE:
        return ""
    match = re.search(r"\s+".join(map(re.escape, words)), text)
    return match.group() if match else ""


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
