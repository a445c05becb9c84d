"""The date of the next order: the own rhythm inside the horizons, which stay as the models say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.encoding import Encoded
from models.renewal import Ahead, Renewal

NAMES = ("order_days_ever", "mean_gap_days", "gap_cv", "days_since_last_order")
HORIZONS = (30, 90, 180, 365)


def seen(times: list[np.ndarray], today: float) -> tuple[Encoded, np.ndarray]:
    """Features of histories as of a day, and the days until the next order of each."""
    rows, ahead = [], []
    for moments in times:
        past, coming = moments[moments < today], moments[moments >= today]
        if len(past) == 0 or len(coming) == 0:
            continue
        days = np.unique(np.floor(past))
        gaps = np.diff(days)
        mean = gaps.mean() if len(gaps) else np.nan
        rows.append([len(days), mean, gaps.std(ddof=1) / mean if len(gaps) > 1 else np.nan, today - past[-1]])
        ahead.append(coming[0] - today)
    return Encoded(np.array(rows), NAMES, pd.RangeIndex(len(rows))), np.array(ahead)


def buyers(kind: str, rng: np.random.Generator, customers: int = 1_500) -> tuple[list[np.ndarray], float]:
    """Order times of customers and the moment to stand at, in days; whoever is in the log, orders again."""
    if kind == "monthly":
        months = np.arange(np.datetime64("2022-01"), np.datetime64("2025-01"))
        bills = (months.astype("datetime64[D]") - np.datetime64("2022-01-01")).astype(float)
        starts = rng.uniform(0, 500, customers)
        return [
            (bills + day)[bills + day >= start]
            for day, start in zip(rng.integers(0, 28, customers), starts, strict=True)
        ], 600.4
    today = 1_800.0 if kind == "yearly" else 700.0
    found = []
    for _ in range(customers):
        if kind == "yearly":
            mean, shape = 365 * rng.lognormal(0, 0.1), float(rng.choice([20, 150]))
        else:
            mean, shape = 3 + rng.gamma(1.2, 40), 1.0
        times = rng.uniform(-today, 0.9 * today) + np.cumsum(rng.gamma(shape, mean / shape, 2_500))
        found.append(times[times >= 0])
    return found, today


@pytest.mark.parametrize(
    ("kind", "horizon", "error", "against_rate", "coverage"),
    [
        ("monthly", 60, 1.0, 0.15, (0.78, 1.0)),
        ("yearly", 365, 32.0, 0.45, (0.77, 0.86)),
        ("irregular", 180, 16.0, 1.05, (0.74, 0.84)),
    ],
)
def test_dates_follow_the_rhythm(
    kind: str, horizon: int, error: float, against_rate: float, coverage: tuple[float, float]
) -> None:
    """Median error in days and against a constant rate, and what the 80 % interval holds of those who came."""
    encoded, days = seen(*buyers(kind, np.random.default_rng(4)))
    renewal = Renewal.fit(encoded)
    assert renewal is not None
    ahead = renewal.ahead(encoded)
    assert ahead is not None
    came = days < horizon
    churn = np.full((len(days), 1), 0.3)
    low, middle, high = (ahead.days_until((horizon,), churn, np.full(len(days), 0.7 * p)) for p in (0.1, 0.5, 0.9))
    own = float(np.median(np.abs(middle - days)[came]))
    by_rate = -ahead.gap * np.log1p(-0.5 * -np.expm1(-horizon / ahead.gap))
    assert own < error and own < against_rate * float(np.median(np.abs(by_rate - days)[came]))
    assert coverage[0] < float(((low <= days) & (days <= high))[came].mean()) <= coverage[1]


@pytest.fixture(scope="module")
def mixed() -> tuple[Renewal, Ahead]:
    rng = np.random.default_rng(5)
    times = [part for kind in ("monthly", "yearly", "irregular") for part in buyers(kind, rng, 200)[0]]
    encoded, _ = seen(times, 700.0)
    renewal = Renewal.fit(encoded)
    assert renewal is not None
    ahead = renewal.ahead(encoded)
    assert ahead is not None
    return renewal, ahead


@given(
    st.floats(0.5, 2_000), st.floats(0.25, 5_000), st.floats(0, 5_000),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)  # fmt: skip
def test_the_curve_keeps_its_horizons_and_never_rises(
    gap: float, shape: float, silence: float, chances: list[float]
) -> None:
    ahead = Ahead.of(*(np.array([value]) for value in (gap, shape, silence)))
    churn = np.sort(np.array([chances]))[:, ::-1]
    days = [0.0, 0.5, 3, 29, 30, 31, 60, 90, 179, 180, 300, 364, 365]
    path = np.array([ahead.inside(HORIZONS, churn, day)[0] for day in days])
    assert np.isfinite(path).all() and (np.diff(path) <= 1e-12).all() and path[0] == 1
    for horizon, told in zip(HORIZONS, churn[0], strict=True):
        assert path[days.index(horizon)] == pytest.approx(told, abs=1e-12)
    dates = np.array([ahead.days_until(HORIZONS, churn, p * (1 - churn[:, -1]))[0] for p in (0.1, 0.5, 0.9)])
    assert np.isnan(dates).all() if churn[0, -1] == 1 else (np.diff(dates) >= 0).all() and 0 <= dates[0] <= 365


def test_a_date_is_where_the_curve_has_come_to_it(mixed: tuple[Renewal, Ahead]) -> None:
    ahead = mixed[1]
    churn = np.tile([0.8, 0.5, 0.4, 0.2], (len(ahead.gap), 1))
    for wanted in (0.1, 0.35, 0.7):
        days = ahead.days_until(HORIZONS, churn, np.full(len(churn), wanted))
        for row in range(0, len(churn), 37):
            there = [ahead.inside(HORIZONS, churn, float(days[row] + step))[row] for step in (-0.01, 0.01)]
            assert there[1] - 1e-9 <= 1 - wanted <= there[0] + 1e-9


def test_a_rhythm_is_believed_for_as_long_as_the_silence_agrees() -> None:
    silence = np.array([0.0, 20.0, 29.0, 45.0, 120.0])
    ahead = Ahead.of(np.full(5, 30.0), np.full(5, 400.0), silence)
    assert (ahead.rhythm[:3] > 0.9).all() and (ahead.rhythm[3:] < 1e-6).all()
    middle = ahead.days_until((365,), np.full((5, 1), 0.0), np.full(5, 0.5))
    np.testing.assert_allclose(middle[:3], 30 - silence[:3], atol=1.5)
    # afterwards the longer the silence, the later: nobody is due tomorrow for ever
    assert middle[3] < middle[4] > 15


def test_what_is_not_known_of_a_customer_comes_from_the_others(mixed: tuple[Renewal, Ahead]) -> None:
    renewal = replace(mixed[0], gap=50.0, spread=0.04, irregularity=0.1, weight=8.0)
    values = np.array([[1, np.nan, np.nan, 10.0], [2, 200.0, np.nan, 10.0], [40, 200.0, 0.1, 10.0]])
    ahead = renewal.ahead(Encoded(values, NAMES, pd.RangeIndex(3)))
    assert ahead is not None
    assert (
        ahead.gap[0] == pytest.approx(50) and 50 < ahead.gap[1] < 120 and ahead.gap[2] == pytest.approx(200, rel=0.05)
    )
    assert ahead.shape[0] < ahead.shape[1] < ahead.shape[2]


def test_without_gaps_there_is_no_rhythm() -> None:
    once = Encoded(np.array([[1, np.nan, np.nan, 10.0]] * 3), NAMES, pd.RangeIndex(3))
    assert Renewal.fit(once) is None and Renewal.fit(Encoded(np.zeros((3, 1)), ("noise",), pd.RangeIndex(3))) is None


def test_state(mixed: tuple[Renewal, Ahead]) -> None:
    assert Renewal.from_state(mixed[0].state()) == mixed[0]
    with pytest.raises(ValueError, match="rhythm"):
        Renewal.from_state(mixed[0].state() | {"gap": 0})
