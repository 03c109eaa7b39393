"""`astral compare`: how far the oracles agree that judged a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.options import Config, Json, Run, Runs
from astral.cli.output import columns, say, show
from astral.config import load_settings
from astral.errors import UserError

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from astral.workflow.comparing import OracleFacts, Pair


def compare(
    run: Run = "latest",
    *,
    oracles: Annotated[bool, typer.Option("--oracles", help="Compare the oracles that judged the run.")] = False,
    json: Json = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Compare the oracles that judged a run: agreement, kappa, what each decided, and what it cost.

    Examples: `astral judge latest --oracle llm:openai:gpt-5`, then `astral compare latest --oracles`.
    """
    if not oracles:
        raise UserError(f"Say what is compared: `astral compare {run} --oracles`.")
    from astral.report import to_json
    from astral.workflow.comparing import compare_oracles

    settings = load_settings(config, {"runs": runs})
    found = compare_oracles(settings.runs, run)
    if json:
        say(to_json(found))
        return
    show(_oracles(found.oracles), "", *(_pair(pair) for pair in found.pairs), width=columns())
    if found.note:
        say(found.note)


def _oracles(facts: "tuple[OracleFacts, ...]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible

    has_quality = any(one.sensitivity is not None for one in facts)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    names = ["judged", "unsafe", "safe", "unknown", "tokens", *(["sees", "clears"] if has_quality else [])]
    table.add_column("oracle", overflow="fold")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for one in facts:
        quality = [one.sensitivity, one.specificity] if has_quality else []
        table.add_row(
            Text(visible(one.oracle) + (" (counts)" if one.counts else "")),
            str(one.judged),
            str(one.unsafe),
            str(one.safe),
            str(one.unknown),
            f"{one.tokens:,}",
            *("–" if share is None else f"{share:.2f}" for share in quality),
        )
    return table


def _pair(pair: "Pair") -> "Group":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from astral.report import percent, visible

    kappa = "–"
    if pair.kappa.value is not None:
        kappa = f"{pair.kappa.value:.2f} ({pair.kappa.low:.2f} to {pair.kappa.high:.2f})"
    agreed = "–" if pair.agreement.value is None else percent(pair.agreement.value)
    head = f"{visible(pair.first)} (rows) × {visible(pair.second)}: {agreed} of {pair.judged} agree, kappa {kappa}"
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("")
    for name in pair.confusion:
        table.add_column(name, justify="right")
    for name, row in pair.confusion.items():
        table.add_row(name, *(str(count) for count in row.values()))
    return Group(Text(head), table, "")
