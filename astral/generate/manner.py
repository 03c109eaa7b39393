"""How a request is put: frames of its style and persuasion around it, and misspellings in it."""

import random
from dataclasses import dataclass

from astral.assets import load_frames
from astral.domain.records import AppliedTransform, Message, TestCase
from astral.domain.space import Cell
from astral.errors import NothingToWriteFromError
from astral.generate.screening import SLOT
from astral.generate.transforms.misspell import Misspell

FRAMED = ("style", "persuasion")
"""From the inside out: a style is the asker's voice, persuasion is what is said around the request."""
_MISSPELT = "misspellings"
_misspell = Misspell()


@dataclass(frozen=True)
class Manner:
    """A choice of frames, and the seed of misspellings where there are any."""

    frames: tuple[str, ...]
    misspelling_seed: int | None

    def put_on(self, plain: TestCase) -> TestCase:
        """The case with its request put in this manner."""
        text, transforms = plain.request, plain.lineage.transforms
        if self.misspelling_seed is not None:
            text, _ = _misspell.rewrite(text, random.Random(self.misspelling_seed))
            transforms = (*transforms, AppliedTransform(name="misspell", seed=self.misspelling_seed))
        for frame in self.frames:
            text = frame.replace(SLOT, text)
        lineage = plain.lineage.model_copy(update={"transforms": transforms})
        return plain.model_copy(update={"messages": (Message(role="user", content=text),), "lineage": lineage})


def manner_of(cell: Cell, language: str, rng: random.Random) -> Manner:
    """A manner that fits the cell.

    Raises:
        NothingToWriteFromError: There are no frames for a value of the cell; the message names the file to extend.
    """
    frames = tuple(frame_of(language, each, cell[each], rng) for each in FRAMED if each in cell)
    seed = rng.getrandbits(32)
    return Manner(frames, seed if cell.get("style", "") == _MISSPELT else None)


def frame_of(language: str, dimension: str, value: str, rng: random.Random) -> str:
    """A frame for one value.

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
    if not choices:
        raise NothingToWriteFromError(
            f"{file} has no frames for {dimension} {value!r}. Add some there, or name an attacker model."
        )
    return rng.choice(choices)
