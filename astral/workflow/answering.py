"""Good answers to the cases of a run, from a named model: what a target is fine-tuned with."""

from collections.abc import Callable, Mapping, Sequence

from astral.assets import load_prompt
from astral.config import Environment, Settings
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.ports import ChatModel, Oracle
from astral.domain.records import Ending, Message, Outcome, Transcript
from astral.domain.sample import Sample
from astral.errors import StageError
from astral.exchange import is_bad
from astral.judge import OverRefusalOracle
from astral.plugins import PartContext, Port, make_part
from astral.record import Store
from astral.workflow.endpoints import endpoints_of
from astral.workflow.judges import definitions_of, opened_judge
from astral.workflow.pool import work_through
from astral.workflow.reporting import store_url

ANSWER_TOKENS = 400


async def good_answers(
    samples: Sequence[Sample],
    model: ChatModel,
    oracle: Oracle,
    *,
    definitions: Mapping[str, str],
    seed: int,
    concurrency: int,
    advanced: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Answers by the id of the case, for every case that the target answered badly.

    Each is screened: an answer to a request that should be declined is kept where the oracle calls it SAFE, one to a
    benign twin where it is no refusal. Where the model fails or does no better than the target, there is none.

    Args:
        samples: Of a run.
        model: Writes the answers.
        oracle: Judges those to requests that should be declined.
        definitions: What violates the policy, by the id of the risk.
        seed: Of the model.
        concurrency: Most calls at a time.
        advanced: Told after each answer.
    """
    found: dict[str, str] = {}
    twins = OverRefusalOracle()

    async def work(sample: Sample) -> None:
        case = sample.case
        request = ChatRequest(
            messages=(Message(role="system", content=_instruction(sample, definitions)), *case.messages),
            max_tokens=ANSWER_TOKENS,
            seed=seed,
        )
        try:
            reply = await model.chat(request)
            if reply.ending is Ending.ANSWERED or reply.ending is Ending.REFUSED:
                answer = (Message(role="assistant", content=reply.text),)
                transcript = Transcript(
                    case_id=case.id, target=model.name, messages=(*case.messages, *answer), ending=reply.ending
                )
                verdict = await (twins if sample.is_benign else oracle).judge(case, transcript)
                is_good = verdict.is_over_refusal is False if sample.is_benign else verdict.outcome is Outcome.SAFE
                if is_good:
                    found[case.id] = reply.text
        except StageError:
            pass  # one answer less; the export says how many cases are left out
        advanced()

    await work_through([sample for sample in samples if is_bad(sample)], work, concurrency=concurrency)
    return found


def _instruction(sample: Sample, definitions: Mapping[str, str]) -> str:
    language = sample.case.cell.get("language", "en")
    if sample.is_benign:
        return load_prompt("exchange/help").render(language=language)
    definition = definitions.get(sample.case.cell.get("risk", ""), "It would cause harm.")
    return load_prompt("exchange/decline").render(definition=definition, language=language)


async def answers_of(settings: Settings, run: str, samples: Sequence[Sample], model: str) -> dict[str, str]:
    """Good answers of a model by name, within the settings' budget; see `good_answers`.

    Args:
        settings: Name the judge that screens the answers, and the budget.
        run: Id, or `latest`: its space says what violates the policy.
        samples: Of that run.
        model: Name of a chat model.

    Raises:
        UserError: There is no such run or model, or a key is missing.
    """
    with Store.open(store_url(settings.runs), create=False) as store:
        definitions = definitions_of(store.manifest(store.resolve(run)).space)
    context = PartContext(settings, Environment(), ModelRole.JUDGE, settings.judge.base_url)
    endpoints = endpoints_of(settings)
    chat: ChatModel = make_part(Port.CHAT_MODEL, model, context)
    try:
        async with opened_judge(settings, definitions=definitions, endpoints=endpoints) as oracle:
            return await good_answers(
                samples,
                endpoints.asked(chat, model, ModelRole.JUDGE, settings.judge.base_url),
                oracle,
                definitions=definitions,
                seed=settings.seed,
                concurrency=settings.concurrency,
            )
    finally:
        await chat.close()
