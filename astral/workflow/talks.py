"""Talks and agents in a run: who leads them, and how many calls they take at most."""

from collections.abc import Callable, Mapping
from typing import Any

from astral.config import Settings
from astral.domain.base import Noun
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Generator, Oracle, Strategy, Target
from astral.domain.space import Space
from astral.errors import UserError
from astral.execute import ATTACKER_ATTEMPTS, MOST_STEPS, AgentTarget, TalkTarget
from astral.generate import CourseGenerator, Way, objection_to_turn, turns_of
from astral.generate.courses import ESCALATION, SCRIPTED, STRATEGY, TURNS
from astral.plugins import Port
from astral.workflow.attackers import chat_models

SCENES = ("environment", "carrier")
"""Dimensions whose cases may bring tools."""


def talking(
    target: Target,
    settings: Settings,
    space: Space,
    *,
    oracle: Oracle,
    open_attacker: Callable[[str], ChatModel],
    part: Callable[[Port, str, ModelRole, str | None], Any],
) -> Target:
    """The target with its tools answered, and its talks led as the space's strategies say.

    Raises:
        UserError: A strategy is unknown, or asks a model and none is named.
    """
    agent = AgentTarget(target)
    names = dict.fromkeys(way.strategy for way in ways_of(space))
    if not names:
        return agent
    strategies: Mapping[str, Strategy] = {name: part(Port.STRATEGY, name, ModelRole.ATTACKER, None) for name in names}
    asking = [name for name, strategy in strategies.items() if strategy.needs_attacker]
    models = chat_models(settings)
    if asking and not models:
        raise UserError(
            f"strategy: {', '.join(asking)} asks an attacker's model, and none is named. Name one: `--attacker "
            "openai:NAME`, or `--attacker local`. Or take strategies that need none: `--only strategy=scripts`."
        )
    return TalkTarget(
        agent,
        strategies,
        attacker=open_attacker(models[0]) if asking else None,
        oracle=oracle,
        objection=objection_to_turn,
    )


def coursed(writer: Generator, space: Space) -> Generator:
    """The writer of test cases, with talks where the space has them."""
    return CourseGenerator(writer, space) if {STRATEGY, TURNS} & space.by_id.keys() else writer


def ways_of(space: Space) -> list[Way]:
    """The strategies that lead talks in a space; where it has numbers of turns alone, they are escalations."""
    if STRATEGY in space.by_id:
        return [way for way in map(Way.of, space.by_id[STRATEGY].values) if way.turns > 1]
    return [Way(ESCALATION, SCRIPTED, 1)] if TURNS in space.by_id else []


class TalkCalls(Noun):
    """What one test takes at most beside its first case."""

    target: int = 1
    """Calls of the target."""
    attacker: int = 0
    """Calls of the attacker's model for turns of the user."""
    judge: int = 0
    """Calls of the judge's model for scores, beside that for the verdict."""


def calls_of_a_talk(space: Space) -> TalkCalls:
    """What the longest talk of a space takes at most."""
    ways = ways_of(space)
    told = [turns_of(value) for value in space.by_id[TURNS].values] if TURNS in space.by_id else []
    longest = {way.strategy: max([way.turns, *told]) for way in ways}
    steps = MOST_STEPS if any(name in space.by_id for name in SCENES) else 1
    sendings = max(longest.values(), default=1)
    asking = {name: turns for name, turns in longest.items() if name != SCRIPTED}
    # Each turn is written in at most so many attempts; a tree looks at twice as many candidates, and at their topic.
    per_turn = ATTACKER_ATTEMPTS * (4 if "tap" in asking else 1)
    return TalkCalls(
        target=sendings * steps,
        attacker=max(asking.values(), default=0) * per_turn,
        judge=max((turns for name, turns in asking.items() if name != "crescendo"), default=0),
    )
