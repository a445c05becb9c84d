"""What a query of several tables does to the number of rows: lines lost by a join, or there several times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from features.connection import one, quoted

DELIBERATE = ("group", "distinct", "limit", "qualify", "having")
"""Parts of a query that are meant to change the number of rows."""


@dataclass(frozen=True)
class Joined:
    """The largest table that a query joins, its rows, and the rows of the join before any condition of the query."""

    table: str
    rows: int
    answer: int


def joined_rows(connection: Any, query: str) -> Joined | None:
    """Rows of the largest joined table and of the join; None where the query is not a plain join of tables.

    Parameters
    ----------
    connection : DuckDB connection
        Holds the tables.
    query : str
        As the settings give it.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(query.rstrip().rstrip(";"), dialect="duckdb")
    except SqlglotError:
        return None
    if not isinstance(tree, exp.Select) or any(tree.args.get(part) for part in DELIBERATE):
        return None
    joins = tree.args.get("joins") or []
    origin = tree.find(exp.From)
    sides = [origin.this if origin else None, *(join.this for join in joins)]
    if not joins or any(join.kind in ("SEMI", "ANTI", "CROSS") for join in joins) or tree.find(exp.AggFunc, exp.With):
        return None
    if not all(isinstance(side, exp.Table) for side in sides):
        return None
    whole = tree.copy().select("count(*)", append=False)
    for part in ("where", "order"):
        whole.set(part, None)
    try:
        counts = {side.name: _count(connection, f"SELECT count(*) FROM {quoted(side.name)}") for side in sides if side}
        answer = _count(connection, whole.sql(dialect="duckdb"))
    except duckdb.Error:
        return None  # a query that does not run is refused where it runs
    largest = max(counts, key=lambda name: (counts[name], name))
    return Joined(largest, counts[largest], answer)


def _count(connection: Any, statement: str) -> int:
    return int(one(connection, statement)[0])
