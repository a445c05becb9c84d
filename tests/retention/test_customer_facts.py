"""What follows from the customers table as of a moment: nothing later is seen, and what cannot be is unknown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.catalogue import LANGUAGES, Lang
from features.engine import Tables, tables_from_arrow
from features.part import part_of
from features.people_extracts import looked_at_only
from reporting.customer_attributes import attribute_lines
from retention.conditions.expressions import Table, parse_condition
from retention.profile.customer_facts import age_on, customer_facts
from retention.strategies.choice import with_profile

NOW = datetime(2024, 6, 1)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def lines(rows: list[tuple[str, str, float]]) -> pa.Table:
    """Orders of customer, product, days before now."""
    return pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "order_id": [f"O{place}" for place in range(len(rows))],
            "occurred_at": pa.array([ago(row[2]) for row in rows], pa.timestamp("us")),
            "amount": pa.array([Decimal(10)] * len(rows), pa.decimal128(18, 4)),
            "product_id": [row[1] for row in rows],
        }
    )


def made(looks: list[tuple[str, str, str | None, float]] = (), known: float = 0.0) -> Tables:  # type: ignore[assignment]
    orders = lines([("a", "P1", 100), ("a", "P1", 20), ("b", "P1", 50), ("c", "P1", -5), ("d", "P2", 3)])
    customers = pa.table(
        {
            "customer_id": ["a", "b", "c", "d"],
            "birthday": pa.array([date(1980, 6, 2), date(2031, 1, 1), date(1900, 1, 1), None], pa.date32()),
            "gender": ["female", "male", None, "other"],
            "interests": pa.array([["Tea", "pottery"], [], None, ["coffee"]], pa.list_(pa.string())),
            "points_balance": [1200.0, 0.0, None, 5.0],
            "points_expire_on": pa.array([date(2024, 6, 15), None, None, date(2024, 5, 31)], pa.date32()),
            "referred_by": [None, "a", "a", "d"],
        }
    )
    tables = {"transactions": orders, "customers": customers}
    if looks:
        tables["interactions"] = pa.table(
            {
                "interaction_id": [f"I{place}" for place in range(len(looks))],
                "customer_id": [row[0] for row in looks],
                "occurred_at": pa.array([ago(row[3]) for row in looks], pa.timestamp("us")),
                "kind": [row[1] for row in looks],
                "product_id": pa.array([row[2] for row in looks], pa.string()),
                "recorded_at": pa.array([ago(min(row[3], known)) for row in looks], pa.timestamp("us")),
            }
        )
    return tables_from_arrow(tables)


def facts(tables: Tables, timezone: str = "UTC") -> pd.DataFrame:
    found = customer_facts(tables, NOW, timezone)
    assert found is not None
    return found.set_index("customer_id")


def said(row: pd.Series, lang: Lang) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in attribute_lines(row.to_dict(), lang)]


def test_ages_are_whole_years_and_impossible_birthdays_are_unknown() -> None:
    found = facts(made())
    assert found["age"].tolist()[0] == 43.0 and found["age"].isna().tolist() == [False, True, True, True]
    assert facts(made(), "Pacific/Auckland")["age"]["a"] == 43.0  # there it is noon of the first of June
    assert age_on(date(1980, 6, 1), date(2024, 6, 1)) == 44.0


def test_referrals_count_those_who_had_ordered_and_nobody_refers_themselves() -> None:
    found = facts(made())
    assert found["referrals"].tolist() == [1.0, 0.0, 0.0, 0.0]  # c orders only later, d named d
    with made() as tables, part_of(tables, ["a"]) as part:
        assert facts(part)["referrals"].tolist() == [1.0]


def test_referrals_are_unknown_where_nobody_keeps_them() -> None:
    nobody = pa.table({"customer_id": ["a"], "referred_by": pa.array([None], pa.string())})
    tables = tables_from_arrow({"transactions": lines([("a", "P1", 9)]), "customers": nobody})
    assert "referrals" not in facts(tables)


def test_a_look_counts_until_there_is_an_order_and_only_if_it_was_known() -> None:
    looks = [("a", "search", None, 10.5), ("b", "browse", "P9", 60), ("d", "cart", "P1", -1), ("c", "visit", "P1", 2)]
    found = facts(made(looks, known=9))
    assert found["looked_days"]["a"] == 10.0
    assert found["looked_days"][["b", "c", "d"]].isna().all()  # bought since; a mere visit; still to come
    assert facts(made([("a", "search", None, 10.5)], known=-1))["looked_days"].isna().all()


def test_what_was_looked_at_and_not_bought_since() -> None:
    looks = [("a", "browse", "P1", 30), ("a", "browse", "P2", 30), ("a", "cart", "P2", 8), ("a", "browse", "P3", 90)]
    looks += [("d", "browse", "P2", 3), ("b", "browse", "P1", 5), ("b", "open", "P4", 5)]
    found = looked_at_only(made(looks, known=3), NOW, "product_id", 60)
    assert found[["customer_id", "item", "looks"]].to_numpy().tolist() == [["a", "P2", 2], ["b", "P1", 1]]
    assert found["looked_at"][0] == pd.Timestamp(ago(8))
    assert looked_at_only(made(), NOW, "product_id", 60).empty


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"age": "> 40"}, ["a"]),
        ({"gender": ["female", "other"]}, ["a", "d"]),
        ({"interests": "tea"}, ["a"]),
        ({"interests": ["tea", "coffee"]}, ["a", "d"]),
        ({"not": {"interests": "tea"}}, ["b", "d"]),
        ({"interests": "present"}, ["a", "b", "d"]),
        ({"points_balance": "> 0", "points_expire_days": "0..30"}, ["a"]),
        ({"points_expire_days": "< 0"}, ["d"]),
        ({"referrals": ">= 1"}, ["a"]),
        ({"referred_by": "present"}, ["b", "c", "d"]),
        ({"looked_days": "1..14"}, ["a"]),
    ],
)
def test_conditions_may_name_them(source: dict[str, Any], expected: list[str]) -> None:
    profile = customer_facts(made([("a", "search", None, 10)], known=10), NOW, "UTC")
    table = with_profile(pd.DataFrame({"customer_id": ["a", "b", "c", "d"]}), profile)
    held = parse_condition(source, place="test").holds(Table(table))
    assert table["customer_id"][np.asarray(held)].tolist() == expected


def test_the_page_tells_them_in_both_languages() -> None:
    found = facts(made([("a", "search", None, 10.5)], known=10.5)).reset_index()
    told = {lang: said(found.iloc[0], lang) for lang in LANGUAGES}
    assert told["en"] == [
        ("Age", "43"),
        ("Gender", "female"),
        ("Interests", "Tea, pottery"),
        ("Points", "1,200, until 15 Jun 2024"),
        ("Referrals", "brought 1 customer who has ordered"),
        ("Last look", "looked, searched or filled a cart 10 days ago, no order since"),
    ]
    assert told["zh"] == [
        ("年龄", "43岁"),
        ("性别", "女"),
        ("兴趣", "Tea、pottery"),
        ("积分", "1,200分，2024年6月15日到期"),
        ("推荐客户", "带来1位已下单的客户"),
        ("最近浏览", "10天前看过、搜过或加购，尚未下单"),
    ]
    assert said(found.iloc[1], "zh")[0] == ("年龄", "未知；登记的生日2031年1月1日不可能成立")
    assert attribute_lines(None, "en") == ()
