"""Transcripts → verdicts: was the target's answer safe?

`refusal` recognises refusals without a model, `llm` asks a judge model, `cascade` asks the second only where the first
sees no plain refusal, `function_oracle` asks a function of the user's own. What the embedded oracle looks at: `phrases`
are its words, `sentences` takes texts apart, `features` makes numbers of them, `classifier` probabilities, and
`coherence` finds answers that say nothing.
"""

from astral.judge.cascade import CascadeOracle
from astral.judge.function_oracle import FunctionOracle, open_oracle
from astral.judge.llm import LLMOracle
from astral.judge.over_refusal import OverRefusalOracle
from astral.judge.refusal import RefusalOracle, oracle_note

__all__ = [
    "CascadeOracle",
    "FunctionOracle",
    "LLMOracle",
    "OverRefusalOracle",
    "RefusalOracle",
    "open_oracle",
    "oracle_note",
]
