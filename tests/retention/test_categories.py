"""The category tree and product lines, against a plain-Python count."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.engine import tables_from_arrow
from retention.profile.categories import LineReference, line_reference, line_shares, price_limits
from retention.profile.category_tree import category_paths, category_tree, line_code

AS_OF = datetime(2024, 1, 1)
PRODUCTS: dict[str, tuple[list[str] | None, str | None]] = {
    "tea": (["Drinks", "Tea"], "premium"),
    "bag": (["Drinks > Tea", "Gifts"], "mass"),
    "mug": (["Gifts > Mugs"], "auxiliary"),
    "pot": (["Kitchen", "Pots", "Iron", "Large"], "main"),
    "odd": (None, None),
}
LINES: list[tuple[str, str, float, str]] = [
    ("a", "tea", 10, "30"),
    ("a", "bag", 20, "10"),
    ("a", "mug", 100, "5"),
    ("a", "tea", 400, "99"),
    ("b", "pot", 100, "80"),
    ("b", "odd", 10, "20"),
    ("b", "mug", 5, "-7"),
    ("c", "odd", 3, "4"),
    ("c", "tea", 0, "50"),
]


def tables(lines: list[tuple[str, str, float, str]] = LINES, *, category_on_line: bool = False, products: bool = True):  # type: ignore[no-untyped-def]
    columns: dict[str, Any] = {
        "customer_id": [customer for customer, *_ in lines],
        "order_id": [f"o{i}" for i in range(len(lines))],
        "occurred_at": pa.array([AS_OF - timedelta(days=days) for _, _, days, _ in lines], pa.timestamp("us")),
        "amount": pa.array([Decimal(amount) for *_, amount in lines], pa.decimal128(18, 4)),
        "product_id": [product for _, product, *_ in lines],
        "quantity": pa.array([1.0] * len(lines)),
    }
    if category_on_line:
        columns["category"] = [(PRODUCTS[product][0] or [None])[0] for _, product, *_ in lines]
    given = {"transactions": pa.table(columns)}
    if products:
        given["products"] = pa.table(
            {
                "product_id": list(PRODUCTS),
                "category": pa.array([path for path, _ in PRODUCTS.values()], pa.list_(pa.string())),
                "line": pa.array([line for _, line in PRODUCTS.values()], pa.string()),
            }
        )
    return tables_from_arrow(given)


@pytest.mark.parametrize(
    ("category", "paths"),
    [
        (None, []),
        (float("nan"), []),
        ([], []),
        (["", None], []),
        ("Drinks", [("Drinks",)]),
        (["Drinks", "Tea"], [("Drinks", "Tea")]),
        (["Drinks > Tea", " Gifts "], [("Drinks", "Tea"), ("Gifts",)]),
        (["Drinks > Tea", "Drinks>Tea"], [("Drinks", "Tea")]),
        (np.array(["饮料", "茶"], dtype=object), [("饮料", "茶")]),
        ([" > "], []),
    ],
)
def test_paths(category: object, paths: list[tuple[str, ...]]) -> None:
    assert category_paths(category) == paths


def test_the_tree_has_parents_levels_and_order() -> None:
    tree = category_tree(category_paths(path) for path, _ in PRODUCTS.values())
    assert list(tree) == sorted(tree)
    tea = tree["Drinks", "Tea"]
    assert (tea.name, tea.parent, tea.level, tea.order, tea.products) == ("Tea", ("Drinks",), 2, 0, 2)
    assert tree["Gifts",].products == 2 and tree["Gifts",].order == 1 and tree["Gifts",].parent is None
    for path, node in tree.items():
        assert node.parent is None or node.parent in tree
        siblings = [other for other in tree.values() if other.parent == node.parent]
        assert sorted(other.order for other in siblings) == list(range(len(siblings)))
        assert path == node.path


def test_line_codes() -> None:
    assert [line_code(value) for value in ("Premium", "高端", "辅助", "main line", "other", None)] == [
        *("premium", "premium", "auxiliary", "main", None, None),
    ]


def test_premium_by_price_needs_three_prices_in_the_category() -> None:
    items = pd.DataFrame({"leaf": ["x", "x", "x", "y", "y", None], "price": [1.0, 2.0, 9.0, 1.0, 9.0, 5.0]})
    assert price_limits(items) == {"x": pytest.approx(2 + 7 / 3)}


def test_lines_dearer_than_the_limit_are_premium_where_no_flag_says_so() -> None:
    lines = [("a", "odd", 5.0, "3"), ("a", "odd", 4.0, "9"), ("a", "tea", 3.0, "4")]
    with tables(lines, category_on_line=True, products=False) as given:
        assert line_reference(given, AS_OF) == LineReference({}, {"1": ["Drinks"]}, {}, {"Drinks": 0})
        found = line_shares(given, AS_OF, LineReference({"Drinks": 3.5}, {"1": ["Drinks"]}))
    assert found is not None
    assert found.loc[0, "premium_share"] == 1.0  # 4 > 3.5; the odd one has no category
    assert found.loc[0, "premium_share_flagged"] == 0.0


def test_one_customer_alone_is_judged_as_in_the_companys_run() -> None:
    with tables() as given:
        reference = line_reference(given, AS_OF)
        together = line_shares(given, AS_OF, reference)
        assert together is not None
        pd.testing.assert_frame_equal(together, line_shares(given, AS_OF))
    for customer in ("a", "b"):
        with tables([line for line in LINES if line[0] == customer]) as own:
            alone = line_shares(own, AS_OF, reference)
            assert alone is not None
            expected = together[together["customer_id"] == customer].reset_index(drop=True)
            pd.testing.assert_frame_equal(alone, expected)


def test_shares_per_customer() -> None:
    with tables() as given:
        found = line_shares(given, AS_OF)
    assert found is not None
    found = found.set_index("customer_id")
    # a: tea 30 premium, bag 10 mass, mug 5 without such a flag; the tea of 400 days ago is over
    assert found.loc["a", "premium_share"] == pytest.approx(30 / 40)
    assert found.loc["a", "premium_share_flagged"] == pytest.approx(1.0)
    assert found.loc["a", "main_share"] == 0.0
    assert found.loc["b", "main_share"] == 1.0 and np.isnan(found.loc["b", "premium_share"])
    # c bought nothing with a line that is known by then
    assert np.isnan(found.loc["c", "premium_share"])


def test_levels_of_the_tree_per_customer() -> None:
    with tables() as given:
        found = line_shares(given, AS_OF)
    assert found is not None
    levels = dict(zip(found["customer_id"], found["categories"], strict=True))
    by_level = {one["level"]: one for one in levels["a"]}
    # bag counts half for Drinks and half for Gifts: Drinks 30 + 5, Gifts 5 + 5
    assert by_level[1]["category"] == "Drinks" and by_level[1]["share"] == pytest.approx(35 / 45)
    assert by_level[1]["count"] == 2 and by_level[1]["line"] == "premium"
    assert by_level[2]["category"] == "Drinks > Tea"
    assert [one["level"] for one in levels["b"]] == [1, 2, 3]
    assert levels["b"][2]["category"] == "Kitchen > Pots > Iron"
    assert levels["c"] == []
    # sales: Kitchen 80, Drinks 35, Gifts 10; the first two reach 80 %
    assert by_level[1]["role"] == "main" and levels["b"][0]["role"] == "main"


def test_breadth_of_two_quarters() -> None:
    lines = [("a", "tea", 10.0, "5"), ("a", "mug", 20.0, "5"), ("a", "tea", 120.0, "5"), ("a", "bag", 200.0, "5")]
    with tables(lines) as given:
        found = line_shares(given, AS_OF)
    assert found is not None
    assert found[["categories_90d", "categories_prior_90d"]].to_numpy().tolist() == [[2.0, 1.0]]


def test_nothing_at_or_after_the_moment_counts() -> None:
    later = [*LINES, ("a", "pot", 0.0, "1000"), ("b", "tea", -5.0, "1000")]
    with tables() as before, tables(later) as after:
        pd.testing.assert_frame_equal(line_shares(before, AS_OF), line_shares(after, AS_OF))
        moved = line_shares(after, AS_OF + timedelta(days=6))
    assert moved is not None and moved.set_index("customer_id").loc["b", "premium_share"] == 1.0


def test_categories_on_the_lines_will_do() -> None:
    with tables(category_on_line=True, products=False) as given:
        found = line_shares(given, AS_OF)
    assert found is not None
    top = {
        customer: one[0]["category"]
        for customer, one in zip(found["customer_id"], found["categories"], strict=True)
        if one
    }
    assert top == {"a": "Drinks", "b": "Kitchen"}


def test_without_categories_and_lines_there_is_nothing_to_say() -> None:
    with tables(products=False) as given:
        assert line_shares(given, AS_OF) is None


def test_the_answer_is_the_same_at_one_thread_and_two() -> None:
    rng = np.random.default_rng(2)
    names = list(PRODUCTS)
    lines = [
        (f"c{rng.integers(40)}", names[rng.integers(5)], float(rng.uniform(0.1, 400)), f"{rng.uniform(1, 90):.2f}")
        for _ in range(3000)
    ]
    with tables(lines) as one, tables(lines[::-1]) as other:
        pd.testing.assert_frame_equal(line_shares(one, AS_OF), line_shares(other, AS_OF))


def test_every_level_tells_parent_order_tier_and_recent_breadth() -> None:
    # ten buyers of tea who spend 10 … 100, and of mugs on the side
    lines = [(f"c{place}", "tea", 120.0, str(10 * (place + 1))) for place in range(10)]
    lines += [("c0", "mug", 20.0, "2"), ("c9", "mug", 20.0, "2"), ("c9", "pot", 30.0, "1")]
    with tables(lines) as given:
        reference = line_reference(given, AS_OF)
        found = line_shares(given, AS_OF)
    assert reference is not None and found is not None
    assert reference.thirds == {
        "1": {"Drinks": [pytest.approx(40.0), pytest.approx(70.0)]},
        "2": {"Drinks > Tea": [pytest.approx(40.0), pytest.approx(70.0)]},
    }
    levels = dict(zip(found["customer_id"], found["categories"], strict=True))
    assert [levels[f"c{place}"][0]["tier"] for place in (0, 2, 3, 5, 6, 9)] == [
        *("low", "low", "medium", "medium", "high", "high")
    ]
    top, second = levels["c9"][0], levels["c9"][1]
    assert (top["parent"], second["parent"]) == (None, "Drinks")
    assert (top["order"], second["category"], second["order"]) == (0, "Drinks > Tea", 0)
    assert top["spent"] == 100.0 and top["share"] == pytest.approx(100 / 103)
    assert (top["count"], top["count_90d"], top["count_prior_90d"]) == (3, 2, 1)
    # three buyers of mugs have no thirds
    assert levels["c9"][2]["tier"] == "unknown"


def test_without_a_main_flag_the_category_decides() -> None:
    lines = [("a", "tea", 5.0, "100"), ("b", "bag", 5.0, "2"), ("c", "tea", 5.0, "1"), ("c", "pot", 5.0, "9")]
    with tables(lines) as given:
        found = line_shares(given, AS_OF)
    assert found is not None
    found = found.set_index("customer_id")
    # sales: Drinks 102, Kitchen 9, Gifts 1, so Drinks alone is main; bag counts half for Drinks
    assert found["main_share"].to_dict() == {"a": 1.0, "b": 0.5, "c": 1.0}  # the pot's own flag says main
    assert found["main_share_flagged"].to_dict() == {"a": 0.0, "b": 0.0, "c": 1.0}
