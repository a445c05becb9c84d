"""Points that expire and trainings in the contact plan: who, when, and who not."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.settings import DataSettings, Settings, SourceSettings
from configs.work_settings import DaysOff, WorkListSettings
from retention.contacts.contact_plan import PlanRules, contact_plan
from retention.strategies.catalogue import Catalogue, load_catalogue

START = date(2024, 7, 1)  # a Monday


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def reason(driver: str, points: float, against: str | None = "own") -> dict[str, Any]:
    return {
        "driver": driver,
        "points": points,
        "text_en": "2 orders in the last 90 days, 7 in the 90 days before.",
        "text_zh": "近90天2单，此前90天7单。",
        "actionable": True,
        "facts": [{"fact": "orders", "value": 2.0, "unit": "orders", "compared_with": against}] if against else [],
    }


def scores(count: int, **columns: Any) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "customer_id": [f"C{place}" for place in range(count)],
            "stage": "repeat",
            "overall_value_tier": "medium",
            "tenure_tier": "existing",
            "customer_type": "individual",
            "churn_risk_tier": "high",
            "lifetime_value": [float(100 - place) for place in range(count)],
            "drivers": [[{"driver": "frequency", "points": 0.1}]] * count,
            "reasons": [[]] * count,
        }
    )
    return table.assign(**columns)


def planned(table: pd.DataFrame, catalogue: Catalogue, *, days: int = 30, **more: Any) -> pd.DataFrame:
    profile = more.pop("profile", pd.DataFrame({"customer_id": table["customer_id"]}))
    rules = PlanRules(days=days)
    work = WorkListSettings(days_off=more.pop("days_off", ()))
    settings = Settings(data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))), worklist=work)
    return contact_plan(table, profile, settings, catalogue, start=START, rules=rules, **more)


def test_points_are_told_two_weeks_ahead_to_those_who_agreed(catalogue: Catalogue) -> None:
    table = scores(6, drivers=[[]] * 6)
    gone = [date(2024, 7, 31), date(2024, 7, 5), date(2024, 6, 30), date(2024, 7, 31), date(2024, 7, 31), None]
    profile = pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "points_balance": [1200.0, 50.0, 50.0, 0.0, 80.0, 80.0],
            "points_expire_on": gone,
            "consent": ["sms, face to face", "yes", "yes", "yes", "no", "yes"],
            "preferred_channel": ["face_to_face", "social", "email", "email", "email", "email"],
        }
    )
    plan = planned(table, catalogue, profile=profile)
    assert plan[["customer_id", "occasion", "strategy"]].to_numpy().tolist() == [
        ["C1", "points", "points_expiry_reminder"],  # soon: at once
        ["C0", "points", "points_expiry_reminder"],
    ]
    assert plan["channel"].tolist() == ["social", "sms"]  # nobody drives to a customer to speak of points
    assert plan["due"].tolist() == [pd.Timestamp(START), pd.Timestamp(2024, 7, 17)]
    assert plan["text_en"][1] == "1,200 points expire on 31 Jul: remind"
    assert plan["text_zh"][1] == "1,200积分7月31日到期：提醒兑换"
    held = pd.Series(["held_out"] * 6)
    assert planned(table, catalogue, profile=profile, assignment=held).empty


def test_no_greeting_for_a_birthday_that_cannot_be(catalogue: Catalogue) -> None:
    table = scores(2, drivers=[[]] * 2)
    born = [date(1900, 7, 3), date(1990, 7, 3)]
    profile = pd.DataFrame({"customer_id": table["customer_id"], "birthday": born})
    assert planned(table, catalogue, profile=profile)["customer_id"].tolist() == ["C1"]


def test_a_training_needs_a_reason_that_is_told_and_says_it(catalogue: Catalogue) -> None:
    told = [
        [reason("recency", 0.2), reason("frequency", 0.1)],
        [reason("recency", 0.2)],
        [reason("frequency", -0.1)],
        [reason("frequency", 0.1, against=None)],
        [reason("frequency", 0.1, against="peers")],  # fewer than others is nothing that has fallen
    ]
    plan = planned(scores(5, reasons=told), catalogue)
    assert plan[["customer_id", "occasion", "strategy", "channel"]].to_numpy().tolist() == [
        ["C0", "training", "product_training", "email"]
    ]
    assert plan["text_en"][0] == "Product training. 2 orders in the last 90 days, 7 in the 90 days before."
    assert plan["text_zh"][0] == "产品培训：近90天2单，此前90天7单。"


def test_trainings_have_as_many_a_day_as_an_owner_can_give(catalogue: Catalogue) -> None:
    table = scores(7, reasons=[[reason("frequency", 0.1)]] * 7)
    owners = ["Ann", "Ann", "Ann", "Bob", "Ann", "Ann", "Ann"]
    profile = pd.DataFrame({"customer_id": table["customer_id"], "owner": owners})
    plan = planned(table, catalogue, days=2, profile=profile)
    got = plan[["customer_id", "owner", "due"]].astype(object).to_numpy().tolist()
    first, second = pd.Timestamp(START), pd.Timestamp(START + timedelta(days=1))
    assert got == [
        ["C0", "Ann", first],
        ["C1", "Ann", first],
        ["C3", "Bob", first],
        ["C2", "Ann", second],
        ["C4", "Ann", second],
    ]  # C5 and C6 wait for the next plan


def test_new_customers_get_a_week_and_nobody_is_trained_twice(catalogue: Catalogue) -> None:
    table = scores(
        3,
        stage="first_time",
        tenure_tier="new",
        customer_type="enterprise",
        stage_since=pd.to_datetime(["2024-06-29", "2024-06-10", "2024-06-29"]),
        drivers=[[]] * 3,
    )
    before = pd.DataFrame(
        {
            "customer_id": ["C2", "C1"],
            "strategy": ["new_product_training", "greeting_gift"],
            "treated_at": pd.to_datetime(["2024-06-30", "2024-06-30"]),
        }
    )
    plan = planned(table, catalogue, treatments=before)
    assert plan[["customer_id", "due"]].astype(object).to_numpy().tolist() == [
        ["C1", pd.Timestamp(START)],
        ["C0", pd.Timestamp(2024, 7, 8)],  # a week after Saturday is a Saturday: the Monday after
    ]
    assert plan["text_zh"][0] == "新客户：邀请参加产品培训"


def test_trainings_and_reminders_know_the_days_off_that_visits_know(catalogue: Catalogue) -> None:
    """One notion of a working day: a holiday of the company or of the owner has neither."""
    off = (DaysOff(first=date(2024, 7, 1), last=date(2024, 7, 3), owner="Ann"),)
    table = scores(2, reasons=[[reason("frequency", 0.1)]] * 2)
    profile = pd.DataFrame({"customer_id": table["customer_id"], "owner": ["Ann", "Ben"]})
    found = planned(table, catalogue, profile=profile, days_off=off).set_index("owner")
    assert found.loc["Ann", "due"] == pd.Timestamp("2024-07-04") and found.loc["Ben", "due"] == pd.Timestamp(
        "2024-07-01"
    )
    profile = profile.assign(points_balance=300.0, points_expire_on=date(2024, 7, 16), consent="yes")
    found = planned(table.assign(drivers=[[]] * 2, reasons=[[]] * 2), catalogue, profile=profile, days_off=off)
    due = found[found["occasion"] == "points"].set_index("owner")["due"]
    assert due.to_dict() == {"Ann": pd.Timestamp("2024-07-04"), "Ben": pd.Timestamp("2024-07-02")}
