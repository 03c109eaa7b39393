"""Transforms at work: a case is written plainly, and then rewritten as its cell and the settings say."""

from collections.abc import Mapping, Sequence

from astral.domain.base import content_id
from astral.domain.ports import Generator, Transform
from astral.domain.records import TestCase
from astral.domain.space import Cell
from astral.errors import StageError
from astral.generate.wrapping import Reworking

DIMENSION = "transform"


class TransformingGenerator(Reworking):
    """A generator whose cases go through transforms.

    The gates that read words look at `plain_request`, so a case that is encoded is screened as it was before.
    """

    def __init__(
        self,
        inner: Generator,
        *,
        always: Sequence[Transform] = (),
        by_value: Mapping[str, Sequence[Transform]] | None = None,
    ) -> None:
        """Set it up.

        Args:
            inner: Writes the plain case.
            always: What every case goes through, in this order.
            by_value: Value of the dimension `transform` → what its cases go through after that.
        """
        super().__init__(inner)
        self._always, self._by_value = tuple(always), dict(by_value or {})

    def plain(self, cell: Cell) -> Cell:
        """The cell without its transform: whoever writes the draft need not know of transforms."""
        return Cell(values=tuple((name, value) for name, value in cell.values if name != DIMENSION))

    async def rework(self, draft: TestCase, cell: Cell, *, seed: int) -> TestCase:
        """The draft, transformed.

        Raises:
            StageError: A transform failed or changed nothing, as leetspeak does in Thai.
        """
        case = draft.model_copy(update={"cell": cell})
        chain = [*self._always, *self._by_value.get(cell.get(DIMENSION, ""), ())]
        for place, transform in enumerate(chain):
            before = case
            case = await transform.apply(case, seed=int(content_id(seed, place, transform.name), 16) >> 17)
            if case.messages == before.messages:
                raise StageError(f"the transform {transform.name!r} leaves this text as it is.")
        return case
