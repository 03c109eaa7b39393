"""Files → texts for a corpus: plain text, Markdown, tables, and benchmarks, which are known by their columns.

Rows come one at a time, so that a file of any length takes little memory; only `.json` is read as a whole.
"""

import csv
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from astral.assets import read_parquet
from astral.domain.space import Dimension
from astral.domain.untrusted import without_invisible
from astral.errors import UnknownNameError, UserError
from astral.generate.evidence.chunks import passages_of
from astral.generate.evidence.corpus_facts import CorpusText, Kind
from astral.generate.evidence.layouts import TEXT_COLUMNS, Columns, columns_of, layout_of

Row = Mapping[str, Any]

MAX_JSON_BYTES = 200_000_000
MAX_REQUEST_CHARACTERS = 2000
"""A longer request is cut into passages: no test case may be that long."""
_MAX_FIELD_CHARACTERS = 10_000_000


@dataclass(frozen=True)
class Reading:
    """How files are to be read; what is left out is found out."""

    format: str = ""
    """One of `FORMATS`; else the file's suffix says it."""
    text: str = ""
    """Column of the texts."""
    language: str = ""
    """Language of all texts."""
    language_column: str = ""
    risk: str = ""
    """Value of the risk dimension that all texts are about."""
    risk_column: str = ""
    risk_of: Mapping[str, str] = field(default_factory=dict[str, str])
    """Label → value of the risk dimension, for labels that are neither its id nor its name."""
    kind: Kind | None = None
    """By default rows of tables are requests, and files of text are passages."""


def read_texts(
    path: Path, reading: Reading, *, risks: Dimension, identify: Callable[[str], str]
) -> Iterator[CorpusText]:
    """The texts of a file, or of all files in a folder that can be read, in the order of their names.

    Args:
        path: A file or folder; in a folder hidden files and links are passed over.
        reading: How they are read.
        risks: A label is a risk where it is the id or the name of one of these values.
        identify: Gives the language of a text where nothing else says it.

    Raises:
        UserError: There is nothing to read, or a file is not what it claims to be; the file, and where there is one
            the line, is named.
    """
    for risk in filter(None, [reading.risk, *reading.risk_of.values()]):
        if risk not in risks.by_id:
            raise UnknownNameError(f"value of dimension {risks.id!r}", risk, list(risks.by_id))
    return chain.from_iterable(_File(each, reading, risks, identify).texts() for each in _files(path, reading))


def _files(path: Path, reading: Reading) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path}: there is no such file or folder.")
    found = [
        each
        for each in sorted(path.rglob("*"))
        if each.is_file() and not each.is_symlink() and not _is_hidden(each.relative_to(path))
    ]
    readable = [each for each in found if reading.format or each.suffix.lower() in _FORMAT_OF]
    if not readable:
        raise UserError(
            f"{path}: none of its {len(found)} files can be read. Known are {', '.join(sorted(_FORMAT_OF))}."
        )
    return readable


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


