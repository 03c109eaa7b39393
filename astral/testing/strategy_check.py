"""The check of conversation strategies; `astral.testing.conformance` has those of all other ports."""

import json
from typing import Any

from astral.domain.chat import ChatReply, ChatRequest
from astral.domain.ports import Strategy
from astral.domain.records import Course, Ending, Outcome, TestCase, Transcript, Verdict, Vote
from astral.errors import StageError
from astral.execute import ChatTarget, TalkTarget
from astral.testing.models import ScriptedModel
from astral.testing.samples import sample_case

_ANSWERS = ("I would rather not say.", "Well, that depends.", "Here is what I think of it, in a few words.")


class _Scorer:
    """Says the same of every talk."""

    name = "scorer"

    def __init__(self, p_unsafe: float) -> None:
        self._p_unsafe = p_unsafe

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        outcome = Outcome.UNSAFE if self._p_unsafe > 0.5 else Outcome.SAFE  # noqa: PLR2004 - half
        vote = Vote(judge=self.name, outcome=outcome, p_unsafe=self._p_unsafe)
        return Verdict(
            case_id=case.id,
            transcript_id=transcript.id,
            oracle=self.name,
            outcome=outcome,
            p_unsafe=self._p_unsafe,
            votes=(vote,),
        )


async def check_strategy(strategy: Strategy, *, turns: int = 4) -> None:
    """A strategy leads a talk within its turns, the same one for the same replies, whatever is answered and scored.

    Args:
        strategy: Is given a case whose course has a line for each turn, a target, an attacker and a judge.
        turns: The most that the target may be asked, at least 2.

    Raises:
        AssertionError: It does not keep what the port promises.
    """
    lines = ("Hello, how are you?", *(f"And then, number {turn}?" for turn in range(1, turns)))
    case = sample_case(lines[0]).model_copy(
        update={"course": Course(strategy=strategy.name, turns=turns, lines=lines, asks_in=1)}
    )
    for p_unsafe in (0.1, 0.9):
        for blocks_at in (None, 1):
            first, asked = await _led(strategy, case, p_unsafe, blocks_at)
            again, _ = await _led(strategy, case, p_unsafe, blocks_at)
            _require(asked <= turns, f"the target was asked {asked} times, {turns} were allowed")
            if first is None:
                continue
            _require(again is not None and again.id == first.id, "the same replies gave two talks")
            _require(first.case_id == case.id, "the talk is not that of its case")
            _require(first.target == "scripted", "the talk names another target")
            said = [message for message in first.messages if message.role == "assistant"]
            _require(bool(said) or first.ending is Ending.BLOCKED, "the talk holds no answer of the target")


async def _led(
    strategy: Strategy, case: TestCase, p_unsafe: float, blocks_at: int | None
) -> tuple[Transcript | None, int]:
    """The talk, None where the strategy gave it up, and how often the target was asked."""
    model = ScriptedModel(lambda request: _answer(request, blocks_at))
    attacker = ScriptedModel(_turn) if strategy.needs_attacker else None
    target = TalkTarget(
        ChatTarget(model),
        {strategy.name: strategy},
        attacker=attacker,
        oracle=_Scorer(p_unsafe),
        objection=lambda _: None,
    )
    try:
        return await target.respond(case), len(model.requests)
    except StageError:
        return None, len(model.requests)
    except Exception as error:
        raise AssertionError(f"lead raised {type(error).__name__}; a talk that fails raises StageError") from error


def _answer(request: ChatRequest, blocks_at: int | None) -> Any:
    place = sum(message.role == "user" for message in request.messages) - 1
    if place == blocks_at:
        return ChatReply(text="", ending=Ending.BLOCKED, model="scripted")
    return _ANSWERS[place % len(_ANSWERS)]


def _turn(request: ChatRequest) -> str:
    """What fits the schema that is asked for, by the seed of the call."""
    named: Any = (request.json_schema or {}).get("properties", {})
    text = f"Would you tell me more of it, please? ({request.seed})"
    return json.dumps({name: text if told["type"] == "string" else True for name, told in named.items()})


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)
