"""From tables to scores with the real features and the real models: sums, prospects, and one customer as in the run."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from configs.errors import BundleError
from configs.settings import Settings
from evaluation.labels import make_labels
from features.engine import Tables, compute_features, feature_set_for, order_events, reference_prices, tables_from_arrow
from models.bundle.folder import Bundle
from models.suite import FitContext, ModelSuite
from retention.profile.categories import line_reference
from retention.profile.dimensions import DIMENSIONS
from retention.profile.reference_values import fit_baseline
from retention.scoring.scorer import Scorer

pytestmark = pytest.mark.slow

CUTOFF = datetime(2024, 1, 1)
SETTINGS = Settings.model_validate(
    {
        "data": {"transactions": {"path": "transactions.parquet"}, "currency": "CNY"},
        "targets": {"horizon_days": 60, "lifetime_days": 120, "horizons": [60]},
    }
)


def company(events: pd.DataFrame) -> dict[str, pa.Table]:
    rng = np.random.default_rng(4)
    ids = sorted(set(events["customer_id"]))
    return {
        "transactions": pa.table(
            {
                "customer_id": events["customer_id"].tolist(),
                "order_id": events["order_id"].tolist(),
                "occurred_at": pa.array(events["occurred_at"].tolist(), pa.timestamp("us")),
                "amount": pa.array([Decimal(f"{amount:.2f}") for amount in events["amount"]], pa.decimal128(18, 4)),
                "product_id": rng.choice(["tea", "pot", "mug"], len(events)).tolist(),
                "quantity": pa.array(rng.integers(1, 4, len(events)).astype(float)),
            }
        ),
        "customers": pa.table({"customer_id": [*ids, "later"], "country": ["CN"] * (len(ids) + 1)}),
        "products": pa.table(
            {
                "product_id": ["tea", "pot", "mug"],
                "category": [["Drinks", "Tea"], ["Kitchen"], ["Kitchen", "Mugs"]],
                "line": ["premium", "mass", None],
            }
        ),
    }


@pytest.fixture(scope="module")
def every(events_of: Callable[..., pd.DataFrame]) -> dict[str, pa.Table]:
    return company(events_of(np.random.default_rng(3), 260))


@pytest.fixture(scope="module")
def tables(every: dict[str, pa.Table]) -> Tables:
    return tables_from_arrow(every)


@pytest.fixture(scope="module")
def scorer(tables: Tables) -> Scorer:
    feature_set = feature_set_for(tables)
    moments = [CUTOFF - timedelta(days=days) for days in (60, 120, 180, 240)]
    frame = compute_features(tables, moments, feature_set)
    events = order_events(tables, CUTOFF)
    labels = make_labels(events, frame[["customer_id", "as_of"]], SETTINGS.targets.all_horizons, CUTOFF)
    context = FitContext(feature_set, SETTINGS.targets, SETTINGS.training, tables.span()[0], CUTOFF)
    suite = ModelSuite().fit(frame, labels, context)
    now = compute_features(tables, [CUTOFF], feature_set)
    now = now[now["orders_ever"] >= 1].reset_index(drop=True)
    baseline = fit_baseline(now, suite.predict(now), feature_set, SETTINGS, lines=line_reference(tables, CUTOFF))
    files = suite.to_files() | {
        "features.json": feature_set.to_json().encode(),
        "retention/baseline.json": baseline.to_json().encode(),
        "reference_prices.json": json.dumps(reference_prices(tables, CUTOFF).to_pylist()).encode(),
        "parameters.json": ('{"targets": ' + SETTINGS.targets.model_dump_json() + "}").encode(),
    }
    return Scorer.of(Bundle("b" * 64, files, {}), SETTINGS)


@pytest.fixture(scope="module")
def scores(scorer: Scorer, tables: Tables) -> pd.DataFrame:
    return scorer.score(tables, CUTOFF)


def test_reasons_of_real_models_add_up_on_every_row(scores: pd.DataFrame) -> None:
    for target, base, drivers in (
        ("churn_probability", "churn_base", "drivers"),
        ("expected_spend", "spend_base", "spend_drivers"),
        ("lifetime_value", "lifetime_base", "lifetime_drivers"),
    ):
        total = scores[base] + [sum(one["points"] for one in row) for row in scores[drivers]]
        assert ((total - scores[target]).abs() / scores[target].abs().clip(lower=1.0)).max() < 1e-9
        assert scores[drivers].map(len).min() > 0


def test_recency_raises_the_risk_of_the_silent(scores: pd.DataFrame) -> None:
    points = pd.DataFrame([{one["driver"]: one["points"] for one in row} for row in scores["drivers"]])
    rhythm = points[["recency", "frequency"]].sum(axis=1)
    silent, active = scores["stage"].isin(["lost", "at_risk"]), scores["stage"].isin(["loyal", "repeat"])
    assert rhythm[silent].mean() > 0 > rhythm[active].mean()


def test_a_customer_of_the_table_without_orders_is_a_prospect(scores: pd.DataFrame) -> None:
    later = scores[scores["customer_id"] == "later"].iloc[0]
    assert later["stage"] == "prospect" and later["churn_risk_tier"] == "unknown"
    assert later["evidence"] == "none" and later["region_tier"] == "domestic"


def test_one_customer_alone_is_as_in_the_run(
    scorer: Scorer, tables: Tables, scores: pd.DataFrame, every: dict[str, pa.Table]
) -> None:
    for customer in scores["customer_id"].iloc[[0, 100, 200]]:
        by_id = scorer.score(tables, CUTOFF, customers=[customer]).iloc[0]
        own = {
            name: table.filter(pa.compute.equal(table["customer_id"], customer)) if name != "products" else table
            for name, table in every.items()
        }
        with tables_from_arrow(own) as alone:
            start = tables.span()[0]
            frame = scorer.frame(alone, CUTOFF, log_start=start)
            inline = scorer.score_frame(frame, alone, CUTOFF).iloc[0]
        expected = scores[scores["customer_id"] == customer].iloc[0]
        for found in (by_id, inline):
            for column in ("stage", "member_level", "segment", *(f"{code}_tier" for code in DIMENSIONS)):
                assert found[column] == expected[column] or (pd.isna(found[column]) and pd.isna(expected[column]))
            assert found["churn_probability"] == expected["churn_probability"]
            assert [one["text_en"] for one in found["reasons"]] == [one["text_en"] for one in expected["reasons"]]
            assert found["categories"] == expected["categories"]


def test_a_bundle_without_a_part_is_refused(scorer: Scorer) -> None:
    with pytest.raises(BundleError, match="lacks a part that scoring needs"):
        Scorer.of(Bundle("c" * 64, {"features.json": b"[]"}, {}), SETTINGS)
