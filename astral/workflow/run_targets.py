"""The tested system: once or several times, behind its guard, led by a strategy, with its tools answered."""

import asyncio
from collections.abc import Sequence

from astral.domain.base import content_id
from astral.domain.chat import ModelRole
from astral.domain.ports import Oracle, Target
from astral.execute import ChatTarget, GuardedTarget, SampledTarget
from astral.plugins import Port, has_part
from astral.workflow.judges import front_guard
from astral.workflow.patience import PatientTarget
from astral.workflow.run_parts import RunParts
from astral.workflow.talks import talking


def targets_of(parts: RunParts, oracle: Oracle) -> Sequence[Target]:
    """The tested system: once, asked as often as the settings say; in a replay once for each sample of a case."""
    if parts.manifest.suite:
        return _samples(parts, oracle, parts.manifest.samples)
    led = _samples(parts, oracle, parts.settings.target.samples)
    return led if len(led) == 1 else [SampledTarget(led)]


def _samples(parts: RunParts, oracle: Oracle, count: int) -> list[Target]:
    """The same system several times, with seeds of its own each; talks are led with it, and its tools answered."""
    told = parts.settings.target
    if has_part(Port.TARGET, told.model):
        part: Target = parts.part(Port.TARGET, told.model, ModelRole.TARGET, told.base_url)
        part = PatientTarget(part, slots=asyncio.Semaphore(parts.settings.concurrency))
        samples = [part] * count
    else:
        model = parts.model(told.model, ModelRole.TARGET, told.base_url)
        samples = [
            ChatTarget(
                model,
                system_prompt=told.system_prompt,
                max_tokens=told.max_tokens,
                temperature=told.temperature,
                # The first answer is the one that a run with one sample gets.
                seed=parts.manifest.seed if number == 0 else int(content_id(parts.manifest.seed, number), 16),
            )
            for number in range(count)
        ]
    return [
        talking(
            _guarded(parts, each),
            parts.settings,
            parts.space,
            oracle=oracle,
            open_attacker=parts.attacker_model,
            part=parts.part,
        )
        for each in samples
    ]


def _guarded(parts: RunParts, target: Target) -> Target:
    """The target behind its guard, where it has one."""
    told = parts.settings.target.guard
    if told is None:
        return target
    guard = front_guard(told, lambda spec: parts.model(spec, ModelRole.GUARD, told.base_url))
    return GuardedTarget(target, guard, sides=told.sides, stops=told.stops)
