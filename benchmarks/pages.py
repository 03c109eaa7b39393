"""Where the programs put what they measured: between two markers of a page, which name the program."""

from pathlib import Path


def write_block(page: Path, block: str, text: str) -> None:
    """Replace what stands between the markers of a block, such as `benchmarks/covering.py`.

    Raises:
        ValueError: The page lacks the markers.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- {block}: begin -->")
    _, end, after = rest.partition(f"<!-- {block}: end -->")
    if not (begin and end):
        raise ValueError(f"{page} lacks the markers of {block}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
