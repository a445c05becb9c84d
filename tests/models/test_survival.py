"""Curves over horizons: order, continuation, date of the next order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survival import continued, days_until, ordered

HORIZONS = (30, 90, 180)
curves = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5)


@given(curves, st.integers(0, 2))
def test_order_holds_and_the_anchor_stays(rows: list[list[float]], anchor: int) -> None:
    curve = np.array(rows)
    result = ordered(curve, anchor)
    assert (np.diff(result, axis=1) <= 0).all()
    np.testing.assert_array_equal(result[:, anchor], curve[:, anchor])


@given(curves)
def test_continuation_and_quantiles_follow_the_order(rows: list[list[float]]) -> None:
    curve = ordered(np.array(rows), 1)
    path = np.array([continued(HORIZONS, curve, days) for days in (10, 30, 60, 90, 179, 180, 400, 900)])
    assert (np.diff(path, axis=0) <= 1e-12).all()
    days = np.array([days_until(HORIZONS, curve, p) for p in (0.1, 0.5, 0.9)])
    known = ~np.isnan(days).any(axis=0)
    assert (np.diff(days[:, known], axis=0) >= -1e-9).all()


def test_a_constant_rate_is_met_inside_the_horizons_and_falls_after() -> None:
    rate = 0.01
    curve = np.exp(-rate * np.array([HORIZONS], dtype=float))
    for days in (1, 30, 45, 180):
        assert continued(HORIZONS, curve, days)[0] == pytest.approx(np.exp(-rate * days))
    assert np.exp(-rate * 365) < continued(HORIZONS, curve, 365)[0] < curve[0, -1]
    for share in (0.1, 0.5):
        assert days_until(HORIZONS, curve, share)[0] == pytest.approx(-np.log(1 - share) / rate)
    assert days_until(HORIZONS, curve, 0.9)[0] > -np.log(0.1) / rate


def test_a_falling_rate_keeps_falling() -> None:
    curve = np.array([[0.9, 0.85, 0.83]])
    assert continued(HORIZONS, curve, 360)[0] > continued(HORIZONS, curve, 180)[0] ** 2


def test_an_order_that_is_not_foreseeable_has_no_date() -> None:
    assert np.isnan(days_until(HORIZONS, np.array([[1.0, 1.0, 1.0]]), 0.5)[0])
    assert days_until(HORIZONS, np.array([[0.0, 0.0, 0.0]]), 0.5)[0] < 2


def test_days_until_inverts_the_curve() -> None:
    curve = np.array([[0.8, 0.45, 0.2], [0.95, 0.9, 0.85]])
    for share in (0.05, 0.1, 0.15):
        days = days_until(HORIZONS, curve, share)
        for row in (0, 1):
            hazard = continued(HORIZONS, curve[[row]], 180)
            assert days[row] > 0 and hazard[0] <= 1
            lower = continued(HORIZONS, curve[[row]], int(np.floor(days[row])))[0]
            upper = continued(HORIZONS, curve[[row]], int(np.ceil(days[row])))[0]
            assert upper - 1e-9 <= 1 - share <= lower + 1e-9
