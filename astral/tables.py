"""The rows of tables that users bring: CSV, TSV, JSON Lines, JSON and Parquet; the one home of pyarrow, an extra.

Rows come one at a time, so that a file of any length takes little memory; only `.json` is read as a whole.
"""

import csv
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from astral.errors import UserError
from astral.files import not_utf8, read_json

Row = Mapping[str, Any]

MAX_JSON_BYTES: Final = 200_000_000
_MAX_CELL_CHARACTERS: Final = 10_000_000
"""The csv module stops at 131,072 by itself."""
_BATCH_ROWS: Final = 256


def table_format(path: Path) -> str:
    """The format that a file's suffix says; empty where it is none of a table."""
    return _FORMAT_OF.get(path.suffix.lower(), "")


def read_rows(path: Path, format_: str = "") -> Iterator[Row]:
    """The rows of a table, one at a time; a text that stands where an object could becomes the row `{"text": …}`.

    Args:
        path: A file; text is UTF-8, a table has a header.
        format_: One of `TABLE_FORMATS`; by default the suffix says it.

    Raises:
        UserError: The file cannot be read or is not what it claims to be; the line is named where there is one.
    """
    format_ = format_ or table_format(path)
    if format_ not in _ROWS:
        raise UserError(f"{path}: {format_ or path.suffix or 'a file without suffix'} is not a table that can be read. "
                        f"Known are {', '.join(TABLE_FORMATS)}.")  # fmt: skip
    with _told(path):
        yield from _ROWS[format_](path)


def write_parquet(path: Path, rows: Iterable[Row]) -> None:
    """Write rows of equal keys as a Parquet file.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow.parquet import write_table
    except ImportError:
        raise _no_pyarrow(path, "writing") from None
    write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), path)


def _csv_rows(path: Path, delimiter: str = ",") -> Iterator[Row]:
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, restkey="", strict=True)
        try:
            yield from reader
        except csv.Error as error:
            raise UserError(f"{path}:{reader.line_num}: this is not {path.suffix[1:].upper()} ({error}).") from None


def _tsv_rows(path: Path) -> Iterator[Row]:
    return _csv_rows(path, "\t")


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    raise UserError(f"{path}:{number}: this is not JSON; JSON Lines has one object a line.") from None
                yield _object(f"{path}:{number}", row)


def _json_rows(path: Path) -> Iterator[Row]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise UserError(f"{path}: too large to be read as a whole. Write it as JSON Lines, one object a line.")
    rows = read_json(path)
    if isinstance(rows, dict):
        # {"data": [...]}: many benchmarks wrap their list once.
        rows = next((value for value in rows.values() if isinstance(value, list)), [rows])
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        yield _object(f"{path}, entry {number}", row)


def _object(where: str, row: Any) -> Row:
    if isinstance(row, str):
        return {"text": row}
    if not isinstance(row, dict):
        raise UserError(f"{where}: this is not a JSON object, nor a text.")
    return row


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise _no_pyarrow(path, "reading") from None
    try:
        with ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        # pyarrow tells of broken contents by an OSError too, which has no number then.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise UserError(f"{path}: this is not a Parquet file ({str(error).splitlines()[0]}).") from None


def _no_pyarrow(path: Path, doing: str) -> UserError:
    return UserError(
        f'{path}: {doing} Parquet needs pyarrow: `pip install "astral-safety[parquet]"`. CSV and JSON Lines do not.'
    )


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What is wrong with a file, as an error of its user."""
    try:
        yield
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None


_ROWS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "csv": _csv_rows,
    "tsv": _tsv_rows,
    "jsonl": _jsonl_rows,
    "json": _json_rows,
    "parquet": _parquet_rows,
}
TABLE_FORMATS: Final = tuple(_ROWS)
_FORMAT_OF = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
}
