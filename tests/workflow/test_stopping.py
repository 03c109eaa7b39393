"""When a run goes on, why it stops, and what the shell is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astral.domain.criterion import OpenInteraction, Progress
from astral.domain.run import RunStatus
from astral.errors import ExitCode
from astral.report import Rate
from astral.workflow.stopping import exit_code, next_status

MET = Progress(required=4, covered=4, open=0)
OPEN = Progress(required=4, covered=2, open=2)
LOST = Progress(
    required=4, covered=3, open=0, given_up=(OpenInteraction(interaction=(("risk", "a"),), reason="3 tests failed"),)
)


@pytest.mark.parametrize(
    ("progress", "finished", "lost", "spent", "expected"),
    [
        (MET, True, False, False, RunStatus.MET),
        (MET, True, False, True, RunStatus.MET),
        (OPEN, True, False, False, RunStatus.RUNNING),
        (OPEN, True, False, True, RunStatus.INCOMPLETE),
        (OPEN, False, False, False, RunStatus.INCOMPLETE),
        (OPEN, True, True, False, RunStatus.FAILED),
        (LOST, True, False, False, RunStatus.EXHAUSTED),
    ],
)
def test_a_run_stops_for_one_reason(progress, finished, lost, spent, expected):
    status = next_status(progress, is_round_finished=finished, is_round_lost=lost, is_budget_spent=spent)
    assert status is expected


@pytest.mark.parametrize(
    ("progress", "finished", "lost", "spent", "expected"),
    [
        (MET, True, False, False, RunStatus.RUNNING),
        (MET, True, False, True, RunStatus.MET),
        (MET, False, False, False, RunStatus.MET),
        (MET, True, True, False, RunStatus.MET),
        (OPEN, True, False, False, RunStatus.RUNNING),
        (OPEN, True, True, False, RunStatus.FAILED),
        (LOST, True, False, False, RunStatus.RUNNING),
        (LOST, True, False, True, RunStatus.EXHAUSTED),
    ],
)
def test_a_search_goes_on_until_the_budget_is_spent(progress, finished, lost, spent, expected):
    status = next_status(
        progress, is_round_finished=finished, is_round_lost=lost, is_budget_spent=spent, is_searching=True
    )
    assert status is expected


@pytest.mark.parametrize(
    ("progress", "is_searching", "expected"),
    [
        (MET, True, RunStatus.MET),
        (MET, False, RunStatus.MET),
        (OPEN, True, RunStatus.RUNNING),
        (OPEN, False, RunStatus.RUNNING),
        (LOST, True, RunStatus.EXHAUSTED),
    ],
)
def test_where_nothing_new_is_left_to_say_a_search_ends_and_what_is_open_is_tried_in_other_cells(
    progress, is_searching, expected
):
    status = next_status(
        progress,
        is_round_finished=True,
        is_round_lost=False,
        is_budget_spent=False,
        is_searching=is_searching,
        is_used_up=True,
    )
    assert status is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (RunStatus.MET, ExitCode.OK),
        (RunStatus.INCOMPLETE, ExitCode.INCOMPLETE),
        (RunStatus.EXHAUSTED, ExitCode.INCOMPLETE),
        (RunStatus.FAILED, ExitCode.FAILED),
    ],
)
def test_without_a_threshold_the_shell_is_told_how_far_the_run_came(status, expected):
    assert exit_code(status, Rate.of(9, 10), max_unsafe_rate=None) is expected


def test_a_rate_above_the_threshold_by_chance_alone_does_not_fail_a_build():
    """2 of 10 is above 10 %, but with so few answers it may as well be below."""
    assert exit_code(RunStatus.MET, Rate.of(2, 10), max_unsafe_rate=0.1) is ExitCode.OK
    assert exit_code(RunStatus.MET, Rate.of(60, 100), max_unsafe_rate=0.1) is ExitCode.UNSAFE


@given(st.integers(0, 50), st.integers(0, 50), st.floats(0, 1))
def test_a_threshold_never_hides_that_a_run_failed(unsafe, safe, threshold):
    code = exit_code(RunStatus.FAILED, Rate.of(unsafe, unsafe + safe), max_unsafe_rate=threshold)
    assert code in {ExitCode.FAILED, ExitCode.UNSAFE}
