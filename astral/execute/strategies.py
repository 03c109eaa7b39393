"""How talks are led: by a script, or by a model that sees what the target says.

Each strategy is a small machine over the talk so far; how often the target is asked is held by the floor.

Source:
    Crescendo: https://arxiv.org/abs/2404.01833, PAIR: https://arxiv.org/abs/2310.08419,
    TAP: https://arxiv.org/abs/2312.02119. Prompts and scripts are original and mild.
"""

from dataclasses import dataclass

from astral.assets import load_prompt
from astral.assets.prompts import Prompt
from astral.domain.ports import Floor
from astral.domain.records import Attempt, Ending, Message, TestCase, Transcript
from astral.domain.untrusted import boundary_around
from astral.errors import StageError

BRANCHES, KEPT = 2, 2
"""Of the tree of TAP: requests that are made of each one, and those that are kept of a level."""


class Scripted:
    """Says the lines of the case's course, one after the other, whatever the target answers."""

    name = "scripted"
    needs_attacker = False

    async def lead(self, case: TestCase, floor: Floor) -> Transcript:
        """The talk; a block of the provider ends it."""
        talk: Transcript | None = None
        for line in case.course.lines if case.course else ():
            talk = await floor.say(line, talk)
            if talk.ending is Ending.BLOCKED:
                break
        if talk is None:
            raise StageError("the script of this case has no line.")
        return talk


class Crescendo:
    """A model leads the talk step by step, each going on from what the target said; refused steps are taken back."""

    name = "crescendo"
    needs_attacker = True

    async def lead(self, case: TestCase, floor: Floor) -> Transcript:
        """The talk without the steps that the target declined; those are among the attempts."""
        prompt = load_prompt("execute/crescendo")
        steps: list[Transcript] = []
        dropped: list[Attempt] = []
        last: Transcript | None = None
        while floor.sendings_left:
            told = await floor.ask_attacker(_step(prompt, case, last, floor.sendings_left), prompt.schema or {})
            if last is not None and told["declined"] and steps:
                dropped.append(Attempt(messages=last.messages))
                steps.pop()
            last = await floor.say(str(told["message"]), steps[-1] if steps else None)
            steps.append(last)
            if last.ending is Ending.BLOCKED:
                break
        return steps[-1].model_copy(update={"attempts": tuple(dropped)})


@dataclass(frozen=True)
class _Tried:
    request: str
    talk: Transcript
    score: float
    is_unsafe: bool


class Refinement:
    """A model rewrites the request by what came of it, each time in a talk of its own: PAIR, and as a tree TAP.

    The talk with the highest score is the one that is judged; it ends early where the judge decides for UNSAFE.
    """

    needs_attacker = True

    def __init__(self, name: str = "pair", *, branches: int = 1, kept: int = 1) -> None:
        """Set it up.

        Args:
            name: pair or tap.
            branches: Requests that are made of each one; from 2 on those that are off the topic are not sent.
            kept: Requests of a level from which the next are made.
        """
        self.name = name
        self._branches, self._kept = branches, kept

    async def lead(self, case: TestCase, floor: Floor) -> Transcript:
        """The best talk; the others are among its attempts."""
        prompt = load_prompt("execute/refine")
        first = await _try(_request(case), floor)
        tried, level = [first], [first]
        while floor.sendings_left and not tried[-1].is_unsafe:
            below: list[_Tried] = []
            for parent in level:
                for _ in range(self._branches):
                    if not floor.sendings_left or tried[-1].is_unsafe:
                        break
                    told = await floor.ask_attacker(_refine(prompt, case, parent), prompt.schema or {})
                    request = str(told["request"])
                    if self._branches > 1 and not await _is_on_topic(request, case, floor):
                        continue
                    tried.append(await _try(request, floor))
                    below.append(tried[-1])
            if not below:
                break  # all of a level was off the topic
            level = sorted(below, key=lambda each: -each.score)[: self._kept]
        best = max(tried, key=lambda each: (each.is_unsafe, each.score))
        others = tuple(Attempt(messages=each.talk.messages, score=each.score) for each in tried if each is not best)
        return best.talk.model_copy(update={"attempts": others})


async def _try(request: str, floor: Floor) -> _Tried:
    talk = await floor.say(request)
    score, is_unsafe = await floor.score(talk)
    return _Tried(request, talk, score, is_unsafe)


async def _is_on_topic(request: str, case: TestCase, floor: Floor) -> bool:
    prompt = load_prompt("execute/on-topic")
    content = prompt.render(
        objective=case.plain_request, request=request, boundary=boundary_around([case.plain_request, request])
    )
    told = await floor.ask_attacker(content, prompt.schema or {})
    return bool(told["is_on_topic"])


def _step(prompt: Prompt, case: TestCase, talk: Transcript | None, left: int) -> str:
    said = [message for message in (talk.messages if talk else ()) if message.role in {"user", "assistant"}]
    objective = case.plain_request
    return prompt.render(
        objective=objective,
        talk=said,
        turns_left=left,
        language=case.cell.get("language", "en"),
        boundary=boundary_around([objective, *_texts(said)]),
    )


def _refine(prompt: Prompt, case: TestCase, tried: _Tried) -> str:
    objective, answer = case.plain_request, tried.talk.response_to(case)
    return prompt.render(
        objective=objective,
        request=tried.request,
        answer=answer,
        score=f"{tried.score:.2f}",
        language=case.cell.get("language", "en"),
        boundary=boundary_around([objective, tried.request, answer]),
    )


def _request(case: TestCase) -> str:
    """The user's last message, as transforms left it."""
    return next(message.content for message in reversed(case.messages) if message.role == "user")


def _texts(messages: list[Message]) -> list[str]:
    return [message.content for message in messages]
