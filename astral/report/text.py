"""Untrusted text made harmless to look at: no control character reaches a terminal, an editor or a page."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import regex
from pydantic_core import to_jsonable_python

_ACTING = regex.compile(r"[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]--[\u200c\u200d]]", regex.V1)
"""Characters that act instead of showing: terminal escapes, bidi controls, tags, line separators. The two joiners are
let through, since Bengali, Persian and many emoji cannot be spelled without them."""


_ENOUGH = 1 << 16


def visible(text: str) -> str:
    """The text with every character that acts instead of showing spelled out, such as ⟨U+202E⟩.

    Line feeds and tabs stay; a carriage return before a line feed goes.
    """
    # Most texts of one line have nothing of the kind, and Python tells so much sooner.
    return text if text.isprintable() else _ACTING.sub(_spelled_out, text.replace("\r\n", "\n"))


def visible_pieces(pieces: Iterable[str]) -> Iterator[str]:
    """What `visible` makes of a text that comes in pieces, in pieces of some size."""
    held: list[str] = []
    size = 0
    for piece in filter(None, pieces):
        held.append(piece)
        size += len(piece)
        # A line feed that belongs to a carriage return may come next.
        if size >= _ENOUGH and not piece.endswith("\r"):
            yield visible("".join(held))
            held, size = [], 0
    yield visible("".join(held))


def one_line(text: str, *, limit: int = 300) -> str:
    """The text on one line of at most `limit` characters, an ellipsis marking where it was cut."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def to_json(value: Any, *, indent: int | None = 2) -> str:
    r"""The value as JSON that is safe to print: readable in every script, with acting characters as `\uXXXX`."""
    text = json.dumps(to_jsonable_python(value, by_alias=True), ensure_ascii=False, indent=indent)
    return text if text.isprintable() else _ACTING.sub(_json_escape, text)


def _spelled_out(match: regex.Match[str]) -> str:
    sign = match[0]
    return sign if sign in "\n\t" else f"⟨U+{ord(sign):04X}⟩"


def _json_escape(match: regex.Match[str]) -> str:
    sign = match[0]
    if sign == "\n":  # json.dumps put it between the lines; within strings it is escaped already
        return sign
    return f"\\u{ord(sign):04x}" if sign.isascii() else json.dumps(sign)[1:-1]
