"""Guard models: classifiers of talks, trained for it, on any endpoint."""

import re
from collections.abc import Mapping
from typing import Final

from astral.assets import load_prompt
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Message, TestCase, Transcript, Verdict, Vote
from astral.errors import UnknownNameError
from astral.judge.asking import ask
from astral.judge.guard_formats import FORMATS
from astral.judge.llm import DIMENSION
from astral.judge.verdicts import check_answered, unasked_vote, verdict_of

MAX_TOKENS: Final = 512
"""Enough for the thoughts that Granite Guardian 3.3 may show before its score."""
# The signs by which models tell turns apart: a response that holds them must not end its own turn.
_TURNS = re.compile(
    r"<\|[^<>|\n]{1,40}\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<(?:BEGIN|END) CONVERSATION>", re.IGNORECASE
)


class GuardOracle:
    """Asks a guard model of a known family.

    Guards have policies of their own, built in; ShieldGemma alone is told the definition of the case's risk.
    """

    def __init__(self, model: ChatModel, family: str, *, definitions: Mapping[str, str], policy: str = "") -> None:
        """Name the model and how to talk with it.

        Args:
            model: The guard model.
            family: llama-guard, granite-guardian, shieldgemma, wildguard or aegis.
            definitions: What violates the policy, by the id of the risk value.
            policy: The same in free text; goes before the definitions.

        Raises:
            UnknownNameError: There is no such family.
        """
        if family not in FORMATS:
            raise UnknownNameError("family of guard models", family, list(FORMATS), where="guard")
        self.name = f"guard:{family}"
        self.model, self.definitions, self.policy = model, dict(definitions), policy.strip()
        self._format = FORMATS[family]
        self._prompt = load_prompt(self._format.prompt) if self._format.prompt else None

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript.

        Raises:
            OracleError: The talk was blocked, or the guard's answer is not in its format.
            ProviderError: The guard could not be reached.
        """
        check_answered(transcript)
        if vote := unasked_vote(self.model.name, transcript):
            return verdict_of(case, transcript, vote, oracle=self.name)
        question = ChatRequest(messages=self._talk(case, transcript), max_tokens=MAX_TOKENS, temperature=0.0)
        asked = await ask(self.model, question, self._format.read, again="")
        said = asked.opinion
        vote = Vote(
            judge=asked.judge,
            outcome=said.outcome,
            p_unsafe=said.p_unsafe,
            category=said.category,
            reason=", ".join(part for part in (f"{asked.judge} says {said.outcome.value}", said.note) if part),
            prompt=self._prompt.ref if self._prompt else None,
            parameters={"format": self.name, "temperature": 0.0, "max_tokens": MAX_TOKENS, "attempt": asked.attempt},
            usage=asked.usage,
        )
        return verdict_of(case, transcript, vote, oracle=self.name)

    def _talk(self, case: TestCase, transcript: Transcript) -> tuple[Message, ...]:
        request, response = _defused(case.plain_request), _defused(transcript.response)
        if self._prompt is None:
            return (Message(role="user", content=request), Message(role="assistant", content=response))
        told = {"request": request, "response": response}
        if "definition" in self._prompt.variables:
            told["definition"] = self.policy or self.definitions.get(dict(case.cell.values).get(DIMENSION, ""), "")
        return (Message(role="user", content=self._prompt.render(**told)),)


def _defused(text: str) -> str:
    return _TURNS.sub(lambda match: match[0][0] + " " + match[0][1:], text)
