"""Encodings: the text in other signs. Each can be read back to the letter, whatever the text."""

import base64
import json
import random
import re
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import quote, unquote

from pydantic import JsonValue

from astral.generate.transforms.alphabets import mirrored, rotated, rotated_back
from astral.generate.transforms.rewriting import Note, Rewriting

ZERO_WIDTH = "\u200b"
_TAGS = 0xE0000
"""Tag characters mirror ASCII from here; no font shows them, and many tokenisers read them."""
_FIRST_SELECTORS, _MORE_SELECTORS = 0xFE00, 0xE0100
"""Variation selectors: 16, and 240 more; together one for each byte."""


class Codec:
    """An encoding with an exact inverse, which needs no note."""

    def __init__(self, encode: Callable[[str], str], decode: Callable[[str], str]) -> None:
        self._encode, self._decode = encode, decode

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The encoded text."""
        return self._encode(text), {}

    def restore(self, text: str, note: Note) -> str:
        """The decoded text."""
        return self._decode(text)


class Signs:
    """An encoding sign by sign; signs that it would read back as others are named in the note."""

    def __init__(self, table: Mapping[str, str], *, between: str = "") -> None:
        """Set the encoding up.

        Args:
            table: Sign → what stands for it; signs that it lacks stay as they are.
            between: What separates the signs; needed where one of them becomes several.
        """
        self._table, self._between = table, between
        self._back = {new: old for old, new in reversed(list(table.items()))}

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The encoded text."""
        encoded = self._between.join(self._table.get(sign, sign) for sign in text)
        read = self._read(encoded)
        return encoded, {"otherwise": {str(place): old for place, old in enumerate(text) if read[place] != old}}

    def restore(self, text: str, note: Note) -> str:
        """The decoded text."""
        signs = self._read(text)
        for place, old in cast("Mapping[str, str]", note["otherwise"]).items():
            signs[int(place)] = old
        return "".join(signs)

    def _read(self, text: str) -> list[str]:
        return [self._back.get(sign, sign) for sign in (text.split(self._between) if self._between else text)]


class PigLatin:
    """The consonants that begin an English word go to its end, with -ay; words that begin with a vowel get -way."""

    _WORD = re.compile("[A-Za-z]+")
    _ONSET = re.compile("[^aeiouAEIOU]*")

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The text in Pig Latin; the note says of each word how many letters moved, and whether it was capitalised."""
        moves: list[JsonValue] = []

        def turned(word: re.Match[str]) -> str:
            old = word.group()
            onset = len(cast("re.Match[str]", self._ONSET.match(old)).group())
            onset = 0 if onset == len(old) else onset
            is_title = onset > 0 and old[0].isupper() and old[1:].islower()
            moves.append([onset, int(is_title)])
            new = old[onset:] + old[:onset] + ("ay" if onset else "way")
            return new.capitalize() if is_title else new

        return self._WORD.sub(turned, text), {"moves": moves}

    def restore(self, text: str, note: Note) -> str:
        """The text in English."""
        moves = iter(cast("list[list[int]]", note["moves"]))

        def turned(word: re.Match[str]) -> str:
            onset, is_title = next(moves)
            new = word.group()[: -len("ay" if onset else "way")]
            old = new[len(new) - onset :] + new[: len(new) - onset]
            return old.capitalize() if is_title else old

        return self._WORD.sub(turned, text)


_MORSE_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,?'!/()&:;=+-_\"$@ "
_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
    "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. "
    ".-.-.- --..-- ..--.. .----. -.-.-- -..-. -.--. -.--.- .-... ---... -.-.-. -...- .-.-. -....- ..--.- .-..-. "
    "...-..- .--.-. /"
)


class Morse:
    """Morse code (ITU-R M.1677-1) for letters, digits and punctuation.

    Any other sign is spelled as its code point in hexadecimal digits, between the prosigns for start and end of a
    special signal. Capital letters are named in the note.
    """

    _CODE: Mapping[str, str] = dict(zip(_MORSE_SIGNS, _MORSE_CODES.split(), strict=True))
    _SIGN: Mapping[str, str] = {code: sign for sign, code in _CODE.items()}
    _OPEN, _CLOSE = "-.-.-", "...-.-"

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The text in Morse code; words are parted by strokes."""
        capitals = [place for place, sign in enumerate(text) if "A" <= sign <= "Z"]
        return " ".join(map(self._encoded, text)), {"capitals": [*capitals]}

    def restore(self, text: str, note: Note) -> str:
        """The text in letters."""
        signs: list[str] = []
        spelled: str | None = None
        for code in text.split():
            if code == self._OPEN:
                spelled = ""
            elif code == self._CLOSE and spelled is not None:
                signs.append(chr(int(spelled, 16)))
                spelled = None
            elif spelled is not None:
                spelled += self._SIGN[code]
            else:
                signs.append(self._SIGN[code].lower())
        for place in cast("list[int]", note["capitals"]):
            signs[place] = signs[place].upper()
        return "".join(signs)

    def _encoded(self, sign: str) -> str:
        code = self._CODE.get(sign.upper() if sign.isascii() else sign)
        if code is not None:
            return code
        return " ".join([self._OPEN, *(self._CODE[digit] for digit in f"{ord(sign):X}"), self._CLOSE])


