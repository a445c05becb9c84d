"""What those who contact some customers want to know of them: the last orders, and complaints that are still open.

Named relations as in `features.extracts`; what may be seen at a moment decides `features.visible`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from features.data import Tables
from features.extracts import bought, seen_at
from features.relations import Columns, unbound
from features.sources import is_open
from features.statements import Step, planned

TOLD_OF_LINE = ("customer_id", "order_id", "occurred_at", "amount", "product_id", "category")


@planned
def bought_lines(columns: Columns, as_of: datetime) -> Step:
    """Lines of purchases of the customers in `wanted` before a moment."""
    wanted = unbound(dict(columns))["wanted"]
    lines = bought(seen_at(columns, "transactions", as_of))
    lines = lines.select(*(name for name in TOLD_OF_LINE if name in lines.columns))
    return Step("bought_lines", lines.semi_join(wanted, lines.customer_id == wanted.wanted_customer))


@planned
def complaints_open(columns: Columns, as_of: datetime) -> Step:
    """Complaints of the customers in `wanted` that are open at a moment."""
    import ibis

    wanted = unbound(dict(columns))["wanted"]
    rows = seen_at(columns, "feedback", as_of)
    rows = rows.mutate(as_of=ibis.literal(as_of.replace(tzinfo=None), "timestamp"))
    rows = rows.filter(is_open(rows))
    rows = rows.select(*(name for name in ("customer_id", "occurred_at", "topic", "text") if name in rows.columns))
    return Step("complaints_open", rows.semi_join(wanted, rows.customer_id == wanted.wanted_customer))


@planned
def ids_among(columns: Columns) -> Step:
    """Those ids of `wanted` that customers of the tables have or had."""
    tables = unbound(dict(columns))
    wanted = tables["wanted"]
    found = wanted.wanted_customer.isin(tables["transactions"].customer_id)
    if "customers" in tables:
        found |= wanted.wanted_customer.isin(tables["customers"].customer_id)
    if "aliases" in tables:
        found |= wanted.wanted_customer.isin(tables["aliases"].alias_id)
    return Step("ids_among", wanted.filter(found))


@planned
def last_contact_at(columns: Columns, as_of: datetime, impersonal: tuple[str, ...]) -> Step:
    """When each customer was last in contact with us, or contacted in person, before a moment."""
    import ibis

    tables = unbound(dict(columns))
    moment = ibis.literal(as_of.replace(tzinfo=None), "timestamp")
    parts = []
    if "interactions" in tables:
        rows = seen_at(columns, "interactions", as_of)
        parts.append(rows.filter(rows.kind == "contact").select("customer_id", at=rows.occurred_at))
    if "treatments" in tables:
        rows = tables["treatments"]
        made = (rows.arm == "treated") & (rows.treated_at < moment)
        if impersonal:
            made &= ~rows.strategy.isin(impersonal)
        parts.append(rows.filter(made).select("customer_id", at=rows.treated_at))
    both = parts[0] if len(parts) == 1 else parts[0].union(parts[1])
    return Step("last_contact_at", both.group_by("customer_id").agg(at=both["at"].max()).order_by("customer_id"))


def last_contacts(tables: Tables, as_of: datetime, impersonal: Sequence[str] = ()) -> dict[str, datetime]:
    """The moment, in UTC, of the last contact of every customer who had one.

    Interactions of the kind `contact` count, and strategies carried out but for those named as `impersonal`: a mailing
    does not make a visit needless.
    """
    if not (tables.has("interactions") or tables.has("treatments")):
        return {}
    found = tables.run(last_contact_at(tables.shape, as_of, tuple(impersonal)))
    return dict(zip(found["customer_id"].to_pylist(), found["at"].to_pylist(), strict=True))


def _wanted(customers: Sequence[str]) -> pa.Table:
    return pa.table({"wanted_customer": pa.array(sorted(set(customers)), pa.string())})


def known_customers(tables: Tables, customers: Sequence[str]) -> set[str]:
    """Which of some ids are, or were, ids of customers."""
    found = tables.run(ids_among(tables.shape), wanted=_wanted(customers))
    return {str(name) for name in found["wanted_customer"].to_pylist()}


def last_orders(tables: Tables, customers: Sequence[str], as_of: datetime, *, count: int = 3) -> pd.DataFrame:
    """The last purchases of some customers, the latest first.

    Returns
    -------
    DataFrame
        customer_id, order_id, occurred_at, amount (NaN where the log has none), items: what was bought, as the products
        table names it, else its category or its id; each once, in the order of the spend.
    """
    lines = tables.run(bought_lines(tables.shape, as_of), wanted=_wanted(customers)).to_pandas()
    lines["amount"] = lines["amount"].astype("float64") if "amount" in lines.columns else float("nan")
    lines["item"] = _items(tables, lines)
    keys = ["customer_id", "order_id"]
    orders = lines.groupby(keys, sort=True).agg(
        occurred_at=("occurred_at", "min"), amount=("amount", lambda own: own.sum(min_count=1))
    )
    spent = lines.sort_values([*keys, "amount"], ascending=[True, True, False], kind="stable")
    named = spent[spent["item"].notna()].drop_duplicates([*keys, "item"])
    orders["items"] = named.groupby(keys)["item"].agg(list).reindex(orders.index)
    table = orders.reset_index().sort_values(
        ["customer_id", "occurred_at", "order_id"], ascending=[True, False, True], kind="stable"
    )
    latest: pd.DataFrame = table.groupby("customer_id", sort=False).head(count).reset_index(drop=True)
    return latest


def _items(tables: Tables, lines: pd.DataFrame) -> pd.Series[Any]:
    """What each line is of, in words where there are any."""
    found = pd.Series(None, index=lines.index, dtype="object")
    if "product_id" in lines.columns:
        names = product_names(tables)
        found = lines["product_id"].map(names).astype("object")
    if "category" in lines.columns:
        found = found.where(found.notna(), lines["category"].astype("object"))
    if "product_id" in lines.columns:
        found = found.where(found.notna(), lines["product_id"].astype("object"))
    return found


def product_names(tables: Tables) -> dict[str, str]:
    """Name of every product that has one."""
    from features.extracts import products_table

    products = products_table(tables)
    if products is None or "name" not in products.column_names:
        return {}
    pairs = zip(products["product_id"].to_pylist(), products["name"].to_pylist(), strict=True)
    return {str(code): str(name) for code, name in pairs if name}


def open_complaints(tables: Tables, customers: Sequence[str], as_of: datetime) -> pd.DataFrame:
    """customer_id, occurred_at, topic and text of complaints that are open, the latest first."""
    shape = dict(tables.shape)
    if "feedback" not in shape or "resolved_at" not in shape["feedback"]:
        return pd.DataFrame(columns=["customer_id", "occurred_at", "topic", "text"])
    found = tables.run(complaints_open(tables.shape, as_of), wanted=_wanted(customers)).to_pandas()
    for name in ("topic", "text"):
        if name not in found.columns:
            found[name] = None
    ordered: pd.DataFrame = found.sort_values(
        ["customer_id", "occurred_at"], ascending=[True, False], kind="stable", ignore_index=True
    )
    return ordered
