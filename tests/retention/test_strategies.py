from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import DataSettings, RetentionSettings, Settings, SourceSettings
from retention.strategies.catalogue import Catalogue, load_catalogue
from retention.strategies.choice import select_strategies
from retention.strategies.effect_priors import MeasuredEffect
from retention.strategies.pricing import price_strategies
from tests.retention.random_scores import random_scores


def settings_with(**retention: Any) -> Settings:
    source = SourceSettings(path=Path("orders.parquet"))
    return Settings(data=DataSettings(transactions=source, currency="EUR"), retention=RetentionSettings(**retention))


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return random_scores(8_000)


@pytest.fixture(scope="module")
def chosen(scores: pd.DataFrame, catalogue: Catalogue) -> pd.Series:
    return select_strategies(scores, catalogue, settings_with())


TIER_COLUMN = {
    "customer_type": "customer_type",
    "company_size": "company_size",
    "stage": "stage",
}


FACTS = {"points": "points_balance", "referrals": "referrals", "interests": "interests", "search": "looked_days"}


def test_every_row_and_item_of_the_requirement_reaches_a_customer_of_that_row(
    scores: pd.DataFrame, catalogue: Catalogue, chosen: pd.Series
) -> None:
    reached: set[str] = set()
    for place, entries in enumerate(chosen.tolist()):
        for entry in entries:
            for key in catalogue[entry["code"]].serves:
                if key in reached:
                    continue
                dimension, tier = key.split(".")[0], key.split(".")[1]
                if dimension == "falling_use":
                    points = {item["driver"]: item["points"] for item in scores["drivers"].iloc[place]}
                    fits = max(points["frequency"], points["engagement"], points["breadth"]) >= 0.01
                elif dimension in FACTS:
                    fits = bool(scores[FACTS[dimension]].iloc[place])
                elif dimension == "preferred_channel":
                    fits = entry["channel"] == scores["preferred_channel"].iloc[place]
                else:
                    column = TIER_COLUMN.get(dimension, f"{dimension}_tier")
                    fits = scores[column].iloc[place] == tier
                if fits:
                    reached.add(key)
    owed = {key for strategy in catalogue.strategies for key in strategy.serves}
    # the later steps of winning back need the steps before: test_a_lost_customer_is_asked_first_...
    assert owed - reached == {f"stage.lost.{one}" for one in ("contact", "offer", "reactivation", "stop_after_cap")}


def test_entries_are_complete_and_of_different_kinds(chosen: pd.Series, catalogue: Catalogue) -> None:
    counts = [len(entries) for entries in chosen]
    assert max(counts) == 3 and np.mean([count == 3 for count in counts]) > 0.6
    for entries in chosen.iloc[:3_000]:
        owed = [catalogue[entry["code"]].duty for entry in entries]
        assert owed == sorted(owed, reverse=True)
        assert len({entry["kind"] for entry in entries}) == len(entries)
        for entry in entries:
            assert entry["evidence"] == "rule"
            # what was never measured is a range, not a figure
            assert entry["expected_profit"] is None and entry["profit_low"] < entry["profit_high"]
            assert catalogue[entry["code"]].duty or entry["profit_low"] + entry["profit_high"] >= 0
            for language in ("en", "zh"):
                for name in ("name", "why", "why_not_next"):
                    text = entry[f"{name}_{language}"]
                    assert text and "{" not in text and "nan" not in text.lower().split(), text


def test_every_strategy_answers_something_or_is_due(
    scores: pd.DataFrame, catalogue: Catalogue, chosen: pd.Series
) -> None:
    found: set[str] = set()
    for drivers, entries in zip(scores["drivers"], chosen, strict=True):
        points = {one["driver"]: one["points"] for one in drivers}
        told = {name for name, size in points.items() if abs(size) >= 0.02}
        first = max(told, key=lambda name: abs(points[name]), default=None)
        fits = []
        for entry in entries:
            strategy = catalogue[entry["code"]]
            answers = {name for name in strategy.drivers if points.get(name, 0) > 0} & told
            builds = {name for name in strategy.builds_on if points.get(name, 0) < 0} & told
            assert answers or builds or strategy.due or strategy.duty, (entry["code"], points)
            if answers or builds:
                assert entry["driver"] in answers | builds
            kind = "main" if first in answers | builds else strategy.due or ("other" if answers or builds else "")
            fits.append("duty" if strategy.duty else kind)
        found.update(fits)
        # what answers the first reason is never behind what merely suits the customer, or another reason
        if "main" in fits:
            assert set(fits[: fits.index("main")]) <= {"duty", "main"}
    assert found == {"duty", "main", "stage", "other", "kind"}


