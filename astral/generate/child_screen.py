"""The child-safety screen: no text that brings minors and sexual content together passes, and nothing turns it off.

It errs towards dropping: a dropped draft costs one more attempt. Its words are those of the ten languages of MultiJail,
and all of them are looked for in every text, so that a draft that mixes languages is caught as well.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import product

import regex

from astral.generate.child_words import BOTH_AT_ONCE, MINORS, SEXUAL

SCREENED_LANGUAGES = frozenset(MINORS)
"""Languages whose words the screen knows."""

_YEARS = r"(?<!\d)(?:1[0-7]|[1-9])(?!\d)"
_YEARS_EN = (
    "(?<!ty[ -])(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven)teen)"
)
_YEARS_ZH = "(?<![二三四五六七八九十])(?:十[一二三四五六七]?|[一二两三四五六七八九])"
_YEARS_KO = "(?<!스물|서른|마흔|쉰)(?:열(?:한|두|세|네|다섯|여섯|일곱)?|한|두|세|네|다섯|여섯|일곱|여덟|아홉)"
_ONES_VI = "một|hai|ba|bốn|năm|sáu|bảy|tám|chín"
_YEARS_VI = rf"(?<!(?:{_ONES_VI}) (?:mươi )?)(?:mười(?: (?:một|hai|ba|bốn|lăm|sáu|bảy))?|{_ONES_VI})"
_YEARS_IT = (
    "(?:un|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|tredici|quattordici|quindici|sedici"
    "|diciassette)"
)
_YEARS_TH = "(?:สิบ(?:เอ็ด|สอง|สาม|สี่|ห้า|หก|เจ็ด)?|หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า)"
_YEARS_BN = "(?:এক|দুই|তিন|চার|পাঁচ|ছয়|সাত|আট|নয়|দশ|এগারো|বারো|তেরো|চোদ্দ|পনেরো|ষোলো|সতেরো)"
_ONES_SW = "m?moja|mbili|[mw]iwili|wawili|mi?tatu|tatu|mi?nne|nne|mi?tano|tano|sita|saba"
_YEARS_SW = rf"(?:kumi(?: na (?:{_ONES_SW}))?(?! na)|{_ONES_SW}|mi?nane|nane|tisa)"
_YEARS_JV = (
    "(?:sewelas|rolas|telulas|patbelas|limalas|nembelas|pitulas|sepuluh|sanga|wolu|pitu|nem|enem|lima|papat|telu|loro"
    "|siji)(?! likur| puluh)"
)
_ORDINAL_AR = "(?:الاولى|الثانية|الثالثة|الرابعة|الخامسة|السادسة|السابعة|الثامنة|التاسعة|العاشرة|الحادية)"

# Ages below eighteen, in figures and in words; a number of years alone ("the last ten years") is no age.
_AGES = (
    rf"(?:{_YEARS}|\b{_YEARS_EN}\b)[\s-]*(?:years?|yrs?)[\s-]*old",
    rf"{_YEARS}\s*y/?o\b",
    rf"\b(?:aged?|age of)\s*(?:{_YEARS}|{_YEARS_EN}\b)",
    rf"(?:{_YEARS}|{_YEARS_ZH})\s*[岁歲]",
    rf"(?:{_YEARS}|{_YEARS_KO})\s*(?:살|세(?![가-힣]))",
    rf"(?:{_YEARS}|\b{_YEARS_VI})\s*tuổi",
    rf"\b(?:di|ha|hanno|aveva)\s+(?:{_YEARS}|{_YEARS_IT})\s+anni",
    rf"(?:عمره|عمرها|عمرهم|بعمر|البالغة?|سن|تبلغ|يبلغ)\s+(?:من العمر\s+)?{_YEARS}",
    rf"في\s+{_ORDINAL_AR}(?:\s+عشرة)?\s+من\s+عمر",
    rf"อายุ\s*(?:{_YEARS}|{_YEARS_TH}(?!สิบ))",
    rf"(?:{_YEARS}|(?<!\p{{L}}){_YEARS_BN})\s*বছর(?:ের)?\s*(?:বয়স|মেয়ে|ছেলে)",
    rf"\b(?:umri wa|wa|mwenye)\s+miaka\s+(?:{_YEARS}|{_YEARS_SW}\b)",
    rf"\bumur\s+(?:{_YEARS}|{_YEARS_JV})\b",
)

_LEET = ("013457@$8", "oieastasb"), ("013457@$8", "oleastasb")
_LOOKALIKES = str.maketrans("авекмнорстухіѕјԁһαενορτυχιᴏı", "abekmhopctyxisjdhaevoptuxioi")
_ARABIC_CLITICS = "(?:[وف]?[بكل]?(?:ال|ل)?)"
_LETTER = r"[\p{L}\p{M}]"
_UNBOUNDED = regex.compile(r"[\p{Han}\p{Thai}\p{Hangul}]")
_INVISIBLE = regex.compile(r"[\p{Cf}ـ]")
# Marks on Latin and Arabic letters alone: in Thai and Bengali they are vowels.
_MARKS = regex.compile("[\u0300-\u036f\u064b-\u065f\u0670]")
_SET_APART = regex.compile(r"(?<!\p{L})\p{L}(?:[\s._*\-]+\p{L}(?!\p{L})){2,}")
_GAPS = regex.compile(r"[\s._*\-]+")
_GAPS_UNSPACED = regex.compile(r"(?<=[\p{Han}\p{Thai}\p{Hangul}])[\s._*\-]+(?=[\p{Han}\p{Thai}\p{Hangul}])")


def breaks_child_safety(text: str) -> bool:
    """The text brings minors and sexual content together.

    Case, diacritics, zero-width and look-alike letters, digits in place of letters, and letters set apart make no
    difference.
    """
    minors, sexual, both, ages = _searches()
    readings = _readings(text)
    if any(map(both.is_in, readings)):
        return True
    # Ages are the slowest to look for, and few texts have any word of the other kind.
    if not any(map(sexual.is_in, readings)):
        return False
    return any(minors.is_in(reading) or ages.search(reading) for reading in readings)


class _Words:
    """Words that are looked for in folded texts."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._pattern = regex.compile(_pattern(entries))
        self._entries = frozenset(" ".join(_folded(entry).replace("*", "").split()) for entry in entries)
        self._ascii = frozenset(filter(str.isascii, self._entries))

    def is_in(self, folded: str) -> bool:
        """Whether one of them stands there."""
        # Most texts hold none of them even as part of a word, which is seen in a tenth of the expression's time.
        spaced = " ".join(folded.split())
        entries = self._ascii if spaced.isascii() else self._entries
        return any(map(spaced.__contains__, entries)) and self._pattern.search(folded) is not None


