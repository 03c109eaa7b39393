"""Draw the pictures of docs/coverage.md from the planner itself: `python benchmarks/coverage_pictures.py`."""

import random
from collections.abc import Sequence
from html import escape
from itertools import chain, combinations, product
from pathlib import Path

from astral.plan import covering_array
from astral.plan.interactions import Interactions

DOCS = Path(__file__).parent.parent / "docs"
LEVELS = (14, 10, 6, 5)
BUDGET = 300
"""Tests on the first picture's axis."""
COLOURS = ("#0b6e4f", "#b5541c", "#6b6b6b")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 340, 60, 46, 24, 50
STYLE = "font: 13px system-ui, sans-serif; fill: #1c1c1c"


def main() -> None:
    """Write both pictures."""
    (DOCS / "coverage-pairs.svg").write_text(pairs_picture(), encoding="utf-8")
    (DOCS / "coverage-sizes.svg").write_text(sizes_picture(), encoding="utf-8")


def fractions_covered(rows: Sequence[Sequence[int]], strength: int) -> list[float]:
    """Part of all interactions that is covered after each test."""
    required = Interactions(LEVELS, strength).count
    seen: set[tuple[tuple[int, int], ...]] = set()
    fractions = [0.0]
    for row in rows:
        seen.update(combinations(enumerate(row), strength))
        fractions.append(len(seen) / required)
    return fractions


def pairs_picture() -> str:
    """How fast pairs are covered: by a covering array, by chance, by the grid in its order."""
    dice = random.Random(0)
    grid = list(product(*map(range, LEVELS)))
    lines = {
        "covering array: all 434 pairs in 140 tests": covering_array(LEVELS, 2).tolist(),
        "random cells": dice.choices(grid, k=BUDGET),
        "the grid, row by row": grid[:BUDGET],
    }
    parts = [
        text(WIDTH / 2, 22, "Pairs of values covered, on 14 risks × 10 languages × 6 styles × 5 persuasions", "middle")
    ]
    for percent in (0, 25, 50, 75, 100):
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - percent / 100)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(text(LEFT - 8, y + 4, f"{percent} %", "end"))
    ticks = range(0, BUDGET + 1, 50)
    parts += [text(across(tests), HEIGHT - BOTTOM + 20, str(tests), "middle") for tests in ticks]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "tests", "middle"))
    for number, ((name, rows), colour) in enumerate(zip(lines.items(), COLOURS, strict=True)):
        points = " ".join(
            f"{across(tests):.1f},{TOP + (HEIGHT - TOP - BOTTOM) * (1 - fraction):.1f}"
            for tests, fraction in enumerate(fractions_covered(rows, 2))
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        y = TOP + 98 + 20 * number
        parts.append(f'<path d="M{WIDTH - 330} {y - 4}h24" stroke="{colour}" stroke-width="2.5"/>')
        parts.append(text(WIDTH - 298, y, name))
    return svg(parts, HEIGHT, "Share of pairs covered by a covering array, by random cells and by the grid in order")


def across(tests: int) -> float:
    """Where a number of tests stands."""
    return LEFT + (WIDTH - LEFT - RIGHT) * tests / BUDGET


def sizes_picture() -> str:
    """Tests that each criterion takes in the same space."""
    sizes = {
        "strength 1: every value": len(covering_array(LEVELS, 1)),
        "risk × language at 2, the rest at 1": 14 * 10,
        "strength 2: every pair": len(covering_array(LEVELS, 2)),
        "strength 2, repeats 3": 3 * len(covering_array(LEVELS, 2)),
        "ASTRAL's 420 cells (one language)": 14 * 6 * 5,
        "strength 3: every triple": len(covering_array(LEVELS, 3)),
        "astral-paper: the 420 cells, 3 each": 3 * 14 * 6 * 5,
        "exhaustive: every cell": len(covering_array(LEVELS, 4)),
    }
    largest, left, step = max(sizes.values()), 270, 30
    bars = (
        (
            text(left - 10, TOP + step * number + 16, name, "end"),
            f'<rect x="{left}" y="{TOP + step * number}" width="{370 * size / largest:.1f}" height="22" '
            f'fill="{COLOURS[1] if "420" in name else COLOURS[0]}"/>',
            text(left + 8 + 370 * size / largest, TOP + step * number + 16, f"{size:,}"),
        )
        for number, (name, size) in enumerate(sizes.items())
    )
    title = text(WIDTH / 2, 22, "Tests that a criterion takes, on 14 × 10 × 6 × 5 = 4,200 cells", "middle")
    return svg([title, *chain.from_iterable(bars)], TOP + step * len(sizes) + 14, "Tests that each criterion takes")


def text(x: float, y: float, words: str, anchor: str = "start") -> str:
    """A line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{STYLE}">{escape(words)}</text>'


def svg(parts: Sequence[str], height: int, title: str) -> str:
    """The picture, on white so that it can be read in a dark window too."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    body = "\n".join([f"<title>{escape(title)}</title>", '<rect width="100%" height="100%" fill="#fff"/>', *parts])
    return f"{head}\n{body}\n</svg>\n"


if __name__ == "__main__":
    main()
