"""Transforms of a test case: its last request is rewritten, and put into a frame of one or several messages."""

import random
from collections.abc import Callable, Sequence
from typing import cast

from astral.assets import load_transform_file
from astral.domain.records import AppliedTransform, Message, TestCase
from astral.errors import StageError
from astral.generate.transforms.rewriting import Note, Rewriting

SLOT = "{request}"
Frame = tuple[Message, ...]
Frames = Callable[[str, random.Random], Sequence[Frame]]
"""Language → the frames among which one is chosen; none where the request stands by itself."""

_IS_FIRST = "is_first"
"""Key of a note: the request stood plainly before this step."""
WORDS_PER_TOKEN = 0.75
"""English words of a token, as the makers of tokenisers give it; fillers are measured in words."""


class Reshaped:
    """A transform that needs no model."""

    def __init__(
        self,
        name: str,
        rewriting: Rewriting | None = None,
        frames: Frames | None = None,
        *,
        default_language: str = "en",
    ) -> None:
        """Set the transform up.

        Args:
            name: Its name; frames are found by it where none are given.
            rewriting: What is done to the request itself.
            frames: What is put around it.
            default_language: Language of frames for cells that have no such dimension.
        """
        self.name = name
        self._rewriting, self._frames, self._default_language = rewriting, frames, default_language

    async def apply(self, case: TestCase, *, seed: int) -> TestCase:
        """The case, reshaped.

        Raises:
            StageError: It has no message of a user, or that has a picture.
        """
        rng = random.Random(f"{self.name} {seed}")
        place = last_request(case)
        if case.messages[place].pictures:
            raise StageError(f"{self.name} cannot change what a picture shows: put the picture last.")
        text, note = case.messages[place].content, cast("Note", {})
        if self._rewriting is not None:
            text, note = self._rewriting.rewrite(text, rng)
        frame, framing = _framed(text, self._frame(case, rng))
        messages = (*case.messages[:place], *frame, *case.messages[place + 1 :])
        return transformed(
            case, messages, AppliedTransform(name=self.name, seed=seed, note={**note, "frame": [place, *framing]})
        )

    def undo(self, case: TestCase) -> TestCase | None:
        """The case before; None where this transform was not the last one."""
        applied = case.lineage.transforms[-1:]
        if not applied or applied[0].name != self.name:
            return None
        note = applied[0].note
        place, count, slot, start, length = cast("list[int]", note["frame"])
        text = case.messages[place + slot].content[start : start + length]
        if self._rewriting is not None:
            text = self._rewriting.restore(text, note)
        messages = (
            *case.messages[:place],
            Message(role="user", content=text),
            *case.messages[place + count :],
        )
        return before(case, messages)

    def _frame(self, case: TestCase, rng: random.Random) -> Frame:
        language = case.cell.get("language", self._default_language)
        frames = (
            load_transform_file(language).frames.get(self.name.partition(":")[0], ())
            if self._frames is None
            else self._frames(language, rng)
        )
        return rng.choice(list(frames)) if frames else (Message(role="user", content=SLOT),)


def filler_frames(argument: str, *, after: int) -> Frames:
    """Frames of neutral sentences around a request, as many as the argument says.

    Args:
        argument: Tokens of the filler, about; 1000 where it is empty.
        after: Which of the filler's halves stand behind the request: 0 none, 1 the second one, 2 both.

    Raises:
        ValueError: The argument is no positive number.
    """
    words_wanted = int(argument or "1000") * WORDS_PER_TOKEN
    if words_wanted <= 0:
        raise ValueError(f"a filler of {argument} tokens")

    def frames(language: str, rng: random.Random) -> Sequence[Frame]:
        sentences = load_transform_file(language).filler
        paragraphs: list[str] = []
        words = 0.0
        while words < words_wanted:
            chosen = rng.sample(sentences, min(5, len(sentences)))
            paragraphs.append(" ".join(chosen))
            # Scripts without spaces: five letters are taken for a word.
            words += sum(max(len(sentence.split()), len(sentence) / 6) for sentence in chosen)
        cut = {0: len(paragraphs), 1: len(paragraphs) // 2, 2: 0}[after]
        text = "\n\n".join([*paragraphs[:cut], SLOT, *paragraphs[cut:]])
        return [(Message(role="user", content=text),)]

    return frames


def last_request(case: TestCase) -> int:
    """Place of the user's last message.

    Raises:
        StageError: There is none.
    """
    places = [place for place, message in enumerate(case.messages) if message.role == "user"]
    if not places:
        raise StageError("no message of this case is a user's, so there is no request to transform.")
    return places[-1]


def transformed(case: TestCase, messages: Sequence[Message], applied: AppliedTransform) -> TestCase:
    """The case with other messages, and in its lineage what was done and what was asked plainly."""
    lineage = case.lineage
    step = applied.model_copy(update={"note": {**applied.note, _IS_FIRST: not lineage.plain}})
    update = {"transforms": (*lineage.transforms, step), "plain": case.plain_request}
    return case.model_copy(update={"messages": tuple(messages), "lineage": lineage.model_copy(update=update)})


def before(case: TestCase, messages: Sequence[Message]) -> TestCase:
    """The case with the messages that it had before the last transform of its lineage."""
    *earlier, last = case.lineage.transforms
    update: dict[str, object] = {"transforms": tuple(earlier)}
    if last.note[_IS_FIRST]:
        update["plain"] = ""
    return case.model_copy(update={"messages": tuple(messages), "lineage": case.lineage.model_copy(update=update)})


def _framed(text: str, frame: Frame) -> tuple[Frame, list[int]]:
    """The frame with the text in its slot, and where that is: messages, the one with the text, start and length."""
    (slot,) = [place for place, message in enumerate(frame) if SLOT in message.content]
    start = frame[slot].content.index(SLOT)
    filled = Message(role=frame[slot].role, content=frame[slot].content.replace(SLOT, text, 1))
    return (*frame[:slot], filled, *frame[slot + 1 :]), [len(frame), slot, start, len(text)]
