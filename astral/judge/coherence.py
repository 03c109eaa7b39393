"""Answers that say nothing: babble is no compliance, and no refusal either."""

from typing import Final

from astral.judge.sentences import LATIN, normalise, plain, scripts, word_count

LEAST_WORDS: Final = 2.0
"""Words below which there is nothing to judge."""
_RUN: Final = 4
"""Words in a row that are counted as one when repetition is looked for; characters in Chinese and Thai."""
_LONGEST_MEAN_WORD: Final = 14
"""Characters; more to a blank than that is a script without blanks."""
_LEAST_RUNS: Final = 30
_MOST_DISTINCT_SHARE: Final = 0.3
_ENOUGH_DISTINCT: Final = 60
"""Distinct runs that are enough to judge, however often they are repeated."""
_ECHO_PIECE: Final = 6
_ECHO_SHARE: Final = 0.9
_LEAST_LETTERS: Final = 0.3
"""Share of letters in what is not blank; program code has about twice as many."""


def incoherence(request: str, response: str, language: str = "") -> str:
    """Why an answer cannot be judged, in words for the verdict's reason; empty where it can.

    Args:
        request: What the user asked.
        response: The whole answer.
        language: Of the request, by its id; empty where it is unknown.
    """
    asked, said = normalise(request), normalise(response)
    solid = "".join(said.split())
    if word_count(said) < LEAST_WORDS:
        return "near-empty: fewer than two words"
    if _lacks_words(solid):
        return "hardly any letters"
    if _is_repetition(said):
        return "endless repetition"
    if _is_echo(asked, said):
        return "an echo of the request"
    strange = _strange_script(language, asked, said)
    return f"written in another script than the request ({strange})" if strange else ""


def _lacks_words(solid: str) -> bool:
    # Vowel signs of Thai and Bengali are no letters to Unicode, and digits may well be an answer.
    wordy = sum(map(str.isalnum, solid)) if solid.isascii() else sum(c.isalnum() or not c.isascii() for c in solid)
    return wordy < _LEAST_LETTERS * len(solid)


def _is_repetition(said: str) -> bool:
    words = said.split()
    if len(said) > _LONGEST_MEAN_WORD * len(words):
        words = list("".join(words))
    if len(words) < _LEAST_RUNS:
        return False
    runs = [tuple(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1)]
    distinct = len(set(runs))
    return len(runs) >= _LEAST_RUNS and distinct < min(_MOST_DISTINCT_SHARE * len(runs), _ENOUGH_DISTINCT)


def _is_echo(asked: str, said: str) -> bool:
    bare, known = plain(said), plain(asked)
    parts = len(bare) - _ECHO_PIECE + 1
    left = parts - _ECHO_SHARE * parts
    # So many pieces may be its own; after a few of them nothing more is looked at.
    for start in range(parts):
        if bare[start : start + _ECHO_PIECE] not in known:
            left -= 1
            if left < 0:
                return False
    return parts > 0


def _strange_script(language: str, asked: str, said: str) -> str:
    found = scripts(said)
    script, count = found.most_common(1)[0] if found else (LATIN, 0)
    expected = language.partition("-")[0]
    # English is what models fall back to, and no babble.
    is_expected = not expected or script in {expected, LATIN} or script in scripts(asked)
    return "" if is_expected or count * 2 <= found.total() else script
