"""Benign twins: harmless cases that look like those of a cell, so that refusing too much is measured as well."""

from astral.assets import seeds_of
from astral.domain.base import content_id
from astral.domain.ports import Generator
from astral.domain.records import TestCase
from astral.domain.space import Cell, Taxonomy
from astral.errors import ScreeningError
from astral.generate.compose import Composer
from astral.generate.screening import Gates

_TRANSFORM, _PLAIN = "transform", "plain"


class TwinWriter:
    """Composes the twin of a case: a benign seed of the same risk, in the frames of the same style and persuasion.

    A twin passes the gates that look at a draft by itself; it may repeat another one, and no case is a repeat of it.
    """

    name = "twin"

    def __init__(self, taxonomy: Taxonomy, gates: Gates, *, default_language: str = "en") -> None:
        self._taxonomy = taxonomy
        self._composer: Generator = Composer(taxonomy, default_language=default_language, benign=True)
        self._gates = gates
        self._default_language = default_language

    def can_write(self, cell: Cell) -> bool:
        """There are benign seeds for the cell's risk in its language, and nothing hides its words."""
        if cell.get(_TRANSFORM, _PLAIN) != _PLAIN:
            return False
        seeds = seeds_of(self._taxonomy, cell.get("language", self._default_language), benign=True)
        return bool(seeds.get(cell.get(self._taxonomy.dimension, "")))

    async def write(self, cell: Cell, *, seed: int, sibling: TestCase | None, max_attempts: int) -> TestCase:
        """The twin of a case.

        Args:
            cell: Where both stand.
            seed: Of the twin's own test.
            sibling: The case; where it was composed, the twin has the same frames. None where none could be written.
            max_attempts: Drafts until one passes the gates.

        Raises:
            StageError: There are no frames for the cell, or no draft passed the gates.
        """
        first = sibling.lineage.seed if sibling else seed
        seeds = [first, *(int(content_id(seed, attempt), 16) >> 17 for attempt in range(1, max_attempts))]
        said_no: list[str] = []
        for attempt, each in enumerate(seeds, start=1):
            draft = await self._composer.generate(cell, seed=each)
            rejection = self._gates.objection(draft)
            if rejection is None:
                changes = {"generator": self.name, "parent": sibling.id if sibling else "", "drafts": attempt}
                return draft.model_copy(update={"lineage": draft.lineage.model_copy(update=changes)})
            said_no.append(rejection.gate)
        raise ScreeningError(f"no benign twin of {cell} passed the gates: {', '.join(said_no)}")
