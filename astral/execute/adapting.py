"""What a limiter decides by: rates, a number of calls in flight that adapts, and a circuit breaker. No effects."""

from astral.domain.chat import RateLimit

MINUTE = 60.0


class Bucket:
    """So many units a minute: it fills steadily, and each call takes out what it needs.

    A call that needs more than the bucket holds waits until it is full, and leaves a debt.
    """

    def __init__(self, per_minute: float, *, burst: float, now: float) -> None:
        """Begin full.

        Args:
            per_minute: Units that any minute may see, above 0; a single larger call aside.
            burst: Units that may be taken at once, at least 1 and at most `per_minute`.
            now: Seconds, from any start.
        """
        self.capacity = self.level = max(1.0, burst)
        # A minute that begins with a full bucket sees its content and what fills in meanwhile.
        self.per_second = max(1.0, per_minute - self.capacity + 1) / MINUTE
        self._whole = self.capacity, self.per_second
        self._filled = now

    def seconds_until(self, units: float, now: float) -> float:
        """How long to wait before so much may be taken, at least 0."""
        self._fill(now)
        lack = min(units, self.capacity) - self.level
        # Rounding must not leave a waiter an instant short of its units, and waiting for another instant.
        return lack / self.per_second if lack > 1e-9 * self.capacity else 0.0

    def take(self, units: float, now: float) -> None:
        """Take units out, or give some back where negative."""
        self._fill(now)
        self.level = min(self.capacity, self.level - units)

    def shared_by(self, count: int, now: float) -> None:
        """Hear that so many go by the same limit, of whom this one has its part."""
        self._fill(now)
        capacity, per_second = self._whole
        self.capacity, self.per_second = max(1.0, capacity / count), per_second / count
        self.level = min(self.level, self.capacity)

    def told(self, rate: RateLimit, now: float) -> None:
        """Hear from the endpoint how it stands; of the two counts the lower one holds.

        A limit that is full again only after more than a minute, such as one a day, fills as slowly as that.
        """
        self._fill(now)
        self.capacity = max(1.0, rate.limit)
        is_slow = rate.reset_seconds > MINUTE and rate.left < rate.limit
        self.per_second = (rate.limit - rate.left) / rate.reset_seconds if is_slow else rate.limit / MINUTE
        self.level = min(self.level, rate.left)

    def _fill(self, now: float) -> None:
        self.level = min(self.capacity, self.level + max(0.0, now - self._filled) * self.per_second)
        self._filled = max(now, self._filled)


def bucket_of(rate: RateLimit, now: float) -> Bucket:
    """The bucket that an endpoint told of."""
    bucket = Bucket(rate.limit, burst=rate.limit, now=now)
    bucket.told(rate, now)
    return bucket


class Window:
    """How many calls may be in flight: one more for each sample of answers without overload, fewer in proportion to it.

    Decisions rest on calls that were sent since the last one, so that one overload is not counted twice. A few calls
    that are turned away among many (a tenth) are what busy endpoints do all day, and no reason to slow down; what is
    beyond that is cut off by its share, at most by half.

    Source:
        Chiu and Jain (1989), additive increase and multiplicative decrease; a decrease in proportion to the marked
        share is that of DCTCP, RFC 8257.
    """

    TOLERATED = 0.1
    """Share of calls turned away that is no overload."""
    SAMPLE = 32
    """Answers, or a window of them if that is more, by whose share it decides."""
    ALARM = 4
    """Calls turned away, half of all and half of a window, that are not waited out."""

    def __init__(self, most: int) -> None:
        """Begin with as many calls as the user allows.

        Args:
            most: Calls in flight, never exceeded, at least 1.
        """
        self.most, self.size, self.epoch = most, most, 0
        """`epoch` counts decisions; a call remembers in which it was sent."""
        self._answers = self._overloads = 0
        self._proven = most
        """Up to this size it grows by doubling: it fell from there at once, not step by step."""
        self._is_falling = False

    def answered(self, epoch: int, *, is_overload: bool) -> None:
        """Hear how a call ended that was sent in an epoch."""
        if epoch != self.epoch:
            return
        self._answers += 1
        self._overloads += is_overload
        share = self._overloads / self._answers
        if share >= 0.5 and self._overloads >= max(self.ALARM, self.size / 2):  # noqa: PLR2004 - half
            self._shrink(share)
        elif self._answers >= (self.size if self._is_below_proven else max(self.size, self.SAMPLE)):
            if share > self.TOLERATED:
                self._shrink(share)
            else:
                self._grow()

    @property
    def _is_below_proven(self) -> bool:
        return 2 * self.size <= self._proven

    def _shrink(self, share: float) -> None:
        if not self._is_falling:
            self._proven = max(1, self.size // 2)
        self._decide(max(1, int(self.size * max(0.5, 1 - share))), is_falling=True)

    def _grow(self) -> None:
        step = self.size if self._is_below_proven else 1
        self._decide(min(self.most, self.size + step), is_falling=False)

    def _decide(self, size: int, *, is_falling: bool) -> None:
        self.size, self._is_falling = size, is_falling
        self._answers = self._overloads = 0
        self.epoch += 1


class Breaker:
    """Opens after failures in a row; then one call at a time probes, with growing pauses, until one is answered."""

    FAILURES = 10
    """In a row, of whatever calls. One in ten calls failing by chance gives such a row once in 10^10 calls."""
    FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
    """Seconds."""

    def __init__(self, patience_seconds: float) -> None:
        """Begin closed.

        Args:
            patience_seconds: How long it may stay open before the endpoint counts as down.
        """
        self.patience_seconds = patience_seconds
        self.is_open = self.is_down = False
        self.failures = 0
        self._opened = self._until = 0.0
        self._pause = self.FIRST_PAUSE
        self._is_probing = False

    def seconds_until(self, now: float) -> float | None:
        """How long to wait before a call may go out; None while a probe is out, whose end decides."""
        if not self.is_open:
            return 0.0
        return None if self._is_probing else max(0.0, self._until - now)

    def sent(self) -> bool:
        """Note a call that goes out; whether it is a probe."""
        self._is_probing = self.is_open
        return self.is_open

    def succeeded(self) -> bool:
        """Note an answer, of whatever call; whether it closed the circuit."""
        was_open = self.is_open
        self.is_open = self._is_probing = False
        self.failures, self._pause = 0, self.FIRST_PAUSE
        return was_open

    def failed(self, now: float, *, is_probe: bool) -> bool:
        """Note a failure; whether it opened the circuit."""
        self.failures += 1
        if self.is_open:
            if is_probe:
                self._is_probing = False
                self._pause = min(self.LONGEST_PAUSE, 2 * self._pause)
                self._until = now + self._pause
                self.is_down = now - self._opened >= self.patience_seconds
            return False
        self.is_open = self.failures >= self.FAILURES
        if self.is_open:
            self._opened, self._until = now, now + self._pause
        return self.is_open

    def abandoned(self) -> None:
        """Note that the probe ended without a word of the endpoint: another one may go."""
        self._is_probing = False