class _File:
    """One file that is being read."""

    def __init__(self, path: Path, reading: Reading, risks: Dimension, identify: Callable[[str], str]) -> None:
        self.path, self.reading, self.identify = path, reading, identify
        names = {name: value.id for value in risks.values for name in (value.id, value.name)}
        self.risk_ids = {_folded(label): risk for label, risk in {**names, **reading.risk_of}.items()}
        self.format = reading.format or _FORMAT_OF.get(path.suffix.lower(), "")
        if self.format not in FORMATS:
            raise UserError(
                f"{path}: {self.format or path.suffix or 'a file without suffix'} cannot be read. Known are "
                f"{', '.join(FORMATS)}; `--format` names one where the suffix does not."
            )

    def texts(self) -> Iterator[CorpusText]:
        """All texts of the file."""
        with _told(self.path):
            if self.format == "text":
                whole = self.path.read_text(encoding="utf-8-sig")
                yield from self._made(whole, kind="passage", title=self.path.name)
                return
            columns: Columns | None = None
            for number, row in enumerate(_ROWS[self.format](self.path), start=1):
                if columns is None:
                    columns = self._columns(row)
                yield from self._row(row, columns, number)

    def _columns(self, first: Row) -> Columns:
        told = self.reading
        for column in (told.text, told.language_column, told.risk_column):
            if column and column not in first:
                raise UnknownNameError("column", column, list(first), where=str(self.path))
        known = layout_of(first)
        if known is not None and not told.text:
            return known
        found = columns_of(first)
        text = told.text or found.text
        if not text:
            raise UserError(
                f"{self.path}: which column holds the texts? There is none of {', '.join(TEXT_COLUMNS)}, but "
                f"{', '.join(first)}. Name it: `--text-column NAME`."
            )
        return Columns(
            text=text,
            language=told.language_column or found.language,
            category=told.risk_column or found.category,
            title=found.title,
        )

    def _row(self, row: Row, columns: Columns, number: int) -> Iterator[CorpusText]:
        if not columns.is_wanted(row):
            return
        label = _cell(row, columns.category)
        title = _cell(row, columns.title) or f"{self.path.name}:{number}"
        for column, language in columns.languages or ((columns.text, columns.spoken or _cell(row, columns.language)),):
            text = "\n\n".join(filter(None, (_cell(row, columns.context), _cell(row, column))))
            yield from self._made(text, kind="request", title=title, language=language, label=label)

    def _made(self, text: str, *, kind: Kind, title: str, language: str = "", label: str = "") -> Iterator[CorpusText]:
        clean = without_invisible(text).strip()
        kind = self.reading.kind or kind
        is_short = kind == "request" and len(clean) <= MAX_REQUEST_CHARACTERS
        for each in [clean] if is_short else passages_of(clean):
            if any(map(str.isalpha, each)):
                yield CorpusText(
                    text=each,
                    source=self.path.name,
                    kind=kind if is_short else "passage",
                    language=self.reading.language or language or self.identify(each),
                    risk=self.reading.risk or self.risk_ids.get(_folded(label), ""),
                    category=label,
                    title=title,
                )


def _cell(row: Row, column: str) -> str:
    """What stands in a column; many values on one line."""
    value = row.get(column) if column else None
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    return "" if value is None else str(value).strip()


def _folded(label: str) -> str:
    return "".join(sign for sign in label.casefold() if sign.isalnum())


def _csv_rows(path: Path, delimiter: str = ",") -> Iterator[Row]:
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter, restkey="")


def _tsv_rows(path: Path) -> Iterator[Row]:
    return _csv_rows(path, "\t")


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _object(path, json.loads(line), f"line {number}")


def _json_rows(path: Path) -> Iterator[Row]:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise UserError(f"{path}: too large to be read as a whole. Write it as JSON Lines, one object a line.")
    rows: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    if isinstance(rows, dict):
        # {"data": [...]}: many benchmarks wrap their list once.
        rows = next((value for value in rows.values() if isinstance(value, list)), [rows])
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        yield _object(path, row, f"entry {number}")


def _object(path: Path, row: Any, where: str) -> Row:
    if isinstance(row, str):
        return {"text": row}
    if not isinstance(row, dict):
        raise UserError(f"{path}, {where}: neither an object nor a text.")
    return row


@contextmanager
def _told(path: Path) -> Generator[None]:
    """What is wrong with a file, as an error of its user."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path}: not UTF-8 at byte {error.start}. Convert it, such as with `iconv -t UTF-8`."
        ) from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not JSON ({error.msg}, line {error.lineno}, column {error.colno}).") from None
    except csv.Error as error:
        raise UserError(f"{path}: not a table ({error}).") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None


_ROWS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "csv": _csv_rows,
    "tsv": _tsv_rows,
    "jsonl": _jsonl_rows,
    "json": _json_rows,
    "parquet": read_parquet,
}
FORMATS = ("text", *_ROWS)
_FORMAT_OF = {
    ".txt": "text", ".text": "text", ".md": "text", ".markdown": "text", ".rst": "text",
    ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet",
}  # fmt: skip
