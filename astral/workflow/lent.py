"""Parts that stand here for others at work in a run's workers: who writes and screens cases does not notice."""

from collections.abc import Sequence

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import ChatModel, Embedder, Embeddings, TextKind
from astral.workflow.leasing import Leases, WorkerLostError


class LentModel:
    """A model of the attacker's that workers ask, each with its own limits and repeats, within the one budget."""

    def __init__(self, model: ChatModel, spec: str, leases: Leases) -> None:
        """Stand for a model.

        Args:
            model: It, which gives its name, and is asked nothing.
            spec: Its name in the settings.
            leases: Hands calls out.
        """
        self.name = model.name
        self._model, self._spec, self._leases = model, spec, leases

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer."""
        return await self._leases.answer(self._spec, request)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class LentEmbedder:
    """An embedder whose work is shared by the workers; what one of them cannot do is done here."""

    def __init__(self, embedder: Embedder, leases: Leases) -> None:
        self.name = embedder.name
        self._embedder, self._leases = embedder, leases

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        """Unit vectors, one a text."""
        try:
            return self._leases.embed(texts, kind=kind)
        except WorkerLostError:
            return self._embedder.embed(texts, kind=kind)
