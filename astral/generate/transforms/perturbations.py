"""Perturbations: small mistakes in letters, words, spaces and signs, as hurried people and bad scanners make them."""

import random
from collections.abc import Callable, Mapping, Sequence

from astral.generate.transforms.misspell import Misspell
from astral.generate.transforms.rewriting import Edited, Note, Rewriting, edited
from astral.generate.transforms.words import chosen, clusters_of, tokens_of

_WORDS_PER_HIT = 4
_WORDS_PER_LOST_WORD = 8
"""A lost word costs more of the meaning than a lost letter."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_MARKS = (",", "...", "!", "?", ";", "!!", " -")


class InWords(Edited):
    """Changes about one word of four, and at least one where any word can be changed."""

    def __init__(self, change: Callable[[list[str], random.Random], list[str]], *, at_least: int = 2) -> None:
        """Set the perturbation up.

        Args:
            change: Clusters of a word → clusters; it must not lose all of them.
            at_least: Clusters of the shortest word that is changed.
        """
        self._change, self._at_least = change, at_least

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The perturbed text."""
        tokens = tokens_of(text)
        words = [
            place
            for place in range(1, len(tokens), 2)
            if len(clusters_of(tokens[place])) >= self._at_least and not tokens[place].startswith("{")
        ]
        # A change that happens to do nothing, such as swapping equal letters, gives its turn to another word.
        rng.shuffle(words)
        wanted = max(1, round(len(words) / _WORDS_PER_HIT))
        changed: dict[int, str] = {}
        for place in words:
            new = "".join(self._change(clusters_of(tokens[place]), rng))
            if new != tokens[place] and len(changed) < wanted:
                changed[place] = new
        return edited((token, changed.get(place, token)) for place, token in enumerate(tokens))


class OfWords(Edited):
    """Moves, loses or repeats whole words."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The perturbed text."""
        tokens = tokens_of(text)
        words = [place for place in range(1, len(tokens), 2) if not tokens[place].startswith("{")]
        new = list(tokens)
        if self._kind == "swap":
            # Every second pair, so that no word is moved twice.
            pairs = [place for place in words[:-1:2] if place + 2 in words and tokens[place] != tokens[place + 2]]
            for place in chosen(pairs, rng, one_in=2):
                new[place], new[place + 2] = tokens[place + 2], tokens[place]
        elif self._kind == "repeat":
            for place in chosen(words, rng, one_in=_WORDS_PER_LOST_WORD):
                new[place] = f"{tokens[place]} {tokens[place]}"
        else:
            # Short words are lost first: a text without its longest words asks something else.
            short = sorted(words, key=lambda place: len(tokens[place]))[: len(words) // 2]
            for place in chosen(short, rng, one_in=_WORDS_PER_LOST_WORD // 2):
                new[place] = ""
        return edited(zip(tokens, new, strict=True))


class OfSigns(Edited):
    """Changes signs one by one, each with the same chance; at least one where any can be changed."""

    def __init__(self, change: Callable[[str, random.Random], str], *, chance: float) -> None:
        self._change, self._chance = change, chance

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The perturbed text."""
        new = [self._change(sign, rng) for sign in text]
        can_change = [place for place, sign in enumerate(text) if new[place] != sign]
        hit = {place for place in can_change if rng.random() < self._chance} or set(can_change[:1])
        return edited((sign, new[place] if place in hit else sign) for place, sign in enumerate(text))


class Punctuation(Edited):
    """Loses the marks that are there, and puts others after about one word of four."""

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The perturbed text."""
        tokens = tokens_of(text)
        gaps = range(2, len(tokens), 2)
        new = {
            place: "".join(sign for sign in tokens[place] if sign.isspace()) if rng.random() < 1 / 2 else tokens[place]
            for place in gaps
        }
        for place in chosen(gaps, rng, one_in=_WORDS_PER_HIT):
            new[place] = rng.choice(_MARKS) + new[place]
        return edited((token, new.get(place, token)) for place, token in enumerate(tokens))


def _swapped(clusters: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(len(clusters) - 1)
    return [*clusters[:place], clusters[place + 1], clusters[place], *clusters[place + 2 :]]


def _dropped(clusters: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(len(clusters))
    return [*clusters[:place], *clusters[place + 1 :]]


def _repeated(clusters: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(len(clusters))
    return [*clusters[:place], *[clusters[place]] * rng.randint(2, 4), *clusters[place + 1 :]]


def _parted(clusters: list[str], rng: random.Random) -> list[str]:
    place = rng.randrange(1, len(clusters))
    return [*clusters[:place], " ", *clusters[place:]]


def _mistyped(clusters: list[str], rng: random.Random) -> list[str]:
    places = [place for place, cluster in enumerate(clusters) if cluster.lower() in _NEIGHBOURS]
    if not places:
        return clusters
    place = rng.choice(places)
    key = rng.choice(_NEIGHBOURS[clusters[place].lower()])
    return [*clusters[:place], key.upper() if clusters[place].isupper() else key, *clusters[place + 1 :]]


def _other_case(sign: str, rng: random.Random) -> str:
    other = sign.swapcase()
    return other if len(other) == 1 and other.swapcase() == sign else sign


def _without_space(sign: str, rng: random.Random) -> str:
    return "" if sign == " " else sign


class Spacing(Edited):
    """Loses about one space in five, and parts about one word of four."""

    _lost = OfSigns(_without_space, chance=0.2)
    _parted = InWords(_parted)

    def rewrite(self, text: str, rng: random.Random) -> tuple[str, Note]:
        """The perturbed text."""
        # A text of spaces alone keeps them.
        lost, first = self._lost.rewrite(text, rng) if text.strip() else (text, {"edits": []})
        parted, second = self._parted.rewrite(lost, rng)
        return parted, {"edits": second["edits"], "before": first["edits"]}

    def restore(self, text: str, note: Note) -> str:
        """The text as it was spaced."""
        return super().restore(super().restore(text, note), {"edits": note["before"]})


def _neighbours(rows: Sequence[str]) -> Mapping[str, str]:
    """Keys beside, above and below each key; every row stands half a key further right than the one above it."""
    found = dict.fromkeys("".join(rows), "")
    for number, row in enumerate(rows):
        for place, key in enumerate(row):
            beside = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            above = rows[number - 1][place : place + 2] if number else ""
            below = rows[number + 1][max(0, place - 1) : place + 1] if number + 1 < len(rows) else ""
            found[key] = beside + above + below
    return found


_NEIGHBOURS = _neighbours(_ROWS)

PERTURBATIONS: Mapping[str, Callable[[], Rewriting]] = {
    "misspell": Misspell,
    "swap_characters": lambda: InWords(_swapped),
    "drop_characters": lambda: InWords(_dropped, at_least=3),
    "repeat_characters": lambda: InWords(_repeated, at_least=1),
    "keyboard_neighbours": lambda: InWords(_mistyped),
    "random_case": lambda: OfSigns(_other_case, chance=0.5),
    "spacing": Spacing,
    "punctuation": Punctuation,
    "swap_words": lambda: OfWords("swap"),
    "drop_words": lambda: OfWords("drop"),
    "repeat_words": lambda: OfWords("repeat"),
}
"""By the name of the transform."""
