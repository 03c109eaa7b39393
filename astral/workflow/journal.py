"""A model whose calls are journalled, so that a resumed run never pays twice for a call that was answered."""

import asyncio
from typing import Protocol
from weakref import WeakValueDictionary

from astral.domain.base import content_id
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.ports import ChatModel
from astral.domain.run import Call
from astral.record import Recorder, Store


class Journal(Protocol):
    """Where calls are kept."""

    async def find(self, key: str) -> Call | None:
        """The call as journalled before; None when it was never answered."""
        ...

    async def write(self, call: Call) -> None:
        """Keep a call; returns once it is durable."""
        ...


class JournalledModel:
    """Asks a model only what it has not answered before in this run.

    A call is named by its content, of which the seed of its test is a part: two tests that happen to ask the same are
    still two calls, unless their seeds agree as well, and then one answer serves both.
    """

    def __init__(self, model: ChatModel, role: ModelRole, journal: Journal) -> None:
        self.name = model.name
        self._model, self._role, self._journal = model, role, journal
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer from the journal, else from the model."""
        key = content_id(self._role, self._model.name, request)
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            known = await self._journal.find(key)
            if known is not None:
                return ChatReply.model_validate(known.reply)
            reply = await self._model.chat(request)
            await self._journal.write(
                Call(key=key, role=self._role, reply=reply.model_dump(mode="json"), usage=reply.usage)
            )
            return reply

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class RunJournal:
    """The calls of one run, in its record."""

    def __init__(self, store: Store, recorder: Recorder, run_id: str) -> None:
        self._store, self._recorder, self._run_id = store, recorder, run_id

    async def find(self, key: str) -> Call | None:
        """The call as journalled before."""
        return self._store.call(self._run_id, key)

    async def write(self, call: Call) -> None:
        """Keep a call; returns once it is durable."""
        await self._recorder.write(call)
