"""The part of the store that knows what others said later."""

from collections.abc import Mapping

from sqlalchemy import func, select

from astral.domain.records import Verdict
from astral.record.access import Access
from astral.record.additions import add_strata, correct_other_verdict
from astral.record.items import OtherVerdict
from astral.record.rows import item_row
from astral.record.tables import other_verdicts, strata
from astral.record.text import noun_of


class StoredOpinions(Access):
    """Verdicts of other oracles and of people, which stand beside the run's own."""

    def other_oracles(self, run_id: str) -> dict[str, int]:
        """The oracles that judged a run's answers later, each with how many, in the order of their names."""
        query = (
            select(other_verdicts.c.oracle, func.count().label("tests"))
            .where(other_verdicts.c.run_id == run_id)
            .group_by(other_verdicts.c.oracle)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        # Sorted here: databases differ in how they order texts.
        return {row.oracle: row.tests for row in sorted(rows, key=lambda row: row.oracle)}

    def verdicts_of(self, run_id: str, oracle: str) -> dict[int, Verdict]:
        """What such an oracle said, by the number of the test."""
        query = (
            select(other_verdicts.c.number, other_verdicts.c.body)
            .where(other_verdicts.c.run_id == run_id, other_verdicts.c.oracle == oracle)
            .order_by(other_verdicts.c.number)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return {row.number: noun_of(Verdict, row.body, where=self._where(run_id)) for row in rows}

    def correct(self, run_id: str, said: OtherVerdict) -> None:
        """Record what a person says now of a test, in the place of what the same person said before."""
        _, row = item_row(run_id, said)
        with self._writing() as connection:
            correct_other_verdict(connection, row)

    def stratify(self, run_id: str, chosen: Mapping[int, str]) -> None:
        """Fix what each test stands for in a sample for people; a test that has its stratum keeps it."""
        rows = [{"run_id": run_id, "number": number, "stratum": stratum} for number, stratum in chosen.items()]
        with self._writing() as connection:
            add_strata(connection, rows)

    def strata(self, run_id: str) -> dict[int, str]:
        """The strata of a run's tests, by number; none where no sample was drawn by strata."""
        query = select(strata.c.number, strata.c.stratum).where(strata.c.run_id == run_id).order_by(strata.c.number)
        with self._reading() as connection:
            return {row.number: row.stratum for row in connection.execute(query)}
