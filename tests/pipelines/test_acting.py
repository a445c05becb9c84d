"""The verbs of the people who act, on a small simulated company, through the command line."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from benchmarks.simulator import CampaignPlan, SimulationSettings, write_simulation
from configs.progress import SILENT
from configs.settings import load_settings
from features.engine import open_tables
from models.bundle.folder import promote, save_bundle
from pipelines.arms import earlier_arms
from pipelines.cli import app
from pipelines.ingest import ingest_stage
from pipelines.stages import score_stage
from retention.experiments.holdout import EXPERIMENT
from retention.experiments.measurement import Measurement, measure_campaigns
from retention.scoring.scores_table import read_scores, write_scores
from training.fit import fit_bundle

pytestmark = pytest.mark.slow

COMPANY = SimulationSettings(
    customers=600,
    weeks=64,
    seed=5,
    future_weeks=0,
    campaigns=(CampaignPlan(strategy="regular_contact", week=30, share=0.8, held_out=0.5, lift=1.0),),
)
LEANER = """
targets: {horizon_days: 60, lifetime_days: 60, horizons: [60]}
training: {max_cutoffs: 2}
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a company whose customers have been scored; the path of its settings."""
    folder = tmp_path_factory.mktemp("company")
    write_simulation(COMPANY, folder)
    path = folder / "holdfast.yaml"
    text = re.sub(r"^targets:\n(  .*\n)+", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text + LEANER, encoding="utf-8")
    settings = load_settings(path)
    ingest_stage(settings, SILENT)
    with open_tables(settings.canonical) as tables:
        fitted = fit_bundle(tables, COMPANY.end, settings)
    promote(settings.bundle_store, save_bundle(settings.bundle_store, fitted.files, fitted.meta))
    score_stage(settings, "2024-06-30", None, SILENT)
    return path


def run(company: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(company)])


def told(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_scores_hold_what_the_strategies_ask_for(company: Path) -> None:
    scores = pd.read_parquet(company.parent / "work" / "scores.parquet")
    assert {"days_since_last_order", "open_complaints", "contacts_90d"} <= set(scores.columns)
    said = {entry["evidence"] for entries in scores["strategies"] for entry in entries}
    assert said <= {"rule", "randomised"} and "rule" in said


def test_work_list_keeps_the_budget_and_leaves_some_alone(company: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    text = told(run(company, "worklist", "--budget", "60", "--hours", "2", "--out", str(file)))
    rows = pd.read_parquet(file)
    assert 0 < len(rows) == int(re.search(r"(\d+) contacts", text).group(1))  # type: ignore[union-attr]
    assert rows["cost"].sum() <= 60 + 1e-6
    assert rows.assign(owner=rows["owner"].fillna("")).groupby(["owner", "due"])["minutes"].sum().le(120 + 1e-6).all()
    assert rows["customer_id"].is_unique and (rows["due"] >= pd.Timestamp("2024-06-30")).all()
    assert int(re.search(r"left alone for comparison: (\d+)", text).group(1)) > 0  # type: ignore[union-attr]
    scores = pd.read_parquet(company.parent / "work" / "scores.parquet").set_index("customer_id")
    assert (rows.loc[rows["strategy"] == "regular_contact", "evidence"] == "randomised").all()
    grieved = scores.loc[rows["customer_id"], "open_complaints"].to_numpy() > 0
    assert not rows.loc[grieved, "strategy"].isin(["reactivation_offer", "limited_discount"]).any()


def test_the_next_list_leaves_the_same_customers_alone(company: Path, tmp_path: Path) -> None:
    settings = load_settings(company)
    told(run(company, "worklist", "--hours", "10", "--out", str(tmp_path / "one.csv")))
    first = earlier_arms(settings, EXPERIMENT)
    scores = read_scores(company.parent / "work" / "scores.parquet")
    shifted = tmp_path / "shifted.parquet"
    scores["churn_probability"] = scores["churn_probability"] * 0.5 + 0.3
    write_scores(scores, shifted)
    told(run(company, "worklist", "--hours", "10", "--scores", str(shifted), "--out", str(tmp_path / "two.csv")))
    second = earlier_arms(settings, EXPERIMENT)
    assert "held_out" in first.values() and {name: second[name] for name in first} == first


def test_the_held_out_are_left_alone_by_plan_and_audience_too(company: Path, tmp_path: Path) -> None:
    plan, audience = tmp_path / "plan.csv", tmp_path / "audience.csv"
    told(run(company, "plan", "--days", "40", "--country", "CN", "--out", str(plan)))
    scores = pd.read_parquet(company.parent / "work" / "scores.parquet")
    segment = str(scores["segment"].value_counts().index[0])
    told(run(company, "audience", segment, "--out", str(audience), "--channel", "ads"))
    arms = earlier_arms(load_settings(company), EXPERIMENT)
    held = {customer for customer, arm in arms.items() if arm == "held_out"}
    assert set(arms) == set(scores["customer_id"]) and len(held) > 10
    exported = pd.read_csv(audience, dtype=str)["customer_id"]
    assert len(exported) and not set(exported) & held
    contacts = pd.read_csv(plan, dtype=str)
    greeted = contacts.loc[contacts["occasion"] != "renewal", "customer_id"]
    assert len(greeted) and not set(greeted) & held


def test_effects_are_measured_over_the_horizon_of_the_scores_not_of_the_file(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def spy(*arguments: Any, horizon_days: int) -> Measurement:
        seen.append(horizon_days)
        return measure_campaigns(*arguments, horizon_days=horizon_days)

    monkeypatch.setattr("retention.experiments.measurement.measure_campaigns", spy)
    other = company.with_name("other.yaml")
    text = company.read_text(encoding="utf-8").replace("horizon_days: 60", "horizon_days: 30")
    other.write_text(text.replace("horizons: [60]", "horizons: [30]"), encoding="utf-8")
    assert load_settings(other).targets.horizon_days == 30
    told(run(other, "worklist", "--hours", "1"))
    told(run(other, "view", "effects"))
    assert seen == [60, 60]


def test_an_open_complaint_comes_before_everything(company: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    told(run(company, "worklist", "--hours", "24", "--days", "60", "--out", str(file)))
    rows = pd.read_parquet(file)
    scores = pd.read_parquet(company.parent / "work" / "scores.parquet").set_index("customer_id")
    # nobody follows up the old complaint of a customer who is lost
    old = (scores["stage"] == "lost") & (scores["oldest_open_complaint_days"] > 180)
    owed = (scores["open_complaints"] > 0) & ~old
    assert owed.sum() > 10 and set(scores.index[owed]) <= set(rows["customer_id"])
    grieved = owed.loc[rows["customer_id"]].to_numpy()
    assert all(day.is_monotonic_decreasing for _, day in pd.Series(grieved).groupby(rows["due"].to_numpy()))
    age = scores.loc[rows["customer_id"][grieved], "oldest_open_complaint_days"].to_numpy()
    left = 7 - age[(rows["due"] == rows["due"].min())[grieved].to_numpy()]
    assert (np.diff(np.where(left >= 0, left, 1_000 - left)) >= 0).all()  # nearest the deadline, then freshest overdue


@pytest.fixture
def own_company(company: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    shutil.copytree(company.parent, tmp_path / "own")
    return tmp_path / "own" / company.name


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_list_is_filled_in_and_given_back(own_company: Path, tmp_path: Path, ending: str) -> None:
    """Outcomes become treatments once, whoever they name stays off the next list, and nothing is overwritten."""
    folder, file, back = own_company.parent, tmp_path / f"list.{ending}", tmp_path / f"back.{ending}"
    told(run(own_company, "worklist", "--lang", "zh", "--hours", "3", "--start", "2024-07-01", "--out", str(file)))
    assert file.stat().st_mode & 0o777 == 0o600
    rows = (
        pd.concat(pd.read_excel(file, sheet_name=None, dtype=str, engine="calamine"))
        if ending == "xlsx"
        else (pd.read_csv(file, dtype=str))
    )
    complaints = rows["未解决投诉"].notna()
    owed = rows["策略代码（请勿改动）"].eq("complaint_follow_up")
    assert owed.sum() > 5 and complaints[owed].all()
    assert rows["最近订单"].str.contains("年").mean() > 0.5 and rows["电话"].notna().any()
    rows["联系结果"] = ["接受", "误报", *[None] * (len(rows) - 3), "未联系上"]
    rows.to_excel(back, index=False, engine="xlsxwriter") if ending == "xlsx" else rows.to_csv(back, index=False)
    before = pd.read_parquet(folder / "work" / "canonical" / "treatments.parquet")
    assert "3 recorded (Tried without success 1, Accepted 1, False alarm 1)" in told(
        run(own_company, "outcomes", str(back))
    )
    assert "0 recorded (nothing new)" in told(run(own_company, "outcomes", str(back)))
    told(run(own_company, "view", "demand"))
    after = pd.read_parquet(folder / "work" / "canonical" / "treatments.parquet")
    new = after[~after["treatment_id"].isin(before["treatment_id"])]
    left = earlier_arms(load_settings(own_company), EXPERIMENT)
    # beside an earlier list of the same day they may have been recorded before
    recorded = after["treatment_id"].str.startswith("worklist:") & (after["arm"] == "held_out")
    alone = after.loc[recorded, "customer_id"]
    assert len(alone) and all(left[name] == "held_out" for name in alone)
    assert (new["arm"] == "treated").sum() == 2
    contacted = new.loc[new["arm"] == "treated", "customer_id"]
    assert set(contacted) == {rows["客户编号"].iloc[0], rows["客户编号"].iloc[-1]}


def test_plan_has_dated_contacts(company: Path, tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"
    told(run(company, "plan", "--days", "40", "--country", "CN", "--out", str(file)))
    rows = pd.read_csv(file)
    assert len(rows) and rows["customer_id"].notna().all()
    due = pd.to_datetime(rows["due"])
    assert due.between("2024-06-30", "2024-08-10").all()


def test_audience_honours_consent(company: Path, tmp_path: Path) -> None:
    scores = pd.read_parquet(company.parent / "work" / "scores.parquet")
    segment = str(scores["segment"].value_counts().index[0])
    file = tmp_path / "audience.csv"
    text = told(run(company, "audience", segment, "--out", str(file), "--channel", "phone"))
    rows = pd.read_csv(file, dtype=str)
    members = scores.loc[scores["segment"] == segment, "customer_id"]
    assert 0 < len(rows) < len(members) and set(rows["customer_id"]) <= set(members)
    assert f"{len(rows)} of {len(members)} members" in text
    profile = pd.read_parquet(company.parent / "customers.parquet").set_index("customer_id")
    assert set(profile.loc[rows["customer_id"], "consent"]) == {"yes"}  # nobody who agreed to e-mail and SMS alone


@pytest.mark.parametrize("what", ["demand", "satisfaction", "figures", "effects"])
def test_views(company: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "view.csv"
    told(run(company, "view", what, "--out", str(file)))
    rows = pd.read_csv(file)
    assert len(rows)
    if what == "effects":
        assert set(rows["strategy"]) == {"regular_contact"} and "all" in set(rows["segment"])
        assert (rows["low"] <= rows["high"]).all()


def test_next_product_names_what_the_customer_has_not(company: Path, tmp_path: Path) -> None:
    lines = pd.read_parquet(company.parent / "transactions.parquet")
    customer = str(lines["customer_id"].value_counts().index[0])
    file = tmp_path / "next.csv"
    told(run(company, "next-product", customer, "--out", str(file)))
    rows = pd.read_csv(file)
    assert len(rows) == 5 and set(rows["customer_id"]) == {customer}
    looks = pd.read_parquet(company.parent / "interactions.parquet")
    looked = set(looks.loc[looks["customer_id"] == customer, "product_id"])
    new = rows[rows["looked_at"].isna()]
    assert not set(new["item"]) & set(lines.loc[lines["customer_id"] == customer, "product_id"])
    assert set(rows.loc[rows["looked_at"].notna(), "item"]) <= looked
    products = pd.read_parquet(company.parent / "products.parquet").set_index("product_id")["name"]
    assert rows["name"].tolist() == products[rows["item"]].tolist()


def test_a_segment_that_does_not_exist_is_one_sentence(company: Path, tmp_path: Path) -> None:
    result = run(company, "audience", "nobodies", "--out", str(tmp_path / "a.csv"))
    assert result.exit_code != 0
