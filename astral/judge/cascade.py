"""A cheap oracle first, a strong one only where the first does not see a plain refusal."""

from astral.domain.ports import Oracle
from astral.domain.records import Outcome, TestCase, Transcript, Verdict


class CascadeOracle:
    """Keeps the first oracle's SAFE, and asks the second about everything else; both votes stand in the verdict.

    A refusal is what the embedded oracle sees best, and most answers of a well-behaved target are refusals.
    """

    name = "cascade"

    def __init__(self, first: Oracle, then: Oracle) -> None:
        self._first, self._then = first, then

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript.

        Raises:
            OracleError: The second oracle gave no usable vote; the first one's is not taken instead.
        """
        first = await self._first.judge(case, transcript)
        if first.outcome is Outcome.SAFE:
            return first.model_copy(update={"oracle": self.name})
        then = await self._then.judge(case, transcript)
        return then.model_copy(update={"oracle": self.name, "votes": (*first.votes, *then.votes)})
