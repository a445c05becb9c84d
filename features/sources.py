"""The sources that features look back on: relations with one row per thing that happened, and their measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from features.declare import DAY_US, MICRO, NANO, Measure, count_if, fixed, where
from features.tables import INTERACTION_KINDS
from features.visible import known

Tables = Mapping[str, Any]
"""ibis tables by name: the canonical ones, `lines`, `orders`, `cutoffs`, `clock`, perhaps `category_sums`."""


@dataclass(frozen=True)
class Source:
    """A relation and what may be measured on it.

    `build` makes the relation from the tables; `needs` are the columns without which it cannot.
    """

    name: str
    build: Callable[[Tables], Any]
    measures: dict[str, Measure]
    needs: frozenset[str]


def available(columns: Mapping[str, Any]) -> frozenset[str]:
    """What a set of tables offers.

    Beside `table` and `table.column`: `returns` (lines can be told to be returns), `category` (of the lines, their own
    or that of the products table), `price` (category, amount and quantity), `product_line` (the products table's line
    for lines with an amount), `delivery` (promised and delivered).
    """
    found = {f"{table}.{column}" for table, names in columns.items() for column in names} | set(columns)
    if found & {"transactions.amount", "transactions.returns_order_id"}:
        found.add("returns")
    if "transactions.category" in found or {"transactions.product_id", "products.category"} <= found:
        found.add("category")
    if {"category", "transactions.amount", "transactions.quantity"} <= found:
        found.add("price")
    if {"transactions.product_id", "transactions.amount", "products.line"} <= found:
        found.add("product_line")
    if {"transactions.promised_at", "transactions.delivered_at"} <= found:
        found.add("delivery")
    return frozenset(found)


def _needs(*columns: str) -> frozenset[str]:
    return frozenset(columns)


# Orders -------------------------------------------------------------------------------------------------------------


def _new_day(e: Any) -> Any:
    # The first order of its day.
    return e.is_order & (e.gap.isnull() | (e.gap > 0))


def _new_period(e: Any) -> Any:
    # The first order of its 30-day period; periods count back from the cut-off.
    before = e.age + e.gap
    return e.is_order & (e.gap.isnull() | (before - before % 30 > e.age - e.age % 30))


def _decayed(half_life_days: int) -> Callable[[Any], Any]:
    # In billionths; `weight` is 10^9 for an order and 0 for another event.
    return lambda e: (
        ((e.age.cast("float64") * (-0.6931471805599453 / half_life_days)).exp() * e.weight).round().cast("int64")
    )


AMOUNT = _needs("transactions.amount")

ORDER_MEASURES = {
    "n": Measure("sum", lambda e: count_if(e.is_order)),
    "day": Measure("sum", lambda e: count_if(_new_day(e))),
    "period": Measure("sum", lambda e: count_if(_new_period(e))),
    "at": Measure("max", lambda e: where(e.is_order, e.occurred_at), moment=True),
    "first_at": Measure("min", lambda e: where(e.is_order, e.occurred_at), moment=True),
    # Gaps are whole days from one order day to the next: they add up to the span. Orders of one day have none.
    "gap": Measure("sum", lambda e: e.gap),
    "gaps": Measure("sum", lambda e: count_if(e.gap > 0)),
    "gap_squared": Measure("sum", lambda e: e.gap * e.gap),
    "paused": Measure("max", lambda e: where(e.is_order, e.paused)),
    "longest_gap": Measure("max", lambda e: where(e.gap > 0, e.gap)),
    "decayed_30": Measure("sum", _decayed(30), scale=NANO),
    "decayed_90": Measure("sum", _decayed(90), scale=NANO),
    "lines": Measure("sum", lambda e: where(~e.is_return, e.lines)),
    "items": Measure("sum", lambda e: where(~e.is_return, e["items"]), _needs("transactions.quantity"), MICRO),
    "spend": Measure("sum", lambda e: e.amount, AMOUNT),
    "returned": Measure("sum", lambda e: where(e.is_return, -e.amount), AMOUNT),
    "largest": Measure("max", lambda e: where(e.is_order, e.amount), AMOUNT),
    "last_value": Measure(
        "max", lambda e: where(e.is_order & (e.next_at.isnull() | (e.next_at >= e.as_of)), e.amount), AMOUNT
    ),
    "log_value": Measure("sum", lambda e: e.log_value, AMOUNT, NANO),
    "log_value_squared": Measure("sum", lambda e: e.log_value_squared, AMOUNT, NANO),
    "returns": Measure("sum", lambda e: count_if(e.is_return), _needs("returns")),
    "return_at": Measure("max", lambda e: where(e.is_return, e.occurred_at), _needs("returns"), moment=True),
    "premium": Measure("sum", lambda e: e.premium, _needs("product_line")),
    "premium_flagged": Measure("sum", lambda e: e.premium_flagged, _needs("product_line")),
    "main": Measure("sum", lambda e: e.main, _needs("product_line")),
    "main_flagged": Measure("sum", lambda e: e.main_flagged, _needs("product_line")),
    "discount": Measure("sum", lambda e: where(~e.is_return, e.discount), _needs("transactions.discount")),
    "discounted": Measure("sum", lambda e: count_if(e.is_order & (e.discount > 0)), _needs("transactions.discount")),
}


# Usual products out of stock ------------------------------------------------------------------------------------------


def _stood(pause: Any) -> Any:
    import ibis

    return ibis.least(pause.until, pause.as_of).delta(pause.occurred_at, unit="microsecond")


PAUSES = {"stood": Measure("sum", _stood)}


# Products and categories bought for the first time --------------------------------------------------------------------


def _bought(t: Tables) -> Any:
    lines = t["lines"]
    return lines.filter(lines.amount > 0) if "amount" in lines.columns else lines


def _first_products(t: Tables) -> Any:
    bought = _bought(t)
    bought = bought.filter(bought.product_id.notnull())
    return bought.group_by("customer_id", "product_id").agg(occurred_at=bought.occurred_at.min())


def _first_categories(t: Tables) -> Any:
    if "category_sums" in t and "category" in t["lines"].columns:
        # Made for the price level already.
        return t["category_sums"].select("customer_id", "category", occurred_at="first_at")
    bought = _bought(t)
    if "category" in bought.columns:
        bought = bought.filter(bought.category.notnull())
    else:
        firsts = _first_products(t)
        paths = t["products"].select(path_product="product_id", category=t["products"].category.unnest())
        bought = firsts.join(paths, firsts.product_id == paths.path_product)
    return bought.group_by("customer_id", "category").agg(occurred_at=bought.occurred_at.min())


def _counted(firsts: Any, t: Tables) -> Any:
    # With several cut-offs it pays to count what is new at the same moment before the join with them.
    if len(t["clock"].columns) == 1:
        return firsts.mutate(firsts=1)
    return firsts.group_by("customer_id", "occurred_at").agg(firsts=firsts.count())


NEWCOMERS = {"n": Measure("sum", lambda f: f.firsts)}


# Deliveries -----------------------------------------------------------------------------------------------------------


def _deliveries(t: Tables) -> Any:
    lines = t["lines"]
    given = lines.filter(lines.promised_at.notnull() & lines.delivered_at.notnull())
    return given.select("customer_id", "order_id", "occurred_at", "promised_at", "delivered_at").distinct()


def _delay(d: Any) -> Any:
    # Microseconds late (negative: early); null while the delivery lies at or after the cut-off.
    return known(d.delivered_at, d.as_of).delta(d.promised_at, unit="microsecond")


DELIVERIES = {
    "delay": Measure("sum", _delay, scale=float(DAY_US)),
    "n": Measure("sum", lambda d: count_if(d.delivered_at < d.as_of)),
    "late": Measure("sum", lambda d: count_if((d.delivered_at < d.as_of) & (d.delivered_at > d.promised_at))),
}


# Feedback -------------------------------------------------------------------------------------------------------------


def with_level(rows: Any) -> Any:
    """Feedback with its score as a share of its scale, `level`: 0 worst, 1 best; null where there is no score.

    Features and the company's satisfaction view read scores by this one rule. A scale that the source does not give is
    0 to 10 for a recommendation score (`nps`), 1 to 5 for everything else.

    Parameters
    ----------
    rows : ibis table
        Feedback with `kind` and perhaps `score`, `score_min` and `score_max`.
    """
    import ibis

    if "score" not in rows.columns:
        return rows.mutate(level=ibis.null().cast("float64"))
    low, high = scale_of(rows)
    width = high - low
    return rows.mutate(level=where(width > 0, ((rows.score - low) / width).clip(0.0, 1.0)))


def scale_of(rows: Any) -> tuple[Any, Any]:
    """Worst and best score of every row's scale: as given, else 0 and 10 for `nps`, 1 and 5 for everything else."""
    import ibis

    nps = rows.kind == "nps"
    low, high = ibis.ifelse(nps, 0.0, 1.0), ibis.ifelse(nps, 10.0, 5.0)
    if "score_min" in rows.columns:
        low = rows.score_min.fill_null(low)
    if "score_max" in rows.columns:
        high = rows.score_max.fill_null(high)
    return low, high


