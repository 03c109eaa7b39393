"""Files of text in the formats that tools share: JSON Lines, JSON and CSV; written whole and private."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from astral.errors import RecordError, UserError
from astral.files import read_text, write_private
from astral.tables import read_rows

_FORMULA = re.compile(r"^'*[=+\-@\t\r]")
"""How a cell begins that a spreadsheet would run; also one that was defused before, so that undoing it is unambiguous.
Source: https://owasp.org/www-community/attacks/CSV_Injection"""


def defused(cell: str) -> str:
    """A cell that a spreadsheet shows instead of running it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def as_it_was(cell: str) -> str:
    """The cell before it was defused."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def make_folder(path: Path) -> Path:
    """A folder that only its owner reads; it may be there already.

    Raises:
        RecordError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RecordError(f"{path}: the folder cannot be made ({error.strerror}). Name another with --out.") from error
    return path


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file."""
    write_private(path, [json.dumps(value, ensure_ascii=False, indent=2), "\n"])


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]], *, append: bool = False) -> None:
    """Write JSON Lines, after what is there already where `append` says so."""
    kept = read_text(path) if append and path.exists() else ""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_private(path, [kept if not kept or kept.endswith("\n") else kept + "\n", *lines])


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], columns: Sequence[str], *, append: bool = False) -> None:
    """Write a table in which no cell is a formula; an appended row keeps to the columns that are there.

    Args:
        path: The file.
        rows: Cells by column; a column that the file lacks is left out.
        columns: Of a new file.
        append: Keep what is there already.

    Raises:
        UserError: The file that is there shares no column with the rows.
    """
    out = io.StringIO(newline="")
    kept = ""
    if append and path.exists():
        kept = read_text(path)
        first = next(csv.reader(io.StringIO(kept, newline="")), [])
        if first and not set(first) & set(columns):
            raise UserError(f"{path}: it has none of the columns {', '.join(columns)}. Name another file with --into.")
        columns = first or columns
    writer = csv.DictWriter(out, columns, extrasaction="ignore", restval="", lineterminator="\n")
    if not kept.strip():
        writer.writeheader()
    writer.writerows({name: defused(cell) for name, cell in row.items()} for row in rows)
    write_private(path, [kept if not kept or kept.endswith("\n") else kept + "\n", out.getvalue()])


def read_cells(path: Path) -> Iterable[Mapping[str, Any]]:
    """The rows of a table as they were before they were defused."""
    for row in read_rows(path):
        yield {name: as_it_was(cell) if isinstance(cell, str) else cell for name, cell in row.items() if name}
