"""Early warnings: each sign at its boundary, none without enough history, and how their quality is measured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evaluation.warning_quality import evaluate_warnings
from retention.explanation.false_alarms import without_false_alarms
from retention.explanation.sign_dates import first_order
from retention.explanation.warnings import BY_CHANCE, OVERDUE_BY_CHANCE, UNITS, find_signs, warning_lists
from retention.profile.lifecycle import order_days
from retention.profile.sign_records import SignRecord
from retention.wording import MAX_LENGTH

AS_OF = pd.Timestamp("2024-01-01")


def rows(**columns: object) -> pd.DataFrame:
    first = next(iter(columns.values()))
    n = len(first) if isinstance(first, list) else 1
    given = {name: value if isinstance(value, list) else [value] for name, value in columns.items()}
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "as_of": [AS_OF] * n, **given})


def signs(frame: pd.DataFrame, **options: object) -> dict[str, list[bool]]:
    return {sign.code: sign.on.tolist() for sign in find_signs(frame, **options)}  # type: ignore[arg-type]


def history(*days_before: float, amounts: object = 50.0, customer: str = "c0") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [customer] * len(days_before),
            "occurred_at": [AS_OF - pd.Timedelta(days=days) for days in days_before],
            "amount": amounts,
            "is_order": True,
        }
    )


YEAR = {"days_since_first_order": 365.0}


@pytest.mark.parametrize(
    ("code", "row", "on"),
    [
        # many orders, evenly: a normal that is well known
        ("overdue", {"orders_ever": 30.0, "mean_gap_days": 10.0, "days_since_last_order": 19.0, "gap_cv": 0.2}, True),
        ("overdue", {"orders_ever": 30.0, "mean_gap_days": 10.0, "days_since_last_order": 15.0, "gap_cv": 0.2}, False),
        # the same rhythm known from four orders only
        ("overdue", {"orders_ever": 4.0, "mean_gap_days": 10.0, "days_since_last_order": 30.0, "gap_cv": 0.2}, False),
        ("overdue", {"orders_ever": 4.0, "mean_gap_days": 10.0, "days_since_last_order": 40.0, "gap_cv": 0.2}, True),
        ("overdue", {"orders_ever": 3.0, "mean_gap_days": 10.0, "days_since_last_order": 99.0, "gap_cv": 0.2}, False),
        # an irregular buyer is overdue later, one who orders seldom sooner in gaps: fewer chances of a false alarm
        ("overdue", {"orders_ever": 30.0, "mean_gap_days": 10.0, "days_since_last_order": 30.0, "gap_cv": 1.0}, False),
        ("overdue", {"orders_ever": 30.0, "mean_gap_days": 10.0, "days_since_last_order": 40.0, "gap_cv": 1.0}, True),
        ("overdue", {"orders_ever": 9.0, "mean_gap_days": 90.0, "days_since_last_order": 160.0, "gap_cv": 1.0}, True),
        ("overdue", {"orders_ever": 9.0, "mean_gap_days": 90.0, "days_since_last_order": 134.0, "gap_cv": 1.0}, False),
        ("frequency_falling", {**YEAR, "orders_90d": 1.0, "orders_365d": 20.0}, True),
        ("frequency_falling", {**YEAR, "orders_90d": 4.0, "orders_365d": 20.0}, False),
        # two a quarter to none happens by chance in one of eight quarters
        ("frequency_falling", {**YEAR, "orders_90d": 0.0, "orders_365d": 6.0}, False),
        # ten in 275 days, then none in 90: by chance in one of seventeen
        ("frequency_falling", {**YEAR, "orders_90d": 0.0, "orders_365d": 10.0}, False),
        ("frequency_falling", {**YEAR, "orders_90d": 0.0, "orders_365d": 11.0}, True),
        # in bursts of three, eleven orders are hardly four
        ("frequency_falling", {**YEAR, "orders_90d": 0.0, "orders_365d": 11.0, "gap_cv": 1.7}, False),
        ("frequency_falling", {"days_since_first_order": 269.0, "orders_90d": 0.0, "orders_365d": 20.0}, False),
        (
            "order_value_falling",
            {"orders_90d": 5.0, "spend_90d": 250.0, "orders_365d": 15.0, "spend_365d": 1250.0},
            True,
        ),
        (
            "order_value_falling",
            {"orders_90d": 5.0, "spend_90d": 360.0, "orders_365d": 15.0, "spend_365d": 1360.0},
            False,
        ),
        (
            "order_value_falling",
            {"orders_90d": 5.0, "spend_90d": 50.0, "orders_365d": 7.0, "spend_365d": 250.0},
            False,
        ),
        (
            "breadth_shrinking",
            {"categories_90d": 3.0, "categories_prior_90d": 10.0, "orders_90d": 4.0, "orders_180d": 8.0},
            True,
        ),
        (  # fewer orders explain fewer categories: that is another sign
            "breadth_shrinking",
            {"categories_90d": 3.0, "categories_prior_90d": 10.0, "orders_90d": 1.0, "orders_180d": 8.0},
            False,
        ),
        ("complaints_rising", {**YEAR, "complaints_90d": 2.0, "complaints_365d": 2.0}, True),
        ("complaints_rising", {**YEAR, "complaints_90d": 2.0, "complaints_365d": 8.0}, False),
        ("complaints_rising", {**YEAR, "complaints_90d": 1.0, "complaints_365d": 1.0}, False),
        ("complaint_open", {"open_complaints": 1.0, "oldest_open_complaint_days": 12.0}, True),
        ("complaint_open", {"open_complaints": 0.0}, False),
        ("satisfaction_falling", {"satisfaction_mean_365d": 0.7, "satisfaction_trend": -0.1}, True),
        ("satisfaction_falling", {"satisfaction_mean_365d": 0.7, "satisfaction_trend": -0.09}, False),
        ("satisfaction_falling", {"satisfaction_mean_365d": 0.7, "satisfaction_trend": np.nan}, False),
        ("satisfaction_falling", {"satisfaction_mean_365d": 0.8, "satisfaction_trend": -0.2}, False),  # still good
        ("contact_dropping", {**YEAR, "contacts_90d": 0.0, "contacts_365d": 12.0}, True),
        ("contact_dropping", {**YEAR, "contacts_90d": 0.0, "contacts_365d": 3.0}, False),
        ("offers_unused", {**YEAR, "redemptions_90d": 0.0, "redemptions_365d": 12.0}, True),
        ("offers_unused", {**YEAR, "redemptions_90d": 4.0, "redemptions_365d": 14.0}, False),
        ("cart_abandoned", {"cart_abandoned_30d": 1.0}, True),
        ("cart_abandoned", {"cart_abandoned_30d": 0.0}, False),
        ("cart_abandoned", {"cart_abandoned_30d": 2.0, "days_since_last_order": 9.0, "mean_gap_days": 10.0}, False),
        ("cart_abandoned", {"cart_abandoned_30d": 2.0, "days_since_last_order": 11.0, "mean_gap_days": 10.0}, True),
    ],
)
def test_each_sign_at_its_boundary(code: str, row: dict[str, float], on: bool) -> None:
    assert signs(rows(**row))[code] == [on]


def test_no_sign_where_nothing_is_known() -> None:
    found = signs(rows(orders_ever=1.0, days_since_last_order=900.0, mean_gap_days=np.nan))
    assert found.keys() == UNITS.keys()
    assert not any(on for flags in found.values() for on in flags)


def test_a_lost_customer_gets_no_early_warning_but_an_open_complaint() -> None:
    frame = rows(orders_ever=[9.0, 9.0]).assign(
        mean_gap_days=10.0, days_since_last_order=80.0, gap_cv=0.2, open_complaints=1.0
    )
    found = signs(frame, lost=np.array([True, False]))
    assert found["overdue"] == [False, True]
    assert found["complaint_open"] == [True, True]


def test_a_customer_with_few_orders_is_overdue_by_the_gap_drawn_towards_the_company_s() -> None:
    frame = rows(orders_ever=[1.0, 1.0, 3.0, 4.0, 2.0], days_since_last_order=[74.0, 75.0, 75.0, 75.0, 500.0])
    gap = np.array([30.0, 30.0, 30.0, 30.0, np.nan])
    found = next(sign for sign in find_signs(frame, usual_gap=gap) if sign.code == "overdue_few")
    assert found.on.tolist() == [False, True, True, False, False]
    assert found.since[1] == np.datetime64(AS_OF, "D") and found.normal[1] == 30.0
    assert not signs(frame)["overdue_few"][1]


def test_a_sign_is_dated_by_its_event_and_not_by_the_window() -> None:
    ages = [*range(360, 100, -20), 60, 40, 20]
    amounts = [100.0] * 13 + [98.0, 22.0, 60.0]
    days = order_days(history(*ages, amounts=amounts), AS_OF)
    frame = rows(orders_90d=3.0, spend_90d=180.0, orders_365d=16.0, spend_365d=1480.0)
    fall = next(sign for sign in find_signs(frame, days) if sign.code == "order_value_falling")
    # the first of the small orders, not the first of the window
    assert not fall.on[0] or fall.since[0] == np.datetime64(AS_OF - pd.Timedelta(days=40), "D")
    small = first_order(frame, np.array([True]), 70.0, days, 90.0)
    assert small[0] == np.datetime64(AS_OF - pd.Timedelta(days=40), "D")
    assert first_order(frame, np.array([True]), np.inf, days, 90.0)[0] == np.datetime64(
        AS_OF - pd.Timedelta(days=60), "D"
    )
    complaints = rows(**YEAR, complaints_90d=3.0, complaints_365d=3.0, days_since_last_complaint=12.0)
    rising = next(sign for sign in find_signs(complaints) if sign.code == "complaints_rising")
    assert rising.on[0] and rising.since[0] == np.datetime64("2023-12-20")
    # no table tells the day on which satisfaction fell: none is told
    fell = rows(satisfaction_mean_365d=0.6, satisfaction_trend=-0.25)
    sign = next(sign for sign in find_signs(fell) if sign.code == "satisfaction_falling")
    assert sign.on[0] and np.isnat(sign.since[0])


def test_signs_that_do_not_stand_the_comparison_are_notes_and_come_last() -> None:
    frame = rows(
        orders_ever=9.0,
        mean_gap_days=10.0,
        days_since_last_order=60.0,
        gap_cv=0.1,
        satisfaction_mean_365d=0.6,
        satisfaction_trend=-0.25,
        open_complaints=9.0,
        oldest_open_complaint_days=3.0,
    )
    records = {"complaint_open": SignRecord(100, 0.2, 0.19, 0.19, stays=False)}
    (found,) = warning_lists(find_signs(frame), 1, records=records)
    # satisfaction was never judged: only silence warns without a record
    assert [(one["sign"], one["code"]) for one in found] == [
        ("overdue", "early"),
        ("complaint_open", "note"),
        ("satisfaction_falling", "note"),
    ]
    records["complaint_open"] = SignRecord(100, 0.5, 0.19, 0.19, stays=True)
    (found,) = warning_lists(find_signs(frame), 1, records=records)
    assert [one["sign"] for one in found if one["code"] == "early"] == ["complaint_open", "overdue"]


def test_a_false_alarm_is_not_told_again_until_something_new_happens() -> None:
    frame = rows(orders_ever=[9.0, 9.0]).assign(
        mean_gap_days=10.0,
        days_since_last_order=60.0,
        gap_cv=0.1,
        satisfaction_mean_365d=0.6,
        satisfaction_trend=-0.25,
    )
    found = find_signs(frame)
    since = pd.Timestamp(next(sign for sign in found if sign.code == "overdue").since[0])

    def told(*alarms: tuple[str, str, pd.Timestamp]) -> dict[str, list[bool]]:
        marks = pd.DataFrame(list(alarms), columns=["customer_id", "sign", "at"])
        return {sign.code: sign.on.tolist() for sign in without_false_alarms(found, frame, marks)}

    # an append-only list: an older mark beside a newer one, another sign, another customer
    marked = told(("c0", "overdue", since - pd.Timedelta(days=300)), ("c0", "overdue", since + pd.Timedelta(days=1)))
    assert marked["overdue"] == [False, True] and marked["satisfaction_falling"] == [True, True]
    # the silence began after the mark: it is a new one
    assert told(("c0", "overdue", since - pd.Timedelta(days=1)))["overdue"] == [True, True]
    # a sign without a day is told again when its window has passed
    assert told(("c1", "satisfaction_falling", AS_OF - pd.Timedelta(days=89)))["satisfaction_falling"] == [True, False]
    assert told(("c1", "satisfaction_falling", AS_OF - pd.Timedelta(days=91)))["satisfaction_falling"] == [True, True]
    assert without_false_alarms(found, frame, None) == found


def test_since_when() -> None:
    frame = rows(orders_ever=9.0, mean_gap_days=10.0, days_since_last_order=40.0, gap_cv=0.1, open_complaints=1.0)
    found = {sign.code: sign for sign in find_signs(frame.assign(oldest_open_complaint_days=12.0))}
    shape = (8 + 4) / (8 * 0.01 + 4)
    limit = 10 * stats.f.isf(1 - 0.7 ** (10 / 90), 2 * shape, 2 * shape * 8)  # 24.9 days
    assert found["overdue"].since[0] == np.datetime64(AS_OF - pd.Timedelta(days=40 - limit), "D")
    assert found["overdue"].size[0] == 4.0
    assert found["complaint_open"].since[0] == np.datetime64("2023-12-20")


@pytest.mark.parametrize(("mean_gap", "shape"), [(7.0, 1.0), (7.0, 2.5), (30.0, 1.5)])
def test_who_goes_on_as_before_is_called_overdue_no_more_often_than_written(mean_gap: float, shape: float) -> None:
    rng = np.random.default_rng(4)
    n, seen = 3_000, 12
    before = rng.gamma(shape, mean_gap / shape, (n, seen))
    after = rng.gamma(shape, mean_gap / shape, (n, 60))
    ends = np.cumsum(after, axis=1)
    silences = np.where(ends <= 90, after, np.where(ends - after < 90, 90 - (ends - after), 0.0))
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "as_of": AS_OF,
            "orders_ever": seen + 1.0,
            "mean_gap_days": before.mean(axis=1),
            "gap_cv": before.std(axis=1, ddof=1) / before.mean(axis=1),
            "days_since_last_order": silences.max(axis=1),
        }
    )
    share = next(sign for sign in find_signs(frame) if sign.code == "overdue").on.mean()
    assert 0.08 < share <= OVERDUE_BY_CHANCE + 0.03


@pytest.mark.parametrize("rate", [6.0, 15.0])
def test_orders_that_go_on_as_before_hardly_ever_fall(rate: float) -> None:
    rng = np.random.default_rng(5)
    n = 5_000
    recent, before = rng.poisson(rate, n), rng.poisson(rate * 275 / 90, n)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(n).astype(str),
            "as_of": AS_OF,
            "days_since_first_order": 365.0,
            "orders_90d": recent.astype(float),
            "orders_365d": (recent + before).astype(float),
        }
    )
    share = next(sign for sign in find_signs(frame) if sign.code == "frequency_falling").on.mean()
    assert share <= BY_CHANCE


def test_orders_fall_since_the_day_the_window_emptied() -> None:
    # weekly for a year until 60 days ago: 90 days hold half the usual count or fewer since that many weeks have passed
    events = history(*range(365, 60, -7))
    days = order_days(events, AS_OF)
    ages = [float(age) for age in range(365, 60, -7)]
    recent = float(sum(age <= 90 for age in ages))
    frame = rows(days_since_first_order=365.0, orders_90d=recent, orders_365d=float(len(ages)))
    sign = next(sign for sign in find_signs(frame, days) if sign.code == "frequency_falling")
    assert sign.on[0]
    allowed = int(np.floor(0.5 * sign.normal[0]))
    walked = next(
        day
        for day in range(90)
        if sum(day < age <= day + 90 for age in ages) > allowed  # counting back from AS_OF
    )
    assert sign.since[0] == np.datetime64(AS_OF - pd.Timedelta(days=walked - 1), "D")


def test_a_fall_of_order_value_within_its_own_spread_is_no_warning() -> None:
    ages = [*range(360, 100, -20), 60, 40, 20]
    steady = [100.0] * 13 + [60.0, 61.0, 59.0]
    wild = [10.0, 300.0] * 6 + [100.0] + [60.0, 61.0, 59.0]
    for amounts, on in ((steady, True), (wild, False)):
        days = order_days(history(*ages, amounts=amounts), AS_OF)
        frame = rows(orders_90d=3.0, spend_90d=180.0, orders_365d=16.0, spend_365d=sum(amounts))
        assert signs(frame, days=days)["order_value_falling"] == [on]


def test_lists_are_sorted_by_size_and_told_in_both_languages() -> None:
    frame = rows(
        orders_ever=9.0,
        mean_gap_days=10.0,
        days_since_last_order=60.0,
        gap_cv=0.1,
        days_since_first_order=400.0,
        orders_90d=1.0,
        orders_365d=20.0,
        satisfaction_mean_365d=0.6,
        satisfaction_trend=-0.25,
    )
    (found,) = warning_lists(find_signs(frame), 1, "CNY")
    assert [one["sign"] for one in found] == ["frequency_falling", "overdue", "satisfaction_falling"]
    assert found[1]["text_en"] == "No order for 60 days; usually one every 10 days. Overdue since 26 Nov 2023"
    assert found[1]["text_zh"] == "已60天未下单，平时约10天一单，自2023年11月26日起逾期"
    assert all({"code", "sign", "size", "value", "normal", "unit", "since"} <= one.keys() for one in found)
    assert all(len(one[f"text_{lang}"]) <= MAX_LENGTH for one in found for lang in ("en", "zh"))


def test_quality_counts_losses_warned_in_time_and_false_alarms() -> None:
    first, second = AS_OF, AS_OF + pd.Timedelta(days=60)
    warned = pd.DataFrame(
        [
            ("a", first, ["overdue"], 0.0),
            ("b", first, [], 0.0),
            ("c", first, ["overdue", "cart_abandoned"], 1.0),
            ("d", first, [], 1.0),
            ("b", second, ["overdue"], 0.0),
            ("e", second, ["overdue"], np.nan),
        ],
        columns=["customer_id", "as_of", "signs", "ordered"],
    )
    lost = pd.DataFrame(
        {
            "customer_id": ["a", "b", "z"],
            "at": [first + pd.Timedelta(days=40), first + pd.Timedelta(days=80), first + pd.Timedelta(days=80)],
        }
    )
    found = evaluate_warnings(warned, lost)
    # b was warned only 20 days before; z was never looked at and does not count
    assert found.lost_customers == 2
    assert found.warned_in_time == 0.5
    assert found.warned_customers == 3 and found.false_alarms == pytest.approx(1 / 3)
    assert found.ordered_unwarned == pytest.approx(1 / 2)
    assert found.alarm_rate == pytest.approx(4 / 6)
    assert found.by_sign["cart_abandoned"] == {"warned_in_time": 0.0, "false_alarms": 1.0}
    sooner = evaluate_warnings(warned, lost, lead_days=20)
    assert sooner.warned_in_time == 1.0


def test_quality_without_losses_is_not_a_number() -> None:
    warned = pd.DataFrame({"customer_id": ["a"], "as_of": [AS_OF], "signs": [[]], "ordered": [1.0]})
    lost = pd.DataFrame({"customer_id": pd.Series(dtype=str), "at": pd.Series(dtype="datetime64[us]")})
    found = evaluate_warnings(warned, lost)
    assert np.isnan(found.warned_in_time) and found.lost_customers == 0 and np.isnan(found.false_alarms)
