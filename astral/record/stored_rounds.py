"""The part of the store that knows what was planned."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from astral.domain.records import Draw
from astral.errors import RecordError
from astral.record.access import Access
from astral.record.additions import add_rows, changed, contradiction, insertion
from astral.record.items import Round
from astral.record.rows import draw_of, draw_row
from astral.record.tables import draws, rounds


class StoredRounds(Access):
    """The rounds of a run, and the draws that were handed out with each."""

    def open_round(self, run_id: str, number: int, drawn: Sequence[Draw]) -> None:
        """Record a round and its draws in one transaction; a round of this number must have the same draws.

        Raises:
            RecordError: The round, or one of the draws, is there and is another.
        """
        rows = [draw_row(run_id, number, draw) for draw in drawn]
        numbers = tuple(sorted({draw.number for draw in drawn}))
        this_round = {"run_id": run_id, "round": number, "is_closed": False}
        with self._writing() as connection:
            is_new = changed(connection, insertion(connection, rounds).on_conflict_do_nothing(), [this_round])
            if not is_new and _numbers_of(connection, run_id, number) != numbers:
                raise contradiction(f"other draws in round {number}", where=self._where(run_id))
            add_rows(connection, draws, rows, where=self._where(run_id))

    def close_round(self, run_id: str, number: int) -> None:
        """Note that a round is done with.

        Raises:
            RecordError: There is no such round.
        """
        this_round = (rounds.c.run_id == run_id) & (rounds.c.round == number)
        with self._writing() as connection:
            if not connection.execute(update(rounds).where(this_round).values(is_closed=True)).rowcount:
                raise RecordError(f"{self.name}: run {run_id} has no round {number}; nothing was written.")

    def last_round(self, run_id: str) -> Round | None:
        """The round of the highest number, open or closed; None before the first."""
        last = select(rounds).where(rounds.c.run_id == run_id).order_by(rounds.c.round.desc()).limit(1)
        with self._reading() as connection:
            row = connection.execute(last).first()
            if row is None:
                return None
            numbers = _numbers_of(connection, run_id, row.round)
        return Round(number=row.round, numbers=numbers, is_closed=row.is_closed)

    def rounds_since(self, run_id: str, number: int) -> list[Round]:
        """The rounds of a run from this one on, or from the first open one if that is before it, in their order."""
        first_open = select(func.min(rounds.c.round)).where(rounds.c.run_id == run_id, ~rounds.c.is_closed)
        with self._reading() as connection:
            found = connection.scalar(first_open)
            first = number if found is None else min(number, found)
            query = select(rounds).where(rounds.c.run_id == run_id, rounds.c.round >= first).order_by(rounds.c.round)
            return [
                Round(number=row.round, numbers=_numbers_of(connection, run_id, row.round), is_closed=row.is_closed)
                for row in connection.execute(query).all()
            ]

    def closed_rounds(self, run_id: str) -> int:
        """How many rounds of a run are done with: all before the first open one."""
        query = select(func.count()).where(rounds.c.run_id == run_id, rounds.c.is_closed)
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def numbers(self, run_id: str, *, rounds_before: int) -> list[int]:
        """The numbers of the tests in the first rounds of a run, ascending."""
        query = select(draws.c.number).where(draws.c.run_id == run_id, draws.c.round < rounds_before)
        with self._reading() as connection:
            return list(connection.scalars(query.order_by(draws.c.number)))

    def draws(self, run_id: str) -> list[Draw]:
        """All draws of a run, in order of number."""
        query = select(draws).where(draws.c.run_id == run_id).order_by(draws.c.number)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [draw_of(row, where=self._where(run_id)) for row in rows]


def _numbers_of(connection: Connection, run_id: str, round_number: int) -> tuple[int, ...]:
    query = select(draws.c.number).where(draws.c.run_id == run_id, draws.c.round == round_number)
    return tuple(connection.scalars(query.order_by(draws.c.number)))
