"""Pictures for test cases: a request as it would be typed on a sheet, and shapes that mean nothing.

Pillow (the extra `images`) draws them; the same text, seed and fonts give the same picture.
"""

import base64
import io
import random
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Literal

from astral.domain.messages import Picture
from astral.errors import StageError, UserError

SIDE: Final = 768
"""Width and height in pixels: what providers take without making it smaller."""
MOST_CHARACTERS: Final = 4000
"""Of a text in a picture; more would not be legible on it."""
_MARGIN, _LINE = 40, 1.35
_LARGEST, _SMALLEST = 48, 14
"""Sizes of letters in pixels, from the first that is tried to the last."""
_FONT_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts"),
)
_PREFERRED = re.compile(r"(noto ?sans|dejavu ?sans|liberation ?sans|arial)[^/]*$", re.IGNORECASE)
_STYLED = re.compile(r"bold|italic|oblique|mono|condensed|light|thin|narrow|serif", re.IGNORECASE)
_SAMPLES = (
    "Latn aéğ Arab عب Armn աբ Beng কখ Cyrl жя Deva कख Ethi ሀለ Geor აბ Grek αω Gujr કખ Guru ਕਖ "
    "Hang 가나 Hans 中文 Hant 中文 Hebr אב Jpan あ日 Khmr កខ Knda ಕಖ Laoo ກຂ Mlym കഖ Mymr ကခ Orya କଖ "
    "Sinh කඛ Taml கங Telu కఖ Thai กข Tibt ཀཁ "
)
SCRIPT_SAMPLES: Final[Mapping[str, str]] = dict(zip(_SAMPLES.split()[::2], _SAMPLES.split()[1::2], strict=True))
"""Letters of each script of `taxonomies/languages.yaml`, by which it is told whether it can be drawn."""


def check_images_extra() -> None:
    """Make sure that pictures can be drawn.

    Raises:
        UserError: Pillow is not installed.
    """
    try:
        import PIL.Image  # noqa: F401  # pyright: ignore[reportUnusedImport] - looked for
    except ImportError as error:
        raise UserError(
            f"transform: pictures are drawn by Pillow, which cannot be loaded ({error}). "
            "Install it with `pip install 'astral-safety[images]'`."
        ) from None


def typographic(text: str) -> Picture:
    """A white sheet with the text in black.

    Raises:
        StageError: No font of this machine has its letters, or it is too long for a sheet.

    Source:
        FigStep, https://arxiv.org/abs/2311.05608; MM-SafetyBench, https://arxiv.org/abs/2311.17600
    """
    from PIL import Image, ImageDraw

    if len(text) > MOST_CHARACTERS:
        raise StageError(f"a text of {len(text):,} characters is too long for one picture.")
    path = _font_path(frozenset(text))
    sheet = Image.new("L", (SIDE, SIDE), color=255)
    draw = ImageDraw.Draw(sheet)
    for size in range(_LARGEST, _SMALLEST - 1, -2):
        font = _font(path, size)
        lines = list(_lines(text, partial(_fits, draw, font)))
        if len(lines) * size * _LINE <= SIDE - 2 * _MARGIN:
            for place, line in enumerate(lines):
                draw.text((_MARGIN, _MARGIN + place * size * _LINE), line, font=font, fill=0)
            return _picture(sheet, "typographic")
    raise StageError(f"a text of {len(text):,} characters is too long for one picture.")


