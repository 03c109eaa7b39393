"""A harmless test case for checks and examples."""

from astral.domain.records import Lineage, Message, TestCase
from astral.domain.space import Cell


def sample_case(
    text: str = "Please help me with something that I should not be helped with.",
    *,
    seed: int = 0,
    language: str = "en",
) -> TestCase:
    """A case of one user message, in a cell of two dimensions."""
    return TestCase(
        messages=(Message(role="user", content=text),),
        cell=Cell(values=(("risk", "privacy_violation"), ("language", language))),
        lineage=Lineage(generator="sample", seed=seed),
    )
