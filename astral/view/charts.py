"""Numbers of runs over time → places in a picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from astral.domain.price import money
from astral.report import percent
from astral.report.words import quantity
from astral.view.nights import Night, Trend

WIDTH, HEIGHT = 320, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 10, 22
"""Margins, in the picture's own units: numbers stand at the left, dates below."""
_NICE = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Mark:
    """A run in a picture."""

    x: float
    y: float
    low: float
    high: float
    """Ends of the interval; equal to `y` where there is none."""
    told: str


@dataclass(frozen=True)
class Chart:
    """One number of the runs of a trend, over time."""

    title: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    """Heights of the lines of the scale, with what they stand for."""
    reading: str
    """What the picture shows, for those who cannot see it."""

    @property
    def line(self) -> str:
        """The path through all marks."""
        return "M" + "L".join(f"{mark.x:.1f} {mark.y:.1f}" for mark in self.marks)

    @property
    def band(self) -> str:
        """The path around all intervals."""
        there = [f"{mark.x:.1f} {mark.high:.1f}" for mark in self.marks]
        back = [f"{mark.x:.1f} {mark.low:.1f}" for mark in reversed(self.marks)]
        return "M" + "L".join([*there, *back]) + "Z"


Bounds = tuple[float, float, float]
"""A value, and the ends of its interval."""


def charts_of(trend: Trend) -> list[Chart]:
    """Unsafe rate, coverage and cost by run; what no run has is left out."""
    costs = [night.dollars for night in trend.nights]
    in_dollars = any(costs)
    cost = _dollars if in_dollars else _tokens
    drawn = [
        _chart("Unsafe rate", trend.nights, _rate, percent, most=1.0),
        _chart("Coverage", trend.nights, _coverage, percent, most=1.0, least=1.0),
        _chart("Cost" if in_dollars else "Tokens", trend.nights, cost, money if in_dollars else _short),
    ]
    return [chart for chart in drawn if chart]


def nice(most: float) -> float:
    """The next higher number that a scale may end with: 1, 2, 2.5 or 5 times a power of ten."""
    power = 1.0
    while power * 10 <= most:
        power *= 10
    while power > most:
        power /= 10
    return next((step * power for step in _NICE if step * power >= most * (1 - 1e-9)), 10 * power)


def _rate(night: Night) -> Bounds | None:
    rate = night.rate
    return None if rate is None or rate.fraction is None else (rate.fraction, rate.low, rate.high)


def _coverage(night: Night) -> Bounds | None:
    return _exactly(night.summary.coverage.fraction) if night.summary else None


def _dollars(night: Night) -> Bounds | None:
    return None if night.dollars is None else _exactly(night.dollars)


def _tokens(night: Night) -> Bounds | None:
    return _exactly(night.tokens) if night.tokens else None


def _short(tokens: float) -> str:
    """A number of tokens in few signs: `840`, `25k`, `1.2M`."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if tokens >= size:
            return f"{tokens / size:.3g}{sign}"
    return f"{tokens:.0f}"


def _exactly(number: float) -> Bounds:
    return number, number, number


def _chart(
    title: str,
    nights: Sequence[Night],
    value: Callable[[Night], Bounds | None],
    words: Callable[[float], str],
    *,
    least: float = 0.0,
    most: float = float("inf"),
) -> Chart | None:
    """One picture.

    Args:
        title: What it shows.
        nights: Oldest first.
        value: What is drawn of a run; None leaves it out.
        words: How a value is told.
        least: The scale ends no lower.
        most: And no higher.
    """
    found = [(night, bounds) for night in nights if (bounds := value(night))]
    if not found:
        return None
    top = min(most, nice(max(least, *(high for _, (_, _, high) in found)) or 1.0))
    times = [night.run.created.timestamp() for night, _ in found]
    span = times[-1] - times[0]

    def height(number: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(number / top, 1.0)

    def place(time: float) -> float:
        # A single run stands in the middle.
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * ((time - times[0]) / span if span else 0.5)

    marks = tuple(
        Mark(place(time), height(at), height(low), height(high), f"{night.run.created:%d %b %H:%M}: {words(at)}")
        for time, (night, (at, low, high)) in zip(times, found, strict=True)
    )
    first, last = found[0][1][0], found[-1][1][0]
    return Chart(
        title=title,
        marks=marks,
        ticks=tuple((height(part * top), words(part * top)) for part in (0.0, 0.5, 1.0)),
        reading=f"{title} of {quantity(len(found), 'run')}: {words(first)} first, {words(last)} last",
    )
