"""Test cases written by an attacker model."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from astral.assets import load_prompt
from astral.assets.prompts import Prompt
from astral.domain.base import content_id
from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.drafting import Ask, Drafted
from astral.domain.ports import ChatModel, EvidenceSource, Generator
from astral.domain.records import Evidence, Lineage, Message, TestCase
from astral.domain.space import Cell, Space, Value
from astral.domain.untrusted import boundary_around
from astral.errors import AttackerRefusedError, MalformedDraftError, NothingToWriteFromError, StageError
from astral.generate.duplicates import normalised
from astral.generate.replies import requests_in

PASSAGES = 3
"""Entries, and passages, that a request is grounded on at most."""
FEW_SHOT = 2
"""Composed examples of a cell at most."""

# Another seed asks for another setting, so that a model without a seed of its own still writes another request.
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


@dataclass(frozen=True)
class Brief:
    """What an attacker is told about one request; the prompt reads it by these names."""

    ask: Ask
    risk: Value
    language: str
    """Its name."""
    manner: Sequence[tuple[str, Value]]
    """Every other dimension of the cell, style and persuasion among them."""
    setting: str
    has_examples: bool
    """The examples of the values are shown."""
    few_shot: Sequence[str]
    """Requests of the same cell that people wrote."""
    evidence: tuple[Evidence, ...]
    parents: Sequence[TestCase] = ()
    """Cases that were answered unsafely; the request is to be of their kind."""

    @property
    def untrusted(self) -> list[str]:
        """All texts that people or models outside of astral may have written."""
        return [
            *(each.title + each.date + each.text for each in self.evidence),
            *(each.plain_request for each in self.parents),
        ]

    @property
    def examples(self) -> list[str]:
        """The nearest entries: requests on the same risk."""
        return [each.text for each in self.evidence if each.kind == "corpus"]

    @property
    def passages(self) -> list[Evidence]:
        """What may make the request topical."""
        return [each for each in self.evidence if each.kind != "corpus"]


class LLMAttacker:
    """The generator that asks a model for requests which a target should decline; never for the harmful answer.

    One call writes a request for each of several asks, where that many come together. What the model declines is asked
    for once more, with what it is for, and milder; then the attacker gives up on it.
    """

    def __init__(
        self,
        model: ChatModel,
        space: Space,
        *,
        mode: str = "rag-fs",
        evidence: Sequence[EvidenceSource] = (),
        few_shot: Generator | None = None,
        batch_size: int = 1,
        max_tokens: int = 400,
        temperature: float | None = None,
        risk_dimension: str = "risk",
        default_language: str = "English",
    ) -> None:
        """Set the attacker up.

        Args:
            model: Has the role `attacker`.
            space: Where definitions and examples of a cell's values are.
            mode: Goes into the name, as `rag-fs:openai:NAME`.
            evidence: What requests are grounded on; entries of kind `corpus` become examples, others passages.
            few_shot: Writes examples of a cell, in its language; without it no examples of any value are shown.
            batch_size: Requests that one call is asked for at most.
            max_tokens: Longest answer for each of them.
            temperature: In [0, 2]; None leaves it to the provider.
            risk_dimension: The dimension whose value the request is about.
            default_language: Name of the language of cells that have no such dimension.
        """
        self.name = f"{mode}:{model.name}"
        self.batch_size = batch_size
        self._model = model
        self._space = space
        self._evidence = tuple(evidence)
        self._few_shot = few_shot
        self._max_tokens = max_tokens
        self._temperature = temperature
        self._risk_dimension = risk_dimension
        self._default_language = default_language

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Have a draft written.

        Raises:
            AttackerRefusedError: The model will not, in neither way of asking.
            MalformedDraftError: What it said holds no request, or one that it was shown.
            StageError: It could not be reached, or the cell has no risk.
        """
        (drafted,) = await self.write([Ask(cell, seed)])
        if isinstance(drafted.result, StageError):
            raise drafted.result
        return drafted.result

    async def write(self, asks: Sequence[Ask]) -> Sequence[Drafted]:
        """What came of each ask, in their order."""
        results: dict[int, TestCase | StageError] = {}
        briefs: dict[int, Brief] = {}
        for place, ask in enumerate(asks):
            try:
                briefs[place] = await self._brief(ask)
            except NothingToWriteFromError as error:
                results[place] = error
        calls = 0
        if briefs:
            calls += 1
            results |= await self._ask(briefs, load_prompt("generate/attack"))
        refused = {place: briefs[place] for place in briefs if isinstance(results[place], AttackerRefusedError)}
        if refused:
            calls += 1
            results |= await self._ask(refused, load_prompt("generate/attack"), load_prompt("generate/attack-again"))
        return [Drafted(results[place], calls=calls if place == 0 else 0) for place in range(len(asks))]

    async def _ask(
        self, briefs: dict[int, Brief], prompt: Prompt, again: Prompt | None = None
    ) -> dict[int, TestCase | StageError]:
        """What one call brings, by the places of the briefs."""
        told = list(briefs.values())
        content = prompt.render(
            requests=told,
            boundary=boundary_around(text for brief in told for text in brief.untrusted),
        )
        seeds = [brief.ask.seed for brief in told]
        request = ChatRequest(
            messages=(Message(role="user", content=again.render(task=content) if again else content),),
            max_tokens=self._max_tokens * len(told),
            temperature=self._temperature,
            # Providers take 32 bits at most.
            seed=(seeds[0] if len(seeds) == 1 else int(content_id(*seeds), 16)) % 2**31,
            json_schema=prompt.schema,
        )
        try:
            reply = await self._model.chat(request)
        except StageError as error:
            return dict.fromkeys(briefs, error)
        languages = [brief.ask.cell.get("language", "en") for brief in told]
        texts = requests_in(reply, languages, attacker=self._model.name)
        return {
            place: self._case(brief, text, reply, again or prompt)
            for (place, brief), text in zip(briefs.items(), texts, strict=True)
        }

    def _case(self, brief: Brief, text: str | StageError, reply: ChatReply, prompt: Prompt) -> TestCase | StageError:
        if isinstance(text, StageError):
            return text
        shown = chain(brief.few_shot, brief.examples, (each.plain_request for each in brief.parents))
        if normalised(text) in map(normalised, shown):
            return MalformedDraftError(f"the attacker {self._model.name} repeated an example that it was shown.")
        return TestCase(
            messages=(Message(role="user", content=text),),
            cell=brief.ask.cell,
            lineage=Lineage(
                generator=self.name,
                model=reply.model,
                prompt=prompt.ref,
                seed=brief.ask.seed,
                evidence=brief.evidence,
                parent=brief.parents[0].id if brief.parents else "",
            ),
        )

    async def _brief(self, ask: Ask) -> Brief:
        """What the model is told about one request."""
        rng = random.Random(ask.seed)
        cell = ask.cell
        if self._risk_dimension not in cell:
            raise NothingToWriteFromError(
                f"the attacker needs a value of {self._risk_dimension!r}, the cell {cell} has none."
            )
        risk = self._space.value(self._risk_dimension, cell[self._risk_dimension])
        told_apart = {self._risk_dimension, "language"}
        evidence = await self._found(cell, risk, rng)
        return Brief(
            ask=ask,
            risk=risk,
            language=self._space.value("language", cell["language"]).name
            if "language" in cell
            else self._default_language,
            manner=[(name, self._space.value(name, value)) for name, value in cell.values if name not in told_apart],
            setting=rng.choice(_SETTINGS),
            has_examples=self._few_shot is not None,
            few_shot=await self._examples_of(cell, rng),
            evidence=tuple(evidence),
        )

    async def _found(self, cell: Cell, risk: Value, rng: random.Random) -> list[Evidence]:
        found: list[Evidence] = []
        for source in self._evidence:
            nearest = await source.search(risk.definition, cell=cell, limit=2 * PASSAGES)
            passages = sorted(nearest, key=lambda each: each.digest)
            found += rng.sample(passages, min(PASSAGES, len(passages)))
        return found

    async def _examples_of(self, cell: Cell, rng: random.Random) -> list[str]:
        """Requests of this very cell, in its language; none where people wrote none in it."""
        if self._few_shot is None:
            return []
        try:
            cases = [await self._few_shot.generate(cell, seed=rng.getrandbits(63)) for _ in range(FEW_SHOT)]
        except StageError:
            return []
        return list(dict.fromkeys(case.request for case in cases))
