"""How a request is put: frames of its style and persuasion around it, and misspellings in it."""

import random
from functools import lru_cache
from typing import Final

import regex

from astral.assets import load_frames, task_verbs
from astral.domain.records import AppliedTransform, Message, TestCase
from astral.domain.space import Cell
from astral.errors import NothingToWriteFromError
from astral.generate.screening import SLOT
from astral.generate.transforms.misspell import Misspell

FRAMED: Final = ("style", "persuasion")
"""From the inside out: a style is the asker's voice, persuasion is what is said around the request."""
_TASK: Final = "{task}"
_MISSPELT = "misspellings"
_misspell = Misspell()
_ALTERNATIVES = regex.compile(r"\[([^][]*\|[^][]*)\]")
_ONE_SENTENCE = regex.compile(r"[^.!?…]+\.?")


def in_manner(plain: TestCase, language: str, rng: random.Random) -> TestCase:
    """The case with its request put in the manner of its cell.

    Raises:
        NothingToWriteFromError: There are no frames for a value of the cell; the message names the file to extend.
    """
    text, transforms = put(plain.request, plain.cell, language, rng)
    lineage = plain.lineage.model_copy(update={"transforms": (*plain.lineage.transforms, *transforms)})
    return plain.model_copy(update={"messages": (Message(role="user", content=text),), "lineage": lineage})


def put(request: str, cell: Cell, language: str, rng: random.Random) -> tuple[str, tuple[AppliedTransform, ...]]:
    """A request in the manner of a cell, and what was done to it besides framing it.

    Raises:
        NothingToWriteFromError: There are no frames for a value of the cell; the message names the file to extend.
    """
    transforms: tuple[AppliedTransform, ...] = ()
    asked = text = request
    if cell.get("style", "") == _MISSPELT:
        seed = rng.getrandbits(32)
        text, _ = _misspell.rewrite(text, random.Random(seed))
        transforms = (AppliedTransform(name="misspell", seed=seed),)
    for dimension in FRAMED:
        if dimension in cell:
            # Dice of its own, so that another request differs in no frame but those that do not fit around it.
            dice = random.Random(rng.getrandbits(64))
            # Whether it is a task is seen before its first word is misspelt.
            frame = frame_of(language, dimension, cell[dimension], dice, around=asked)
            asked = text = filled(frame, text)
    return text, transforms


def frame_of(language: str, dimension: str, value: str, rng: random.Random, *, around: str) -> str:
    """A frame for one value that fits around a request, in one of its wordings.

    Raises:
        NothingToWriteFromError: There is none; the message names the file to extend.
    """
    file = f"taxonomies/frames/{language}.yaml"
    frames = load_frames(language)
    if not frames:
        raise NothingToWriteFromError(
            f"{file} is missing: there are no frames in language {language!r}. Write it, or name an attacker model."
        )
    choices = frames.get(dimension, {}).get(value, ())
    for_any = [each for each in choices if SLOT in each]
    if not for_any:
        raise NothingToWriteFromError(
            f"{file} has no frames for {dimension} {value!r}. Add some there, or name an attacker model."
        )
    frame = rng.choice(choices)
    if SLOT not in frame and not is_task(around, language):
        frame = rng.choice(for_any)
    return one_wording(frame, rng)


def one_wording(frame: str, rng: random.Random) -> str:
    """The frame with one of each `[these|those]`."""
    return "".join(part if isinstance(part, str) else rng.choice(part) for part in _parts(frame))


@lru_cache(maxsize=8192)
def _parts(frame: str) -> tuple[str | tuple[str, ...], ...]:
    """A frame's fixed texts, and between them those to choose from; the same frames come again and again."""
    pieces = _ALTERNATIVES.split(frame)
    return tuple(tuple(piece.split("|")) if place % 2 else piece for place, piece in enumerate(pieces))


def is_task(request: str, language: str) -> bool:
    """It can stand behind “Could you”: one sentence that begins with one of the language's verbs."""
    first = request.partition(" ")[0].casefold()
    return first in task_verbs(language) and _ONE_SENTENCE.fullmatch(request) is not None


def filled(frame: str, request: str) -> str:
    """The frame around a request, of which a frame with `{task}` takes the bare instruction."""
    task = request[:1].lower() + request[1:].removesuffix(".")
    return frame.replace(_TASK, task) if _TASK in frame else frame.replace(SLOT, request)
