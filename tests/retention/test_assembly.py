"""The scores table as a whole: sums on every row, promises that are checked, nothing that depends on the others."""

from __future__ import annotations

import inspect
import math
from dataclasses import MISSING, fields, replace

import numpy as np
import pandas as pd
import pytest

from configs.errors import InvariantError
from features.specs import DRIVERS
from models.contract import Contributions
from retention.contacts.segments import load_segments
from retention.explanation.summary import LONGEST
from retention.explanation.warnings import UNITS
from retention.profile.dimensions import DIMENSIONS
from retention.profile.reference_values import fit_baseline
from retention.profile.sign_records import SignRecord
from retention.schema import column_order
from retention.scoring.assembly import MAX_MONEY_REASONS, _numbers, score
from retention.scoring.inputs import History, Predicted, Rules
from retention.scoring.next_order import conditional
from retention.scoring.promises import check_scores
from tests.retention.conftest import score_world


@pytest.fixture(scope="module")
def baseline(world):  # type: ignore[no-untyped-def]
    return fit_baseline(world.frame, world.predictions, world.feature_set, world.settings, profile=world.profile)


@pytest.fixture(scope="module")
def scores(world, baseline):  # type: ignore[no-untyped-def]
    return score_world(world, baseline)


def test_the_table_has_every_column_of_the_design(scores) -> None:  # type: ignore[no-untyped-def]
    needed = [
        *("customer_id", "as_of", "horizon_days", "churn_probability", "next_order_date", "expected_orders"),
        *("expected_spend", "headroom", "lifetime_days", "lifetime_value", "lifetime_value_low", "lifetime_value_high"),
        *("stage", "member_level", "segment", "reasons", "warnings", "strategies", "changes"),
        *("model_version", "feature_fingerprint", "scored_at"),
        *(name for code in DIMENSIONS for name in (code, f"{code}_tier", f"{code}_evidence")),
    ]
    assert set(needed) <= set(scores.columns)
    assert list(scores.columns) == column_order(list(scores.columns))
    assert scores.columns.is_unique


def test_the_date_of_the_next_order_is_a_day_of_the_business_zone(world) -> None:  # type: ignore[no-untyped-def]
    frame = world.frame.assign(as_of=pd.Timestamp("2024-03-31 16:00"))  # midnight in Shanghai
    zone = world.settings.data.model_copy(update={"timezone": "Asia/Shanghai"})
    settings = world.settings.model_copy(update={"data": zone})
    found = _numbers(frame, world.predictions.assign(next_order_days=2.3), settings)["next_order_date"]
    assert set(found) == {pd.Timestamp("2024-04-03")}


def test_the_next_order_of_who_will_rather_not_come_back_is_conditional(world, scores) -> None:  # type: ignore[no-untyped-def]
    targets = world.settings.targets.model_copy(update={"horizon_days": 90, "lifetime_days": 365})
    said = pd.DataFrame(
        {
            "next_order_days": [20.0, 40.0, 300.0, 300.0, 20.0, np.nan],
            "churn_probability": [0.2, 0.7, 0.9, 0.95, 0.2, 0.9],
            "churn_probability_365d": [0.05, 0.3, 0.1, 0.6, 0.05, 0.9],
        }
    )
    stage = np.array(["loyal", "repeat", "loyal", "repeat", "lost", "prospect"], dtype=object)
    # a yearly buyer's day lies beyond the horizon and can be counted on
    assert conditional(said, stage, targets) == [False, True, False, True, True, None]
    known = scores["next_order_date"].notna()
    assert scores["next_order_conditional"].isna().equals(~known)
    assert set(scores.loc[known & (scores["stage"] == "lost"), "next_order_conditional"]) == {True}
    assert set(scores.loc[known, "next_order_conditional"]) == {True, False}


@pytest.mark.parametrize(
    ("target", "base", "drivers", "tolerance"),
    [
        ("churn_probability", "churn_base", "drivers", 1e-9),
        ("expected_spend", "spend_base", "spend_drivers", 1e-9),
        ("lifetime_value", "lifetime_base", "lifetime_drivers", 1e-9),
    ],
)
def test_reasons_add_up_to_what_is_shown_on_every_row(scores, target, base, drivers, tolerance) -> None:  # type: ignore[no-untyped-def]
    total = scores[base] + [sum(one["points"] for one in row) for row in scores[drivers]]
    gap = (total - scores[target]).abs() / scores[target].abs().clip(lower=1.0)
    assert gap.max() <= tolerance
    assert all({one["driver"] for one in row} <= DRIVERS.keys() for row in scores[drivers])


