"""The canonical tables as unbound relations, and the simplest questions about them.

Every question to the canonical tables is an expression over these; an engine (`features.engines`) answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.statements import Step, planned
from features.tables import IBIS_TYPES, TABLES

Columns = tuple[tuple[str, tuple[str, ...]], ...]
"""The tables given and their columns, in a form that can be a key."""


def unbound_table(name: str, columns: tuple[str, ...], *, called: str | None = None) -> Any:
    """A canonical table with the columns given, as an unbound ibis table."""
    import ibis

    types = {column: IBIS_TYPES[TABLES[name].by_name[column].type] for column in columns}
    return ibis.table(types, name=called or name)


def unbound(columns: Mapping[str, tuple[str, ...]], *, cutoffs: int = 1) -> dict[str, Any]:
    """Unbound ibis tables: the canonical ones given, and those that a call brings.

    `cutoffs` has a row per cut-off with `shift`, the whole days from it to the last one; `clock` has the same
    cut-offs as columns of one row.
    """
    import ibis

    tables = {name: unbound_table(name, given) for name, given in columns.items()}
    brought = {
        "cutoffs": {"as_of": "timestamp", "log_start": "timestamp", "shift": "int64"},
        "clock": {f"as_of_{i}": "timestamp" for i in range(cutoffs)},
        "wanted": {"wanted_customer": "string"},
        "prices": {"as_of": "timestamp", "category": "string", "unit_price": "float64"},
        "stock_outs": {"out_product": "string", "out_first": "timestamp", "out_until": "timestamp"},
    }
    return tables | {name: ibis.table(types, name=name) for name, types in brought.items()}


@planned
def extent(columns: Columns) -> Step:
    """Times of the first and the last transaction: one row of min and max."""
    lines = unbound(dict(columns))["transactions"]
    return Step("extent", lines.agg(min=lines.occurred_at.min(), max=lines.occurred_at.max()))


@planned
def late_lines(columns: Columns) -> Step:
    """How many transactions were recorded after they happened: one row of n."""
    lines = unbound(dict(columns))["transactions"]
    return Step("late_lines", lines.filter(lines.recorded_at > lines.occurred_at).agg(n=lambda t: t.count()))
