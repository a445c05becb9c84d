"""One order cannot move other customers' money, and tails that are real stay whole."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.encoding import Encoded
from models.order_bound import UNBOUNDED, OrderBound, bounded, bounded_spend, most_on_a_day
from models.suite import ModelSuite

HUGE = 25_000_000.0


def bound_of(amount: np.ndarray, customer: np.ndarray | None = None, day: np.ndarray | None = None) -> OrderBound:
    places = np.arange(len(amount))
    return OrderBound.fit(places if customer is None else customer, places if day is None else day, amount)


@pytest.mark.parametrize("spread", [0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("orders", [60, 3_741, 200_000])
def test_log_normal_orders_are_not_cut(spread: float, orders: int) -> None:
    amount = np.random.default_rng(orders).lognormal(3.5, spread, orders)
    bound = bound_of(amount)
    assert bound.orders == 0 and bound.share == 0


@pytest.mark.parametrize(("alpha", "lost"), [(1.2, 0.1), (1.5, 0.03), (2.5, 0.001)])
def test_a_pareto_tail_loses_less_than_the_noise_of_its_sum(alpha: float, lost: float) -> None:
    """The money beyond the bound against the deviation of the sum between logs from the same tail."""
    rng = np.random.default_rng(7)
    logs = [10 * (1 + rng.pareto(alpha, 20_000)) for _ in range(30)]
    sums = np.array([log.sum() for log in logs])
    taken = np.array([bounded(log, bound_of(log).limit).sum() for log in logs])
    assert 1 - np.median(taken / sums) < lost
    assert (sums - taken).mean() < sums.std()


def test_wholesale_customers_are_a_kind_and_not_a_mistake() -> None:
    rng = np.random.default_rng(3)
    retail, wholesale = rng.lognormal(3.5, 0.5, 3_700), rng.lognormal(3.5 + np.log(100), 0.5, 20)
    assert bound_of(np.concatenate([retail, wholesale])).orders == 0
    # and a single one who orders regularly
    amount = np.concatenate([retail, np.full(3, 4_000_000.0)])
    customer = np.concatenate([np.arange(3_700), [9_999] * 3])
    day = np.concatenate([np.zeros(3_700, dtype=np.int64), [1, 40, 80]])
    assert bound_of(amount, customer, day).orders == 0
    # three lines of one day are one order that was split, not a habit
    assert bound_of(amount, customer, np.zeros(3_703, dtype=np.int64)).orders == 3


def test_a_barcode_in_the_price_cell() -> None:
    rng = np.random.default_rng(1)
    amount = np.append(rng.lognormal(3.6, 0.5, 3_741), HUGE)
    bound = bound_of(amount)
    assert bound.orders == 1 and bound.share > 0.98 and bound.limit < 1_500
    # taken back, it cancels out
    assert bounded(np.array([HUGE, -HUGE]), bound.limit).sum() == 0
    again = bound_of(np.append(amount, -HUGE))
    assert again.orders == 2 and again.limit == bound.limit


@given(st.integers(100, 400), st.floats(0.05, 1.5), st.floats(1, 1e13), st.integers(0, 1000))
def test_one_order_of_any_size_moves_little(orders: int, spread: float, size: float, seed: int) -> None:
    amount = np.random.default_rng(seed).lognormal(3.5, spread, orders)
    before, after = bound_of(amount), bound_of(np.append(amount, size))
    first = bounded(amount, before.limit).sum()
    others = bounded(np.append(amount, size), after.limit)[:-1].sum()
    if before.orders == 0:
        assert others == pytest.approx(first), "the others teach what they taught"
    # where an order stood above the bound before, one more moves the bound, but never far
    assert abs(others - first) <= 0.25 * first
    assert after.limit <= 100 * np.sort(amount)[-4]
    assert after.limit > np.quantile(amount, 0.9)


def test_too_few_orders_tell_of_no_bound() -> None:
    assert bound_of(np.array([1.0] * 10 + [HUGE])) == UNBOUNDED
    assert bound_of(np.full(50, np.nan)) == UNBOUNDED and bound_of(np.full(50, -3.0)) == UNBOUNDED


def test_orders_of_a_day_count_as_a_visit_unless_many_a_day_are_usual() -> None:
    assert most_on_a_day(np.array([1] * 500 + [400])) == 3
    assert most_on_a_day(np.array([12] * 500)) == 24


def test_own_spend_within_the_bound() -> None:
    names = ("orders_ever", "spend_ever", "max_order_value_ever")
    values = np.array([[11.0, HUGE + 400, HUGE], [2.0, 2 * HUGE, HUGE], [3.0, 90.0, 40.0], [0.0, np.nan, np.nan]])
    found = bounded_spend(Encoded(values, names, pd.RangeIndex(4)), 500.0)
    assert found is not None
    np.testing.assert_allclose(found, [900, 1000, 90, 0])


@pytest.mark.parametrize("by_rule", [False, True])
def test_a_huge_order_changes_the_others_by_a_few_per_cent(world_of, by_rule: bool) -> None:
    """One order of 25,000,000 in the history and the outcome of one customer among 150 or 700."""
    world = world_of(150 if by_rule else 700, cutoffs=5, days=700)
    clean = world.fitted()
    assert (clean.churn_ is None) == by_rule
    victim = world.frame["customer_id"].value_counts().index[0]
    frame, labels = world.frame.copy(), world.labels.copy()
    limit = OrderBound.fit(
        *(np.arange(400), np.arange(400)), world.frame["mean_order_value_ever"].to_numpy()[:400]
    ).limit
    rows = (frame["customer_id"] == victim).to_numpy()
    moment = frame.loc[rows, "as_of"].iloc[-2] + pd.Timedelta(days=10)
    late = rows & (frame["as_of"] > moment).to_numpy()
    for name in ("spend_ever", "spend_90d"):
        frame.loc[late, name] += HUGE
    frame.loc[late, "mean_order_value_ever"] += HUGE / frame.loc[late, "orders_ever"]
    for horizon in world.context.targets.all_horizons:
        window = rows & ~late & (frame["as_of"] + pd.Timedelta(days=horizon) > moment).to_numpy()
        labels.loc[window, f"spend_{horizon}d"] += limit  # as `evaluation.datasets` lets it teach
    context = dataclasses.replace(world.context, order_bound=limit)
    moved = ModelSuite().fit(frame, labels, context)
    others = world.test_frame[world.test_frame["customer_id"] != victim]
    for name in ("expected_spend", "lifetime_value"):
        before, after = (float(suite.predict(others)[name].sum()) for suite in (clean, moved))
        assert after == pytest.approx(before, rel=0.15 if by_rule else 0.08), name
    again = ModelSuite.from_files(moved.to_files())
    pd.testing.assert_frame_equal(again.predict(others), moved.predict(others))
