"""Training sets: nothing passes the end of what may be known, windows do not overlap, samples are stable."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from configs.errors import NotEnoughDataError
from configs.settings import Settings, TrainingSettings
from evaluation.datasets import (
    TrainingSet,
    backtest_cutoffs,
    load_training_set,
    save_training_set,
    stable_fraction,
    training_set,
    typical_gap_days,
)
from features.engine import order_events, tables_from_arrow


def tables_until(log: pa.Table, moment: datetime) -> Any:
    return tables_from_arrow({"transactions": log.filter(pc.less(log["occurred_at"], pa.scalar(moment)))})


def test_rows_and_labels(log: pa.Table, data: TrainingSet) -> None:
    with tables_from_arrow({"transactions": log}) as tables:
        events = order_events(tables)
    assert list(data.frame.columns[:2]) == ["customer_id", "as_of"]
    assert list(data.frame.columns[2:]) == data.feature_set.names
    assert len(data.frame) == len(data.labels) > 1000
    learned = data.labels[[f"orders_{h}d" for h in data.context.targets.all_horizons]].notna().any(axis=1)
    assert set(data.frame.loc[learned, "as_of"].unique()) == {np.datetime64(cutoff) for cutoff in data.cutoffs}
    assert data.frame["as_of"].max() == data.context.known_until, "customers as they are now, without labels"
    orders = events[events["is_order"]]
    for cutoff in data.cutoffs:
        expected = set(orders.loc[orders["occurred_at"] < cutoff, "customer_id"])
        found = set(data.frame.loc[data.frame["as_of"] == cutoff, "customer_id"])
        assert found == expected, "one row for every customer who had ordered, and for nobody else"


def test_no_label_window_passes_the_end_of_knowledge(data: TrainingSet, settings: Settings, as_of: datetime) -> None:
    for horizon in settings.targets.all_horizons:
        ends = data.frame["as_of"] + pd.Timedelta(days=horizon)
        known = data.labels[f"orders_{horizon}d"].notna()
        main = data.frame["as_of"].isin([pd.Timestamp(cutoff) for cutoff in data.cutoffs])
        assert (known == ((ends <= as_of) & main)).all(), "only the level is watched at the other moments"
        assert (data.labels[f"level_orders_{horizon}d"].notna() == (ends <= as_of)).all()
        assert known.any()


def test_what_comes_later_changes_nothing(log: pa.Table, settings: Settings, as_of: datetime) -> None:
    """With the future cut away, doubled or changed, the training set is the same to the last bit."""
    past = pc.less(log["occurred_at"], pa.scalar(as_of - timedelta(days=60)))
    future = log.filter(pc.invert(past))
    changed = future.set_column(3, "amount", pc.multiply(future["amount"], pa.scalar(7)).cast(pa.decimal128(18, 4)))
    end = as_of - timedelta(days=60)
    hashes = set()
    for later in (future.slice(0, 0), pa.concat_tables([changed, future])):
        with tables_from_arrow({"transactions": pa.concat_tables([log.filter(past), later])}) as tables:
            hashes.add(training_set(tables, end, settings).data_hash)
    assert len(hashes) == 1


def test_the_hash_sees_one_changed_amount(
    log: pa.Table, data: TrainingSet, settings: Settings, as_of: datetime
) -> None:
    amounts = log["amount"].to_pylist()
    amounts[100] += 1
    other = log.set_column(3, "amount", pa.array(amounts, pa.decimal128(18, 4)))
    with tables_from_arrow({"transactions": other}) as tables:
        assert training_set(tables, as_of, settings).data_hash != data.data_hash


def test_sampling_is_by_customer_and_stable(
    log: pa.Table, data: TrainingSet, settings: Settings, as_of: datetime
) -> None:
    small = settings.model_copy(update={"training": TrainingSettings(max_cutoffs=4, max_rows=1000)})
    with tables_from_arrow({"transactions": log}) as tables:
        whole, sample = data, training_set(tables, as_of, small)
    assert 700 < len(sample.frame) < 1300 + 250 < len(whole.frame), "a quarter of the rows may come from watching"
    moments = [pd.Timestamp(moment) for moment in (*sample.cutoffs, as_of)]
    main, drawn = whole.frame["as_of"].isin(moments), sample.frame["as_of"].isin(moments)
    assert sample.sampled_share == pytest.approx(1000 / int(main.sum()), rel=0.02)
    rows = main & whole.frame["customer_id"].isin(set(sample.frame["customer_id"]))
    for found, expected in ((sample.frame, whole.frame), (sample.labels, whole.labels)):
        pd.testing.assert_frame_equal(found[drawn].reset_index(drop=True), expected[rows].reset_index(drop=True))


def test_stable_fraction_is_uniform_and_salted() -> None:
    ids = [f"c{number}" for number in range(20_000)]
    found = stable_fraction(ids)
    assert ((found >= 0) & (found < 1)).all()
    assert np.histogram(found, 10, (0, 1))[0].min() > 1850
    assert abs(np.corrcoef(found, stable_fraction(ids, "other"))[0, 1]) < 0.03
    assert stable_fraction(["客户"]).tolist() == stable_fraction(["x", "客户"])[1:].tolist()


def test_round_trip(data: TrainingSet, tmp_path: Path) -> None:
    paths = save_training_set(data, tmp_path / "set")
    bytes_before = [path.read_bytes() for path in paths]
    again = load_training_set(tmp_path / "set")
    pd.testing.assert_frame_equal(again.frame, data.frame)
    pd.testing.assert_frame_equal(again.labels, data.labels)
    assert again.context == data.context
    assert again.data_hash == data.data_hash
    save_training_set(again, tmp_path / "set")
    assert [path.read_bytes() for path in paths] == bytes_before


def test_a_log_without_closed_window_gives_rows_without_labels(log: pa.Table, settings: Settings) -> None:
    early = datetime(2021, 2, 10)
    with tables_until(log, early) as tables:
        data = training_set(tables, early, settings)
    assert data.cutoffs == (early,)
    assert data.labels.isna().all().all()
    assert len(data.frame) > 10


def test_no_order_yet(log: pa.Table, settings: Settings) -> None:
    with tables_from_arrow({"transactions": log}) as tables, pytest.raises(NotEnoughDataError, match="no order before"):
        training_set(tables, datetime(2020, 1, 1), settings)


def test_typical_gap() -> None:
    days = [0, 10, 40, 0, 20, 5]
    orders = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "b", "c"],
            "occurred_at": [datetime(2021, 1, 1) + timedelta(days=day) for day in days],
        }
    )
    assert typical_gap_days(orders) == 20.0
    assert typical_gap_days(orders[orders["customer_id"] == "c"]) is None


def test_backtest_windows_do_not_overlap() -> None:
    as_of = datetime(2022, 1, 1)
    cutoffs = backtest_cutoffs(as_of, 90, 3, not_before=datetime(2021, 5, 1))
    assert [(as_of - cutoff).days for cutoff in cutoffs] == [90, 180]
