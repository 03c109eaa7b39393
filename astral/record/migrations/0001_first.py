"""What the first astral laid out; later ones make new records from `tables.py`, and never run this."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: a record of schema 1 is one that has these tables already."""
