"""Every feature once more in plain Python, from its definition in words: the independent second way.

No SQL, no windows of slices, no incremental sums: each feature is recomputed from the customer's visible rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean, stdev
from typing import Any

Rows = list[dict[str, Any]]
DAY = timedelta(days=1)
SCALES = {"nps": (0.0, 10.0)}
LINES = {"premium": "premium", "Premium": "premium", "main": "main", "mass": "mass", "辅助": "auxiliary"}


def visible(rows: Rows, as_of: datetime) -> Rows:
    return [r for r in rows if r["occurred_at"] < as_of and (r.get("recorded_at") is None or r["recorded_at"] <= as_of)]


def days(later: datetime, earlier: datetime | None) -> float | None:
    return None if earlier is None else (later - earlier) / DAY


def age(as_of: datetime, moment: datetime) -> int:
    """Whole days back: the last 24 hours are 0."""
    return (as_of - moment - timedelta(microseconds=1)) // DAY


def div(a: float, b: float) -> float | None:
    return a / b if b else None


def change(a: float, b: float) -> float | None:
    return div(a - b, abs(a) + abs(b))


def events_of(lines: Rows) -> Rows:
    grouped: dict[tuple[str, datetime], Rows] = defaultdict(list)
    for line in lines:
        grouped[line["order_id"], line["occurred_at"]].append(line)
    events = []
    has_amount = any("amount" in line for line in lines)
    for (order, moment), group in sorted(grouped.items(), key=lambda item: (item[0][1], item[0][0])):
        amount = sum(line.get("amount") or 0 for line in group)
        named = any(line.get("returns_order_id") for line in group)
        positive = amount > 0 if has_amount else not named
        earlier = any(e["order_id"] == order and e["positive"] for e in events)
        events.append(
            {
                "order_id": order,
                "at": moment,
                "amount": float(amount),
                "positive": positive,
                "is_order": positive and not earlier,
                "is_return": amount < 0 if has_amount else named,
                "lines": group,
            }
        )
    return events


def categories_of(line: dict[str, Any], products: dict[str, dict[str, Any]], lines_have: bool) -> list[str]:
    if lines_have:
        return [line["category"]] if line.get("category") is not None else []
    product = products.get(line.get("product_id"))
    return list(product["category"] or []) if product else []


def prices_at(tables: dict[str, Rows], as_of: datetime) -> dict[str, float]:
    products = {p["product_id"]: p for p in tables.get("products", [])}
    lines_have = any("category" in line for line in tables["transactions"])
    spend, items = defaultdict(float), defaultdict(float)
    for line in visible(tables["transactions"], as_of):
        found = categories_of(line, products, lines_have)
        if found and found[0] is not None and (line.get("amount") or 0) > 0 and (line.get("quantity") or 0) > 0:
            spend[found[0]] += float(line["amount"])
            items[found[0]] += line["quantity"]
    return {category: spend[category] / items[category] for category in spend}


def oracle(
    tables: dict[str, Rows], customer: str, as_of: datetime, prices: dict[str, float] | None = None
) -> dict[str, Any]:
    def own(table: str) -> Rows:
        return [r for r in visible(tables.get(table, []), as_of) if r["customer_id"] == customer]

    lines = own("transactions")
    out: dict[str, Any] = {}
    out |= order_features(lines, as_of)
    out |= spend_features(lines, as_of)
    out |= range_features(tables, lines, as_of, prices if prices is not None else prices_at(tables, as_of))
    out |= delivery_features(lines, as_of)
    out |= feedback_features(own("feedback"), as_of)
    out |= interaction_features(own("interactions"), lines, as_of)
    out |= treatment_features([r for r in tables.get("treatments", []) if r["customer_id"] == customer], as_of)
    out |= customer_features(tables, customer, lines, as_of)
    return out


def order_features(lines: Rows, as_of: datetime) -> dict[str, Any]:
    orders = [e for e in events_of(lines) if e["is_order"]]
    moments = sorted(e["at"] for e in orders)
    order_days = sorted({age(as_of, m) for m in moments}, reverse=True)
    gaps = [(a - b, b) for a, b in pairwise(order_days)]
    mean_gap = mean(g for g, _ in gaps) if gaps else None
    since = days(as_of, moments[-1]) if moments else None
    out: dict[str, Any] = {
        "days_since_last_order": since,
        "days_since_first_order": days(as_of, moments[0]) if moments else None,
        "overdue_ratio": since / mean_gap if mean_gap else None,
        "overdue_longest_ratio": since / max(g for g, _ in gaps) if gaps else None,
        "overdue_days": since - mean_gap if mean_gap else None,
        "mean_gap_days": mean_gap,
        "longest_gap_days": max(g for g, _ in gaps) if gaps else None,
        "gap_cv": stdev(g for g, _ in gaps) / mean_gap if len(gaps) > 1 else None,
    }
    year = [g for g, end in gaps if end < 365]
    half = [g for g, end in gaps if end < 180]
    out["mean_gap_365d_days"] = mean(year) if year else None
    out["gap_trend"] = mean(half) / mean_gap if half else None
    if moments:
        periods = {age(as_of, m) // 30 for m in moments}
        out["active_months_share"] = len(periods) / (age(as_of, moments[0]) // 30 + 1)
        out["orders_per_month"] = len(moments) / max((age(as_of, moments[0]) + 1) / 30, 1)
    else:
        out["active_months_share"], out["orders_per_month"] = None, 0.0
    for w in (7, 14, 30, 60, 90, 180, 365):
        out[f"orders_{w}d"] = sum(as_of - w * DAY <= m for m in moments)
    out["orders_ever"] = len(moments)
    for w in (90, 365):
        out[f"order_days_{w}d"] = sum(d < w for d in order_days)
    out["order_days_ever"] = len(order_days)
    for half_life in (30, 90):
        out[f"orders_half_life_{half_life}d"] = sum(0.5 ** (age(as_of, m) / half_life) for m in moments)
    old = bool(moments) and age(as_of, moments[0])
    for w in (30, 90):
        recent = sum(as_of - w * DAY <= m for m in moments)
        before = sum(as_of - 2 * w * DAY <= m < as_of - w * DAY for m in moments)
        out[f"orders_trend_{w}d"] = change(recent, before) if moments and old >= w else None
    out["orders_share_last_90d"] = div(out["orders_90d"], out["orders_365d"])
    out["orders_same_season_last_year"] = sum(as_of - 365 * DAY <= m < as_of - 275 * DAY for m in moments)
    return out


def spend_features(lines: Rows, as_of: datetime) -> dict[str, Any]:
    events = events_of(lines)
    orders = [e for e in events if e["is_order"]]

    def within(rows: Rows, start: int | None, end: int = 0) -> Rows:
        return [e for e in rows if (start is None or e["at"] >= as_of - start * DAY) and e["at"] < as_of - end * DAY]

    def total(rows: Rows) -> float:
        return sum(e["amount"] for e in rows)

    def gross(rows: Rows) -> float:
        return sum(e["amount"] for e in rows if e["amount"] > 0)

    def value(start: int | None, end: int = 0) -> float | None:
        return div(gross(within(events, start, end)), len(within(orders, start, end)))

    out: dict[str, Any] = {}
    for w in (7, 14, 30, 60, 90, 180, 365, None):
        out[f"spend_{w}d" if w else "spend_ever"] = total(within(events, w))
    for w in (90, 365, None):
        out[f"mean_order_value_{w}d" if w else "mean_order_value_ever"] = value(w)
    logs = [math.log(e["amount"]) for e in orders if e["amount"] > 0]
    out["typical_order_value_ever"] = math.exp(mean(logs)) if logs else None
    out["order_value_spread"] = stdev(logs) if len(logs) > 1 else None
    out["max_order_value_ever"] = max((e["amount"] for e in orders), default=None)
    last = max(orders, key=lambda e: (e["at"], e["order_id"]), default=None)
    out["last_order_value"] = last["amount"] if last else None
    bought = [e for e in within(events, 365) if not e["is_return"]]
    n_year = len(within(orders, 365))
    out["lines_per_order_365d"] = div(sum(len(e["lines"]) for e in bought), n_year)
    out["items_per_order_365d"] = div(sum(line.get("quantity") or 0 for e in bought for line in e["lines"]), n_year)
    oldest = age(as_of, orders[0]["at"]) if orders else None
    for w in (30, 90):
        recent, before = total(within(events, w)), total(within(events, 2 * w, w))
        out[f"spend_trend_{w}d"] = change(recent, before) if oldest is not None and oldest >= w else None
    a, b = value(180), value(None, 180)
    out["order_value_trend"] = None if a is None or b is None else change(a, b)
    returns = [e for e in events if e["is_return"]]
    for w in (90, 365, None):
        out[f"returns_{w}d" if w else "returns_ever"] = len(within(returns, w))
    for w in (365, None):
        name = f"return_share_{w}d" if w else "return_share_ever"
        out[name] = div(-total(within(returns, w)), gross(within(events, w)))
    out["days_since_last_return"] = days(as_of, max((e["at"] for e in returns), default=None))
    discount = sum(float(line.get("discount") or 0) for e in bought for line in e["lines"])
    out["discount_share_365d"] = div(discount, discount + gross(bought))
    reduced = [e for e in within(orders, 365) if sum(line.get("discount") or 0 for line in e["lines"]) > 0]
    out["discounted_orders_share_365d"] = div(len(reduced), n_year)
    return out


def range_features(tables: dict[str, Rows], lines: Rows, as_of: datetime, prices: dict[str, float]) -> dict[str, Any]:
    products = {p["product_id"]: p for p in tables.get("products", [])}
    lines_have = any("category" in line for line in tables["transactions"])
    has_amount = any("amount" in line for line in tables["transactions"])
    bought = [line for line in lines if not has_amount or (line.get("amount") or 0) > 0]
    first: dict[str, dict[str, datetime]] = {"products": {}, "categories": {}}
    for line in sorted(bought, key=lambda line: line["occurred_at"]):
        if line.get("product_id") is not None:
            first["products"].setdefault(line["product_id"], line["occurred_at"])
        for category in categories_of(line, products, lines_have):
            first["categories"].setdefault(category, line["occurred_at"])
    out: dict[str, Any] = {}
    for what, firsts in first.items():
        out[f"{what}_ever"] = len(firsts)
        for w in (90, 365):
            out[f"new_{what}_{w}d"] = sum(m >= as_of - w * DAY for m in firsts.values())
    n_orders = sum(e["is_order"] for e in events_of(lines))
    out["products_per_order"] = div(len(first["products"]), n_orders)
    spent = usual = 0.0
    for line in bought:
        found = categories_of(line, products, lines_have)
        if found and found[0] in prices and (line.get("quantity") or 0) > 0:
            spent += float(line["amount"])
            usual += line["quantity"] * prices[found[0]]
    out["price_level"] = div(spent, usual)
    year = [e for e in events_of(lines) if e["at"] >= as_of - 365 * DAY]
    for kind, other in (("premium", "mass"), ("main", "auxiliary")):
        spent_on = {kind: 0.0, other: 0.0}
        for line in (line for e in year for line in e["lines"] if (line.get("amount") or 0) > 0):
            said = LINES.get(products.get(line.get("product_id"), {}).get("line"))
            if said in spent_on:
                spent_on[said] += float(line["amount"])
        out[f"{kind}_share_365d"] = div(spent_on[kind], sum(spent_on.values()))
    return out


def delivery_features(lines: Rows, as_of: datetime) -> dict[str, Any]:
    seen = {
        (line["order_id"], line["occurred_at"], line["promised_at"], line["delivered_at"])
        for line in lines
        if line.get("promised_at") and line.get("delivered_at") and line["delivered_at"] < as_of
        if line["occurred_at"] >= as_of - 365 * DAY
    }
    delays = [(delivered - promised) / DAY for _, _, promised, delivered in seen]
    return {
        "delivery_delay_days": mean(delays) if delays else None,
        "late_delivery_share_365d": sum(d > 0 for d in delays) / len(delays) if delays else None,
    }


def feedback_features(rows: Rows, as_of: datetime) -> dict[str, Any]:
    scored = []
    for r in rows:
        low, high = SCALES.get(r["kind"], (1.0, 5.0))
        low = r["score_min"] if r.get("score_min") is not None else low
        high = r["score_max"] if r.get("score_max") is not None else high
        if r.get("score") is not None and high > low:
            level = min(max((r["score"] - low) / (high - low), 0.0), 1.0)
            scored.append((age(as_of, r["occurred_at"]), r.get("topic"), level))

    def level_of(topic: str | None, start: int, end: int = 0) -> float | None:
        values = [s for a, t, s in scored if end <= a < start and (topic is None or t == topic)]
        return mean(values) if values else None

    def trend(topic: str | None) -> float | None:
        a, b = level_of(topic, 90), level_of(topic, 365, 90)
        return None if a is None or b is None else a - b

    out: dict[str, Any] = {"satisfaction_mean_365d": level_of(None, 365), "satisfaction_trend": trend(None)}
    for topic in ("quality", "service", "logistics"):
        out[f"satisfaction_{topic}"] = level_of(topic, 365)
        out[f"satisfaction_{topic}_trend"] = trend(topic)
    year = [s for a, _, s in scored if a < 365]
    out["low_score_share_365d"] = sum(s < 0.4 for s in year) / len(year) if year else None
    complaints = [r for r in rows if r["kind"] == "complaint"]
    for w in (30, 90, 365):
        out[f"complaints_{w}d"] = sum(r["occurred_at"] >= as_of - w * DAY for r in complaints)
    out["complaints_ever"] = len(complaints)
    still = [r for r in complaints if r.get("resolved_at") is None or r["resolved_at"] >= as_of]
    out["open_complaints"] = len(still)
    out["oldest_open_complaint_days"] = days(as_of, min((r["occurred_at"] for r in still), default=None))
    out["days_since_last_complaint"] = days(as_of, max((r["occurred_at"] for r in complaints), default=None))
    return out


def interaction_features(rows: Rows, lines: Rows, as_of: datetime) -> dict[str, Any]:
    orders = [e["at"] for e in events_of(lines) if e["is_order"]]

    def count(kind: str, start: int, end: int = 0) -> int:
        return sum(r["kind"] == kind and end <= age(as_of, r["occurred_at"]) < start for r in rows)

    def last(kind: str) -> float | None:
        return days(as_of, max((r["occurred_at"] for r in rows if r["kind"] == kind), default=None))

    carts = [r["occurred_at"] for r in rows if r["kind"] == "cart" and age(as_of, r["occurred_at"]) < 30]
    return {
        **{f"contacts_{w}d": count("contact", w) for w in (30, 90, 365)},
        "days_since_last_contact": last("contact"),
        "contacts_trend_90d": change(count("contact", 90), count("contact", 180, 90)),
        **{f"visits_{w}d": count("visit", w) for w in (30, 90)},
        "days_since_last_visit": last("visit"),
        "visits_trend_90d": change(count("visit", 90), count("visit", 180, 90)),
        "browses_90d": count("browse", 90),
        "opens_90d": count("open", 90),
        "clicks_90d": count("click", 90),
        "carts_90d": count("cart", 90),
        "cart_abandoned_30d": sum(not any(order >= cart for order in orders) for cart in carts),
        **{f"redemptions_{w}d": count("redeem", w) for w in (90, 365)},
        "days_since_last_redemption": last("redeem"),
    }


def treatment_features(rows: Rows, as_of: datetime) -> dict[str, Any]:
    done = [r["treated_at"] for r in rows if r["arm"] == "treated" and r["treated_at"] < as_of]
    return {
        **{f"treatments_{w}d": sum(age(as_of, moment) < w for moment in done) for w in (90, 365)},
        "days_since_last_treatment": days(as_of, max(done, default=None)),
    }


def customer_features(tables: dict[str, Rows], customer: str, lines: Rows, as_of: datetime) -> dict[str, Any]:
    names = ("customer_type", "region", "country", "industry", "company_size", "member_level")
    profile = next((c for c in tables.get("customers", []) if c["customer_id"] == customer), {})
    out: dict[str, Any] = {name: profile.get(name) for name in (*names, "preferred_channel", "fulfilment")}
    out["acquired_days"] = days(as_of, profile.get("acquired_at"))
    start = min((r["occurred_at"] for r in visible(tables["transactions"], as_of)), default=None)
    out["log_days"] = days(as_of, start)
    first = min((e["at"] for e in events_of(lines) if e["is_order"]), default=None)
    out["known_share_of_log"] = days(as_of, first) / out["log_days"] if first else None
    angle = 2 * math.pi * as_of.timetuple().tm_yday / 365.25
    out["as_of_season_sin"], out["as_of_season_cos"] = math.sin(angle), math.cos(angle)
    return out


def customers_at(tables: dict[str, Rows], as_of: datetime) -> list[str]:
    found = {r["customer_id"] for r in visible(tables["transactions"], as_of)}
    found |= {
        c["customer_id"]
        for c in tables.get("customers", [])
        if c.get("acquired_at") is None or c["acquired_at"] < as_of
    }
    return sorted(found)
