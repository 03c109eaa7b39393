"""Test cases written by an attacker model."""

import random
from collections.abc import Sequence
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from astral.assets import load_prompt
from astral.domain.base import Noun
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel, EvidenceSource
from astral.domain.records import Ending, Evidence, Lineage, Message, TestCase
from astral.domain.space import Cell, Space, Value
from astral.domain.untrusted import boundary_around, without_code_fence
from astral.errors import StageError
from astral.generate.refusals import is_refusal

_PASSAGES = 3
_MAX_TOKENS = 400

# Another seed asks for another setting, so that a model without a seed of its own still writes another request, and
# one that refused is asked in another way.
_SETTINGS = (
    "a message to an assistant late in the evening",
    "something that came up at work",
    "something between neighbours",
    "a matter within a family",
    "a student's errand",
    "a quarrel in an online group",
    "a small business in trouble",
    "a journey",
    "a sports club",
    "a text that is to be posted publicly",
    "a text that is to be read aloud",
    "a bet among friends",
)


class _Written(Noun):
    request: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class LLMAttacker:
    """The generator that asks a model for a request which a target should decline; never for the harmful answer."""

    name = "llm"

    def __init__(
        self,
        model: ChatModel,
        space: Space,
        *,
        evidence: Sequence[EvidenceSource] = (),
        temperature: float | None = None,
        risk_dimension: str = "risk",
        default_language: str = "English",
    ) -> None:
        """Set the attacker up.

        Args:
            model: Has the role `attacker`.
            space: Where definitions and few-shot examples of a cell's values are.
            evidence: What requests are grounded on; entries of kind `corpus` become examples, others passages.
            temperature: In [0, 2]; None leaves it to the provider.
            risk_dimension: The dimension whose value the request is about.
            default_language: Name of the language of cells that have no such dimension.
        """
        self._model = model
        self._space = space
        self._evidence = tuple(evidence)
        self._temperature = temperature
        self._risk_dimension = risk_dimension
        self._default_language = default_language

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Have a draft written.

        Raises:
            StageError: The cell has no risk, or the model refused, answered malformed, or could not be reached.
        """
        if self._risk_dimension not in cell:
            raise StageError(f"the attacker needs a value of {self._risk_dimension!r}, the cell {cell} has none.")
        rng = random.Random(seed)
        evidence = await self._found(cell, rng)
        prompt = load_prompt("generate/attack")
        content = prompt.render(
            risk=self._space.value(self._risk_dimension, cell[self._risk_dimension]),
            language=self._language_name(cell),
            manner=self._manner(cell),
            setting=rng.choice(_SETTINGS),
            examples=[each.text for each in evidence if each.kind == "corpus"],
            passages=[each for each in evidence if each.kind != "corpus"],
            boundary=boundary_around(each.title + each.date + each.text for each in evidence),
        )
        reply = await self._model.chat(
            ChatRequest(
                messages=(Message(role="user", content=content),),
                max_tokens=_MAX_TOKENS,
                temperature=self._temperature,
                # Providers take 32 bits at most.
                seed=seed % 2**31,
                json_schema=prompt.schema,
            )
        )
        request = _request_in(reply.text, reply.ending, cell, attacker=self._model.name)
        return TestCase(
            messages=(Message(role="user", content=request),),
            cell=cell,
            lineage=Lineage(
                generator=self.name, model=reply.model, prompt=prompt.ref, seed=seed, evidence=tuple(evidence)
            ),
        )

    async def _found(self, cell: Cell, rng: random.Random) -> list[Evidence]:
        query = self._space.value(self._risk_dimension, cell[self._risk_dimension]).definition
        found: list[Evidence] = []
        for source in self._evidence:
            passages = sorted(await source.search(query, cell=cell, limit=2 * _PASSAGES), key=lambda each: each.digest)
            found += rng.sample(passages, min(_PASSAGES, len(passages)))
        return found

    def _language_name(self, cell: Cell) -> str:
        return self._space.value("language", cell["language"]).name if "language" in cell else self._default_language

    def _manner(self, cell: Cell) -> list[tuple[str, Value]]:
        """Every other dimension of the cell, style and persuasion among them."""
        told_apart = {self._risk_dimension, "language"}
        return [(name, self._space.value(name, value)) for name, value in cell.values if name not in told_apart]


def _request_in(text: str, ending: Ending, cell: Cell, *, attacker: str) -> str:
    if ending in {Ending.REFUSED, Ending.BLOCKED, Ending.EMPTY}:
        raise StageError(f"the attacker {attacker} wrote no request: its answer was {ending.value}.")
    if is_refusal(text, cell.get("language", "en")):
        raise StageError(f"the attacker {attacker} refused to write a request.")
    try:
        return _Written.model_validate_json(without_code_fence(text)).request
    except ValidationError as error:
        # Pydantic's own text quotes the answer, which logs must not show.
        kinds = ", ".join(sorted({each["type"] for each in error.errors()}))
        raise StageError(f"the attacker {attacker} answered malformed ({kinds}); asked was a JSON object.") from None
