"""Texts in any of the ten languages, taken apart: normal form, sentences, scripts, amounts."""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

LONGEST_SENTENCE: Final = 400
"""Characters after which a sentence is cut: babble without a full stop must not make a pattern slow."""

_QUOTATION_MARKS = str.maketrans("’‘ʼ`´“”„«»「」『』", "'''''" + '"' * 9)
# Written with and without, and to a pattern it is all one.
_ARABIC_LETTERS = str.maketrans("أإآٱىة", "ااااي" + "ه", "ًٌٍَُِّْٰـ")
# The characters of our patterns whose traditional forms differ.
_SIMPLIFIED = str.maketrans(
    "無幫協說該違當對議問題務處應讓給寫會絕謝辭請諒為個這樣沒資記錄數據實責險觸強譴證據偏見歲罰傷損確須驟麼過輩誤辦從幹談認熱線醫報緊專業師機構別話願樂興還隨時歡換尋諮詢聯繫單舉無難爾與準訴參編續討論執計訓練創獻"
    "導體標鍵製廠類覺歉語動據於單論評詳細內",
    "无帮协说该违当对议问题务处应让给写会绝谢辞请谅为个这样没资记录数据实责险触强谴证据偏见岁罚伤损确须骤么过辈误办从干谈认热线医报紧专业师机构别话愿乐兴还随时欢换寻咨询联系单举无难尔与准诉参编续讨论执计训练创献"
    "导体标键制厂类觉歉语动据于单论评详细内",
)
_REPLACED = _QUOTATION_MARKS | _ARABIC_LETTERS | _SIMPLIFIED
# Most texts have none of them, and looking for them costs less than translating.
_HAS_REPLACED = re.compile(f"[{''.join(map(chr, _REPLACED))}]")
_ENDS = re.compile(r"(?<=[.!?:;])\s+|(?<=[。।॥؟؛])|(?<=[!?;])(?=[\u3400-\u9fff])|\n+")
_THAI_BLANK = re.compile(r"(?<=[\u0e00-\u0e7f]) (?=[\u0e00-\u0e7f])")
_SHORT_THAI: Final = 40
"""Characters, some eight words."""
_NUMBERED = re.compile(r"(?m)^([ \t]*\d{1,2})\.(?=\s)")
_WORD = re.compile(r"\w")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
# Characters to a word of running text, for scripts that put no spaces between words.
_UNSPACED = {"zh": (re.compile(r"[\u3400-\u9fff\u3040-\u30ff]"), 1.7), "th": (re.compile(r"[\u0e00-\u0e7f]"), 5.0)}
_SCRIPTS: Final = (
    (0x0000, 0x024F, "latin"),
    (0x1E00, 0x1EFF, "latin"),
    (0x0600, 0x06FF, "ar"),
    (0x0980, 0x09FF, "bn"),
    (0x0E00, 0x0E7F, "th"),
    (0x1100, 0x11FF, "ko"),
    (0x3130, 0x318F, "ko"),
    (0xAC00, 0xD7AF, "ko"),
    (0x3400, 0x9FFF, "zh"),
)
LATIN: Final = "latin"
OTHER: Final = "other"


@lru_cache(maxsize=64)
def normalise(text: str) -> str:
    """A text in the form that patterns see; writing it differently without saying anything else changes nothing.

    Compatibility forms, case, quotation marks, runs of blanks, vowel signs of Arabic, traditional Chinese. Lines stay.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    if _HAS_REPLACED.search(text):
        text = text.translate(_REPLACED)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def sentences(normal: str) -> list[str]:
    """The sentences of a normalised text, items of lists with their numbers; none longer than `LONGEST_SENTENCE`.

    Thai has no full stop, and puts blanks between sentences and clauses alike: there a blank ends a sentence once it is
    as long as short sentences are.
    """
    parts = (part.strip() for part in _ENDS.split(_NUMBERED.sub(r"\1)", normal)))
    whole = [sentence for part in parts for sentence in _thai_sentences(part)]
    return [
        sentence[start : start + LONGEST_SENTENCE]
        for sentence in whole
        if _WORD.search(sentence)
        for start in range(0, len(sentence), LONGEST_SENTENCE)
    ]


def _thai_sentences(part: str) -> list[str]:
    first, *rest = _THAI_BLANK.split(part)
    packed = [first]
    for clause in rest:
        if len(packed[-1]) < _SHORT_THAI:
            packed[-1] += " " + clause
        else:
            packed.append(clause)
    return packed


def word_count(text: str) -> float:
    """Words, roughly: Chinese and Thai put no blanks between them, so there their characters are counted."""
    count = 0.0
    if not text.isascii():
        for pattern, characters in _UNSPACED.values():
            text, found = pattern.subn(" ", text)
            count += found / characters
    return count + sum(1 for word in text.split() if word.isalnum() or _WORD.search(word))


def scripts(text: str) -> Counter[str]:
    """Letters by script: the languages that have a script to themselves by their ids, else `LATIN` or `OTHER`."""
    if text.isascii():
        letters = sum(map(str.isalpha, text))
        return Counter({LATIN: letters} if letters else {})
    return Counter(map(_script, filter(str.isalpha, text)))


@lru_cache(maxsize=1 << 14)
def _script(character: str) -> str:
    code = ord(character)
    return next((name for low, high, name in _SCRIPTS if low <= code <= high), OTHER)


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """A text without punctuation and with single blanks between words."""
    return " ".join(_PUNCTUATION.sub(" ", text).split())


def pieces(text: str, size: int) -> list[str]:
    """All runs of `size` characters, without punctuation and with single blanks between words."""
    bare = plain(text)
    return [bare[start : start + size] for start in range(len(bare) - size + 1)]