def test_reasons_shown_are_drivers_of_the_sum(scores, world) -> None:  # type: ignore[no-untyped-def]
    for column, drivers, most in (
        ("reasons", "drivers", 5),
        ("spend_reasons", "spend_drivers", MAX_MONEY_REASONS),
        ("lifetime_reasons", "lifetime_drivers", MAX_MONEY_REASONS),
    ):
        for shown, every in zip(scores[column], scores[drivers], strict=True):
            points = {one["driver"]: one["points"] for one in every}
            assert len(shown) <= most
            assert len({one["driver"] for one in shown}) == len(shown)
            difference = math.fsum(points.values())
            if shown and shown[0]["points"] is not None:
                assert shown[0]["facts"] and shown[0]["points"] * difference > 0
            factless = [not one["facts"] for one in shown]
            assert factless == sorted(factless) and sum(factless) <= 1
            for one in shown if difference and shown and shown[0]["points"] is not None else []:
                assert one["points"] == points[one["driver"]]
                assert one["direction"] == ("raises" if one["points"] > 0 else "lowers")
                assert one["actionable"] == DRIVERS[one["driver"]].actionable
                assert len(one["text_en"]) <= 90 and len(one["text_zh"]) <= 45


def test_base_reasons_and_rest_are_the_probability(scores) -> None:  # type: ignore[no-untyped-def]
    told = scores["reasons"].map(lambda row: math.fsum(one["points"] or 0.0 for one in row))
    gap = scores["churn_base"] + told + scores["churn_rest"] - scores["churn_probability"]
    assert gap[scores["churn_base"].notna()].abs().max() < 1e-9


def test_summaries_are_short_and_in_both_languages(scores) -> None:  # type: ignore[no-untyped-def]
    assert scores["summary_en"].str.len().between(5, LONGEST["en"]).all()
    assert scores["summary_zh"].str.len().between(5, LONGEST["zh"]).all()
    assert scores["summary_zh"].str.contains("[\u4e00-\u9fff]").all()
    # for want of room the step may be missing, never what is the case
    assert not scores["summary_en"].str.startswith(("Next:", "Nothing", "Ask")).any()
    assert not scores["summary_zh"].str.startswith(("建议", "无需", "先问")).any()
    overdue = scores["summary_en"][scores["stage"] == "at_risk"]
    assert len(overdue) and not overdue.str.startswith("Buys as usual").any()
    lost = scores[scores["stage"] == "lost"]
    assert len(lost) and lost["summary_en"].str.endswith("Ask why before offering anything.").all()


def test_a_record_makes_notes_and_a_false_alarm_silences_a_sign(world, baseline) -> None:  # type: ignore[no-untyped-def]
    def told(**other) -> dict[str, set[str]]:  # type: ignore[no-untyped-def]
        table = score_world(world, **({"baseline": baseline} | other))
        by_code: dict[str, set[str]] = {}
        for customer, row in zip(table["customer_id"], table["warnings"], strict=True):
            for one in row:
                by_code.setdefault(f"{one['code']} {one['sign']}", set()).add(customer)
        return by_code

    plain = told()
    assert plain["early overdue"] and "note overdue" not in plain and plain["note complaint_open"]
    records = {
        "overdue": SignRecord(900, 0.3, 0.4, 0.4, stays=False),
        "complaint_open": SignRecord(900, 0.6, 0.2, 0.2, stays=True),
    }
    judged = told(baseline=replace(baseline, signs=records))
    assert judged["note overdue"] == plain["early overdue"] and "early overdue" not in judged
    assert judged["early complaint_open"] == plain["note complaint_open"]
    first = min(plain["early overdue"])
    marks = pd.DataFrame({"customer_id": [first], "sign": ["overdue"], "at": [pd.Timestamp("2024-01-01")]})
    assert told(false_alarms=marks)["early overdue"] == plain["early overdue"] - {first}


