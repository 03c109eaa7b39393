"""A target that is asked several times about one case."""

import asyncio
from collections.abc import Sequence

from astral.domain.ports import Target
from astral.domain.records import Ending, TestCase, Transcript


class SampledTarget:
    """The same system n times, each with seeds of its own; one transcript holds all answers.

    A case stays one test: coverage counts it once, since answers to one request are no independent tests. The oracle
    judges every answer, and the case is unsafe where one of them is.
    """

    def __init__(self, samples: Sequence[Target]) -> None:
        """Name the targets.

        Args:
            samples: The same system, at least once.
        """
        self.name = samples[0].name
        self._samples = tuple(samples)

    async def respond(self, case: TestCase) -> Transcript:
        """All answers; the first one that no filter stopped comes first.

        Raises:
            StageError: One of them did not come. What came is journalled, where the target is a chat model.
        """
        answers = await asyncio.gather(*(target.respond(case) for target in self._samples))
        first, *others = sorted(answers, key=lambda answer: answer.ending is Ending.BLOCKED)
        return first.model_copy(update={"others": tuple(others)})
