"""The calls of models that a run makes, with their tokens and what they cost at most; nothing is sent."""

import json
from math import ceil, floor

from pydantic_core import to_jsonable_python

from astral.assets import load_prompt
from astral.assets.prompts import Prompt
from astral.config import Settings
from astral.domain.base import Noun
from astral.domain.chat import ChatRequest, ModelRole
from astral.domain.price import Price
from astral.domain.records import Message, Usage
from astral.domain.space import Space
from astral.execute.talk_target import ATTACKER_TOKENS
from astral.generate.model_gate import MAX_ANSWER_TOKENS
from astral.generate.screening import MAX_CHARACTERS
from astral.judge.asking import ATTEMPTS
from astral.judge.guard import MAX_TOKENS as GUARD_TOKENS
from astral.judge.llm import MAX_TOKENS, PROMPT_ID
from astral.plugins import Port, has_part
from astral.workflow.attackers import asks_model, chat_models, writers_of
from astral.workflow.fitting import translated_share
from astral.workflow.judges import judge_model, models_asked
from astral.workflow.parts import cases_per_call, tokens_per_case
from astral.workflow.pricing import model_of, price_of
from astral.workflow.talks import calls_of_a_talk

CASE_BYTES = 4 * MAX_CHARACTERS
"""Most bytes of a test case: no character takes more than four."""
BYTES_PER_TOKEN = 16
"""Most bytes of a token of an answer; in the vocabularies that were looked at longer ones are runs of one sign."""
PASSAGES, PASSAGE_BYTES = 8, 4000
"""What an attacker is shown at most: three passages of a source and two examples, of 1,000 characters each."""
AGAIN_BYTES = 1000
"""Most of what a judge is told that gave no usable vote."""
REWORDED_TOKENS, TRANSLATED_TOKENS = 200, 1000
"""Longest answers of a model that rewords a case, and of one that translates it."""
VALUE_BYTES = 1000
"""Most of what a gate model is told of one value."""


class RoleCalls(Noun):
    """The calls of one role's model."""

    role: ModelRole
    model: str
    calls: int
    """If every test succeeds at once."""
    calls_at_most: int
    """If every test takes all the attempts that it may."""
    tokens_at_most: int
    """Of the most calls; a token is taken to be a byte, so that real use is a fraction of it."""
    price: Price | None
    """None where it is not known."""
    dollars_at_most: float | None
    """US dollars for all those tokens; None where the price is not known."""


