"""Every family against the plain-Python oracle, on random histories."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from features.catalog import CATALOGUE, FAMILIES
from features.engine import compute_features, feature_set_for, order_events, reference_prices, tables_from_arrow
from tests.features.features_data import AS_OF, Rows, random_tables, to_arrow
from tests.features.features_oracle import customers_at, events_of, oracle, prices_at, visible

# A deviation from sums of squares loses digits where all orders have nearly the same value.
TOLERANCE = {"order_value_spread": 1e-4}
VARIANTS = ["plain", "late", "categories_from_products", "no_amounts"]


def variant(name: str, seed: int) -> dict[str, Rows]:
    tables = random_tables(seed, late=name == "late")
    if name == "categories_from_products":
        for line in tables["transactions"]:
            del line["category"]
    if name == "no_amounts":
        for number, line in enumerate(tables["transactions"]):
            del line["amount"], line["quantity"], line["discount"]
            line["returns_order_id"] = "o0" if number % 7 == 0 else None
    return tables


def mismatches(frame: pd.DataFrame, tables: dict[str, Rows], names: list[str]) -> list[str]:
    wrong = []
    prices: dict[Any, dict[str, float]] = {}
    for row in frame.to_dict("records"):
        as_of = row["as_of"].to_pydatetime()
        prices.setdefault(as_of, prices_at(tables, as_of))
        expected = oracle(tables, row["customer_id"], as_of, prices[as_of])
        for name in names:
            got, want = row[name], expected[name]
            missing = got is None or (isinstance(got, float) and math.isnan(got))
            same = missing if want is None else not missing and equal(got, want, TOLERANCE.get(name, 1e-7))
            if not same:
                wrong.append(f"{row['customer_id']} {as_of} {name}: {got!r}, expected {want!r}")
    return wrong


def equal(got: Any, want: Any, tolerance: float) -> bool:
    if isinstance(want, str):
        return bool(got == want)
    # Logarithms, weights and scores are summed in billionths, so that the sum does not depend on the order.
    return math.isclose(got, float(want), rel_tol=1e-7, abs_tol=tolerance)


@pytest.fixture(scope="module", params=VARIANTS)
def computed(request: pytest.FixtureRequest) -> tuple[list[str], pd.DataFrame, dict[str, Rows]]:
    tables = variant(request.param, 11)
    cutoffs = [AS_OF - timedelta(days=200), AS_OF - timedelta(days=30, hours=7), AS_OF]
    with tables_from_arrow(to_arrow(tables), threads=2) as opened:
        feature_set = feature_set_for(opened)
        frame = compute_features(opened, cutoffs, feature_set)
    return feature_set.names, frame, tables


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_family_equals_oracle(family: Any, computed: tuple[list[str], pd.DataFrame, dict[str, Rows]]) -> None:
    names, frame, tables = computed
    wanted = [feature.name for feature in family() if feature.name in names]
    if not wanted:
        pytest.skip("the family needs columns that this history does not have")
    assert mismatches(frame, tables, wanted) == []


def test_rows_are_the_customers_known_by_then(computed: tuple[list[str], pd.DataFrame, dict[str, Rows]]) -> None:
    _, frame, tables = computed
    for as_of, rows in frame.groupby("as_of"):
        assert rows["customer_id"].tolist() == customers_at(tables, as_of.to_pydatetime())
    assert frame.equals(frame.sort_values(["as_of", "customer_id"]).reset_index(drop=True))


def test_plain_history_offers_the_whole_catalogue() -> None:
    with tables_from_arrow(to_arrow(variant("plain", 3))) as opened:
        assert feature_set_for(opened).names == list(CATALOGUE)


def test_the_oracle_notices_a_wrong_value(computed: tuple[list[str], pd.DataFrame, dict[str, Rows]]) -> None:
    names, frame, tables = computed
    broken = frame.copy()
    broken.loc[0, "orders_ever"] += 1
    assert len(mismatches(broken, tables, names)) == 1


@pytest.mark.parametrize("name", VARIANTS)
def test_order_events_equal_oracle(name: str) -> None:
    tables = variant(name, 5)
    with tables_from_arrow(to_arrow(tables)) as opened:
        frame = order_events(opened, AS_OF)
    expected = []
    for customer in sorted({line["customer_id"] for line in tables["transactions"]}):
        lines = [line for line in visible(tables["transactions"], AS_OF) if line["customer_id"] == customer]
        for event in events_of(lines):
            expected.append((customer, event["order_id"], event["at"], event["is_order"]))
    got = list(
        zip(
            frame["customer_id"],
            frame["order_id"],
            [moment.to_pydatetime() for moment in frame["occurred_at"]],
            frame["is_order"],
            strict=True,
        )
    )
    assert got == expected


def test_reference_prices_equal_oracle() -> None:
    tables = variant("late", 8)
    with tables_from_arrow(to_arrow(tables)) as opened:
        table = reference_prices(opened, AS_OF).to_pylist()
    expected = prices_at(tables, AS_OF)
    assert {row["category"]: pytest.approx(row["unit_price"], rel=1e-12) for row in table} == expected
