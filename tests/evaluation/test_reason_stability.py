"""Agreement of reasons between fits: perfect is one, unrelated is what chance gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.errors import InvariantError
from evaluation.reason_stability import GOAL, reason_stability
from features.specs import FeatureSet, FeatureSpec
from models.contract import Contributions
from retention.explanation.reasons import Attribution, attribute

FAMILIES = ("recency", "frequency", "monetary", "satisfaction")
SPECS = FeatureSet(tuple(FeatureSpec(f"x_{name}", name, "transactions", "count", name, name) for name in FAMILIES))


def fitted(values: np.ndarray, level: float = 0.0) -> Attribution:
    table = pd.DataFrame(values, columns=SPECS.names).assign(level=level)
    return attribute(Contributions("logit", np.zeros(len(values)), table), SPECS, target="churn")


def test_equal_fits_agree_and_steps_do_not_count() -> None:
    values = np.random.default_rng(1).normal(size=(200, 4))
    found = reason_stability([fitted(values), fitted(values, level=5.0), fitted(values)])
    assert (found.first_kept, found.first_in_top_two) == (1.0, 1.0)
    assert found.rank_agreement == pytest.approx(1.0)
    assert found.good and found.unstable == [] and found.fits == 3 and found.customers == 200
    assert "level" not in found.by_driver


def test_unrelated_fits_agree_by_chance() -> None:
    rng = np.random.default_rng(2)
    found = reason_stability([fitted(rng.normal(size=(4000, 4))) for _ in range(3)])
    assert found.first_kept == pytest.approx(1 / 4, abs=0.03)
    assert found.by_chance == pytest.approx(1 / 4, abs=0.03)
    assert found.first_in_top_two == pytest.approx(1 / 2, abs=0.03)
    assert abs(found.rank_agreement) < 0.03
    assert not found.good and found.first_kept < GOAL


def test_a_driver_that_comes_and_goes_is_named() -> None:
    base = np.tile([0.5, 0.4, 0.3, 0.0], (100, 1))
    loud = base.copy()
    loud[:20, 3] = 2.0  # satisfaction comes first for twenty customers in one fit, and is nothing in the other
    found = reason_stability([fitted(base), fitted(loud)])
    assert found.first_kept == pytest.approx(0.8)
    assert found.unstable == ["satisfaction"]
    assert found.by_driver["recency"] == 1.0


def test_a_driver_moved_back_is_not_first() -> None:
    rng = np.random.default_rng(3)
    base = np.tile([0.5, 0.4, 0.3, 0.0], (300, 1)) + rng.normal(0, 0.01, (300, 4))
    first, second = base.copy(), base.copy()
    first[:150, 3], second[150:, 3] = 2.0, 2.0  # satisfaction comes first for other customers in each fit
    fits = [fitted(first), fitted(second)]
    found = reason_stability(fits)
    assert found.unstable == ["satisfaction"] and found.first_kept < 0.1
    shown = reason_stability(fits, moved_back=found.unstable)
    assert shown.first_kept == 1.0 and "satisfaction" not in shown.by_driver


def test_two_fits_of_the_same_customers_are_needed() -> None:
    one = fitted(np.ones((3, 4)))
    with pytest.raises(InvariantError, match="two fits or more"):
        reason_stability([one])
    with pytest.raises(InvariantError, match="of the same customers"):
        reason_stability([one, fitted(np.ones((4, 4)))])
