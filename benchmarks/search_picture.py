"""Draw the picture of docs/search.md from the tables that stand there: `python benchmarks/search_picture.py`."""

from pathlib import Path

from coverage_pictures import COLOURS, DOCS, TOP, WIDTH, svg, text
from search import PAGE

BUDGET = "2,000"
PICTURE: Path = DOCS / "search-finds.svg"
LEFT, STEP, BAR, LONGEST = 150, 46, 18, 480


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(finds_picture(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def ratios(page: str) -> dict[str, tuple[float, float]]:
    """By method: unsafe answers and distinct cells at the budget, as multiples of random cells'."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("| ")]
    return {row[0]: (float(row[-2]), float(row[-1])) for row in rows if BUDGET in row[1:2]}


def finds_picture(page: str) -> str:
    """Two bars a method."""
    found = ratios(page)
    largest = max(most for both in found.values() for most in both)
    parts = [
        text(WIDTH / 2, 22, f"Found in {BUDGET} tests, as a multiple of what random cells find", "middle"),
        text(LEFT, TOP + 6, "unsafe answers").replace("#1c1c1c", COLOURS[1]),
        text(LEFT + 120, TOP + 6, "distinct cells that gave one").replace("#1c1c1c", COLOURS[0]),
    ]
    for number, (method, both) in enumerate(found.items()):
        y = TOP + 20 + STEP * number
        parts.append(text(LEFT - 10, y + BAR + 4, method, "end"))
        for place, (times, colour) in enumerate(zip(both, (COLOURS[1], COLOURS[0]), strict=True)):
            length, top = LONGEST * times / largest, y + BAR * place
            parts.append(f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>')
            parts.append(text(LEFT + length + 8, top + 13, f"{times:.1f}"))
    title = "Unsafe answers and distinct failing cells that each search finds, beside random cells"
    return svg(parts, TOP + 30 + STEP * len(found), title)


if __name__ == "__main__":
    main()
