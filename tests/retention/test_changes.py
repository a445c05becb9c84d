"""What changed: parts that add up to the difference, and who moved where, why."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from configs.errors import InvariantError
from retention.profile.reference_values import fit_baseline
from retention.scoring.change_split import PARTS, Split, differences, split_difference
from retention.scoring.changes import changes_since, compare, difference_texts, driver_shift, rounded_parts
from retention.scoring.move_reasons import segment_reasons, stage_reasons
from retention.wording import MAX_LENGTH
from tests.retention.conftest import score_world

CAUSES = ["data", "time", "behaviour", "model"]


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
    assert split_difference(one, one + 0.1, one + 0.1, one + 0.1, one + 0.1).loc["c", CAUSES].tolist() == pytest.approx(
        [0.1, 0, 0, 0]
    )
    assert split_difference(one, one, one + 0.1, one + 0.1, one + 0.1).loc["c", "time"] == pytest.approx(0.1)
    assert split_difference(one, one, one, one + 0.1, one + 0.1).loc["c", "behaviour"] == pytest.approx(0.1)
    assert split_difference(one, one, one, one, one + 0.1).loc["c", "model"] == pytest.approx(0.1)
    mixed = split_difference(one, one + 0.1, one + 0.1, one + 0.1, one + 0.1, same_model=False).loc["c"]
    assert mixed["data_or_model"] == pytest.approx(0.1) and mixed["data"] == 0


def test_only_customers_that_all_predictions_know() -> None:
    full = pd.Series([0.1, 0.2, 0.3], index=["a", "b", "c"])
    found = split_difference(full, full, full.drop("a"), full, full.where(full.index != "b"))
    assert found.index.tolist() == ["c"]
    with pytest.raises(InvariantError, match="of customer a do not add up"):
        huge = pd.Series([1e300, 0.0], index=["a", "b"])
        split_difference(huge * 0, huge, -huge, huge, huge * 0 + 1)


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=5), st.integers(-1, 1))
def test_rounded_parts_add_up_and_zero_stays_zero(parts: list[float], off: int) -> None:
    total = round(sum(parts)) + off
    found = rounded_parts(parts, total)
    if any(parts):
        assert sum(found) == total
        assert all(abs(shown - part) < 3 for shown, part in zip(found, parts, strict=True))
    assert all(shown == 0 for shown, part in zip(found, parts, strict=True) if part == 0)


def row(field: str, before: float, after: float, code: str = "", **parts: float) -> dict[str, object]:
    own = dict.fromkeys(PARTS, 0.0) | parts
    return {"customer_id": "c", "field": field, "before": before, "after": after, "difference": after - before} | {
        **own,
        "code": code,
    }


def test_differences_in_words() -> None:
    nothing = dict.fromkeys(PARTS, float("nan"))
    table = pd.DataFrame(
        [
            row("churn_probability", 0.30, 0.42, behaviour=0.09, time=0.03),
            row("expected_spend", 500.4, 380.2, time=-150.6, behaviour=30.4),
            row("lifetime_value", 20.0, 21.5, data_or_model=1.5, code="no_earlier_model"),
            row("churn_probability", 0.42, 0.30, code="later_moment", **nothing),
        ]
    )
    assert difference_texts(table, "en", "CNY") == [
        "Churn risk rose by 12.0 points, from 30.0% to 42.0%: new behaviour +9.0, time passing +3.0",
        "Expected spend fell by CN¥120, from CN¥500 to CN¥380: time passing -150, new behaviour +30",
        "Lifetime value rose by CN¥1.50, from CN¥20.00 to CN¥21.50: corrected data or another model +1.50",
        "Churn risk fell by 12.0 points, from 42.0% to 30.0%: the run before speaks of a later moment",
    ]
    assert difference_texts(table, "zh", "CNY")[0] == (
        "流失风险上升12.0个百分点，由30.0%升至42.0%：新的行为 +9.0、时间推移 +3.0"
    )


def scored(world, **other):  # type: ignore[no-untyped-def]
    baseline = fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)
    return score_world(world, baseline, **other)


@pytest.fixture(scope="module")
def two(world) -> tuple[pd.DataFrame, pd.DataFrame]:  # type: ignore[no-untyped-def]
    earlier = world.events[world.events["occurred_at"] < pd.Timestamp("2023-11-15")]
    before = scored(world, events=earlier).drop(index=[3]).reset_index(drop=True)
    after = scored(world).drop(index=[0]).reset_index(drop=True)
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


def test_moves_of_stage_level_and_segment_have_a_reason(two) -> None:  # type: ignore[no-untyped-def]
    moves = compare(*two, currency="CNY").movers
    for state in ("stage", "segment", "member_level"):
        own = moves[moves["dimension"] == state]
        assert len(own) and (own["why_en"] != "").mean() > 0.95, state
        assert own.loc[own["why_zh"] != "", "why_zh"].str.contains("[\u4e00-\u9fff]").all()
    stage = moves[moves["dimension"] == "stage"]
    back = stage[stage["after"] == "won_back"]
    assert back["why_en"].str.startswith("ordered on ").all()
    assert stage.loc[stage["after"] == "lost", "why_en"].str.contains("silent|expected").all()
    segment = moves[(moves["dimension"] == "segment")]
    assert segment["why_en"].str.startswith("Life-cycle stage: ").any()


def test_the_reason_of_a_stage_is_what_happened_since_the_run_before() -> None:
    then = pd.Timestamp("2024-01-01 08:00")
    before = ["repeat", "at_risk", "repeat", "at_risk", "lost", "at_risk", "prospect"]
    since = ["2024-01-05", "2024-01-06", "2024-01-31", *["2023-12-01"] * 3, "2024-01-09"]
    old = pd.DataFrame({"stage": before, "as_of": then})
    new = pd.DataFrame(
        {
            "stage": ["at_risk", "repeat", "at_risk", "repeat", "at_risk", "lost", "first_time"],
            "stage_because": ["silence", "order", "probability", "order", "silence", "silence", "order"],
            "stage_since": pd.to_datetime(since),
            "churn_probability": [0.5, 0.1, 0.7, 0.3, 0.4, 0.9, np.nan],
        }
    )
    assert stage_reasons(old, new, "en") == [
        "silent beyond the own rhythm since 5 Jan 2024",
        "ordered on 6 Jan 2024",
        "churn risk at 70%, and an order is due or a warning stands",
        "churn risk at 30%, or no order due",
        "an order is expected again (churn risk 40%)",
        "no order is expected any more (churn risk 90%)",
        "ordered on 9 Jan 2024",
    ]
    assert stage_reasons(old, new, "zh")[:2] == ["自2024年1月5日起超出平时节奏未下单", "2024年1月6日下单"]


def test_a_segment_is_explained_by_what_its_conditions_ask_for() -> None:
    old = pd.DataFrame({"stage": ["loyal", "loyal"], "overall_value_tier": ["high", "high"]})
    new = pd.DataFrame({"stage": ["at_risk", "loyal"], "overall_value_tier": ["low", "high"]})

    def told(asked: set[str] | None) -> list[str]:
        return segment_reasons(old, new, "en", name_of=lambda code, lang: code, asked=asked)

    assert told(None) == ["stage: loyal to at risk", "other figures of the segment's condition changed"]
    assert told({"overall_value_tier"})[0] == "overall_value: high to low"


def test_nothing_moves_between_equal_runs(two) -> None:  # type: ignore[no-untyped-def]
    found = compare(two[0], two[0])
    assert found.movers.empty and found.left == [] and found.appeared == []
    assert (found.tier_moves["before"] == found.tier_moves["after"]).all()
    same = differences(two[0], two[0])
    assert (same.table["difference"] == 0).all()
    assert changes_since(two[0], two[0], same).lists == [[] for _ in range(len(two[0]))]


def test_lists_tell_the_moves_of_each_customer(two) -> None:  # type: ignore[no-untyped-def]
    before, after = two
    customer = after["customer_id"].iloc[5]
    table = differences(before, after).table
    own = (table["customer_id"] == customer) & (table["field"] == "churn_probability")
    table.loc[own, list(PARTS)] = [0.0, 0.05, 0.15, 0.0, 0.0]
    changes = changes_since(before, after, Split(table, ("no_earlier_model",)))
    found = changes.lists
    kinds = [(one["kind"], one["field"]) for one in found[5]]
    assert kinds[:2] == [("probability", "churn_probability"), ("tier", "churn_risk")]
    assert found[5][0]["text_en"].endswith(": new behaviour +15.0, time passing +5.0")
    assert found[5][0]["text_zh"].endswith("：新的行为 +15.0、时间推移 +5.0")
    assert changes.differences.loc[own, "text_en"].tolist() == [found[5][0]["text_en"]]
    assert changes.codes == ("no_earlier_model",)
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


def test_moves_of_segments_use_their_names(two) -> None:  # type: ignore[no-untyped-def]
    before, after = (
        table.assign(segment=code, segment_en=f"The {code}", segment_zh=f"客群{code}")
        for table, code in zip(two, ("one", "two"), strict=True)
    )
    found = changes_since(before, after, differences(before, after)).lists[0]
    texts = [(one["text_en"], one["text_zh"]) for one in found if one["field"] == "segment"]
    assert len(texts) == 1
    assert texts[0][0].startswith("Segment: The one to The two (") and texts[0][1].startswith(
        "客群：由客群one变为客群two（"
    )


def test_probabilities_of_other_horizons_are_not_compared(two) -> None:  # type: ignore[no-untyped-def]
    before, after = two
    split = differences(before.assign(horizon_days=30), after)
    assert set(split.table["field"]) == {"lifetime_value"} and split.codes == ("other_horizon",)
    found = changes_since(before.assign(horizon_days=30), after, split).lists
    assert not [one for row in found for one in row if one["kind"] == "probability"]


def test_driver_shift_needs_both() -> None:
    assert driver_shift(None, [{"driver": "recency", "points": 1.0}]) == {}
    assert driver_shift([], []) == {}
    shift = driver_shift([{"driver": "a", "points": 0.2}], [{"driver": "b", "points": 0.1}])
    assert shift == {"a": -0.2, "b": 0.1}
