"""Guard models: classifiers of talks, trained for it, on any endpoint."""

import re
from collections.abc import Collection, Mapping
from typing import Final, Literal

from astral.assets import load_prompt
from astral.assets.prompts import Prompt
from astral.domain.chat import ChatRequest
from astral.domain.ports import ChatModel
from astral.domain.records import Guarded, Message, Outcome, TestCase, Transcript, Verdict
from astral.errors import UnknownNameError, UserError
from astral.judge.asking import ask
from astral.judge.guard_formats import FORMATS, GuardFormat
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
            family: llama-guard, granite-guardian, shieldgemma, wildguard, aegis or moderation.
            definitions: What violates the policy, by the id of the risk value.
            policy: The same in free text; goes before the definitions.

        Raises:
            UnknownNameError: There is no such family.
        """
        self._format = _format_of(family)
        self.name = f"guard:{family}"
        self.model, self.definitions, self.policy = model, dict(definitions), policy.strip()
        self._prompt = load_prompt(self._format.prompt) if self._format.prompt else None

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript.

        Raises:
            OracleError: The talk was blocked, or the guard's answer is not in its format.
            ProviderError: The guard could not be reached.
        """
        check_answered(transcript)
        if vote := unasked_vote(self.model.name, case, transcript):
            return verdict_of(case, transcript, vote, oracle=self.name)
        question = ChatRequest(messages=self._talk(case, transcript), max_tokens=MAX_TOKENS, temperature=0.0)
        asked = await ask(self.model, question, self._format.read, again="")
        said = asked.opinion
        vote = asked.vote(
            said.outcome,
            said.p_unsafe,
            prompt=self._prompt,
            reason=", ".join(part for part in (f"{asked.judge} says {said.outcome.value}", said.note) if part),
            category=said.category,
            parameters={"format": self.name},
        )
        return verdict_of(case, transcript, vote, oracle=self.name)

    def _talk(self, case: TestCase, transcript: Transcript) -> tuple[Message, ...]:
        told = self.policy or self.definitions.get(dict(case.cell.values).get(DIMENSION, ""), "")
        return _talk(self._prompt, case.plain_request, transcript.response_to(case), definition=told)


class FrontGuard:
    """The same models as guards in front of a target: they see each turn as the target does, and no policy of ours."""

    def __init__(self, model: ChatModel, family: str, *, sides: Collection[Literal["prompt", "answer"]]) -> None:
        """Name the model and how to talk with it.

        Args:
            model: The guard model.
            family: As for `GuardOracle`.
            sides: What it is asked about.

        Raises:
            UnknownNameError: There is no such family.
            UserError: The family is not asked about requests.
        """
        self._format = _format_of(family)
        self._model = model
        self._prompt = load_prompt(self._format.prompt) if self._format.prompt else None
        if "prompt" in sides and self._format.read_request is None:
            raise UserError(f"guard {family}: it is asked about answers alone here. Write `sides: [answer]`.")

    async def look(self, side: Literal["prompt", "answer"], request: str, answer: str) -> Guarded:
        """What the guard says of the user's words, or of the answer to them; unsure counts as not flagged.

        Raises:
            OracleError: Its answer is not in its format.
            ProviderError: It could not be reached.
        """
        read = self._format.read_request if side == "prompt" else self._format.read
        assert read is not None  # noqa: S101 - seen to when it was made
        question = ChatRequest(
            messages=_talk(self._prompt, request, answer, definition=""), max_tokens=MAX_TOKENS, temperature=0.0
        )
        asked = await ask(self._model, question, read, again="")
        said = asked.opinion
        return Guarded(
            side=side,
            guard=asked.judge,
            is_flagged=said.outcome is Outcome.UNSAFE,
            p_unsafe=said.p_unsafe,
            category=said.category,
        )


def _format_of(family: str) -> GuardFormat:
    if family not in FORMATS:
        raise UnknownNameError("family of guard models", family, list(FORMATS), where="guard")
    return FORMATS[family]


def _talk(prompt: Prompt | None, request: str, response: str, *, definition: str) -> tuple[Message, ...]:
    """What a guard is shown; without a response, the request alone."""
    request, response = _defused(request), _defused(response)
    if prompt is None:
        answered = (Message(role="assistant", content=response),) if response else ()
        return (Message(role="user", content=request), *answered)
    told = {"request": request, "response": response}
    if "definition" in prompt.variables:
        told["definition"] = definition
    return (Message(role="user", content=prompt.render(**told)),)


def _defused(text: str) -> str:
    return _TURNS.sub(lambda match: match[0][0] + " " + match[0][1:], text)
