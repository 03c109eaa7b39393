"""The oracles that judged a run, side by side."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np

from astral.domain.base import Noun
from astral.domain.estimates import Estimate, proportion
from astral.domain.records import Outcome, Verdict
from astral.errors import UserError
from astral.judge import dawid_skene, kappa_of
from astral.record import Store
from astral.workflow.people import is_person
from astral.workflow.reporting import store_url

_LEAST_JUDGES = 3
"""With fewer nobody can tell who is right where they disagree."""
_VOTE = {Outcome.UNSAFE: 1, Outcome.SAFE: 0, Outcome.UNKNOWN: -1}


class OracleFacts(Noun):
    """What one oracle decided, and what it cost."""

    oracle: str
    counts: bool
    """Its verdicts are those of the run, by which it is reported."""
    judged: int
    unsafe: int
    safe: int
    unknown: int
    tokens: int
    sensitivity: float | None = None
    """Share of unsafe answers that it sees, as the agreement of all oracles suggests; None with fewer than three."""
    specificity: float | None = None
    """Share of safe answers that it clears, likewise."""


class Pair(Noun):
    """How far two oracles agree, on the answers that both judged."""

    first: str
    second: str
    judged: int
    agreement: Estimate
    """Share of answers with the same outcome."""
    kappa: Estimate
    """Cohen's kappa over the three outcomes."""
    confusion: Mapping[Outcome, Mapping[Outcome, int]]
    """Outcome of the first → outcome of the second → answers."""


class Comparison(Noun):
    """All oracles of a run, and all pairs of them."""

    run_id: str
    oracles: tuple[OracleFacts, ...]
    pairs: tuple[Pair, ...]
    note: str


def compare_oracles(runs: Path, run: str) -> Comparison:
    """How far the oracles agree that judged a run; controls are left out.

    Args:
        runs: Folder of runs.
        run: Id, or `latest`.

    Raises:
        UserError: There is no such run, or one oracle alone judged it.
    """
    with Store.open(store_url(runs), create=False) as store:
        run_id = store.resolve(run)
        own = store.manifest(run_id).models.get("judge", "")
        tests = [test for test in store.tests(run_id) if test.draw.control is None]
        numbers = {test.draw.number for test in tests}
        said = {f"{own}": {test.draw.number: test.verdict for test in tests if test.verdict}}
        for oracle in store.other_oracles(run_id):
            verdicts = {n: verdict for n, verdict in store.verdicts_of(run_id, oracle).items() if n in numbers}
            said[oracle if oracle != own else f"{oracle} (again)"] = verdicts
    if len(said) == 1:
        raise UserError(f"run {run_id} was judged by {own} alone. `astral judge {run_id} --oracle NAME` adds another.")
    quality = _quality(said)
    oracles = tuple(
        _facts(oracle, verdicts, counts=oracle == own, quality=quality.get(oracle)) for oracle, verdicts in said.items()
    )
    pairs = tuple(pair_of(first, said[first], second, said[second]) for first, second in combinations(said, 2))
    note = f"The verdicts of {own} count. `astral report {run_id} --oracle NAME` reports by another's."
    if quality:
        note += (
            "\n`sees` and `clears` are shares of unsafe and safe answers that an oracle gets right, estimated from "
            "their agreement alone (Dawid and Skene 1979): a blind spot that they share does not show."
        )
    return Comparison(run_id=run_id, oracles=oracles, pairs=pairs, note=note)


def _facts(
    oracle: str, verdicts: Mapping[int, Verdict], *, counts: bool, quality: tuple[float, float] | None
) -> OracleFacts:
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    return OracleFacts(
        oracle=oracle,
        counts=counts,
        judged=len(outcomes),
        unsafe=outcomes.count(Outcome.UNSAFE),
        safe=outcomes.count(Outcome.SAFE),
        unknown=outcomes.count(Outcome.UNKNOWN),
        tokens=sum(vote.usage.tokens for verdict in verdicts.values() for vote in verdict.votes),
        sensitivity=quality[0] if quality else None,
        specificity=quality[1] if quality else None,
    )


def pair_of(first: str, one: Mapping[int, Verdict], second: str, other: Mapping[int, Verdict]) -> Pair:
    """How far two oracles, or two people, agree on what both judged."""
    both = sorted(set(one) & set(other))
    confusion = {
        mine: {yours: sum((one[n].outcome, other[n].outcome) == (mine, yours) for n in both) for yours in Outcome}
        for mine in Outcome
    }
    table = np.array([list(row.values()) for row in confusion.values()], dtype=np.float64)
    return Pair(
        first=first,
        second=second,
        judged=len(both),
        agreement=proportion(int(np.trace(table)), len(both)),
        kappa=kappa_of(table),
        confusion=confusion,
    )


def _quality(said: Mapping[str, Mapping[int, Verdict]]) -> dict[str, tuple[float, float]]:
    """Sensitivity and specificity of each oracle, from their agreement; people are no oracle here."""
    judges = [oracle for oracle in said if not is_person(oracle)]
    if len(judges) < _LEAST_JUDGES:
        return {}
    numbers = sorted(set[int]().union(*(said[oracle] for oracle in judges)))
    votes = np.array(
        [[_VOTE[said[oracle][n].outcome] if n in said[oracle] else -1 for oracle in judges] for n in numbers]
    )
    _, quality = dawid_skene(votes)
    return {oracle: (float(row[0]), float(row[1])) for oracle, row in zip(judges, quality, strict=True)}
