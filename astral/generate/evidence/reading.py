"""Files → texts for a corpus: plain text, Markdown, HTML, tables, and benchmarks, which are known by their columns.

Rows come one at a time, so that a file of any length takes little memory.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from astral.domain.space import Dimension
from astral.domain.untrusted import without_invisible
from astral.errors import EvidenceError, UnknownNameError, UserError
from astral.files import read_text
from astral.generate.evidence.chunks import passages_of
from astral.generate.evidence.corpus_facts import CorpusText, Kind
from astral.generate.evidence.visible_text import VisibleText, visible_text
from astral.layouts import TEXT_COLUMNS, Columns, columns_of, layout_of
from astral.tables import TABLE_FORMATS, Row, read_rows, table_format

MAX_REQUEST_CHARACTERS = 2000
"""A longer request is cut into passages: no test case may be that long."""


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


class UnreadablePageError(UserError):
    """An HTML file has no text that a person would see."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.reason = reason


def read_texts(
    path: Path,
    reading: Reading,
    *,
    risks: Dimension,
    identify: Callable[[str], str],
    skip: Callable[[Path, str], None] = lambda _, __: None,
) -> Iterator[CorpusText]:
    """The texts of a file, or of all files in a folder that can be read, in the order of their names.

    Args:
        path: A file or folder; in a folder hidden files are passed over.
        reading: How they are read.
        risks: A label is a risk where it is the id or the name of one of these values.
        identify: Gives the language of a text where nothing else says it.
        skip: Is told which file of a folder was skipped, and why.

    Raises:
        UserError: There is nothing to read, or a file is not what it claims to be; the file, and where there is one
            the line, is named.
    """
    for risk in filter(None, [reading.risk, *reading.risk_of.values()]):
        if risk not in risks.by_id:
            raise UnknownNameError(f"value of dimension {risks.id!r}", risk, list(risks.by_id))
    if path.is_file():
        return _File(path, reading, risks, identify).texts()
    files = _files(path, reading, skip)
    return chain.from_iterable(_texts_unless_empty(_File(each, reading, risks, identify), skip) for each in files)


def _texts_unless_empty(file: "_File", skip: Callable[[Path, str], None]) -> Iterator[CorpusText]:
    """One page of a folder without text to be seen does not stop the others."""
    try:
        yield from file.texts()
    except UnreadablePageError as error:
        skip(file.path, error.reason)


def _files(path: Path, reading: Reading, skip: Callable[[Path, str], None]) -> list[Path]:
    if not path.is_dir():
        raise UserError(f"{path}: there is no such file or folder.")
    found = [each for each in sorted(path.rglob("*")) if each.is_file() and not _is_hidden(each.relative_to(path))]
    readable: list[Path] = []
    for each in found:
        if each.is_symlink():
            skip(each, "it is a link")
        elif reading.format or _format_of(each):
            readable.append(each)
        else:
            skip(each, f"{each.suffix or 'a file without suffix'} cannot be read")
    if not readable:
        raise UserError(f"{path}: none of its {len(found)} files can be read. Known are {', '.join(FORMATS)}.")
    return readable


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


class _File:
    """One file that is being read."""

    def __init__(self, path: Path, reading: Reading, risks: Dimension, identify: Callable[[str], str]) -> None:
        self.path, self.reading, self.identify = path, reading, identify
        names = {name: value.id for value in risks.values for name in (value.id, value.name)}
        self.risk_ids = {_folded(label): risk for label, risk in {**names, **reading.risk_of}.items()}
        self.format = reading.format or _format_of(path)
        if self.format not in FORMATS:
            raise UserError(
                f"{path}: {self.format or path.suffix or 'a file without suffix'} cannot be read. Known are "
                f"{', '.join(FORMATS)}; `--format` names one where the suffix does not."
            )

    def texts(self) -> Iterator[CorpusText]:
        """All texts of the file."""
        if self.format == "text":
            yield from self._made(read_text(self.path), kind="passage", title=self.path.name)
            return
        if self.format == "html":
            page = self._page()
            yield from self._made(page.text, kind="passage", title=page.title or self.path.name)
            return
        columns: Columns | None = None
        for number, row in enumerate(read_rows(self.path, self.format), start=1):
            if columns is None:
                columns = self._columns(row)
            yield from self._row(row, columns, number)

    def _page(self) -> VisibleText:
        try:
            return visible_text(read_text(self.path))
        except EvidenceError as error:
            raise UnreadablePageError(self.path, str(error)) from None

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


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower()
    return "text" if suffix in _TEXT_SUFFIXES else "html" if suffix in _PAGE_SUFFIXES else table_format(path)


FORMATS = ("text", "html", *TABLE_FORMATS)
_TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown", ".rst")
_PAGE_SUFFIXES = (".html", ".htm", ".xhtml")
