"""A text's words and letters, as readers of its script see them."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import regex

Item = TypeVar("Item")

WORD = regex.compile(r"\{[^{}]*\}|[\p{L}\p{M}\p{N}]+")
"""A word, or a placeholder such as `{request}`."""
_UNSPACED = regex.compile(r"[\p{Han}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Hiragana}\p{Katakana}]")
_CLUSTER = regex.compile(r"\X")
_CLUSTERS_PER_WORD = 4
"""Where a script puts no spaces between words, so many letters are taken for one."""


def clusters_of(word: str) -> list[str]:
    """Letters with their marks (grapheme clusters), which a mistake must not part."""
    return _CLUSTER.findall(word)


def has_no_spaces(word: str) -> bool:
    """It is of a script that puts no spaces between words."""
    return bool(_UNSPACED.search(word))


def tokens_of(text: str) -> list[str]:
    """The text cut into words and what stands between them, alternately, beginning with what is before the first word.

    Runs of letters of a script without spaces are cut into short words, with nothing between them.
    """
    tokens: list[str] = []
    end = 0
    for match in WORD.finditer(text):
        before, word = text[end : match.start()], match.group()
        clusters = clusters_of(word) if has_no_spaces(word) else [word]
        size = _CLUSTERS_PER_WORD if has_no_spaces(word) else 1
        for start in range(0, len(clusters), size):
            tokens += [before, "".join(clusters[start : start + size])]
            before = ""
        end = match.end()
    return [*tokens, text[end:]]


def chosen(
    items: Sequence[Item], rng: random.Random, *, one_in: int, size: Callable[[Item], int] | None = None
) -> list[Item]:
    """About one of so many items, and at least one; where a size is given, the largest of twice as many."""
    if not items:
        return []
    count = max(1, round(len(items) / one_in))
    drawn = rng.sample(items, min(len(items), count if size is None else 2 * count))
    return drawn if size is None else sorted(drawn, key=lambda item: -size(item))[:count]