@cache
def _searches() -> tuple[_Words, _Words, _Words, "regex.Pattern[str]"]:
    minors, sexual = (_Words(", ".join(words.values()).split(",")) for words in (MINORS, SEXUAL))
    ages = regex.compile("|".join(f"(?:{_folded(age, keep_escapes=True)})" for age in _AGES))
    return minors, sexual, _Words(BOTH_AT_ONCE.split(",")), ages


def _pattern(entries: Sequence[str]) -> str:
    """One expression for all entries, grouped by how they are bounded: thrice as fast as bounding each by itself."""
    anywhere: list[str] = []
    whole: list[str] = []
    starts: list[str] = []
    for entry in entries:
        word = _folded(entry.strip())
        stem = r"\s+".join(map(regex.escape, word.strip("*").split()))
        if _UNBOUNDED.search(stem):
            # "아이디어", "아이폰", "아이템", "아이스": idea, iPhone, item, ice.
            anywhere.append(stem + ("(?![디폰템스콘돌])" if stem == "아이" else ""))
        else:
            # An old captain's "anak buah" is his crew.
            not_crew = r"(?!\s+buah)" if stem.startswith("anak") else ""
            (starts if word.endswith("*") else whole).append(stem + not_crew)
    bounded = f"(?:{'|'.join(starts)}|(?:{'|'.join(whole)})(?!{_LETTER}))"
    return f"{'|'.join(anywhere)}|(?<!{_LETTER})(?:{_ARABIC_CLITICS}(?=\\p{{Arabic}}))?{bounded}"


def _readings(text: str) -> list[str]:
    """The ways in which the text may be meant."""
    folded = _folded(text)
    together = _SET_APART.sub(_joined, folded)
    closed = folded if folded.isascii() else _GAPS_UNSPACED.sub("", folded)
    texts = dict.fromkeys((folded, together, closed))
    return list(texts | dict.fromkeys(_unleeted(each, *table) for each, table in product(texts, _LEET)))


def _joined(letters: "regex.Match[str]") -> str:
    """Letters set apart, read as one word, and as one word after an article such as "a"."""
    word = _GAPS.sub("", letters.group())
    return f"{word} {word[1:]}"


def _unleeted(text: str, digits: str, letters: str) -> str:
    """Digits read as letters in words that have letters too."""
    if not any(digit in text for digit in digits):
        return text
    table = str.maketrans(digits, letters)
    return _mixed(digits).sub(lambda match: match.group().translate(table), text)


@cache
def _mixed(digits: str) -> "regex.Pattern[str]":
    """A word of letters, a Latin one among them, and such digits."""
    return regex.compile(rf"[\p{{L}}{regex.escape(digits)}]*\p{{Latin}}[\p{{L}}{regex.escape(digits)}]*")


def _folded(text: str, *, keep_escapes: bool = False) -> str:
    text = unicodedata.normalize("NFKC", text)
    if not keep_escapes:
        text = text.casefold()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFD", _INVISIBLE.sub("", text))
    text = _MARKS.sub("", text)
    text = text.replace("đ", "d").replace("ة", "ه").replace("ى", "ي").translate(_LOOKALIKES)
    return unicodedata.normalize("NFC", text)
