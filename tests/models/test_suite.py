"""The three estimators together: contract, order, additivity, reproducibility, honesty about evidence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.catalogue import pairs
from configs.errors import BundleError, DataError
from configs.settings import TargetSettings
from features.specs import DRIVERS
from models.evidence import REASONS
from models.golden import SHOWN
from models.suite import ModelSuite

HORIZONS = (30, 90, 180, 365)


@pytest.fixture(scope="module")
def predicted(world, suite) -> pd.DataFrame:
    return suite.predict(world.test_frame)


def test_columns(suite, predicted) -> None:
    per_horizon = [f"{kind}_{h}d" for kind in ("churn_probability", "orders", "spend") for h in HORIZONS]
    fixed = "churn_probability expected_orders expected_spend next_order_days next_order_days_low next_order_days_high"
    value = "lifetime_value lifetime_value_low lifetime_value_high evidence evidence_reason"
    assert set(per_horizon + fixed.split() + value.split()) <= set(predicted.columns)
    assert suite.horizons_ == HORIZONS


def test_order_over_horizons_and_between_the_models(world, predicted) -> None:
    churn = predicted[[f"churn_probability_{h}d" for h in HORIZONS]].to_numpy()
    orders = predicted[[f"orders_{h}d" for h in HORIZONS]].to_numpy()
    spend = predicted[[f"spend_{h}d" for h in HORIZONS]].to_numpy()
    assert (np.diff(churn, axis=1) <= 0).all() and ((churn > 0) & (churn < 1)).all()
    assert (np.diff(orders, axis=1) >= 0).all() and (np.diff(spend, axis=1) >= 0).all() and (spend >= 0).all()
    assert (orders >= 1 - churn - 1e-12).all()
    np.testing.assert_array_equal(predicted["churn_probability"], predicted["churn_probability_90d"])
    low, value, high = (predicted[f"lifetime_value{end}"].to_numpy() for end in ("_low", "", "_high"))
    assert (low <= value).all() and (value <= high).all()
    discount = 1 / (1 + world.context.targets.annual_discount)
    assert (value >= predicted["spend_90d"] * discount ** (90 / 365) - 1e-9).all()
    days = predicted[["next_order_days_low", "next_order_days", "next_order_days_high"]].to_numpy()
    assert (np.diff(days, axis=1) > 0).all() and (days < world.context.targets.lifetime_days).all()
    half = predicted["churn_probability_90d"] < 0.5
    assert (predicted.loc[half, "next_order_days"] <= 90).all()


def test_parts_add_up_on_every_row(world, suite, predicted) -> None:
    parts = suite.contributions(world.test_frame)
    assert set(parts) == {"churn", "spend", "lifetime"}
    for name, contributions in parts.items():
        shown = predicted[SHOWN[name]].to_numpy()
        np.testing.assert_allclose(contributions.predict(), shown, rtol=1e-9, atol=1e-9)
        assert contributions.values.index.equals(world.test_frame.index)
        features = {spec.name for spec in suite.feature_set}
        assert set(contributions.values.columns) - features <= set(DRIVERS)


def test_it_learns(world, predicted) -> None:
    known = (world.test_frame["orders_ever"] > 0).to_numpy()
    truth = world.test_labels[known]
    for horizon in HORIZONS:
        churned = (truth[f"orders_{horizon}d"] == 0).to_numpy()
        probability = predicted.loc[known, f"churn_probability_{horizon}d"].to_numpy()
        base = churned.mean()
        loss = -np.mean(np.where(churned, np.log(probability), np.log1p(-probability)))
        assert loss < 0.75 * -(base * np.log(base) + (1 - base) * np.log(1 - base))
        assert abs(probability.mean() - base) < 0.05
        for kind in ("orders", "spend"):
            ratio = predicted.loc[known, f"{kind}_{horizon}d"].sum() / truth[f"{kind}_{horizon}d"].sum()
            assert 0.8 < ratio < 1.25
    amount = truth["spend_365d"].to_numpy()
    inside = (amount >= predicted.loc[known, "lifetime_value_low"]) & (
        amount <= predicted.loc[known, "lifetime_value_high"]
    )
    assert 0.72 < inside.mean() < 0.9


def test_prospects_get_a_rule_and_say_so(world, suite, predicted) -> None:
    strangers = world.frame["orders_ever"] == 0
    rows = world.frame[strangers].head(5)
    answer = suite.predict(rows)
    assert (answer["evidence"] == "none").all() and (answer["evidence_reason"] == "no_orders_yet").all()
    assert (answer["churn_probability"] > 0.9).all()
    assert (predicted["evidence"].isin(["strong", "weak", "none"])).all()
    assert predicted["evidence_reason"].isin(REASONS).all()


def test_the_input_is_left_alone_and_order_of_rows_does_not_matter(world, suite, predicted) -> None:
    before = world.test_frame.copy()
    shuffled = world.test_frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(suite.predict(shuffled).loc[world.test_frame.index], predicted)
    pd.testing.assert_frame_equal(world.test_frame, before)
    one = world.test_frame.iloc[[7]]
    pd.testing.assert_frame_equal(suite.predict(one), predicted.iloc[[7]])
    assert suite.predict(world.test_frame.head(0)).empty
    assert suite.contributions(world.test_frame.head(0))["churn"].values.empty


def test_swapped_columns_are_refused(world, suite) -> None:
    names = list(world.test_frame.columns)
    names[2], names[3] = names[3], names[2]
    with pytest.raises(DataError) as caught:
        suite.predict(world.test_frame[names])
    assert caught.value.code == "feature_order"


def test_files_rebuild_the_same_suite(world, suite, files, predicted) -> None:
    again = ModelSuite.from_files(files)
    pd.testing.assert_frame_equal(again.predict(world.test_frame), predicted)
    one, two = suite.contributions(world.test_frame), again.contributions(world.test_frame)
    for name in one:
        pd.testing.assert_frame_equal(one[name].values, two[name].values)
    assert again.to_files() == files
    assert not [name for name in files if not name.endswith((".json", ".txt"))]


def test_same_data_same_bytes_at_any_number_of_threads(world_of) -> None:
    small = {"cutoffs": 4, "days": 700}
    one = world_of(300, threads=1, **small).fitted().to_files()
    two = world_of(300, threads=2, **small).fitted().to_files()
    assert one == two


@pytest.mark.parametrize(
    "name", ["suite.json", "encoder.json", "churn/h90.json", "churn/h90.0.txt", "golden/frame.json"]
)
def test_a_missing_or_damaged_file_is_a_bundle_error(files, name) -> None:
    with pytest.raises(BundleError):
        ModelSuite.from_files({key: data for key, data in files.items() if key != name})
    with pytest.raises(BundleError):
        ModelSuite.from_files(files | {name: files[name][: len(files[name]) // 2]})


def test_a_log_without_amounts_has_everything_but_money(world_of) -> None:
    world = world_of(400, cutoffs=4, days=700, amounts=False)
    suite = world.fitted()
    answer = suite.predict(world.test_frame)
    assert answer[["expected_spend", "spend_90d", "lifetime_value", "lifetime_value_high"]].isna().all(axis=None)
    assert answer[["churn_probability", "expected_orders", "orders_90d"]].notna().all(axis=None)
    assert set(suite.contributions(world.test_frame)) == {"churn"}
    assert (answer["lifetime_evidence_reason"] == "no_amounts").all()
    assert ModelSuite.from_files(suite.to_files()).to_files() == suite.to_files()


def test_a_short_log_continues_the_lifetime_and_says_so(world_of) -> None:
    world = world_of(700, cutoffs=4, step=30, days=300)
    suite = world.fitted()
    answer = suite.predict(world.test_frame)
    assert suite.horizons_ == (30, 90)
    assert (answer["evidence_reason"] == "extrapolated_lifetime").all()
    assert (answer["churn_evidence"] == "strong").all() and (answer["lifetime_evidence"] == "weak").all()
    total = answer["lifetime_value"].sum() / world.test_labels["spend_365d"].sum()
    assert 0.6 < total < 1.6
    for name, parts in suite.contributions(world.test_frame).items():
        np.testing.assert_allclose(parts.predict(), answer[SHOWN[name]], rtol=1e-9)


def test_a_horizon_that_has_not_closed_is_continued(world_of) -> None:
    targets = TargetSettings(horizon_days=120, lifetime_days=365, horizons=(30, 60))
    world = world_of(700, cutoffs=3, step=20, days=700, targets=targets)
    suite = world.fitted()
    assert suite.churn_ is not None and suite.churn_.main_ == 60
    answer = suite.predict(world.test_frame)
    assert (answer["evidence_reason"] == "extrapolated_horizon").all()
    assert (answer["churn_probability_120d"] <= answer["churn_probability_60d"]).all()
    truth = (world.test_labels["orders_120d"] == 0).mean()
    assert abs(answer["churn_probability"].mean() - truth) < 0.08
    for name, parts in suite.contributions(world.test_frame).items():
        np.testing.assert_allclose(parts.predict(), answer[SHOWN[name]], rtol=1e-9)
    assert ModelSuite.from_files(suite.to_files()).predict(world.test_frame).equals(answer)


def test_monotone_directions_hold(world, suite) -> None:
    rows = world.test_frame[world.test_frame["orders_ever"] > 1].head(50)
    worse = rows.assign(overdue_ratio=rows["overdue_ratio"] * 3 + 1)
    assert (suite.predict(worse)["churn_probability"] >= suite.predict(rows)["churn_probability"] - 1e-12).all()


def test_unknown_categories_are_reported(world, suite) -> None:
    odd = world.test_frame.head(3).assign(region=["A", "Z", "Z"])
    assert suite.unknown(odd) == {"region": {"Z": 2}}
    assert np.isfinite(suite.predict(odd)["churn_probability"]).all()


def test_frame_and_labels_must_fit_together(world) -> None:
    with pytest.raises(DataError, match="one label row per frame row"):
        ModelSuite().fit(world.frame, world.labels.head(3), world.context)
    with pytest.raises(DataError, match="no column customer_id"):
        ModelSuite().fit(world.frame.drop(columns="customer_id"), world.labels, world.context)


def test_loading_needs_no_training_dependencies_and_no_pickle(files: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    script = """
import sys, pathlib
events = []
sys.addaudithook(lambda event, _: events.append(event) if event == "pickle.find_class" else None)
from models.boosting.booster import prefer_lean_import
prefer_lean_import()
from models.suite import ModelSuite
root = pathlib.Path(sys.argv[1])
files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
suite = ModelSuite.from_files(files)
suite.predict(suite.golden_); suite.contributions(suite.golden_)
heavy = [m for m in ("sklearn", "mlflow", "shap", "joblib", "dask", "matplotlib", "dvc") if m in sys.modules]
print(len(events), heavy)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("0 []", 0), done.stderr


def test_every_reason_has_a_text() -> None:
    assert set(pairs("evidence")) == set(REASONS) - {""}
