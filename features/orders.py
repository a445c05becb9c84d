"""Order lines to order events.

An event is one customer × order × moment: the lines of an order that carry the same time. Most orders are one
event; one whose lines carry several times is several, so that a cut-off between them sees what was there by then.
An event *is an order* when its total is positive and no earlier event of the same order was (where the log has no
amounts: when it is the first and names no order that it returns). An event with a negative total is a return.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from features.closures import Span, closed_until
from features.declare import DAY_US, MICRO, NANO, age_days, fixed, where

LINE_CODES = {
    "premium": ("premium", "high", "luxury", "高端"),
    "mass": ("mass", "standard", "economy", "大众"),
    "main": ("main", "core", "main line", "主力"),
    "auxiliary": ("auxiliary", "accessory", "secondary", "auxiliary line", "辅助"),
}
"""What `products.line` may say, and which line that is."""

FLAGS = {"premium": ("premium", "mass"), "main": ("main", "auxiliary")}
"""The two questions that a line answers, and the lines that answer each: a product may answer one and not the other."""

ORDER = ["customer_id", "order_id"]
LINED_UP = {"gap", "next_at", "weight", "log_value", "log_value_squared", "paused"}


def order_sums(lines: Any, products: Any = None, only: Collection[str] | None = None) -> Any:
    """Lines added up per order: customer_id, order_id, `occurred_at` (first), `until` (last) and the sums.

    Parameters
    ----------
    lines : ibis table
        Transactions; the optional columns may be missing.
    products : ibis table, optional
        With `line`: adds the gross spend on the premium and the main line, and on products that say either way.
    only : collection of str, optional
        The sums wanted, beside those that tell what an order is; all by default.
    """
    lines = _marked(lines, products, only)
    sums = _sums(lines, only)
    return lines.group_by(ORDER).agg(occurred_at=lines.occurred_at.min(), until=lines.occurred_at.max(), **sums)


def order_events(sums: Any, lines: Any, products: Any = None) -> Any:
    """Events of all orders, from their sums and, where an order carries several times, from its lines.

    An event follows from lines at or before its own time, so the events before a cut-off are the same whether or not
    later lines are given.

    Parameters
    ----------
    sums : ibis table
        `order_sums` of the lines.
    lines : ibis table
        Transactions; the optional columns may be missing.
    products : ibis table, optional
        With `line`: as for `order_sums`.

    Returns
    -------
    ibis table
        customer_id, order_id, occurred_at, `is_order`, `is_return` and the sums: `lines` and, where the log allows,
        `amount`, `items`, `discount`, `premium`,
        `premium_flagged`, `main`, `main_flagged`; `recorded_at` (the latest) if the log has it.
    """
    at_once = _judged(sums.filter(sums.occurred_at == sums.until))
    # The few orders that carry several times are taken apart again.
    spread = sums.filter(sums.occurred_at < sums.until)
    parts = _marked(lines, products, sums.columns).semi_join(spread, ORDER)
    parts = _judged(parts.group_by(*ORDER, "occurred_at").agg(**_sums(parts, sums.columns)))
    positive = parts.filter(parts.is_order)
    starts = positive.group_by(started_customer="customer_id", started_order="order_id").agg(
        started_at=positive.occurred_at.min()
    )
    joined = parts.left_join(
        starts, [parts.customer_id == starts.started_customer, parts.order_id == starts.started_order]
    )
    parts = joined.mutate(is_order=joined.is_order & (joined.occurred_at == joined.started_at))
    columns = [name for name in at_once.columns if name != "until"]
    return at_once.select(columns).union(parts.select(columns))


def lined_up(
    events: Any, last: Any, only: Collection[str] | None = None, *, closed: tuple[Span, ...] = (), pauses: Any = None
) -> Any:
    """Events with what features need of them, none of which depends on the cut-off.

    Parameters
    ----------
    events : ibis table
        See `order_events`.
    last : ibis timestamp scalar
        The last cut-off; ages count back from it, and all cut-offs lie whole days before it.
    only : collection of str, optional
        The columns wanted beside `age_at_last`; all by default.
    closed : tuple of spans
        When the company was closed: such time counts in no age and no gap.
    pauses : ibis table, optional
        `features.closures.pauses`: such time counts in no gap of the customer.

    Returns
    -------
    ibis table
        Beside the event's columns: `age_at_last` (whole open days before `last`), with `pauses` also `paused`
        (microseconds of them before the event), and for orders only, else missing: `gap` (whole open days since the
        customer's order before; missing for the first), `next_at` (time of the order after), `log_value` and
        `log_value_squared` (of the amount, in billionths); `weight` is 10^9 for an order and 0 for another event.
    """
    import ibis

    if closed:
        shut = closed_until(last, closed) - closed_until(events.occurred_at, closed)
        aged = events.mutate(age_at_last=(last.delta(events.occurred_at, unit="microsecond") - shut - 1) // DAY_US)
    else:
        aged = events.mutate(age_at_last=age_days(events.occurred_at, last))
    if only is not None and not set(only) & LINED_UP:
        return aged
    if pauses is not None:
        aged = _with_pauses(aged, pauses)
    line = ibis.window(group_by=[aged.customer_id, aged.is_order], order_by=[aged.occurred_at, aged.order_id])
    beside = {
        "before": where(aged.is_order, aged.age_at_last.lag().over(line)),
        "next_at": where(aged.is_order, aged.occurred_at.lead().over(line)),
    }
    if pauses is not None:
        beside["paused_before"] = aged.paused.lag().over(line)
    neighbours = aged.mutate(**beside)
    gap = neighbours.before - neighbours.age_at_last
    if pauses is not None:
        stood = neighbours.paused - neighbours.paused_before
        gap = ibis.greatest(gap - (stood + DAY_US // 2) // DAY_US, ibis.literal(0, "int64"))
        gap = where(neighbours.before.notnull(), gap)
    more = {
        "gap": gap,
        "weight": neighbours.is_order.cast("int64").cast("float64") * NANO,
    }
    if "amount" in neighbours.columns:
        logarithm = where(neighbours.is_order, neighbours.amount.cast("float64")).ln()
        more |= {"log_value": fixed(logarithm, NANO), "log_value_squared": fixed(logarithm * logarithm, NANO)}
    return neighbours.mutate(**more)


def _with_pauses(events: Any, pauses: Any) -> Any:
    # `paused`: microseconds of the customer's pauses before the event.
    import ibis

    spans = pauses.select(paused_customer="customer_id", began="occurred_at", ended="until")
    met = events.select(*ORDER, "occurred_at").distinct()
    met = met.join(spans, [met.customer_id == spans.paused_customer, spans.began < met.occurred_at])
    stood = ibis.least(met.ended, met.occurred_at).delta(met.began, unit="microsecond")
    sums = met.mutate(stood=stood).group_by(*ORDER, "occurred_at").agg(paused=lambda t: t.stood.sum().cast("int64"))
    sums = sums.rename(paused_id="customer_id", paused_order="order_id", paused_at="occurred_at")
    joined = events.left_join(
        sums,
        [
            events.customer_id == sums.paused_id,
            events.order_id == sums.paused_order,
            events.occurred_at == sums.paused_at,
        ],
    )
    return joined.select(*events.columns, paused=joined.paused.fill_null(0))


def _marked(lines: Any, products: Any, only: Collection[str] | None) -> Any:
    # Lines with the line of their product, where that is wanted.
    if products is None or "line" not in products.columns or not {"product_id", "amount"} <= set(lines.columns):
        return lines
    if only is not None and not {name for line in FLAGS for name in (line, f"{line}_flagged")} & set(only):
        return lines
    said = products.line.lower()
    marks = products.filter(said.isin([word for words in LINE_CODES.values() for word in words]))
    marks = marks.select(marked_product="product_id", product_line=said)
    return lines.left_join(marks, lines.product_id == marks.marked_product)


def _sums(lines: Any, only: Collection[str] | None) -> dict[str, Any]:
    has = set(lines.columns)
    sums = {"lines": lines.count()}
    if "amount" in has:
        sums["amount"] = _money(lines.amount.sum())
    if "product_line" in has:
        for name, either in FLAGS.items():
            for total, codes in ((name, (name,)), (f"{name}_flagged", either)):
                words = [word for code in codes for word in LINE_CODES[code]]
                sums[total] = _money(lines.amount.sum(where=lines.product_line.isin(words) & (lines.amount > 0)))
    if "quantity" in has:
        sums["items"] = fixed(lines.quantity, MICRO).sum().fill_null(0)
    if "discount" in has:
        sums["discount"] = _money(lines.discount.sum())
    if "recorded_at" in has:
        sums["recorded_at"] = lines.recorded_at.max()
    if "returns_order_id" in has:
        sums["named"] = lines.returns_order_id.count()
    judging = {"amount"} if "amount" in has else {"named"}
    return {name: total for name, total in sums.items() if only is None or name in only or name in judging}


def _judged(events: Any) -> Any:
    # Whether an event counts as an order or as a return, by its own lines.
    import ibis

    if "amount" in events.columns:
        judged = events.mutate(is_order=events.amount > 0, is_return=events.amount < 0)
    elif "named" in events.columns:
        judged = events.mutate(is_order=events.named == 0, is_return=events.named > 0)
    else:
        judged = events.mutate(is_order=ibis.literal(True), is_return=ibis.literal(False))
    return judged.drop("named") if "named" in judged.columns else judged


def _money(total: Any) -> Any:
    import ibis

    return total.cast("decimal(18, 4)").fill_null(ibis.literal(0).cast("decimal(18, 4)"))
