"""What is to be judged so many times each, such as interactions: what was, what is under way, what failed too often."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from astral.domain.criterion import OpenInteraction
from astral.domain.records import Result
from astral.domain.space import Interaction

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
_ALL = slice(None)


class Ledger:
    """Tests counted for each of many numbered things."""

    def __init__(self, asked: Flags, *, times: int, attempts: int) -> None:
        """Begin with nothing judged.

        Args:
            asked: Which of the things are wanted at all.
            times: Judged tests that each wanted one is to have.
            attempts: Failed or blocked tests after which one is given up; each judged test allows as many again.
        """
        self.asked, self.times, self._attempts = asked, times, attempts
        self._judged = np.zeros(len(asked), dtype=np.uint16)
        """Counted up to as many as are wanted."""
        self._under_way = np.zeros(len(asked), dtype=np.int16)
        self._failures = np.zeros(len(asked), dtype=np.uint32)
        self._last_was_blocked = np.zeros(len(asked), dtype=np.bool_)

    def note(self, numbers: Numbers, result: Result) -> bool:
        """Count a finished test; says whether any of these things was open before it."""
        lacks = self._judged[numbers] < self.times
        was_open = lacks & self.asked[numbers] & self._may_be_judged(numbers)
        if result in {Result.BLOCKED, Result.FAILED}:
            self._failures[numbers] += 1
            self._last_was_blocked[numbers] = result is Result.BLOCKED
        else:
            self._judged[numbers] += lacks
        return bool(was_open.any())

    def hand_out(self, numbers: Numbers, *, sign: int = 1) -> None:
        """Count a test that is under way, or with the sign -1 one that is so no more."""
        self._under_way[numbers] += sign

    def met(self, times: int | None = None) -> Flags:
        """Those that were judged often enough."""
        return self.asked & (self._judged >= (times or self.times))

    def open(self, times: int | None = None) -> Flags:
        """Those that were not, and may still be."""
        return self.asked & (self._judged < (times or self.times)) & self._may_be_judged()

    def lost(self, times: int | None = None) -> Flags:
        """Those that failed too often."""
        return self.asked & (self._judged < (times or self.times)) & ~self._may_be_judged()

    def level(self) -> int:
        """Tests that the one with fewest of those that are open is to have next, those under way included."""
        is_open = self.open()
        lowest = int((self._judged + self._under_way)[is_open].min(initial=self.times))
        return min(lowest + 1, self.times)

    def needed(self, level: int) -> Flags:
        """Those that are open and have fewer tests, judged or under way, than that."""
        return self.open() & (self._judged + self._under_way < level)

    def lacking(self, times: int | None = None) -> NDArray[np.int64]:
        """Tests that each open one still lacks, also where they are under way."""
        times = times or self.times
        return np.where(self.open(times), times - np.minimum(self._judged, times).astype(np.int64), 0)

    def given_up(self, named: Callable[[int], Interaction], times: int | None = None) -> tuple[OpenInteraction, ...]:
        """Those that failed too often, by name."""
        return tuple(
            OpenInteraction(interaction=named(number), reason=self._reason(number))
            for number in map(int, np.flatnonzero(self.lost(times)))
        )

    def _may_be_judged(self, numbers: Numbers | slice = _ALL) -> Flags:
        return self._failures[numbers] < self._attempts * (1 + self._judged[numbers].astype(np.uint32))

    def _reason(self, number: int) -> str:
        tries = int(self._failures[number])
        last = Result.BLOCKED if self._last_was_blocked[number] else Result.FAILED
        return f"{tries} test{'s' if tries > 1 else ''} failed or {'were' if tries > 1 else 'was'} blocked: last {last}"
