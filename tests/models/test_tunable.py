"""What `holdfast tune` may change reaches trees and stacking; the defaults change nothing."""

from __future__ import annotations

import numpy as np
import pytest

from configs.settings import BoosterSettings, StackingSettings
from models.activity import fit_activity
from models.additive import fit_additive
from models.boosting.booster import gentle_parameters, scaled, size_parameters
from models.encoding import Encoder
from models.probabilistic import fit_history
from models.validation import Split

CHANGES = {"leaves": 3.0, "leaf_rows": 4.0, "l2": 20.0, "learning_rate": 0.5, "feature_fraction": 0.2}


@pytest.fixture(scope="module")
def rows(world):
    encoded = Encoder(world.context.feature_set).fit(world.frame).transform(world.frame)
    known = world.labels["orders_90d"].notna().to_numpy()
    encoded = encoded.rows(known)
    orders = world.labels["orders_90d"].to_numpy(dtype=float)[known]
    half = np.arange(len(orders)) % 2 == 0
    return encoded, orders, Split(np.flatnonzero(half), np.flatnonzero(~half), "customers")


def activity(world, rows, **training):
    encoded, orders, split = rows
    model = fit_activity(
        encoded,
        (orders <= 0).astype(float),
        split,
        horizon=90,
        history=fit_history(encoded),
        feature_set=world.context.feature_set,
        training=world.context.training.model_copy(update=training),
    )
    return model.raw(encoded)


def orders_of(world, rows, **training):
    encoded, orders, split = rows
    model = fit_additive(
        encoded,
        orders,
        split,
        objective="poisson",
        feature_set=world.context.feature_set,
        training=world.context.training.model_copy(update=training),
    )
    return model.raw(encoded)


@pytest.mark.parametrize("fit", [activity, orders_of])
def test_every_factor_reaches_the_trees(world, rows, fit) -> None:
    usual = fit(world, rows)
    np.testing.assert_array_equal(fit(world, rows, boosters=BoosterSettings()), usual)
    for name, value in CHANGES.items():
        assert (fit(world, rows, boosters=BoosterSettings(**{name: value})) != usual).any(), name


def test_the_stacking_settings_reach_the_weights(world, rows) -> None:
    usual = activity(world, rows)
    for changed in (StackingSettings(few_customers=50_000, prior_sd=0.01), StackingSettings(prior_sd=2.0)):
        assert (activity(world, rows, stacking=changed) != usual).any()


@pytest.mark.parametrize("sizes", [size_parameters(5000, 800), gentle_parameters(5000)])
def test_sizes_stay_possible_at_the_ends_of_the_settings(sizes) -> None:
    assert scaled(sizes, BoosterSettings()) == sizes
    small = scaled(sizes, BoosterSettings(leaves=0.25, leaf_rows=0.1, l2=0.01, learning_rate=0.1))
    large = scaled(sizes, BoosterSettings(leaves=8, leaf_rows=20, l2=100, learning_rate=5))
    assert small["num_leaves"] >= 2 and small["min_data_in_leaf"] >= 2 and small["lambda_l2"] > 0
    assert large["num_leaves"] > sizes["num_leaves"] and 0 < large["learning_rate"] <= 1
    assert "max_depth" not in large or 2 ** large["max_depth"] >= large["num_leaves"]
    assert set(small) == set(sizes)
