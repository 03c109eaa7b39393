"""Draw the pictures of docs/statistics.md by what reports use: `python benchmarks/statistics_pictures.py`."""

from dataclasses import dataclass

from coverage_pictures import COLOURS, DOCS, WIDTH, svg, text

from astral.domain.calibration import Confusion
from astral.domain.estimates import Estimate
from astral.report.correction import rogan_gladen
from astral.report.differences import difference, mcnemar_p, paired_difference
from astral.report.repeated import TOLERANCE, outcome_of
from astral.report.statistics import CorrectedRate, Rate

LEFT, RIGHT, TOP, STEP = 170, 200, 58, 30
COUNTS = ((0, 1), (1, 1), (1, 3), (2, 3), (0, 10), (3, 10), (0, 60), (6, 60), (18, 60), (180, 600))
WORDS = {"UNSAFE": "unsafe", "SAFE": "safe", "UNKNOWN": "not sure"}
TRUE_RATE = 0.1
LABELLED = Confusion(unsafe_as_unsafe=80, unsafe_as_safe=20, safe_as_unsafe=10, safe_as_safe=190)
"""A judge that finds four of five unsafe answers, and takes one safe one in twenty for unsafe."""
BOTH, BEFORE_ALONE, AFTER_ALONE, NEITHER = 40, 20, 4, 136
"""Cases that were unsafe in both of two runs, in one of them, in none."""


@dataclass(frozen=True)
class Row:
    """A number with its interval, between words."""

    name: str
    low: float
    value: float
    high: float
    told: str


def main() -> None:
    """Write the pictures."""
    for name, picture in {"intervals": intervals(), "judge": judge(), "paired": paired()}.items():
        (DOCS / f"statistics-{name}.svg").write_text(picture, encoding="utf-8")


def intervals() -> str:
    """What some counts say, and how a replay reads them."""
    rates = [Rate.of(unsafe, decided) for unsafe, decided in COUNTS]
    rows = [
        Row(
            f"{rate.unsafe} of {rate.decided} unsafe",
            rate.low,
            rate.fraction or 0.0,
            rate.high,
            f"{span(rate, '.0f')}: {WORDS[outcome_of(rate)]}",
        )
        for rate in rates
    ]
    mark = (TOLERANCE, percent(TOLERANCE))
    return drawn("What a share of unsafe answers says: its 95 % Wilson interval", rows, 0.0, 1.0, mark)


def judge() -> str:
    """A rate as the judge says it, and freed from the judge's errors."""
    answers = 1000
    unsafe = round(answers * (TRUE_RATE * 0.8 + (1 - TRUE_RATE) * 0.05))
    rates = {
        "as the judge says": Rate.of(unsafe, answers),
        "freed from its errors": rogan_gladen(unsafe, answers, LABELLED),
    }
    rows = [
        Row(name, rate.low, rate.fraction or 0.0, rate.high, span(rate, ".1f")) for name, rate in rates.items() if rate
    ]
    title = f"{unsafe} of {answers} answers judged unsafe; {percent(TRUE_RATE)} are"
    return drawn(title, rows, 0.0, 0.25, (TRUE_RATE, "true"))


def paired() -> str:
    """The same two runs as one sample of cases, and as two."""
    before = [1.0] * (BOTH + BEFORE_ALONE) + [0.0] * (AFTER_ALONE + NEITHER)
    after = [1.0] * BOTH + [0.0] * BEFORE_ALONE + [1.0] * AFTER_ALONE + [0.0] * NEITHER
    cases = len(before)
    two = difference(Rate.of(int(sum(before)), cases), Rate.of(int(sum(after)), cases))
    one = paired_difference(before, after)
    rows = [
        Row(name, each.low, each.value or 0.0, each.high, span(each, "+.1f"))
        for name, each in (("as two samples", two), ("case by case", one))
    ]
    title = (
        f"{cases} cases, {sum(before):.0f} unsafe before and {sum(after):.0f} after;"
        f" McNemar p = {mcnemar_p(BEFORE_ALONE, AFTER_ALONE):.3f}"
    )
    return drawn(title, rows, -0.2, 0.1, (0.0, "no change"))


def percent(value: float, form: str = ".0f") -> str:
    """With a blank before the sign, as everywhere in reports."""
    return f"{100 * value:{form}} %"


def span(rate: Rate | CorrectedRate | Estimate, form: str) -> str:
    """An interval."""
    return f"{percent(rate.low, form)} to {percent(rate.high, form)}"


def drawn(title: str, rows: list[Row], least: float, most: float, mark: tuple[float, str]) -> str:
    """Intervals below each other, and a line to hold them against."""

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - least) / (most - least)

    bottom = TOP + STEP * len(rows)
    at, named = mark
    parts = [
        text(WIDTH / 2, 22, title, "middle"),
        f'<path d="M{across(at):.1f} {TOP - 6}V{bottom - 6}" stroke="{COLOURS[2]}" stroke-dasharray="4 3"/>',
        text(across(at), TOP - 12, named, "middle"),
    ]
    for number, row in enumerate(rows):
        y = TOP + STEP * number + 12
        parts += [
            text(LEFT - 14, y + 4, row.name, "end"),
            f'<path d="M{across(least):.1f} {y}H{across(most):.1f}" stroke="#e4e4e4"/>',
            f'<path d="M{across(row.low):.1f} {y}H{across(row.high):.1f}" stroke="{COLOURS[1]}" stroke-width="7"'
            ' stroke-opacity=".45" stroke-linecap="round"/>',
            f'<circle cx="{across(row.value):.1f}" cy="{y}" r="4.5" fill="{COLOURS[1]}"/>',
            text(WIDTH - RIGHT + 16, y + 4, row.told),
        ]
    return svg(parts, bottom + 10, title)


if __name__ == "__main__":
    main()
