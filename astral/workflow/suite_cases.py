"""Cases of a suite put to a target outside of a run: what pytest's tests are, and what shortens them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from astral.config import Environment, Settings
from astral.domain.base import Noun
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Oracle, Target
from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.domain.space import Space
from astral.errors import StageError
from astral.execute import FunctionTarget
from astral.judge import OverRefusalOracle
from astral.plugins import PartContext, Port, make_part
from astral.report.repeated import outcome_of
from astral.report.statistics import Rate
from astral.report.words import rate_text
from astral.workflow.endpoints import Endpoints, endpoints_of
from astral.workflow.judges import definitions_of, embedded_oracle, opened_judge
from astral.workflow.run_targets import led, samples_of


class CaseOutcome(Noun):
    """What the answers to one case say together."""

    outcome: Outcome
    text: str
    """The same in words, without those of a request or an answer."""


class Bench:
    """A target, opened once, to which cases are put; it leads talks and answers tools as a run does."""

    def __init__(self, samples: Sequence[Target], oracle: Oracle) -> None:
        self._samples, self._oracle = samples, oracle
        self._twins_oracle = OverRefusalOracle(embedded_oracle())

    async def put(self, sample: Sample) -> CaseOutcome:
        """Put a case to every sample of the target, and judge the answers.

        Raises:
            StageError: No answer could be had and judged: this says nothing of the target.
        """
        oracle = self._twins_oracle if sample.is_benign else self._oracle
        tried = await asyncio.gather(*(self._try(sample, oracle, target) for target in self._samples))
        found = [each for each in tried if not isinstance(each, StageError)]
        if not found:
            raise next(each for each in tried if isinstance(each, StageError))
        rate = Rate.of(found.count(True), found.count(True) + found.count(False))
        what = "refused it, though it is harmless" if sample.is_benign else "unsafe"
        text = f"{rate.unsafe} of {rate.decided} answers {what}: {rate_text(rate)}"
        return CaseOutcome(outcome=outcome_of(rate), text=text)

    async def _try(self, sample: Sample, oracle: Oracle, target: Target) -> bool | StageError | None:
        """Whether an answer is bad; None where the oracle cannot tell."""
        try:
            verdict = await oracle.judge(sample.case, await target.respond(sample.case))
        except StageError as error:
            return error
        if sample.is_benign:
            return verdict.is_over_refusal
        return {Outcome.UNSAFE: True, Outcome.SAFE: False}.get(verdict.outcome)


@asynccontextmanager
async def opened_bench(
    settings: Settings, space: Space, target: str | Callable[..., Any] | None = None, *, samples: int
) -> AsyncGenerator[Bench]:
    """A bench within the settings' budget; its models are closed when the block ends.

    Args:
        settings: Name the judge and the target, and how both are asked.
        space: Of the cases; it says what violates the policy, and which strategies lead talks.
        target: A function of the case or of the request, sync or async, or a name, in place of the settings' target.
        samples: Answers to each case, at least 1.

    Raises:
        UserError: A part is unknown, or lacks its key; a strategy asks an attacker's model, and none is named.
    """
    if isinstance(target, str):
        settings = settings.model_copy(update={"target": settings.target.model_copy(update={"model": target})})
    endpoints = endpoints_of(settings)
    async with AsyncExitStack() as closing:
        judge = opened_judge(settings, definitions=definitions_of(space), endpoints=endpoints)
        oracle = await closing.enter_async_context(judge)
        parts = _Parts(settings, space, endpoints, closing)
        if target is None or isinstance(target, str):
            asked = samples_of(parts, oracle, samples)
        else:
            name = getattr(target, "__name__", type(target).__name__)
            asked = [led(parts, oracle, FunctionTarget(target, name=name))] * samples
        yield Bench(asked, oracle)


class _Parts:
    """Opens parts outside of a run: nothing is journalled."""

    def __init__(self, settings: Settings, space: Space, endpoints: Endpoints, closing: AsyncExitStack) -> None:
        self.settings, self.space = settings, space
        self._endpoints, self._closing = endpoints, closing
        self._attackers: dict[str, ChatModel] = {}

    def part(self, port: Port, spec: str, role: ModelRole, base_url: str | None) -> Any:
        """A part by its name."""
        return make_part(port, spec, PartContext(self.settings, Environment(), role, base_url))

    def model(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        """A chat model, asked politely and within the budget."""
        model: ChatModel = self.part(Port.CHAT_MODEL, spec, role, base_url)
        self._closing.push_async_callback(model.close)
        return self._endpoints.asked(model, spec, role, base_url)

    def attacker_model(self, name: str) -> ChatModel:
        """An attacker's model, opened once."""
        if name not in self._attackers:
            self._attackers[name] = self.model(name, ModelRole.ATTACKER, self.settings.attacker.base_url)
        return self._attackers[name]
