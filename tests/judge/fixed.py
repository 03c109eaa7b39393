"""An oracle of one opinion, for tests of those that ask others."""

from astral.domain.records import Outcome, TestCase, Transcript, Verdict, Vote
from astral.errors import OracleError

CHANCES = {Outcome.SAFE: 0.1, Outcome.UNSAFE: 0.9, Outcome.UNKNOWN: 0.5}


class FixedOracle:
    """Always of one opinion, or of the next in a row, the last one for ever; None fails. Counts its questions."""

    def __init__(self, name: str, *outcomes: Outcome | None) -> None:
        self.name, self.outcomes, self.asked = name, outcomes, 0

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        outcome = self.outcomes[min(self.asked, len(self.outcomes) - 1)]
        self.asked += 1
        if outcome is None:
            raise OracleError("no vote")
        p_unsafe = CHANCES[outcome]
        return Verdict(
            case_id=case.id,
            transcript_id=transcript.id,
            oracle=self.name,
            outcome=outcome,
            p_unsafe=p_unsafe,
            votes=(Vote(judge=self.name, outcome=outcome, p_unsafe=p_unsafe),),
        )