class Parts:
    """The text in pieces, as variables of a small program that joins them and prints the whole."""

    _LINE = re.compile(r"^p\d = (.*)$", re.MULTILINE)

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The program."""
        cuts = sorted(rng.sample(range(1, len(text)), min(3, len(text) - 1))) if text else []
        parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        lines = [f"p{number} = {json.dumps(part, ensure_ascii=False)}" for number, part in enumerate(parts)]
        return "\n".join([*lines, f"print({' + '.join(f'p{number}' for number in range(len(parts)))})"]), {}

    def restore(self, text: str, note: Note) -> str:
        """What the program prints."""
        return "".join(json.loads(part) for part in self._LINE.findall(text))


def _caesar(shift: int | None) -> Codec:
    return Codec(lambda text: text.translate(rotated(shift)), lambda text: text.translate(rotated_back(shift)))


def caesar(argument: str = "") -> Codec:
    """Caesar's cipher; each letter moves on by the number that the argument names, else by three."""
    return _caesar(int(argument or "3"))


def _tagged(text: str) -> str:
    return "".join(chr(_TAGS + code) for code in text.encode("unicode_escape"))


def _untagged(text: str) -> str:
    return bytes(ord(sign) - _TAGS for sign in text).decode("unicode_escape")


def _selected(text: str) -> str:
    codes = text.encode()
    return "".join(chr(_FIRST_SELECTORS + code if code < 16 else _MORE_SELECTORS + code - 16) for code in codes)  # noqa: PLR2004


def _unselected(text: str) -> str:
    codes = map(ord, text)
    return bytes(
        code - _FIRST_SELECTORS if code < _MORE_SELECTORS else code - _MORE_SELECTORS + 16 for code in codes
    ).decode()


def _words_reversed(text: str) -> str:
    return "".join(reversed(re.split(r"(\s+)", text)))


def _pairs(left: str, right: str) -> dict[str, str]:
    return dict(zip(left, right, strict=True))


_LEET = _pairs("aAeEiIoOsStTbBgGzZ", "443311005577886622")
_HOMOGLYPHS = _pairs("aceijopsxyABCEHIJKMOPSTXYZ", "асеіјорѕхуАВСЕНІЈКМОРЅТХΥΖ") | _pairs(
    "асеорхуіАВСЕНІКМОРТХ", "aceopxyiABCEHIKMOPTX"
)
_FULL_WIDTH = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"}

ENCODINGS: Mapping[str, Callable[[], Rewriting]] = {
    "base64": lambda: Codec(
        lambda text: base64.b64encode(text.encode()).decode(), lambda text: base64.b64decode(text).decode()
    ),
    "hex": lambda: Codec(lambda text: text.encode().hex(" "), lambda text: bytes.fromhex(text).decode()),
    "binary": lambda: Codec(
        lambda text: " ".join(f"{code:08b}" for code in text.encode()),
        lambda text: bytes(int(bits, 2) for bits in text.split()).decode(),
    ),
    "ascii": lambda: Codec(
        lambda text: " ".join(str(ord(sign)) for sign in text),
        lambda text: "".join(chr(int(code)) for code in text.split()),
    ),
    "percent": lambda: Codec(lambda text: quote(text, safe=""), unquote),
    "rot13": lambda: _caesar(None),
    "caesar": caesar,
    "atbash": lambda: Codec(lambda text: text.translate(mirrored()), lambda text: text.translate(mirrored())),
    "morse": Morse,
    "leetspeak": lambda: Signs(_LEET),
    "homoglyphs": lambda: Signs(_HOMOGLYPHS),
    "full_width": lambda: Signs(_FULL_WIDTH),
    "zero_width": lambda: Codec(ZERO_WIDTH.join, lambda text: text[::2]),
    "unicode_tags": lambda: Codec(_tagged, _untagged),
    "variation_selectors": lambda: Codec(_selected, _unselected),
    "reversed": lambda: Codec(lambda text: text[::-1], lambda text: text[::-1]),
    "reversed_words": lambda: Codec(_words_reversed, _words_reversed),
    "pig_latin": PigLatin,
}
"""By the name of the transform."""
