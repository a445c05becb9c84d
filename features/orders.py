"""Order lines to order events.

An event is one customer × order × moment: the lines of an order that carry the same time. Most orders are one
event; one whose lines carry several times is several, so that a cut-off between them sees what was there by then.
An event *is an order* when its total is positive and no earlier event of the same order was (where the log has no
amounts: when it is the first and names no order that it returns). An event with a negative total is a return.
"""

from __future__ import annotations

from typing import Any

from features.declare import micros

PREMIUM, MAIN = "premium", "main"
"""Values of `products.line` that mark the premium and the main line."""

EVENT = ["customer_id", "order_id", "occurred_at"]


def order_events(lines: Any, products: Any = None) -> Any:
    """Events of all orders, from lines.

    Everything in an event's row but `next_at` follows from lines at or before its own time, so the events before a
    cut-off are the same whether or not later lines are given.

    Parameters
    ----------
    lines : ibis table
        Transactions; the optional columns may be missing.
    products : ibis table, optional
        With `line`: adds the gross spend on the premium and the main line.

    Returns
    -------
    ibis table
        customer_id, order_id, occurred_at; the sums `lines` and, where the log allows, `amount`, `items`,
        `discount`, `premium`, `main`; `recorded_at` (the latest) if the log has it; `is_order`, `is_return`; and
        `prev_at`, `next_at`: the customer's order before and after (for an event that is no order: events that are
        none).
    """
    import ibis

    grouped = _sums(lines, products)
    positive = grouped.filter(grouped.positive)
    starts = positive.group_by("customer_id", "order_id").agg(
        started_at=positive.occurred_at.min(), parts=positive.count()
    )
    split = starts.filter(starts.parts > 1).select(
        split_customer="customer_id", split_order="order_id", started_at="started_at"
    )
    joined = grouped.left_join(
        split, [grouped.customer_id == split.split_customer, grouped.order_id == split.split_order]
    )
    first = joined.started_at.isnull() | (joined.started_at == joined.occurred_at)
    events = joined.mutate(is_order=joined.positive & first).drop(
        "positive", "split_customer", "split_order", "started_at"
    )
    line_up = ibis.window(
        group_by=[events.customer_id, events.is_order], order_by=[events.occurred_at, events.order_id]
    )
    return events.mutate(
        prev_at=events.occurred_at.lag().over(line_up), next_at=events.occurred_at.lead().over(line_up)
    )


def _sums(lines: Any, products: Any) -> Any:
    # One row per event with its additive parts, and whether it is positive or a return.
    import ibis

    has = set(lines.columns)
    if products is not None and "line" in products.columns and {"product_id", "amount"} <= has:
        marks = products.filter(products.line.isin([PREMIUM, MAIN]))
        marks = marks.select(marked_product="product_id", product_line="line")
        lines = lines.left_join(marks, lines.product_id == marks.marked_product)
    sums = {"lines": lines.count()}
    if "amount" in has:
        sums["amount"] = _money(lines.amount)
    if "product_line" in lines.columns:
        for name in (PREMIUM, MAIN):
            sums[name] = _money(lines.amount, where=(lines.product_line == name) & (lines.amount > 0))
    if "quantity" in has:
        sums["items"] = micros(lines.quantity).sum().fill_null(0)
    if "discount" in has:
        sums["discount"] = _money(lines.discount)
    if "recorded_at" in has:
        sums["recorded_at"] = lines.recorded_at.max()
    if "returns_order_id" in has:
        sums["named"] = lines.returns_order_id.count()
    grouped = lines.group_by(EVENT).agg(**sums)
    if "amount" in has:
        grouped = grouped.mutate(positive=grouped.amount > 0, is_return=grouped.amount < 0)
    elif "returns_order_id" in has:
        grouped = grouped.mutate(positive=grouped.named == 0, is_return=grouped.named > 0)
    else:
        grouped = grouped.mutate(positive=ibis.literal(True), is_return=ibis.literal(False))
    return grouped.drop("named") if "named" in grouped.columns else grouped


def _money(amount: Any, where: Any = None) -> Any:
    import ibis

    return amount.sum(where=where).cast("decimal(38, 4)").fill_null(ibis.literal(0).cast("decimal(38, 4)"))
