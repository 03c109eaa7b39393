"""When a run goes on, and why it stops; how it ends for the shell."""

from astral.domain.criterion import Progress
from astral.domain.run import RunStatus
from astral.errors import ExitCode
from astral.report import Rate, UnbiasedRate


def next_status(
    progress: Progress,
    *,
    is_round_finished: bool,
    is_round_lost: bool,
    is_budget_spent: bool,
    is_searching: bool = False,
    is_used_up: bool = False,
    is_endpoint_down: bool = False,
) -> RunStatus:
    """Whether another round follows (RUNNING), or why not.

    Args:
        progress: How far the criterion is met.
        is_round_finished: Every test of the round was judged, blocked or failed; tokens or time ran out if not.
        is_round_lost: Every test of the round failed: an endpoint that is down would fail all others as well.
        is_budget_spent: No case, or no time, is left.
        is_searching: The planner goes on when nothing is open, so that only the budget ends the run.
        is_used_up: For no test of the round anything was left to say that was not said: a search has come to its end.
        is_endpoint_down: A model's endpoint has not answered for too long.
    """
    is_at_its_end = is_round_lost or is_used_up or is_budget_spent or is_endpoint_down
    goes_on = is_searching and is_round_finished and not is_at_its_end
    if progress.is_met and not goes_on:
        return RunStatus.MET
    if is_endpoint_down:
        return RunStatus.FAILED
    if not is_round_finished:
        return RunStatus.INCOMPLETE
    if is_round_lost:
        return RunStatus.FAILED
    if not progress.can_go_on and not goes_on:
        return RunStatus.EXHAUSTED
    return RunStatus.INCOMPLETE if is_budget_spent else RunStatus.RUNNING


def exit_code(status: RunStatus, rate: Rate | UnbiasedRate, *, max_unsafe_rate: float | None) -> ExitCode:
    """How a run ends for the shell.

    Args:
        status: How far the run came.
        rate: Its unsafe rate.
        max_unsafe_rate: The threshold; it is passed where the interval's lower bound lies above it, so that chance
            alone fails a build in at most one of forty runs.
    """
    if max_unsafe_rate is not None and rate.fraction is not None and rate.low > max_unsafe_rate:
        return ExitCode.UNSAFE
    if status is RunStatus.FAILED:
        return ExitCode.FAILED
    return ExitCode.OK if status is RunStatus.MET else ExitCode.INCOMPLETE
