from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.simulator import SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from configs.errors import NotEnoughDataError
from features.engine import Tables, compute_features, feature_set_for, tables_from_arrow
from retention.profile.company_views import demand_view, fall_since, satisfaction_view

SETTINGS = SimulationSettings(customers=1_500, weeks=100, future_weeks=0, campaigns=(), seed=3)
END = SETTINGS.end


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(SETTINGS)


@pytest.fixture(scope="module")
def tables(company: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_arrow(
        {name: to_arrow(name, company[name]) for name in ("transactions", "customers", "products", "feedback")}
    )


@pytest.fixture(scope="module")
def scores(company: dict[str, pd.DataFrame]) -> pd.DataFrame:
    customers = company["customers"]
    return customers[["customer_id", "region", "customer_type"]].assign(
        lifetime_drivers=[[{"driver": "satisfaction", "points": -10.0}, {"driver": "tenure", "points": 50.0}]]
        * len(customers)
    )


def test_the_planted_fault_is_found_where_and_since_when(tables: Tables, scores: pd.DataFrame) -> None:
    view = satisfaction_view(tables, END, scores)
    fell = view[view["since"].notna() & (view["dimension"] == "region")]
    worst = fell.sort_values("z").iloc[0]
    assert (worst["value"], worst["topic"]) == ("West", "logistics")
    started = pd.Timestamp(END) - pd.Timedelta(weeks=SETTINGS.weeks - 60)
    assert abs((worst["since"] - started).days) <= 35
    assert worst["change"] < -0.25 and worst["bad_share_90d"] > 0.5
    elsewhere = view[(view["dimension"] == "region") & (view["value"] != "West")]
    assert elsewhere["since"].isna().all()


def test_the_cost_is_what_the_model_takes_off_those_who_complained(
    tables: Tables, scores: pd.DataFrame, company: dict[str, pd.DataFrame]
) -> None:
    view = satisfaction_view(tables, END, scores)
    row = view[(view["dimension"] == "all") & (view["topic"] == "service")].iloc[0]
    feedback = company["feedback"]
    recent = feedback["occurred_at"] >= pd.Timestamp(END) - pd.Timedelta(days=365)
    bad = (feedback["kind"] == "complaint") | ((feedback["score"] - 1) / 4 < 0.4)
    unhappy = feedback[recent & bad & (feedback["topic"] == "service")]["customer_id"].nunique()
    assert row["customers"] == unhappy
    assert row["lost_value"] == pytest.approx(10.0 * unhappy)
    assert view["lost_value"].is_monotonic_decreasing
    part = scores.drop(columns="lifetime_drivers").assign(
        drivers=[[{"driver": "satisfaction", "points": 0.1}]] * len(scores), churn_probability=0.5, lifetime_value=60.0
    )
    other = satisfaction_view(tables, END, part, by=())
    assert other.set_index("topic")["lost_value"]["service"] == pytest.approx(unhappy * 60 * 0.1 / 0.6)


def test_scores_without_a_scale_are_read_and_called_low_as_the_features_do() -> None:
    kinds = ["survey"] * 5 + ["nps"] * 5
    given = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 3.0, 4.0, 5.0, 10.0]  # an nps of 4 lies at 0.4, the line itself: not low
    lines = [(f"{place}", f"o{place}", END - timedelta(days=5), Decimal(10)) for place in range(10)]
    tables = {
        "transactions": pa.table(
            {
                "customer_id": [line[0] for line in lines],
                "order_id": [line[1] for line in lines],
                "occurred_at": pa.array([line[2] for line in lines], pa.timestamp("us")),
                "amount": pa.array([line[3] for line in lines], pa.decimal128(18, 4)),
            }
        ),
        "feedback": pa.table(
            {
                "feedback_id": [f"f{place}" for place in range(10)],
                "customer_id": [line[0] for line in lines],
                "occurred_at": pa.array([END - timedelta(days=3)] * 10, pa.timestamp("us")),
                "kind": kinds,
                "score": given,
            }
        ),
    }
    with tables_from_arrow(tables) as own:
        view = satisfaction_view(own, END, pd.DataFrame({"customer_id": [line[0] for line in lines]}), smallest=1)
        frame = compute_features(own, [END], feature_set_for(own))
    assert view["score_90d"].tolist() == pytest.approx([frame["satisfaction_mean_365d"].mean()])
    assert view["bad_share_90d"].tolist() == pytest.approx([frame["low_score_share_365d"].mean()])
    assert view["bad_share_90d"].tolist() == pytest.approx([0.4])


