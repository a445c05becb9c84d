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
    """What a join does to the table whose rows it lists: how many there are, how many come through, rows in all.

    The table of the lines is the one of which most rows come through; each of them should come through once.
    """

    table: str
    rows: int
    seen: int
    answer: int


def joined_rows(connection: Any, query: str) -> Joined | None:
    """How many rows the joins of a query lose or repeat; None where it is not a plain join of tables.

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
    names = [side.alias_or_name for side in sides if side is not None]
    counted = ", ".join(["count(*)", *(f"count(DISTINCT {quoted(name)}.rowid)" for name in names)])
    whole = tree.copy()
    whole.set("expressions", sqlglot.parse_one(f"SELECT {counted}", dialect="duckdb").expressions)
    for part in ("where", "order"):
        whole.set(part, None)
    try:
        answer, *seen = one(connection, whole.sql(dialect="duckdb"))
        most = seen.index(max(seen))
        table = sides[most].name
        rows = int(one(connection, f"SELECT count(*) FROM {quoted(table)}")[0])
    except duckdb.Error:
        return None  # views have no row ids, and a query that does not run is refused where it runs
    return Joined(table, rows, int(seen[most]), int(answer))
