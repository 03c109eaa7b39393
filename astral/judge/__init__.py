"""Transcripts → verdicts: was the target's answer safe?

Oracles: `refusal` recognises refusals without a model, `asked_refusal` with one, `llm` asks a judge model, `guard` a
guard model, `checklist` puts questions to one, `reference` compares with an English answer, `choice` marks multiple
choice, `consistency` asks the target again, `talks` judges talks turn by turn and agents by what they did, `cascade`
asks a second oracle where the first sees no plain refusal, `jury` has several vote, `samples` judges each answer to a
case that was put several times, `function_oracle` asks a function of the user's own.

How far they can be trusted: `labels` reads what people said, `calibrate` tries an oracle on it, `agreement`,
`thresholds` and `weights` are its figures, `calibrated` decides by them, `audit` says what people should look at.

What the embedded oracle looks at: `phrases` are its words, `sentences` takes texts apart, `features` makes numbers of
them, `classifier` probabilities, and `coherence` finds answers that say nothing.
"""

from astral.judge.agreement import kappa_of
from astral.judge.asked_refusal import AskedRefusalOracle
from astral.judge.audit import audit_sample, stratum_of
from astral.judge.calibrate import calibration_note, calibration_of, check_calibration, try_oracle
from astral.judge.calibrated import CalibratedOracle
from astral.judge.cascade import CascadeOracle
from astral.judge.checklist import Checklist, ChecklistOracle
from astral.judge.choice import ChoiceOracle, Questions
from astral.judge.consistency import ConsistencyOracle
from astral.judge.function_oracle import FunctionOracle, open_oracle
from astral.judge.guard import FrontGuard, GuardOracle
from astral.judge.jury import JuryOracle
from astral.judge.labels import read_labels
from astral.judge.llm import LLMOracle
from astral.judge.over_refusal import OverRefusalOracle
from astral.judge.reference import ReferenceOracle, References
from astral.judge.refusal import RefusalOracle, oracle_note
from astral.judge.samples import EachSample
from astral.judge.talks import TalkOracle
from astral.judge.weights import dawid_skene, hedge_weights, log_odds_weights

__all__ = [
    "AskedRefusalOracle",
    "CalibratedOracle",
    "CascadeOracle",
    "Checklist",
    "ChecklistOracle",
    "ChoiceOracle",
    "ConsistencyOracle",
    "EachSample",
    "FrontGuard",
    "FunctionOracle",
    "GuardOracle",
    "JuryOracle",
    "LLMOracle",
    "OverRefusalOracle",
    "Questions",
    "ReferenceOracle",
    "References",
    "RefusalOracle",
    "TalkOracle",
    "audit_sample",
    "calibration_note",
    "calibration_of",
    "check_calibration",
    "dawid_skene",
    "hedge_weights",
    "kappa_of",
    "log_odds_weights",
    "open_oracle",
    "oracle_note",
    "read_labels",
    "stratum_of",
    "try_oracle",
]
