"""Test cases made from those that were answered unsafely: reworded by a model, or put in another manner."""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from astral.domain.drafting import Ask
from astral.domain.ports import ChatModel
from astral.domain.records import Evidence, Lineage, Message, TestCase
from astral.domain.run import TestRecord
from astral.domain.space import Cell, Space
from astral.errors import NothingToWriteFromError
from astral.generate.attack import Brief, LLMAttacker
from astral.generate.manner import in_manner
from astral.generate.parents import Parent, Parents, chosen

PARENTS_SHOWN = 2


class Evolver:
    """The generator that asks again what was answered unsafely, in the manner of another cell; it needs no model."""

    name = "evolve"

    def __init__(self, *, risk_dimension: str = "risk", default_language: str = "en") -> None:
        """Set the generator up, before anything was found.

        Args:
            risk_dimension: A child is about the same risk as its parent, and in the same language.
            default_language: Language of cells that have no such dimension.
        """
        self._parents = Parents()
        self._risk_dimension = risk_dimension
        self._default_language = default_language

    def observe(self, tests: Iterable[TestRecord]) -> None:
        """Take note of finished tests."""
        self._parents.observe(tests)

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Put what a parent asks in the manner of the cell.

        Raises:
            NothingToWriteFromError: Nothing unsafe was found about this risk in this language yet.
        """
        rng = random.Random(seed)
        language = cell.get("language", self._default_language)
        alike = self._parents.on(**{self._risk_dimension: cell.get(self._risk_dimension, ""), "language": language})
        parents = chosen([parent for parent in alike if parent.core], cell, rng)
        if not parents:
            raise _nothing_yet(cell)
        (parent,) = parents
        old = parent.case.lineage
        core = Evidence(text=parent.core, kind="corpus", title=old.seed_text)
        lineage = Lineage(
            generator=self.name, seed=seed, seed_text=old.seed_text, evidence=(core,), parent=parent.case.id
        )
        plain = TestCase(messages=(Message(role="user", content=parent.core),), cell=cell, lineage=lineage)
        return in_manner(plain, language, rng)


class EvolvingAttacker(LLMAttacker):
    """The attacker that is shown what was answered unsafely, and writes something of the kind in other words."""

    def __init__(self, model: ChatModel, space: Space, **told: Any) -> None:
        """Set the attacker up, before anything was found.

        Args:
            model: Has the role `attacker`.
            space: Where definitions and examples of a cell's values are.
            told: What else an `LLMAttacker` is told.
        """
        super().__init__(model, space, mode="evolve", **told)
        self._parents = Parents()

    def observe(self, tests: Iterable[TestRecord]) -> None:
        """Take note of finished tests."""
        self._parents.observe(tests)

    async def _brief(self, ask: Ask) -> Brief:
        return replace(await super()._brief(ask), parents=[each.case for each in self._chosen(ask)])

    def _chosen(self, ask: Ask) -> list[Parent]:
        """Parents on the cell's risk, in its language where there are any: in another one a model can translate."""
        risk = {self._risk_dimension: ask.cell.get(self._risk_dimension, "")}
        near = self._parents.on(**risk, language=ask.cell.get("language", "en")) or self._parents.on(**risk)
        if not near:
            raise _nothing_yet(ask.cell)
        return chosen(near, ask.cell, random.Random(ask.seed), count=PARENTS_SHOWN)


def _nothing_yet(cell: Cell) -> NothingToWriteFromError:
    return NothingToWriteFromError(f"nothing was found yet that a case of {cell} could be made from.")
