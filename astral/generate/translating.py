"""Cases that are written in one language and translated into another, with a back-translation that tells how well."""

from collections.abc import Collection
from typing import Annotated, cast

from pydantic import StringConstraints, ValidationError

from astral.assets import load_prompt, load_taxonomy
from astral.domain.base import Noun
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel, Embedder, Generator
from astral.domain.records import AppliedTransform, Ending, Message, PromptRef, TestCase
from astral.domain.space import Cell, Value
from astral.domain.untrusted import boundary_around, without_code_fence
from astral.errors import ScreeningError, StageError
from astral.generate.refusals import is_refusal
from astral.generate.screening import TRANSLATION, Gates
from astral.generate.transforms.framing import before, last_request, transformed
from astral.generate.wrapping import Reworking

SOURCE_LANGUAGE = "en"
_MAX_TOKENS = 1000


class Translation(Noun):
    """A text in another language, and how it reads when it is translated back."""

    text: str
    back: str
    similarity: float
    """Cosine between the source and the back-translation, in [-1, 1]."""
    model: str
    prompt: PromptRef


class _Answer(Noun):
    translation: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Translator:
    """Asks a chat model for a translation and, in a talk of its own, for one back."""

    def __init__(self, model: ChatModel, embedder: Embedder) -> None:
        self._model, self._embedder = model, embedder
        self._languages = {value.id: value for value in load_taxonomy("languages").values}

    async def translate(self, text: str, language: str, *, seed: int) -> Translation:
        """Translate from English.

        Raises:
            StageError: The model refused, answered malformed, or could not be reached.
        """
        source, target = self._language(SOURCE_LANGUAGE), self._language(language)
        there, model = await self._asked(text, source, target, seed=seed)
        back, _ = await self._asked(there, target, source, seed=seed)
        one, other = self._embedder.embed([text, back], kind="query")
        return Translation(
            text=there,
            back=back,
            similarity=round(float(one @ other), 4),
            model=model,
            prompt=load_prompt("generate/translate").ref,
        )

    def _language(self, language: str) -> Value:
        return self._languages.get(language) or Value(id="other", name=language, definition=f"Text in {language}.")

    async def _asked(self, text: str, source: Value, target: Value, *, seed: int) -> tuple[str, str]:
        prompt = load_prompt("generate/translate")
        content = prompt.render(
            source=source.name,
            target=target.name,
            definition=target.definition,
            request=text,
            boundary=boundary_around([text]),
        )
        reply = await self._model.chat(
            ChatRequest(
                messages=(Message(role="user", content=content),),
                max_tokens=_MAX_TOKENS,
                # Providers take 32 bits at most.
                seed=seed % 2**31,
                json_schema=prompt.schema,
            )
        )
        told = f"the translator {self._model.name}"
        if reply.ending is not Ending.ANSWERED:
            raise StageError(f"{told} wrote no translation: its answer was {reply.ending.value}.")
        try:
            return _Answer.model_validate_json(without_code_fence(reply.text)).translation, reply.model
        except ValidationError:
            refused = is_refusal(reply.text, SOURCE_LANGUAGE)
            raise StageError(f"{told} {'refused to translate' if refused else 'answered malformed'}.") from None


class Translate:
    """The transform that translates a request; what it was is kept in the note."""

    def __init__(self, translator: Translator, language: str) -> None:
        self.name = f"{TRANSLATION}:{language}"
        self._translator, self._language = translator, language

    async def apply(self, case: TestCase, *, seed: int) -> TestCase:
        """The case with its last request in another language.

        Raises:
            StageError: There is no translation.
        """
        place = last_request(case)
        source = case.messages[place].content
        translation = await self._translator.translate(source, self._language, seed=seed)
        messages = (
            *case.messages[:place],
            Message(role="user", content=translation.text),
            *case.messages[place + 1 :],
        )
        return transformed(case, messages, _applied(self.name, source, translation, seed=seed))

    def undo(self, case: TestCase) -> TestCase | None:
        """The case before, which the note holds."""
        applied = case.lineage.transforms[-1:]
        if not applied or applied[0].name != self.name:
            return None
        place = last_request(case)
        source = Message(role="user", content=cast("str", applied[0].note["source"]))
        return before(case, (*case.messages[:place], source, *case.messages[place + 1 :]))


class TranslatingGenerator(Reworking):
    """A generator whose cases are written in English for languages in which it cannot write, and then translated."""

    def __init__(self, inner: Generator, translator: Translator, *, native: Collection[str], gates: Gates) -> None:
        """Set it up.

        Args:
            inner: Writes the English draft.
            translator: Translates it.
            native: Languages in which `inner` writes itself; all others are translated.
            gates: What the English draft has to pass before it is sent to the translator: the child-safety screen
                knows no words of most languages.
        """
        super().__init__(inner)
        self._translator, self._native, self._gates = translator, native, gates

    def plain(self, cell: Cell) -> Cell:
        """The cell itself where the other one writes its language, else one without a language, which means English."""
        if cell.get("language", SOURCE_LANGUAGE) in self._native:
            return cell
        return Cell(values=tuple((name, value) for name, value in cell.values if name != "language"))

    async def rework(self, draft: TestCase, cell: Cell, *, seed: int) -> TestCase:
        """The draft in the language of its cell.

        Raises:
            ScreeningError: The English draft did not pass the gates.
            StageError: There is no translation.
        """
        if draft.cell == cell:
            return draft
        language = cell["language"]
        if rejection := self._gates.objection(draft):
            raise ScreeningError(f"the English draft for {language} was rejected: {rejection.gate}.")
        source = draft.request
        translation = await self._translator.translate(source, language, seed=seed)
        step = _applied(f"{TRANSLATION}:{language}", source, translation, seed=seed)
        lineage = draft.lineage.model_copy(update={"transforms": (*draft.lineage.transforms, step)})
        messages = (Message(role="user", content=translation.text),)
        return draft.model_copy(update={"messages": messages, "cell": cell, "lineage": lineage})


def _applied(name: str, source: str, translation: Translation, *, seed: int) -> AppliedTransform:
    note = {
        "source": source,
        "back": translation.back,
        "similarity": translation.similarity,
        "model": translation.model,
        "prompt": translation.prompt.model_dump(),
    }
    return AppliedTransform(name=name, seed=seed, note=note)
