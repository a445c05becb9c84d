"""What changed: parts that add up to the difference, and who moved where, why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from configs.errors import InvariantError
from retention.baseline import fit_baseline
from retention.changes import PARTS, change_lists, compare, driver_shift, split_difference
from retention.scoring import score
from retention.wording import MAX_LENGTH


@given(hnp.arrays(float, (5, 7), elements=st.floats(0, 1)))
@settings(max_examples=60, deadline=None)
def test_parts_add_up_to_the_difference(values: np.ndarray) -> None:
    ids = [f"c{i}" for i in range(7)]
    p = [pd.Series(row, index=ids) for row in values]
    found = split_difference(*p)
    np.testing.assert_allclose(found[list(PARTS)].sum(axis=1), p[4] - p[0], atol=1e-12)
    np.testing.assert_allclose(found["difference"], found["after"] - found["before"], atol=1e-15)


def test_each_part_answers_for_its_own_step() -> None:
    one = pd.Series([0.5], index=["c"])
    assert split_difference(one, one + 0.1, one + 0.1, one + 0.1, one + 0.1).loc[
        "c", list(PARTS)
    ].tolist() == pytest.approx([0.1, 0, 0, 0])
    assert split_difference(one, one, one + 0.1, one + 0.1, one + 0.1).loc["c", "time"] == pytest.approx(0.1)
    assert split_difference(one, one, one, one + 0.1, one + 0.1).loc["c", "behaviour"] == pytest.approx(0.1)
    assert split_difference(one, one, one, one, one + 0.1).loc["c", "model"] == pytest.approx(0.1)


def test_only_customers_that_all_predictions_know() -> None:
    full = pd.Series([0.1, 0.2, 0.3], index=["a", "b", "c"])
    found = split_difference(full, full, full.drop("a"), full, full.where(full.index != "b"))
    assert found.index.tolist() == ["c"]
    with pytest.raises(InvariantError, match="of customer a do not add up"):
        huge = pd.Series([1e300, 0.0], index=["a", "b"])
        split_difference(huge * 0, huge, -huge, huge, huge * 0 + 1)


def scored(world, **shift):  # type: ignore[no-untyped-def]
    baseline = fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)
    return score(
        world.frame, world.predictions, world.contributions, baseline, world.feature_set, world.settings, **shift
    )


@pytest.fixture(scope="module")
def two(world) -> tuple[pd.DataFrame, pd.DataFrame]:  # type: ignore[no-untyped-def]
    before = scored(world).drop(index=[3]).reset_index(drop=True)
    after = scored(world, events=world.events).drop(index=[0]).reset_index(drop=True)
    after.loc[5, "churn_probability"] = min(1.0, after.loc[5, "churn_probability"] + 0.2)
    after.loc[5, "churn_risk"] = after.loc[5, "churn_probability"]
    after.loc[5, "churn_risk_tier"] = "high" if before.loc[5, "churn_risk_tier"] != "high" else "low"
    more = {"returns": 0.2}
    after.at[5, "drivers"] = [
        {**one, "points": one["points"] + more.get(one["driver"], 0.0)} for one in after.at[5, "drivers"]
    ]
    return before, after


def test_moves_are_counted_and_told(two) -> None:  # type: ignore[no-untyped-def]
    before, after = two
    found = compare(before, after, currency="CNY")
    assert found.left == [before["customer_id"].iloc[0]]
    assert found.appeared == ["c0003"]
    shared = len(set(before["customer_id"]) & set(after["customer_id"]))
    counts = found.tier_moves.groupby("dimension")["customers"].sum()
    assert set(counts) == {shared}
    assert {"churn_risk", "stage", "member_level", "tenure"} <= set(counts.index)
    matrix = found.matrix("churn_risk")
    assert matrix.to_numpy().sum() == shared
    own = found.movers["customer_id"] == after["customer_id"].iloc[5]
    move = found.movers[own & (found.movers["dimension"] == "churn_risk")].iloc[0]
    assert move["why_en"] == "returns and cancellations +20.0 points"
    assert move["why_zh"] == "退货与取消 +20.0个百分点"
    assert (found.movers["before"] != found.movers["after"]).all()


def test_nothing_moves_between_equal_runs(two) -> None:  # type: ignore[no-untyped-def]
    found = compare(two[0], two[0])
    assert found.movers.empty and found.left == [] and found.appeared == []
    assert (found.tier_moves["before"] == found.tier_moves["after"]).all()
    assert change_lists(two[0], two[0]) == [[] for _ in range(len(two[0]))]


def test_lists_tell_the_moves_of_each_customer(two) -> None:  # type: ignore[no-untyped-def]
    before, after = two
    parts = pd.DataFrame(
        {"before": [0.3], "after": [0.5], "data": [0.0], "time": [0.05], "behaviour": [0.15], "model": [0.0]},
        index=[after["customer_id"].iloc[5]],
    )
    found = change_lists(before, after, split=parts)
    kinds = [(one["kind"], one["field"]) for one in found[5]]
    assert kinds[:2] == [("probability", "churn_probability"), ("tier", "churn_risk")]
    assert "time passing +5.0 points, new behaviour +15.0 points" in found[5][0]["text_en"]
    assert "时间推移 +5.0个百分点、新的行为 +15.0个百分点" in found[5][0]["text_zh"]
    new = after["customer_id"].tolist().index("c0003")
    assert found[new] == [
        {
            "kind": "appeared",
            "field": "customer_id",
            "before": None,
            "after": None,
            "difference": None,
            "text_en": "new in this run",
            "text_zh": "本次新增",
        }
    ]
    for one in (one for row in found for one in row):
        assert one["text_en"] and one["text_zh"] and len(one["text_en"]) <= 2 * MAX_LENGTH
    assert change_lists(None, after) == [[] for _ in range(len(after))]


def test_probabilities_of_other_horizons_are_not_compared(two) -> None:  # type: ignore[no-untyped-def]
    before, after = two
    found = change_lists(before.assign(horizon_days=30), after)
    assert not [one for row in found for one in row if one["kind"] == "probability"]


def test_driver_shift_needs_both() -> None:
    assert driver_shift(None, [{"driver": "recency", "points": 1.0}]) == {}
    assert driver_shift([], []) == {}
    shift = driver_shift([{"driver": "a", "points": 0.2}], [{"driver": "b", "points": 0.1}])
    assert shift == {"a": -0.2, "b": 0.1}
