"""The rule-based answer and the minimums that lead to it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.history import MIN_CUSTOMERS
from models.evidence import LabelCounts
from models.golden import SHOWN
from models.suite import ModelSuite


@pytest.mark.parametrize(
    ("counts", "refusal", "doubt"),
    [
        (LabelCounts(0, 0, 0, 0), "no_closed_horizon", ""),
        (LabelCounts(MIN_CUSTOMERS - 1, 3, 300, 300), "too_few_customers", ""),
        (LabelCounts(1000, 3, 49, 3000), "too_few_outcomes", ""),
        (LabelCounts(1000, 3, 3000, 49), "too_few_outcomes", ""),
        (LabelCounts(300, 3, 300, 300), "", "few_labels"),
        (LabelCounts(1000, 1, 500, 500), "", "single_cutoff"),
        (LabelCounts(1000, 4, 500, 500), "", ""),
    ],
)
def test_minimums(counts: LabelCounts, refusal: str, doubt: str) -> None:
    assert counts.refusal == refusal
    if not refusal:
        assert counts.doubt == doubt


@pytest.fixture(scope="module")
def unlabelled(world_of) -> tuple[object, ModelSuite]:
    """300 customers and no closed window at all."""
    world = world_of(300, cutoffs=1, days=400)
    blank = pd.DataFrame(np.nan, index=world.labels.index, columns=world.labels.columns)
    return world, ModelSuite().fit(world.frame, blank, world.context)


def test_without_any_outcome_the_rule_still_ranks(unlabelled) -> None:
    world, suite = unlabelled
    answer = suite.predict(world.test_frame)
    assert suite.churn_ is None and suite.horizons_ == (90,)
    assert (answer["evidence"] == "none").all() and (answer["evidence_reason"] == "no_closed_horizon").all()
    churned = (world.test_labels["orders_90d"] == 0).to_numpy()
    risk = answer["churn_probability"].to_numpy()
    one, other = risk[churned][:, None], risk[~churned][None, :]
    better = (one > other).mean() + (one == other).mean() / 2
    assert better > 0.77  # a model of this company, trained on four times as many customers, reaches 0.80
    assert abs(risk.mean() - churned.mean()) < 0.2
    assert 0.4 < answer["expected_orders"].sum() / world.test_labels["orders_90d"].sum() < 2.5
    assert answer.drop(columns=[c for c in answer if c.startswith("next_order")]).notna().all(axis=None)
    assert (answer["expected_orders"] >= 1 - answer["churn_probability"]).all()


def test_rule_parts_add_up(unlabelled) -> None:
    world, suite = unlabelled
    answer = suite.predict(world.test_frame)
    for name, parts in suite.contributions(world.test_frame).items():
        np.testing.assert_allclose(parts.predict(), answer[SHOWN[name]], rtol=1e-9)
    assert ModelSuite.from_files(suite.to_files()).predict(world.test_frame).equals(answer)


def test_known_outcomes_pull_the_rule(world_of) -> None:
    world = world_of(150, cutoffs=5, days=700)
    suite = world.fitted()
    answer = suite.predict(world.test_frame)
    assert (answer["evidence_reason"] == "too_few_customers").all() and (answer["evidence"] == "weak").all()
    churned = (world.test_labels["orders_90d"] == 0).mean()
    assert abs(answer["churn_probability"].mean() - churned) < 0.08
    low, high = answer["lifetime_value_low"], answer["lifetime_value_high"]
    assert ((low <= answer["lifetime_value"]) & (answer["lifetime_value"] <= high)).all()
    churn = answer[[f"churn_probability_{h}d" for h in suite.horizons_]].to_numpy()
    assert (np.diff(churn, axis=1) <= 0).all()


def test_a_company_of_prospects_only_gets_an_answer(world_of) -> None:
    world = world_of(5, cutoffs=2, days=400, prospects=30)
    strangers = world.frame["orders_ever"] == 0
    suite = ModelSuite().fit(world.frame[strangers], world.labels[strangers], world.context)
    answer = suite.predict(world.frame[strangers])
    assert (answer["evidence_reason"] == "no_orders_yet").all()
    assert answer["churn_probability"].between(0.9, 1).all()
