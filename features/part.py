"""A part of the canonical tables: a few customers, computed alone and to the same result as in the company's run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.data import Tables
from features.engines.duckdb_engine import on_duckdb
from features.extracts import customer_rows, products_table


def part_of(tables: Tables, customers: Sequence[str], *, products: pa.Table | None = None) -> Tables:
    """All rows of some customers and the products that they bought, in memory; close it as other tables.

    What is computed of a customer from the part equals what is computed from the whole; what belongs to the company,
    such as when its log starts, is asked of `tables`, which must stay open.

    Parameters
    ----------
    tables : Tables
        The company's tables.
    customers : sequence of str
        Ids; those that no table knows have no rows.
    products : pyarrow.Table, optional
        The table of products where it has been read before; else it is read.
    """
    memory = customer_rows(tables, customers)
    if tables.has("products"):
        memory["products"] = _bought(tables, memory["transactions"], products)
    return Tables(
        dict(tables.shape),
        memory=memory,
        engine=on_duckdb(1),
        closures=tables.closures,
        hindsight=tables.hindsight,
        whole=tables,
    )


def _bought(tables: Tables, lines: pa.Table, products: pa.Table | None) -> pa.Table:
    known = products_table(tables) if products is None else products
    assert known is not None  # asked for only where there is such a table
    if "product_id" not in lines.column_names:
        return known
    bought: Any = pc.is_in(known["product_id"], value_set=pc.unique(lines["product_id"]))
    return known.filter(bought)
