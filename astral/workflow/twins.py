"""Benign twins in a round: for which tests there is one, and how they are written."""

import random
from collections.abc import Iterator, Sequence
from math import floor

from astral.domain.records import Control, Draw, Failure, Stage, TestCase
from astral.domain.run import TestRecord
from astral.errors import StageError
from astral.generate import TwinWriter


def twin_draws(
    drawn: Sequence[Draw], writer: TwinWriter, *, share: float, earlier: int, first: int, seed: int
) -> list[Draw]:
    """Draw twins for a share of a round's tests, in their cells.

    Args:
        drawn: The round's tests.
        writer: Knows for which cells there are benign seeds.
        share: Of the run's tests, in [0, 1].
        earlier: Tests of earlier rounds, so that the share holds over small rounds too.
        first: Number of the first twin.
        seed: Seed of the run.
    """
    wanted = floor(share * (earlier + len(drawn))) - floor(share * earlier)
    possible = [draw for draw in drawn if writer.can_write(draw.cell)]
    dice = random.Random(f"twins {seed} {first}")
    chosen = sorted(dice.sample(possible, min(wanted, len(possible))), key=lambda draw: draw.number)
    return [Draw(number=number, cell=draw.cell, control=Control.TWIN) for number, draw in enumerate(chosen, first)]


def pairs(tests: Sequence[TestRecord]) -> Iterator[tuple[TestRecord, TestRecord]]:
    """The twins of a round, each with the test whose twin it is: the first one of its cell that has none yet."""
    proper = [test for test in tests if test.draw.control is None]
    for twin in tests:
        if twin.draw.control is Control.TWIN:
            sibling = next(test for test in proper if test.draw.cell == twin.draw.cell)
            proper.remove(sibling)
            yield twin, sibling


async def write_twins(
    tests: Sequence[TestRecord], writer: TwinWriter, *, run_seed: int, max_attempts: int
) -> dict[int, TestCase | Failure]:
    """Write the twins that a round still lacks, by number, once the cases that they look like are there."""
    written: dict[int, TestCase | Failure] = {}
    for twin, sibling in pairs(tests):
        if twin.case or twin.failure:
            continue
        draw = twin.draw
        try:
            case = await writer.write(
                draw.cell, seed=draw.seed(run_seed), sibling=sibling.case, max_attempts=max_attempts
            )
        except StageError as error:
            name = type(error).__name__
            written[draw.number] = Failure(number=draw.number, stage=Stage.GENERATE, error=name, message=str(error))
        else:
            written[draw.number] = case
    return written
