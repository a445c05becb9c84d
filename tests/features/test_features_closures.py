"""Days on which nobody could buy are no silence: against an oracle that counts day by day."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DataSettings, Settings
from features.closures import Closures
from features.engine import compute_features, feature_set_for, open_tables, order_events, tables_from_arrow
from features.ingestion import ingest

START = datetime(2024, 1, 1)
NAMES = ("days_since_last_order", "mean_gap_days", "longest_gap_days", "overdue_ratio", "orders_90d", "orders_ever")


def log(rows: list[tuple[str, int, str]]) -> pa.Table:
    """Orders as (customer, day, product), at noon."""
    return pa.table(
        {
            "customer_id": [customer for customer, _, _ in rows],
            "order_id": [str(number) for number in range(len(rows))],
            "occurred_at": pa.array([START + timedelta(days=day, hours=12) for _, day, _ in rows], pa.timestamp("us")),
            "amount": pa.array([Decimal(10)] * len(rows), pa.decimal128(18, 4)),
            "product_id": [product for _, _, product in rows],
        }
    )


def closures(closed: list[tuple[int, int]], lacking: list[tuple[str, int, int]] = (), zone: str = "UTC") -> Closures:  # type: ignore[assignment]
    """From days of the log, first and last included."""
    day = lambda number: (START + timedelta(days=number)).date()  # noqa: E731
    return Closures.of(
        DataSettings(
            timezone=zone,
            transactions={"path": "orders.csv"},  # type: ignore[arg-type]
            closed=[{"first": day(first), "last": day(last)} for first, last in closed],  # type: ignore[arg-type]
            out_of_stock=[  # type: ignore[arg-type]
                {"product_id": name, "first": day(first), "last": day(last)} for name, first, last in lacking
            ],
        )
    )


def features(rows: list[tuple[str, int, str]], when: int | list[int], shut: Closures) -> pd.DataFrame:
    moments = [START + timedelta(days=day) for day in ([when] if isinstance(when, int) else when)]
    with tables_from_arrow({"transactions": log(rows)}, threads=1, closures=shut) as tables:
        return compute_features(tables, moments, feature_set_for(tables).select(NAMES))


def test_a_closure_is_no_silence() -> None:
    """Weekly orders, then a fortnight's closure: the gap over it is a week, and nobody is overdue right after it."""
    rows = [("a", day, "x") for day in (0, 7, 14, 35, 42)]
    plain = features(rows, 45, Closures()).iloc[0]
    shut = features(rows, 45, closures([(16, 29)])).iloc[0]
    assert plain["longest_gap_days"] == 21 and shut["longest_gap_days"] == 7
    assert shut["mean_gap_days"] == 7
    over = features(rows[:3], 31, closures([(16, 29)])).iloc[0]
    assert over["days_since_last_order"] == pytest.approx(31 - 14.5 - 14)
    assert over["overdue_ratio"] < 1 < features(rows[:3], 31, Closures()).iloc[0]["overdue_ratio"]


def test_a_closure_after_the_cut_off_changes_nothing() -> None:
    rows = [("a", day, "x") for day in (0, 7, 14)]
    pd.testing.assert_frame_equal(features(rows, 20, closures([(20, 40)])), features(rows, 20, Closures()))
    within = features(rows, 20, closures([(18, 40)])).iloc[0]
    assert within["days_since_last_order"] == pytest.approx(20 - 14.5 - 2)


def test_the_days_are_those_of_the_business_zone() -> None:
    shut = closures([(1, 1)], zone="Asia/Shanghai")
    assert shut.company == ((datetime(2024, 1, 1, 16), datetime(2024, 1, 2, 16)),)


def test_out_of_stock_is_no_silence_for_those_who_buy_it() -> None:
    """Half of the orders must have held it by then; others, and time when the company was closed, are not touched."""
    rows = [("tea", day, "t") for day in (0, 7, 14)] + [("cups", day, "c") for day in (0, 7, 14)]
    rows += [("now_and_then", day, "t" if day == 0 else "c") for day in (0, 7, 14)]
    found = features(rows, 36, closures([], [("t", 16, 29)])).set_index("customer_id")["days_since_last_order"]
    assert found["tea"] == pytest.approx(36 - 14.5 - 14)
    assert found["cups"] == found["now_and_then"] == pytest.approx(36 - 14.5)
    both = features(rows, 36, closures([(20, 24)], [("t", 16, 29)])).set_index("customer_id")["days_since_last_order"]
    assert both["tea"] == pytest.approx(36 - 14.5 - 14), "a day is taken off once"
    assert both["cups"] == pytest.approx(36 - 14.5 - 5)
    after = [*rows, ("tea", 35, "t"), ("cups", 35, "c")]
    gaps = features(after, 36, closures([], [("t", 16, 29)])).set_index("customer_id")["longest_gap_days"]
    assert (gaps["tea"], gaps["cups"]) == (7, 21)


