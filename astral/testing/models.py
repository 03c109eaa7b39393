"""Fakes of what costs time or money: a chat model with a script, an embedder without a model."""

import hashlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import Embeddings, TextKind
from astral.domain.records import Ending, Usage

Reply = ChatReply | str | Exception
"""What a scripted model does with a call: answers so, answers with this text, or raises."""


class ScriptedModel:
    """A chat model that follows a script, and keeps the requests that it got in `requests`."""

    def __init__(self, script: Iterable[Reply] | Callable[[ChatRequest], Reply], *, name: str = "scripted") -> None:
        """Write the script.

        Args:
            script: Replies in the order of the calls, the last one for all further calls; or a function of the request.
            name: Name of the model.

        Raises:
            ValueError: The script has no reply.
        """
        self.name = name
        self.requests: list[ChatRequest] = []
        self.is_closed = False
        self._function = script if callable(script) else None
        self._replies: list[Reply] = [] if callable(script) else list(script)
        if self._function is None and not self._replies:
            raise ValueError("a script needs at least one reply")

    async def chat(self, request: ChatRequest) -> ChatReply:
        """The script's next reply."""
        self.requests.append(request)
        if self._function:
            reply = self._function(request)
        else:
            reply = self._replies[min(len(self.requests), len(self._replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return self._reply(request, reply) if isinstance(reply, str) else reply

    async def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True

    def _reply(self, request: ChatRequest, text: str) -> ChatReply:
        words = sum(len(message.content.split()) for message in request.messages)
        return ChatReply(
            text=text,
            ending=Ending.ANSWERED if text.strip() else Ending.EMPTY,
            model=self.name,
            usage=Usage(prompt_tokens=max(1, words), completion_tokens=len(text.split())),
        )


class HashEmbedder:
    """Vectors that follow from the words of a text: equal texts have equal vectors, common words bring them closer."""

    name = "hash"

    def __init__(self, dimensions: int = 64) -> None:
        self._dimensions = dimensions

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, one a text."""
        vectors = [self._vector(text) for text in texts]
        return np.array(vectors, dtype=np.float32).reshape(len(texts), self._dimensions)

    def _vector(self, text: str) -> NDArray[np.float32]:
        words = text.lower().split() or [""]
        total = np.sum([self._word_vector(word) for word in words], axis=0)
        return total / np.linalg.norm(total)

    def _word_vector(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self._dimensions)
