"""What became of every draft, what other oracles and people said later, and what people's samples stand for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add whichever tables are missing: there were records of schema 2 with either of the first two, and with both."""
    _add("draftings", sa.Column("id", sa.String, nullable=False), sa.Column("body", sa.Text, nullable=False))
    _add(
        "other_verdicts",
        sa.Column("oracle", sa.String, primary_key=True),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    _add("strata", sa.Column("stratum", sa.String, nullable=False))


def _add(table: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        table,
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        *columns,
        sa.ForeignKeyConstraint(["run_id", "number"], ["draws.run_id", "draws.number"]),
        if_not_exists=True,
    )
