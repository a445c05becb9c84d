"""Calibration steps: recovery, shrinkage, totals, state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.errors import BundleError
from models.calibration import Affine, fit_affine, inverse_link, keep_total, step_from_state
from models.encoding import Encoded

RNG = np.random.default_rng(3)


def test_many_rows_recover_the_slope() -> None:
    raw = RNG.normal(0, 2, 40_000)
    target = (RNG.random(40_000) < inverse_link(0.7 * raw + 0.4, "binary")).astype(float)
    step = fit_affine(raw, target, "binary")
    assert step.slope == pytest.approx(0.7, abs=0.03)
    assert step.intercept == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_many_amounts_recover_the_slope(family: str) -> None:
    raw = RNG.normal(0, 1, 40_000)
    mean = np.exp(0.8 * raw - 0.3)
    target = RNG.poisson(mean).astype(float) if family == "poisson" else mean * RNG.gamma(2, 0.5, 40_000)
    step = fit_affine(raw, target, family)  # type: ignore[arg-type]
    assert step.slope == pytest.approx(0.8, abs=0.03)


def test_few_rows_change_little() -> None:
    raw = RNG.normal(0, 1, 20)
    opposite = (raw < 0).astype(float)
    assert 0.6 < fit_affine(raw, opposite, "binary").slope < 1
    assert fit_affine(np.zeros(0), np.zeros(0), "binary") == Affine(1.0, 0.0)


@pytest.mark.parametrize("family", ["binary", "poisson"])
def test_totals_are_kept(family: str) -> None:
    raw = RNG.normal(0, 1, 500)
    step = keep_total(0.8, raw, 123.0, family)  # type: ignore[arg-type]
    assert inverse_link(step.slope * raw + step.intercept, family).sum() == pytest.approx(123.0)  # type: ignore[arg-type]


def test_state_round_trip_and_refusal() -> None:
    step = Affine(0.9, -0.1)
    assert step_from_state(step.state()) == step
    encoded = Encoded(np.zeros((2, 0)), (), pd.RangeIndex(2))
    np.testing.assert_allclose(step.apply(np.array([0.0, 1.0]), encoded), [-0.1, 0.8])
    for bad in ({}, {"kind": "spline"}, {"kind": "affine", "slope": float("nan"), "intercept": 0, "driver": "x"}):
        with pytest.raises(BundleError):
            step_from_state(bad)