def test_what_fits_nothing_is_not_offered_however_much_it_would_bring(catalogue: Catalogue) -> None:
    rich = {"expected_spend": 1e6, "lifetime_value": 1e7, "churn_risk_tier": "high"}
    unhappy = one(drivers=[{"driver": "satisfaction", "points": 0.3}], **rich)
    assert "reactivation_offer" not in codes_of(unhappy, catalogue, None)  # answers silence and few orders
    silent = one(drivers=[{"driver": "recency", "points": 0.3}], **rich)
    assert "reactivation_offer" in codes_of(silent, catalogue, None)


def test_a_reason_without_a_fact_is_nothing_to_answer(catalogue: Catalogue) -> None:
    reason: dict[str, Any] = {"driver": "recency", "direction": "raises", "text_en": "a", "text_zh": "一"}
    told = one(reasons=[{**reason, "facts": [{"fact": "silence"}]}])
    untold = one(reasons=[{**reason, "facts": []}])
    assert "reactivation_offer" in codes_of(told, catalogue, None)
    assert "reactivation_offer" not in codes_of(untold, catalogue, None)


def test_what_nobody_measured_is_tried_on_different_customers(catalogue: Catalogue) -> None:
    """Two strategies whose beliefs cannot be told apart are both used; a measured one is not left to chance."""
    pair = ("limited_time_discount", "discount_incentive")
    own = load_catalogue(settings_with(strategies_off=tuple(code for code in catalogue.codes if code not in pair)))
    row = one(purchase_frequency_tier="medium", purchase_potential_tier="medium", expected_spend=600.0)
    many = pd.concat([row.assign(customer_id=f"C{place}") for place in range(300)], ignore_index=True)
    many["drivers"] = [[{"driver": "frequency", "points": 0.3}]] * 300
    first = [entries[0]["code"] for entries in select_strategies(many, own, settings_with())]
    shares = {code: first.count(code) / 300 for code in pair}
    assert min(shares.values()) > 0.1, shares
    measured = {
        code: MeasuredEffect(points, 0.0, "randomised") for code, points in zip(pair, (0.10, 0.02), strict=True)
    }
    sure = [entries[0]["code"] for entries in select_strategies(many, own, settings_with(), measured=measured)]
    assert set(sure) == {pair[0]}


def test_a_lost_customer_is_asked_first_then_called_then_offered_then_left_alone(catalogue: Catalogue) -> None:
    lost = one(stage="lost", days_since_last_order=400.0, as_of=pd.Timestamp("2024-06-01"), overall_value_tier="high")

    def next_step(*made: tuple[str, str]) -> tuple[str, int, Any] | None:
        recent = contacts(*((code, day, "treated") for code, day in made)) if made else None
        entries = select_strategies(lost, catalogue, settings_with(), recent_contacts=recent)[0]
        assert len(entries) <= 1
        return (entries[0]["code"], entries[0]["step"], entries[0]["not_before"]) if entries else None

    asked = ("win_back_inquiry", "2024-05-01")
    called = ("win_back_contact", "2024-05-10")
    offered = ("win_back_offer", "2024-05-28")
    assert next_step() == ("win_back_inquiry", 1, None)
    assert next_step(asked) == ("win_back_contact", 2, None)
    assert next_step(("win_back_inquiry", "2024-05-30")) == ("win_back_contact", 2, pd.Timestamp("2024-06-06"))
    assert next_step(asked, called) == ("win_back_offer", 3, None)
    assert next_step(asked, called, offered) == ("win_back_reactivation", 4, pd.Timestamp("2024-06-27"))
    series = [("win_back_reactivation", day) for day in ("2023-09-01", "2023-10-01", "2023-11-01")]
    assert next_step(asked, called, ("win_back_offer", "2023-08-01"), *series) is None
    # a step that is not for this customer is passed over
    poor = lost.assign(overall_value_tier="low")
    entries = select_strategies(poor, catalogue, settings_with(), recent_contacts=contacts((*asked, "treated")))[0]
    assert [entry["code"] for entry in entries] == ["win_back_offer"]
    assert entries[0]["why_en"].endswith("Step 3 of 4.") and entries[0]["why_zh"].endswith("第3步，共4步。")
    # who ordered since is at the beginning again
    before = contacts(("win_back_inquiry", "2023-01-01", "treated"))
    entries = select_strategies(lost, catalogue, settings_with(), recent_contacts=before)[0]
    assert entries[0]["code"] == "win_back_inquiry"