def test_what_is_usual_was_usual_before_it_ran_out() -> None:
    """Orders after the product ran out do not make it usual: nothing later may change what came before."""
    rows = [("a", 0, "c"), ("a", 7, "c"), ("a", 40, "t"), ("a", 41, "t"), ("a", 42, "t")]
    lacking = closures([], [("t", 16, 29)])
    assert features(rows, 45, lacking).iloc[0]["longest_gap_days"] == 33


DAYS = st.lists(st.integers(0, 120), min_size=1, max_size=12, unique=True)
SPANS = st.lists(st.tuples(st.integers(0, 120), st.integers(0, 20)), max_size=4)


@given(days=DAYS, spans=SPANS, cutoffs=st.lists(st.integers(60, 130), min_size=1, max_size=3, unique=True))
@settings(max_examples=60, deadline=None)
def test_open_days_against_a_count_day_by_day(
    days: list[int], spans: list[tuple[int, int]], cutoffs: list[int]
) -> None:
    """An independent count over a set of closed days; several cut-offs in one pass equal each alone."""
    shut = {day for first, length in spans for day in range(first, first + length + 1)}
    given_closures = closures([(first, first + length) for first, length in spans])
    rows = [("a", day, "x") for day in sorted(days)]
    together = features(rows, cutoffs, given_closures)

    def clock(day: float) -> float:
        whole = int(day)
        return sum(1 for one in range(whole) if one not in shut) + (0.0 if whole in shut else day - whole)

    for cutoff in cutoffs:
        seen = [day + 0.5 for day in sorted(days) if day + 0.5 < cutoff]
        alone = features(rows, cutoff, given_closures)
        of_many = together[together["as_of"] == pd.Timestamp(START + timedelta(days=cutoff))].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_many, alone)
        if not seen:
            assert alone.empty
            continue
        row = alone.iloc[0]
        assert row["days_since_last_order"] == pytest.approx(clock(cutoff) - clock(seen[-1]), abs=1e-9)
        assert row["orders_ever"] == len(seen)


@given(spans=SPANS, moments=st.lists(st.integers(0, 150 * 24), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_the_open_clock_and_its_inverse(spans: list[tuple[int, int]], moments: list[int]) -> None:
    shut = closures([(first, first + length) for first, length in spans])
    times = np.array([START + timedelta(hours=hour) for hour in sorted(moments)], dtype="datetime64[us]")
    clock = shut.open_clock(times)
    assert (np.diff(clock) >= 0).all()
    back = shut.moment_of(clock)
    assert (back >= times).all()
    assert (shut.open_clock(back) == clock).all()


def test_the_log_itself_stays_as_it_is() -> None:
    rows = [("a", 0, "x"), ("a", 7, "x")]
    with tables_from_arrow({"transactions": log(rows)}, closures=closures([(1, 6)])) as tables:
        assert order_events(tables)["occurred_at"].dt.date.tolist() == [date(2024, 1, 1), date(2024, 1, 8)]


def test_ingestion_keeps_the_closures_beside_the_tables(tmp_path: Path) -> None:
    """Whoever opens the tables gets them; another calendar is other data."""
    rows = [("a", day, "x") for day in (0, 7, 14)]
    log(rows).to_pandas().to_csv(tmp_path / "orders.csv", index=False)
    content = {"transactions": {"path": "orders.csv"}}
    shut = {"closed": [{"first": "2024-01-17", "last": "2024-01-30"}]}
    plain, closed = (
        Settings.model_validate({"data": content | more, "workdir": "work", "root": tmp_path}) for more in ({}, shut)
    )
    silence = []
    for settings_now in (plain, closed):
        assert not ingest(settings_now).reused
        with open_tables(settings_now.canonical) as tables:
            names = feature_set_for(tables).select(NAMES)
            frame = compute_features(tables, [START + timedelta(days=31)], names)
            silence.append(frame["days_since_last_order"].iloc[0])
    assert silence == [pytest.approx(16.5), pytest.approx(2.5)]
