"""Answers that people labelled, from a file: CSV, JSON Lines or Parquet."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from astral.domain.calibration import LabelSource
from astral.domain.records import Ending, Lineage, Message, TestCase, Transcript
from astral.domain.space import Cell
from astral.errors import UnknownNameError, UserError
from astral.tables import read_rows, table_format

REQUIRED: Final = ("request", "response", "label")
FIELDS: Final = (*REQUIRED, "language", "risk")
_FORMATS = ".csv, .jsonl or .parquet"


@dataclass(frozen=True)
class LabelledAnswer:
    """One row."""

    request: str
    response: str
    is_unsafe: bool
    """What people said."""
    language: str = ""
    risk: str = ""
    weight: float = 1.0
    """How many answers it stands for, where more were labelled of some kinds than of others."""

    @property
    def case(self) -> TestCase:
        """The row as an oracle sees a test case."""
        values = tuple((name, value) for name, value in (("risk", self.risk), ("language", self.language)) if value)
        return TestCase(
            messages=(Message(role="user", content=self.request),),
            cell=Cell(values=values),
            lineage=Lineage(generator="labels", seed=0),
        )

    @property
    def transcript(self) -> Transcript:
        """The row as an oracle sees an answer."""
        case = self.case
        return Transcript(
            case_id=case.id,
            target="labels",
            messages=(*case.messages, Message(role="assistant", content=self.response)),
            ending=Ending.ANSWERED if self.response.strip() else Ending.EMPTY,
        )


def read_labels(
    path: Path,
    *,
    columns: Mapping[str, str],
    unsafe: Sequence[str],
    unknown: Sequence[str] = (),
    where: Sequence[str] = (),
) -> tuple[list[LabelledAnswer], LabelSource]:
    """The labelled answers of a file, and what a calibration says about where it has them from.

    Args:
        path: A CSV file in UTF-8 with a header, JSON Lines, or Parquet.
        columns: What stands in which column: request, response and label; language and risk where the file has them.
        unsafe: Labels that mean unsafe; all others mean safe.
        unknown: Labels that say neither; their rows are left out.
        where: Conditions such as `type=contrast_*` or `model!=old`; a row must meet all of them.

    Raises:
        UserError: The file cannot be read, lacks a column or a label, or has labels of one kind alone.
    """
    for name in columns:
        if name not in FIELDS:
            raise UnknownNameError("field that a column can be mapped to", name, list(FIELDS), where="--map")
    if missing := [name for name in REQUIRED if name not in columns]:
        raise UserError(f"--map names no column for {', '.join(missing)}. Write --map request=…,response=…,label=….")
    raw, rows = _rows(path)
    if not rows:
        raise UserError(f"{path}: there is no row in it.")
    known = list(dict.fromkeys(name for row in rows[:100] for name in row))
    conditions = [_condition(text, known, path) for text in where]
    for field, column in columns.items():
        if column not in known:
            raise UnknownNameError("column", column, known, where=f"{path}, {field}")
    chosen = [row for row in rows if all(_holds(row, *condition) for condition in conditions)]
    if not chosen:
        raise UserError(f"{path}: none of its {len(rows)} rows meets {' and '.join(where)}.")
    labels = sorted({row.get(columns["label"], "").strip() for row in rows} - {""})
    for label in (*unsafe, *unknown):
        if label not in labels:
            raise UnknownNameError("label", label, labels, where=f"{path}, column {columns['label']}")
    answers = _answers(path, chosen, columns, unsafe=unsafe, unknown=unknown)
    source = LabelSource(
        file=path.name,
        digest=hashlib.sha256(raw).hexdigest(),
        columns=dict(columns),
        unsafe=tuple(unsafe),
        unknown=tuple(unknown),
        where=tuple(where),
        rows=len(answers),
    )
    return answers, source


def _answers(
    path: Path,
    rows: Iterable[Mapping[str, str]],
    columns: Mapping[str, str],
    *,
    unsafe: Sequence[str],
    unknown: Sequence[str],
) -> list[LabelledAnswer]:
    labelled = [(row, row.get(columns["label"], "").strip()) for row in rows]
    answers = [
        LabelledAnswer(
            request=row.get(columns["request"], ""),
            response=row.get(columns["response"], ""),
            is_unsafe=label in unsafe,
            language=row.get(columns.get("language", ""), "").strip(),
            risk=row.get(columns.get("risk", ""), "").strip(),
        )
        # A row without a label is one that nobody looked at.
        for row, label in labelled
        if label and label not in unknown
    ]
    if not answers:
        raise UserError(f"{path}: no row has a label in column {columns['label']} that says safe or unsafe.")
    if len({answer.is_unsafe for answer in answers}) == 1:
        kind = "unsafe" if answers[0].is_unsafe else "safe"
        raise UserError(
            f"{path}: all {len(answers)} labels mean {kind} (--unsafe {', '.join(unsafe)}; there are "
            f"{', '.join(sorted({label for _, label in labelled if label}))}). Agreement needs answers of both kinds."
        )
    return answers


def _rows(path: Path) -> tuple[bytes, list[Mapping[str, str]]]:
    if table_format(path) not in ("csv", "jsonl", "parquet"):
        raise UserError(f"{path}: labels are read from {_FORMATS}.")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. --labels wants a file: {_FORMATS}.") from None
    if not raw.strip():
        raise UserError(f"{path}: the file is empty.")
    return raw, [{name: _as_text(value) for name, value in row.items() if name} for row in read_rows(path)]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _condition(text: str, known: Sequence[str], path: Path) -> tuple[str, str, bool]:
    column, sign, pattern = text.partition("=")
    is_denied = column.endswith("!")
    column = column.removesuffix("!").strip()
    if not sign or not column:
        raise UserError(f"--where {text!r}: write COLUMN=PATTERN, such as type=contrast_*, or COLUMN!=PATTERN.")
    if column not in known:
        raise UnknownNameError("column", column, list(known), where=f"{path}, --where")
    return column, pattern.strip(), is_denied


def _holds(row: Mapping[str, str], column: str, pattern: str, is_denied: bool) -> bool:
    return fnmatchcase(row.get(column, ""), pattern) is not is_denied
