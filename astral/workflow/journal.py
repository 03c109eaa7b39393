"""Calls and searches that are journalled: before they are made, and what came of them, never to be asked for again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol
from weakref import WeakValueDictionary

from pydantic import JsonValue, TypeAdapter

from astral.domain.base import content_id
from astral.domain.chat import ChatReply, ChatRequest, ModelRole
from astral.domain.ports import ChatModel, EvidenceSource
from astral.domain.records import Evidence, Usage
from astral.domain.run import Call
from astral.domain.space import Cell
from astral.errors import ProviderError, StoppedError, UserError
from astral.execute.budget import usage_at_most
from astral.record import Recorder, Store

BROKEN = "/broken"
"""What the key of a call ends with that gave no answer."""
LOST = "/lost/"
"""What stands in the key of a sending whose answer was lost on the way, between the call's own and a number."""


class Journal(Protocol):
    """Where calls are kept."""

    async def find(self, key: str) -> Call | None:
        """The call as journalled before; None when it was never answered."""
        ...

    async def write(self, call: Call) -> None:
        """Keep a call; returns once it is durable."""
        ...

    def note(self, call: Call) -> None:
        """Keep a call; it is durable before anything that is written from now on."""
        ...


def call_key(role: ModelRole, model: str, request: ChatRequest) -> str:
    """The name of a call, by its content."""
    if (role, model) not in request.names:
        request.names[role, model] = content_id(role, model, request)
    return request.names[role, model]


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
        key = call_key(self._role, self._model.name, request)
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            known = await self._journal.find(key)
            if known is not None:
                return ChatReply.model_validate(known.reply)
            reply = await self._model.chat(request)
            # Whatever depends on the reply is written after it.
            self._journal.note(Call(key=key, role=self._role, reply=reply.model_dump(mode="json"), usage=reply.usage))
            return reply

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class WrittenAheadModel:
    """Writes down that a model is going to be asked before it is, and how a call ended that gave no answer.

    So a run that was killed knows which calls were in flight: they may be billed, and nobody says how much. Sendings
    whose answers were lost are written down on their own (`RunJournal.lost`), answered later or not.
    """

    def __init__(
        self,
        model: ChatModel,
        role: ModelRole,
        journal: Journal,
        *,
        is_late: Callable[[], bool] = lambda: False,
        is_batched: bool = False,
    ) -> None:
        """Wrap a model.

        Args:
            model: Is asked, as often as it takes; its usage covers all attempts.
            role: A part of each call's name, as for `JournalledModel`.
            journal: Keeps intents and broken calls.
            is_late: Tells whether the deadline is over, at which calls in flight are broken off.
            is_batched: The model writes its batches down itself, and loses none of them, whenever it is stopped.
        """
        self.name = model.name
        self._model, self._role, self._journal, self._is_late = model, role, journal, is_late
        self._is_batched = is_batched

    async def chat(self, request: ChatRequest) -> ChatReply:
        """Answer."""
        key = call_key(self._role, self._model.name, request)
        most = usage_at_most(request)
        if not self._is_batched:
            await self._journal.write(Call(key=key, role=self._role, usage=most))
        try:
            return await self._model.chat(request)
        except Exception as error:
            is_unsent = isinstance(error, StoppedError) and (self._is_batched or not self._is_late())
            is_free = is_unsent or isinstance(error, ProviderError | UserError)
            told: JsonValue = {"error": type(error).__name__}
            self._journal.note(
                Call(key=f"{key}{BROKEN}", role=self._role, reply=told, usage=Usage() if is_free else most)
            )
            raise

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class RunJournal:
    """The calls of one run, in its record."""

    def __init__(self, store: Store, recorder: Recorder, run_id: str) -> None:
        self._store, self._recorder, self._run_id = store, recorder, run_id
        self._unsettled: dict[str, Call] = {}
        self._look()

    def _look(self) -> None:
        # Nearly all calls are new, and looking for each in the database would take a third of a test's CPU.
        answered = self._store.answered(self._run_id)
        self._known = {int(key, 16) for key in answered if "/" not in key}
        self._losses = Counter(key.partition(LOST)[0] for key in answered if LOST in key)

    def has(self, key: str) -> bool:
        """Whether the call was answered."""
        return int(key, 16) in self._known

    async def find(self, key: str) -> Call | None:
        """The call as journalled before."""
        if not self.has(key):
            return None
        # It may be on its way to the disk still.
        await self._recorder.write()
        return self._store.call(self._run_id, key)

    def look_again(self) -> None:
        """Hear of the calls of another process that was lost; one that it sent in vain counts when it is sent again."""
        self._look()
        self._unsettled = {call.key: call for call in lost_calls(self._store, self._run_id)}

    async def write(self, call: Call) -> None:
        """Keep a call; returns once it is durable."""
        lost = self._unsettled.pop(f"{call.key}{BROKEN}", None)
        await self._recorder.write(*([lost] if lost else []), self._noted(call))

    def note(self, call: Call) -> None:
        """Keep a call; it is durable before anything that is written from now on."""
        self._recorder.note(self._noted(call))

    def lost(self, role: ModelRole, model: str, request: ChatRequest) -> None:
        """Keep that a sending of a call may have been billed, at the most that it can have cost."""
        key = call_key(role, model, request)
        self._losses[key] += 1
        self.note(Call(key=f"{key}{LOST}{self._losses[key]}", role=role, reply={}, usage=usage_at_most(request)))

    def _noted(self, call: Call) -> Call:
        if call.reply is not None and "/" not in call.key:
            # As a number, in a third of its memory.
            self._known.add(int(call.key, 16))
        return call