def test_a_step_that_has_to_wait_says_until_when(catalogue: Catalogue) -> None:
    lost = one(stage="lost", as_of=pd.Timestamp("2024-05-31 20:00"), overall_value_tier="high")
    recent = contacts(("win_back_inquiry", "2024-05-30 20:00", "treated"))
    source = SourceSettings(path=Path("orders.parquet"))
    shanghai = Settings(data=DataSettings(transactions=source, timezone="Asia/Shanghai"))
    entry = select_strategies(lost, catalogue, shanghai, recent_contacts=recent)[0][0]
    assert entry["not_before"] == pd.Timestamp("2024-06-07")  # six days after the first of June in Shanghai
    assert entry["why_zh"].endswith("第2步，共4步，2024年6月7日以后再做。")


def test_a_complaint_has_a_deadline_and_an_old_one_of_a_lost_customer_is_not_followed(catalogue: Catalogue) -> None:
    fresh = one(open_complaints=1.0, oldest_open_complaint_days=3.0)
    entry = select_strategies(fresh, catalogue, settings_with())[0][0]
    assert entry["code"] == "complaint_follow_up" and entry["due_by"] == pd.Timestamp("2024-01-05")
    assert entry["why_en"] == (
        "A complaint has been open for 3 days. Nothing else works before it is settled. To be answered by 5 Jan 2024."
    )
    late = one(open_complaints=1.0, oldest_open_complaint_days=12.0)
    entry = select_strategies(late, catalogue, settings_with())[0][0]
    assert entry["due_by"] == pd.Timestamp("2023-12-27")
    assert entry["why_zh"] == "投诉已12天未解决，先解决再谈其他。应在2023年12月27日前答复，已超期。"
    gone = one(open_complaints=1.0, oldest_open_complaint_days=500.0, stage="lost", days_since_last_order=520.0)
    assert "complaint_follow_up" not in codes_of(gone, catalogue, None)


def test_vetoes_hold_for_everyone(scores: pd.DataFrame, catalogue: Catalogue, chosen: pd.Series) -> None:
    seen = 0
    for row, entries in zip(scores.to_dict("records"), chosen.tolist(), strict=True):
        for entry in entries:
            strategy = catalogue[entry["code"]]
            if row["churn_risk_tier"] == "low":
                assert not strategy.promotion
            if row["open_complaints"] >= 1:
                assert not strategy.promotion
                seen += 1
            if strategy.marketing and entry["channel"] not in ("none", "ads"):
                assert row["consent"] == "yes" or (row["consent"] == "email" and entry["channel"] == "email")
    assert seen > 400


def one(**values: Any) -> pd.DataFrame:
    base = {
        "customer_id": "C1",
        "as_of": pd.Timestamp("2024-01-01"),
        "horizon_days": 90,
        "churn_probability": 0.7,
        "expected_spend": 60.0,
        "expected_orders": 0.6,
        "lifetime_value": 300.0,
        "days_since_last_order": 120.0,
        "churn_risk_tier": "high",
        "stage": "repeat",
        "drivers": [{"driver": "recency", "points": 0.3}, {"driver": "tenure", "points": 0.1}],
    }
    return pd.DataFrame([{**base, **values}])


def test_worked_example_of_the_documentation(catalogue: Catalogue) -> None:
    """The figures of docs/strategies.md: a customer at 70 % risk and the reactivation offer."""
    settings = settings_with(margin=0.5)
    offer = price_strategies(one(), catalogue, settings)
    place = catalogue.codes.index("reactivation_offer")
    active, spend_if_active, order_value = 0.3, 60 / 0.3, 60 / 0.6
    match = 0.3 / 0.4
    shift = math.log(0.57 / 0.43) * (1 + 0.5 * match)
    odds = active / (1 - active) * math.exp(shift)
    effect = odds / (1 + odds) - active
    cost = 0.01 + 0.10 * order_value * (active + effect)
    assert offer.effect[0, place] == pytest.approx(effect)
    assert offer.cost[0, place] == pytest.approx(cost)
    assert offer.profit[0, place] == pytest.approx(0.5 * spend_if_active * effect - cost)
    assert round(effect, 4) == 0.087 and round(offer.profit[0, place], 2) == 4.82


