"""Carts, conversion and repeat rate by month: counted as by hand, closed windows only, nothing later seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.simulator import SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from features.engine import Tables, tables_from_arrow
from retention.profile.company_figures import FigureRules, company_figures, figure_notes, figures_in_words

NOW = datetime(2024, 6, 1)
SETTINGS = SimulationSettings(customers=400, weeks=60, future_weeks=0, campaigns=(), seed=11)


def made(orders: list[tuple[str, str, float]], events: list[tuple[str, str, str]] | None) -> Tables:
    """Orders of customer, moment, amount; events of customer, moment, kind."""
    tables = {
        "transactions": pa.table(
            {
                "customer_id": [row[0] for row in orders],
                "order_id": [f"O{place}" for place in range(len(orders))],
                "occurred_at": pa.array([datetime.fromisoformat(row[1]) for row in orders], pa.timestamp("us")),
                "amount": pa.array([Decimal(str(row[2])) for row in orders], pa.decimal128(18, 4)),
            }
        )
    }
    if events is not None:
        tables["interactions"] = pa.table(
            {
                "interaction_id": [f"I{place}" for place in range(len(events))],
                "customer_id": [row[0] for row in events],
                "occurred_at": pa.array([datetime.fromisoformat(row[1]) for row in events], pa.timestamp("us")),
                "kind": [row[2] for row in events],
            }
        )
    return tables_from_arrow(tables)


def test_each_figure_counts_what_has_had_its_days() -> None:
    orders = [("z", "2024-01-01", 5.0), ("a", "2024-05-03", 5.0), ("b", "2024-05-11", 5.0), ("b", "2024-05-12", -5.0)]
    orders += [("c", "2024-05-26", 5.0), ("a", "2024-05-20", 5.0), ("d", "2024-06-02", 5.0)]
    events = [
        ("a", "2024-05-02 10:00", "cart"),
        ("a", "2024-05-02 11:00", "cart"),  # the same day: once
        ("b", "2024-05-04", "cart"),  # ordered on the seventh day after, at its very end: too late
        ("b", "2024-05-11", "cart"),  # at the moment of the order
        ("c", "2024-05-26", "cart"),  # still open, although ordered
        ("d", "2024-05-20", "cart"),  # ordered after now
        ("a", "2024-05-02", "browse"),
        ("a", "2024-05-19", "search"),
        ("d", "2024-05-02", "visit"),
        ("d", "2024-05-03", "open"),  # no visit
    ]
    table = company_figures(made(orders, events), NOW, "UTC").set_index("month")
    assert list(table.index) == ["2024-05", "2024-04", "2024-03", "2024-02", "2024-01"]
    may = table.loc["2024-05"]
    assert may[["cart_closed", "cart_ordered", "cart_open"]].tolist() == [4, 2, 1]
    assert may[["visit_closed", "visit_ordered", "visit_open"]].tolist() == [3, 2, 0]
    assert may[["first_closed", "first_open"]].tolist() == [0, 3]
    assert may["cart_abandonment"] == pytest.approx(0.5) and may["conversion"] == pytest.approx(2 / 3)
    assert pd.isna(may["repeat_rate"])
    short = company_figures(made(orders, events), NOW, "UTC", rules=FigureRules(return_days=5)).set_index("month")
    assert short.loc["2024-05", ["first_closed", "first_ordered", "first_open"]].tolist() == [3, 0, 0]
    assert pd.isna(short.loc["2024-01", "first_closed"])  # who orders in the first days of a log may be old
    longer = company_figures(made(orders, events), NOW, "UTC", rules=FigureRules(return_days=19)).set_index("month")
    assert longer.loc["2024-05", ["first_closed", "first_ordered", "first_open"]].tolist() == [2, 1, 1]


def test_months_are_those_of_the_business_zone() -> None:
    orders = [("a", "2024-01-10", 5.0), ("a", "2024-04-30 18:00", 5.0)]
    events = [("a", "2024-04-30 17:00", "cart")]
    for zone, month in (("UTC", "2024-04"), ("Asia/Shanghai", "2024-05")):
        table = company_figures(made(orders, events), NOW, zone).set_index("month")
        assert table["cart_closed"].dropna().to_dict() == {month: 1}


def test_without_interactions_only_the_repeat_rate_is_there_and_that_is_said() -> None:
    table = company_figures(made([("a", "2024-01-01", 5.0), ("b", "2024-04-20", 5.0)], None), NOW, "UTC")
    assert list(figures_in_words(table, "en").columns) == ["month", "first-time buyers", "came back", "repeat rate"]
    assert figure_notes(table, "en", FigureRules())[1:] == [
        "The interactions hold no carts.",
        "The interactions hold no visits, pages or searches.",
    ]
    assert figure_notes(table, "zh", FigureRules())[1:] == ["互动记录里没有加购。", "互动记录里没有访问、浏览或搜索。"]
    april = figures_in_words(table, "zh").set_index("月份").loc["2024-04"]
    assert april.tolist() == ["–", "–", "–*"]  # 42 days are no 90


def test_a_simulated_company_is_counted_as_by_hand() -> None:
    company = simulate(SETTINGS)
    tables = tables_from_arrow({name: to_arrow(name, company[name]) for name in ("transactions", "interactions")})
    now = SETTINGS.end - timedelta(days=20)
    table = company_figures(tables, now, "UTC").set_index("month")
    lines = company["transactions"]
    lines = lines[(lines["amount"] > 0) & (lines["occurred_at"] < now)]
    orders = lines.groupby(["customer_id", "order_id"])["occurred_at"].min().reset_index()
    by_customer = {name: sorted(part["occurred_at"]) for name, part in orders.groupby("customer_id")}
    carts = company["interactions"]
    carts = carts[(carts["kind"] == "cart") & (carts["occurred_at"] < now)]
    carts = carts.groupby(["customer_id", carts["occurred_at"].dt.date])["occurred_at"].min().reset_index(level=0)
    carts = carts[carts["occurred_at"] <= pd.Timestamp(now) - pd.Timedelta(days=7)]
    week = pd.Timedelta(days=7)
    bought = [
        any(at <= moment < at + week for moment in by_customer.get(name, []))
        for name, at in zip(carts["customer_id"], carts["occurred_at"], strict=True)
    ]
    month = carts["occurred_at"].dt.strftime("%Y-%m")
    counted = pd.Series(bought, index=month.to_numpy()).groupby(level=0).agg(["size", "sum"])
    found = table[["cart_closed", "cart_ordered"]].dropna().sort_index().astype(int)
    assert found.to_numpy().tolist() == counted.sort_index().to_numpy().astype(int).tolist() and len(found) > 10
    assert 0.3 < table["cart_abandonment"].mean() < 0.95
