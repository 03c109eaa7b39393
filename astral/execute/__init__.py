"""Test cases to transcripts: the systems that can be tested, and the budget that no call goes beyond."""

from astral.execute.budget import Budget, MeteredModel, Reservation
from astral.execute.chat_target import ChatTarget
from astral.execute.function_target import FunctionTarget, open_function
from astral.execute.sampled_target import SampledTarget

__all__ = ["Budget", "ChatTarget", "FunctionTarget", "MeteredModel", "Reservation", "SampledTarget", "open_function"]
