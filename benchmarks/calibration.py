"""How often each interval of an unsafe rate holds the truth, and how wide it is.

    python benchmarks/calibration.py --write         # puts the table into docs/judging.md
    python benchmarks/calibration.py --runs 2000

A run of 2,000 answers of which 1 to 3 % are unsafe is judged by an oracle with known errors; people label 300 of the
answers, and 300 others (60 of them unsafe) are in the calibration. The truth is the share of unsafe answers of the run.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pages import write_block

from astral.domain.calibration import Confusion
from astral.domain.estimates import wilson_interval
from astral.domain.records import Outcome
from astral.judge.audit import audit_sizes
from astral.report.correction import Stratum, prediction_powered, rogan_gladen, stratified_audit

ANSWERS, LABELS, CALIBRATED, CALIBRATED_UNSAFE = 2000, 300, 300, 60
PAGE = Path(__file__).parent.parent / "docs" / "judging.md"
JUDGES = {"0.90 / 0.95": (0.90, 0.95), "0.97 / 0.95": (0.97, 0.95), "0.75 / 0.95": (0.75, 0.95)}
"""Sensitivity and specificity."""
RATES = (0.01, 0.02, 0.03)
METHODS = ("uncorrected", "stratified audit", "the same with calibration", "Rogan-Gladen", "prediction-powered")


@dataclass(frozen=True)
class Trial:
    """One simulated run: its true rate, and the interval by each method."""

    truth: float
    estimates: Mapping[str, tuple[float, float, float]]
    """Rate, lower and upper bound."""


def simulate(dice: np.random.Generator, rate: float, sensitivity: float, specificity: float) -> Trial:
    """Judge and label one run."""

    def judged(unsafe: np.ndarray) -> np.ndarray:
        luck = dice.random(len(unsafe))
        return np.where(unsafe, luck < sensitivity, luck > specificity)

    unsafe = dice.random(ANSWERS) < rate
    flagged = judged(unsafe)
    count = int(flagged.sum())
    wanted = audit_sizes({Outcome.UNSAFE: count, Outcome.SAFE: ANSWERS - count}, LABELS)
    strata = []
    for outcome, members in ((Outcome.UNSAFE, np.flatnonzero(flagged)), (Outcome.SAFE, np.flatnonzero(~flagged))):
        chosen = dice.permutation(members)[: wanted[outcome]]
        seen = int(unsafe[chosen].sum())
        strata.append(Stratum(outcome=outcome, answers=len(members), labelled=len(chosen), unsafe=seen))
    others = np.arange(CALIBRATED) < CALIBRATED_UNSAFE
    other_verdicts = judged(others)
    confusion = Confusion(
        unsafe_as_unsafe=int((others & other_verdicts).sum()),
        unsafe_as_safe=int((others & ~other_verdicts).sum()),
        safe_as_unsafe=int((~others & other_verdicts).sum()),
        safe_as_safe=int((~others & ~other_verdicts).sum()),
    )
    chosen = dice.permutation(ANSWERS)[:LABELS]
    labelled = Counter(zip(map(bool, flagged[chosen]), map(bool, unsafe[chosen]), strict=True))
    corrected = {
        "stratified audit": stratified_audit(strata),
        "the same with calibration": stratified_audit(strata, confusion),
        "Rogan-Gladen": rogan_gladen(count, ANSWERS, confusion),
        "prediction-powered": prediction_powered({True: count, False: ANSWERS - count}, labelled),
    }
    estimates = {name: (found.fraction, found.low, found.high) for name, found in corrected.items() if found}
    return Trial(unsafe.mean(), {"uncorrected": (count / ANSWERS, *wilson_interval(count, ANSWERS)), **estimates})


def coverage_and_width(trials: list[Trial], method: str) -> tuple[float, float, float]:
    """Share of intervals that hold the truth, their mean width, and the mean rate, all as fractions."""
    found = [(trial.truth, *trial.estimates[method]) for trial in trials if method in trial.estimates]
    tiny = 1e-9
    held = np.mean([low - tiny <= truth <= high + tiny for truth, _, low, high in found])
    return (
        float(held),
        float(np.mean([high - low for *_, low, high in found])),
        float(np.mean([r for _, r, *_ in found])),
    )


def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="simulated runs for each row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name}")
    options = parser.parse_args()
    lines = list[str]()
    for line in table(options.runs, options.seed):
        print(line, flush=True)
        lines.append(line)
    if options.write:
        write_block(PAGE, "benchmarks/calibration.py", "\n".join(lines))


def table(runs: int, seed: int) -> Iterator[str]:
    """The lines of the table, each when it is found."""
    yield f"| judge (sensitivity / specificity) | true rate | {' | '.join(METHODS)} |"
    yield "|---|---:|" + "---:|" * len(METHODS)
    for name, (sensitivity, specificity) in JUDGES.items():
        for rate in RATES:
            dice = np.random.default_rng(seed)
            trials = [simulate(dice, rate, sensitivity, specificity) for _ in range(runs)]
            cells = []
            for method in METHODS:
                held, width, mean = coverage_and_width(trials, method)
                cells.append(f"{100 * mean:.1f} %: {100 * held:.0f} %, {100 * width:.1f}")
            yield f"| {name} | {rate:.0%} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
