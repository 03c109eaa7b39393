"""Alphabets in their order: what classical ciphers turn, in any script and not in Latin alone."""

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

_RANGES = (
    *("az", "AZ", "ая", "АЯ", "αω", "ΑΩ", "աֆ", "ԱՖ", "את", "ءي", "कह", "কহ", "ਕਹ", "કહ", "கஹ", "కహ", "ಕಹ", "കഹ"),
    *("กฮ", "ກຮ", "ကအ", "កអ", "აჰ", "ሀፗ", "あん", "アン", "가힣", "一龥"),
)
"""First and last letter of each alphabet; signs in none of them, such as digits and vowel signs, stay."""


@cache
def rotated(shift: int | None) -> Mapping[int, int]:
    """A table that moves each letter on by `shift` in its alphabet; by half of it (13 of 26) where that is None."""
    return _table(lambda place, size: (place + (size // 2 if shift is None else shift)) % size)


@cache
def rotated_back(shift: int | None) -> Mapping[int, int]:
    """The table that undoes `rotated`."""
    return {new: old for old, new in rotated(shift).items()}


@cache
def mirrored() -> Mapping[int, int]:
    """A table that changes the first letter of each alphabet for the last, and so on; its own inverse."""
    return _table(lambda place, size: size - 1 - place)


def _table(place_of: Callable[[int, int], int]) -> dict[int, int]:
    table: dict[int, int] = {}
    for first, last in _RANGES:
        codes = range(ord(first), ord(last) + 1)
        # Between the letters of a block there are unassigned places, and signs that are no letters.
        letters = [code for code in codes if unicodedata.category(chr(code)) in {"Ll", "Lu", "Lo"}]
        table |= {code: letters[place_of(place, len(letters))] for place, code in enumerate(letters)}
    return table
