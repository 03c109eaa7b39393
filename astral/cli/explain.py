"""`astral explain`: what drives the unsafe answers of a run."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from astral.cli.options import Config, Json, Run, Runs
from astral.cli.output import columns, say, show

if TYPE_CHECKING:
    from astral.domain.space import Interaction
    from astral.report.explain import Explanation

TESTS_SHOWN = 5


def explain(run: Run = "latest", *, json: Json = False, runs: Runs = None, config: Config = None) -> None:
    """Say which values, pairs and triples of them drive the unsafe answers of a run, and where that can be seen.

    At most one in twenty of what is named is expected to be chance, also after a search. An interaction is named only
    where it goes beyond its parts.

    Examples:
    * `astral explain latest` ranks what drives the unsafe answers, and names the tests that show it.

    * `astral explain latest --json` prints the same for a program.
    """
    from astral.config import load_settings
    from astral.report import to_json
    from astral.workflow.reporting import explanation_of

    settings = load_settings(config, {"runs": runs})
    explanation = explanation_of(settings.runs, run)
    if json:
        say(to_json(explanation))
    else:
        _print(explanation, settings.runs)


def _print(explanation: "Explanation", runs: Path) -> None:
    from astral.cli.summary import command_on
    from astral.report import visible

    parts: list[RenderableType] = [Text(explanation.reading, style="bold" if explanation.drivers else "")]
    if explanation.drivers:
        parts += ["", _drivers(explanation), "", _cells(explanation), "", _legend(explanation)]
    show(*parts, width=columns())
    if explanation.cells:
        say(f"\nTexts      {visible(command_on('report', explanation.run_id, runs))} --reveal")


def _drivers(explanation: "Explanation") -> Table:
    table = _table()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("drives unsafe answers", overflow="fold")
    table.add_column("unsafe", justify="right", no_wrap=True, min_width=7)
    table.add_column("without", justify="right", no_wrap=True)
    table.add_column("odds", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    for rank, driver in enumerate(explanation.drivers, start=1):
        table.add_row(
            str(rank),
            Text(_named(driver.interaction)),
            f"{driver.unsafe}/{driver.decided}",
            _short(driver.expected),
            f"× {_short(driver.odds_ratio)}",
            f"{_short(driver.low)} to {_short(driver.high)}",
        )
        for rival in driver.rivals[:2]:
            table.add_row("", Text(f"or {_named(rival)}", style="dim"))
    return table


def _cells(explanation: "Explanation") -> Table:
    table = _table()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("cells that show them", overflow="fold")
    table.add_column("unsafe", justify="right", no_wrap=True, min_width=7)
    table.add_column("unsafe tests", overflow="fold")
    for cell in explanation.cells:
        more = len(cell.tests) - TESTS_SHOWN
        table.add_row(
            _listed(cell.shows),
            Text(_named(cell.cell.values)),
            f"{cell.unsafe}/{cell.decided}",
            _listed(cell.tests[:TESTS_SHOWN]) + (f" and {more} more" if more > 0 else ""),
        )
    return table


def _legend(explanation: "Explanation") -> Text:
    from astral.report import percent

    lines = [
        "without: unsafe answers of the same tests to be expected without it.",
        "odds: the odds of an unsafe answer are multiplied by so much, the others being equal.",
        f"At most {percent(explanation.false_discoveries)} of what is named is expected to be chance.",
    ]
    if any(driver.rivals for driver in explanation.drivers):
        lines.append("or: explains the same tests nearly as well; they cannot tell which of the two it is.")
    return Text("\n".join(lines), style="dim")


def _named(interaction: "Interaction") -> str:
    """Ids of the values, as in the names of cells; a value by itself with its dimension."""
    from astral.report import visible

    if len(interaction) == 1:
        ((dimension, value),) = interaction
        return visible(f"{value} ({dimension})")
    return visible(" · ".join(value for _, value in interaction))


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _short(number: float) -> str:
    """Two digits where it is small, whole where it is not."""
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"  # noqa: PLR2004 - ten, rounded


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