def count_lost_calls(store: Store, run_id: str) -> None:
    """Count the calls of a killed process that were in flight at the most that they can have cost."""
    store.write(run_id, lost_calls(store, run_id))


def lost_calls(store: Store, run_id: str) -> list[Call]:
    """What stands for each call that was sent and never answered, if nobody is asking it still."""
    return [
        Call(key=f"{call.key}{BROKEN}", role=call.role, reply={"error": "killed", "before": times}, usage=call.usage)
        for call, times in store.unanswered(run_id, broken=BROKEN)
    ]


EVIDENCE_ROLE = "evidence"
"""What the roles of journalled searches begin with."""
_KEPT = 8
"""Passages that are journalled of a search, whatever its first caller asked for."""
_PASSAGES = TypeAdapter(tuple[Evidence, ...])
_SEARCHED_BY = ("risk", "language")
"""What a search may depend on of its cell, so that the cells which share it share its answer."""


class JournalledSource:
    """Searches only for what was not searched for before, in this run or in the one that is repeated.

    What is found outside the machine changes by the hour; the record holds what a run was given.
    """

    def __init__(
        self,
        name: str,
        source: EvidenceSource | None,
        journal: Journal,
        *,
        repeated: Journal | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Set the journal up.

        Args:
            name: Tells this source from the others of the run; a repeated run finds its searches by it.
            source: Is asked; None where only the repeated run is.
            journal: Of this run.
            repeated: Of the run whose evidence is used again.
            note: Is told, once, that the repeated run did not search for something.
        """
        self.name = name
        self._role = f"{EVIDENCE_ROLE}.{name}"
        self._source, self._journal, self._repeated, self._note = source, journal, repeated, note
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known: dict[str, tuple[Evidence, ...]] = {}
        self._has_noted = False

    async def search(self, query: str, *, cell: Cell, limit: int) -> Sequence[Evidence]:
        """What the journal holds for this search, else what the source finds."""
        part = Cell(values=tuple((name, value) for name, value in cell.values if name in _SEARCHED_BY))
        key = content_id(self._role, query, part)
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            if key not in self._known:
                self._known[key] = await self._answer(key, query, part)
        return self._known[key][:limit]

    async def _answer(self, key: str, query: str, cell: Cell) -> tuple[Evidence, ...]:
        known = await self._journal.find(key)
        if known is None and self._repeated is not None:
            known = await self._repeated.find(key)
            if known is None and not self._has_noted:
                self._has_noted = True
                self._note(f"Not all searches are in the repeated run; such cases have no evidence ({self.name}).")
        if known is not None:
            found = _PASSAGES.validate_python(known.reply or ())
        else:
            found = tuple(await self._source.search(query, cell=cell, limit=_KEPT)) if self._source else ()
        await self._journal.write(
            Call(key=key, role=self._role, reply=[each.model_dump(mode="json") for each in found])
        )
        return found
