"""Measures per method and per slice, and the honest checks of dates and intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.settings import DataSettings, Settings, SourceSettings, TierSettings
from evaluation import metrics
from evaluation.measures import MIN_SLICE, by_slice, lifetime_check, losses, measures, next_order_check
from evaluation.slices import slice_columns
from retention.profile.dimensions import cut_arrays, fit_cuts, level_tiers
from retention.profile.peers import not_lost

random = np.random.default_rng(21)
N = 600
ACTUAL = pd.DataFrame({"churned": (random.uniform(size=N) < 0.4).astype(float)})
ACTUAL["orders"] = np.where(ACTUAL["churned"] > 0, 0, random.integers(1, 5, N)).astype(float)
ACTUAL["spend"] = ACTUAL["orders"] * random.gamma(2.0, 10.0, N)
PREDICTED = pd.DataFrame(
    {
        "churn_probability": random.uniform(0.1, 0.9, N),
        "expected_orders": random.uniform(0.1, 3.0, N),
        "expected_spend": random.uniform(1.0, 60.0, N),
    }
)


def test_measures_are_those_of_the_functions() -> None:
    found = measures(ACTUAL, PREDICTED)
    assert found["churn_auc"] == metrics.auc(ACTUAL["churned"], PREDICTED["churn_probability"])
    assert found["orders_bias"] == metrics.bias(ACTUAL["orders"], PREDICTED["expected_orders"])
    assert found["spend_gini"] == metrics.normalised_gini(ACTUAL["spend"], PREDICTED["expected_spend"])
    lost = losses(ACTUAL, PREDICTED)
    assert lost["log_loss"].mean() == pytest.approx(found["churn_log_loss"])
    assert lost["spend_deviance"].mean() == pytest.approx(found["spend_deviance"])


def test_a_log_without_amounts_has_no_spend_measures() -> None:
    found = measures(ACTUAL.assign(spend=np.nan), PREDICTED.assign(expected_spend=np.nan))
    assert not [name for name in found if name.startswith("spend")]
    assert losses(ACTUAL.assign(spend=np.nan), PREDICTED)["spend_deviance"].isna().all()


def test_slices_are_measured_on_their_own_rows_in_a_fixed_order() -> None:
    tier = np.array(["low", "medium", "high"], dtype=object)[np.arange(N) % 3]
    tier[:10] = None
    region = np.where(np.arange(N) < N - MIN_SLICE + 1, "north", "south")
    found = by_slice(ACTUAL, PREDICTED, pd.DataFrame({"value_tier": tier, "region": region, "country": "one"}))
    assert [(row["dimension"], row["value"]) for row in found] == [
        ("value_tier", "high"),
        ("value_tier", "medium"),
        ("value_tier", "low"),
        ("region", "north"),
    ], "too small a slice and a column with one value are not shown"
    rows = tier == "high"
    assert found[0]["customers"] == rows.sum()
    assert found[0]["churn_auc"] == metrics.auc(ACTUAL["churned"][rows], PREDICTED["churn_probability"][rows])


@pytest.fixture
def settings() -> Settings:
    return Settings(data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))))


def test_slice_columns(settings) -> None:  # type: ignore[no-untyped-def]
    frame = pd.DataFrame(
        {
            "spend_365d": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "orders_365d": 1.0,
            "days_since_first_order": [10.0, 90.0, 91.0, 400.0, 400.0, 400.0],
            "region": ["a", None, "b", "b", "b", "b"],
            "country": None,
        }
    )
    predictions = pd.DataFrame({"churn_probability": [0.1, 0.1, 0.1, 0.1, 0.9, 0.9], "evidence": "strong"})
    found = slice_columns(frame, predictions, settings)
    assert found["value_tier"].tolist() == ["low", "low", "medium", "medium", "high", "high"]
    assert found["risk_tier"].tolist() == ["low"] * 4 + ["high"] * 2
    assert found["tenure"].tolist() == ["new", "new", "existing", "existing", "existing", "existing"]
    assert "country" not in found and found["region"].isna().sum() == 1


def test_a_high_risk_is_the_same_in_the_evaluation_as_in_the_scores(settings) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "orders_365d": np.ones(300),
            "days_since_first_order": 400.0,
            "customer_type": rng.choice(["enterprise", "individual"], 300),
        }
    )
    predictions = pd.DataFrame({"churn_probability": rng.random(300)})
    types = frame["customer_type"].to_numpy(dtype=object)
    risk = predictions["churn_probability"].to_numpy()
    assert not_lost(frame, 90.0, settings.retention.lifecycle).all()
    for chosen in ({}, {"churn_risk": TierSettings(low_below=0.2, high_from=0.5)}, {"churn_risk": TierSettings()}):
        retention = settings.retention.model_copy(update={"tiers": chosen})
        own = settings.model_copy(update={"retention": retention})
        cuts = cut_arrays(fit_cuts("churn_risk", risk, types, chosen), types)
        expected = level_tiers(risk, *cuts).tolist()
        assert slice_columns(frame, predictions, own)["risk_tier"].tolist() == expected


def test_next_order_is_judged_where_the_window_can_tell() -> None:
    predicted = pd.DataFrame(
        {
            "next_order_days": [10.0, 20.0, 50.0, np.nan],
            "next_order_days_low": [5.0, 10.0, 40.0, np.nan],
            "next_order_days_high": [20.0, 90.0, 200.0, np.nan],
        }
    )
    found = next_order_check(np.array([4.0, 25.0, np.inf, np.inf]), predicted, 30)
    assert found["customers"] == 1  # the second one's interval ends later, the others have not ordered
    assert found["too_early_share"] == 1.0 and found["too_late_share"] == 0.0
    assert found["median_error_days"] == pytest.approx(5.5)


def test_an_exact_interval_has_its_nominal_tails() -> None:
    days = random.exponential(60.0, 20_000)
    predicted = pd.DataFrame(
        {
            "next_order_days": np.full(20_000, 60 * np.log(2)),
            "next_order_days_low": 60 * -np.log(0.9),
            "next_order_days_high": 60 * -np.log(0.1),
        }
    )
    gone = random.random(20_000) < 0.4  # who never comes back says nothing of the date
    found = next_order_check(np.where(gone | (days > 300), np.inf, days), predicted, 300)
    assert found["too_early_share"] == pytest.approx(0.1, abs=0.01)
    assert found["too_late_share"] == pytest.approx(0.1, abs=0.01)


def test_lifetime_check() -> None:
    actual = np.array([0.0, 10.0, 100.0])
    predicted = pd.DataFrame(
        {
            "lifetime_value": [1.0, 9.0, 120.0],
            "lifetime_value_low": [0.0, 11.0, 50.0],
            "lifetime_value_high": [5.0, 20.0, 90.0],
        }
    )
    found = lifetime_check(actual, predicted)
    assert found["coverage"] == pytest.approx(1 / 3)
    assert (found["below_low_share"], found["above_high_share"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found["bias"] == pytest.approx(130 / 110 - 1)
    assert lifetime_check(np.full(3, np.nan), predicted) == {}
