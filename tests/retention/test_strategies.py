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
from retention.strategies.choice import price_strategies, select_strategies
from retention.strategies.effect_priors import MeasuredEffect
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
    assert reached == owed


def test_entries_are_complete_ordered_and_of_different_kinds(chosen: pd.Series, catalogue: Catalogue) -> None:
    counts = [len(entries) for entries in chosen]
    assert max(counts) == 3 and np.mean([count == 3 for count in counts]) > 0.7
    for entries in chosen.iloc[:3_000]:
        profits = [entry["expected_profit"] for entry in entries]
        owed = [catalogue[entry["code"]].duty for entry in entries]
        rest = profits[sum(owed) :]
        assert owed == sorted(owed, reverse=True)
        assert rest == sorted(rest, reverse=True) and all(profit >= 0 for profit in rest)
        assert len({entry["kind"] for entry in entries}) == len(entries)
        for entry in entries:
            assert entry["evidence"] == "rule"
            for language in ("en", "zh"):
                for name in ("name", "why", "why_not_next"):
                    text = entry[f"{name}_{language}"]
                    assert text and "{" not in text and "nan" not in text.lower().split(), text


def test_vetoes_hold_for_everyone(scores: pd.DataFrame, catalogue: Catalogue, chosen: pd.Series) -> None:
    seen = 0
    for row, entries in zip(scores.to_dict("records"), chosen.tolist(), strict=True):
        for entry in entries:
            strategy = catalogue[entry["code"]]
            if row["churn_risk_tier"] == "low":
                assert strategy.discount == 0
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
        "120 days without an order and a 70% risk: an offer on the usual products. "
        "Why now: No order for 4 months; usually one every 30 days."
    )
    assert offer["why_zh"] == "已120天未下单，风险70%，以常购商品优惠唤醒。针对：已4个月未下单，平时约30天一单。"
    untold = select_strategies(one(), catalogue, settings_with())[0]
    alone = next(entry for entry in untold if entry["code"] == "reactivation_offer")
    assert alone["why_en"] == "120 days without an order and a 70% risk: an offer on the usual products."
    assert offer["driver"] == "recency"


def test_a_missing_figure_never_leaves_a_hole(catalogue: Catalogue) -> None:
    entries = select_strategies(one(days_since_last_order=np.nan), catalogue, settings_with())[0]
    offer = next(entry for entry in entries if entry["code"] == "reactivation_offer")
    assert offer["why_en"].startswith(catalogue["reactivation_offer"].description.en)


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
    assert poor[0]["code"] == "complaint_follow_up" and poor[0]["expected_profit"] < 0


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
    assert "fewer orders for its cost" in entries[0]["why_not_next_en"] or "same kind" in entries[0]["why_not_next_en"]
    gains = [(entry["effect"] + 0.3 * entry["spend_uplift"]) / (1 + entry["cost"]) for entry in entries]
    assert gains == sorted(gains, reverse=True)


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
    lost = one(stage="lost")
    assert "win_back_offer" in codes_of(lost, catalogue, None)
    recent = contacts(("win_back_offer", "2023-12-10", "treated"))
    assert "win_back_offer" not in codes_of(lost, catalogue, recent)
    held_out = contacts(("win_back_offer", "2023-12-10", "held_out"))
    assert "win_back_offer" in codes_of(lost, catalogue, held_out)
    later = contacts(("win_back_offer", "2024-02-10", "treated"))
    assert "win_back_offer" in codes_of(lost, catalogue, later)
    thrice = contacts(*[("win_back_offer", day, "treated") for day in ("2023-03-01", "2023-06-01", "2023-09-01")])
    assert "win_back_offer" not in codes_of(lost, catalogue, thrice)
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
