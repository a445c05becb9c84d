from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.errors import InputError
from configs.settings import DataSettings, Settings, SourceSettings
from configs.work_settings import WorkListSettings
from retention.contacts.allocation import allocate
from retention.contacts.contact_plan import PlanRules, contact_plan, greeting_days, next_birthday
from retention.contacts.team import Team
from retention.contacts.work_list import WorkList, build_worklist
from retention.contacts.work_options import minutes_of
from retention.strategies.catalogue import Catalogue, load_catalogue
from tests.retention.random_scores import random_scores


def settings_with(**worklist: Any) -> Settings:
    source = SourceSettings(path=Path("orders.parquet"))
    return Settings(data=DataSettings(transactions=source), worklist=WorkListSettings(minutes={}, **worklist))


def brute_force(profit: np.ndarray, owner: np.ndarray, use: np.ndarray, limits: np.ndarray) -> float:
    groups = [[None, *np.flatnonzero(owner == name)] for name in np.unique(owner)]
    best = 0.0
    for pick in itertools.product(*groups):
        rows = [row for row in pick if row is not None]
        if (use[:, rows].sum(axis=1) <= limits + 1e-9).all():
            best = max(best, float(profit[rows].sum()))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_small_lists_are_the_best_possible_and_large_ones_within_their_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(5), 3)
    profit = rng.gamma(1, 5, 15) - 1
    use = np.vstack([rng.gamma(2, 2, 15), rng.integers(0, 30, 15) / 60])
    limits = np.array([8.0, 0.5])
    best = brute_force(profit, owner, use, limits)
    exact = allocate(profit, owner, use, limits)
    assert exact.exact and exact.value == pytest.approx(best) and exact.gap == 0
    rounded = allocate(profit, owner, use, limits, exact_up_to=0)
    assert not rounded.exact
    assert rounded.value <= best + 1e-9 <= rounded.bound + 1e-9
    assert (use[:, rounded.chosen].sum(axis=1) <= limits + 1e-9).all()


def test_many_customers_are_within_a_thousandth_of_the_bound() -> None:
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(3_000), 4)
    profit = rng.gamma(1, 10, 12_000)
    use = np.vstack([rng.gamma(1, 2, 12_000), rng.integers(1, 20, 12_000) / 60])
    answer = allocate(profit, owner, use, np.array([2_000.0, 60.0]))
    assert not answer.exact and 0 <= answer.gap < 1e-3


def test_duals_are_the_value_of_a_little_more() -> None:
    rng = np.random.default_rng(2)
    owner = np.repeat(np.arange(2_000), 2)
    profit, use = rng.gamma(2, 5, 4_000), rng.gamma(2, 0.2, (1, 4_000))
    small, large = (allocate(profit, owner, use, np.array([limit])) for limit in (100.0, 101.0))
    assert small.duals[0] == pytest.approx(large.bound - small.bound, rel=0.02)
    free = allocate(profit, owner, use, np.array([np.inf]))
    assert free.duals[0] == 0 and len(free.chosen) == 2_000


def test_nothing_to_choose() -> None:
    empty = allocate(np.array([-1.0]), np.array([0]), np.zeros((1, 1)), np.array([1.0]))
    assert len(empty.chosen) == 0 and empty.value == 0 and empty.exact


# ------------------------------------------------------------------------------------------------- the list


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    table = random_scores(1_500, seed=4)
    return table.assign(open_complaints=table["open_complaints"].where(np.arange(1_500) < 250, 0.0))


LIMITS = settings_with(budget=1_500, hours_per_day=4, channel_caps={"phone": 20}, days=5)
ROOMY = settings_with(hours_per_day=None)


@pytest.fixture(scope="module")
def worklist(scores: pd.DataFrame, catalogue: Catalogue) -> WorkList:
    return build_worklist(scores, catalogue, LIMITS, start=date(2024, 6, 29), previous_arms={})


def test_limits_hold_and_the_account_adds_up(worklist: WorkList) -> None:
    rows = worklist.rows
    assert rows["cost"].sum() == pytest.approx(worklist.cost, abs=0.01) and worklist.cost <= 1_500 + 1e-6
    assert rows["minutes"].sum() / 60 == pytest.approx(worklist.staff_hours) and worklist.staff_hours <= 20 + 1e-9
    assert worklist.used["phone"] <= 20
    assert rows["customer_id"].is_unique
    assert rows["expected_profit"].sum() == pytest.approx(worklist.expected_profit, abs=0.05)
    assert worklist.gap < 0.01
    assert worklist.value_of_next_hour > 0 and worklist.value_of_next_money > 0
    assert rows["why_en"].str.len().min() > 10 and rows["why_zh"].str.len().min() > 5


