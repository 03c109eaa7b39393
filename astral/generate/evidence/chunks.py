"""Long texts cut into passages, along paragraphs, then sentences, then words."""

from collections.abc import Iterator

import regex

PASSAGE_CHARACTERS = 1000
OVERLAP_CHARACTERS = 100
_PARAGRAPH = regex.compile(r"\n\s*\n")
# The full stops of Latin, Chinese, Devanagari, Arabic and Ethiopic script; Thai ends its sentences with a space.
_SENTENCE = regex.compile(r"(?<=[.!?…。！？।॥؟۔።])\s*")
_WORD = regex.compile(r"(?<=\s)")


def passages_of(text: str, *, size: int = PASSAGE_CHARACTERS, overlap: int = OVERLAP_CHARACTERS) -> Iterator[str]:
    """The text in passages of at most `size` characters, each with the end of the one before it in front.

    Nothing but white space at the cuts is lost.

    Args:
        text: Any text.
        size: Most characters of a passage.
        overlap: Characters at most that a passage repeats of the one before it, in whole sentences or words; less
            than `size`.
    """
    yield from _packed(_pieces(text, size - overlap - 1), size=size, overlap=overlap)


def _pieces(text: str, size: int) -> Iterator[str]:
    """The text in pieces of at most `size` characters, cut where it hurts least."""
    for paragraph in _PARAGRAPH.split(text):
        if len(paragraph) <= size:
            yield paragraph
            continue
        for sentence in _SENTENCE.split(paragraph):
            words = [sentence] if len(sentence) <= size else _WORD.split(sentence)
            for word in words:
                yield from (word[start : start + size] for start in range(0, len(word), size))


def _packed(pieces: Iterator[str], *, size: int, overlap: int) -> Iterator[str]:
    passage: list[str] = []
    for piece in filter(None, map(str.strip, pieces)):
        if passage and _length([*passage, piece]) > size:
            yield " ".join(passage)
            passage = _tail(passage, overlap)
        passage.append(piece)
    if passage:
        yield " ".join(passage)


def _length(pieces: list[str]) -> int:
    return sum(map(len, pieces)) + len(pieces) - 1


def _tail(pieces: list[str], overlap: int) -> list[str]:
    """The last pieces that together have at most `overlap` characters."""
    kept: list[str] = []
    for piece in reversed(pieces):
        if _length([piece, *kept]) > overlap:
            break
        kept.insert(0, piece)
    return kept
