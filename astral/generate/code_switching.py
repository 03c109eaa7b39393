"""Whether a text changes between two languages, by the small words that every sentence needs.

A model that identifies languages is of no use here: it takes Hindi in Latin letters for Nigerian Pidgin.
"""

from collections.abc import Mapping, Sequence

import regex

_LEAST_WORDS = 2
"""Different small words of a language that a text must have to be partly in it."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL_WORDS: Mapping[str, frozenset[str]] = {
    "en": _words(
        "the of and to is are was were be been am i you we they it that this these those what how why when where who "
        "which with without for from on at by about into your my our their his her can could will would should do "
        "does did not but or if because please want need tell give show write make some any just than"
    ),
    "es": _words(
        "el la los las un una unos unas y o pero de del en con sin por para que qué cómo cuando cuándo donde dónde "
        "quién quien porque es son está están era soy eres yo tú él ella ellos nosotros mi tu su sus mis tus se lo le "
        "les al muy más también como si ya hay ser estar tengo tiene quiero quieres puedo puede puedes dime haz "
        "hacer ese esa esto esta este oye porfa güey bueno algo nadie"
    ),
    "hi": _words(
        "hai hain ho hoon hun tha thi the ka ki ke ko se mein main me par pe aur ya lekin kya kyu kyun kyon kaise "
        "kab kahan kaun koi kuch mujhe tujhe mera meri mere tera teri tumhara aap aapka apna apni apne hum tum yeh ye "
        "woh wo vo nahi nahin mat bhi hi toh to jo jab tab agar kar karo karna karne karke raha rahi rahe batao bata "
        "bolo do dena de chahiye wala wali wale bina liye saath yaar bhai bas abhi sab bahut sakte sakta sakti"
    ),
}
"""By language; Hindi as it is written with Latin letters. Words that another of the languages has are not counted."""


def lacks_a_language(text: str, languages: Sequence[str]) -> str | None:
    """Which of the languages a text that should mix them lacks, if any; it quotes nothing of the text."""
    words = set(regex.findall(r"[\p{L}\p{M}']+", text.casefold()))
    for language in languages:
        others = frozenset[str]().union(*(SMALL_WORDS[other] for other in languages if other != language))
        if len(words & (SMALL_WORDS[language] - others)) < _LEAST_WORDS:
            return f"the draft should mix {' and '.join(languages)}, and has next to nothing in {language}"
    return None
