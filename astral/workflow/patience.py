"""Targets that are no models, of which no more calls are under way together than the user allows."""

import asyncio

from astral.domain.ports import Target
from astral.domain.records import TestCase, Transcript


class PatientTarget:
    """Asks a target when there is a slot for it."""

    def __init__(self, target: Target, *, slots: asyncio.Semaphore) -> None:
        self.name = target.name
        self._target, self._slots = target, slots

    async def respond(self, case: TestCase) -> Transcript:
        """Talk about one case.

        Raises:
            StageError: The target did not answer.
        """
        async with self._slots:
            return await self._target.respond(case)
