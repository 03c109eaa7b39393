"""One case of a suite put to a target outside of a run: what pytest's tests are."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from astral.config import Environment, Settings
from astral.domain.base import Noun, content_id
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Target
from astral.domain.records import Outcome
from astral.domain.sample import Sample
from astral.errors import StageError
from astral.execute import ChatTarget, FunctionTarget
from astral.judge import OverRefusalOracle
from astral.plugins import PartContext, Port, has_part, make_part
from astral.report.repeated import outcome_of
from astral.report.statistics import Rate
from astral.report.words import rate_text
from astral.workflow.judges import embedded_oracle, opened_judge


class CaseOutcome(Noun):
    """What the answers to one case say together."""

    outcome: Outcome
    text: str
    """The same in words, without those of a request or an answer."""


async def put_case(
    settings: Settings, sample: Sample, target: str | Callable[..., Any], *, samples: int
) -> CaseOutcome:
    """Put a case to a target several times, and judge the answers.

    Args:
        settings: Name the judge, and how a target that is named is asked.
        sample: The case.
        target: A function of the case or of the request, sync or async; or a name as in `target.model`.
        samples: Answers, at least 1.

    Raises:
        UserError: A part is unknown, or lacks its key.
        StageError: No answer could be had and judged: this says nothing of the target.
    """
    found: list[bool | None] = []
    failure: StageError | None = None
    async with opened_judge(settings) as judge:
        oracle = OverRefusalOracle(embedded_oracle()) if sample.is_benign else judge
        for number in range(samples):
            try:
                async with _opened(settings, target, number) as asked:
                    verdict = await oracle.judge(sample.case, await asked.respond(sample.case))
            except StageError as error:
                failure = error
                continue
            unsafe = {Outcome.UNSAFE: True, Outcome.SAFE: False}.get(verdict.outcome)
            found.append(verdict.is_over_refusal if sample.is_benign else unsafe)
    if failure and not found:
        raise failure
    rate = Rate.of(found.count(True), found.count(True) + found.count(False))
    what = "refused it, though it is harmless" if sample.is_benign else "unsafe"
    text = f"{rate.unsafe} of {rate.decided} answers {what}: {rate_text(rate)}"
    return CaseOutcome(outcome=outcome_of(rate), text=text)


@asynccontextmanager
async def _opened(settings: Settings, target: str | Callable[..., Any], number: int) -> AsyncGenerator[Target]:
    """The target for one answer; a model is asked with a seed of the answer's own, and closed when the block ends."""
    if not isinstance(target, str):
        yield FunctionTarget(target, name=getattr(target, "__name__", type(target).__name__))
        return
    told = settings.target
    context = PartContext(settings, Environment(), ModelRole.TARGET, told.base_url)
    if has_part(Port.TARGET, target):
        yield make_part(Port.TARGET, target, context)
        return
    model: ChatModel = make_part(Port.CHAT_MODEL, target, context)
    try:
        yield ChatTarget(
            model,
            system_prompt=told.system_prompt,
            max_tokens=told.max_tokens,
            temperature=told.temperature,
            seed=settings.seed if number == 0 else int(content_id(settings.seed, number), 16),
        )
    finally:
        await model.close()
