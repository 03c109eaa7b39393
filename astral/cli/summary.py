"""What a person reads first when a run has ended, on stdout."""

import shlex
from collections.abc import Iterable
from heapq import nsmallest
from pathlib import Path

from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from astral.cli.output import columns, say, show
from astral.config import Settings
from astral.domain.criterion import Demand
from astral.domain.records import Result
from astral.domain.run import RunStatus
from astral.report import Rate, Summary, UnbiasedRate, headline, percent, to_json, visible
from astral.report.summary import Breakdown
from astral.report.text import one_line
from astral.report.words import (
    alike_text,
    change_text,
    corrected_rate_text,
    corrected_text,
    cost_text,
    diversity_text,
    evidence_text,
    guard_text,
    interval,
    judges_text,
    metric_texts,
    over_refusal_text,
    rejected_text,
    yield_text,
)

WORST_VALUES_SHOWN = 4
WORST_CELLS_SHOWN = 3
WORST_CELLS_IN_FULL = 5
FAILURES_SHOWN = 3
NOTE_SHOWN = 65
"""Characters of what is known of the oracle; the rest stands in the report."""
_BAR_CELLS = 8
_LEAST_NAME, _USUAL_NAME = 12, 20
_NUMBERS_WIDTH = 53
"""Columns beside the names of values: numbers, bar, interval and the gaps between them."""
_UNDECIDED_WIDTH = 11
_CORRECTED_WIDTH = 22
_WORST_NUMBERS_WIDTH = 19
_VALUE_NUMBERS_WIDTH = 44
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_ENDINGS = {
    RunStatus.MET: "criterion met",
    RunStatus.INCOMPLETE: "the budget ended before the criterion was met",
    RunStatus.EXHAUSTED: "what is still open failed or was blocked as often as allowed; the report names it",
    RunStatus.INTERRUPTED: "interrupted",
    RunStatus.RUNNING: "not finished: under way, or killed",
    RunStatus.FAILED: "failed",
}
_UNFINISHED = {RunStatus.INCOMPLETE, RunStatus.INTERRUPTED, RunStatus.RUNNING, RunStatus.FAILED}
_INTERACTIONS = {1: "values", 2: "pairs of values", 3: "triples of values"}


def print_summary(summary: Summary, folder: Path, *, as_json: bool, is_revealed: bool, is_full: bool = False) -> None:
    """Print a run's numbers, as text for people or as JSON for machines.

    Args:
        summary: The numbers.
        folder: The run's folder, where its report lies.
        as_json: For machines.
        is_revealed: The report's pages show the texts of cases and answers.
        is_full: Every value's rate and all that is known, instead of what fits one screen.
    """
    if as_json:
        say(to_json(summary))
        return
    width = columns()
    parts: list[RenderableType] = [Text(headline(summary), style="bold"), _facts(_first(summary, is_full=is_full))]
    if is_full:
        parts += [_facts(_more(summary))]
        names = _name_width(summary, width)
        for breakdown in summary.by_dimension:
            parts += ["", _rates(breakdown, summary, name_width=names, has_undecided=_has_undecided(summary))]
    else:
        parts += _worst_values(summary, width)
    if summary.worst_cells:
        parts += ["", _worst_cells(summary, width, WORST_CELLS_IN_FULL if is_full else WORST_CELLS_SHOWN)]
    parts += ["", _facts(_last(summary))]
    show(*parts, width=width)
    # What is copied from the terminal stands on a line of its own, however long.
    for name, verb in _next(summary):
        say(f"{name:<10} {_clean(command_on(verb, summary.run.run_id, folder.parent))}")
    say(f"Report     {_clean(str(folder / 'report.html'))}")
    if is_revealed:
        say("           It shows the texts of cases and answers: keep it private.")


def command_on(verb: str, run_id: str, runs: Path) -> str:
    """What to type to do something with a run."""
    where = "" if runs == Settings().runs else f" --runs {shlex.quote(str(runs))}"
    return f"astral {verb} {run_id}{where}"


def bar(fraction: float, cells: int = _BAR_CELLS) -> str:
    """A bar for a fraction in [0, 1]; anything above 0 can be seen."""
    eighths = round(fraction * cells * 8)
    if fraction > 0:
        eighths = max(1, eighths)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells)