def is_low(level: Any) -> Any:
    """Whether a score is low: below `LOW_SCORE` of its scale; for ibis columns and arrays alike."""
    return level < LOW_SCORE


def _feedback(t: Tables) -> Any:
    rows = t["feedback"]
    return with_level(rows) if "score" in rows.columns else rows


SCORE = _needs("feedback.score")
LOW_SCORE = 0.4
"""A score below this share of its scale is low (1 or 2 of 5)."""


def _score(topic: str | None, needs: frozenset[str]) -> tuple[Measure, Measure]:
    # Sum and number of the scores on a topic.
    def scored(f: Any) -> Any:
        return f.level.notnull() & (f.topic == topic) if topic else f.level.notnull()

    total = Measure("sum", lambda f: fixed(where(scored(f), f.level), NANO), needs, NANO)
    return total, Measure("sum", lambda f: count_if(scored(f)), needs)


def _score_measures() -> dict[str, Measure]:
    measures = {"low": Measure("sum", lambda f: count_if(is_low(f.level)), SCORE)}
    measures["score"], measures["scores"] = _score(None, SCORE)
    for topic in ("quality", "service", "logistics"):
        on_topic = _score(topic, SCORE | _needs("feedback.topic"))
        measures[f"score_{topic}"], measures[f"scores_{topic}"] = on_topic
    return measures


