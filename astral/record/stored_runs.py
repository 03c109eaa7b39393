"""The part of the store that knows which runs there are."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from astral.domain.base import content_id
from astral.domain.records import Result
from astral.domain.run import Manifest, RunStatus
from astral.domain.space import Space
from astral.errors import RecordError, UnknownNameError, UserError
from astral.record.access import RESULT, Access, tests_with
from astral.record.additions import add_digest, insertion
from astral.record.items import RunSummary
from astral.record.tables import draws, failures, runs, transcripts, verdicts
from astral.record.text import noun_of, text_of

LATEST = "latest"
"""Stands for the newest run wherever a run is named."""

_NEWEST_FIRST = (runs.c.created.desc(), runs.c.id.desc())
_NEAREST_AMONG = 20  # the newest runs, of which the nearest is offered for an unknown name


class StoredRuns(Access):
    """The runs of a record: what each was started with, and how far it is."""

    def add_run(self, manifest: Manifest) -> None:
        """Begin a run.

        Raises:
            RecordError: A run of this id is there with another manifest.
        """
        text = text_of(manifest)
        row = {
            "id": manifest.run_id,
            "created": _utc(manifest.created).isoformat(timespec="microseconds"),
            "status": RunStatus.RUNNING.value,
            "target": manifest.models.get("target", ""),
            "space": content_id(manifest.space),
            "manifest": text,
        }
        with self._writing() as connection:
            connection.execute(insertion(connection, runs).on_conflict_do_nothing(), row)
            if connection.scalar(select(runs.c.manifest).where(runs.c.id == manifest.run_id)) != text:
                raise RecordError(
                    f"{self.name}: there is a run {manifest.run_id} with another manifest; nothing was written. "
                    f"`astral resume {manifest.run_id}` goes on with it; a new run needs another id."
                )
            add_digest(connection, manifest.run_id, text)

    def manifest(self, run_id: str) -> Manifest:
        """What a run was started with.

        Raises:
            UnknownNameError: There is no such run.
        """
        return noun_of(Manifest, self._run(run_id).manifest, where=f"{self.name}, run {run_id}")

    def status(self, run_id: str) -> RunStatus:
        """How far a run is.

        Raises:
            UnknownNameError: There is no such run.
        """
        return RunStatus(self._run(run_id).status)

    def set_status(self, run_id: str, status: RunStatus) -> None:
        """Note how far a run is.

        Raises:
            UnknownNameError: There is no such run.
        """
        with self._writing() as connection:
            found = connection.execute(update(runs).where(runs.c.id == run_id).values(status=status.value)).rowcount
        if not found:
            raise self._unknown(run_id)

    def runs(self) -> list[RunSummary]:
        """All runs, newest first."""
        counted = (
            select(draws.c.run_id, RESULT, func.count().label("tests"))
            .select_from(tests_with(transcripts, verdicts, failures))
            .where(draws.c.control.is_(None))
            .group_by(draws.c.run_id, RESULT)
        )
        with self._reading() as connection:
            heads = connection.execute(
                select(runs.c.id, runs.c.created, runs.c.status, runs.c.target).order_by(*_NEWEST_FIRST)
            ).all()
            counts: dict[str, dict[str, int]] = {}
            for row in connection.execute(counted):
                counts.setdefault(row.run_id, {})[row.result] = row.tests
        return [
            RunSummary(
                run_id=head.id,
                created=datetime.fromisoformat(head.created),
                status=RunStatus(head.status),
                target=head.target,
                drawn=sum(counts.get(head.id, {}).values()),
                counts={ending: counts.get(head.id, {}).get(ending.value, 0) for ending in Result},
            )
            for head in heads
        ]

    def latest_run_id(self) -> str | None:
        """The newest run; None where there is none."""
        with self._reading() as connection:
            return connection.scalar(select(runs.c.id).order_by(*_NEWEST_FIRST).limit(1))

    def resolve(self, name: str) -> str:
        """The id of the run that a user names, who may say `latest`.

        Raises:
            UnknownNameError: There is no such run; the message offers the nearest.
            UserError: There is no run at all.
        """
        if name == LATEST:
            latest = self.latest_run_id()
            if latest is None:
                raise UserError(f"{self.name}: no run is recorded here. `astral generate` starts one.")
            return latest
        self._run(name)
        return name

    def runs_on(self, space: Space, target: str) -> list[str]:
        """The ids of all runs on this target over this very space, oldest first: what they judged can be added up.

        Runs over another space are left out even if it names the same values: a definition that was changed asks
        for other tests.
        """
        same = (runs.c.space == content_id(space)) & (runs.c.target == target)
        with self._reading() as connection:
            return list(connection.scalars(select(runs.c.id).where(same).order_by(runs.c.created, runs.c.id)))

    def runs_of(self, target: str) -> list[str]:
        """The ids of all runs on this target, whatever their space, oldest first."""
        query = select(runs.c.id).where(runs.c.target == target).order_by(runs.c.created, runs.c.id)
        with self._reading() as connection:
            return list(connection.scalars(query))

    def _run(self, run_id: str) -> Row[Any]:
        with self._reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
        if row is None:
            raise self._unknown(run_id)
        return row

    def _unknown(self, run_id: str) -> UnknownNameError:
        with self._reading() as connection:
            known = list(connection.scalars(select(runs.c.id).order_by(*_NEWEST_FIRST).limit(_NEAREST_AMONG)))
        return UnknownNameError("run", run_id, known, where=self.name, hint="`astral list` shows all.")


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
