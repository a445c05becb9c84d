"""Stages and levels as state machines: a table of histories with dated transitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import LifecycleSettings, Settings
from retention.profile.lifecycle import (
    STAGES,
    order_days,
    stages,
    transitions,
    usual_gaps,
)
from retention.profile.membership import member_levels, member_transitions, trailing_year

AS_OF = pd.Timestamp("2024-01-01")
RULES = LifecycleSettings()
ONE_RHYTHM = LifecycleSettings(rhythm_weight=0.0)
LEVELS = {"ordinary": {}, "silver": {"spend": 100.0, "orders": 2.0}, "gold": {"spend": 500.0, "orders": 4.0}}


def history(*days_before: float, amount: float = 50.0, customer: str = "c", orders: bool = True) -> pd.DataFrame:
    """Orders so many days before AS_OF."""
    return pd.DataFrame(
        {
            "customer_id": [customer] * len(days_before),
            "occurred_at": [AS_OF - pd.Timedelta(days=days) for days in days_before],
            "amount": [amount] * len(days_before),
            "is_order": [orders] * len(days_before),
        }
    )


def told(
    events: pd.DataFrame, rules: LifecycleSettings = ONE_RHYTHM, typical: float = 30.0
) -> list[tuple[str, str, str]]:
    moves = transitions(order_days(events, AS_OF), AS_OF, rules, typical)
    return [
        (f"{at:%Y-%m-%d}", before, after)
        for at, before, after in zip(moves["at"], moves["from_stage"], moves["to_stage"], strict=True)
    ]


@pytest.mark.parametrize(
    ("days_before", "expected"),
    [
        # a first order; the typical gap of 30 days decides: at risk after 60, lost after 120
        ([10], [("2023-12-22", "prospect", "first_time")]),
        ([60], [("2023-11-02", "prospect", "first_time")]),
        ([61], [("2023-11-01", "prospect", "first_time"), ("2023-12-31", "first_time", "at_risk")]),
        (
            [121],
            [
                ("2023-09-02", "prospect", "first_time"),
                ("2023-11-01", "first_time", "at_risk"),
                ("2023-12-31", "at_risk", "lost"),
            ],
        ),
        # two orders 20 days apart: own gap 20, at risk after 40, lost after 80
        ([50, 30], [("2023-11-12", "prospect", "first_time"), ("2023-12-02", "first_time", "repeat")]),
        (
            [61, 41],
            [
                ("2023-11-01", "prospect", "first_time"),
                ("2023-11-21", "first_time", "repeat"),
                ("2023-12-31", "repeat", "at_risk"),
            ],
        ),
        # comes back before being lost: repeat again; after being lost: won back, then repeat
        (
            [160, 140, 90],
            [
                ("2023-07-25", "prospect", "first_time"),
                ("2023-08-14", "first_time", "repeat"),
                ("2023-09-23", "repeat", "at_risk"),
                ("2023-10-03", "at_risk", "repeat"),
                ("2023-12-12", "repeat", "at_risk"),
            ],
        ),
        (
            [300, 280, 100, 60],
            [
                ("2023-03-07", "prospect", "first_time"),
                ("2023-03-27", "first_time", "repeat"),
                ("2023-05-06", "repeat", "at_risk"),
                ("2023-06-15", "at_risk", "lost"),
                ("2023-09-23", "lost", "won_back"),
                ("2023-11-02", "won_back", "repeat"),
            ],
        ),
        # loyal from the fifth order on, 180 days after the first
        (
            [225, 180, 135, 90, 45, 0.5],
            [
                ("2023-05-21", "prospect", "first_time"),
                ("2023-07-05", "first_time", "repeat"),
                ("2023-11-17", "repeat", "loyal"),
            ],
        ),
    ],
)
def test_histories_have_dated_transitions(days_before: list[float], expected: list[tuple[str, str, str]]) -> None:
    assert told(history(*days_before)) == expected


def test_loyalty_is_earned_anew_after_having_been_lost() -> None:
    days = [700, 650, 600, 550, 500, 450, 100, 50, 5]
    assert [after for _, _, after in told(history(*days))] == [
        *("first_time", "repeat", "loyal", "at_risk", "lost", "won_back", "repeat"),
    ]


def test_a_day_counts_once() -> None:
    same_day = pd.concat([history(30.0), history(29.8), history(10.0)])
    assert told(same_day) == told(history(30.0, 10.0))
    days = order_days(same_day, AS_OF)
    assert days.orders.tolist() == [2, 1] and days.amount.tolist() == [100.0, 50.0]


def test_returns_are_not_orders() -> None:
    events = pd.concat([history(90.0), history(20.0, amount=-50.0, orders=False)])
    assert told(events)[-1][2] == "at_risk"


def test_nothing_at_or_after_as_of_or_recorded_later_is_seen() -> None:
    events = pd.concat([history(50.0), history(0.0), history(-3.0)])
    assert told(events) == told(history(50.0))
    late = pd.concat([history(50.0), history(20.0)]).assign(recorded_at=[pd.NaT, AS_OF + pd.Timedelta(days=1)])
    assert told(late) == told(history(50.0))


def test_usual_gap_is_drawn_to_the_typical_one() -> None:
    days = order_days(history(60.0, 40.0, 20.0), AS_OF)
    np.testing.assert_allclose(usual_gaps(days, RULES, 50.0), [50.0, (20 + 50) / 2, (40 + 50) / 3])
    short = LifecycleSettings(shortest_gap_days=7, rhythm_weight=0.0)
    np.testing.assert_allclose(usual_gaps(order_days(history(3.0, 2.0, 1.0), AS_OF), short, 5.0), [7.0, 7.0, 7.0])


@given(st.lists(st.lists(st.integers(1, 900), max_size=12), min_size=1, max_size=6), st.integers(2, 400))
@settings(max_examples=60, deadline=None)
def test_the_machine_agrees_with_a_day_by_day_walk(histories: list[list[int]], cut: int) -> None:
    events = pd.concat([history(*days, customer=f"c{i}") for i, days in enumerate(histories)])
    if events.empty:
        assert transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0).empty
        return
    moves = transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0)
    for i, days_before in enumerate(histories):
        own = moves[moves["customer_id"] == f"c{i}"]
        walked = walk(sorted(set(days_before), reverse=True))
        assert list(zip(own["at"].dt.strftime("%Y-%m-%d"), own["to_stage"], strict=True)) == walked
        # each change starts where the one before ended, and none is no change
        assert list(own["from_stage"])[:1] in ([], ["prospect"])
        assert list(own["from_stage"])[1:] == list(own["to_stage"])[:-1]
        assert (own["from_stage"] != own["to_stage"]).all()
    # what was dated before an earlier moment stays as it was when later orders come in
    earlier = AS_OF - pd.Timedelta(days=cut)
    before = transitions(order_days(events, earlier), earlier, RULES, 30.0)
    again = moves[moves["at"] < earlier].reset_index(drop=True)
    pd.testing.assert_frame_equal(before[before["at"] < earlier].reset_index(drop=True), again)


def walk(days_before: list[int]) -> list[tuple[str, str]]:
    """The written rules, one day after the other."""
    stage, found = "prospect", []
    orders: list[int] = []
    run_start = run_count = 0
    first = days_before[0] if days_before else 0
    for day in range(first, -1, -1):
        date = f"{AS_OF - pd.Timedelta(days=day):%Y-%m-%d}"
        if day in days_before:
            back = stage == "lost"
            orders.append(day)
            if back or len(orders) == 1:
                run_start, run_count = day, 0
            run_count += 1
            loyal = run_count >= RULES.loyal_orders and run_start - day >= RULES.loyal_days
            new = "first_time" if len(orders) == 1 else "won_back" if back else "loyal" if loyal else "repeat"
        elif orders and day > 0:
            gap = max((orders[0] - orders[-1] + 30.0) / len(orders), RULES.shortest_gap_days)
            silent = orders[-1] - day
            gone = max(gap * 4, RULES.shortest_lost_days)
            new = "lost" if silent >= np.ceil(gone) else "at_risk" if silent >= np.ceil(gap * 2) else stage
        else:
            new = stage
        if new != stage:
            found.append((date, new))
            stage = new
    return found


def test_a_re_run_gives_the_same_states() -> None:
    rng = np.random.default_rng(1)
    parts = [history(*rng.uniform(0, 700, rng.integers(1, 15)), customer=f"c{i}") for i in range(60)]
    events = pd.concat(parts)
    once = transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0)
    shuffled = events.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(once, transitions(order_days(shuffled, AS_OF), AS_OF, RULES, 30.0))


def test_probability_puts_at_risk_only_those_who_keep_to_their_rhythm() -> None:
    events = pd.concat(
        [
            history(5.0, customer="first"),
            *(history(45.0, 25.0, 5.0, customer=name) for name in ("keeps", "risky", "sure")),
            history(300.0, 280.0, customer="lost"),
        ]
    )
    names = ["first", "keeps", "risky", "sure", "lost", "none"]
    frame = pd.DataFrame({"customer_id": names, "as_of": AS_OF, "days_since_last_order": 40.0})
    moves = transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0)
    found = stages(
        frame,
        moves,
        churn_probability=np.array([0.9, 0.2, 0.8, 0.45, 0.99, np.nan]),
        high_from=np.array([0.4] * 6),
    )
    assert found["stage"].tolist() == ["first_time", "repeat", "at_risk", "repeat", "lost", "prospect"]
    assert found["stage_because"].tolist() == ["order", "order", "probability", "order", "silence", "none"]
    assert found["stage_since"].iloc[2] == AS_OF and pd.isna(found["stage_since"].iloc[5])
    assert set(found["stage"]) <= set(STAGES)


def test_who_buys_once_a_year_is_not_at_risk_within_the_rhythm() -> None:
    """Four Septembers, the last a month ago: the chance of no order in 90 days is near one, in a year it is not."""
    yearly = (1_125.0, 760.0, 395.0, 30.0)
    events = pd.concat([history(*yearly, customer="yearly"), history(90.0, 60.0, 30.0, customer="monthly")])
    frame = pd.DataFrame({"customer_id": ["monthly", "yearly"], "as_of": AS_OF, "days_since_last_order": [30.0, 30.0]})
    moves = transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0)
    said = {"churn_probability": np.array([0.9, 0.9]), "high_from": np.array([0.4, 0.4])}
    assert stages(frame, moves, **said)["stage"].tolist() == ["at_risk", "repeat"]
    warned = stages(frame, moves, **said, warned=np.array([False, True]))
    assert warned["stage"].tolist() == ["at_risk", "at_risk"]
    assert set(warned["stage_because"]) == {"probability"}
    # ordered the day before yesterday: nothing is due, whatever the model expects
    early = frame.assign(days_since_last_order=2.0)
    assert stages(early, moves, **said)["stage"].tolist() == ["repeat", "repeat"]
    # still not overdue when the next September is over
    later = transitions(order_days(history(*(days + 340 for days in yearly)), AS_OF), AS_OF, RULES, 30.0)
    assert later["to_stage"].iloc[-1] == "repeat" and later["because"].iloc[-1] == "order"


def test_whom_the_model_expects_back_is_at_risk_and_not_lost() -> None:
    events = history(300.0, 280.0)
    frame = pd.DataFrame({"customer_id": ["c"], "as_of": [AS_OF]})
    moves = transitions(order_days(events, AS_OF), AS_OF, RULES, 30.0)
    assert moves["to_stage"].tolist() == ["first_time", "repeat", "at_risk", "lost"]
    for probability, stage, row in ((0.49, "at_risk", 2), (0.5, "lost", 3), (np.nan, "lost", 3)):
        found = stages(frame, moves, churn_probability=np.array([probability]), high_from=np.array([0.9]))
        assert found["stage"].tolist() == [stage]
        assert found["stage_since"].iloc[0] == moves["at"].iloc[row]


def test_a_quick_buyer_is_not_lost_within_two_months() -> None:
    events = history(80.0, 75.0, 70.0, 65.0, 60.0)
    assert told(events)[-1] == ("2023-11-16", "repeat", "at_risk")
    assert told(history(81.0, 76.0, 71.0, 66.0, 61.0))[-1] == ("2023-12-31", "at_risk", "lost")


def test_rules_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="lost_after must be larger"):
        LifecycleSettings(at_risk_after=3, lost_after=3)
    assert Settings.model_validate({"data": {"transactions": {"path": "x"}}}).retention.lifecycle == RULES


# Membership ----------------------------------------------------------------------------------------------------------


def levels_of(events: pd.DataFrame) -> list[tuple[str, str, str]]:
    moves = member_transitions(order_days(events, AS_OF), AS_OF, LEVELS)
    return [
        (f"{at:%Y-%m-%d}", before, after)
        for at, before, after in zip(moves["at"], moves["from_level"], moves["to_level"], strict=True)
    ]


def test_promotion_on_the_day_that_reaches_the_level_and_demotion_a_year_after_the_last_one() -> None:
    assert levels_of(history(30.0, amount=1000.0)) == []  # one order is not enough
    assert levels_of(history(60.0, 30.0)) == [("2023-12-02", "ordinary", "silver")]
    assert levels_of(history(60.0, 30.0, amount=49.99)) == []
    assert levels_of(history(500.0, 460.0)) == [
        ("2022-09-28", "ordinary", "silver"),
        ("2023-09-28", "silver", "ordinary"),
    ]
    # 365 days later to the day: the level is held through that year and ends on its last day
    assert levels_of(history(395.0, 365.0))[-1] == ("2024-01-01", "silver", "ordinary")
    assert levels_of(history(394.0, 364.0))[-1][2] == "silver"


def test_a_new_qualification_carries_the_level_on() -> None:
    days = [700.0, 650.0, 400.0, 330.0, 100.0, 50.0]
    assert levels_of(history(*days)) == [("2022-03-22", "ordinary", "silver")]


def test_levels_above_pass_through() -> None:
    found = levels_of(history(800.0, 790.0, 780.0, 770.0, amount=130.0))
    assert found == [
        ("2021-11-02", "ordinary", "silver"),
        ("2021-11-22", "silver", "gold"),
        ("2022-11-22", "gold", "ordinary"),
    ]
    jump = levels_of(pd.concat([history(10.0, 9.0, 8.0, amount=1.0), history(7.0, amount=900.0)]))
    assert jump == [("2023-12-25", "ordinary", "gold")]


def test_returns_lower_the_spend_from_their_day_on() -> None:
    events = pd.concat([history(60.0, 30.0, 10.0, amount=40.0), history(35.0, amount=-40.0, orders=False)])
    assert levels_of(events) == []
    late = pd.concat([history(60.0, 30.0, amount=60.0), history(5.0, amount=-60.0, orders=False)])
    assert levels_of(late) == [("2023-12-02", "ordinary", "silver")]


def test_the_window_holds_365_days() -> None:
    days = order_days(pd.concat([history(366.0, 2.0, 1.0, amount=10.0)]), AS_OF)
    spend, orders = trailing_year(days)
    assert spend.tolist() == [10.0, 20.0, 20.0] and orders.tolist() == [1.0, 2.0, 2.0]
    two = order_days(pd.concat([history(2.0, customer="a"), history(1.0, customer="b")]), AS_OF)
    assert trailing_year(two)[1].tolist() == [1.0, 1.0]


def test_without_amounts_orders_alone_decide() -> None:
    assert levels_of(history(60.0, 30.0, amount=float("nan"))) == [("2023-12-02", "ordinary", "silver")]


@given(st.lists(st.tuples(st.integers(1, 1200), st.integers(-60, 400)), min_size=1, max_size=14))
@settings(max_examples=60, deadline=None)
def test_levels_agree_with_a_day_by_day_walk(lines: list[tuple[int, int]]) -> None:
    events = pd.concat([history(float(day), amount=float(amount), orders=amount > 0) for day, amount in lines])
    found = levels_of(events)
    names, level, walked, held = list(LEVELS), 0, [], [0, -1, -1]
    for day in range(1200, -1, -1):
        spend = sum(amount for other, amount in lines if day <= other <= day + 364)
        count = sum(1 for other, amount in lines if day <= other <= day + 364 and amount > 0)
        bought = any(other == day and amount > 0 for other, amount in lines)
        for place in (1, 2):
            needs = LEVELS[names[place]]
            if bought and spend >= needs["spend"] and count >= needs["orders"]:
                held[place] = day
        new = max([place for place in (1, 2) if held[place] >= 0 and held[place] - day < 365], default=0)
        if new != level:
            walked.append((f"{AS_OF - pd.Timedelta(days=day):%Y-%m-%d}", names[level], names[new]))
            level = new
    assert found == walked


def test_the_companys_own_level_wins() -> None:
    events = pd.concat([history(60.0, 30.0, customer="a"), history(60.0, 30.0, customer="b")])
    moves = member_transitions(order_days(events, AS_OF), AS_OF, LEVELS)
    found = member_levels(pd.Series(["a", "b", "z"]), moves, LEVELS, np.array([None, "platinum", None], object))
    assert found["member_level"].tolist() == ["silver", "platinum", "ordinary"]
    assert found["member_because"].tolist() == ["promoted", "given", "ordinary"]
    assert found["member_since"].isna().tolist() == [False, True, True]