def _complaint(f: Any) -> Any:
    return f.kind == "complaint"


def is_open(f: Any) -> Any:
    """Whether a row of feedback is a complaint not resolved by `as_of`."""
    return _complaint(f) & known(f.resolved_at, f.as_of).isnull()


FEEDBACK = _score_measures() | {
    "at": Measure("max", lambda f: f.occurred_at, moment=True),
    "complaints": Measure("sum", lambda f: count_if(_complaint(f))),
    "complaint_at": Measure("max", lambda f: where(_complaint(f), f.occurred_at), moment=True),
    "open": Measure("sum", lambda f: count_if(is_open(f)), _needs("feedback.resolved_at")),
    "open_at": Measure("min", lambda f: where(is_open(f), f.occurred_at), _needs("feedback.resolved_at"), moment=True),
}


# Interactions ---------------------------------------------------------------------------------------------------------


def _kind(kind: str) -> tuple[Measure, Measure]:
    # How many of a kind, and when the last.
    count = Measure("sum", lambda i: count_if(i.kind == kind))
    return count, Measure("max", lambda i: where(i.kind == kind, i.occurred_at), moment=True)


def _interaction_measures() -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for kind in (kind for kind in INTERACTION_KINDS if kind != "search"):  # a search is no feature
        measures[kind], measures[f"{kind}_at"] = _kind(kind)
    return measures


def _carts(t: Tables) -> Any:
    """Carts filled, each with the customer's next order at or after it."""
    import ibis

    rows = t["interactions"]
    carts = rows.filter(rows.kind == "cart")
    recorded = {"recorded_at": carts.recorded_at} if "recorded_at" in carts.columns else {}
    carts = carts.select("customer_id", "occurred_at", **recorded, order_at=ibis.null().cast("timestamp"))
    unknown = {name: ibis.null().cast("timestamp") for name in recorded}
    orders = t["orders"].filter(t["orders"].is_order)
    orders = orders.select("customer_id", "occurred_at", **unknown, order_at=orders.occurred_at)
    both = carts.union(orders)
    # An order at the same moment comes after the cart.
    onwards = ibis.window(
        group_by=both.customer_id, order_by=[both.occurred_at, both.order_at.notnull()], preceding=0, following=None
    )
    both = both.mutate(bought_at=both.order_at.min().over(onwards))
    return both.filter(both.order_at.isnull()).drop("order_at")


CARTS = {
    "abandoned": Measure("sum", lambda c: count_if(c.bought_at.isnull() | (c.bought_at >= c.as_of))),
}


# Treatments -----------------------------------------------------------------------------------------------------------


def _treatments(t: Tables) -> Any:
    """What was done with customers by a strategy; those held out were left alone."""
    rows = t["treatments"]
    return rows.filter(rows.arm == "treated").select("customer_id", occurred_at="treated_at")


TREATMENTS = {
    "n": Measure("sum", lambda r: count_if(r.occurred_at.notnull())),
    "at": Measure("max", lambda r: r.occurred_at, moment=True),
}


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("orders", lambda t: t["orders"], ORDER_MEASURES, _needs("transactions")),
        Source("pauses", lambda t: t["pauses"], PAUSES, _needs("transactions.product_id")),
        Source(
            "new_products",
            lambda t: _counted(_first_products(t), t),
            NEWCOMERS,
            _needs("transactions.product_id"),
        ),
        Source("new_categories", lambda t: _counted(_first_categories(t), t), NEWCOMERS, _needs("category")),
        Source("deliveries", _deliveries, DELIVERIES, _needs("delivery")),
        Source("feedback", _feedback, FEEDBACK, _needs("feedback")),
        Source("interactions", lambda t: t["interactions"], _interaction_measures(), _needs("interactions")),
        Source("carts", _carts, CARTS, _needs("interactions")),
        Source("treatments", _treatments, TREATMENTS, _needs("treatments")),
    )
}
"""Every source with windows, by name."""


def _not_measured(_: Any) -> Any:
    raise TypeError("the price level is summed in features.prices")


ALL_MEASURES: dict[str, dict[str, Measure]] = {name: source.measures for name, source in SOURCES.items()} | {
    "prices": {name: Measure("sum", _not_measured, _needs("price")) for name in ("spent", "usual")}
}
"""Every measure that a feature may ask for, by source and name."""
