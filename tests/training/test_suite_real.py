"""The real suite through the whole procedure: contributions against the shap library, bytes, and a real log."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.settings import DataSettings, Settings, SourceSettings, TargetSettings, TrainingSettings
from evaluation.backtest import backtest
from evaluation.datasets import TrainingSet
from features.engine import tables_from_arrow
from reporting.training_report import render
from training.fit import fit_bundle

RETAIL = Path(__file__).parents[3] / "shared" / "data" / "online_retail_II" / "transactions.parquet"


@pytest.fixture(scope="module")
def fitted_twice(log: pa.Table, data: TrainingSet, as_of: datetime, company_settings: Settings) -> Any:
    """The real models from a stored training set with two threads, and from the tables with one."""
    training = company_settings.training.model_copy(update={"threads": 1})
    single = company_settings.model_copy(update={"training": training})
    with tables_from_arrow({"transactions": log}) as tables:
        return fit_bundle(tables, as_of, company_settings, data=data), fit_bundle(tables, as_of, single)


@pytest.mark.slow
def test_same_data_same_bytes_with_one_thread_or_two(fitted_twice: Any) -> None:
    one, two = fitted_twice
    assert one.files == two.files
    assert one.meta == two.meta


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # shap warns about its own use of other libraries
def test_tree_contributions_equal_shap(fitted_twice: Any) -> None:
    """`pred_contrib` of every booster in a bundle is what shap.TreeExplainer gives."""
    import lightgbm as lgb
    import shap

    boosters = {name: text for name, text in fitted_twice[0].files.items() if name.endswith(".txt")}
    assert len(boosters) >= 3
    random = np.random.default_rng(2)
    for name, text in boosters.items():
        booster = lgb.Booster(model_str=text.decode())
        rows = random.normal(0, 50, (40, booster.num_feature()))
        rows[random.uniform(size=rows.shape) < 0.1] = np.nan
        explainer = shap.TreeExplainer(booster)
        values = explainer.shap_values(rows)
        values = values[-1] if isinstance(values, list) else values
        ours = booster.predict(rows, pred_contrib=True)
        np.testing.assert_allclose(ours[:, :-1], values, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.slow
@pytest.mark.skipif(not RETAIL.exists(), reason="the public retail log is not on this machine")
def test_a_real_log_is_predicted_better_than_by_the_recency_rule(tmp_path: Path) -> None:
    """A sixth of the customers of a gift wholesaler, 90 days ahead; the report is rendered from it."""
    raw = pd.read_parquet(RETAIL, columns=["customer_id", "transaction_id", "timestamp", "amount"])
    raw = raw[raw["customer_id"].notna()]
    raw = raw[pd.util.hash_array(raw["customer_id"].astype(str).to_numpy(dtype=object)) % 6 == 0]
    lines = pa.table(
        {
            "customer_id": pa.array(raw["customer_id"].astype(str)),
            "order_id": pa.array(raw["transaction_id"].astype(str)),
            "occurred_at": pa.array(raw["timestamp"]).cast(pa.timestamp("us")),
            "amount": pa.array([f"{value:.2f}" for value in raw["amount"]]).cast(pa.decimal128(18, 4)),
        }
    )
    settings = Settings(
        data=DataSettings(transactions=SourceSettings(path=Path("x.parquet"))),
        targets=TargetSettings(horizon_days=90, lifetime_days=90, horizons=(30, 90)),
        training=TrainingSettings(max_cutoffs=6),
        root=tmp_path,
    )
    with tables_from_arrow({"transactions": lines}) as tables:
        found = backtest(tables, datetime(2011, 9, 1), settings)
    ours, rule = found.content["metrics"]["holdfast"], found.content["metrics"]["recency"]
    assert ours["churn_auc"] > rule["churn_auc"] + 0.02
    assert ours["churn_log_loss"] < rule["churn_log_loss"]
    assert ours["spend_gini"] > rule["spend_gini"]
    assert found.content["lifetime"]["coverage"] is not None
    assert "Holdfast" in render(found.content)
