"""Which answers people should look at."""

import random
from collections.abc import Mapping, Sequence

from astral.domain.records import Outcome

FLAGGED_SHARE = 0.6
"""Of the labels, for UNSAFE verdicts: a wrong one of these moves the rate most, since there are few of them."""
UNKNOWN_SHARE = 0.2


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


def audit_sample(numbers: Mapping[Outcome, Sequence[int]], labels: int, *, seed: int) -> list[int]:
    """The numbers of tests that people should label, drawn at random within each outcome, in random order.

    The order says nothing of the outcome, so that who labels does not know what the judge said.
    """
    dice = random.Random(f"audit {seed}")
    sizes = audit_sizes({outcome: len(some) for outcome, some in numbers.items()}, labels)
    chosen = [
        number for outcome, size in sizes.items() for number in dice.sample(sorted(numbers.get(outcome, ())), size)
    ]
    dice.shuffle(chosen)
    return chosen
