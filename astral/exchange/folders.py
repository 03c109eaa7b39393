"""Formats of several files: a task or a probe in the other tool's language beside the cases as JSON Lines."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from astral.exchange.text_files import make_folder, write_jsonl
from astral.files import write_private


def write_folder(
    path: Path, rows: Iterable[Mapping[str, Any]], *, cases: str, template: str, name: str, append: bool
) -> None:
    """Write the cases and the file that has the other tool run them.

    Args:
        path: A folder, made where it is missing.
        rows: The cases.
        cases: Name of the file of cases.
        template: The other file, among `templates/`.
        name: What it is called in the folder.
        append: Keep the cases that are there.
    """
    make_folder(path)
    write_jsonl(path / cases, rows, append=append)
    write_private(path / name, [template_text(template)])


def template_text(template: str) -> str:
    """A file of `templates/`."""
    return (files("astral.exchange") / "templates" / template).read_text(encoding="utf-8")


def cases_in(path: Path, names: Sequence[str]) -> Path:
    """The file of cases in an exported folder; the path itself where it is no folder."""
    return next((path / name for name in names if (path / name).is_file()), path) if path.is_dir() else path
