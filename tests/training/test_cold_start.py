"""What a young or small company, and a customer with hardly any history, gets: an answer and an honest grade."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.quality_generated import START, GeneratedLog, write_generated_log
from configs.settings import DataSettings, Settings, SourceSettings, TargetSettings, TrainingSettings
from evaluation.datasets import training_set
from features.engine import compute_features, tables_from_arrow
from models.golden import SHOWN
from models.suite import ModelSuite

COMPANY = GeneratedLog(900, 160, 25, rate_shape=0.8, stay_days=400, before_days=300)
ODD = [
    ("yesterday", 119.4, "80.00"),
    ("once", 20.0, "45.00"),
    ("returns_only", 60.0, "-30.00"),
    ("gave_all_back", 30.0, "50.00"),
    ("gave_all_back", 34.0, "-50.00"),
]


def answers(log: GeneratedLog, days: int, folder: Path) -> tuple[ModelSuite, pd.DataFrame, pd.DataFrame]:
    """Suite, frame and predictions on a log that ends after so many days, with the odd customers in it."""
    write_generated_log(log, folder / "log.parquet", seed=11)
    table = pq.read_table(folder / "log.parquet")
    odd: dict[str, Any] = {
        "customer_id": [name for name, _, _ in ODD],
        "order_id": [f"odd{place}" for place in range(len(ODD))],
        "occurred_at": [START + timedelta(days=day) for _, day, _ in ODD],
        "amount": [Decimal(amount) for _, _, amount in ODD],
    }
    odd = {name: odd[name] for name in table.column_names}
    table = pa.concat_tables([table, pa.table(odd).cast(table.schema)])
    as_of = START + timedelta(days=days)
    settings = Settings(
        data=DataSettings(transactions=SourceSettings(path=Path("log.parquet"))),
        targets=TargetSettings(horizon_days=90, lifetime_days=365),
        training=TrainingSettings(max_cutoffs=4),
        root=folder,
    )
    with tables_from_arrow({"transactions": table}) as tables:
        data = training_set(tables, as_of, settings)
        suite = ModelSuite().fit(data.frame, data.labels, data.context)
        frame = compute_features(tables, [as_of], data.feature_set)
    return suite, frame.reset_index(drop=True), suite.predict(frame.reset_index(drop=True))


@pytest.fixture(scope="module")
def four_months(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelSuite, pd.DataFrame, pd.DataFrame]:
    return answers(COMPANY, 120, tmp_path_factory.mktemp("four_months"))


def test_four_months_of_data_answer_for_ninety_days_and_a_year(four_months) -> None:
    suite, frame, answer = four_months
    assert suite.churn_ is not None and suite.churn_.main_ == 30 and 90 in suite.horizons_
    buyers = (frame["orders_ever"] > 0).to_numpy()
    known = answer[buyers]
    assert (known["churn_evidence"] == "weak").all() and (known["lifetime_evidence"] == "weak").all()
    assert (known["churn_evidence_reason"] == "extrapolated_horizon").all()
    dates = [name for name in answer if name.startswith("next_order")]
    assert answer.drop(columns=dates).notna().all(axis=None)
    assert (known["lifetime_value"] > known["expected_spend"]).all()
    for name, parts in suite.contributions(frame).items():
        np.testing.assert_allclose(parts.predict(), answer[SHOWN[name]], rtol=1e-9)


def test_one_order_yesterday_and_long_ago(four_months) -> None:
    _, frame, answer = four_months
    by_name = answer.set_index(frame["customer_id"].astype(str))
    yesterday, once = by_name.loc["yesterday"], by_name.loc["once"]
    assert yesterday["churn_probability"] < once["churn_probability"]
    assert yesterday["expected_orders"] > once["expected_orders"]
    assert yesterday["lifetime_value"] > once["lifetime_value"] > 0
    assert 0 < yesterday["next_order_days_low"] < once["next_order_days_low"]


def test_returns_alone_are_no_order(four_months) -> None:
    _, frame, answer = four_months
    names = frame["customer_id"].astype(str)
    alone = answer[(names == "returns_only").to_numpy()]
    assert (alone["evidence"] == "none").all() and (alone["evidence_reason"] == "no_orders_yet").all()
    assert (alone["lifetime_value"] >= 0).all() and (alone["churn_probability"] > 0.5).all()
    back = answer[(names == "gave_all_back").to_numpy()].iloc[0]
    assert back["evidence"] == "weak" and back["expected_spend"] >= 0
    usual = answer["expected_spend"] / answer["expected_orders"]
    assert back["expected_spend"] / back["expected_orders"] < 2 * usual.median()


def test_a_log_without_amounts(tmp_path: Path) -> None:
    log = GeneratedLog(900, 160, 25, rate_shape=0.8, stay_days=400, before_days=300, amounts=False)
    _, frame, answer = answers(log, 120, tmp_path)
    assert answer[["expected_spend", "lifetime_value"]].isna().all(axis=None)
    assert answer[["churn_probability", "churn_probability_90d", "expected_orders"]].notna().all(axis=None)
    assert (answer["lifetime_evidence_reason"] == "no_amounts").all()
    assert len(frame) == len(answer)


def test_a_company_below_the_minimum_gets_the_rule_and_a_sentence(tmp_path: Path) -> None:
    log = GeneratedLog(150, 160, 25, rate_shape=0.8, stay_days=400, before_days=300)
    suite, frame, answer = answers(log, 120, tmp_path)
    buyers = (frame["orders_ever"] > 0).to_numpy()
    assert suite.churn_ is None
    assert set(answer.loc[buyers, "evidence_reason"]) <= {"too_few_customers", "no_closed_horizon"}
    assert answer.loc[buyers, ["churn_probability", "lifetime_value"]].notna().all(axis=None)


def test_five_hundred_customers(tmp_path: Path) -> None:
    log = GeneratedLog(600, 400, 40, rate_shape=0.8, stay_days=400, before_days=300)
    suite, frame, answer = answers(log, 400, tmp_path)
    buyers = (frame["orders_ever"] > 0).to_numpy()
    assert 300 < buyers.sum() < 600 and suite.churn_ is not None and suite.churn_.main_ == 90
    assert set(answer.loc[buyers, "churn_evidence"]) <= {"weak", "strong"}
    assert (answer["lifetime_value_low"] <= answer["lifetime_value"]).all()
    assert (answer["lifetime_value"] <= answer["lifetime_value_high"]).all()