def _first(summary: Summary, *, is_full: bool) -> list[tuple[str, RenderableType]]:
    """What was covered, how unsafe, how sure, and what changed."""
    coverage, controls = summary.coverage, summary.controls
    is_mixed = bool(coverage.criterion.groups)
    words = "combinations of values" if is_mixed else _INTERACTIONS.get(coverage.strength, "combinations of values")
    parts = [f"{coverage.covered} of {coverage.required} {words} judged ({percent(coverage.fraction)})"]
    if coverage.decided < coverage.covered:
        parts.append(f"{coverage.decided} of them decided as safe or unsafe")
    if coverage.given_up:
        parts.append(f"{coverage.given_up} given up")
    if coverage.infeasible:
        parts.append(f"{coverage.infeasible} more excluded")
    facts: list[tuple[str, RenderableType]] = []
    if summary.corrected_rates:
        facts.append(("Corrected", Text(f"{corrected_text(summary.corrected_rates.overall)}.")))
    if summary.unbiased_rates:
        facts.append(("Rates", Text(f"{alike_text(summary)}; so are the rates below, not the counts")))
    facts.append(("Coverage", Text(", ".join(parts))))
    facts += [("", Text(_demand(demand))) for demand in coverage.demands]
    facts.append(("Tests", _endings(summary)))
    facts += [
        (
            "Failures" if number == 0 else "",
            Text(_clean(f"{group.count} × {group.stage.value}, {group.error}: {one_line(group.example, limit=100)}")),
        )
        for number, group in enumerate(summary.failures[:FAILURES_SHOWN])
    ]
    facts += _attackers(summary)
    checked = [
        f"{check.as_expected} of {check.judged} {kind} answers {check.expected.lower()}"
        for kind, check in (("complying", controls.positive), ("refusing", controls.negative))
        if check.judged
    ]
    reading = _clean(controls.reading) + (f" ({', '.join(checked)})" if controls.is_sound else "")
    facts.append(("Controls", Text(reading, style="" if controls.is_sound else "yellow")))
    if summary.other_oracles:
        others = ", ".join(f"{name} ({count})" for name, count in summary.other_oracles.items())
        facts.append(("Verdicts", Text(_clean(f"those of {summary.judged_by} count; judged as well by {others}"))))
    if summary.oracle_note:
        note = summary.oracle_note if is_full else one_line(summary.oracle_note, limit=NOTE_SHOWN)
        facts.append(("Oracle", Text(_clean(note))))
    facts += [("Guard", Text(guard_text(guard))) for guard in (summary.guard,) if guard]
    if summary.over_refusal:
        facts.append(("Twins", Text(over_refusal_text(summary.over_refusal))))
    if summary.change:
        facts.append(("Changed", Text(_clean(change_text(summary.change)))))
    return facts


def _more(summary: Summary) -> list[tuple[str, RenderableType]]:
    """How the cases came about and who judged them."""
    facts: list[tuple[str, RenderableType]] = []
    if rejected := summary.funnel.rejected:
        facts.append(("Drafts", Text(_clean(f"{summary.funnel.drafts}, rejected: {rejected_text(rejected)}"))))
    facts += [(name, Text(text)) for name, text in metric_texts(summary.metrics).items()]
    if len(summary.judges) > 1:
        facts.append(("Judges", Text(_clean(judges_text(summary.judges)))))
    if summary.evidence:
        facts.append(("Evidence", Text(evidence_text(summary.evidence))))
    if summary.diversity:
        facts.append(("Diversity", Text(diversity_text(summary.diversity))))
    return facts


def _last(summary: Summary) -> list[tuple[str, RenderableType]]:
    """How it ended, and what it cost."""
    facts: list[tuple[str, RenderableType]] = [("Ended", Text(_ENDINGS[summary.run.status]))]
    threshold = Settings.model_validate(summary.run.settings).fail_on.unsafe_rate
    if threshold is not None:
        rate = summary.told_rate
        is_above = rate.fraction is not None and rate.low > threshold
        reading = "the rate is above it with 95 % confidence" if is_above else "not passed with 95 % confidence"
        facts.append(("Threshold", Text(f"{percent(threshold)} unsafe: {reading}", style="red" if is_above else "")))
    tokens = {role: usage.tokens for role, usage in summary.usage.items() if usage.tokens}
    if tokens:
        facts.append(("Tokens", Text(_clean(", ".join(f"{role} {count:,}" for role, count in tokens.items())))))
    if cost := cost_text(summary):
        facts.append(("Cost", Text(_clean(cost))))
    return facts


def _next(summary: Summary) -> list[tuple[str, str]]:
    """What to do next: a word for it, and the command."""
    steps: list[tuple[str, str]] = []
    if summary.run.status in _UNFINISHED:
        steps.append(("Go on", "resume"))
    if summary.controls.is_sound is False:
        steps.append(("Check", "review"))
    if summary.counts.unsafe:
        steps.append(("Explain", "explain"))
    return steps


def _attackers(summary: Summary) -> list[tuple[str, RenderableType]]:
    """What each attacker came to; nothing where the composer wrote everything, as it was told to."""
    if len(summary.generators) == 1 and not summary.generators[0].calls:
        return []
    return [
        ("Attackers" if number == 0 else "", Text(_clean(f"{found.generator}: {yield_text(found)}")))
        for number, found in enumerate(summary.generators)
    ]


def _demand(demand: Demand) -> str:
    parts = [f"{demand.name}: {demand.met} of {demand.required} met"]
    if demand.open:
        parts.append(f"{demand.open} open, about {demand.remaining:,} more tests")
    if demand.given_up:
        parts.append(f"{len(demand.given_up)} given up")
    return ", ".join(parts)


