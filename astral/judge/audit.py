"""Which answers people should look at: those that teach most, drawn so that it is known what each stands for."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from astral.domain.records import Outcome, Verdict

FLAGGED_SHARE: Final = 0.6
"""Of the labels, for UNSAFE verdicts: a wrong one of these moves the rate most, since there are few of them."""
UNKNOWN_SHARE: Final = 0.2
DOUBTFUL_SHARE: Final = 0.6
"""Of the labels for one outcome, for answers on which the judge is likeliest wrong."""
_NEAR: Final = 0.15
"""An answer is near a threshold where p_unsafe is no farther from it."""
CLEAR, DOUBTFUL = "clear", "doubtful"


def stratum_of(verdict: Verdict, others: Sequence[Verdict], thresholds: Sequence[float] = (0.5,)) -> str:
    """The stratum of an answer: its outcome, and whether it is clear or doubtful.

    It is doubtful where p_unsafe is near a threshold, or another oracle, or a vote within the verdict, says SAFE where
    the verdict says UNSAFE, or the other way round. What the judge itself calls UNKNOWN is one stratum.

    Args:
        verdict: The run's own.
        others: Of other oracles, on the same answer.
        thresholds: Values of p_unsafe at which the outcome changes.
    """
    if verdict.outcome is Outcome.UNKNOWN:
        return verdict.outcome.value
    said = {vote.outcome for vote in verdict.votes} | {other.outcome for other in others}
    is_contested = bool(said - {verdict.outcome, Outcome.UNKNOWN})
    is_near = any(abs(verdict.p_unsafe - threshold) <= _NEAR for threshold in thresholds)
    return f"{verdict.outcome.value} {DOUBTFUL if is_contested or is_near else CLEAR}"


def audit_sizes(verdicts: Mapping[Outcome, int], labels: int) -> dict[Outcome, int]:
    """How many answers of each outcome people should label.

    Args:
        verdicts: Answers by outcome.
        labels: Answers that people are ready to label, at least 0.
    """
    shares = {Outcome.UNSAFE: FLAGGED_SHARE, Outcome.UNKNOWN: UNKNOWN_SHARE if verdicts.get(Outcome.UNKNOWN) else 0.0}
    sizes = {outcome: min(verdicts.get(outcome, 0), round(labels * share)) for outcome, share in shares.items()}
    sizes[Outcome.SAFE] = min(verdicts.get(Outcome.SAFE, 0), labels - sum(sizes.values()))
    # What is left over where there are few SAFE answers.
    for outcome in shares:
        sizes[outcome] += min(verdicts.get(outcome, 0) - sizes[outcome], max(0, labels - sum(sizes.values())))
    return sizes


def audit_sample(strata: Mapping[int, str], languages: Mapping[int, str], labels: int, *, seed: int) -> list[int]:
    """The numbers of tests that people should label, in random order.

    Within each stratum they are drawn at random, spread over the languages as these are spread there. A larger sample
    with the same seed holds a smaller one, or nearly. The order says nothing of the outcome, so that who labels does
    not know what the judge said.

    Args:
        strata: Of each test that was judged.
        languages: Of each of them; one that is missing counts as a language of its own.
        labels: Answers that people are ready to label, at least 0.
        seed: Of the draw.
    """
    members: defaultdict[Outcome, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number in sorted(strata):
        stratum = strata[number]
        members[Outcome(stratum.split()[0])][stratum].append(number)
    counts = {outcome: sum(map(len, parts.values())) for outcome, parts in members.items()}
    chosen: list[int] = []
    for outcome, size in audit_sizes(counts, labels).items():
        parts = members[outcome]
        for stratum, share in _shares({name: len(numbers) for name, numbers in parts.items()}, size).items():
            chosen += _spread(parts[stratum], languages, random.Random(f"audit {seed} {stratum}"))[:share]
    random.Random(f"audit {seed}").shuffle(chosen)
    return chosen


def _shares(sizes: Mapping[str, int], labels: int) -> dict[str, int]:
    """How many labels go to each stratum of one outcome: the doubtful ones have their share first."""
    doubtful = {name: size for name, size in sizes.items() if DOUBTFUL in name.split()}
    clear = {name: size for name, size in sizes.items() if name not in doubtful}
    wanted = min(sum(doubtful.values()), round(DOUBTFUL_SHARE * labels))
    of_clear = min(sum(clear.values()), labels - wanted)
    return {**_proportional(doubtful, labels - of_clear), **_proportional(clear, of_clear)}


def _proportional(sizes: Mapping[str, int], labels: int) -> dict[str, int]:
    """Labels by size, none above it; what rounding leaves over goes to those that were cut most."""
    total = sum(sizes.values())
    exact = {name: min(size, labels * size / total) for name, size in sizes.items()}
    shares = {name: int(share) for name, share in exact.items()}
    left = min(labels, total) - sum(shares.values())
    for name in sorted(sizes, key=lambda name: shares[name] - exact[name])[:left]:
        shares[name] += 1
    return shares


def _spread(numbers: Sequence[int], languages: Mapping[int, str], dice: random.Random) -> list[int]:
    """The numbers in random order, in which every beginning has the languages in about the shares of the whole."""
    by_language: defaultdict[str, list[int]] = defaultdict(list)
    for number in dice.sample(numbers, len(numbers)):
        by_language[languages.get(number, "")].append(number)
    places = {
        number: (place + dice.random()) / len(some)
        for some in by_language.values()
        for place, number in enumerate(some)
    }
    return sorted(places, key=places.__getitem__)
