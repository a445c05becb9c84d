"""Closed days and products out of stock hold back the life cycle and the warnings, not only the features."""

from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from configs.settings import LifecycleSettings
from features.closures import Closures
from features.engine import compute_features, feature_set_for, order_events, tables_from_arrow
from retention.explanation.warnings import find_signs
from retention.profile.lifecycle import order_days, transitions, usual_gaps
from retention.profile.open_days import ALWAYS_OPEN, OpenDays

START = datetime(2024, 1, 1)
RULES = LifecycleSettings(rhythm_weight=0.0)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def tables(days: list[int], closures: Closures, product: str = "t"):
    lines = pa.table(
        {
            "customer_id": ["a"] * len(days),
            "order_id": [str(day) for day in days],
            "occurred_at": pa.array([at(day) for day in days], pa.timestamp("us")),
            "amount": pa.array([Decimal(10)] * len(days), pa.decimal128(18, 4)),
            "product_id": [product] * len(days),
        }
    )
    return tables_from_arrow({"transactions": lines}, threads=1, closures=closures)


WEEKLY = [0, 7, 14, 21, 28, 35]
CLOSED = Closures(company=((at(40), at(60)),))
LACKING = Closures(products=(("t", at(40), at(60)),))


@pytest.mark.parametrize("closures", [CLOSED, LACKING], ids=["closed", "out_of_stock"])
def test_the_stage_waits_for_the_doors_to_open(closures: Closures) -> None:
    """Weekly buyer, at risk after a fortnight: five days before the closure, so nine days after it."""
    with tables(WEEKLY, closures) as given:
        events = order_events(given)
        open_days = OpenDays.of(given)
    moment = pd.Timestamp(at(90))
    plain = transitions(order_days(events, moment), moment, RULES, 7.0)
    held = transitions(order_days(events, moment, open_days=open_days), moment, RULES, 7.0)
    risk = {name: moves[moves["to_stage"] == "at_risk"]["at"].iloc[0] for name, moves in (("p", plain), ("h", held))}
    assert risk == {"p": pd.Timestamp(at(49)), "h": pd.Timestamp(at(69))}


def test_a_product_nobody_of_them_buys_holds_nothing_back() -> None:
    with tables(WEEKLY, LACKING, product="c") as given:
        assert OpenDays.of(given) == OpenDays(LACKING, ())


def test_a_gap_over_a_closure_is_the_usual_gap() -> None:
    with tables([0, 7, 14, 41, 48], Closures(company=((at(15), at(35)),))) as given:
        days = order_days(order_events(given), pd.Timestamp(at(60)), open_days=OpenDays.of(given))
    assert usual_gaps(days, RULES, 7.0)[-1] == pytest.approx(7.0)
    assert usual_gaps(days.__class__(**{**vars(days), "open_days": ALWAYS_OPEN}), RULES, 7.0)[-1] == pytest.approx(12.0)


def test_nobody_is_warned_of_a_closure_and_the_warning_is_dated_after_it() -> None:
    """The same silence warns without a calendar; with one it warns later, and says since when by the calendar."""
    found = {}
    for name, closures, day in (("plain", Closures(), 62), ("held", CLOSED, 62), ("later", CLOSED, 82)):
        with tables(WEEKLY, closures) as given:
            frame = compute_features(given, [at(day)], feature_set_for(given))
            days = order_days(order_events(given), pd.Timestamp(at(day)), frame["customer_id"], OpenDays.of(given))
            found[name] = next(sign for sign in find_signs(frame, days) if sign.code == "overdue")
    assert found["plain"].on[0] and not found["held"].on[0] and found["later"].on[0]
    assert pd.Timestamp(found["plain"].since[0]) < pd.Timestamp(at(60)) < pd.Timestamp(found["later"].since[0])


@pytest.mark.parametrize("closures", [CLOSED, LACKING], ids=["closed", "out_of_stock"])
def test_who_ordered_few_times_is_not_overdue_over_a_closure(closures: Closures) -> None:
    """Three weekly orders up to five days before the doors close: 30 days later only ten of them were open."""
    orders = [21, 28, 35]
    found = {}
    for name, calendar, day in (("plain", Closures(), 65), ("held", closures, 65), ("later", closures, 90)):
        with tables(orders, calendar) as given:
            frame = compute_features(given, [at(day)], feature_set_for(given))
            moment, open_days = pd.Timestamp(at(day)), OpenDays.of(given)
            days = order_days(order_events(given), moment, frame["customer_id"], open_days)
            moves = transitions(days, moment, RULES, 7.0)
            usual = moves.drop_duplicates("customer_id", keep="last")["usual_gap_days"].to_numpy()
            signs = find_signs(frame, days, usual_gap=usual)
            found[name] = next(sign for sign in signs if sign.code == "overdue_few")
    assert found["plain"].on[0] and not found["held"].on[0] and found["later"].on[0]


def test_orders_that_a_closure_or_a_stock_out_kept_away_are_not_falling() -> None:
    span = (at(400), at(450))
    orders = [day for day in range(0, 460, 7) if not 400 <= day < 450]
    found = {}
    for name, calendar in (
        ("plain", Closures()),
        ("closed", Closures(company=(span,))),
        ("lacking", Closures(products=(("t", *span),))),
    ):
        with tables(orders, calendar) as given:
            frame = compute_features(given, [at(460)], feature_set_for(given))
            moment = pd.Timestamp(at(460))
            days = order_days(order_events(given), moment, frame["customer_id"], OpenDays.of(given))
            found[name] = next(sign for sign in find_signs(frame, days) if sign.code == "frequency_falling").on[0]
    assert found == {"plain": True, "closed": False, "lacking": False}
