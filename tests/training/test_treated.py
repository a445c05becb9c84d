"""A campaign must not poison what the models learn: treated windows are left out of labels and of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from configs.settings import DataSettings, Settings, SourceSettings, TargetSettings, TrainingSettings
from evaluation.backtest import _left_alone
from evaluation.datasets import load_training_set, save_training_set, training_set
from features.engine import Tables, compute_features, tables_from_arrow
from models.suite import ModelSuite

CAMPAIGNS = tuple(
    CampaignPlan(strategy="regular_contact", week=week, share=0.8, held_out=0.3, lift=1.5)
    for week in range(15, 104, 13)
)
COMPANY = SimulationSettings(customers=1_500, seed=3, campaigns=CAMPAIGNS)
SETTINGS = Settings(
    data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))),
    targets=TargetSettings(horizon_days=91, lifetime_days=91, horizons=(91,)),
    training=TrainingSettings(max_cutoffs=4),
)


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(COMPANY)


def opened(company: dict[str, pd.DataFrame], *names: str) -> Tables:
    return tables_from_arrow({name: to_arrow(name, company[name]) for name in names})


@pytest.fixture(scope="module")
def tables(company: dict[str, pd.DataFrame]) -> Iterator[Tables]:
    with opened(company, "transactions", "feedback", "treatments") as given:
        yield given


def test_treated_windows_have_no_labels_and_are_counted(
    tables: Tables, company: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    data = training_set(tables, COMPANY.end, SETTINGS)
    assert {"treatments_90d", "days_since_last_treatment"} <= set(data.feature_set.names)
    done = company["treatments"].query("arm == 'treated'")
    first = data.frame[data.frame["as_of"] == data.cutoffs[0]]
    inside = done["treated_at"].between(data.cutoffs[0], data.cutoffs[0] + pd.Timedelta(days=91), inclusive="left")
    treated = first["customer_id"].isin(done.loc[inside, "customer_id"]).to_numpy()
    assert 0.3 < treated.mean() < 0.7
    for name in ("orders_91d", "spend_91d", "level_orders_91d"):
        assert (data.labels.loc[first.index, name].isna().to_numpy() == treated).all()
    assert 0.4 < data.treated_share < 0.7 and data.facts()["treated_share"] == data.treated_share
    save_training_set(data, tmp_path)
    assert load_training_set(tmp_path).treated_share == data.treated_share


def test_only_those_left_alone_are_tested(tables: Tables, company: dict[str, pd.DataFrame]) -> None:
    cutoff = COMPANY.end - pd.Timedelta(days=91)
    frame = compute_features(tables, [cutoff], training_set(tables, cutoff, SETTINGS).feature_set)
    left = _left_alone(frame, tables, 91)
    done = company["treatments"].query("arm == 'treated' and treated_at >= @cutoff")
    assert len(done) and len(left) and not set(left["customer_id"]) & set(done["customer_id"])
    assert len(left) + frame["customer_id"].isin(done["customer_id"]).sum() == len(frame)


@pytest.mark.slow
def test_the_untreated_risk_is_less_biased_when_campaigns_are_marked(
    tables: Tables, company: dict[str, pd.DataFrame]
) -> None:
    """The truth is the simulator's: the probability of no order if nobody is contacted from now on."""
    truth = company["truth"].set_index("customer_id")["true_churn_probability"]

    def errors(given: Tables) -> np.ndarray:
        data = training_set(given, COMPANY.end, SETTINGS)
        suite = ModelSuite().fit(data.frame, data.labels, data.context)
        frame = compute_features(given, [COMPANY.end], data.feature_set)
        frame = frame[frame["orders_ever"] > 0].reset_index(drop=True)
        return (suite.predict(frame)["churn_probability"] - truth.reindex(frame["customer_id"]).to_numpy()).to_numpy()

    with opened(company, "transactions", "feedback") as unmarked:
        without = errors(unmarked)
    marked = errors(tables)
    assert without.mean() < -0.012  # campaigns make customers look safer than they are
    assert abs(marked.mean()) < 0.6 * abs(without.mean())
    # half of the windows teach nothing, which a company this small pays for: the error itself is not smaller here
    assert np.sqrt((marked**2).mean()) < 1.03 * np.sqrt((without**2).mean())
