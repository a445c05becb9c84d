"""A model that fails its test is not used: the written rules answer, scores say so, strategies do not pretend."""

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.progress import SILENT
from configs.settings import Settings, load_settings
from evaluation.evaluation_files import load_evaluation
from models.bundle.folder import CURRENT, list_bundles, read_pointer
from pipelines.results import Scored
from pipelines.stages import score_stage
from tests.pipelines.conftest import holdfast

pytestmark = pytest.mark.slow

SETTINGS = """
data: {transactions: {path: orders.csv}}
targets: {horizon_days: 60, lifetime_days: 180, horizons: [60]}
training: {max_cutoffs: 3, stability_refits: 0}
"""


def memoryless(customers: int = 320, days: int = 420, rate: float = 40.0) -> pd.DataFrame:
    """Everybody buys at the same rate without a memory and nobody leaves, so nobody can be told from anybody."""
    random = np.random.default_rng(3)
    rows = []
    for customer in range(customers):
        day = random.exponential(rate)
        while day < days:
            moment = datetime(2023, 1, 1) + timedelta(seconds=int(day * 86_400))
            rows.append((f"c{customer:03d}", f"{customer}-{len(rows)}", moment, round(random.lognormal(3, 0.3), 2)))
            day += random.exponential(rate)
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "occurred_at", "amount"])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("alike")
    memoryless().to_csv(folder / "orders.csv", index=False)
    (folder / "holdfast.yaml").write_text(SETTINGS, encoding="utf-8")
    return load_settings(folder / "holdfast.yaml")


@pytest.fixture(scope="module")
def trained(settings: Settings) -> dict[str, Any]:
    done = holdfast("train", "--config", settings.root / "holdfast.yaml")
    assert done.returncode == 0, done.stderr
    assert "cannot be told apart" in done.stdout and "--despite-grade" in done.stdout
    found: dict[str, Any] = json.loads((settings.work / "registered.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def scored(settings: Settings, trained: dict[str, Any]) -> Scored:
    return score_stage(settings, None, settings.root / "scores.parquet", SILENT)


def test_the_grade_says_that_customers_cannot_be_told_apart(settings: Settings, trained: dict[str, Any]) -> None:
    content = load_evaluation(settings.work / "evaluation").content
    assert (content["grade"]["letter"], content["grade"]["reason"]) == ("C", "not_told_apart")
    assert {"constant", "rule"} <= set(content["metrics"])


def test_the_rules_are_put_into_use(settings: Settings, trained: dict[str, Any]) -> None:
    assert trained["decision"]["rule"] and not trained["decision"]["promote"]
    assert trained["in_use"] == read_pointer(settings.bundle_store, CURRENT) != trained["bundle_id"]
    answers = {bundle["id"]: bundle["meta"]["answers"] for bundle in list_bundles(settings.bundle_store)}
    assert answers == {trained["bundle_id"]: "model", trained["in_use"]: "rule"}


def test_every_score_says_so_and_nobody_is_called_a_high_risk(scored: Scored) -> None:
    scores = scored.scores
    assert (scores["churn_risk_tier"] == "unknown").all() and (scores["churn_risk_evidence"] == "none").all()
    assert scores["churn_probability"].between(0, 1).all()
    for warnings in scores["warnings"]:
        assert any("could not be told apart" in one["text_en"] for one in warnings)
        assert any("分不出" in one["text_zh"] for one in warnings)


def test_no_strategy_rests_on_a_risk_that_is_not_known(scored: Scored) -> None:
    offered = {one["code"] for own in scored.scores["strategies"] for one in own}
    assert offered and not offered & {"owner_contact", "reactivation_offer", "regular_contact"}


def test_the_model_is_used_only_by_a_word(settings: Settings, scored: Scored) -> None:
    del scored  # what is in use changes here, so the scores come first
    model = next(b["id"] for b in list_bundles(settings.bundle_store) if b["meta"]["answers"] == "model")
    config = ("--config", settings.root / "holdfast.yaml")
    refused = holdfast("models", "promote", model[:12], *config)
    assert refused.returncode == 1 and "--despite-grade" in refused.stderr
    assert read_pointer(settings.bundle_store, CURRENT) != model
    done = holdfast("models", "promote", model[:12], "--despite-grade", *config)
    assert done.returncode == 0, done.stderr
    assert read_pointer(settings.bundle_store, CURRENT) == model
