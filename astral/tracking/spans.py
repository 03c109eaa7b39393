"""The spans of a run: one for the run, each round, each case, each call of a model. These here tell nobody."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.ports import ChatModel
from astral.domain.run import Manifest, RunStatus, TestRecord


@dataclass(frozen=True)
class Asked:
    """Whom a call asks."""

    role: ModelRole
    provider: str
    """Such as openai, or local."""
    model: str
    base_url: str | None
    """None for the provider's own."""


class Spans:
    """What a run tells of its time. Every span is handed a function that is told how it ended."""

    is_on = False
    """Whether anybody is told."""

    def run(self, manifest: Manifest) -> AbstractContextManager[Callable[[RunStatus], None]]:
        """The run."""
        return nullcontext(_forget)

    def begin_round(self, number: int) -> None:
        """Tests are handed out together."""

    def end_round(self, number: int) -> None:
        """All of them have ended."""

    def inside_round(self, number: int) -> AbstractContextManager[None]:
        """What is done here is a part of the round."""
        return nullcontext()

    def case(self, round_number: int, test: TestRecord) -> AbstractContextManager[Callable[[TestRecord], None]]:
        """A test, from when its case is put to the target."""
        return nullcontext(_forget)

    def call(self, asked: Asked, request: ChatRequest) -> AbstractContextManager[Callable[[ChatReply], None]]:
        """A call of a model, with all its retries."""
        return nullcontext(_forget)


class TracedModel:
    """A chat model each of whose calls is a span."""

    def __init__(self, model: ChatModel, spans: Spans, asked: Asked) -> None:
        self.name = model.name
        self._model, self._spans, self._asked = model, spans, asked

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer."""
        with self._spans.call(self._asked, request) as answered:
            reply = await self._model.chat(request)
            answered(reply)
            return reply

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


def _forget(_: object) -> None:
    pass
