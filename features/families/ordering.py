"""Recency, rhythm, frequency: when and how often a customer orders."""

from __future__ import annotations

from typing import Any

from features.declare import WINDOWS, Feature, Row, at_least, feature, ratio, window_label, window_name

NEVER = ("never ordered", "从未购买")
ONE_DAY = ("fewer than two days with an order", "下单日不足两天")
TWO_GAPS = ("fewer than three days with an order", "下单日不足三天")


def _mean_gap(r: Row, days: int | None = None) -> Any:
    # Gaps are whole days between one order day and the next, so they add up to the span and sum exactly.
    return ratio(r.sum("orders.gap", days), r.sum("orders.gaps", days))


def _gap_sd(r: Row) -> Any:
    # Sample standard deviation from exact sums: (n Σg² - (Σg)²) / (n (n - 1)).
    n, total, squares = r.sum("orders.gaps"), r.sum("orders.gap"), r.sum("orders.gap_squared")
    return ratio(at_least(n * squares - total * total, 0.0), n * (n - 1.0)).sqrt()


def recency() -> list[Feature]:
    """Time since the last order, alone and against the customer's own pace."""
    # No monotone sign: where buying follows the seasons, a year of silence is a better sign than half a year.
    return [
        feature(
            "days_since_last_order",
            lambda r: r.silence(),
            driver="recency",
            unit="days",
            label=("days since the last order", "距上次购买的天数"),
            null=NEVER,
        ),
        feature(
            "overdue_ratio",
            lambda r: ratio(r.silence(), _mean_gap(r)),
            driver="recency",
            unit="ratio",
            label=("days since the last order against the own mean gap", "距上次购买天数与自身平均间隔之比"),
            null=ONE_DAY,
        ),
        feature(
            "overdue_longest_ratio",
            lambda r: ratio(r.silence(), r.extreme("orders.longest_gap")),
            driver="recency",
            unit="ratio",
            label=("days since the last order against the own longest gap", "距上次购买天数与自身最长间隔之比"),
            null=ONE_DAY,
        ),
        feature(
            "overdue_days",
            lambda r: r.silence() - _mean_gap(r),
            driver="recency",
            unit="days",
            label=("days past the date when the next order was due", "超过预期下单日的天数"),
            null=ONE_DAY,
        ),
    ]


def rhythm() -> list[Feature]:
    """The customer's own pace and how regular it is."""
    return [
        feature(
            "mean_gap_days",
            lambda r: _mean_gap(r),
            driver="rhythm",
            unit="days",
            label=("mean days between order days", "平均下单间隔天数"),
            null=ONE_DAY,
        ),
        feature(
            "mean_gap_365d_days",
            lambda r: _mean_gap(r, 365),
            driver="rhythm",
            unit="days",
            label=("mean days between order days, last 365 days", "近365天平均下单间隔天数"),
            null=("no second order day in the last 365 days", "近365天没有第二个下单日"),
            days=365,
        ),
        feature(
            "gap_cv",
            lambda r: ratio(_gap_sd(r), _mean_gap(r)),
            driver="rhythm",
            unit="ratio",
            label=(
                "irregularity of the gaps between orders (deviation by mean)",
                "下单间隔的不规律程度（标准差与均值之比）",
            ),
            null=TWO_GAPS,
        ),
        feature(
            "longest_gap_days",
            lambda r: r.extreme("orders.longest_gap"),
            driver="rhythm",
            unit="days",
            label=("longest gap between order days", "最长下单间隔天数"),
            null=ONE_DAY,
        ),
        feature(
            "gap_trend",
            lambda r: ratio(_mean_gap(r, 180), _mean_gap(r)),
            driver="rhythm",
            unit="ratio",
            label=("mean gap of the last 180 days against all time", "近180天平均间隔与历史平均间隔之比"),
            null=("no second order day in the last 180 days", "近180天没有第二个下单日"),
            days=180,
        ),
        feature(
            "active_months_share",
            lambda r: r.sum("orders.period") / ((r.open_age("orders.first_at") / 30.0).floor() + 1.0),
            driver="rhythm",
            unit="share",
            label=("share of 30-day periods since the first order with an order", "首购以来有购买的30天周期占比"),
            null=NEVER,
            monotone=-1,
        ),
    ]


def _orders(days: int | None) -> Feature:
    # A sign only where a window is long enough that its orders cannot simply have used up the need.
    return feature(
        window_name("orders", days),
        lambda r: r.sum("orders.n", days),
        driver="frequency",
        unit="orders",
        label=window_label("orders", "购买次数", days),
        monotone=-1 if days is None or days >= 90 else 0,
        days=days,
    )


def _order_days(days: int | None) -> Feature:
    return feature(
        window_name("order_days", days),
        lambda r: r.sum("orders.day", days),
        driver="frequency",
        unit="count",
        label=window_label("days with an order", "下单天数", days),
        days=days,
    )


def _weighted(half_life: int) -> Feature:
    return feature(
        f"orders_half_life_{half_life}d",
        lambda r: r.sum(f"orders.decayed_{half_life}"),
        driver="frequency",
        unit="orders",
        label=(
            f"orders, each counting half after every {half_life} days",
            f"按时间折半的购买次数（每{half_life}天减半）",
        ),
    )


def frequency() -> list[Feature]:
    """How often the customer orders, per window."""
    return [
        *[_orders(days) for days in (*WINDOWS, None)],
        *[_order_days(days) for days in (90, 365, None)],
        *[_weighted(half_life) for half_life in (30, 90)],
        feature(
            "orders_per_month",
            lambda r: r.sum("orders.n") / at_least((r.open_age("orders.first_at") + 1.0) / 30.0, 1.0),
            driver="frequency",
            unit="orders",
            label=("orders per 30 days since the first order", "首购以来每30天购买次数"),
        ),
    ]
