"""Typing mistakes that a reader still understands."""

import random
from itertools import pairwise

from astral.generate.transforms.rewriting import Edited, Note, edited
from astral.generate.transforms.words import WORD, chosen, clusters_of, has_no_spaces

_WORDS_PER_MISTAKE = 4
_CLUSTERS_PER_MISTAKE = 12
"""In scripts without spaces a run of letters is a clause, not a word."""


class Misspell(Edited):
    """Swaps, doubles or drops letters in about one word of four, and in at least one.

    First letters, digits, words with digits, and placeholders such as `{request}` stay as they are. In scripts that
    put no spaces between words, about one letter in twelve is hit. A text without a word of two letters is unchanged.
    """

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The text with mistakes."""
        words = [match for match in WORD.finditer(text) if _can_be_misspelt(match.group())]
        spaced = [match for match in words if not has_no_spaces(match.group())]
        # Longer ones among those drawn, since a mistake in a short word hides its meaning.
        hit = {match.start() for match in chosen(spaced, rng, one_in=_WORDS_PER_MISTAKE, size=lambda m: len(m.group()))}
        pieces: list[tuple[str, str]] = []
        end = 0
        for match in words:
            between, word = text[end : match.start()], match.group()
            clusters = clusters_of(word)
            if has_no_spaces(word):
                mistakes = _mistakes_in_clause(len(clusters), rng, at_least_one=not hit)
                hit.add(match.start())
            else:
                mistakes = int(match.start() in hit)
            pieces += [(between, between), (word, "".join(_with_mistakes(clusters, mistakes, rng)))]
            end = match.end()
        return edited([*pieces, (text[end:], text[end:])])


def _can_be_misspelt(token: str) -> bool:
    return not token.startswith("{") and not any(map(str.isdigit, token)) and len(clusters_of(token)) > 1


def _mistakes_in_clause(clusters: int, rng: random.Random, *, at_least_one: bool) -> int:
    whole, rest = divmod(clusters, _CLUSTERS_PER_MISTAKE)
    return max(int(at_least_one), whole + (rng.random() < rest / _CLUSTERS_PER_MISTAKE))


def _with_mistakes(clusters: list[str], mistakes: int, rng: random.Random) -> list[str]:
    changed = list(clusters)
    for _ in range(mistakes):
        changed = _with_mistake(changed, rng)
    return changed


def _with_mistake(clusters: list[str], rng: random.Random) -> list[str]:
    swaps = [place for place, (one, two) in enumerate(pairwise(clusters)) if place > 0 and one != two]
    kind = rng.choice(("swap", "double", "drop"))
    if kind == "swap" and swaps:
        place = rng.choice(swaps)
        return [*clusters[:place], clusters[place + 1], clusters[place], *clusters[place + 2 :]]
    place = rng.randrange(1, len(clusters)) if len(clusters) > 1 else 0
    # A word of three letters that loses one is another word; doubling keeps it readable.
    if kind == "drop" and len(clusters) > 3:  # noqa: PLR2004 - see above
        return [*clusters[:place], *clusters[place + 1 :]]
    return [*clusters[: place + 1], *clusters[place:]]
