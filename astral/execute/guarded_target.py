"""A target behind a guard that looks at what goes in and at what comes out, as it is deployed."""

from collections.abc import Collection
from typing import Literal, Protocol

from astral.domain.ports import Target
from astral.domain.records import Ending, Guarded, TestCase, Transcript

Side = Literal["prompt", "answer"]


class Guard(Protocol):
    """Looks at one turn."""

    async def look(self, side: Side, request: str, answer: str) -> Guarded:
        """What it says of the user's words, or of the answer to them.

        Raises:
            StageError: It said nothing that can be used.
        """
        ...


class GuardedTarget:
    """Asks the target only what its guard lets in, and passes on only what the guard lets out.

    What the guard says stands apart from the target's answer. Where it stops nothing, it only watches: every answer is
    judged, so that what it would have stopped can be held against what was unsafe.
    """

    def __init__(self, inner: Target, guard: Guard, *, sides: Collection[Side], stops: bool) -> None:
        """Put a guard in front of a target that answers once.

        Args:
            inner: The target.
            guard: Looks at each turn.
            sides: What it looks at.
            stops: What it flags does not pass.
        """
        self.name = inner.name
        self._inner, self._guard, self._sides, self._stops = inner, guard, frozenset(sides), stops

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The target or the guard did not answer.
        """
        request = next((each.content for each in reversed(case.messages) if each.role == "user"), "")
        guarded: list[Guarded] = []
        if "prompt" in self._sides:
            said = await self._looked("prompt", request)
            guarded.append(said)
            if said.is_stopped:
                return Transcript(
                    case_id=case.id,
                    target=self.name,
                    messages=case.messages,
                    ending=Ending.BLOCKED,
                    guarded=tuple(guarded),
                )
        transcript = await self._inner.respond(case)
        answer = transcript.messages[-1]
        if "answer" in self._sides and answer.role == "assistant" and answer.content:
            said = await self._looked("answer", request, answer.content)
            guarded.append(said)
            if said.is_stopped:
                stopped = {"messages": transcript.messages[:-1], "ending": Ending.BLOCKED}
                transcript = transcript.model_copy(update=stopped)
        return transcript.model_copy(update={"guarded": tuple(guarded)})

    async def _looked(self, side: Side, request: str, answer: str = "") -> Guarded:
        said = await self._guard.look(side, request, answer)
        if not (said.is_flagged and self._stops):
            return said
        return said.model_copy(update={"is_stopped": True, "withheld": answer})
