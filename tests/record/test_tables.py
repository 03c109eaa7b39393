"""The tables and statements are those of PostgreSQL too, where a later store may keep them."""

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from astral.record.tables import metadata


def test_every_table_can_be_made_in_postgresql():
    for table in metadata.sorted_tables:
        assert f"CREATE TABLE {table.name}" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_statements_about_tests_lead_with_the_run():
    """Every key begins with the run, so that a run is read without reading the others."""
    keyed_by_run = [table for table in metadata.sorted_tables if "run_id" in table.c and table.name != "calls"]
    assert [next(iter(table.primary_key)).name for table in keyed_by_run] == ["run_id"] * 9
