"""A stub server's own log, held against what a run recorded: was anything lost, broken, or sent too often?"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from astral.domain.records import Stage
from astral.errors import Trouble
from astral.execute.retry import ATTEMPTS, MOST_ATTEMPTS
from astral.record import Store
from astral.testing.faults import Fault
from astral.testing.server import Received

FAULTS: Mapping[Fault, float] = {
    Fault.RATE_LIMIT: 0.05,
    Fault.SERVER_ERROR: 0.02,
    Fault.RESET: 0.01,
    Fault.MALFORMED: 0.01,
}
"""What servers do all day: shares of all requests."""
TROUBLES: Mapping[Fault, Trouble] = {
    Fault.RATE_LIMIT: Trouble.RATE_LIMIT,
    Fault.QUOTA: Trouble.USED_UP,
    Fault.SERVER_ERROR: Trouble.SERVER,
    Fault.OVERLOADED: Trouble.OVERLOAD,
    Fault.RESET: Trouble.CONNECTION,
    Fault.LOST: Trouble.CONNECTION,
    Fault.STALL: Trouble.TIMEOUT,
    Fault.MALFORMED: Trouble.MALFORMED,
    Fault.NOT_JSON: Trouble.MALFORMED,
    Fault.NO_CHOICES: Trouble.MALFORMED,
    Fault.CONTENT_FILTER: Trouble.REFUSED,
    Fault.BAD_KEY: Trouble.REFUSED,
}
"""What each is for whoever asks."""


@dataclass(frozen=True)
class Account:
    """What became of a run's tests, controls aside, and of its calls."""

    tests: int
    judged: int
    lost: int
    """Tests that failed at the target or at the judge, or have no end."""
    unknown_answers: int
    """Answers in the record that the server did not give as a whole."""
    most_sendings: int
    """Of one call."""
    beyond_retries: int
    """Calls that were sent more often than their troubles allow."""


def account_of(log: Sequence[Received], runs: Path) -> Account:
    """The account of the latest run.

    Args:
        log: All that the server received; each of its answers has a text of its own, votes aside.
        runs: The folder of runs.
    """
    with Store.open(f"sqlite:///{runs / 'astral.db'}", create=False) as store:
        tests = [test for test in store.tests(store.resolve("latest")) if test.draw.control is None]
    given = {each.text for each in log if each.fault is None}
    return Account(
        tests=len(tests),
        judged=sum(test.verdict is not None for test in tests),
        lost=sum(
            not test.is_finished or (test.failure is not None and test.failure.stage in {Stage.EXECUTE, Stage.JUDGE})
            for test in tests
        ),
        unknown_answers=sum(
            test.transcript.response_to(test.case) not in given for test in tests if test.case and test.transcript
        ),
        most_sendings=max(Counter(json.dumps(each.body) for each in log).values(), default=0),
        beyond_retries=_beyond_retries(log),
    )


def _beyond_retries(log: Sequence[Received]) -> int:
    ends: dict[str, list[Fault | None]] = defaultdict(list)
    for each in log:
        ends[json.dumps(each.body)].append(each.fault)
    return sum(not _is_allowed(faults) for faults in ends.values())


def _is_allowed(faults: Sequence[Fault | None]) -> bool:
    """Whether these sendings of one call, in their order, are what its retries allow."""
    failed = Counter(TROUBLES[fault] for fault in faults if fault)
    # Whatever was answered, or given up, is not sent again.
    is_over = any(fault is None for fault in faults[:-1])
    return (
        not is_over
        and len(faults) <= MOST_ATTEMPTS
        and all(times <= ATTEMPTS.get(trouble, 1) for trouble, times in failed.items())
    )
