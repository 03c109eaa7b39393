"""Transforms that give a request a picture: one that shows it, or one that has nothing to do with it."""

import random
from typing import Literal, cast

from astral.assets import load_transform_file
from astral.domain.messages import Message
from astral.domain.records import AppliedTransform, TestCase
from astral.errors import StageError
from astral.generate.pictures import leak, neutral, typographic
from astral.generate.transforms.framing import before, last_request, transformed

TYPOGRAPHIC, NEUTRAL = "typographic", "neutral_picture"
MOST_LEAKED = 0.34
"""Share of the request's words that the text beside its picture may hold: a request about answers, or about messages,
shares a word with every text that points to a picture."""


class Pictured:
    """The user's last request with a picture.

    typographic: the request stands in the picture, and the text beside it only points there. neutral_picture: the
    request stays in words, which is what the other one is compared with: what a picture alone changes.
    """

    def __init__(self, name: Literal["typographic", "neutral_picture"]) -> None:
        self.name = name

    async def apply(self, case: TestCase, *, seed: int) -> TestCase:
        """The case, pictured.

        Raises:
            StageError: It cannot be drawn, has a picture already, or the text beside it would give it away.
        """
        rng = random.Random(f"{self.name} {seed}")
        place = last_request(case)
        message = case.messages[place]
        if message.pictures:
            raise StageError("the request has a picture already.")
        text = message.content
        if self.name == TYPOGRAPHIC:
            picture, beside = typographic(text), rng.choice(load_transform_file(_language(case)).pointers)
        else:
            picture, beside = neutral(rng.getrandbits(32)), text
        leaked = leak(beside, text)
        if self.name == TYPOGRAPHIC and leaked > MOST_LEAKED:
            raise StageError(f"the text beside the picture tells {leaked:.0%} of the request's words.")
        written = Message(role="user", content=beside, pictures=(picture,))
        messages = (*case.messages[:place], written, *case.messages[place + 1 :])
        note = {"place": place, "request": text, "sha256": picture.digest, "leaked": round(leaked, 3)}
        return transformed(case, messages, AppliedTransform(name=self.name, seed=seed, note=note))

    def undo(self, case: TestCase) -> TestCase | None:
        """The case before; None where this transform was not the last one."""
        applied = case.lineage.transforms[-1:]
        if not applied or applied[0].name != self.name:
            return None
        place, text = cast("int", applied[0].note["place"]), cast("str", applied[0].note["request"])
        plain = Message(role="user", content=text)
        return before(case, (*case.messages[:place], plain, *case.messages[place + 1 :]))


def _language(case: TestCase) -> str:
    return case.cell.get("language", "en")
