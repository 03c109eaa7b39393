"""Numbers of runs over time → what a page's script draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from astral.domain.price import money
from astral.report import percent, visible
from astral.report.words import quantity
from astral.view.nights import Night, Trend

Unit = Literal["rate", "coverage", "dollars", "tokens"]
Bounds = tuple[float, float, float]
"""A value, and the ends of its interval; all alike where there is none."""


@dataclass(frozen=True)
class Point:
    """A run in a chart."""

    night: Night
    bounds: Bounds
    told: str


@dataclass(frozen=True)
class Chart:
    """One number of the runs of a trend, over time."""

    title: str
    unit: Unit
    points: tuple[Point, ...]
    """Oldest first."""
    reading: str
    """What the chart shows, for those who cannot see it."""

    def drawn(self, base: str) -> dict[str, Any]:
        """What the script gets.

        Args:
            base: What the addresses of the runs' pages begin with.
        """
        return {
            "unit": self.unit,
            "reading": visible(self.reading),
            "points": [
                {
                    "time": point.night.run.created.isoformat(),
                    **dict(zip(("value", "low", "high"), point.bounds, strict=True)),
                    "address": f"{base}runs/{point.night.run.run_id}",
                    "told": visible(point.told),
                }
                for point in self.points
            ],
        }


def charts_of(trend: Trend) -> list[Chart]:
    """Unsafe rate, coverage and cost by run; what no run has is left out."""
    in_dollars = any(night.dollars for night in trend.nights)
    drawn = [
        _chart("Unsafe rate", "rate", trend.nights, _rate, percent),
        _chart("Coverage", "coverage", trend.nights, _coverage, percent),
        _chart("Cost", "dollars", trend.nights, _dollars, money)
        if in_dollars
        else _chart("Tokens", "tokens", trend.nights, _tokens, _short),
    ]
    return [chart for chart in drawn if chart]


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
    unit: Unit,
    nights: Sequence[Night],
    value: Callable[[Night], Bounds | None],
    words: Callable[[float], str],
) -> Chart | None:
    """One chart.

    Args:
        title: What it shows.
        unit: What its values are.
        nights: Oldest first.
        value: What is drawn of a run; None leaves it out.
        words: How a value is told.
    """
    points = tuple(
        Point(night, bounds, f"{night.run.created:%d %b %H:%M}: {_told(bounds, words)}")
        for night in nights
        if (bounds := value(night))
    )
    if not points:
        return None
    first, last = (words(point.bounds[0]) for point in (points[0], points[-1]))
    return Chart(title, unit, points, f"{title} of {quantity(len(points), 'run')}: {first} first, {last} last")


def _told(bounds: Bounds, words: Callable[[float], str]) -> str:
    at, low, high = bounds
    if low == high:
        return words(at)
    least = words(low).removesuffix("\u00a0%")
    return f"{words(at)} ({least} to {words(high)})"
