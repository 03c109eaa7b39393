"""What the rewritings of a text share: each gives the new text and a note from which the old one can be had again."""

import random
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

from pydantic import JsonValue

Note = Mapping[str, JsonValue]
"""Goes into the lineage beside the transform's name and seed."""


class Rewriting(Protocol):
    """Text → text. Takes any text, is pure for a state of `rng`, and never makes an empty text of another one."""

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The new text, and what is needed to have the old one again."""
        ...

    def restore(self, text: str, note: Note) -> str:
        """The text from which `rewrite` made this one."""
        ...


class Edited:
    """The other half of a rewriting that replaces pieces of a text: the note lists what stood where."""

    def restore(self, text: str, note: Note) -> str:
        """The text with all pieces as they were."""
        # From the end, so that earlier places stay right.
        for start, length, old in reversed(cast("list[tuple[int, int, str]]", note["edits"])):
            text = text[:start] + old + text[start + length :]
        return text


def edited(pieces: Iterable[tuple[str, str]]) -> tuple[str, Note]:
    """The new text of pieces, each as it was and as it is, with a note that `Edited` can read."""
    parts: list[str] = []
    edits: list[Any] = []
    start = 0
    for old, new in pieces:
        if old != new:
            edits.append([start, len(new), old])
        parts.append(new)
        start += len(new)
    return "".join(parts), {"edits": edits}