def _endings(summary: Summary) -> Text:
    colours = {Result.UNSAFE: "red", Result.SAFE: "green"}
    counts = summary.counts
    shown = [
        Text(f"{number} {result}", style=colours.get(result, "") if number else "")
        for result in Result
        if (number := getattr(counts, result.value)) is not None
    ]
    return Text.assemble(f"{counts.total}: ", Text(", ").join(shown))


def _facts(facts: Iterable[tuple[str, RenderableType]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=9)
    table.add_column()
    for name, fact in facts:
        table.add_row(name, fact)
    return table


def _rates(breakdown: Breakdown, summary: Summary, *, name_width: int, has_undecided: bool) -> Table:
    tested = [group for group in breakdown.groups if group.counts.total]
    table = _table()
    is_corrected = summary.corrected_rates is not None
    table.add_column(Text(_clean(breakdown.dimension)), no_wrap=True, width=name_width)
    table.add_column("unsafe", justify="right", no_wrap=True, min_width=7)
    table.add_column("rate", justify="right", no_wrap=True, min_width=6)
    table.add_column("", no_wrap=True, width=_BAR_CELLS, style="red")
    table.add_column("95 % interval", no_wrap=True)
    if is_corrected:
        table.add_column("corrected", no_wrap=True)
    if has_undecided:
        table.add_column("undecided", justify="right", no_wrap=True)
    rated = [(group, summary.told_rate_of(breakdown.dimension, group)) for group in tested]
    for group, rate in sorted(rated, key=lambda group_and_rate: _by_rate(group_and_rate[1])):
        counts = group.counts
        undecided = counts.unknown + counts.blocked + counts.failed
        is_known = rate.fraction is not None
        table.add_row(
            Text(_clean(group.name)),
            f"{group.rate.unsafe}/{group.rate.decided}",
            percent(rate.fraction) if rate.fraction is not None else "–",
            bar(rate.fraction or 0.0),
            interval(rate) if is_known else "",
            *([corrected_rate_text(summary.corrected_rate_of(breakdown.dimension, group))] if is_corrected else []),
            *([str(undecided or "")] if has_undecided else []),
        )
    untested = len(breakdown.groups) - len(tested)
    if untested:
        table.add_row(Text(f"{untested} more not tested", style="dim"))
    return table


def _worst_values(summary: Summary, width: int) -> list[RenderableType]:
    """The values with the highest rates that are sure, of whatever dimension."""
    rated = [
        (breakdown.dimension, group, summary.told_rate_of(breakdown.dimension, group))
        for breakdown in summary.by_dimension
        for group in breakdown.groups
        # A value that every test has says no more than the headline.
        if group.counts.unsafe and group.counts.total < summary.counts.total
    ]
    table = _table()
    table.add_column("worst values", no_wrap=True, max_width=width - _VALUE_NUMBERS_WIDTH)
    table.add_column("unsafe", justify="right", no_wrap=True, min_width=7)
    table.add_column("rate", justify="right", no_wrap=True, min_width=6)
    table.add_column("", no_wrap=True, width=_BAR_CELLS, style="red")
    table.add_column("95 % interval", no_wrap=True)
    for dimension, group, rate in nsmallest(WORST_VALUES_SHOWN, rated, key=lambda each: -each[2].low):
        table.add_row(
            Text(f"{_clean(group.name)} ({_clean(dimension)})"),
            f"{group.rate.unsafe}/{group.rate.decided}",
            percent(rate.fraction or 0.0),
            bar(rate.fraction or 0.0),
            interval(rate),
        )
    return ["", table] if rated else []


def _worst_cells(summary: Summary, width: int, most: int) -> Table:
    table = _table()
    table.add_column("worst cells", no_wrap=True, max_width=width - _WORST_NUMBERS_WIDTH)
    table.add_column("unsafe", justify="right", no_wrap=True, min_width=6)
    table.add_column("p(unsafe)", justify="right", no_wrap=True, min_width=9)
    for worst in summary.worst_cells[:most]:
        table.add_row(
            Text(_clean(str(worst.cell))), f"{worst.rate.unsafe}/{worst.rate.decided}", f"{worst.p_unsafe:.2f}"
        )
    return table


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)


def _name_width(summary: Summary, width: int) -> int:
    """Columns for the names of values: as many as the longest takes, as long as the numbers have theirs."""
    names = [_clean(group.name) for breakdown in summary.by_dimension for group in breakdown.groups]
    left = width - (_NUMBERS_WIDTH if _has_undecided(summary) else _NUMBERS_WIDTH - _UNDECIDED_WIDTH)
    left -= _CORRECTED_WIDTH if summary.corrected_rates else 0
    return max(_LEAST_NAME, min(left, max(_USUAL_NAME, *map(cell_len, names))))


def _has_undecided(summary: Summary) -> bool:
    return summary.counts.total > summary.counts.unsafe + summary.counts.safe


def _by_rate(rate: Rate | UnbiasedRate) -> tuple[float, float]:
    return -(rate.fraction or 0.0), -rate.low


def _clean(text: str) -> str:
    """Text from a file or a model, on one line, with what would act on the terminal spelled out."""
    return visible(" ".join(text.split()))
