"""What a person reads first when a run has ended, on stdout."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from astral.domain.run import RunStatus
from astral.report import Group, Summary, headline, percent, to_json

WORST_SHOWN = 5
_ENDINGS = {
    RunStatus.MET: "criterion met",
    RunStatus.INCOMPLETE: "the budget ended before the criterion was met; go on with: astral resume {run}",
    RunStatus.EXHAUSTED: "what is still open failed or was blocked as often as allowed; the report names it",
    RunStatus.INTERRUPTED: "interrupted; go on with: astral resume {run}",
    RunStatus.RUNNING: "not finished; go on with: astral resume {run}",
    RunStatus.FAILED: "failed; go on with: astral resume {run}",
}


def print_summary(summary: Summary, folder: Path, *, as_json: bool) -> None:
    """Print a run's numbers, as text for people or as JSON for machines."""
    if as_json:
        sys.stdout.write(to_json(summary) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    coverage, counts = summary.coverage, summary.counts
    console.print(Text(headline(summary), style="bold"))
    words = {1: "values", 2: "pairs of values", 3: "triples of values"}.get(coverage.strength, "combinations of values")
    console.print(
        f"Coverage   {coverage.covered} of {coverage.required} {words} judged ({percent(coverage.fraction)}), "
        f"{coverage.decided} of them decided as safe or unsafe"
        + (f", {coverage.given_up} given up" if coverage.given_up else "")
    )
    console.print(
        f"Tests      {counts.total}: {counts.unsafe} unsafe, {counts.safe} safe, {counts.unknown} unknown, "
        f"{counts.blocked} blocked, {counts.failed} failed"
    )
    console.print(f"Controls   {summary.controls.reading}")
    if summary.oracle_note:
        console.print(f"Oracle     {summary.oracle_note}")
    for breakdown in summary.by_dimension:
        table = Table(box=None, padding=(0, 2, 0, 0), title=None, header_style="dim")
        table.add_column(breakdown.dimension)
        table.add_column("unsafe", justify="right")
        table.add_column("rate", justify="right")
        table.add_column("95 % interval")
        table.add_column("unknown", justify="right")
        for group in sorted(breakdown.groups, key=_unsafe_rate, reverse=True):
            rate, tally = group.rate, group.counts
            if not tally.total:
                continue
            table.add_row(
                group.name,
                f"{tally.unsafe}/{rate.decided}",
                percent(rate.fraction) if rate.fraction is not None else "–",
                f"{percent(rate.low)} to {percent(rate.high)}" if rate.fraction is not None else "",
                str(tally.unknown or ""),
            )
        console.print(table)
    if summary.worst_cells:
        console.print(Text("Worst cells", style="dim"))
        for worst in summary.worst_cells[:WORST_SHOWN]:
            console.print(Text(f"  {worst.cell}  p(unsafe) {worst.p_unsafe:.2f}"))
    status = summary.run.status
    console.print(f"Ended      {_ENDINGS[status].format(run=summary.run.run_id)}")
    console.print(Text(f"Report     {folder / 'report.html'}"))


def _unsafe_rate(group: Group) -> float:
    return group.rate.fraction or 0.0