def test_why_names_the_customers_figures_and_the_driver(catalogue: Catalogue) -> None:
    told: dict[str, Any] = {"driver": "recency", "direction": "raises", "facts": [{"fact": "silence"}]}
    told |= {
        "text_en": "No order for 4 months; usually one every 30 days.",
        "text_zh": "已4个月未下单，平时约30天一单。",
    }
    entries = select_strategies(one(reasons=[told]), catalogue, settings_with())[0]
    offer = next(entry for entry in entries if entry["code"] == "reactivation_offer")
    assert offer["why_en"] == (
        "No order for 4 months; usually one every 30 days. A one-time offer on what the customer used to buy."
    )
    assert offer["why_zh"].startswith("已4个月未下单，平时约30天一单。")
    untold = select_strategies(one(), catalogue, settings_with())[0]
    alone = next(entry for entry in untold if entry["code"] == "reactivation_offer")
    assert alone["why_en"] == "120 days without an order and a 70% risk: an offer on the usual products."
    assert offer["driver"] == "recency"


def test_a_missing_figure_never_leaves_a_hole(catalogue: Catalogue) -> None:
    entries = select_strategies(one(days_since_last_order=np.nan), catalogue, settings_with())[0]
    offer = next(entry for entry in entries if entry["code"] == "reactivation_offer")
    assert offer["why_en"].startswith(catalogue["reactivation_offer"].description.en)


def test_a_figure_that_is_told_as_zero_is_no_reason(catalogue: Catalogue) -> None:
    """ "Easy delivery decides on 0.0 expected orders" is not said: the strategy then says what it is."""
    here = {"region_tier": "domestic", "reasons": [], "expected_spend": 900.0}
    for orders, told in ((0.04, False), (0.3, True)):
        offers = select_strategies(one(expected_orders=orders, **here), catalogue, settings_with(max_strategies=20))[0]
        texts = {entry["code"]: entry["why_en"] for entry in offers}
        assert not [text for text in texts.values() if "0.0 " in text]
        assert ("0.3 expected orders" in texts["courier_convenience"]) == told


def test_an_open_complaint_comes_first_and_stops_promotion(catalogue: Catalogue) -> None:
    entries = select_strategies(one(open_complaints=1.0), catalogue, settings_with())[0]
    assert entries[0]["code"] == "complaint_follow_up"
    assert entries[0]["why_not_next_en"] == ("Reactivation offer is ruled out: no promotion while a complaint is open.")
    calm = tuple(code for code in catalogue.codes if code not in ("owner_contact", "complaint_follow_up"))
    own = load_catalogue(settings_with(strategies_off=calm))
    entries = select_strategies(one(open_complaints=1.0), own, settings_with())[0]
    assert entries[0]["why_not_next_en"] == (
        "Personal contact by the account owner must wait: this one is owed to the customer first."
    )
    entries = select_strategies(one(open_complaints=1.0), catalogue, settings_with())[0]
    assert not any(catalogue[entry["code"]].promotion for entry in entries)
    poor = select_strategies(one(open_complaints=1.0, expected_spend=0.5), catalogue, settings_with())[0]
    assert poor[0]["code"] == "complaint_follow_up" and poor[0]["profit_low"] + poor[0]["profit_high"] < 0


def test_why_not_next_names_the_rule_that_forbids(catalogue: Catalogue) -> None:
    off = tuple(code for code in catalogue.codes if code not in ("onboarding", "second_order_coupon"))
    own = load_catalogue(settings_with(strategies_off=off))
    frame = one(stage="first_time", churn_risk_tier="low", churn_probability=0.5)
    entries = select_strategies(frame, own, settings_with())[0]
    assert [entry["code"] for entry in entries] == ["onboarding"]
    assert entries[0]["next_code"] == "second_order_coupon"
    assert entries[0]["why_not_next_en"] == (
        "Coupon and gift for the second order is ruled out: a discount for a customer at low risk would be given away."
    )
    assert entries[0]["why_not_next_zh"].startswith("“二次购买券与赠礼”不可用：低流失风险客户")


def test_a_driver_that_is_answered_raises_the_effect(catalogue: Catalogue) -> None:
    place = catalogue.codes.index("owner_contact")
    matched = price_strategies(one(), catalogue, settings_with())
    other = price_strategies(one(drivers=[{"driver": "calendar", "points": 0.3}]), catalogue, settings_with())
    assert matched.effect[0, place] > other.effect[0, place] * 1.3


def test_every_customer_is_decided_alone(scores: pd.DataFrame, catalogue: Catalogue, chosen: pd.Series) -> None:
    part = scores.iloc[[17, 4, 7_500]]
    again = select_strategies(part, catalogue, settings_with())
    assert again.tolist() == [chosen[17], chosen[4], chosen[7_500]]
    assert again.index.tolist() == part.index.tolist()


