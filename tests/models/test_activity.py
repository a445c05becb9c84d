"""Activity: the mean of log-odds, the stacking weights, the step of Pareto/NBD and its parts."""

from __future__ import annotations

import numpy as np
import pytest

from configs.errors import BundleError
from configs.settings import TargetSettings
from models.activity import prior_weights, stack
from models.calibration import inverse_link, step_from_state
from models.probabilistic import HistoryStep, fit_history, silence_log_odds
from models.suite import ModelSuite

PRIOR = np.array([0.45, 0.45, 0.1])


def encoded_of(suite, frame):
    return suite.encoder_.transform(frame[frame["orders_ever"] > 0])


def test_one_parameter_set_serves_every_horizon(suite) -> None:
    steps = {h: model.steps[0] for h, model in suite.churn_.models_.items()}
    assert all(isinstance(step, HistoryStep) for step in steps.values())
    assert len({step.model for step in steps.values()}) == 1
    assert [step.horizon for step in steps.values()] == list(steps)


def test_parts_of_the_history_add_up_and_do_not_depend_on_other_rows(world, suite) -> None:
    encoded = encoded_of(suite, world.test_frame)
    step = suite.churn_.models_[90].steps[0]
    base, parts = step.parts(encoded)
    np.testing.assert_allclose(base + parts, step.apply(np.zeros(len(encoded)), encoded), atol=1e-12)
    assert len(np.unique(base)) == 1
    alone = encoded.rows(np.array([7]))
    assert step.parts(alone)[1][0] == parts[7]
    assert "recency" in suite.contributions(world.test_frame)["churn"].values


def test_history_step_comes_back_from_json(world, suite) -> None:
    step = suite.churn_.models_[90].steps[0]
    encoded = encoded_of(suite, world.test_frame)
    again = step_from_state(step.state())
    np.testing.assert_array_equal(
        again.apply(np.zeros(len(encoded)), encoded), step.apply(np.zeros(len(encoded)), encoded)
    )
    for broken in ({"weight": 2.0}, {"horizon": 0}, {"model": {"r": 1.0}}, {"typical": [1.0, 2.0]}):
        with pytest.raises(BundleError):
            step_from_state(step.state() | broken)


def test_the_history_is_told_beside_the_typical_customer(world, suite) -> None:
    step = suite.churn_.models_[90].steps[0]
    rows = world.test_frame.head(3).copy()
    purchases, last, first = step.typical
    rows["orders_ever"] = purchases
    rows["days_since_last_order"] = [last, min(last * 2, first), last / 2]
    rows["days_since_first_order"] = first
    if "order_days_ever" in rows:
        rows["order_days_ever"] = purchases
    _, parts = step.parts(encoded_of(suite, rows))
    assert parts[0] == pytest.approx(0, abs=1e-9)
    assert parts[1] > 0 > parts[2]  # silent for longer, and for less time, than the typical customer


def test_odd_histories_never_fail(world, suite) -> None:
    odd = world.test_frame.head(4).copy()
    odd["days_since_last_order"] = [np.nan, 0.0, 50.0, 1e6]
    odd["days_since_first_order"] = [np.nan, 0.0, 10.0, 1e6]
    odd["orders_ever"] = [1.0, 5.0, 3.0, 1.0]
    encoded = suite.encoder_.transform(odd)
    model = fit_history(encoded)
    assert model is not None
    assert np.isfinite(silence_log_odds(model, encoded, 90)).all()
    assert np.isfinite(suite.predict(odd)["churn_probability"]).all()


def test_stacking_follows_the_evidence_and_the_prior() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 1.5, 4000)
    churned = (rng.random(4000) < inverse_link(truth, "binary")).astype(float)
    parts = np.column_stack([rng.normal(0, 1.5, 4000), truth + 0.8, rng.normal(0, 1.5, 4000)])
    assert stack(parts, churned, PRIOR, evidence=4000)[1] >= 0.8  # a wrong level does not count against a part
    np.testing.assert_allclose(stack(parts, churned, PRIOR, evidence=1e-6), PRIOR)
    np.testing.assert_array_equal(stack(parts, np.ones(4000), PRIOR, evidence=4000), PRIOR)


def test_few_customers_lean_on_the_history(world, suite) -> None:
    encoded = encoded_of(suite, world.frame)
    churned = (np.arange(len(encoded)) % 2).astype(float)
    few = encoded.rows(np.arange(40))
    many, small = prior_weights(encoded, churned), prior_weights(few, churned[:40])
    assert small[2] > many[2] and small.sum() == pytest.approx(1) == many.sum()


def test_without_amounts_and_without_span(world_of) -> None:
    world = world_of(400, cutoffs=3, amounts=False, targets=TargetSettings(horizon_days=90, horizons=(30, 90)))
    suite = world.fitted()
    again = ModelSuite.from_files(suite.to_files())
    assert again.predict(world.test_frame).equals(suite.predict(world.test_frame))
    assert suite.to_files() == world.fitted().to_files()
