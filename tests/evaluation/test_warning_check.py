"""Warnings against what followed: who falls silent is warned of before being lost, with nothing from later."""

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.settings import Settings
from evaluation.warning_check import warning_check
from evaluation.warning_quality import SIGN_FEATURES
from features.engine import compute_features, feature_set_for, order_events, tables_from_arrow
from retention.explanation.warnings import find_signs
from retention.profile.lifecycle import order_days

START, END = datetime(2021, 1, 1), datetime(2022, 7, 1)


def steps(until: dict[str, int], every: int = 20, days: int = 546) -> pa.Table:
    """Orders at an even pace until the customer stops."""
    rows = [
        (customer, f"{customer}-{day}", START + timedelta(days=day, hours=9))
        for customer, stop in until.items()
        for day in range(0, min(stop, days), every)
    ]
    return pa.table(
        {
            "customer_id": [row[0] for row in rows],
            "order_id": [row[1] for row in rows],
            "occurred_at": pa.array([row[2] for row in rows], pa.timestamp("us")),
            "amount": pa.array([Decimal("20")] * len(rows), pa.decimal128(18, 4)),
        }
    )


def checked(table: pa.Table, settings: Settings) -> dict[str, object] | None:
    with tables_from_arrow({"transactions": table}) as tables:
        return warning_check(tables, order_events(tables, END), END, settings)


def test_the_silent_are_warned_of_and_the_steady_are_not(settings: Settings) -> None:
    steady = {f"s{k}": 10_000 for k in range(20)}
    # overdue 30 days after the last order, lost 80 days after it: the moments are a fortnight apart
    leaving = {f"l{k}": 386 + k for k in range(10)}
    found = checked(steps(steady | leaving), settings)
    assert found is not None
    assert found["lost_customers"] == 10 and found["warned_in_time"] == 1.0
    assert found["false_alarms"] == 0.0 and found["ordered_unwarned"] == pytest.approx(1.0, abs=0.1)
    assert set(found["by_sign"]) <= {"overdue", "overdue_few", "frequency_falling"}  # type: ignore[arg-type]
    assert found["customers"] == 30 and found["moments"] == 26


def test_a_pause_is_a_false_alarm(settings: Settings) -> None:
    pausing = [f"p{k}" for k in range(5)]
    back = steps(dict.fromkeys(pausing, 10_000), every=10).to_pandas()
    gone = (back["occurred_at"] >= START + timedelta(days=400)) & (back["occurred_at"] < START + timedelta(days=440))
    kept = pa.Table.from_pandas(back[~gone], preserve_index=False, schema=steps({"a": 10}).schema)
    found = checked(kept, settings)
    assert found is not None and found["lost_customers"] == 0
    assert found["warned_customers"] > 0 and found["false_alarms"] == 1.0


def test_a_short_log_is_not_checked(settings: Settings) -> None:
    rows = steps({"a": 10_000}).to_pandas()
    short = rows[rows["occurred_at"] >= END - timedelta(days=180)]
    assert checked(pa.Table.from_pandas(short, preserve_index=False, schema=steps({"a": 10}).schema), settings) is None


def test_the_named_features_are_all_that_signs_read(log: pa.Table, as_of: datetime) -> None:
    with tables_from_arrow({"transactions": log}) as tables:
        frame = compute_features(tables, [as_of], feature_set_for(tables))
        days = order_days(order_events(tables, as_of), pd.Timestamp(as_of), frame["customer_id"])
    few = frame[["customer_id", "as_of", *(name for name in frame.columns if name in SIGN_FEATURES)]]
    assert len(few.columns) < len(frame.columns) / 2
    seen = 0
    for one, other in zip(find_signs(frame, days), find_signs(few, days), strict=True):
        if one.code != "breadth_shrinking":
            assert np.array_equal(one.on, other.on), one.code
            seen += int(one.on.sum())
    assert seen > 10
