"""The backtest: it sees nothing later, its figures are those of the data, the baselines stand on the same customers."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from configs.errors import NotEnoughDataError
from configs.settings import Settings
from evaluation.backtest import Evaluation, backtest
from evaluation.baselines import BASELINES, bg_nbd, persistence, recency_rule
from evaluation.datasets import TrainingSet
from evaluation.drivers import driver_summary
from evaluation.evaluation_files import load_evaluation
from evaluation.labels import OrderLog
from features.engine import order_events, tables_from_arrow
from tests.company import save_evaluation


class Recorder:
    """Stands in for a suite and keeps everything that it was shown and said."""

    refusal_ = "too_few_customers"

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.seen: list[pd.DataFrame] = []
        self.said: list[pd.DataFrame] = []

    def fit(self, frame: Any, labels: Any, context: Any, *, progress: Any = None) -> "Recorder":
        self.inner.fit(frame, labels, context)
        self.seen += [frame, labels]
        return self

    def predict(self, frame: Any) -> Any:
        self.seen.append(frame)
        self.said.append(self.inner.predict(frame))
        return self.said[-1]

    def contributions(self, frame: Any) -> Any:
        return self.inner.contributions(frame)


def test_the_backtest_cannot_see_later_data(
    log: pa.Table, settings: Settings, as_of: datetime, simple_suite: Any
) -> None:
    """Other rows after the test cut-off: the same frames, labels and predictions, other measures."""
    cutoff = as_of - timedelta(days=60)
    later = pc.greater_equal(log["occurred_at"], pa.scalar(cutoff))
    thinned = pa.concat_tables([log.filter(pc.invert(later)), log.filter(later).slice(0, 100)])
    recorders, found = [], []
    for table in (log, thinned):
        recorder = Recorder(simple_suite())
        with tables_from_arrow({"transactions": table}) as tables:
            found.append(backtest(tables, as_of, settings, lifetime=False, make_suite=lambda r=recorder: r))
        recorders.append(recorder)
    for one, other in zip(recorders[0].seen + recorders[0].said, recorders[1].seen + recorders[1].said, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert found[0].content["data_hash"] == found[1].content["data_hash"]
    for method in ("recency", "persistence", "bgnbd"):
        first, second = (evaluation.content["metrics"][method] for evaluation in found)
        assert first["churn_predicted"] == second["churn_predicted"], f"{method} saw the future"
    assert found[0].content["metrics"]["holdfast"]["churn_rate"] < found[1].content["metrics"]["holdfast"]["churn_rate"]


def test_figures_are_those_of_the_data(
    log: pa.Table, evaluation_of_company: Evaluation, as_of: datetime, settings: Settings
) -> None:
    content = evaluation_of_company.content
    cutoff = as_of - timedelta(days=60)
    with tables_from_arrow({"transactions": log}) as tables:
        events = order_events(tables)
    before = events[(events["occurred_at"] < cutoff) & events["is_order"]]
    window = events[(events["occurred_at"] >= cutoff) & (events["occurred_at"] < as_of)]
    known = window[window["customer_id"].isin(before["customer_id"])]
    assert content["customers"] == before["customer_id"].nunique()
    assert content["totals"]["orders"] == known["is_order"].sum()
    assert content["totals"]["spend"] == pytest.approx(known["amount"].sum())
    stayed = known.loc[known["is_order"], "customer_id"].nunique()
    assert content["metrics"]["holdfast"]["churn_rate"] == pytest.approx(1 - stayed / content["customers"])
    assert content["test_date"] == f"{cutoff:%Y-%m-%d}"
    assert [row["horizon_days"] for row in content["horizons"]] == [30, 60]
    assert content["lifetime"]["days"] == 180


def test_every_method_stands_on_the_same_customers(evaluation_of_company: Evaluation) -> None:
    found = evaluation_of_company.content["metrics"]
    assert set(found) == {"holdfast", "rule", *BASELINES}
    assert len({values["customers"] for values in found.values()}) == 1
    assert len({values["churn_rate"] for values in found.values()}) == 1
    assert found["constant"]["churn_auc"] == 0.5
    assert all(values["churn_auc"] > 0.55 for method, values in found.items() if method != "constant")
    assert evaluation_of_company.content["best"]["churn"] in BASELINES
    assert 0 < found["holdfast"]["churn_ece"] < 0.2


def test_evaluation_is_json_and_repeatable(
    log: pa.Table,
    evaluation_of_company: Evaluation,
    settings: Settings,
    as_of: datetime,
    simple_suite: Any,
    tmp_path: Path,
) -> None:
    save_evaluation(evaluation_of_company, tmp_path / "one")
    with tables_from_arrow({"transactions": log}) as tables:
        again = backtest(tables, as_of, settings, make_suite=simple_suite)
    save_evaluation(again, tmp_path / "two")
    for name in ("evaluation.json", "losses.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    loaded = load_evaluation(tmp_path / "one")
    assert loaded.content == evaluation_of_company.content
    pd.testing.assert_frame_equal(loaded.losses, evaluation_of_company.losses)
    assert "NaN" not in json.dumps(loaded.content)


def test_losses_hold_no_customer_id(evaluation_of_company: Evaluation) -> None:
    losses = evaluation_of_company.losses
    assert list(losses.columns) == ["key", "log_loss", "orders_deviance", "spend_deviance"]
    assert losses["key"].is_unique and losses["key"].dtype == np.int64
    assert losses["log_loss"].mean() == pytest.approx(evaluation_of_company.flat()["churn_log_loss"])


def test_flat_names(evaluation_of_company: Evaluation) -> None:
    flat = evaluation_of_company.flat()
    assert {"churn_auc", "bgnbd_churn_auc", "recency_orders_mae", "lifetime_bias", "next_order_customers"} <= set(flat)
    assert all(isinstance(value, int | float) for value in flat.values())


def test_a_log_too_short_to_test(log: pa.Table, settings: Settings, simple_suite: Any) -> None:
    early = datetime(2021, 3, 1)
    with (
        tables_from_arrow({"transactions": log}) as tables,
        pytest.raises(NotEnoughDataError, match="too late to test"),
    ):
        backtest(tables, early, settings, make_suite=simple_suite)


def test_several_folds(log: pa.Table, settings: Settings, as_of: datetime, simple_suite: Any) -> None:
    with tables_from_arrow({"transactions": log}) as tables:
        found = backtest(tables, as_of, settings, folds=2, lifetime=False, make_suite=simple_suite)
    assert [row["test_date"] for row in found.content["folds"]] == ["2022-05-02", "2022-03-03"]
    assert found.content["lifetime"] is None


def test_drivers_add_up_to_the_mean_probability(
    data: TrainingSet, simple_suite: Any, evaluation_of_company: Evaluation
) -> None:
    suite = simple_suite().fit(data.frame, data.labels, data.context)
    newest = data.frame[data.frame["as_of"] == data.cutoffs[-1]].reset_index(drop=True)
    found = driver_summary(suite, newest, data.feature_set, len(newest))
    base = 1 / (1 + np.exp(0.2))
    expected = suite.predict(newest)["churn_probability"].mean()
    assert base + sum(row["mean"] for row in found) == pytest.approx(expected)
    assert [row["driver"] for row in found] == ["recency", "level"], "strongest first"
    one, two = (
        pd.DataFrame(driver_summary(suite, frame, data.feature_set, 50))
        for frame in (newest, newest.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(one, two)
    assert {row["driver"] for row in evaluation_of_company.content["drivers"]} == {"recency", "level"}


def frames(days: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(days))],
            "as_of": pd.to_datetime([datetime(2022, 1, 1)] * len(days)).astype("datetime64[us]"),
            "days_since_last_order": days,
        }
    )


def test_recency_rule_rises_with_the_days() -> None:
    random = np.random.default_rng(3)
    days = random.uniform(0, 200, 3000)
    gone = random.uniform(size=3000) < days / 220
    labels = pd.DataFrame({"orders_60d": np.where(gone, 0.0, 2.0), "spend_60d": np.where(gone, 0.0, 30.0)})
    found = recency_rule(frames(list(days)), labels, frames([1.0, 30.0, 100.0, 190.0]), 60)
    assert (np.diff(found["churn_probability"]) > 0).all()
    assert found["churn_probability"].iloc[2] == pytest.approx(100 / 220, abs=0.08)
    assert (np.diff(found["expected_orders"]) < 0).all()
    assert found["expected_spend"].to_numpy() == pytest.approx(found["expected_orders"].to_numpy() * 15)


def test_baselines_without_anything_to_learn_from() -> None:
    empty = frames([])
    labels = pd.DataFrame({"orders_60d": [], "spend_60d": []}, dtype=float)
    assert recency_rule(empty, labels, frames([5.0]), 60).isna().all().all()
    everybody = pd.DataFrame({"orders_60d": [0.0, 0.0], "spend_60d": [np.nan, np.nan]})
    found = recency_rule(frames([5.0, 9.0]), everybody, frames([5.0]), 60)
    assert found["churn_probability"].iloc[0] == 0.75
    assert found["expected_spend"].isna().all()


def events(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [row[0] for row in rows],
            "occurred_at": pd.Timestamp(2022, 1, 1) - pd.to_timedelta([row[1] for row in rows], unit="D"),
            "amount": [row[2] for row in rows],
            "is_order": [row[2] > 0 for row in rows],
        }
    )  # fmt: skip


def test_persistence_repeats_the_last_window() -> None:
    log = OrderLog(events([("c0", 5, 10.0), ("c0", 50, 20.0), ("c0", 61, 99.0), ("c1", 70, 5.0)]), datetime(2022, 1, 1))
    found = persistence(
        log, frames([]), pd.DataFrame({"orders_60d": []}, dtype=float), frames([5.0, 70.0]), datetime(2022, 1, 1), 60
    )
    assert found["expected_orders"].tolist() == [2.0, 0.0]
    assert found["expected_spend"].tolist() == [30.0, 0.0]
    assert found["churn_probability"].isna().all()


def test_bg_nbd_on_the_same_customers() -> None:
    random = np.random.default_rng(9)
    rows = [
        (f"c{n}", float(day), 10.0)
        for n in range(300)
        for day in random.choice(300, random.integers(1, 8), False) + 0.5
    ]
    log = OrderLog(events(rows), datetime(2022, 1, 1))
    found = bg_nbd(log, frames([0.0] * 300), datetime(2022, 1, 1), 60)
    assert found.notna().all().all()
    assert found["churn_probability"].between(0, 1).all()
    assert found["expected_spend"].to_numpy() == pytest.approx(found["expected_orders"].to_numpy() * 10.0, rel=0.05)
