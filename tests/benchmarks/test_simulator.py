from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate, write_simulation, writing
from benchmarks.simulator.engine import no_order_probability
from configs.settings import load_settings
from features.tables import TABLES

SETTINGS = SimulationSettings(customers=3_000, weeks=80, seed=11)


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(SETTINGS)


def test_same_seed_same_company(company: dict[str, pd.DataFrame]) -> None:
    again = simulate(SETTINGS)
    for name, table in company.items():
        pd.testing.assert_frame_equal(table, again[name])
    other = simulate(SETTINGS.model_copy(update={"seed": 12}))
    assert not company["transactions"]["amount"].head(100).equals(other["transactions"]["amount"].head(100))


def test_tables_keep_the_contract(company: dict[str, pd.DataFrame]) -> None:
    end = pd.Timestamp(SETTINGS.end)
    start = end - pd.Timedelta(weeks=SETTINGS.weeks)
    ids = set(company["customers"]["customer_id"])
    for name, table in TABLES.items():
        if name == "aliases":  # a made-up customer has one id
            continue
        frame = company[name]
        assert set(frame.columns) <= set(table.by_name), name
        for column in table.columns:
            if column.required:
                assert frame[column.name].notna().all(), (name, column.name)
            if column.choices and column.name in frame.columns:
                assert set(frame[column.name].dropna()) <= set(column.choices)
        if "customer_id" in frame.columns:
            assert set(frame["customer_id"]) <= ids
        if table.time is not None and table.time != "acquired_at":
            assert frame[table.time].min() >= start and frame[table.time].max() < end
        keys = list(table.order)
        pd.testing.assert_frame_equal(frame[keys], frame[keys].sort_values(keys, kind="stable", ignore_index=True))
    lines = company["transactions"]
    assert not lines.duplicated(["order_id", "line_id"]).any()
    back = lines[lines["amount"] < 0]
    assert 0.02 < len(back) / len(lines) < 0.06 and back["returns_order_id"].notna().all()
    assert set(back["returns_order_id"]) <= set(lines["order_id"])
    for key in ("feedback_id", "interaction_id", "treatment_id"):
        frame = company[
            {"feedback_id": "feedback", "interaction_id": "interactions", "treatment_id": "treatments"}[key]
        ]
        assert frame[key].is_unique


def test_the_truth_is_calibrated_and_cannot_be_beaten_by_recency(company: dict[str, pd.DataFrame]) -> None:
    truth = company["truth"]
    silent = (truth["orders_in_horizon"] == 0).to_numpy()
    risk = truth["true_churn_probability"].to_numpy()
    assert abs(risk.mean() - silent.mean()) < 0.015
    bins = pd.qcut(risk, 8, duplicates="drop", labels=False)
    table = pd.DataFrame({"bin": bins, "risk": risk, "silent": silent}).groupby("bin").mean()
    assert (table["risk"] - table["silent"]).abs().max() < 0.06

    # log loss of the truth against that of a constant and of the truth pushed away from itself
    def loss(p: np.ndarray) -> float:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return float(-np.where(silent, np.log(p), np.log(1 - p)).mean())

    assert loss(risk) < 0.6 * loss(np.full(len(risk), silent.mean()))
    assert loss(risk) < min(loss(risk**1.5), loss(risk**0.67))


def test_dissatisfaction_drives_leaving(company: dict[str, pd.DataFrame]) -> None:
    truth = company["truth"]
    settings = SimulationSettings()
    one = np.ones(1)
    low, high = (
        no_order_probability(settings, one, np.array([mood]), np.array([0.2]), 50, 13)[0] for mood in (-1.5, 1.5)
    )
    assert low > high + 0.15
    present = truth[truth["still_there"]]
    gone = truth[~truth["still_there"] & (truth["rate_per_week"] > 0)]
    assert present["satisfaction"].mean() > gone["satisfaction"].mean() + 0.3
    scores = company["feedback"].groupby("customer_id")["score"].mean()
    joined = truth.set_index("customer_id").join(scores, how="inner")
    assert joined["satisfaction"].corr(joined["score"]) > 0.5
    assert set(truth["true_driver"].dropna()) == {"recency", "satisfaction", "frequency"}


