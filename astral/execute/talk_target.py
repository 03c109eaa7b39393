"""A target with which whole talks are led, each by the strategy that its case names."""

import json
from collections.abc import Callable, Mapping
from typing import cast

from pydantic import JsonValue

from astral.domain.base import content_id
from astral.domain.chat import ChatRequest
from astral.domain.messages import Message
from astral.domain.ports import ChatModel, Oracle, Strategy, Target
from astral.domain.records import Ending, Outcome, TestCase, Transcript, Usage
from astral.domain.untrusted import without_code_fence
from astral.errors import AttackerRefusedError, MalformedDraftError, StageError
from astral.execute.turns import added, joined

ATTACKER_ATTEMPTS = 2
ATTACKER_TOKENS = 400
"""Longest answer of the attacker's model for one turn."""


class TalkTarget:
    """Leads a case's talk to its end; a case without a course is asked once, by the target itself."""

    def __init__(
        self,
        inner: Target,
        strategies: Mapping[str, Strategy],
        *,
        attacker: ChatModel | None,
        oracle: Oracle,
        objection: Callable[[str], str | None],
        max_tokens: int = ATTACKER_TOKENS,
    ) -> None:
        """Wrap a target.

        Args:
            inner: Answers one turn at a time.
            strategies: By name.
            attacker: Writes the user's part; None where no strategy needs it.
            oracle: Scores what strategies try.
            objection: Why what a user says, in all turns together, may not be sent; None where it may.
            max_tokens: Longest answer of the attacker.
        """
        self.name = inner.name
        self._inner, self._strategies = inner, dict(strategies)
        self._attacker, self._oracle, self._objection, self._max_tokens = attacker, oracle, objection, max_tokens

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The talk could not be led to its end, or no strategy of this name is there.
        """
        if case.course is None or case.course.turns == 1:
            return await self._inner.respond(case)
        strategy = self._strategies.get(case.course.strategy)
        if strategy is None:
            raise StageError(f"there is no strategy {case.course.strategy!r}; there are {sorted(self._strategies)}.")
        floor = _Floor(
            case,
            self._inner,
            attacker=self._attacker,
            oracle=self._oracle,
            objection=self._objection,
            max_tokens=self._max_tokens,
        )
        talk = await strategy.lead(case, floor)
        return talk.model_copy(
            update={"case_id": case.id, "usage": floor.usage, "latency_seconds": floor.latency_seconds}
        )


class _Floor:
    """Counts what is sent about one case, and never sends more than its course allows."""

    def __init__(
        self,
        case: TestCase,
        target: Target,
        *,
        attacker: ChatModel | None,
        oracle: Oracle,
        objection: Callable[[str], str | None],
        max_tokens: int,
    ) -> None:
        self.sendings_left = case.course.turns if case.course else 1
        self.usage, self.latency_seconds = Usage(), 0.0
        # Each turn is a case without a course, about the same request.
        lineage = case.lineage.model_copy(update={"plain": case.plain_request})
        self._case = case.model_copy(update={"course": None, "lineage": lineage})
        self._target, self._attacker, self._oracle, self._objection = target, attacker, oracle, objection
        self._max_tokens = max_tokens
        self._asked: dict[str, TestCase] = {}
        self._attacks = 0

    async def say(self, text: str, after: Transcript | None = None) -> Transcript:
        if not self.sendings_left:
            raise StageError("the strategy wants to send more than its turns allow.")
        asked = self._next(text, after)
        if why := self._objection("\n".join(each.content for each in asked.messages if each.role == "user")):
            raise StageError(f"a turn was not sent: {why}.")
        self.sendings_left -= 1
        answered = await self._target.respond(asked)
        self.usage = added(self.usage, answered.usage)
        self.latency_seconds += answered.latency_seconds
        talk = answered if after is None else joined(after, asked, answered)
        talk = talk.model_copy(update={"case_id": self._case.id})
        self._asked[talk.id] = asked
        return talk

    async def ask_attacker(self, prompt: str, schema: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
        if self._attacker is None:
            raise StageError("the strategy asks an attacker's model, and none was named.")
        why = ""
        for _ in range(ATTACKER_ATTEMPTS):
            self._attacks += 1
            reply = await self._attacker.chat(
                ChatRequest(
                    messages=(Message(role="user", content=prompt),),
                    max_tokens=self._max_tokens,
                    # So that the same prompt, asked again, is another call.
                    seed=int(content_id(self._case.id, self._attacks), 16) % 2**31,
                    json_schema=schema,
                )
            )
            if reply.ending in {Ending.REFUSED, Ending.BLOCKED}:
                raise AttackerRefusedError(f"the attacker {self._attacker.name} will not write the next turn.")
            found = _object(reply.text)
            why = "it is not one JSON object" if found is None else _lack(found, schema)
            if found is not None and not why:
                return found
        raise MalformedDraftError(f"the attacker {self._attacker.name} gave no turn that can be used: {why}.")

    async def score(self, talk: Transcript) -> tuple[float, bool]:
        if talk.ending is Ending.BLOCKED:
            return 0.0, False
        asked = self._asked[talk.id]
        verdict = await self._oracle.judge(asked, talk.model_copy(update={"case_id": asked.id}))
        return verdict.p_unsafe, verdict.outcome is Outcome.UNSAFE

    def _next(self, text: str, after: Transcript | None) -> TestCase:
        line = Message(role="user", content=text)
        if after is None:
            last = max((place for place, each in enumerate(self._case.messages) if each.role == "user"), default=0)
            line = self._case.messages[last].model_copy(update={"content": text})
            return self._case.model_copy(update={"messages": (*self._case.messages[:last], line)})
        known = self._asked[after.id]
        return known.model_copy(update={"messages": (*known.messages, *after.said_to(known), line)})


def _object(text: str) -> Mapping[str, JsonValue] | None:
    try:
        read = json.loads(without_code_fence(text))
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, JsonValue]", read) if isinstance(read, dict) else None


def _lack(found: Mapping[str, JsonValue], schema: Mapping[str, JsonValue]) -> str:
    """What an answer lacks of a flat schema of texts and truth values; empty where it has all."""
    kinds = {"string": str, "boolean": bool}
    wanted = cast("Mapping[str, Mapping[str, str]]", schema["properties"])
    for name, told in wanted.items():
        value = found.get(name)
        if not isinstance(value, kinds[told["type"]]) or (told["type"] == "string" and not str(value).strip()):
            return f"{name} is missing, or no {told['type']}"
    return ""
