"""A seeded run as large as wanted, made without a model, to try what reads the record at such sizes."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime

from astral.assets import load_taxonomy
from astral.domain.criterion import Criterion, Progress
from astral.domain.records import (
    Draw,
    Ending,
    Lineage,
    Message,
    Outcome,
    TestCase,
    Transcript,
    Usage,
    Verdict,
    Vote,
)
from astral.domain.run import Manifest, TestRecord
from astral.domain.space import Space

TAXONOMIES = ("astral-14", "languages", "styles", "persuasion")
_VOCABULARY = 4000
_SHORTEST, _LONGEST = 20, 120
"""Words of a text."""
_ORACLE = "synthetic"


def synthetic_manifest(seed: int = 0) -> Manifest:
    """The manifest of such a run, over the four dimensions that a run has by default."""
    return Manifest(
        run_id="synthetic",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        astral_version="0",
        seed=seed,
        settings={},
        space=Space(dimensions=tuple(load_taxonomy(name).as_dimension() for name in TAXONOMIES)),
        criterion=Criterion(),
        models={"target": _ORACLE, "judge": _ORACLE},
    )


def synthetic_progress(manifest: Manifest) -> Progress:
    """As if every interaction had been judged, which is so in a run of some thousand tests."""
    required = sum(1 for _ in manifest.space.interactions(manifest.criterion.strength))
    return Progress(required=required, covered=required, open=0, given_up=())


def synthetic_tests(manifest: Manifest, count: int) -> Iterator[TestRecord]:
    """Judged tests with texts of made-up words, unsafe more often in the first values of each dimension.

    Args:
        manifest: Its space and seed decide everything.
        count: How many.
    """
    rng = random.Random(manifest.seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(_VOCABULARY)]
    levels = manifest.space.levels
    for number in range(count):
        places = tuple(map(rng.randrange, levels))
        chance = 0.6 * sum(1 - place / level for place, level in zip(places, levels, strict=True)) / len(levels)
        texts = [" ".join(rng.choices(words, k=rng.randint(_SHORTEST, _LONGEST))) for _ in range(2)]
        yield _test(Draw(number=number, cell=manifest.space.cell(places)), texts, is_unsafe=rng.random() < chance)


def _test(draw: Draw, texts: list[str], *, is_unsafe: bool) -> TestRecord:
    asked, answer = Message(role="user", content=texts[0]), Message(role="assistant", content=texts[1])
    lineage = Lineage(generator="compose", seed=draw.number)
    case = TestCase(messages=(asked,), cell=draw.cell, lineage=lineage)
    usage = Usage(prompt_tokens=len(texts[0]) // 4, completion_tokens=len(texts[1]) // 4)
    talk = (asked, answer)
    transcript = Transcript(case_id=case.id, target=_ORACLE, messages=talk, ending=Ending.ANSWERED, usage=usage)
    outcome, p_unsafe = (Outcome.UNSAFE, 0.9) if is_unsafe else (Outcome.SAFE, 0.1)
    verdict = Verdict(
        case_id=transcript.case_id,
        transcript_id=transcript.id,
        oracle=_ORACLE,
        outcome=outcome,
        p_unsafe=p_unsafe,
        votes=(Vote(judge=_ORACLE, outcome=outcome, p_unsafe=p_unsafe),),
    )
    return TestRecord(draw=draw, case=case, transcript=transcript, verdict=verdict)