def calls_of(settings: Settings, space: Space, tests: int) -> tuple[RoleCalls, ...]:
    """The calls of the models; roles without a model, such as the composer, make none."""
    written = tests + 2 * settings.controls
    roles: list[RoleCalls] = []

    def add(role: ModelRole, calls: int, *, most: int, tokens: int, answer: int, of: Settings = settings) -> None:
        price = price_of(of, role)
        usage = Usage(prompt_tokens=most * max(0, tokens - answer), completion_tokens=most * min(answer, tokens))
        roles.append(
            RoleCalls(
                role=role,
                model=model_of(of, role),
                calls=calls,
                calls_at_most=most,
                tokens_at_most=usage.tokens,
                price=price,
                dollars_at_most=price.dollars(usage) if price else None if calls else 0.0,
            )
        )

    target = settings.target
    size = CASE_BYTES + len((target.system_prompt or "").encode())
    tokens = 0 if has_part(Port.TARGET, target.model) else 16 + _tokens(size, target.max_tokens)
    talk = calls_of_a_talk(space)
    asked = target.samples * (tests * talk.target + floor(settings.twins * tests))
    add(ModelRole.TARGET, asked, most=asked, tokens=tokens, answer=target.max_tokens)

    if target.guard:
        looked = asked * len(target.guard.sides)
        add(ModelRole.GUARD, looked, most=looked, tokens=_looked_at(target.max_tokens), answer=GUARD_TOKENS)

    asked = target.samples * (written + tests * talk.judge) * len(models_asked(settings))
    asked += _twins_read(settings, tests)
    if not asked:
        add(ModelRole.JUDGE, 0, most=0, tokens=0, answer=0)
    else:
        prompt = load_prompt(PROMPT_ID)
        policy = max(len(f"{value.name}: {value.definition}".encode()) for value in space.dimensions[0].values)
        # The second attempt shows the model its first answer.
        answers = BYTES_PER_TOKEN * (target.max_tokens + MAX_TOKENS)
        seen = _size(prompt) + policy + CASE_BYTES + answers + AGAIN_BYTES
        add(
            ModelRole.JUDGE,
            asked,
            most=ATTEMPTS * asked,
            tokens=_tokens(seen, MAX_TOKENS),
            answer=MAX_TOKENS,
        )

    attacker, models, writers = settings.attacker, chat_models(settings), writers_of(settings, space)
    if not any(asks_model(spec, models) for spec in writers):
        calls = written if attacker.reword else 0
        tokens = _tokens(_size(load_prompt("generate/reword")) + CASE_BYTES, REWORDED_TOKENS)
        add(ModelRole.ATTACKER, calls, most=calls * attacker.attempts, tokens=tokens, answer=REWORDED_TOKENS)
    else:
        values = sum(
            max(len(json.dumps(to_jsonable_python(value), ensure_ascii=False).encode()) for value in dimension.values)
            for dimension in space.dimensions
        )
        prompts = _size(load_prompt("generate/attack")) + _size(load_prompt("generate/attack-again"))
        seen = prompts + values + PASSAGES * PASSAGE_BYTES
        answer = max(tokens_per_case(attacker, model) for model in models)
        # The attempts are divided among those who write, and what is refused is asked for twice.
        share = ceil(max(attacker.attempts, len(writers)) * (len(writers) - 1) / len(writers))
        add(
            ModelRole.ATTACKER,
            ceil(written / cases_per_call(attacker, models[0])),
            most=2 * written * share,
            tokens=_tokens(seen, answer),
            answer=answer,
        )
    if talk.attacker and models:
        # A turn is asked for with the talk so far.
        seen = CASE_BYTES + talk.target * BYTES_PER_TOKEN * target.max_tokens
        tokens = _tokens(_size(load_prompt("execute/crescendo")) + seen, ATTACKER_TOKENS)
        led = target.samples * tests * talk.attacker
        add(ModelRole.ATTACKER, led, most=led, tokens=tokens, answer=ATTACKER_TOKENS)
    if attacker.gate_model:
        gate = attacker.model_copy(update={"model": (attacker.gate_model,), "mode": None, "cases": None})
        seen = _size(load_prompt("generate/gate")) + CASE_BYTES + 3 * VALUE_BYTES
        add(
            ModelRole.ATTACKER,
            written,
            most=written * attacker.attempts,
            tokens=_tokens(seen, MAX_ANSWER_TOKENS),
            answer=MAX_ANSWER_TOKENS,
            of=settings.model_copy(update={"attacker": gate}),
        )
    if attacker.translator and (share := translated_share(settings, space)):
        translator = attacker.model_copy(update={"model": (attacker.translator,), "mode": None, "cases": None})
        add(
            ModelRole.ATTACKER,
            # There and back.
            2 * ceil(written * share),
            most=2 * written * attacker.attempts,
            tokens=_tokens(_size(load_prompt("generate/translate")) + 2 * CASE_BYTES, TRANSLATED_TOKENS),
            answer=TRANSLATED_TOKENS,
            of=settings.model_copy(update={"attacker": translator}),
        )
    return tuple(roles)


def _twins_read(settings: Settings, tests: int) -> int:
    """Benign twins about which the judge is asked whether they were refused: a shorter question than after harm."""
    return floor(settings.twins * tests) if judge_model(settings.judge.model) else 0


def _looked_at(answer_tokens: int) -> int:
    """Upper bound of a call of a guard that sees a case and its answer."""
    return _tokens(CASE_BYTES + BYTES_PER_TOKEN * answer_tokens, GUARD_TOKENS)


def _size(prompt: Prompt) -> int:
    return len(prompt.text.encode()) + len(json.dumps(to_jsonable_python(prompt.schema)).encode())


def _tokens(prompt_bytes: int, max_tokens: int) -> int:
    """Upper bound of a call with a prompt of so many bytes, as the budget reserves it."""
    empty = ChatRequest(messages=(Message(role="user", content=""),), max_tokens=max_tokens)
    return empty.tokens_at_most + prompt_bytes
