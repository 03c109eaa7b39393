"""A chat model as the tested system."""

import time
from collections.abc import Callable

from astral.domain.base import content_id
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Message, TestCase, Transcript


class ChatTarget:
    """Sends a case's messages to a chat model, after a system prompt if there is one."""

    def __init__(
        self,
        model: ChatModel,
        *,
        system_prompt: str | None = None,
        max_tokens: int = 512,
        temperature: float | None = None,
        seed: int = 0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Set the target up.

        Args:
            model: The model under test.
            system_prompt: What the system's maker tells it before the user speaks.
            max_tokens: Longest answer.
            temperature: None leaves it to the provider.
            seed: The run's; each case's own follows from it.
            clock: Seconds, from any start.
        """
        self.name = model.name
        self._model, self._clock = model, clock
        self._system = (Message(role="system", content=system_prompt),) if system_prompt else ()
        self._max_tokens, self._temperature, self._seed = max_tokens, temperature, seed

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case; a provider's block is an ending without an answer.

        Raises:
            ProviderError: No answer came.
        """
        request = ChatRequest(
            messages=(*self._system, *case.messages),
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            # 31 bits are what every provider takes.
            seed=int(content_id(self._seed, case.id), 16) % 2**31,
            tools=case.scene.tools if case.scene else (),
        )
        start = self._clock()
        reply = await self._model.chat(request)
        answer = (reply.message,) if reply.message else ()
        return Transcript(
            case_id=case.id,
            target=self.name,
            messages=(*request.messages, *answer),
            ending=reply.ending,
            usage=reply.usage,
            latency_seconds=max(0.0, self._clock() - start),
        )
