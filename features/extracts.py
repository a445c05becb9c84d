"""What other rooms ask of the canonical tables, as named relations.

Rooms above never write a query: they call a function here and get a frame or an Arrow table. Every relation is an ibis
expression, so that any engine answers it; `features.visible` decides what may be seen at a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa

from features.data import Tables
from features.relations import Columns, unbound
from features.sources import scale_of, with_level
from features.statements import Step, planned
from features.visible import visible

TREATMENTS = ("treatment_id", "customer_id", "treated_at", "strategy", "arm")


# Whole tables and some customers' rows -------------------------------------------------------------------------------


@planned
def whole_table(columns: Columns, name: str, order: tuple[str, ...]) -> Step:
    """All rows of a table, sorted."""
    return Step(name, unbound(dict(columns))[name].order_by(*order))


def table_frame(tables: Tables, name: str, *order: str) -> pd.DataFrame | None:
    """A canonical table as a frame sorted by `order`, None where it is not given."""
    if not tables.has(name):
        return None
    found: pd.DataFrame = tables.run(whole_table(tables.shape, name, order)).to_pandas()
    return found


def products_table(tables: Tables) -> pa.Table | None:
    """The products, sorted by id; None where they are not given."""
    if not tables.has("products"):
        return None
    return tables.run(whole_table(tables.shape, "products", ("product_id",)))


@planned
def commonest_scale(columns: Columns) -> Step:
    """The scale that most scores were given on: `low`, `high`."""
    rows = unbound(dict(columns))["feedback"]
    low, high = scale_of(rows)
    scored = rows.mutate(low=low, high=high).filter(rows.score.notnull())
    counted = scored.group_by(["low", "high"]).agg(scores=scored.count())
    best = counted.order_by([counted.scores.desc(), counted.low, counted.high]).limit(1)
    return Step("commonest_scale", best.select("low", "high"))


def score_scale(tables: Tables) -> tuple[float, float] | None:
    """Worst and best score of the scale that most feedback was given on; None without scores."""
    if not tables.has("feedback") or "score" not in dict(tables.shape)["feedback"]:
        return None
    found = tables.run(commonest_scale(tables.shape)).to_pylist()
    return (float(found[0]["low"]), float(found[0]["high"])) if found else None


@planned
def wanted_rows(columns: Columns, name: str) -> Step:
    """The rows of those customers whom the table `wanted` names."""
    tables = unbound(dict(columns))
    wanted = tables["wanted"]
    return Step(name, tables[name].semi_join(wanted, tables[name].customer_id == wanted.wanted_customer))


def customer_rows(tables: Tables, customers: Sequence[str]) -> dict[str, pa.Table]:
    """The rows of some customers in every table that has customers."""
    wanted = pa.table({"wanted_customer": pa.array(customers, pa.string())})
    return {
        name: tables.run(wanted_rows(tables.shape, name), wanted=wanted)
        for name, columns in tables.shape
        if "customer_id" in columns
    }


@planned
def first_customers(columns: Columns, count: int) -> Step:
    """The customers of any few order lines."""
    return Step("some", unbound(dict(columns))["transactions"].select("customer_id").limit(count))


def some_customers(tables: Tables, count: int) -> list[str]:
    """The customers of a few order lines, whichever come first."""
    return [str(name) for name in tables.run(first_customers(tables.shape, count))["customer_id"].to_pylist()]


@planned
def customer_types(columns: Columns) -> Step:
    """customer_id and customer_type."""
    return Step("types", unbound(dict(columns))["customers"].select("customer_id", "customer_type"))


def customer_type_of(tables: Tables) -> pd.Series[Any] | None:
    """customer_type by customer_id, None where it is not given."""
    if "customer_type" not in tables.columns("customers"):
        return None
    given = tables.run(customer_types(tables.shape)).to_pandas()
    kinds: pd.Series[Any] = given.drop_duplicates("customer_id").set_index("customer_id")["customer_type"]
    return kinds


# Treatments ----------------------------------------------------------------------------------------------------------


@planned
def treatments_relation(columns: Columns, until: datetime | None = None) -> Step:
    """Treatments, those before a moment if one is given, by customer and time."""
    import ibis

    rows = unbound(dict(columns))["treatments"]
    if until is not None:
        rows = rows.filter(rows.treated_at < ibis.literal(until, "timestamp"))
    return Step("treatments", rows.select(*TREATMENTS).order_by("customer_id", "treated_at", "treatment_id"))


def treatments_until(tables: Tables, as_of: datetime | None = None) -> pd.DataFrame:
    """Treatments before `as_of`: treatment_id, customer_id, treated_at, strategy, arm; empty without such a table."""
    if not tables.has("treatments"):
        return pd.DataFrame({name: pd.Series(dtype="object") for name in TREATMENTS})
    until = None if as_of is None else as_of.replace(tzinfo=None)
    found: pd.DataFrame = tables.run(treatments_relation(tables.shape, until)).to_pandas()
    return found


# Order lines and feedback as of a moment -----------------------------------------------------------------------------


def seen_at(columns: Columns, table: str, as_of: datetime) -> Any:
    """The rows of a table that may be seen at a moment, as an expression."""
    import ibis

    return visible(unbound(dict(columns))[table], ibis.literal(as_of.replace(tzinfo=None), "timestamp"))


def bought(lines: Any) -> Any:
    """Those of the lines that are purchases: of a positive amount, where there are amounts."""
    return lines.filter(lines.amount > 0) if "amount" in lines.columns else lines


def has_item(tables: Tables, item: str) -> bool:
    """Whether each order line can be told an item: a column of its own, or the category of its product."""
    own = tables.columns("transactions")
    described = item == "category" and "category" in tables.columns("products") and "product_id" in own
    return item in own or described


def _with_item(columns: Columns, lines: Any, item: str) -> Any:
    """Lines with the column asked for: a category is the line's own, else the first of its product's."""
    if item in lines.columns:
        return lines
    products = unbound(dict(columns))["products"]
    paths = products.select(path_product="product_id", category=products.category[0])
    return lines.left_join(paths, lines.product_id == paths.path_product)


@planned
def purchases_relation(columns: Columns, as_of: datetime, item: str, days: int) -> Step:
    """What each customer bought of each item in the days before a moment: orders and the last time."""
    import ibis

    lines = _with_item(columns, seen_at(columns, "transactions", as_of), item)
    since = ibis.literal(as_of.replace(tzinfo=None) - timedelta(days=days), "timestamp")
    lines = bought(lines.filter(lines[item].notnull() & (lines.occurred_at >= since)))
    lines = lines.select("customer_id", "order_id", "occurred_at", item=lines[item])
    found = lines.group_by("customer_id", "item").agg(orders=lines.order_id.nunique(), last_at=lines.occurred_at.max())
    return Step("purchases", found.order_by("customer_id", "item"))


def purchases_before(tables: Tables, as_of: datetime, item: str, days: int) -> pd.DataFrame:
    """customer_id, item, orders, last_at of what was bought in the days before `as_of`."""
    found: pd.DataFrame = tables.run(purchases_relation(tables.shape, as_of, item, days)).to_pandas()
    return found


@planned
def windows_relation(
    columns: Columns, as_of: datetime, item: str, windows: tuple[tuple[str, tuple[datetime, datetime]], ...]
) -> Step:
    """Orders and spend of each customer on each item in named windows; the first window that holds a line counts.

    The category of a line is its own, else the first path of its product's.
    """
    import ibis

    lines = _with_item(columns, seen_at(columns, "transactions", as_of), item)
    cases = []
    for name, (first, last) in windows:
        begin, end = (ibis.literal(moment, "timestamp") for moment in (first, last))
        cases.append(((lines.occurred_at >= begin) & (lines.occurred_at < end), name))
    lines = lines.mutate(window=ibis.cases(*cases), item=lines[item].cast("string"))
    lines = bought(lines.filter(lines.window.notnull() & lines.item.notnull()))
    spend = lines.amount.sum().cast("float64") if "amount" in lines.columns else ibis.null().cast("float64")
    found = lines.group_by("customer_id", "item", "window").agg(orders=lines.order_id.nunique(), spend=spend)
    return Step("windows", found.order_by("customer_id", "item", "window"))


def item_windows(
    tables: Tables, as_of: datetime, item: str, windows: Mapping[str, tuple[datetime, datetime]]
) -> pd.DataFrame:
    """customer_id, item, window, orders, spend (missing without amounts) of the lines visible at `as_of`."""
    found: pd.DataFrame = tables.run(windows_relation(tables.shape, as_of, item, tuple(windows.items()))).to_pandas()
    return found


@planned
def answers_relation(columns: Columns, as_of: datetime) -> Step:
    """Feedback visible at a moment, by customer and time; a column that is not given is missing."""
    import ibis

    rows = seen_at(columns, "feedback", as_of)
    topic = rows.topic if "topic" in rows.columns else ibis.null().cast("string")
    rows = with_level(rows.mutate(topic=topic)).order_by("customer_id", "occurred_at", "feedback_id")
    return Step("answers", rows.select("customer_id", "occurred_at", "kind", "topic", "level"))


def feedback_answers(tables: Tables, as_of: datetime) -> pd.DataFrame:
    """customer_id, occurred_at, kind, topic and level (0 worst, 1 best) of the feedback visible at `as_of`."""
    found: pd.DataFrame = tables.run(answers_relation(tables.shape, as_of)).to_pandas()
    return found
