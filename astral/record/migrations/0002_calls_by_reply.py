"""Calls are named by their replies."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rename the calls of the first records of schema 1; later ones of that number need nothing."""
    connection = op.get_bind()
    if "request_digest" not in {column["name"] for column in sa.inspect(connection).get_columns("calls")}:
        return
    op.execute("ALTER TABLE calls RENAME COLUMN request_digest TO reply_id")
    # Intents: the calls that were in flight when their process ended. They tell nothing that a resumed run needs.
    op.execute("DELETE FROM calls WHERE reply IS NULL")
    calls = sa.table("calls", sa.column("position"), sa.column("reply"), sa.column("reply_id"))
    for row in connection.execute(sa.select(calls.c.position, calls.c.reply)).all():
        reply_id = hashlib.sha256(row.reply.encode()).hexdigest()[:20]
        connection.execute(sa.update(calls).where(calls.c.position == row.position).values(reply_id=reply_id))