def test_at_risk_by_probability_is_due_or_warned(scores, world) -> None:  # type: ignore[no-untyped-def]
    rows = scores[scores["stage_because"] == "probability"]
    assert len(rows)
    warned = rows["warnings"].map(lambda row: any(one["code"] == "early" for one in row))
    silent = world.frame.set_index("customer_id")["days_since_last_order"].reindex(rows["customer_id"]).to_numpy()
    gap = world.frame.set_index("customer_id")["mean_gap_days"].reindex(rows["customer_id"]).to_numpy()
    # the usual gap lies between the own and the company's
    assert (warned.to_numpy() | (silent >= 0.5 * gap) | np.isnan(gap)).all()


def test_missing_families_are_warned_of(scores, world) -> None:  # type: ignore[no-untyped-def]
    told = [{one["sign"] for one in row if one["code"] == "no_data"} for row in scores["warnings"]]
    assert any(told)
    by_family = {spec.name: spec.driver for spec in world.feature_set}
    for number, families in enumerate(told):
        for family in families:
            names = [name for name, driver in by_family.items() if driver == family]
            assert world.frame[names].iloc[number].isna().all()
            assert family not in {one["driver"] for one in scores["reasons"].iloc[number]}


def test_a_row_does_not_depend_on_the_others(scores, world, baseline) -> None:  # type: ignore[no-untyped-def]
    chosen = np.array([0, 17, 120, 235, 239])
    part = replace(
        world,
        frame=world.frame.iloc[chosen],
        predictions=world.predictions.iloc[chosen],
        contributions={
            name: Contributions(one.link, one.base[chosen], one.values.iloc[chosen])
            for name, one in world.contributions.items()
        },
    )
    alone = score_world(part, baseline)
    expected = scores.iloc[chosen].reset_index(drop=True)
    numbers = alone.select_dtypes("number").columns
    pd.testing.assert_frame_equal(alone[numbers], expected[numbers], check_exact=True, check_dtype=False)
    for column in ("stage", "member_level", "segment", *(f"{code}_tier" for code in DIMENSIONS)):
        assert alone[column].tolist() == expected[column].tolist(), column
    for column in ("reasons", "warnings", "strategies"):
        texts = [[one.get("text_zh", one.get("code")) for one in row] for row in alone[column]]
        assert texts == [[one.get("text_zh", one.get("code")) for one in row] for row in expected[column]]


def test_the_same_again_is_the_same(scores, world, baseline) -> None:  # type: ignore[no-untyped-def]
    pd.testing.assert_frame_equal(score_world(world, baseline), scores)


def test_nothing_of_what_is_given_is_changed(world, baseline) -> None:  # type: ignore[no-untyped-def]
    before = world.frame.copy(deep=True), world.predictions.copy(deep=True), world.profile.copy(deep=True)
    score_world(world, baseline)
    pd.testing.assert_frame_equal(world.frame, before[0])
    pd.testing.assert_frame_equal(world.predictions, before[1])
    pd.testing.assert_frame_equal(world.profile, before[2])


def test_a_customer_without_orders_is_a_prospect_of_whom_nothing_is_claimed(scores, world) -> None:  # type: ignore[no-untyped-def]
    never = scores[(world.frame["orders_ever"] == 0).to_numpy()]
    assert len(never) >= 10
    assert set(never["stage"]) == {"prospect"}
    assert set(never["churn_risk_tier"]) == {"unknown"}
    assert set(never["buying_behaviour_tier"]) == {"never"}
    assert never["headroom"].isna().all()
    codes = {one["code"] for row in never["warnings"] for one in row}
    assert "none_evidence" in codes


def test_where_a_rule_answers_the_reason_is_the_rule(world, baseline) -> None:  # type: ignore[no-untyped-def]
    empty = replace(
        world,
        contributions={},
        predictions=world.predictions.assign(evidence="none", evidence_reason="no_closed_horizon"),
    )
    found = score_world(empty, baseline)
    bought = (world.frame["orders_ever"] > 2).to_numpy()
    first = found[bought]["reasons"].iloc[0]
    assert len(first) == 1 and first[0]["points"] is None and first[0]["facts"]
    assert "order" in first[0]["text_en"] and "下" in first[0]["text_zh"]
    assert set(found["drivers"].map(len)) == {0} and found["churn_base"].isna().all()
    nobody = found[(world.frame["orders_ever"] == 0).to_numpy()]["reasons"].iloc[0]
    assert nobody[0]["facts"] == [] and "No order is known" in nobody[0]["text_en"]


