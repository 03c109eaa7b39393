"""The tables of the record, in constructs that SQLite and PostgreSQL share.

    runs ──< rounds ──< draws ──1 draftings, cases, transcripts, verdicts, failures
      │                   └───< other_verdicts, strata
      └────< calls

Rows are added and never changed, but for a run's status, a round's closing, and a label that its reviewer corrects.
Nouns are kept as JSON text, beside them only what is searched or counted in SQL.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = 3
"""Raised when a table changes, with a step in `migrations/` that brings records of the version before up to it.

A record of a higher version is not touched."""

metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))
"""The schema's version, and the digest of each run's manifest (`manifest_key`)."""


def manifest_key(run_id: str) -> str:
    """Under which key `meta` has the digest of a run's manifest, which is no content id's part."""
    return f"manifest {run_id}"


runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("created", String, nullable=False),  # UTC in ISO 8601 with microseconds, so that text order is time order
    Column("status", String, nullable=False),
    Column("target", String, nullable=False),
    Column("space", String, nullable=False),  # content id of the manifest's space
    Column("manifest", Text, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("is_closed", Boolean, nullable=False),
)

draws = Table(
    "draws",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False),  # content id of round and draw
    Column("round", Integer, nullable=False),
    Column("cell", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("probability", Double, nullable=False),
    Column("control", String),
    ForeignKeyConstraint(["run_id", "round"], ["rounds.run_id", "rounds.round"]),
)


def _stage_table(name: str, *searched: Column[Any]) -> Table:
    """A table with at most one row a test, and no order among the stages: they may be written in any."""
    return Table(
        name,
        metadata,
        Column("run_id", String, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("id", String, nullable=False),
        *searched,
        Column("body", Text, nullable=False),
        ForeignKeyConstraint(["run_id", "number"], ["draws.run_id", "draws.number"]),
    )


draftings = _stage_table("draftings")
cases = _stage_table("cases")
transcripts = _stage_table("transcripts", Column("ending", String, nullable=False))
verdicts = _stage_table("verdicts", Column("outcome", String, nullable=False))
failures = _stage_table("failures")

other_verdicts = Table(
    "other_verdicts",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("oracle", String, primary_key=True),  # as it was asked for, with the digests of policy and calibration
    Column("id", String, nullable=False),
    Column("body", Text, nullable=False),
    ForeignKeyConstraint(["run_id", "number"], ["draws.run_id", "draws.number"]),
)
"""What other oracles, and people, said later of a run's answers; the run's own verdicts stand in `verdicts`."""

strata = Table(
    "strata",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("stratum", String, nullable=False),
    ForeignKeyConstraint(["run_id", "number"], ["draws.run_id", "draws.number"]),
)
"""The part of the run's answers from which people were given a random sample to label: fixed before they look, so that
verdicts which other oracles add later cannot change what a label stands for."""

calls = Table(
    "calls",
    metadata,
    Column("position", Integer, primary_key=True),  # order of arrival
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("key", String, nullable=False),
    Column("role", String, nullable=False),
    Column("reply_id", String, nullable=False),  # content id of the reply; empty for the intent
    Column("reply", Text),  # NULL for the intent
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    # The same may have been asked twice and answered differently: then these are two calls, and both were paid.
    UniqueConstraint("run_id", "key", "reply_id"),
)
