"""What customers spend by category and product line, as relations over the order lines.

Sums of money times a weight are sums of decimals, so that threads and row order cannot change them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from features.data import Tables
from features.extracts import seen_at
from features.relations import Columns
from features.statements import Step, planned

NODES = {
    "item": "string",
    "level": "int32",
    "category": "string",
    "weight": "float64",
    "premium": "float64",
    "main": "float64",
    "dear": "float64",
}
"""Columns of the table `nodes`: per item, level and category the item's weight there, its flags, and the unit price
above which a line of an item without a flag is dear."""

RECENT_DAYS = 90
MILLION = 1_000_000


@planned
def items_relation(columns: Columns, as_of: datetime, key: str) -> Step:
    """Spend, quantity and category of the lines of every item bought before a moment."""
    import ibis

    lines = seen_at(columns, "transactions", as_of)
    lines = lines.filter((lines.amount > 0) & lines[key].notnull())
    quantity = lines.quantity.sum() if "quantity" in lines.columns else ibis.null().cast("float64")
    category = lines.category.max() if "category" in lines.columns else ibis.null().cast("string")
    found = lines.group_by(item=lines[key]).agg(
        spent=lines.amount.sum().cast("float64"), quantity=quantity.cast("float64"), line_category=category
    )
    return Step("items", found.order_by("item"))


def items_bought(tables: Tables, as_of: datetime, key: str) -> pd.DataFrame:
    """item, spent, quantity (missing without quantities), line_category (missing without categories)."""
    found: pd.DataFrame = tables.run(items_relation(tables.shape, as_of, key)).to_pandas()
    return found


@planned
def categories_relation(columns: Columns, as_of: datetime, key: str, days: int) -> Step:
    """Per customer, level and category: spend, spend with a known line and role, and whether bought lately."""
    import ibis

    now = as_of.replace(tzinfo=None)
    start, recent, prior = (
        ibis.literal(now - timedelta(days=back), "timestamp") for back in (days, RECENT_DAYS, 2 * RECENT_DAYS)
    )
    nodes = ibis.table(NODES, name="nodes")
    lines = seen_at(columns, "transactions", as_of)
    limits = nodes.select(limited="item", dear_from="dear").distinct()
    lines = lines.join(limits, lines[key] == limits.limited)
    lines = lines.filter((lines.amount > 0) & (lines.occurred_at >= start))
    dear = ibis.literal(False)
    if "quantity" in lines.columns:
        dear = (lines.quantity > 0) & (lines.amount.cast("float64") / lines.quantity > lines.dear_from)
    bought = lines.group_by("customer_id", bought_item=lines.limited).agg(
        all_spent=lines.amount.sum(),
        dear_spent=ibis.coalesce(lines.amount.sum(where=dear), ibis.literal(0).cast("decimal(18, 4)")),
        lately=(lines.occurred_at >= recent).any(),
        before=((lines.occurred_at >= prior) & (lines.occurred_at < recent)).any(),
    )
    rows = bought.join(nodes, bought.bought_item == nodes.item)
    spent = rows.all_spent
    dear_spent = ibis.ifelse(rows.premium.isnull(), rows.dear_spent, rows.all_spent)
    found = rows.group_by("customer_id", "level", "category").agg(
        spent=_weighted(spent, rows),
        premium_known=_weighted(spent, rows, rows.premium.notnull() | rows.dear.notnull()),
        premium=_weighted(dear_spent, rows, (rows.premium == 1) | rows.dear.notnull()),
        premium_flagged=_weighted(spent, rows, rows.premium.notnull()),
        main_known=_weighted(spent, rows, rows.main.notnull()),
        main=_weighted(spent, rows, rows.main == 1),
        main_flagged=_weighted(spent, rows, rows.main.notnull()),
        lately=rows.lately.any(),
        before=rows.before.any(),
    )
    return Step("categories", found.order_by("customer_id", "level", ibis.desc("spent"), "category"))


def spent_by_category(tables: Tables, as_of: datetime, key: str, nodes: pa.Table, days: int) -> pd.DataFrame:
    """customer_id, level, category, spent and the columns of `categories_relation`, the most spent first."""
    step = categories_relation(tables.shape, as_of, key, days)
    found: pd.DataFrame = tables.run(step, nodes=nodes).to_pandas()
    return found


def _weighted(amount: Any, rows: Any, condition: Any = None) -> Any:
    # Weights have six places. As whole millionths they leave the decimal its four, which costs a third of the time.
    millionths = (rows.weight * MILLION).round().cast("int32")
    part = (amount.cast("decimal(22, 4)") * millionths).cast("decimal(34, 4)")
    return part.sum(where=condition).cast("float64") / MILLION