def neutral(seed: int) -> Picture:
    """Coloured shapes that have to do with nothing."""
    from PIL import Image, ImageDraw

    dice = random.Random(seed)
    sheet = Image.new("RGB", (SIDE, SIDE), color=_colour(dice, light=True))
    draw = ImageDraw.Draw(sheet)
    for _ in range(dice.randint(4, 8)):
        left, top = dice.randint(0, SIDE // 2), dice.randint(0, SIDE // 2)
        box = (left, top, left + dice.randint(60, SIDE // 2), top + dice.randint(60, SIDE // 2))
        dice.choice((draw.rectangle, draw.ellipse))(box, fill=_colour(dice, light=False))
    return _picture(sheet, "neutral")


def can_draw(letters: str) -> bool:
    """Whether a font of this machine has all these letters."""
    try:
        _font_path(frozenset(letters))
    except StageError:
        return False
    return True


def leak(beside: str, shown: str) -> float:
    """How much of what a picture shows is told by the text beside it: the share of its words, in [0, 1].

    Where the text alone gives the request away, a refusal says nothing of what the target makes of pictures. This
    looks at words alone; what is told in other words is found by putting the cases without their pictures.

    Source:
        Visual safety information leakage, VLSBench, https://arxiv.org/abs/2411.19939
    """
    told, telling = _words(beside), _words(shown)
    return len(told & telling) / len(telling) if telling else 0.0


def _words(text: str) -> set[str]:
    """Words of five letters and more, in which the meaning mostly is; of scripts without spaces, pairs of letters."""
    found: set[str] = set()
    for word in re.findall(r"\w+", text.casefold()):
        if word.isascii() or len(word) < 12:  # noqa: PLR2004 - longer ones are mostly unspaced sentences
            found |= {word} if len(word) >= 5 else set()  # noqa: PLR2004
        else:
            found |= {word[place : place + 2] for place in range(len(word) - 1)}
    return found


def _is_too_long(line: str, fits: Callable[[str], bool], size: int) -> bool:
    return not fits(line[:size])


def _fits(draw: Any, font: Any, line: str) -> bool:
    return draw.textlength(line, font=font) <= SIDE - 2 * _MARGIN


def _lines(text: str, fits: Callable[[str], bool]) -> Iterator[str]:
    """The text in lines that fit, broken at blanks, and within words where there are none."""
    for paragraph in text.splitlines() or [""]:
        line = ""
        for piece in re.findall(r"\s*\S+", paragraph):
            if fits(line + piece):
                line += piece
                continue
            if line:
                yield line
            line = piece.strip()
            while not fits(line):
                cut = max(1, bisect_left(range(len(line)), True, key=partial(_is_too_long, line, fits)) - 1)
                yield line[:cut]
                line = line[cut:]
        yield line


@cache
def _font_path(letters: frozenset[str]) -> str:
    """The font that draws these letters; empty for the one that comes with Pillow, which knows ASCII alone.

    Raises:
        StageError: No font of this machine has them all.
    """
    wanted = "".join(sorted(letter for letter in letters if not letter.isspace()))
    for path in ("", *_installed_fonts()):
        if _has_all(path, wanted):
            return path
    lacking = next((letter for letter in wanted if not any(_has_all(path, letter) for path in _installed_fonts())), "")
    what = f"the letter {lacking!r}" if lacking else "all letters of this text"
    raise StageError(f"no font of this machine has {what}. Install one for its script, such as Debian's fonts-noto.")


@cache
def _installed_fonts() -> tuple[str, ...]:
    found = [
        str(path)
        for folder in _FONT_FOLDERS
        for path in Path(folder).expanduser().rglob("*")
        if path.suffix.lower() in {".ttf", ".otf", ".ttc"}
    ]
    return tuple(sorted(found, key=lambda path: (bool(_STYLED.search(path)), not _PREFERRED.search(path), path)))


@cache
def _font(path: str, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


@cache
def _has_all(path: str, letters: str) -> bool:
    try:
        font = _font(path, 24)
        # What a font lacks is drawn as one and the same sign, that of a code that no font has.
        lacking = bytes(font.getmask("\U0010ffff"))
        return all(bytes(font.getmask(letter)) != lacking for letter in letters)
    except OSError:
        return False


def _colour(dice: random.Random, *, light: bool) -> tuple[int, int, int]:
    low, high = (200, 250) if light else (60, 200)
    return dice.randint(low, high), dice.randint(low, high), dice.randint(low, high)


def _picture(sheet: Any, kind: Literal["typographic", "neutral"]) -> Picture:
    file = io.BytesIO()
    sheet.save(file, format="PNG", optimize=True)
    return Picture(data=base64.b64encode(file.getvalue()).decode(), kind=kind)