def test_a_log_without_amounts(world) -> None:  # type: ignore[no-untyped-def]
    money = [name for name in world.frame.columns if "spend" in name or "order_value" in name or name == "price_level"]
    poor = replace(
        world,
        frame=world.frame.drop(columns=money),
        predictions=world.predictions.assign(
            expected_spend=np.nan, lifetime_value=np.nan, lifetime_value_low=np.nan, lifetime_value_high=np.nan
        ),
        contributions={
            "churn": Contributions(
                "logit",
                world.contributions["churn"].base,
                world.contributions["churn"].values.drop(columns=money, errors="ignore"),
            )
        },
        feature_set=world.feature_set.select([name for name in world.feature_set.names if name not in money]),
        events=world.events.assign(amount=np.nan),
    )
    shown = poor.contributions["churn"].predict()
    poor = replace(poor, predictions=poor.predictions.assign(churn_probability=shown))
    fitted = fit_baseline(poor.frame, poor.predictions, poor.feature_set, poor.settings)
    found = score_world(poor, fitted)
    assert set(found["overall_value_tier"]) == {"unknown"} and set(found["purchasing_power_tier"]) == {"unknown"}
    assert fitted.units["purchase_potential"] == "orders"
    assert {"low", "medium", "high"} <= set(found["purchase_potential_tier"])
    assert found["headroom"].isna().all() and found["spend_base"].isna().all()
    assert {"ordinary", "silver"} <= set(found["member_level"])


def test_headroom_is_what_similar_customers_spend_more(scores, baseline, world) -> None:  # type: ignore[no-untyped-def]
    known = scores["headroom"].notna()
    assert (scores.loc[known, "headroom"] >= 0).all() and (scores.loc[known, "headroom"] == 0).any()
    row = int(np.flatnonzero((scores["headroom"] > 0).to_numpy())[0])
    days = float(np.clip(world.frame["days_since_first_order"].iloc[row], 90, 365))
    pace = world.frame["spend_365d"].iloc[row] / days
    usual = scores["headroom"].iloc[row] / 90 + pace
    assert min(abs(usual - limit) for limit in baseline.headroom.values()) < 1e-9


def test_warnings_have_one_shape(scores) -> None:  # type: ignore[no-untyped-def]
    keys = {"code", "sign", "size", "value", "normal", "unit", "since", "text_en", "text_zh"}
    every = [one for row in scores["warnings"] for one in row]
    assert {frozenset(one) for one in every} == {frozenset(keys)}
    early = {one["sign"] for one in every if one["code"] == "early"}
    assert early and early <= UNITS.keys()


def test_values_outside_the_training_range_are_named(world, baseline) -> None:  # type: ignore[no-untyped-def]
    odd = world.frame.copy()
    odd.loc[4, "orders_90d"] = 9999.0
    odd.loc[4, "country"] = "Atlantis"
    found = score_world(replace(world, frame=odd), baseline)
    told = {one["code"]: one for one in found["warnings"].iloc[4] if one["sign"] in ("orders_90d", "country")}
    assert told["out_of_range"]["value"] == 9999.0
    assert told["out_of_range"]["text_en"].startswith("Orders in the last 90 days 9,999 is outside")
    assert "Atlantis" in told["unseen_value"]["text_zh"]
    assert not [one for one in found["warnings"].iloc[5] if one["code"] in ("out_of_range", "unseen_value")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"churn_probability": 1.5}, "churn_probability lies outside 0 to 1"),
        ({"churn_probability_30d": -0.1}, "churn_probability_30d lies outside 0 to 1"),
        ({"expected_orders": -1.0}, "expected_orders is negative"),
        ({"lifetime_value_low": 1e9}, "the lifetime value lies outside its interval"),
        ({"lifetime_value_high": 0.0}, "the lifetime value lies outside its interval"),
        ({"churn_base": 0.9}, "the reasons do not add up to churn_probability"),
        ({"spend_base": 0.0}, "the reasons do not add up to expected_spend"),
        ({"satisfaction_evidence": "none", "satisfaction_tier": "low"}, "satisfaction_tier rests on no evidence"),
    ],
)
def test_a_broken_promise_is_an_error(scores, change, message) -> None:  # type: ignore[no-untyped-def]
    check_scores(scores)
    broken = scores.copy()
    for name, value in change.items():
        broken.loc[7, name] = value
    with pytest.raises(InvariantError, match=f"customer c0007: {message}"):
        check_scores(broken)


