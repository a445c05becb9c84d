"""RFM quintiles against pandas, and as conditions of segments see them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention.conditions.expressions import parse_condition
from retention.profile.reference_values import Baseline, fit_baseline
from retention.profile.rfm import PARTS, fit_quintiles, quintile_limits, quintiles
from tests.retention.conftest import score_world


def oracle(values: pd.Series) -> pd.Series:
    """Quintiles of ranks by pandas; equal values share the lowest of theirs."""
    cut = pd.qcut(values.rank(method="first"), 5, labels=False) + 1
    return cut.groupby(values).transform("min").astype(float)


def frame_of(values: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"orders_ever": values, "days_since_last_order": 500.0 - values, "spend_ever": values})


@given(st.lists(st.integers(1, 400), min_size=10, max_size=120))
@settings(max_examples=200, deadline=None)
def test_quintiles_are_those_of_pandas_over_ranks(numbers: list[int]) -> None:
    values = pd.Series(numbers, dtype=float)
    frame = frame_of(values)
    found = quintiles(frame, fit_quintiles(frame))
    for name in PARTS:
        assert found[name].tolist() == oracle(values).tolist(), name


def test_without_ties_the_fifths_are_equal() -> None:
    values = pd.Series(np.random.default_rng(0).permutation(100) + 1.0)
    found = quintiles(frame_of(values), fit_quintiles(frame_of(values)))
    for name in PARTS:
        assert found[name].value_counts().to_dict() == dict.fromkeys((1.0, 2.0, 3.0, 4.0, 5.0), 20)
    latest = found["recency_quintile"][values > 80]
    assert set(latest) == {5.0}


def test_equal_values_share_the_lowest_quintile() -> None:
    values = pd.Series([1.0] * 60 + [2.0] * 20 + [3.0] * 20)
    found = quintiles(frame_of(values), fit_quintiles(frame_of(values)))["frequency_quintile"]
    assert found.groupby(values).unique().map(list).to_dict() == {1.0: [1.0], 2.0: [4.0], 3.0: [5.0]}
    assert quintile_limits(np.full(20, 7.0)) == [None] * 4


def test_small_companies_and_customers_without_orders_have_none() -> None:
    nine = frame_of(pd.Series(np.arange(9) + 1.0))
    assert fit_quintiles(nine) == {} and quintiles(nine, {}).isna().all(axis=None)
    twenty = frame_of(pd.Series(np.arange(20) + 1.0))
    never = twenty.assign(orders_ever=0.0)
    assert quintiles(never, fit_quintiles(twenty)).isna().all(axis=None)
    no_amounts = twenty.assign(spend_ever=np.nan)
    found = quintiles(no_amounts, fit_quintiles(no_amounts))
    assert found["monetary_quintile"].isna().all() and found["frequency_quintile"].notna().all()


@pytest.fixture(scope="module")
def fitted(world) -> Baseline:  # type: ignore[no-untyped-def]
    return fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)


def test_scores_hold_them_and_conditions_may_ask(world, fitted) -> None:  # type: ignore[no-untyped-def]
    assert Baseline.from_json(fitted.to_json()).quintiles == fitted.quintiles
    scores = score_world(world, fitted)
    bought = (world.frame["orders_ever"] > 0).to_numpy()
    for name, feature in {"frequency_quintile": "orders_ever", "monetary_quintile": "spend_ever"}.items():
        assert scores.loc[bought, name].tolist() == oracle(world.frame.loc[bought, feature]).tolist()
        assert scores.loc[~bought, name].isna().all()
    asked = parse_condition({"recency_quintile": "<= 2", "monetary_quintile": 5}, place="test")
    expected = (scores["recency_quintile"] <= 2) & (scores["monetary_quintile"] == 5)
    assert expected.any() and asked.holds(scores).tolist() == expected.tolist()


def test_one_customer_alone_has_the_quintile_of_the_run(world, fitted) -> None:  # type: ignore[no-untyped-def]
    together = quintiles(world.frame, fitted.quintiles)
    for row in (0, 17, 230):
        alone = quintiles(world.frame.iloc[[row]].reset_index(drop=True), fitted.quintiles)
        pd.testing.assert_frame_equal(alone, together.iloc[[row]].reset_index(drop=True))


def test_a_bundle_of_an_earlier_version_knows_none(world, fitted) -> None:  # type: ignore[no-untyped-def]
    scores = score_world(world, replace(fitted, quintiles={}))
    assert scores[list(PARTS)].isna().all(axis=None)
