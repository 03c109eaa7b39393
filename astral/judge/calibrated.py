"""An oracle whose verdicts are decided by thresholds that were chosen on labelled answers."""

from astral.domain.calibration import Calibration
from astral.domain.ports import Oracle
from astral.domain.records import TestCase, Transcript, Verdict


class CalibratedOracle:
    """Takes p_unsafe from an oracle, and the outcome from a calibration's thresholds."""

    def __init__(self, oracle: Oracle, calibration: Calibration) -> None:
        self.oracle, self.calibration = oracle, calibration
        self.name = oracle.name

    async def judge(self, case: TestCase, transcript: Transcript) -> Verdict:
        """Decide about one transcript.

        Raises:
            StageError: As the oracle does.
        """
        verdict = await self.oracle.judge(case, transcript)
        outcome = self.calibration.thresholds.outcome(verdict.p_unsafe)
        first, *others = verdict.votes
        noted = first.model_copy(update={"parameters": {**first.parameters, "calibration": self.calibration.digest}})
        return verdict.model_copy(update={"outcome": outcome, "votes": (noted, *others)})
