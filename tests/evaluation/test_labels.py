"""Labels against an independent oracle in sqlite with integer money."""

import functools
import operator
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.labels import (
    SMALLEST_UNTREATED,
    OrderLog,
    days_to_next_order,
    discounted_spend,
    make_labels,
    treated_within,
    without_treated,
)

T0 = datetime(2021, 3, 1)
HORIZONS = (10, 30, 90)


def events_of(rows: list[tuple[str, float, float, bool]]) -> pd.DataFrame:
    """Events from (customer, day, amount, is_order)."""
    return pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "order_id": [f"o{number}" for number in range(len(rows))],
            "occurred_at": pd.to_datetime([T0 + timedelta(days=row[1]) for row in rows]).astype("datetime64[us]"),
            "amount": np.array([row[2] for row in rows], dtype=np.float64),
            "is_order": [row[3] for row in rows],
        }
    )


def keys_of(customers: list[str], days: list[float]) -> pd.DataFrame:
    pairs = [(customer, T0 + timedelta(days=day)) for day in days for customer in customers]
    frame = pd.DataFrame(pairs, columns=["customer_id", "as_of"])
    return frame.astype({"as_of": "datetime64[us]"})


def oracle(events: pd.DataFrame, keys: pd.DataFrame, known_until: datetime) -> pd.DataFrame:
    """The same labels by one SQL query per row and horizon."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("create table events (customer text, at integer, recorded integer, units integer, bought integer)")
        recorded = events["recorded_at"] if "recorded_at" in events else events["occurred_at"]
        db.executemany(
            "insert into events values (?, ?, ?, ?, ?)",
            [
                (c, pd.Timestamp(t).value, pd.Timestamp(r).value, round(a * 10_000), int(o))
                for c, t, r, a, o in zip(
                    events["customer_id"],
                    events["occurred_at"],
                    recorded,
                    events["amount"],
                    events["is_order"],
                    strict=True,
                )
            ],
        )
        end_of_knowledge = pd.Timestamp(known_until).value
        rows = []
        for customer, moment in zip(keys["customer_id"], keys["as_of"], strict=True):
            row = {}
            for horizon in HORIZONS:
                end = (pd.Timestamp(moment) + pd.Timedelta(days=horizon)).value
                orders, units = db.execute(
                    "select coalesce(sum(bought), 0), coalesce(sum(units), 0) from events where customer = ? "
                    "and at >= ? and at < ? and at < ? and recorded <= ?",
                    (customer, pd.Timestamp(moment).value, end, end_of_knowledge, end_of_knowledge),
                ).fetchone()
                closed = end <= end_of_knowledge
                row[f"orders_{horizon}d"] = float(orders) if closed else np.nan
                row[f"spend_{horizon}d"] = units / 10_000 if closed else np.nan
            rows.append(row)
        db.close()
        return pd.DataFrame(rows, index=keys.index)


event_rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "ü"]),
        st.one_of(st.integers(0, 120).map(float), st.floats(0, 120)),
        st.integers(-(10**9), 10**9).map(lambda units: units / 10_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@given(event_rows, st.lists(st.integers(0, 110), min_size=1, max_size=4, unique=True), st.integers(20, 130))
@settings(max_examples=60, deadline=None)
def test_labels_equal_the_oracle(rows: list[tuple[str, float, float, bool]], days: list[int], known: int) -> None:
    events = events_of(rows)
    keys = keys_of(["a", "b", "stranger"], [float(day) for day in days]).sample(frac=1, random_state=1)
    known_until = T0 + timedelta(days=known)
    pd.testing.assert_frame_equal(make_labels(events, keys, HORIZONS, known_until), oracle(events, keys, known_until))


def test_a_row_recorded_later_does_not_count() -> None:
    events = events_of([("a", 5, 10.0, True), ("a", 6, 20.0, True)])
    events["recorded_at"] = pd.to_datetime([T0 + timedelta(days=5), T0 + timedelta(days=200)])
    keys = keys_of(["a"], [0])
    labels = make_labels(events, keys, HORIZONS, T0 + timedelta(days=90))
    assert labels["spend_90d"].tolist() == [10.0]
    pd.testing.assert_frame_equal(labels, oracle(events, keys, T0 + timedelta(days=90)))


def test_bounds_of_the_window() -> None:
    events = events_of([("a", 0, 1.0, True), ("a", 10 - 1e-9, 2.0, True), ("a", 10, 4.0, True)])
    labels = make_labels(events, keys_of(["a"], [0]), (10,), T0 + timedelta(days=50))
    assert labels.iloc[0].tolist() == [2.0, 3.0], "the cut-off itself belongs to the window, its end does not"


def test_returns_are_net_and_no_orders() -> None:
    events = events_of([("a", 1, 30.0, True), ("a", 2, -12.5, False)])
    labels = make_labels(events, keys_of(["a"], [0]), (10,), T0 + timedelta(days=10))
    assert labels.iloc[0].tolist() == [1.0, 17.5]


def test_sums_are_exact_where_floats_are_not() -> None:
    events = events_of([("a", day / 100, 0.1, True) for day in range(1000)])
    labels = make_labels(events, keys_of(["a"], [0]), (10,), T0 + timedelta(days=10))
    assert labels["spend_10d"].iloc[0] == 100.0
    assert functools.reduce(operator.add, [0.1] * 1000) != 100.0  # the plain sum is not exact


def test_sums_are_exact_beyond_two_to_the_53() -> None:
    log = OrderLog(events_of([("a", 1, 1.0, True)]), T0 + timedelta(days=10))
    units = np.array([2**60 + 1, 3, -5], dtype=np.int64)
    log._codes = np.zeros(3, dtype=np.int64)
    assert log._exact(log._codes, units).tolist() == [2**60 - 1]


def test_a_log_without_amounts_has_orders_only() -> None:
    events = events_of([("a", 1, np.nan, True)])
    labels = make_labels(events, keys_of(["a"], [0]), (10,), T0 + timedelta(days=10))
    assert labels["orders_10d"].tolist() == [1.0]
    assert labels["spend_10d"].isna().all()


def test_discounting() -> None:
    events = events_of([("a", 0, 100.0, True), ("a", 365, 110.0, True)])
    keys = keys_of(["a", "b"], [0])
    found = discounted_spend(events, keys, 400, 0.10, T0 + timedelta(days=400))
    assert found.tolist() == pytest.approx([200.0, 0.0])
    assert discounted_spend(events, keys, 401, 0.10, T0 + timedelta(days=400)).isna().all()


def test_days_to_next_order() -> None:
    events = events_of([("a", 3, 1.0, True), ("a", 7.5, 1.0, True), ("b", 2, -1.0, False)])
    found = days_to_next_order(events, keys_of(["a", "b"], [0, 4]), T0 + timedelta(days=30))
    assert found.tolist() == [3.0, np.inf, 3.5, np.inf]


def test_histories_by_day() -> None:
    events = events_of(
        [("a", 0.1, 10.0, True), ("a", 5.2, 4.0, True), ("a", 5.8, 6.0, True), ("a", 9.0, 20.0, True),
         ("b", 3.0, 5.0, True), ("b", 4.0, -5.0, False), ("c", 20.0, 1.0, True)]
    )  # fmt: skip
    table = OrderLog(events, T0 + timedelta(days=30)).histories(T0 + timedelta(days=10))
    assert table.index.tolist() == ["a", "b"]
    assert table.loc["a"].tolist() == [2.0, 9.0, 10.0, 15.0]
    assert table.loc["b"].tolist() == [0.0, 0.0, 7.0, 0.0]


def test_many_cutoffs_are_quick() -> None:
    """200,000 events, 10,000 customers, 15 cut-offs × 4 horizons: the work is per cut-off, not per row."""
    import time

    random = np.random.default_rng(1)
    count, customers = 200_000, [f"c{number}" for number in range(10_000)]
    events = events_of([])
    events = pd.DataFrame(
        {
            "customer_id": random.choice(customers, count),
            "order_id": "x",
            "occurred_at": pd.to_datetime(T0) + pd.to_timedelta(random.uniform(0, 700, count), unit="D"),
            "amount": random.integers(0, 100_000, count) / 100,
            "is_order": True,
        }
    )
    keys = keys_of(customers, [float(day) for day in range(100, 400, 20)])
    began = time.perf_counter()
    labels = make_labels(events, keys, (30, 90, 180, 365), T0 + timedelta(days=700))
    assert time.perf_counter() - began < 3.0
    assert labels.notna().any().all()


treatment_rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.one_of(st.integers(0, 120).map(float), st.floats(0, 120)),
        st.sampled_from(["treated", "treated", "held_out"]),
    ),
    max_size=12,
)


def treatments_from(rows: list[tuple[str, float, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.Series([row[0] for row in rows], dtype=object),
            "treated_at": pd.to_datetime([T0 + timedelta(days=row[1]) for row in rows]).astype("datetime64[us]"),
            "arm": pd.Series([row[2] for row in rows], dtype=object),
        }
    )


@settings(max_examples=60, deadline=None)
@given(rows=treatment_rows, days=st.integers(1, 60))
def test_treated_windows_against_plain_loops(rows: list[tuple[str, float, str]], days: int) -> None:
    treatments, keys = treatments_from(rows), keys_of(["c", "a", "b", "d"], [0.0, 30.0, 10.5])
    expected = [
        any(
            who == customer and arm == "treated" and moment <= at < moment + pd.Timedelta(days=days)
            for who, at, arm in treatments.itertuples(index=False)
        )
        for customer, moment in zip(keys["customer_id"], keys["as_of"], strict=True)
    ]
    assert treated_within(treatments, keys.set_index(np.arange(100, 112)), days).tolist() == expected


def test_what_a_strategy_did_is_left_out_and_the_held_out_speak_for_the_treated() -> None:
    keys = keys_of(["a", "b", "c"], [0.0, 40.0])
    labels = make_labels(events_of([("a", 5.0, 7.0, True)]), keys, (10, 30), T0 + timedelta(days=60))
    treatments = treatments_from([("a", 3.0, "treated"), ("b", 3.0, "held_out"), ("c", 12.0, "treated")])
    found, share = without_treated(labels, keys, treatments, (10, 30))
    assert found["orders_10d"].isna().tolist() == [True, False, False, False, False, False]
    assert found["orders_30d"].isna().tolist() == [True, False, True, True, True, True]  # those of day 40 are open
    assert found["spend_10d"].isna().tolist() == found["orders_10d"].isna().tolist()
    assert share == {10: pytest.approx(1 / 6), 30: pytest.approx(2 / 3)}
    assert labels["orders_10d"].notna().all()  # the argument is left as it was


def test_where_nearly_all_are_contacted_the_labels_stay() -> None:
    keys = keys_of([f"c{place}" for place in range(10)], [0.0])
    labels = make_labels(events_of([]), keys, (10,), T0 + timedelta(days=60))
    most = treatments_from([(f"c{place}", 1.0, "treated") for place in range(9)])
    assert SMALLEST_UNTREATED > 0.1
    found, share = without_treated(labels, keys, most, (10,))
    assert found["orders_10d"].notna().all() and share == {10: 0.0}
    fewer, share = without_treated(labels, keys, most.head(7), (10,))
    assert fewer["orders_10d"].notna().sum() == 3 and share == {10: 0.7}