def test_contributions_that_are_not_the_prediction_are_refused(world, baseline) -> None:  # type: ignore[no-untyped-def]
    wrong = replace(world, predictions=world.predictions.assign(churn_probability=0.5))
    with pytest.raises(InvariantError, match="the reasons for churn of customer"):
        score_world(wrong, baseline)


def test_frames_of_other_rows_are_refused(world, baseline) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvariantError, match="different rows"):
        score_world(replace(world, predictions=world.predictions.iloc[::-1]), baseline)


def test_no_customer_gives_an_empty_table(world, baseline) -> None:  # type: ignore[no-untyped-def]
    nobody = replace(
        world,
        frame=world.frame.iloc[:0],
        predictions=world.predictions.iloc[:0],
        contributions={
            name: Contributions(one.link, one.base[:0], one.values.iloc[:0])
            for name, one in world.contributions.items()
        },
    )
    found = score_world(nobody, baseline)
    assert len(found) == 0 and "reasons" in found.columns


def test_what_is_the_same_for_everyone_is_said_to_be(world) -> None:  # type: ignore[no-untyped-def]
    season = {"as_of_season_sin": 0.1, "as_of_season_cos": 0.99, "orders_same_season_last_year": np.nan}
    strong = {
        name: replace(one, values=one.values.assign(as_of_season_sin=2.0)) for name, one in world.contributions.items()
    }
    strong = {"churn": strong["churn"]}
    winter = replace(
        world,
        frame=world.frame.assign(**season),
        contributions=strong,
        predictions=world.predictions.assign(
            churn_probability=strong["churn"].predict(), expected_spend=np.nan, lifetime_value=np.nan
        ),
    )
    fitted = fit_baseline(winter.frame, winter.predictions, winter.feature_set, winter.settings)
    seen = [one for row in score_world(winter, fitted)["reasons"] for one in row if one["driver"] == "calendar"]
    assert seen and {one["form"] for one in seen} == {"calendar"} and not any(one["facts"] for one in seen)
    assert {one["text_en"] for one in seen} == {"The time of year, the same for everyone."}
    assert {one["text_zh"] for one in seen} == {"季节因素，所有客户都一样。"}


def test_nothing_that_scoring_needs_can_be_left_out() -> None:
    taken = inspect.signature(score).parameters.values()
    assert len(taken) <= 4 and all(one.default is inspect.Parameter.empty for one in taken)
    for part in (Predicted, History, Rules):
        assert all(one.default is MISSING for one in fields(part)), part


def test_what_a_segment_asks_for_is_known_to_it_and_stays_in_the_table(world, baseline, tmp_path) -> None:  # type: ignore[no-untyped-def]
    written = """
version: 1
segments:
  - code: ours
    primary: true
    name: {en: Ours, zh: 我方}
    description: {en: Ours., zh: 我方。}
    when: {owner: Ann, orders_180d: ">= 1"}
"""
    (tmp_path / "segments.yaml").write_text(written, encoding="utf-8")
    retention = world.settings.retention.model_copy(update={"segments": tmp_path / "segments.yaml"})
    segments = load_segments(world.settings.model_copy(update={"retention": retention}))
    profile = world.profile.assign(owner=["Ann", "Bob"] * (len(world.profile) // 2))
    scores = score_world(world, baseline, segments=segments, profile=profile)
    ours = (profile["owner"] == "Ann") & (world.frame["orders_180d"] >= 1)
    assert 0 < ours.sum() < len(ours)
    assert (scores["segment"] == "ours").tolist() == ours.tolist()
    assert scores["orders_180d"].tolist() == world.frame["orders_180d"].tolist()
