"""The interval of a zero-inflated amount."""

from __future__ import annotations

import numpy as np
import pytest

from configs.errors import BundleError
from models.intervals import ZeroInflatedInterval, default_interval, fit_interval, widened


def amounts(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    churn = rng.beta(0.7, 1.2, n)
    conditional = rng.lognormal(4, 1, n)
    active = rng.random(n) >= churn
    spread = 0.3 + churn
    amount = np.where(active, conditional * rng.lognormal(-(spread**2) / 2, spread), 0.0)
    return churn, conditional, amount, active


def test_coverage_on_new_rows() -> None:
    interval = fit_interval(*amounts(4000, 1), 0.8)
    churn, conditional, amount, _ = amounts(20_000, 2)
    low, high = interval.bounds(churn, conditional)
    assert ((amount >= low) & (amount <= high)).mean() == pytest.approx(0.8, abs=0.02)
    value = (1 - churn) * conditional
    assert (low <= value).all() and (value <= high).all()
    sure = churn < 0.05
    assert (low[sure] > 0).mean() > 0.8


def test_no_evidence_gives_the_default() -> None:
    interval = fit_interval(*amounts(40, 1), 0.8)
    assert not interval.calibrated and interval.level == 0.8
    low, high = default_interval(0.8).bounds(np.array([0.0, 0.95]), np.array([100.0, 100.0]))
    assert low[0] == pytest.approx(-100 * np.log(0.9), rel=0.02) and high[0] == pytest.approx(230, rel=0.02)
    assert low[1] == 0 and high[1] == pytest.approx(5)


def test_state_round_trip_and_refusal() -> None:
    interval = fit_interval(*amounts(1000, 1), 0.8)
    again = ZeroInflatedInterval.from_state(interval.state())
    churn, conditional, _, _ = amounts(100, 3)
    np.testing.assert_array_equal(again.bounds(churn, conditional), interval.bounds(churn, conditional))
    for bad in ({}, interval.state() | {"level": 2}, interval.state() | {"centres": []}):
        with pytest.raises(BundleError):
            ZeroInflatedInterval.from_state(bad)


def test_an_error_that_all_share_widens_by_its_variance() -> None:
    own, shared = 0.4, 0.3
    rng = np.random.default_rng(4)
    n = 40_000
    amount = 50 * rng.lognormal(0, own, n)
    narrow = fit_interval(np.full(n, 1e-9), np.full(n, 50.0), amount, np.ones(n, dtype=bool), 0.8)
    assert widened(narrow, 0.0) is narrow
    wide = widened(narrow, shared)
    assert (np.diff(wide.ratios, axis=1) >= 0).all() and wide.level == narrow.level
    churn, conditional = np.array([1e-9]), np.array([50.0])
    (low, high), (wider_low, wider_high) = narrow.bounds(churn, conditional), wide.bounds(churn, conditional)
    assert np.log(high / low)[0] == pytest.approx(2 * 1.2816 * own, rel=0.03)
    assert np.log(wider_high / wider_low)[0] == pytest.approx(2 * 1.2816 * np.hypot(own, shared), rel=0.03)