def test_one_more_hour_brings_what_was_promised(scores: pd.DataFrame, catalogue: Catalogue, worklist: WorkList) -> None:
    more = settings_with(budget=1_500, hours_per_day=4.2, channel_caps={"phone": 20}, days=5)
    richer = build_worklist(scores, catalogue, more, start=date(2024, 6, 29), previous_arms={})
    gained = richer.bound - worklist.bound
    assert gained == pytest.approx(worklist.value_of_next_hour, rel=0.25)


def test_holdout_is_left_alone_but_complaints_never_are(
    scores: pd.DataFrame, catalogue: Catalogue, worklist: WorkList
) -> None:
    held = set(worklist.held_out["customer_id"])
    assert 0.05 * len(scores) < len(held) < 0.12 * len(scores)
    assert not held & set(worklist.rows["customer_id"])
    complaints = scores.loc[scores["open_complaints"] >= 1, "customer_id"]
    duties = worklist.rows[worklist.rows["strategy"] == "complaint_follow_up"]
    assert len(duties) and all(day["duty"].is_monotonic_decreasing for _, day in worklist.rows.groupby("due"))
    assert not set(complaints) & held
    roomy = build_worklist(scores, catalogue, ROOMY, start=date(2024, 6, 29), previous_arms={})
    assert set(complaints) == set(roomy.rows.loc[roomy.rows["strategy"] == "complaint_follow_up", "customer_id"])
    assert set(roomy.left_out["reason"]) == {"held_out"}


def test_due_dates_are_working_days_in_order(worklist: WorkList) -> None:
    due = worklist.rows["due"]
    assert due.is_monotonic_increasing
    assert due.min() == pd.Timestamp("2024-07-01")  # 29 June 2024 is a Saturday
    assert due.max() <= pd.Timestamp("2024-07-05")
    per_day = worklist.rows.groupby("due")["minutes"].sum()
    assert len(per_day) == 5 and per_day.max() < 1.4 * per_day.mean()


def test_left_out_are_worth_something_and_say_why(worklist: WorkList) -> None:
    assert set(worklist.left_out["reason"]) == {"held_out", "capacity"}
    assert not set(worklist.left_out["customer_id"]) & set(worklist.rows["customer_id"])
    assert worklist.left_out["expected_profit"].is_monotonic_decreasing


def test_same_list_twice_and_arms_are_kept(scores: pd.DataFrame, catalogue: Catalogue, worklist: WorkList) -> None:
    again = build_worklist(scores, catalogue, LIMITS, start=date(2024, 6, 29), previous_arms={})
    pd.testing.assert_frame_equal(again.rows, worklist.rows)
    arms = dict.fromkeys(worklist.rows["customer_id"], "held_out")
    other = build_worklist(scores, catalogue, LIMITS, start=date(2024, 6, 29), previous_arms=arms)
    kept = other.rows[other.rows["strategy"] != "complaint_follow_up"]
    assert not set(kept["customer_id"]) & set(arms)


def test_the_same_customers_stay_held_out_when_risk_shifts(
    scores: pd.DataFrame, catalogue: Catalogue, worklist: WorkList
) -> None:
    assert set(worklist.arms) == set(scores["customer_id"])
    shifted = scores.assign(churn_probability=(scores["churn_probability"] * 0.5 + 0.3))
    held = {customer for customer, arm in worklist.arms.items() if arm == "held_out"}

    def held_with(arms: dict[str, str]) -> set[str]:
        found = build_worklist(shifted, catalogue, LIMITS, start=date(2024, 7, 6), previous_arms=arms)
        return {customer for customer, arm in found.arms.items() if arm == "held_out"}

    assert held_with(worklist.arms) >= held
    assert not held_with({}) >= held  # drawn anew, some would be contacted whom the last list left alone


