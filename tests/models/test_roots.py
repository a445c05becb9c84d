"""Roots of rising functions, with ends for what has none inside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from models.calibration import keep_total
from models.roots import root_within


def test_a_root_inside_and_beyond_either_end() -> None:
    assert root_within(lambda x: float(np.exp(x)) - 2.0, -5.0, 5.0) == pytest.approx(np.log(2), abs=1e-13)
    assert root_within(lambda x: x + 9.0, -5.0, 5.0) == -5.0
    assert root_within(lambda x: x - 9.0, -5.0, 5.0) == 5.0


def test_totals_of_probabilities_are_kept() -> None:
    raw = np.random.default_rng(1).normal(size=500)
    step = keep_total(0.9, raw, 123.0, "binary")
    assert expit(step.slope * raw + step.intercept).sum() == pytest.approx(123.0, abs=1e-9)
