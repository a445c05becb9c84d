"""A part of the canonical tables: a few customers, computed alone and to the same result as in the company's run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.data import Tables
from features.engines.duckdb_engine import on_duckdb


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
    wanted = pa.table({"wanted_customer": pa.array(customers, pa.string())})
    theirs = "WHERE customer_id IN (SELECT wanted_customer FROM wanted)"
    memory: dict[str, pa.Table] = {
        name: tables.query(f"SELECT * FROM {name} {theirs}", wanted=wanted)
        for name, _ in tables.shape
        if name != "products"
    }
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
    if "product_id" not in lines.column_names:
        return tables.query("SELECT * FROM products") if products is None else products
    bought = pc.unique(lines["product_id"])
    if products is None:
        wanted = pa.table({"wanted_product": bought})
        return tables.query(
            "SELECT * FROM products WHERE product_id IN (SELECT wanted_product FROM wanted)", wanted=wanted
        )
    known: Any = pc.is_in(products["product_id"], value_set=bought)
    return products.filter(known)