def test_refusals(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    for wrong in ({"channel_caps": {"fax": 3}}, {"channel_caps": {"regular_contact": 3}}):
        with pytest.raises(InputError, match=r"worklist.channel_caps: '.*' is neither a strategy nor a channel"):
            build_worklist(scores, catalogue, settings_with(**wrong), start=date(2024, 7, 1), previous_arms={})


def test_no_owner_has_more_work_than_hours_on_any_day(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    """What is owed comes first on its owner's days; holidays and weekends hold nothing."""
    owners = np.array(["Ann", "Bob", None], dtype=object)[np.arange(len(scores)) % 3]
    settings = settings_with(
        hours_per_day=1.5,
        hours_of={"Bob": 0.5},
        days=4,
        days_off=(
            {"first": date(2024, 7, 2), "last": date(2024, 7, 2)},
            {"first": date(2024, 7, 3), "last": date(2024, 7, 4), "owner": "Ann"},
        ),
    )
    found = build_worklist(scores.assign(owner=owners), catalogue, settings, start=date(2024, 6, 29), previous_arms={})
    rows = found.rows.assign(owner=found.rows["owner"].fillna("nobody"))
    minutes = rows.groupby(["owner", "due"])["minutes"].sum()
    hours = {"Ann": 90, "Bob": 30, "nobody": 90}
    assert all(spent <= hours[owner] + 1e-9 for (owner, _), spent in minutes.items())
    days = {owner: {day.day for day in part["due"]} for owner, part in rows.groupby("owner")}
    assert days == {"Ann": {1, 5}, "Bob": {1, 3, 4, 5}, "nobody": {1, 3, 4, 5}}
    assert minutes.groupby("owner").sum().ge([170, 100, 340]).all()  # the hours are used
    for _, part in rows.groupby(["owner", "due"]):
        assert part["duty"].to_numpy()[: part["duty"].sum()].all()
    assert found.duties_left + rows["duty"].sum() == (scores["open_complaints"] >= 1).sum()


def test_a_list_says_what_the_page_of_the_customer_says(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    free = build_worklist(scores, catalogue, ROOMY, start=date(2024, 7, 1), previous_arms={})
    own = free.rows.set_index("customer_id")["strategy"]
    advised = [
        [{"code": "nothing_we_know"}, {"code": own[name]}] if name in own else [] for name in scores["customer_id"]
    ]
    told = build_worklist(scores.assign(strategies=advised), catalogue, ROOMY, start=date(2024, 7, 1), previous_arms={})
    assert told.rows.set_index("customer_id")["strategy"].to_dict() == own.to_dict()
    none = scores.assign(strategies=[[] for _ in range(len(scores))])
    left = build_worklist(none, catalogue, ROOMY, start=date(2024, 7, 1), previous_arms={}).rows
    assert len(left) and left["duty"].all()


def test_those_compared_with_would_have_been_listed(
    scores: pd.DataFrame, catalogue: Catalogue, worklist: WorkList
) -> None:
    """Left alone and worth as much as those listed: about the held-out share of what the list holds."""
    assert set(worklist.compared["customer_id"]) <= set(worklist.held_out["customer_id"])
    free = (~worklist.rows["duty"]).sum()
    assert 0.04 * free < len(worklist.compared) < 0.2 * free
    listed = build_worklist(
        scores,
        catalogue,
        LIMITS,
        start=date(2024, 6, 29),
        previous_arms=dict.fromkeys(scores["customer_id"], "treated"),
    ).rows
    assert len(set(worklist.compared["customer_id"]) & set(listed["customer_id"])) > 0.8 * len(worklist.compared)


def test_minutes_go_by_strategy_then_by_channel(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    source = SourceSettings(path=Path("orders.parquet"))
    minutes = {"phone": 20.0, "email": 3.0, "complaint_follow_up": 5.0}
    settings = Settings(
        data=DataSettings(transactions=source), worklist=WorkListSettings(hours_per_day=None, minutes=minutes)
    )
    rows = build_worklist(scores, catalogue, settings, start=date(2024, 7, 1), previous_arms={}).rows
    own = {name: catalogue[name].staff_minutes for name in rows["strategy"].unique()}
    by_phone = rows[(rows["channel"] == "phone") & ~rows["duty"]]
    assert len(by_phone) and (by_phone["minutes"] == 20 + by_phone["strategy"].map(own)).all()
    assert (rows.loc[rows["duty"], "minutes"] == 5).all()
    by_mail = rows[rows["channel"] == "email"]
    assert len(by_mail) and (by_mail["minutes"] == 3 + by_mail["strategy"].map(own)).all()


def test_work_without_a_limit_is_spread_evenly() -> None:
    team = Team.of(settings_with(hours_per_day=None, days=4), date(2024, 7, 1), [None] * 8)
    assert team.spread(np.full(8, 30.0), np.arange(8)).tolist() in ([0, 0, 0, 1, 1, 1, 2, 2], [0, 0, 1, 1, 2, 2, 3, 3])


def test_without_amounts_the_list_goes_by_risk(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    """No profit is told, and whoever has the highest risk comes first among those to whom nothing is owed."""
    bare = scores.assign(expected_spend=np.nan, lifetime_value=np.nan)
    found = build_worklist(bare, catalogue, LIMITS, start=date(2024, 6, 29), previous_arms={})
    assert len(found.rows) and not found.priced
    assert found.expected_profit is None and found.value_of_next_hour is None
    assert found.rows["expected_profit"].isna().all()
    risk = bare.set_index("customer_id")["churn_probability"]
    free = found.rows[found.rows["strategy"] != "complaint_follow_up"]
    for _, day in free.groupby("due"):
        own = risk[day["customer_id"]].to_numpy()
        assert (own[:-1] >= own[1:] - 0.01).all()


def test_an_empty_company_has_an_empty_list(scores: pd.DataFrame, catalogue: Catalogue) -> None:
    nothing = build_worklist(scores.iloc[:0], catalogue, LIMITS, start=date(2024, 7, 1), previous_arms={})
    assert nothing.rows.empty and nothing.expected_profit == 0


# ------------------------------------------------------------------------------------------------- dated contacts


def plan_for(
    profile: dict[str, list[Any]],
    rules: PlanRules,
    start: date,
    *,
    last_contact: dict[str, date] | None = None,
    settings: Settings | None = None,
    **scores: list[Any],
) -> pd.DataFrame:
    ids = [f"C{place}" for place in range(len(next(iter(profile.values()))))]
    table = pd.DataFrame({"customer_id": ids, "stage": "repeat", "overall_value_tier": "medium"}).assign(**scores)
    people = pd.DataFrame({"customer_id": ids, **profile})
    own = settings or settings_with()
    return contact_plan(table, people, own, load_catalogue(), start=start, rules=rules, last_contact=last_contact)


def test_birthdays_within_the_span_with_consent_only() -> None:
    profile = {
        "birthday": [date(1980, 2, 29), date(1990, 3, 5), date(1990, 6, 1), None, date(1970, 3, 1)],
        "consent": ["yes", "sms", "yes", "yes", "no"],
        "preferred_channel": ["phone", "email", None, None, None],
    }
    plan = plan_for(profile, PlanRules(days=10), date(2023, 2, 25))
    assert plan[["customer_id", "occasion", "channel"]].to_numpy().tolist() == [
        ["C0", "birthday", "phone"],
        ["C1", "birthday", "sms"],
    ]
    assert plan["due"].tolist() == [pd.Timestamp("2023-02-28"), pd.Timestamp("2023-03-05")]
    assert plan["text_en"][0] == "Birthday on 28 Feb: congratulate" and plan["text_zh"][0] == "2月28日生日：送上祝福"


def test_birthdays_turn_the_year() -> None:
    assert next_birthday(date(1980, 1, 3), date(2023, 12, 30)) == date(2024, 1, 3)
    assert next_birthday(date(1980, 12, 30), date(2023, 12, 30)) == date(2023, 12, 30)


def test_visits_renewals_and_weekends() -> None:
    profile = {
        "consent": ["yes"] * 4,
        "renewal_at": [pd.NaT, pd.NaT, pd.Timestamp("2024-07-20"), pd.Timestamp("2024-06-01")],
        "owner": ["Ann", None, "Bob", None],
    }
    plan = plan_for(
        profile,
        PlanRules(days=20, visit_every=90, renewal_lead=14),
        date(2024, 7, 1),
        overall_value_tier=["high", "high", "low", "low"],
        last_contact={"C0": date(2024, 4, 8), "C2": date(2024, 6, 30)},
    )
    rows = plan[["customer_id", "occasion", "due", "owner"]].astype(object).to_numpy().tolist()
    assert rows == [
        ["C1", "visit", pd.Timestamp("2024-07-01"), None],
        ["C0", "visit", pd.Timestamp("2024-07-05"), "Ann"],  # Sunday 7 July is moved to Friday
        ["C2", "renewal", pd.Timestamp("2024-07-05"), "Bob"],  # 6 July is a Saturday
    ]
    assert plan["text_en"][0] == "Visit due: no contact is on record"
    assert plan["text_zh"][1] == "应拜访：上次联系是2024年4月8日"


def test_holidays_complaints_and_holdout() -> None:
    days = greeting_days("CN", date(2024, 9, 1), date(2024, 10, 10))
    assert days == [
        (date(2024, 9, 17), "Mid-Autumn Festival", "中秋节"),
        (date(2024, 10, 1), "National Day", "国庆节"),
    ]
    with pytest.raises(InputError, match="no greeting days are listed for 'XX'; use one of CN"):
        greeting_days("XX", date(2024, 1, 1), date(2024, 1, 2))
    profile = {"consent": ["yes"] * 4}
    rules = PlanRules(days=5, holidays_of="CN")
    extra = {"open_complaints": [1.0, 0.0, np.nan, 0.0], "overall_value_tier": ["high", "high", "medium", "low"]}
    plan = plan_for(profile, rules, date(2024, 9, 16), **extra)
    greeted = plan[plan["occasion"] == "holiday"]
    assert greeted["customer_id"].tolist() == ["C1", "C2"]
    assert greeted["text_zh"].iloc[0] == "9月17日中秋节：发送问候"
    ids = [f"C{place}" for place in range(4)]
    table = pd.DataFrame({"customer_id": ids, "stage": "repeat", **extra})
    arms = pd.Series(["treated", "held_out", "treated", "treated"])
    left = contact_plan(
        table,
        pd.DataFrame({"customer_id": ids, **profile}),
        settings_with(),
        load_catalogue(),
        start=date(2024, 9, 16),
        rules=rules,
        assignment=arms,
    )
    assert left["customer_id"].tolist() == ["C2"]


def test_visits_are_spread_over_the_hours_and_skip_days_off() -> None:
    """The longest without contact go first; nobody visits on a holiday of the company, of theirs or of the country."""
    count = 60
    settings = settings_with(
        hours_per_day=2.5,
        days_off=(
            {"first": date(2024, 9, 24), "last": date(2024, 9, 24)},
            {"first": date(2024, 9, 23), "last": date(2024, 9, 23), "owner": "Ann"},
        ),
    )
    seen = {f"C{place}": date(2024, 5, 1) + pd.Timedelta(days=place) for place in range(count)}
    plan = plan_for(
        {"consent": ["yes"] * count, "owner": ["Ann", "Bob"] * (count // 2)},
        PlanRules(days=18, visit_every=60, holidays_of="CN"),
        date(2024, 9, 16),
        last_contact=seen,
        settings=settings,
        overall_value_tier=["high"] * count,
    )
    visits = plan[plan["occasion"] == "visit"]
    longest = minutes_of("scheduled_visit", "face_to_face", load_catalogue(), settings)
    assert visits.groupby(["owner", "due"]).size().max() == 150 // longest
    days = {owner: {day.strftime("%m-%d") for day in part["due"]} for owner, part in visits.groupby("owner")}
    both = {
        "09-18",
        "09-19",
        "09-20",
        "09-25",
        "09-26",
        "09-27",
        "09-30",
    }  # 15 to 17 September and October are holidays
    assert days == {"Ann": both, "Bob": both | {"09-23"}}
    assert 0 < len(visits) < count
    first = [f"C{place}" for place in range(len(visits))]
    assert len(set(visits["customer_id"]) & set(first)) >= len(visits) - 2


def test_a_contract_ends_on_the_day_of_the_business_zone() -> None:
    source = SourceSettings(path=Path("orders.parquet"))
    settings = Settings(data=DataSettings(transactions=source, timezone="Asia/Shanghai"))
    profile = {"renewal_at": [pd.Timestamp("2024-07-19T16:00")], "consent": ["no"]}
    plan = plan_for(profile, PlanRules(days=20, renewal_lead=3), date(2024, 7, 1), settings=settings)
    assert plan["text_en"].tolist() == ["Contract renews on 20 Jul: talk before"]
    assert plan["due"].tolist() == [pd.Timestamp("2024-07-17")]
