"""Counts behind the company's figures: how many carts, visits and first orders of each month were followed by an order.

Only what has had its time counts: an event whose days are not over at the moment is *open*, and nobody knows yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from features.data import Tables
from features.declare import DAY_US, count_if
from features.extracts import bought, seen_at
from features.relations import Columns
from features.statements import Step, planned

Months = tuple[tuple[str, tuple[datetime, datetime]], ...]
"""Months by name, each with its first moment and the first after it, UTC."""


@planned
def followed_relation(columns: Columns, as_of: datetime, kinds: tuple[str, ...], days: int, months: Months) -> Step:
    """Per month: customer-days with an interaction of some kinds, those followed by an order in time, those open.

    Several pages of one day are one visit, and several carts of one day one cart; the first of them counts. A day is
    one of 24 hours from the first moment of the month.
    """
    import ibis

    rows = seen_at(columns, "interactions", as_of)
    rows = _in_months(rows.filter(rows.kind.isin(kinds)), months)
    age = rows.occurred_at.delta(rows.begin, unit="microsecond") // DAY_US
    starts = rows.group_by("customer_id", "month", day=age).agg(at=rows.occurred_at.min())
    none = ibis.null().cast("timestamp")
    starts = starts.select("customer_id", "month", "at", order_at=none)
    orders = _orders(columns, as_of)
    orders = orders.select("customer_id", month=ibis.null().cast("string"), at=orders.at, order_at=orders.at)
    both = starts.union(orders)
    # an order at the same moment comes after the cart
    onwards = ibis.window(
        group_by=both.customer_id, order_by=[both["at"], both.order_at.notnull()], preceding=0, following=None
    )
    both = both.mutate(next_at=both.order_at.min().over(onwards))
    return _counted(both.filter(both.month.notnull()), as_of, days, "followed")


@planned
def returned_relation(columns: Columns, as_of: datetime, days: int, months: Months) -> Step:
    """Per month: customers with their first order, those with another one in time, those open."""
    import ibis

    orders = _orders(columns, as_of)
    in_turn = ibis.window(group_by=orders.customer_id, order_by=[orders["at"], orders.order_id])
    orders = orders.mutate(turn=ibis.row_number().over(in_turn), next_at=orders["at"].lead().over(in_turn))
    firsts = orders.filter(orders.turn == 0).select("customer_id", "next_at", occurred_at=orders["at"])
    firsts = _in_months(firsts, months)
    return _counted(firsts.select("customer_id", "month", "next_at", at=firsts.occurred_at), as_of, days, "returned")


def followed_by_order(
    tables: Tables,
    as_of: datetime,
    kinds: tuple[str, ...],
    days: int,
    months: Mapping[str, tuple[datetime, datetime]],
) -> pd.DataFrame:
    """month, closed, ordered, open of the interactions of some kinds; months without any are left out."""
    plan = followed_relation(tables.shape, as_of.replace(tzinfo=None), kinds, days, tuple(months.items()))
    found: pd.DataFrame = tables.run(plan).to_pandas()
    return found


def first_buyers_returned(
    tables: Tables, as_of: datetime, days: int, months: Mapping[str, tuple[datetime, datetime]]
) -> pd.DataFrame:
    """month, closed, ordered, open of the customers with their first order."""
    plan = returned_relation(tables.shape, as_of.replace(tzinfo=None), days, tuple(months.items()))
    found: pd.DataFrame = tables.run(plan).to_pandas()
    return found


def _orders(columns: Columns, as_of: datetime) -> Any:
    lines = bought(seen_at(columns, "transactions", as_of))
    return lines.group_by("customer_id", "order_id").agg(at=lines.occurred_at.min())


def _in_months(rows: Any, months: Months) -> Any:
    import ibis

    cases, begins = [], []
    for name, (first, last) in months:
        begin, end = (ibis.literal(moment, "timestamp") for moment in (first, last))
        inside = (rows.occurred_at >= begin) & (rows.occurred_at < end)
        cases.append((inside, name))
        begins.append((inside, begin))
    rows = rows.mutate(month=ibis.cases(*cases), begin=ibis.cases(*begins))
    return rows.filter(rows.month.notnull())


def _counted(events: Any, as_of: datetime, days: int, name: str) -> Step:
    import ibis

    length = ibis.interval(days=days)
    closed = events["at"] <= ibis.literal(as_of - timedelta(days=days), "timestamp")
    in_time = events.next_at.notnull() & (events.next_at < events["at"] + length)
    counts = events.group_by("month").agg(
        closed=count_if(closed).sum().cast("int64"),
        ordered=count_if(closed & in_time).sum().cast("int64"),
        open=count_if(~closed).sum().cast("int64"),
    )
    return Step(name, counts.order_by("month"))
