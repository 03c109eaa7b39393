"""`astral compare`: two runs against each other, or the oracles that judged one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.options import Config, Json, Runs
from astral.cli.output import columns, say, show
from astral.errors import UserError

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

    from astral.report.comparison import RunComparison
    from astral.workflow.comparing import OracleFacts, Pair


_PAGES = {".html": True, ".md": False}
"""Endings of the files that --out may name, and whether they are HTML."""
_ROWS = 6
"""Values of a dimension, and cases of a kind, that the terminal shows; the pages have more."""


def compare(
    compared: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of runs, or `latest`; the first is the baseline.", metavar="RUN"),
    ] = None,
    *,
    oracles: Annotated[
        bool, typer.Option("--oracles", help="Compare the oracles that judged one run, by default the latest.")
    ] = False,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            rich_help_panel="What comes out",
            help="Write the comparison into this file too, as its end says: .html, .md or .json; may be repeated.",
        ),
    ] = None,
    json: Json = False,
    runs: Runs = None,
    config: Config = None,
) -> None:
    """Compare runs: two models, two nights, before and after a change; or the oracles that judged a run.

    Cases that both runs have are compared case by case (McNemar's test, a bootstrap interval), the others by their
    rates; over-refusal stands beside.

    Examples:
    * `astral compare 20261127-020000-1a2b latest --out change.html --out change.md`

    * `astral judge latest --oracle llm:openai:gpt-5`, then `astral compare latest --oracles`
    """
    from astral.config import load_settings

    settings = load_settings(config, {"runs": runs})
    names = compared or []
    if oracles:
        if len(names) > 1:
            raise UserError("--oracles compares the judges of one run: name one, or none for the latest.")
        _compare_oracles(settings.runs, names[0] if names else "latest", as_json=json)
        return
    if len(names) < 2:  # noqa: PLR2004 - a comparison takes two
        one = names[0] if names else "latest"
        raise UserError(
            f"Say what is compared: `astral compare BASELINE {one}` compares two runs, "
            f"`astral compare {one} --oracles` the judges of one."
        )
    _compare_runs(settings.runs, names, out or [], as_json=json)


def _compare_runs(runs: Path, names: Sequence[str], out: Sequence[Path], *, as_json: bool) -> None:
    from astral.files import write_private
    from astral.report import to_json
    from astral.report.comparison_pages import render_comparison
    from astral.workflow.comparing_runs import compare_recorded

    for path in out:
        if path.suffix not in {*_PAGES, ".json"}:
            raise UserError(f"--out {path}: name a file that ends in .html, .md or .json.")
    if len(names) > 2 and any(path.suffix == ".html" for path in out):  # noqa: PLR2004 - one page, one pair
        raise UserError("An HTML page shows one pair: compare two runs at a time.")
    found = [compare_recorded(runs, names[0], other) for other in names[1:]]
    told = to_json(found[0] if len(found) == 1 else found)
    for path in out:
        if path.suffix == ".json":
            text = told + "\n"
        else:
            text = "\n".join(render_comparison(each, html=_PAGES[path.suffix]) for each in found)
        write_private(path, [text])
    if as_json:
        say(told)
        return
    for each in found:
        show_comparison(each)


def show_comparison(found: "RunComparison") -> None:
    """Print what changed from one run to the other."""
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible
    from astral.report.comparison_pages import (
        changed_cases,
        changed_text,
        comparison_headline,
        paired_text,
        points,
        twins_text,
    )
    from astral.report.words import rate_text

    def table(*names: str) -> Table:
        made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for name in names:
            made.add_column(name, overflow="fold")
        return made

    sides = table("", "unsafe cases", "refused twins", "run")
    for title, side in (("before", found.before), ("after", found.after)):
        sides.add_row(
            title,
            f"{side.rate.unsafe} of {side.rate.decided}: {rate_text(side.rate)}",
            rate_text(side.over_refusal) if side.over_refusal.decided else "–",
            Text(f"{side.run_id}\n{visible(side.target)}"),
        )
    parts: list[RenderableType] = [Text(comparison_headline(found), style="bold"), "", sides, ""]
    parts.append(f"Unpaired: {points(found.difference)}")
    if found.paired:
        parts.append(f"Paired: {paired_text(found.paired)}")
    if found.over_refusal_paired:
        parts.append(f"Over-refusal: {twins_text(found.over_refusal_paired)}")
    for dimension, values in found.by_dimension.items():
        largest = sorted(values, key=lambda value: -abs(value.difference.value or 0))[:_ROWS]
        changes = table(dimension, "before", "after", "change")
        for value in largest:
            change = points(value.difference)
            changes.add_row(Text(visible(value.name)), rate_text(value.before), rate_text(value.after), change)
        parts += ["", changes]
    for title, cases in changed_cases(found):
        parts += ["", Text(f"{title} ({len(cases)})", style="bold")]
        parts += [
            Text(f"{' · '.join(visible(value) for _, value in case.cell.values)}: {changed_text(case)}")
            for case in cases[:_ROWS]
        ]
    show(*parts, "", *(Text(visible(note)) for note in found.notes), width=columns())


def _compare_oracles(runs: Path, run: str, *, as_json: bool) -> None:
    from astral.report import to_json
    from astral.workflow.comparing import compare_oracles

    found = compare_oracles(runs, run)
    if as_json:
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
