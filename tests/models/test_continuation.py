"""Beyond the longest horizon with a model: Pareto/NBD's shape from the anchor onwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import TargetSettings
from models.btyd import ParetoNBD
from models.continuation import Continuation
from models.encoding import Encoded, Encoder
from models.golden import SHOWN
from models.probabilistic import buying_history
from models.suite import ModelSuite

DAYS = (120, 180, 365, 1000, 3650)


@pytest.fixture(scope="module")
def encoded(world) -> Encoded:
    bought = world.test_frame["orders_ever"] > 0
    return Encoder(world.context.feature_set).fit(world.frame).transform(world.test_frame[bought])


@pytest.fixture(scope="module")
def going_on(encoded) -> Continuation:
    return Continuation.fit(encoded, 90)


def test_it_is_coherent_whatever_the_anchor_says(encoded, going_on) -> None:
    silence = going_on.silence(encoded, DAYS)
    assert (silence <= 0).all() and (np.diff(silence, axis=1) <= 0).all() and np.ptp(silence[:, 2]) > 0.5
    for start in (np.zeros(len(encoded)), np.full(len(encoded), 40.0)):
        orders = going_on.orders(encoded, DAYS, start)
        assert (orders >= start[:, None]).all() and (np.diff(orders, axis=1) >= 0).all() and np.isfinite(orders).all()


def test_an_anchor_that_agrees_goes_on_as_pareto_nbd(encoded, going_on) -> None:
    history = buying_history(encoded)
    at_anchor = going_on.model.expected_orders(90.0, *history)
    orders = going_on.orders(encoded, DAYS, at_anchor)
    for column, day in enumerate(DAYS):
        wanted = going_on.model.expected_orders(float(day), *history)
        np.testing.assert_allclose(orders[:, column], wanted, rtol=1e-6, atol=1e-8)
    p = going_on.model.probability_no_order(90.0, *history)
    known = (p > 1e-4) & (p < 1 - 1e-4)
    odds = np.log(p / (1 - p))[:, None] + going_on.silence(encoded, DAYS)
    for column, day in enumerate(DAYS[:3]):
        wanted = going_on.model.probability_no_order(float(day), *history)
        np.testing.assert_allclose(1 / (1 + np.exp(-odds[known, column])), wanted[known], atol=1e-5)


def test_what_the_anchor_says_of_a_customer_lasts(encoded, going_on) -> None:
    usual = going_on.model.expected_orders(90.0, *buying_history(encoded))
    once, four = (going_on.orders(encoded, [365], usual * factor)[:, 0] for factor in (1.0, 4.0))
    np.testing.assert_allclose(four, 4 * once, rtol=1e-9)
    # given up by Pareto/NBD, not by the anchor: later orders follow the customer's own pace
    alive = going_on.model.probability_alive(*buying_history(encoded))
    gone = int(np.argmin(alive))
    later = going_on.orders(encoded, [365], np.full(len(encoded), 2.0))[gone, 0]
    assert alive[gone] < 0.05 and later > 2.5


def test_half_of_what_the_anchor_says_of_all_lasts(encoded, going_on) -> None:
    usual = going_on.model.expected_orders(90.0, *buying_history(encoded))
    assert going_on.paced(encoded, usual).pace == pytest.approx(1)
    lively = going_on.paced(encoded, usual * 2.25)
    assert lively.pace == pytest.approx(1 / 1.5)
    further, plain = (one.orders(encoded, [365], usual) - usual[:, None] for one in (lively, going_on))
    np.testing.assert_allclose(further * 1.5, plain, rtol=1e-9)


def test_features_that_do_not_tell_the_history_give_a_general_shape() -> None:
    bare = Encoded(np.zeros((3, 1)), ("noise",), pd.RangeIndex(3), None, None)
    shape = Continuation.fit(bare, 90)
    silence = shape.silence(bare, DAYS)
    assert (silence < 0).all() and (silence == silence[0]).all()
    assert shape.typical_silence(365) == pytest.approx(silence[0, 2])
    assert 1.5 < shape.typical_growth(365) < 365 / 90


def test_state(going_on) -> None:
    again = Continuation.from_state(going_on.state())
    assert again.state() == going_on.state() and again.typical_growth(365) == going_on.typical_growth(365)
    for bad in ({"anchor": 0}, {"model": {**going_on.state()["model"], "r": -1.0}}):
        with pytest.raises(ValueError, match="continuation"):
            Continuation.from_state(going_on.state() | bad)
    assert isinstance(going_on.model, ParetoNBD)


def test_only_deep_enough_horizons_have_a_model(world_of) -> None:
    """500 days: 2.5 windows of 180 days as the main horizon, not five as a longer one."""
    small = {"cutoffs": 6, "step": 30, "days": 500}
    longer = world_of(700, **small).fitted()
    assert longer.churn_ is not None and list(longer.churn_.models_) == [30, 90]
    assert longer.horizons_ == (30, 90, 180, 365) or longer.horizons_ == (30, 90, 180)
    targets = TargetSettings(horizon_days=180, lifetime_days=180)
    shown = world_of(700, **small, targets=targets).fitted()
    assert shown.churn_ is not None and list(shown.churn_.models_) == [30, 90, 180] and shown.churn_.main_ == 180


def test_a_horizon_with_too_little_history_before_it_says_so(world_of) -> None:
    """200 days hold closed windows of 90 days, all of them after hardly any history."""
    world = world_of(900, cutoffs=4, step=20, days=200)
    suite = world.fitted()
    assert suite.churn_ is not None and suite.churn_.main_ == 30 and 90 in suite.horizons_
    answer = suite.predict(world.test_frame)
    assert (answer["churn_evidence_reason"] == "extrapolated_horizon").all()
    assert (answer["churn_evidence"] == "weak").all()
    truth = (world.test_labels["orders_90d"] == 0).mean()
    assert abs(answer["churn_probability"].mean() - truth) < 0.06
    for name, parts in suite.contributions(world.test_frame).items():
        np.testing.assert_allclose(parts.predict(), answer[SHOWN[name]], rtol=1e-9)
    assert ModelSuite.from_files(suite.to_files()).predict(world.test_frame).equals(answer)


def test_lifetime_value_without_discount_is_the_spend_of_that_horizon(world_of) -> None:
    small = {"cutoffs": 5, "step": 60, "days": 700}
    free, usual = (
        world_of(600, **small, targets=TargetSettings(lifetime_days=180, annual_discount=rate)) for rate in (0.0, 0.1)
    )
    answer = free.fitted().predict(free.test_frame)
    np.testing.assert_allclose(answer["lifetime_value"], answer["spend_180d"], rtol=1e-12)
    lower = usual.fitted().predict(usual.test_frame)["lifetime_value"] / answer["lifetime_value"]
    assert ((lower > 1.1 ** (-180 / 365)) & (lower < 1)).all()
