"""Tenure, profile, calendar: how long the relationship lasts, who the customer is, what time of year it is."""

from __future__ import annotations

from math import pi
from typing import Any

from features.declare import Feature, Row, days_between, feature

NEVER = ("never ordered", "从未购买")


def tenure() -> list[Feature]:
    """Length of the relationship and of the log that shows it."""
    return [
        feature(
            "days_since_first_order",
            lambda r: r.open_since("orders.first_at"),
            driver="tenure",
            unit="days",
            label=("days since the first order", "距首次购买的天数"),
            null=NEVER,
        ),
        feature(
            "acquired_days",
            lambda r: days_between(r.as_of, r.attribute("acquired_at", "timestamp")),
            driver="tenure",
            source="customers",
            unit="days",
            label=("days since the customer was acquired", "建立客户关系以来的天数"),
            null=("date of acquisition not known", "建立关系日期未知"),
            needs=["customers.acquired_at"],
        ),
        feature(
            "log_days",
            lambda r: days_between(r.as_of, r.log_start),
            driver="tenure",
            unit="days",
            label=("days of history that the log covers", "交易记录覆盖的天数"),
            null=("the log has no transaction yet", "尚无交易记录"),
        ),
        feature(
            "known_share_of_log",
            lambda r: r.since("orders.first_at") / days_between(r.as_of, r.log_start),
            driver="tenure",
            unit="share",
            label=("share of the log's length since the first order", "首购以来占记录时长的比例"),
            null=NEVER,
        ),
    ]


ATTRIBUTES = {
    "customer_type": ("customer type", "客户类型"),
    "region": ("region", "地区"),
    "country": ("country", "国家"),
    "industry": ("industry", "行业"),
    "company_size": ("company size", "企业规模"),
    "member_level": ("membership level", "会员等级"),
    "preferred_channel": ("preferred channel", "渠道偏好"),
    "fulfilment": ("fulfilment need", "出入库需求"),
}


def _attribute(name: str, label: tuple[str, str]) -> Feature:
    return feature(
        name,
        lambda r: r.attribute(name),
        driver="profile",
        source="customers",
        unit="code",
        label=label,
        null=("not given", "未提供"),
        needs=[f"customers.{name}"],
        kind="categorical",
    )


def profile() -> list[Feature]:
    """What the customers table says about the customer."""
    return [_attribute(name, label) for name, label in ATTRIBUTES.items()]


def _season(r: Row) -> Any:
    return r.as_of.day_of_year().cast("float64") * (2.0 * pi / 365.25)


def calendar() -> list[Feature]:
    """Time of year of the cut-off, and what the customer did in the same season a year before."""
    return [
        feature(
            "as_of_season_sin",
            lambda r: _season(r).sin(),
            driver="calendar",
            unit="ratio",
            label=("time of year, spring (+1) to autumn (-1)", "季节：春（+1）到秋（-1）"),
        ),
        feature(
            "as_of_season_cos",
            lambda r: _season(r).cos(),
            driver="calendar",
            unit="ratio",
            label=("time of year, winter (+1) to summer (-1)", "季节：冬（+1）到夏（-1）"),
        ),
        feature(
            "orders_same_season_last_year",
            lambda r: r.sum("orders.n", 365, after=275),
            driver="calendar",
            unit="orders",
            label=("orders in the 90 days that began a year ago", "去年同期起90天内的购买次数"),
            days=365,
        ),
    ]
