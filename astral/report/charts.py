"""What the page's charts show. They are drawn in the browser, by Observable Plot; no number is made there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from astral.domain.records import Result
from astral.domain.space import Interaction
from astral.report import words
from astral.report.pair_maps import Field
from astral.report.statistics import CorrectedRate, Rate, UnbiasedRate
from astral.report.summary import Counts, Group, Summary
from astral.report.text import visible


@dataclass(frozen=True)
class RateRow:
    """A rate among others that it is compared with."""

    name: str
    address: str
    """Of its tests, in the page; empty where none are listed by it."""
    counts: Counts
    rate: Rate | UnbiasedRate
    corrected: CorrectedRate | None = None
    """The same freed from the judge's errors, where these are known."""

    @property
    def counted(self) -> str:
        """What it rests on."""
        undecided = words.undecided_text(self.counts)
        return f"{self.counts.unsafe} of {self.counts.rate.decided}" + (f", {undecided}" if undecided else "")

    @property
    def told(self) -> str:
        """All that is known, in one sentence."""
        corrected = f"; corrected {words.corrected_rate_text(self.corrected)}" if self.corrected else ""
        return f"{self.name}: {words.rate_text(self.rate)}, {self.counted}{corrected}"


@dataclass(frozen=True)
class RateChart:
    """Rates with their intervals, one below the other."""

    id: str
    title: str
    first: str
    """What stands in the rows."""
    rows: tuple[RateRow, ...]
    overall: Rate | UnbiasedRate
    """What they are held against."""
    note: str = ""


def rate_charts(summary: Summary) -> list[RateChart]:
    """The rates by value of each dimension, and by resources of the language; worst first."""
    found = [
        RateChart(
            id=f"rates-{number}",
            title=f"By {part.dimension}",
            first=part.dimension.capitalize(),
            rows=tuple(sorted((_value_row(summary, part.dimension, group) for group in part.groups), key=_badness)),
            overall=summary.told_rate,
        )
        for number, part in enumerate(summary.by_dimension)
    ]
    if summary.by_resource_level:
        searched = " Plain counts of what the search chose." if summary.unbiased_rates else ""
        found.append(
            RateChart(
                id="rates-resources",
                title="By resources of the language",
                first="Resources",
                rows=tuple(RateRow(group.name, "", group.counts, group.rate) for group in summary.by_resource_level),
                overall=summary.rate,
                note=f"How much text models were trained on, as the taxonomy of languages states it.{searched}",
            )
        )
    return [chart for chart in found if chart.rows]


def pair_chart(summary: Summary, worst: Sequence[Field]) -> RateChart | None:
    """The worst pairs of values; None where no answer was unsafe."""
    names = summary.value_names
    searched = " Plain counts of what the search chose." if summary.unbiased_rates else ""
    rows = tuple(
        RateRow(
            " × ".join(names.get(place, place[1]) for place in field.pair),
            _address(field.pair),
            field.counts,
            field.counts.rate,
        )
        for field in worst
    )
    note = (
        "By the lower end of the interval, of all pairs. The worst of many pairs look worse than they are: what is "
        f"named above as a driver is corrected for that, this is not.{searched}"
    )
    return RateChart("rates-pairs", "Worst pairs of values", "Pair", rows, summary.rate, note) if rows else None


def charts_of(summary: Summary, rates: Iterable[RateChart]) -> dict[str, Any]:
    """What the script draws: bars of parts, and rates, each by the id of its place in the page.

    Args:
        summary: The run's numbers.
        rates: Those that the page shows.
    """
    return {
        "bars": {
            name: {"parts": [[part, number] for part, number in parts.items() if number], "total": total}
            for name, (parts, total) in _bars(summary).items()
        },
        "rates": {
            chart.id: {
                "title": chart.title,
                "overall": chart.overall.fraction,
                "overallTold": "" if chart.overall.fraction is None else f"all {words.percent(chart.overall.fraction)}",
                "rows": [_drawn(row) for row in chart.rows],
            }
            for chart in rates
        },
    }


def funnel_steps(summary: Summary) -> list[tuple[str, int, str]]:
    """Of each step its name, how many tests reached it, and what became of them."""
    funnel, counts = summary.funnel, summary.counts
    unfinished = f"{words.quantity(funnel.unfinished, 'test')} under way" if funnel.unfinished else ""
    screened = f"{words.quantity(funnel.screened_out, 'test')} screened out: no usable draft"
    executed = (
        f"{funnel.answered} answered, {funnel.refused} refused by the provider, {funnel.blocked} blocked, "
        f"{funnel.empty} empty, {funnel.truncated} truncated"
    )
    judged = f"{counts.unsafe} unsafe, {counts.safe} safe, {counts.unknown} unknown"
    return [
        ("Planned", funnel.planned, unfinished),
        ("Generated", funnel.generated, screened if funnel.screened_out else "none screened out"),
        ("Executed", funnel.executed, executed),
        ("Judged", funnel.judged, judged),
    ]


def _bars(summary: Summary) -> dict[str, tuple[Mapping[str, int], int]]:
    """Of each bar its parts, named as the page's colours are, and what the whole bar stands for."""
    coverage, counts, funnel = summary.coverage, summary.counts, summary.funnel
    covered = {
        "decided": coverage.decided,
        "undecided": coverage.covered - coverage.decided,
        "given-up": coverage.given_up,
        "open": coverage.open,
    }
    executed = {
        "decided": funnel.answered + funnel.truncated,
        "safe": funnel.refused,
        "blocked": funnel.blocked,
        "unknown": funnel.empty,
    }
    return {
        "bar-results": ({result.value: getattr(counts, result.value) for result in Result}, counts.total),
        "bar-coverage": (covered, sum(covered.values())),
        "bar-planned": ({"decided": funnel.planned}, funnel.planned),
        "bar-generated": ({"decided": funnel.generated, "failed": funnel.screened_out}, funnel.planned),
        "bar-executed": (executed, funnel.planned),
        "bar-judged": ({"unsafe": counts.unsafe, "safe": counts.safe, "unknown": counts.unknown}, funnel.planned),
    }


def _value_row(summary: Summary, dimension: str, group: Group) -> RateRow:
    return RateRow(
        group.name,
        _address([(dimension, group.id)]),
        group.counts,
        summary.told_rate_of(dimension, group),
        summary.corrected_rate_of(dimension, group),
    )


def _address(values: Interaction | Sequence[tuple[str, str]]) -> str:
    """Of the tests that have these values: the list, filtered."""
    return "#tests&" + urlencode({f"in-{dimension}": value for dimension, value in values})


def _drawn(row: RateRow) -> dict[str, Any]:
    return {
        "name": visible(row.name),
        "address": row.address,
        "rate": _places(row.rate),
        "corrected": row.corrected and _places(row.corrected),
        "short": "–" if row.rate.fraction is None else words.percent(row.rate.fraction),
        "counted": f"{row.counts.unsafe}/{row.counts.rate.decided}",
        "interval": "nothing decided" if row.rate.fraction is None else words.interval(row.rate),
        "told": visible(row.told),
    }


def _places(rate: Rate | UnbiasedRate | CorrectedRate) -> list[float | None]:
    return [None if rate.fraction is None else round(rate.fraction, 4), round(rate.low, 4), round(rate.high, 4)]


def _badness(row: RateRow) -> tuple[bool, float, float, int]:
    """Worst first by the lower bound, so that one unlucky answer does not lead the table; undecided ones last."""
    rate = row.rate
    return rate.fraction is None, -rate.low, -(rate.fraction or 0.0), -row.counts.rate.decided
