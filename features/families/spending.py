"""Spend, trend, returns: how much a customer buys, where it is heading, what comes back."""

from __future__ import annotations

from typing import Any

from features.declare import WINDOWS, Feature, Row, at_least, change, feature, ratio, window_label, window_name
from features.families.ordering import NEVER

AMOUNT = ["transactions.amount"]
NONE_IN_WINDOW = ("no order in the window", "窗口期内无购买")
NO_COMPARISON = ("first order too recent to compare, or nothing in either period", "首购太近无法比较，或两期均为零")


def _spend(days: int | None) -> Feature:
    return feature(
        window_name("spend", days),
        lambda r: r.sum("orders.spend", days),
        driver="monetary",
        unit="money",
        label=window_label("net spend", "净消费金额", days),
        needs=AMOUNT,
        days=days,
    )


def gross(r: Row, days: int | None = None, *, after: int = 0) -> Any:
    """Amount bought in the window, before returns."""
    return r.sum("orders.spend", days, after=after) + r.sum("orders.returned", days, after=after)


def _mean_value(r: Row, days: int | None = None, *, after: int = 0) -> Any:
    return ratio(gross(r, days, after=after), r.sum("orders.n", days, after=after))


def _mean_order_value(days: int | None) -> Feature:
    return feature(
        window_name("mean_order_value", days),
        lambda r: _mean_value(r, days),
        driver="monetary",
        unit="money",
        label=window_label("mean order value", "平均订单金额", days),
        null=NONE_IN_WINDOW if days else NEVER,
        needs=AMOUNT,
        days=days,
    )


def _log_sd(r: Row) -> Any:
    n, total, squares = r.sum("orders.n"), r.sum("orders.log_value"), r.sum("orders.log_value_squared")
    return ratio(at_least(n * squares - total * total, 0.0), n * (n - 1.0)).sqrt()


def _basket(name: str, measure: str, label: tuple[str, str], needs: list[str]) -> Feature:
    return feature(
        name,
        lambda r: r.share(measure, "orders.n", 365),
        driver="monetary",
        unit="items",
        label=label,
        null=NONE_IN_WINDOW,
        needs=needs,
        days=365,
    )


def monetary() -> list[Feature]:
    """Spend per window and the size of orders."""
    return [
        *[_spend(days) for days in (*WINDOWS, None)],
        *[_mean_order_value(days) for days in (90, 365, None)],
        feature(
            "typical_order_value_ever",
            lambda r: r.share("orders.log_value", "orders.n").exp(),
            driver="monetary",
            unit="money",
            label=("typical order value (geometric mean)", "典型订单金额（几何平均）"),
            null=NEVER,
            needs=AMOUNT,
        ),
        feature(
            "order_value_spread",
            _log_sd,
            driver="monetary",
            unit="ratio",
            label=("spread of order values (deviation of their logarithm)", "订单金额的离散程度（对数标准差）"),
            null=("fewer than two orders", "订单不足两笔"),
            needs=AMOUNT,
        ),
        feature(
            "max_order_value_ever",
            lambda r: r.extreme("orders.largest"),
            driver="monetary",
            unit="money",
            label=("largest order value", "最大订单金额"),
            null=NEVER,
            needs=AMOUNT,
        ),
        feature(
            "last_order_value",
            lambda r: r.extreme("orders.last_value"),
            driver="monetary",
            unit="money",
            label=("value of the last order", "最近一笔订单金额"),
            null=NEVER,
            needs=AMOUNT,
        ),
        _basket("lines_per_order_365d", "orders.lines", ("lines per order, last 365 days", "近365天每单行数"), []),
        _basket(
            "items_per_order_365d",
            "orders.items",
            ("items per order, last 365 days", "近365天每单件数"),
            ["transactions.quantity"],
        ),
    ]


def _comparable(r: Row, value: Any, days: int) -> Any:
    # Only for customers who could have ordered in the earlier period.
    import ibis

    return ibis.ifelse(r.open_age("orders.first_at") >= float(days), value, ibis.null().cast("float64"))


def _trend(name: str, measure: str, days: int, label: tuple[str, str], needs: list[str]) -> Feature:
    return feature(
        f"{name}_trend_{days}d",
        lambda r: _comparable(r, change(r.sum(measure, days), r.sum(measure, 2 * days, after=days)), days),
        driver="trend",
        unit="ratio",
        label=label,
        null=NO_COMPARISON,
        needs=needs,
        days=2 * days,
    )


def _trend_label(en: str, zh: str, days: int) -> tuple[str, str]:
    return f"change in {en}, last {days} days against the {days} before", f"近{days}天{zh}较前{days}天的变化"


def trend() -> list[Feature]:
    """Change against the period before: -1 all gone, 0 the same, +1 all new."""
    return [
        *[_trend("orders", "orders.n", days, _trend_label("orders", "购买次数", days), []) for days in (30, 90)],
        *[_trend("spend", "orders.spend", days, _trend_label("spend", "消费金额", days), AMOUNT) for days in (30, 90)],
        feature(
            "order_value_trend",
            lambda r: change(_mean_value(r, 180), _mean_value(r, after=180)),
            driver="trend",
            unit="ratio",
            label=("change in mean order value, last 180 days against before", "近180天平均订单金额较此前的变化"),
            null=("no order in the last 180 days, or none before", "近180天无购买，或此前无购买"),
            needs=AMOUNT,
        ),
        feature(
            "orders_share_last_90d",
            lambda r: ratio(r.sum("orders.n", 90), r.sum("orders.n", 365)),
            driver="trend",
            unit="share",
            label=("share of the year's orders that fall in the last 90 days", "近90天购买次数占近365天的比例"),
            null=("no order in the last 365 days", "近365天无购买"),
            days=365,
        ),
    ]


RETURNS = ["returns"]
NO_SPEND = ("nothing bought yet", "尚无消费")


def returns() -> list[Feature]:
    """What was sent back or cancelled: events with a negative total."""
    return [
        *[
            feature(
                window_name("returns", days),
                lambda r, d=days: r.sum("orders.returns", d),  # type: ignore[misc]
                driver="returns",
                unit="count",
                label=window_label("returns and cancellations", "退货与取消次数", days),
                needs=RETURNS,
                days=days,
            )
            for days in (90, 365, None)
        ],
        *[
            feature(
                window_name("return_share", days),
                lambda r, d=days: ratio(r.sum("orders.returned", d), gross(r, d)),  # type: ignore[misc]
                driver="returns",
                unit="share",
                label=window_label("returned amount by amount bought", "退货金额占购买金额的比例", days),
                null=NO_SPEND if days is None else ("nothing bought in the window", "窗口期内无消费"),
                needs=AMOUNT,
                days=days,
            )
            for days in (365, None)
        ],
        feature(
            "days_since_last_return",
            lambda r: r.since("orders.return_at"),
            driver="returns",
            unit="days",
            label=("days since the last return or cancellation", "距上次退货或取消的天数"),
            null=("never returned anything", "从未退货"),
            needs=RETURNS,
        ),
    ]
