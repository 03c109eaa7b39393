"""The tested system: once or several times, behind its guard, led by a strategy, with its tools answered."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from astral.config import Settings
from astral.domain.base import content_id
from astral.domain.chat import ModelRole
from astral.domain.ports import ChatModel, Oracle, Target
from astral.domain.space import Space
from astral.execute import ChatTarget, GuardedTarget, SampledTarget
from astral.plugins import Port, has_part
from astral.workflow.judges import front_guard
from astral.workflow.patience import PatientTarget
from astral.workflow.run_parts import RunParts
from astral.workflow.talks import talking


class Parts(Protocol):
    """Opens what a tested system is made of: in a run, or outside of one."""

    settings: Settings
    space: Space

    def part(self, port: Port, spec: str, role: ModelRole, base_url: str | None) -> Any:
        """A part by its name."""
        ...

    def model(self, spec: str, role: ModelRole, base_url: str | None) -> ChatModel:
        """A chat model, asked politely and within the budget."""
        ...

    def attacker_model(self, name: str) -> ChatModel:
        """An attacker's model, opened once."""
        ...


def targets_of(parts: RunParts, oracle: Oracle) -> Sequence[Target]:
    """The tested system: once, asked as often as the settings say; in a replay once for each sample of a case."""
    if parts.manifest.suite:
        return samples_of(parts, oracle, parts.manifest.samples)
    led = samples_of(parts, oracle, parts.settings.target.samples)
    return led if len(led) == 1 else [SampledTarget(led)]


def samples_of(parts: Parts, oracle: Oracle, count: int) -> list[Target]:
    """The same system several times, with seeds of its own each; talks are led with it, and its tools answered.

    Args:
        parts: Opens it.
        oracle: Judges candidates of strategies that ask for it.
        count: How often, at least 1.
    """
    told = parts.settings.target
    if has_part(Port.TARGET, told.model):
        part: Target = parts.part(Port.TARGET, told.model, ModelRole.TARGET, told.base_url)
        part = PatientTarget(part, slots=asyncio.Semaphore(parts.settings.concurrency))
        return [led(parts, oracle, part)] * count
    model = parts.model(told.model, ModelRole.TARGET, told.base_url)
    return [
        led(
            parts,
            oracle,
            ChatTarget(
                model,
                system_prompt=told.system_prompt,
                max_tokens=told.max_tokens,
                temperature=told.temperature,
                # The first answer is the one that a run with one sample gets.
                seed=parts.settings.seed if number == 0 else int(content_id(parts.settings.seed, number), 16),
            ),
        )
        for number in range(count)
    ]


def led(parts: Parts, oracle: Oracle, target: Target) -> Target:
    """A target behind its guard, in talks that are led with it, with its tools answered."""
    return talking(
        _guarded(parts, target),
        parts.settings,
        parts.space,
        oracle=oracle,
        open_attacker=parts.attacker_model,
        part=parts.part,
    )


def _guarded(parts: Parts, target: Target) -> Target:
    """The target behind its guard, where it has one."""
    told = parts.settings.target.guard
    if told is None:
        return target
    guard = front_guard(told, lambda spec: parts.model(spec, ModelRole.GUARD, told.base_url))
    return GuardedTarget(target, guard, sides=told.sides, stops=told.stops)
