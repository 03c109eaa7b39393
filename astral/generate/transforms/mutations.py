"""Mutations of manner: the same request in another style, or with a persuasion technique around it."""

import random
from collections.abc import Sequence
from typing import cast

from astral.assets import load_frames, load_prompt, load_taxonomy
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import AppliedTransform, Ending, Message, TestCase
from astral.domain.space import Value
from astral.domain.untrusted import boundary_around
from astral.errors import StageError
from astral.generate.manner import one_wording
from astral.generate.refusals import is_refusal
from astral.generate.transforms.framing import SLOT, Frame, Frames, Reshaped, before, last_request, transformed

_MAX_TOKENS = 400


def framed_mutation(name: str, dimension: str) -> Reshaped:
    """A mutation by the composer's own frames, in the languages that have them; no model is asked."""
    return Reshaped(name, frames=_composer_frames(name, dimension))


def _composer_frames(name: str, dimension: str) -> Frames:
    def frames(language: str, rng: random.Random) -> Sequence[Frame]:
        texts = load_frames(language).get(dimension, {}).get(name, ())
        if not texts:
            raise StageError(
                f"the transform {name!r} has no frames in language {language!r}. "
                f"Write taxonomies/frames/{language}.yaml, or name an attacker model, which then does the rewriting."
            )
        # Any text may have to stand there, so that frames for a bare instruction are left out.
        return [(Message(role="user", content=one_wording(text, rng)),) for text in texts if SLOT in text]

    return frames


class Rewritten:
    """A mutation by a model, as SORRY-Bench makes them."""

    def __init__(self, name: str, value: Value, rewriter: ChatModel) -> None:
        """Set the mutation up.

        Args:
            name: Its name.
            value: Says what the manner is.
            rewriter: The model that is asked.
        """
        self.name = name
        self._value, self._rewriter = value, rewriter

    async def apply(self, case: TestCase, *, seed: int) -> TestCase:
        """The case, rewritten.

        Raises:
            StageError: The model refused, or could not be reached.
        """
        place = last_request(case)
        text = case.messages[place].content
        prompt = load_prompt("generate/rewrite")
        content = prompt.render(value=self._value, request=text, boundary=boundary_around([text]))
        reply = await self._rewriter.chat(
            ChatRequest(messages=(Message(role="user", content=content),), max_tokens=_MAX_TOKENS, seed=seed % 2**31)
        )
        language = case.cell.get("language", "en")
        if reply.ending is not Ending.ANSWERED or is_refusal(reply.text, language):
            raise StageError(f"the rewriter {self._rewriter.name} did not rewrite the request ({reply.ending.value}).")
        message = Message(role="user", content=reply.text.strip())
        note = {"before": text, "model": reply.model, "prompt": prompt.ref.model_dump()}
        return transformed(
            case,
            (*case.messages[:place], message, *case.messages[place + 1 :]),
            AppliedTransform(name=self.name, seed=seed, note=note),
        )

    def undo(self, case: TestCase) -> TestCase | None:
        """The case before, which the note holds."""
        applied = case.lineage.transforms[-1:]
        if not applied or applied[0].name != self.name:
            return None
        place = last_request(case)
        message = Message(role="user", content=cast("str", applied[0].note["before"]))
        return before(case, (*case.messages[:place], message, *case.messages[place + 1 :]))


def mutation(name: str, dimension: str, rewriter: ChatModel | None) -> Reshaped | Rewritten:
    """A mutation by a model where there is one, else by frames.

    Args:
        name: A value of the taxonomy `styles` or `persuasion`.
        dimension: `style` or `persuasion`.
        rewriter: The model, if any.
    """
    if rewriter is None:
        return framed_mutation(name, dimension)
    taxonomy = load_taxonomy("styles" if dimension == "style" else dimension)
    (value,) = [value for value in taxonomy.values if value.id == name]
    return Rewritten(name, value, rewriter)
