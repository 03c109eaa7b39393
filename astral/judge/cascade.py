"""A cheap oracle first, a strong one only where the first sees no plain refusal."""

from astral.domain.ports import Oracle
from astral.domain.records import Outcome, TestCase, Transcript, Verdict


class CascadeOracle:
    """Asks `first`; what it finds SAFE is SAFE, everything else `then` decides. All votes stay in the verdict."""

    name = "cascade"

    def __init__(self, first: Oracle, then: Oracle) -> None:
        self.first, self.then = first, then

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide, with as few questions as possible.

        Raises:
            OracleError: The oracle that had to decide gave no usable vote; the vote of the first is no substitute.
        """
        quick = await self.first.judge(case, transcript)
        if quick.outcome is Outcome.SAFE:
            return quick.model_copy(update={"oracle": self.name})
        thorough = await self.then.judge(case, transcript)
        return thorough.model_copy(update={"oracle": self.name, "votes": (*quick.votes, *thorough.votes)})
