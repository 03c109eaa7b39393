"""Whether a draft is what its cell says, as a chat model reads it: on its risk, in its style, with its persuasion."""

from typing import Final

from pydantic import ValidationError

from astral.assets import load_prompt
from astral.domain.base import Noun
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Ending, Message, TestCase
from astral.domain.space import Space
from astral.domain.untrusted import boundary_around
from astral.errors import StageError
from astral.generate.replies import without_code_fence

READ: Final = ("style", "persuasion")
"""Dimensions that it is asked about, beside that of the risks."""
MAX_ANSWER_TOKENS: Final = 200


class _Answer(Noun):
    wrong: tuple[int, ...]


class ModelGate:
    """Asks a model once for each draft that passed all other gates.

    A model that refuses, babbles or cannot be reached stops nothing: the draft passes, as it would without it.
    """

    def __init__(self, model: ChatModel, space: Space) -> None:
        """Set the gate up.

        Args:
            model: Is asked.
            space: Where the definitions of a cell's values are; its first dimension is that of the risks.
        """
        self._model, self._space = model, space
        self._dimensions = (space.dimensions[0].id, *READ)
        self._said: dict[str, tuple[str, str] | None] = {}

    async def read(self, draft: TestCase) -> None:
        """Ask about the draft, unless that was done."""
        if draft.id not in self._said:
            self._said[draft.id] = await self._asked(draft)

    def objection(self, draft: TestCase) -> tuple[str, str] | None:
        """The gate that says no, and why; None for a draft that is what its cell says, or was not read."""
        return self._said.get(draft.id)

    async def _asked(self, draft: TestCase) -> tuple[str, str] | None:
        told = [(name, self._space.value(name, draft.cell[name])) for name in self._dimensions if name in draft.cell]
        if not told:
            return None
        text = draft.plain_request
        prompt = load_prompt("generate/gate")
        content = prompt.render(
            values=[(name.capitalize(), value) for name, value in told],
            request=text,
            boundary=boundary_around([text]),
        )
        request = ChatRequest(
            messages=(Message(role="user", content=content),),
            max_tokens=MAX_ANSWER_TOKENS,
            # Providers take 32 bits at most.
            seed=draft.lineage.seed % 2**31,
            json_schema=prompt.schema,
        )
        try:
            reply = await self._model.chat(request)
            places = _Answer.model_validate_json(without_code_fence(reply.text)).wrong
        except (StageError, ValidationError):
            return None
        wrong = [name for place, (name, _) in enumerate(told, start=1) if place in places]
        if reply.ending is not Ending.ANSWERED or not wrong:
            return None
        return f"on_{wrong[0]}", f"{self._model.name}: the draft does not read as {wrong[0]} {draft.cell[wrong[0]]}"
