"""Test cases to transcripts: the systems that can be tested, and the budget that no call goes beyond.

`chat_target` and `function_target` answer once; `agent_target` has them go on while they call tools, `talk_target`
leads whole talks by the `strategies`.
"""

from astral.execute.agent_target import MOST_STEPS, AgentTarget
from astral.execute.batching import BatchedModel, BatchLedger
from astral.execute.budget import Budget, MeteredModel, Reservation, TimedModel
from astral.execute.chat_target import ChatTarget
from astral.execute.function_target import FunctionTarget, open_function
from astral.execute.guarded_target import Guard, GuardedTarget
from astral.execute.lending import Lender, LentBudget, Loan
from astral.execute.limits import LimitedModel, Limiter
from astral.execute.retry import RetryingModel
from astral.execute.sampled_target import SampledTarget
from astral.execute.strategies import BRANCHES, KEPT, Crescendo, Refinement, Scripted
from astral.execute.talk_target import ATTACKER_ATTEMPTS, TalkTarget

__all__ = [
    "ATTACKER_ATTEMPTS",
    "BRANCHES",
    "KEPT",
    "MOST_STEPS",
    "AgentTarget",
    "BatchLedger",
    "BatchedModel",
    "Budget",
    "ChatTarget",
    "Crescendo",
    "FunctionTarget",
    "Guard",
    "GuardedTarget",
    "Lender",
    "LentBudget",
    "LimitedModel",
    "Limiter",
    "Loan",
    "MeteredModel",
    "Refinement",
    "Reservation",
    "RetryingModel",
    "SampledTarget",
    "Scripted",
    "TalkTarget",
    "TimedModel",
    "open_function",
]
