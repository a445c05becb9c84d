"""Contacts that were recorded from work lists, beside those of the company's own treatments table, or alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.connection import literal
from features.ingestion.raw import ROW
from features.ingestion.staging import Stage
from features.tables import DUCKDB_TYPES, TREATMENTS

RECORDED = "recorded contacts"
"""What messages call them."""
BROUGHT = ("outcome",)
"""Columns that a company's own table may lack."""


def add_recorded(connection: Any, stage: Stage, path: Path, *, aliases: bool) -> None:
    """Put recorded contacts into the treatments, after the company's own rows are settled.

    They were checked when they were recorded and have the columns of the contract. Their id is taken only where the
    company gives ids or has no treatments; else all are made from the rows' content.

    Parameters
    ----------
    connection : DuckDB connection
        With the staged tables.
    stage : Stage
        Of the treatments; one that has read nothing where the company has none.
    path : Path
        The recorded contacts.
    aliases : bool
        Whether there is a table of aliases; ids of then are the customers' ids of now.
    """
    import pyarrow.parquet as pq

    rows = pq.read_table(path)
    if not stage.columns:
        stage.columns = tuple(column.name for column in TREATMENTS.columns if column.name in rows.column_names)
        types = ", ".join(f"{name} {DUCKDB_TYPES[TREATMENTS.by_name[name].type]}" for name in stage.columns)
        connection.execute(f"CREATE TABLE treatments ({types}, __file VARCHAR, {ROW} BIGINT)")
    added = [name for name in BROUGHT if name not in stage.columns]
    for name in added:
        connection.execute(f"ALTER TABLE treatments ADD COLUMN {name} {DUCKDB_TYPES[TREATMENTS.by_name[name].type]}")
    stage.columns = tuple(column.name for column in TREATMENTS.columns if column.name in (*stage.columns, *added))
    names = [name for name in rows.column_names if name in stage.columns]
    now = "coalesce(aliases.customer_id, recorded.customer_id)" if aliases else "recorded.customer_id"
    given = ", ".join(now if name == "customer_id" else f"recorded.{name}" for name in names)
    join = " LEFT JOIN aliases ON aliases.alias_id = recorded.customer_id" if aliases else ""
    connection.register("recorded", rows)
    connection.execute(
        f"INSERT INTO treatments ({', '.join(names)}, __file, {ROW}) SELECT {given}, {literal(RECORDED)}, "
        f"row_number() OVER () FROM recorded{join}"
    )
    connection.unregister("recorded")
    stage.counts.rows_in += rows.num_rows
