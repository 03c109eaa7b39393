"""Transforms at work: a case is written plainly, and then rewritten as its cell and the settings say."""

from collections.abc import Mapping, Sequence

from astral.domain.base import content_id
from astral.domain.ports import Generator, Transform
from astral.domain.records import TestCase
from astral.domain.space import Cell
from astral.errors import StageError

DIMENSION = "transform"


class TransformingGenerator:
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
        self.name = inner.name
        self._inner, self._always, self._by_value = inner, tuple(always), dict(by_value or {})

    async def generate(self, cell: Cell, *, seed: int) -> TestCase:
        """Write a draft and transform it.

        Raises:
            StageError: There is no draft, or a transform failed or changed nothing, as leetspeak does in Thai.
        """
        # Whoever writes the draft need not know of transforms.
        plain_cell = Cell(values=tuple((name, value) for name, value in cell.values if name != DIMENSION))
        draft = await self._inner.generate(plain_cell, seed=seed)
        case = draft.model_copy(update={"cell": cell})
        chain = [*self._always, *self._by_value.get(cell.get(DIMENSION, ""), ())]
        for place, transform in enumerate(chain):
            before = case
            case = await transform.apply(case, seed=int(content_id(seed, place, transform.name), 16) >> 17)
            if case.messages == before.messages:
                raise StageError(f"the transform {transform.name!r} leaves this text as it is.")
        return case