def test_season_growth_and_regions(company: dict[str, pd.DataFrame]) -> None:
    flat, wavy = (
        simulate(
            SimulationSettings(customers=800, weeks=104, season=season, yearly_growth=0, issue=None, acquired_before=1)
        )
        for season in (0.0, 0.8)
    )

    def winter_share(tables: dict[str, pd.DataFrame]) -> float:
        month = tables["transactions"]["occurred_at"].dt.month
        return float(month.isin([11, 12, 1]).mean())

    assert winter_share(wavy) > winter_share(flat) + 0.1
    lines = company["transactions"].merge(company["customers"][["customer_id", "region"]], on="customer_id")
    days = (lines["delivered_at"] - lines["promised_at"]).dt.total_seconds() / 86_400
    since = pd.Timestamp(SETTINGS.end) - pd.Timedelta(weeks=SETTINGS.weeks - 60)
    late = days > 1
    west, after = lines["region"] == "West", lines["occurred_at"] >= since
    assert late[west & after].mean() > 0.4
    assert late[~(west & after)].mean() < 0.08


def test_campaigns_have_the_effect_they_are_said_to_have() -> None:
    plan = CampaignPlan(strategy="points", week=20, share=1.0, held_out=0.5, lift=2.0, moderation=1.0)
    tables = simulate(
        SimulationSettings(
            customers=4_000, weeks=34, future_weeks=0, acquired_before=1, campaigns=(plan,), survey_share=0
        )
    )
    rows = tables["treatments"].merge(tables["true_effects"][["treatment_id", "true_effect", "true_lift"]])
    orders = tables["transactions"][tables["transactions"]["occurred_at"] >= rows["treated_at"].iloc[0]]
    inside = orders[orders["occurred_at"] < rows["treated_at"].iloc[0] + pd.Timedelta(weeks=13)]
    rows["active"] = rows["customer_id"].isin(set(inside.loc[inside["amount"] > 0, "customer_id"]))
    means = rows.groupby("arm")["active"].mean()
    error = np.sqrt(0.25 / (rows["arm"] == "treated").sum() + 0.25 / (rows["arm"] == "held_out").sum())
    assert abs((means["treated"] - means["held_out"]) - rows["true_effect"].mean()) < 3 * error
    assert rows["true_effect"].mean() > 0.04
    channel = rows.merge(tables["customers"][["customer_id", "preferred_channel"]], on="customer_id")[
        "preferred_channel"
    ]
    digital = channel.isin(["email", "sms", "social"]).to_numpy()
    assert (rows["true_lift"][digital] == 4.0).all() and (rows["true_lift"][~digital] == 0.0).all()


def test_writing_gives_what_simulating_gives_block_by_block(tmp_path: Path) -> None:
    settings = SimulationSettings(customers=700, weeks=30, chunk=300, language="zh", currency="CNY", campaigns=())
    rows = write_simulation(settings, tmp_path / "a")
    memory = simulate(settings)
    assert rows == {name: len(table) for name, table in memory.items()}
    for name in ("transactions", "feedback"):
        table = pq.read_table(tmp_path / "a" / f"{name}.parquet")
        assert table["customer_id"].to_pylist() == memory[name]["customer_id"].tolist()
    amounts = pq.read_table(tmp_path / "a" / "transactions.parquet")["amount"]
    assert str(amounts.type) == "decimal128(18, 4)"
    assert [float(value) for value in amounts.to_pylist()[:500]] == memory["transactions"]["amount"].tolist()[:500]
    texts = [text for text in memory["feedback"]["text"] if text]
    assert texts and all("\u4e00" <= text[0] <= "\u9fff" for text in texts)
    again = write_simulation(settings, tmp_path / "b")
    assert again == rows
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name
    assert json.loads((tmp_path / "a" / "simulation.json").read_text())["customers"] == 700


def test_the_settings_file_that_comes_along_can_be_read(tmp_path: Path) -> None:
    write_simulation(SimulationSettings(customers=60, weeks=20, campaigns=()), tmp_path)
    settings = load_settings(tmp_path / "holdfast.yaml")
    assert set(settings.data.sources()) == {"transactions", "customers", "products", "feedback", "interactions"}
    assert settings.profile.home_region == "Centre"


def test_the_demo_company_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "DEMO", SimulationSettings(customers=80, weeks=30))
    content = writing.simulate_demo(tmp_path)
    assert set(content["data"]) == {*TABLES, "currency"} - {"aliases"} and content["language"] == "en"
    before = (tmp_path / "transactions.parquet").stat().st_mtime_ns
    assert writing.simulate_demo(tmp_path) == content
    assert (tmp_path / "transactions.parquet").stat().st_mtime_ns == before
    (tmp_path / "feedback.parquet").unlink()
    writing.simulate_demo(tmp_path)
    assert (tmp_path / "feedback.parquet").is_file()


def test_a_campaign_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="campaign points is in week 30, after the last"):
        SimulationSettings(weeks=30, campaigns=(CampaignPlan(strategy="points", week=30),))
