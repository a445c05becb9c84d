"""The horizon that a company's rhythm asks for."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from evaluation.rhythm import MIN_REPEAT_CUSTOMERS, Rhythm, days_needed, find_rhythm

START = datetime(2015, 1, 1)


def log(every: float, spread: float, days: int, customers: int = 200, seed: int = 3) -> pd.DataFrame:
    """Orders of customers who buy about every so many days, from different first days on."""
    random = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        day = random.uniform(0, min(every, days))
        while day < days:
            rows.append((f"c{customer}", START + timedelta(days=day)))
            day += max(1.0, random.normal(every, spread))
    return pd.DataFrame(rows, columns=["customer_id", "occurred_at"])


def rhythm(orders: pd.DataFrame, days: int, horizon: int) -> Rhythm:
    return find_rhythm(orders, START + timedelta(days=days), horizon)


@pytest.mark.parametrize(
    ("every", "spread", "days", "horizon", "verdict", "recommended"),
    [
        (7, 2, 120, 90, "too_long", 14),
        (7, 2, 120, 30, "fits", 14),
        (7, 2, 120, 14, "fits", 14),
        (30, 2, 730, 30, "fits", 30),
        (30, 2, 730, 90, "fits", 30),
        (30, 2, 730, 14, "too_short", 30),
        (30, 2, 730, 365, "too_long", 30),
        (365, 20, 11 * 365, 90, "too_short", 365),
        (365, 20, 11 * 365, 365, "fits", 365),
    ],
)
def test_verdict_and_recommendation(
    every: float, spread: float, days: int, horizon: int, verdict: str, recommended: int
) -> None:
    found = rhythm(log(every, spread, days), days, horizon)
    assert (found.verdict, found.recommended_days) == (verdict, recommended)
    assert found.warns == (verdict != "fits")
    assert found.every_days == pytest.approx(every, rel=0.05)
    for language in ("en", "zh"):
        said = found.sentence(language)
        assert str(horizon) in said and str(recommended) in said and "{" not in said
        assert ("targets.horizon_days" in said) == found.warns


def test_reach_is_the_share_of_moments_from_which_the_next_order_is_near() -> None:
    """Gaps of 10 and 30 days: from 10 + 20 of 40 days the next order is at most 20 days away."""
    days = [0, 10, 40]
    orders = pd.DataFrame(
        [(f"c{c}", START + timedelta(days=day)) for c in range(MIN_REPEAT_CUSTOMERS) for day in days],
        columns=["customer_id", "occurred_at"],
    )
    assert rhythm(orders, 400, 20).reach == pytest.approx(30 / 40)
    # a customer who orders every day counts once, however many orders that is
    daily = pd.DataFrame([("daily", START + timedelta(days=day)) for day in range(400)], columns=orders.columns)
    both = rhythm(pd.concat([orders, daily]), 400, 20).reach
    assert both == pytest.approx((MIN_REPEAT_CUSTOMERS * 0.75 + 1) / (MIN_REPEAT_CUSTOMERS + 1), abs=1e-4)


def test_a_log_too_short_for_the_rhythm_says_how_long_it_must_be() -> None:
    days = 500
    found = rhythm(log(200, 20, days), days, 30)
    assert (found.verdict, found.wanted_days, found.recommended_days) == ("too_short", 180, 180)
    found = rhythm(log(300, 20, days), days, 30)
    assert (found.wanted_days, found.recommended_days) == (365, 180)
    assert str(days_needed(365)) in found.sentence("en") and str(days_needed(365)) in found.sentence("zh")


def test_no_warning_where_the_log_allows_nothing_better() -> None:
    found = rhythm(log(80, 5, 150), 150, 30)
    assert found.verdict == "too_short" and found.recommended_days == 60 and found.warns
    found = rhythm(log(80, 5, 140), 140, 30)
    assert found.verdict == "too_short" and found.recommended_days == 30 and not found.warns
    assert "targets.horizon_days" not in found.sentence("en")


@pytest.mark.parametrize("customers", [0, MIN_REPEAT_CUSTOMERS - 1])
def test_few_repeat_customers_give_no_recommendation(customers: int) -> None:
    once = pd.DataFrame([(f"o{c}", START) for c in range(500)], columns=["customer_id", "occurred_at"])
    found = rhythm(pd.concat([once, log(30, 2, 300, customers)]), 300, 90)
    assert (found.verdict, found.recommended_days, found.warns) == ("unknown", None, False)
    assert str(customers) in found.sentence("en") and str(MIN_REPEAT_CUSTOMERS) in found.sentence("zh")


def test_an_empty_log_and_several_orders_a_day_do_no_harm() -> None:
    empty = pd.DataFrame({"customer_id": pd.Series(dtype=str), "occurred_at": pd.Series(dtype="datetime64[us]")})
    assert rhythm(empty, 300, 90).verdict == "unknown"
    orders = log(30, 2, 730)
    again = pd.concat([orders, orders.assign(occurred_at=orders["occurred_at"] + timedelta(seconds=1))])
    assert rhythm(again, 730, 90).reach == pytest.approx(rhythm(orders, 730, 90).reach, abs=0.01)
