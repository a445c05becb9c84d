"""The rule-based answer and the minimums that lead to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.history import MIN_CUSTOMERS
from configs.settings import TargetSettings
from models.encoding import Encoded
from models.evidence import LabelCounts
from models.golden import SHOWN
from models.rules import MOST_FURTHER, RuleModel
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


NAMES = (
    "orders_ever", "order_days_ever", "days_since_last_order", "days_since_first_order", "mean_gap_days", "gap_cv",
    "overdue_ratio", "spend_ever", "max_order_value_ever",
)  # fmt: skip


def histories(customers: list[tuple[int, int, float, float, float]]) -> Encoded:
    """Features of customers given as order days, orders per day, days between them, silence, amount of an order."""
    rows = []
    for visits, per_day, gap, silence, amount in customers:
        orders, span = visits * per_day, (visits - 1) * gap
        known = visits > 1
        rows.append(
            [orders, visits, silence, silence + span, gap if known else np.nan, 0.0 if visits > 2 else np.nan,
             silence / gap if known else np.nan, orders * amount, amount]
        )  # fmt: skip
    return Encoded(np.array(rows, dtype=np.float64), NAMES, pd.RangeIndex(len(rows)))


def test_three_orders_at_one_moment_are_not_a_rate() -> None:
    """Twenty customers with three orders each, all of one instant, and no day of history."""
    encoded = histories([(1, 3, 1.0, 0.01, 21.0)] * 20)
    labels = pd.DataFrame(np.nan, index=encoded.index, columns=["orders_60d", "spend_60d"])
    answer = RuleModel(TargetSettings(horizon_days=60, lifetime_days=180), [60]).fit(encoded, labels).predict(encoded)
    assert answer["churn_probability"].between(0.3, 0.7).all()
    assert answer["expected_orders"].between(0.5, 3.0).all()
    assert answer["expected_spend"].max() <= 63.0, "no more than was spent so far"


one = st.tuples(
    st.integers(1, 400), st.integers(1, 500), st.floats(1, 900), st.floats(0, 4_000), st.floats(0.01, 1e6)
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(one, min_size=1, max_size=12), st.sampled_from([(30, 90), (90, 365), (60, 180)]))
def test_the_figures_of_a_rule_tell_one_story(
    customers: list[tuple[int, int, float, float, float]], targets: tuple[int, int]
) -> None:
    """Whatever the histories: finite, and orders between the chance of one and a few per visit at the own pace."""
    horizon, lifetime = targets
    encoded = histories(customers)
    labels = pd.DataFrame(np.nan, index=encoded.index, columns=[f"orders_{horizon}d", f"spend_{horizon}d"])
    rule = RuleModel(TargetSettings(horizon_days=horizon, lifetime_days=lifetime), [horizon]).fit(encoded, labels)
    answer = rule.predict(encoded)
    active = 1 - answer["churn_probability"]
    dated = [name for name in answer if name.startswith("next_order")]
    assert np.isfinite(answer.drop(columns=dated).to_numpy()).all()
    assert (answer["expected_orders"] >= active - 1e-12).all()
    visits, span = encoded.values[:, 1], np.maximum(encoded.values[:, 3], encoded.values[:, 1] - 1)
    own = visits / np.maximum(span, 1.0)
    assert (answer["expected_orders"] <= 3 * active * (1 + MOST_FURTHER * horizon * np.minimum(own, 2.0)) + 1e-9).all()
    largest = float(encoded.values[:, 8].max())
    assert (answer["expected_spend"] <= 3.0 * answer["expected_orders"] * largest * (1 + 1e-9)).all()
    assert (answer[dated].dropna() >= 0).all(axis=None)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(one, min_size=1, max_size=10))
def test_the_figures_of_the_models_tell_one_story(suite: ModelSuite, world: Any, rows: list[Any]) -> None:
    """A trained suite asked about histories that it has never seen."""
    strange = histories(rows)
    frame = world.test_frame.iloc[: len(rows)].copy().reset_index(drop=True)
    for name in frame.columns:
        if name in NAMES:
            frame[name] = strange.values[:, NAMES.index(name)]
    frame["mean_order_value_ever"] = strange.values[:, NAMES.index("max_order_value_ever")]
    for days in (30, 90, 365):
        frame[f"orders_{days}d"] = strange.values[:, 0]
    frame["spend_90d"] = frame["spend_ever"]
    answer = suite.predict(frame)
    dated = [name for name in answer if name.startswith(("next_order", "evidence", "churn_evidence", "lifetime_evid"))]
    assert np.isfinite(answer.drop(columns=dated).to_numpy(dtype=np.float64)).all()
    most = {h: float(world.labels[f"orders_{h}d"].max()) for h in suite.horizons_}
    before = np.zeros(len(frame))
    for horizon in suite.horizons_:
        orders = answer[f"orders_{horizon}d"].to_numpy()
        active = 1 - answer[f"churn_probability_{horizon}d"].to_numpy()
        assert (orders >= active - 1e-9).all() and (orders >= before - 1e-9).all()
        assert (orders <= 2 * max(most[horizon], 1.0)).all(), "no more than anybody ever ordered, twice over"
        before = orders