def test_no_fall_is_seen_in_noise() -> None:
    rng = np.random.default_rng(5)
    alarms = sum(fall_since(rng.normal(size=400), rng.uniform(0, 720, 400))[0] is not None for _ in range(300))
    assert alarms <= 6  # 2 %, although the best of 24 moments is taken
    assert fall_since(np.zeros(0), np.zeros(0)) == (None, 0.0)


def orders(rows: list[tuple[int, str, str, int]]) -> pa.Table:
    """(days before the end, customer, category, orders that day)."""
    kept = [
        (f"{customer}", f"{days}-{customer}-{category}-{number}", END - timedelta(days=days), category)
        for days, customer, category, count in rows
        for number in range(count)
    ]
    return pa.table(
        {
            "customer_id": [row[0] for row in kept],
            "order_id": [row[1] for row in kept],
            "occurred_at": pa.array([row[2] for row in kept], pa.timestamp("us")),
            "category": [row[3] for row in kept],
            "amount": pa.array([Decimal(10 if row[3] != "gold" else 90) for row in kept], pa.decimal128(18, 4)),
        }
    )


def test_demand_counts_windows_and_tells_a_fall_from_the_season() -> None:
    rows = [
        (10, "A", "tea", 40), (100, "A", "tea", 40), (370, "A", "tea", 40),
        (10, "A", "ice", 10), (100, "A", "ice", 60), (370, "A", "ice", 12),
        (10, "B", "lamp", 10), (100, "B", "lamp", 60), (370, "B", "lamp", 55),
        (10, "B", "gold", 12), (100, "B", "gold", 12), (370, "B", "gold", 12),
        (500, "A", "tea", 1),
    ]  # fmt: skip
    with tables_from_arrow({"transactions": orders(rows)}) as own:
        view = demand_view(own, END, pd.Series({"A": "one", "B": "two"})).set_index(["segment", "item"])
    ice, lamp, gold = view.loc[("one", "ice")], view.loc[("two", "lamp")], view.loc[("two", "gold")]
    assert (ice["orders"], ice["orders_before"], ice["orders_last_year"]) == (10, 60, 12)
    assert not ice["falling"]  # it fell just so a year ago
    assert lamp["falling"] and lamp["change"] == pytest.approx(10 / 60 - 1)
    assert gold["high_value"] and gold["spend_per_order"] == 90 and not gold["falling"]
    assert view.loc[("one", "tea")]["often"] and view.loc[("one", "tea")]["customers"] == 1


def test_demand_takes_categories_from_the_products_table(tables: Tables, scores: pd.DataFrame) -> None:
    kinds = scores.set_index("customer_id")["customer_type"]
    view = demand_view(tables, END, kinds)
    assert set(view["segment"]) == {"enterprise", "individual"}
    assert view["item"].str.contains(" > ").all()
    per_order = view.groupby("segment")["spend_per_order"].mean()
    assert per_order["enterprise"] > 2 * per_order["individual"]
    with pytest.raises(NotEnoughDataError, match="the order lines have no colour"):
        demand_view(tables, END, kinds, item="colour")


def test_without_feedback_there_is_no_satisfaction_view(company: dict[str, pd.DataFrame], scores: pd.DataFrame) -> None:
    lines = {"transactions": to_arrow("transactions", company["transactions"].head(50))}
    with (
        tables_from_arrow(lines) as own,
        pytest.raises(NotEnoughDataError, match="there is no table feedback; map one"),
    ):
        satisfaction_view(own, END, scores)
