"""`astral plan`: what a run would cost, or the size of any covering array; nothing is sent."""

import csv
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astral.cli.options import (
    Config,
    Exhaustive,
    Json,
    Only,
    Preset,
    Runs,
    Strength,
    Taxonomy,
    narrowed,
    with_taxonomy,
)
from astral.cli.output import say, show
from astral.errors import UserError

if TYPE_CHECKING:
    from astral.config import Settings
    from astral.workflow.dry_run import DryRun

_LEVELS = re.compile(r"[0-9]+([x×,*][0-9]+)*")
_WHAT = "What is tested"
_CHUNK = 10_000
_NAMED = 5
"""Excluded interactions that are told with the proof; `--json` has 500."""


def plan(
    *,
    levels: Annotated[
        str | None,
        typer.Option(
            "--levels",
            metavar="AxBxC",
            rich_help_panel=_WHAT,
            help="Plan for dimensions of so many values, such as `14x10x6x5`, whatever the settings say.",
        ),
    ] = None,
    strength: Strength = None,
    exhaustive: Exhaustive = False,
    preset: Preset = None,
    taxonomy: Taxonomy = None,
    only: Only = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", min=0, rich_help_panel=_WHAT, show_default="0", help="Same seed, same cells."
        ),
    ] = None,
    cells: Annotated[
        Path | None, typer.Option("--cells", metavar="FILE", help="Write the cells into this file, as CSV.")
    ] = None,
    config: Config = None,
    runs: Runs = None,
    json: Json = False,
) -> None:
    """Print how many cells a run would test, its calls, tokens, money and time, before anything is sent.

    Examples:
    * `astral plan` is a dry run of astral.yaml, as `astral generate … --dry-run` is of any run.

    * `astral plan --strength 3 --cells plan.csv` writes its cells down.

    * `astral plan --levels 14x10x6x5 --strength 3 --json` sizes a covering array for any model.
    """
    from astral.config import load_settings

    if levels is not None:
        if taxonomy or only or config or preset:
            raise UserError("--levels stands for itself: leave out --preset, --taxonomy, --only and --config.")
        _plan_levels(
            parsed_levels(levels), None if exhaustive else strength or 2, seed=seed or 0, cells=cells, json=json
        )
        return
    flags = {
        "preset": preset,
        "only": narrowed(only or []),
        "strength": "exhaustive" if exhaustive else strength,
        "coverage": {"groups": [] if strength or exhaustive else None},
        "seed": seed,
        "runs": runs,
    }
    settings = load_settings(config, flags)
    for name in taxonomy or []:
        settings = with_taxonomy(settings, name)
    show_dry_run(settings, cells=cells, json=json)


def show_dry_run(settings: "Settings", *, cells: Path | None = None, json: bool) -> None:
    """Print what a run with these settings would do, and send nothing.

    Args:
        settings: Of the run.
        cells: Takes the planned cells as CSV, if it is given.
        json: Print for machines.

    Raises:
        UserError: The settings contradict each other, or the file cannot be written.
    """
    from astral.workflow.dry_run import dry_run

    facts, planned = dry_run(settings)
    if cells:
        _write(cells, facts.dimensions, ([value for _, value in cell.values] for cell in planned))
    if json:
        from astral.report import to_json

        say(to_json(facts))
    else:
        _print(facts)


def parsed_levels(text: str) -> tuple[int, ...]:
    """The numbers in a text such as `14x10x6x5`.

    Raises:
        UserError: It is no such text.
    """
    squeezed = "".join(text.split()).lower()
    if not _LEVELS.fullmatch(squeezed):
        raise UserError(f"--levels {text!r}: write the number of values of each dimension, such as 14x10x6x5.")
    return tuple(map(int, re.split(r"\D", squeezed)))


def _plan_levels(levels: tuple[int, ...], strength: int | None, *, seed: int, cells: Path | None, json: bool) -> None:
    """Size a covering array; no strength means that of all dimensions together."""
    from astral.plan import covering_array, lower_bound

    wanted = strength or len(levels)
    start = time.perf_counter()
    try:
        rows = covering_array(levels, wanted, seed=seed)
    except ValueError as error:
        raise UserError(f"--levels {'x'.join(map(str, levels))} --strength {wanted}: {error}.") from None
    seconds = time.perf_counter() - start
    if cells:
        chunks = (rows[start : start + _CHUNK].tolist() for start in range(0, len(rows), _CHUNK))
        _write(
            cells, [f"d{number}" for number in range(1, len(levels) + 1)], (row for chunk in chunks for row in chunk)
        )
    facts = {
        "levels": levels,
        "strength": wanted,
        "cells": len(rows),
        "lower_bound": lower_bound(levels, wanted),
        "seconds": round(seconds, 3),
    }
    if json:
        from astral.report import to_json

        say(to_json(facts))
    else:
        _print_table(
            [
                ("Cells", f"{facts['cells']:,}"),
                ("Lower bound", f"{facts['lower_bound']:,}"),
                ("Seconds", f"{seconds:.2f}"),
            ]
        )


def _print(facts: "DryRun") -> None:
    from astral.report.words import criterion_text

    levels = " × ".join(f"{level} {name}" for level, name in zip(facts.levels, facts.dimensions, strict=True))
    excluded = f", {facts.infeasible:,} more excluded" if facts.infeasible else ""
    lines = [
        ("Space", levels),
        ("Criterion", f"{criterion_text(facts.criterion)}: {facts.required:,} interactions{excluded}"),
        ("Cells", f"{facts.cells:,}, at least {facts.lower_bound:,} by any plan; planned in {facts.seconds:.2f} s"),
    ]
    lines += [
        ("Excluded", f"{' · '.join(value for _, value in lost.interaction)}: {lost.reason}")
        for lost in facts.infeasible_interactions[:_NAMED]
    ]
    if facts.tests_at_most != facts.cells:
        lines.append(("Tests", f"at most {facts.tests_at_most:,}"))
    if facts.searched:
        lines.append(("Search", f"{facts.searched:,} of them when all is covered: all that the budget of cases leaves"))
    for role in facts.calls:
        calls = f"{role.calls:,} calls" + (
            f", at most {role.calls_at_most:,}" if role.calls_at_most > role.calls else ""
        )
        lines.append((role.role.capitalize(), f"{role.model}: {calls if role.calls else 'no calls of a model'}"))
    expected = f", about {facts.tokens_expected:,} expected" if facts.tokens_expected is not None else ""
    lines.append(("Tokens", f"at most {facts.tokens_at_most:,}{expected}"))
    minutes = "unknown" if facts.minutes_expected is None else f"about {facts.minutes_expected:,.1f} minutes"
    lines += [("Time", minutes), ("Money", _money(facts))]
    _print_table(lines)
    say("")
    for assumption in facts.assumptions:
        say(f"- {assumption}")


def _money(facts: "DryRun") -> str:
    if facts.dollars_at_most is None:
        return "unknown"
    expected = f", about ${facts.dollars_expected:,.2f} expected" if facts.dollars_expected is not None else ""
    return f"at most ${facts.dollars_at_most:,.2f}{expected}" if facts.dollars_at_most else "none"


def _print_table(lines: Sequence[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from astral.report import visible

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=9)
    table.add_column()
    for name, fact in lines:
        table.add_row(name, Text(visible(fact)))
    show(table)


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write cells as CSV, one a line."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(names)
            writer.writerows(rows)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}). Name another file with --cells.") from None