def test_without_amounts_the_cheaper_of_equals_comes_first(catalogue: Catalogue) -> None:
    entries = select_strategies(
        one(expected_spend=np.nan, lifetime_value=np.nan), catalogue, settings_with(max_strategies=5)
    )[0]
    assert len(entries) >= 2 and all(entry["expected_profit"] is None for entry in entries)
    assert all(entry["profit_low"] is None for entry in entries)
    main = [entry for entry in entries if entry["driver"] == "recency"]
    gains = [(entry["effect"] + 0.3 * entry["spend_uplift"]) / (1 + entry["cost"]) for entry in main]
    assert len(gains) >= 2 and gains == sorted(gains, reverse=True)


def contacts(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["strategy", "treated_at", "arm"]).assign(
        customer_id="C1", treated_at=lambda frame: pd.to_datetime(frame["treated_at"])
    )


def codes_of(frame: pd.DataFrame, catalogue: Catalogue, recent: pd.DataFrame | None, **retention: Any) -> list[str]:
    entries = select_strategies(
        frame, catalogue, settings_with(max_strategies=20, **retention), recent_contacts=recent
    )[0]
    return [entry["code"] for entry in entries]


def test_contact_cap_distance_and_number_of_attempts(catalogue: Catalogue) -> None:
    silent = one()
    assert "reactivation_offer" in codes_of(silent, catalogue, None)
    recent = contacts(("reactivation_offer", "2023-12-10", "treated"))
    assert "reactivation_offer" not in codes_of(silent, catalogue, recent)
    held_out = contacts(("reactivation_offer", "2023-12-10", "held_out"))
    assert "reactivation_offer" in codes_of(silent, catalogue, held_out)
    later = contacts(("reactivation_offer", "2024-02-10", "treated"))
    assert "reactivation_offer" in codes_of(silent, catalogue, later)
    first = one(stage="first_time")
    assert "onboarding" in codes_of(first, catalogue, None)
    thrice = contacts(*[("onboarding", day, "treated") for day in ("2023-03-01", "2023-06-01", "2023-09-01")])
    assert "onboarding" not in codes_of(first, catalogue, thrice)
    many = contacts(*[("points", day, "treated") for day in ("2023-12-05", "2023-12-12", "2023-12-19", "2023-12-26")])
    reached = codes_of(one(), catalogue, many, contact_cap=4)
    assert all(not catalogue[code].marketing or catalogue[code].channel in ("none", "ads") for code in reached)
    assert any(catalogue[code].marketing for code in codes_of(one(), catalogue, many, contact_cap=5))


def test_consent_comes_from_the_profile_and_decides_the_channel(catalogue: Catalogue) -> None:
    def channels(consent: object) -> set[str]:
        profile = pd.DataFrame({"customer_id": ["C1"], "consent": [consent], "preferred_channel": ["sms"]})
        entries = select_strategies(one(), catalogue, settings_with(max_strategies=20), profile=profile)[0]
        return {entry["channel"] for entry in entries if catalogue[entry["code"]].marketing}

    assert "sms" in channels("yes")
    assert channels("email") == {"email"}
    assert channels("no") == set() and channels(None) == set()


def test_a_measured_effect_replaces_the_belief(catalogue: Catalogue) -> None:
    measured = {"reactivation_offer": MeasuredEffect(-0.02, 0.0, "randomised")}
    before = codes_of(one(), catalogue, None)
    entries = select_strategies(one(), catalogue, settings_with(max_strategies=20), measured=measured)[0]
    assert "reactivation_offer" in before
    assert "reactivation_offer" not in [entry["code"] for entry in entries]
    better = {"owner_contact": MeasuredEffect(0.2, 0.0, "randomised")}
    entries = select_strategies(one(), catalogue, settings_with(), measured=better)[0]
    assert entries[0]["code"] == "owner_contact" and entries[0]["evidence"] == "randomised"


def test_a_new_or_unknown_customer_gets_an_answer(catalogue: Catalogue) -> None:
    frame = pd.DataFrame({"customer_id": ["C9"], "as_of": [pd.Timestamp("2024-01-01")], "stage": ["prospect"]})
    codes = codes_of(frame, catalogue, None)
    assert {"advertising_audience", "first_purchase_incentive"} <= set(codes)
    assert select_strategies(frame.iloc[:0], catalogue, settings_with()).empty
    assert select_strategies(frame, catalogue, settings_with(max_strategies=0))[0] == []


def test_fifty_thousand_customers_take_seconds(catalogue: Catalogue) -> None:
    table = random_scores(5_000, seed=3)
    started = time.process_time()
    select_strategies(table, catalogue, settings_with())
    assert (time.process_time() - started) * 10 < 20  # about 8 s for 50,000, alone on one core
