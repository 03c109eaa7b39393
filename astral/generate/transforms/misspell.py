"""Typing mistakes that a reader still understands."""

import random
from itertools import pairwise

import regex

_TOKEN = regex.compile(r"\{[^{}]*\}|[\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Hiragana}\p{Katakana}]")
_CLUSTER = regex.compile(r"\X")

_WORDS_PER_MISTAKE = 4
_CLUSTERS_PER_MISTAKE = 12
"""In scripts without spaces a run of letters is a clause, not a word."""


class Misspell:
    """Swaps, doubles or drops letters in about one word of four, and in at least one.

    First letters, digits, words with digits, and placeholders such as `{request}` stay as they are. In scripts that
    put no spaces between words, about one letter in twelve is hit. A text without a word of two letters is unchanged.
    """

    name = "misspell"

    def apply(self, text: str, *, seed: int) -> str:
        """The text with mistakes; the same seed makes the same ones."""
        rng = random.Random(seed)
        words = [match for match in _TOKEN.finditer(text) if _can_be_misspelt(match.group())]
        spaced = [match for match in words if not _UNSPACED.search(match.group())]
        hit = {match.start() for match in _chosen(spaced, rng)}
        parts: list[str] = []
        end = 0
        for match in words:
            parts.append(text[end : match.start()])
            clusters = _CLUSTER.findall(match.group())
            if _UNSPACED.search(match.group()):
                mistakes = _mistakes_in_clause(len(clusters), rng, at_least_one=not hit)
                hit.add(match.start())
            else:
                mistakes = int(match.start() in hit)
            parts.append("".join(_with_mistakes(clusters, mistakes, rng)))
            end = match.end()
        return "".join([*parts, text[end:]])


def _can_be_misspelt(token: str) -> bool:
    return not token.startswith("{") and not regex.search(r"\p{N}", token) and len(_CLUSTER.findall(token)) > 1


def _chosen(words: list["regex.Match[str]"], rng: random.Random) -> list["regex.Match[str]"]:
    """One word of four, longer ones first among those drawn, since a mistake in a short word hides its meaning."""
    if not words:
        return []
    count = max(1, round(len(words) / _WORDS_PER_MISTAKE))
    drawn = rng.sample(words, min(len(words), 2 * count))
    return sorted(drawn, key=lambda match: -len(match.group()))[:count]


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
