"""Whether a text is written in the language that it should be written in."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, cast

import regex

from astral.assets import load_taxonomy
from astral.domain.space import Value
from astral.generate.code_switching import lacks_a_language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier as Model

MULTIJAIL = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")
"""What an attacker falls back to, whichever languages are active.

Source:
    Deng et al. (2024), https://arxiv.org/abs/2310.06474
"""

_NEARLY = 0.2
"""A text may be in a language that is at least this fraction as likely as the likeliest one.

The model's own guess alone takes 4.5 % of MultiJail's Javanese texts for other languages; `benchmarks/languages.py`
prints what each fraction accepts, and what it accepts wrongly.
"""
_LIKELY, _SURELY = 0.5, 0.9
"""From these probabilities on the model is believed where it has not learnt the language, and about parts of a text."""
_OWN_SCRIPT = 0.5
"""Least share of letters in the language's script; the rest are names, and words that have no translation."""
_FOREIGN_PART = 0.4
"""Most letters of a text that may stand in sentences of another language."""
_SENTENCE_LETTERS = 30
"""Letters from which a sentence by itself can be identified."""

_SENTENCE = regex.compile(r"[^.!?。！？।؟\n]+")
_MIXED_WORD = regex.compile(
    r"\b(?=\p{L}*\p{Latin})(?=\p{L}*[\p{Cyrillic}\p{Greek}])[\p{Latin}\p{Cyrillic}\p{Greek}\p{M}]+\b"
)
_SCRIPTS: Mapping[str, str] = {
    iso: rf"\p{{Script={name}}}"
    for iso, name in [
        *(("Hans", "Han"), ("Hant", "Han"), ("Latn", "Latin"), ("Cyrl", "Cyrillic"), ("Grek", "Greek")),
        *(("Arab", "Arabic"), ("Hebr", "Hebrew"), ("Hang", "Hangul"), ("Beng", "Bengali"), ("Deva", "Devanagari")),
        *(("Taml", "Tamil"), ("Telu", "Telugu"), ("Mlym", "Malayalam"), ("Knda", "Kannada"), ("Gujr", "Gujarati")),
        *(("Guru", "Gurmukhi"), ("Orya", "Oriya"), ("Sinh", "Sinhala"), ("Thai", "Thai"), ("Laoo", "Lao")),
        *(("Khmr", "Khmer"), ("Mymr", "Myanmar"), ("Tibt", "Tibetan"), ("Geor", "Georgian"), ("Armn", "Armenian")),
        ("Ethi", "Ethiopic"),
    ]
} | {"Jpan": r"[\p{Han}\p{Hiragana}\p{Katakana}]"}
"""ISO 15924 → pattern of a letter of the script."""
_LETTERS_PER_HAN = 3
"""A Chinese character says as much as about so many letters of a name written in Latin."""


class LanguageIdentifier:
    """Tells whether a text is in a language; safe to share among threads.

    Among all languages that the model has learnt, and not among a few: else Indonesian passes for Javanese. Languages
    that it has not learnt are checked by script, and for being no active language and none with many resources.
    """

    def __init__(self, languages: Iterable[str] = ()) -> None:
        """Prepare.

        Args:
            languages: The active value ids, such as `it` or `pt-br`; what follows a hyphen is a variety.
        """
        self._model = _model()
        self._learnt = frozenset(self._model.labels)
        self._known = _registry()
        self._fallbacks = {*MULTIJAIL, *map(_base, languages)}
        self._large = {
            self._labels(value.id)[0] for value in self._known.values() if value.traits.get("resource") != "low"
        }

    def identify(self, text: str) -> str:
        """The likeliest label among all languages that the model has learnt; `zxx` for what is no language."""
        return self._model.classify(text)[0]

    def is_in(self, text: str, language: str) -> bool:
        """Nothing speaks against the text being in this language."""
        return self.objection(text, language) is None

    def objection(self, text: str, language: str) -> str | None:
        """Why the text is not in this language, if so; it quotes nothing of the text."""
        value = self._value(language)
        letters = sum(character.isalpha() for character in text)
        if not letters:
            return "the draft has no letters"
        if value and (script := _other_script(text, letters, value)):
            return script
        if value and "mixes" in value.traits:
            return lacks_a_language(text, cast("list[str]", value.traits["mixes"]))
        return self._other_language(text, language)

    def _other_language(self, text: str, language: str) -> str | None:
        label, like = self._labels(language)
        labels = {label, *like}
        likely: dict[str, float] = dict(self._model.rank(text))
        found = max(likely, key=likely.__getitem__)
        if label in self._learnt:
            if max(likely[label] for label in labels & self._learnt) < _NEARLY * likely[found]:
                return f"the draft is in {found}, not in {language}"
        elif found in (self._fallbacks | self._large) - labels and likely[found] >= _LIKELY:
            return f"the draft is in {found}, not in {language}"
        return self._foreign_part(text, labels)

    def _foreign_part(self, text: str, labels: set[str]) -> str | None:
        """Whole sentences in another of the languages that drafts are in."""
        sizes: Counter[str] = Counter()
        sentences: list[str] = _SENTENCE.findall(text)
        for sentence in sentences if len(sentences) > 1 else ():
            letters = sum(character.isalpha() for character in sentence)
            if letters < _SENTENCE_LETTERS:
                continue
            label, likely = self._model.rank(sentence)[0]
            is_foreign = label in self._fallbacks - labels and likely >= _SURELY
            sizes[label if is_foreign else ""] += letters
        foreign = sizes.total() - sizes[""]
        if foreign <= _FOREIGN_PART * sizes.total():
            return None
        return f"the draft is partly in {sizes.most_common(2)[0][0] or sizes.most_common(2)[1][0]}"

    def _labels(self, language: str) -> tuple[str, list[str]]:
        """What the model calls the language, such as `no` for Norwegian Bokmål, and what its texts may get as well."""
        value = self._value(language)
        traits = value.traits if value else {}
        return str(traits.get("label", _base(language))), cast("list[str]", traits.get("like", []))

    def _value(self, language: str) -> Value | None:
        return self._known.get(language) or self._known.get(_base(language))


def _other_script(text: str, letters: int, value: Value) -> str | None:
    script = str(value.traits.get("script", ""))
    if script == "Latn" and _MIXED_WORD.search(text):
        return "a word of the draft mixes letters of two scripts"
    if script not in _SCRIPTS:
        return None
    own = sum(sign.isalpha() for sign in regex.findall(_SCRIPTS[script], text))
    weight = _LETTERS_PER_HAN if "Han}" in _SCRIPTS[script] else 1
    share = own * weight / (own * weight + letters - own)
    return f"only {share:.0%} of the draft's letters are of the script {script}" if share < _OWN_SCRIPT else None


def _base(language: str) -> str:
    return language.partition("-")[0]


@cache
def _registry() -> Mapping[str, Value]:
    return {value.id: value for value in load_taxonomy("languages").values}


@cache
def _model() -> "Model":
    # A model of our own, not the module's global one, which others may restrict to languages of theirs. It is only
    # read, so that threads can share it.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
