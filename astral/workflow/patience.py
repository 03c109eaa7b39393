"""Models and targets of a run, of which no more calls are under way together than the user allows."""

import asyncio

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel, Target
from astral.domain.records import TestCase, Transcript


class PatientTarget:
    """Asks a target when there is a slot for it."""

    def __init__(self, target: Target, *, slots: asyncio.Semaphore) -> None:
        self.name = target.name
        self._target, self._slots = target, slots

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The target did not answer.
        """
        async with self._slots:
            return await self._target.respond(case)


class PatientModel:
    """Asks a model when there is a slot for it."""

    def __init__(self, model: ChatModel, *, slots: asyncio.Semaphore) -> None:
        self.name = model.name
        self._model, self._slots = model, slots

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer.

        Raises:
            ProviderError: No answer came.
        """
        async with self._slots:
            return await self._model.chat(request)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
