"""A scoring run finds the run before, says what changed, and writes a page for people."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from configs.errors import NotEnoughDataError
from configs.progress import SILENT
from configs.settings import Settings, load_settings
from models.bundle.folder import load_bundle, promote, save_bundle
from pipelines.actions import last_scores, view_table
from pipelines.results import Scored
from pipelines.runs import INDEX, kept_run, runs_folder
from pipelines.stages import score_stage
from reporting.scores_report import render, report_content
from retention.experiments.effects import estimate_effect
from retention.scoring.change_split import PARTS
from retention.scoring.scores_table import read_stamp
from retention.strategies.catalogue import load_catalogue

pytestmark = pytest.mark.slow

Run = Callable[..., Scored]


@pytest.fixture(scope="module")
def settings(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The trained shop in a folder of its own."""
    folder = tmp_path_factory.mktemp("runs") / "shop"
    shutil.copytree(trained, folder)
    shutil.rmtree(folder / "work" / "runs", ignore_errors=True)
    return load_settings(folder / "holdfast.yaml")


@pytest.fixture(scope="module")
def run(settings: Settings) -> Run:
    def scored(as_of: str, name: str, **options: Path) -> Scored:
        return score_stage(settings, as_of, settings.root / name, SILENT, **options)

    return scored


@pytest.fixture(scope="module")
def two(run: Run) -> tuple[Scored, Scored]:
    """A run of May and one of June, the first two of the work folder."""
    return run("2024-05-01", "may.parquet"), run("2024-06-01", "june.parquet")


def numbers(page: str) -> list[list[str]]:
    """The numbers of every text, per language."""
    pairs = re.findall(
        r'<span class="en" lang="en">(.*?)</span><span class="zh" lang="zh">(.*?)</span>', page, re.DOTALL
    )
    return [[sorted(re.findall(r"\d+(?:[.,]\d+)*", unescape(part))) for part in pair] for pair in pairs]


def test_a_run_is_compared_with_the_one_before(two: tuple[Scored, Scored], settings: Settings) -> None:
    first, second = two
    assert first.changes is None
    assert not (settings.root / "may_changes.parquet").exists()
    assert "There is no earlier run to compare with" in first.report.read_text(encoding="utf-8")
    assert second.changes is not None and second.changes.codes == ()

    table = pd.read_parquet(settings.root / "june_changes.parquet")
    shared = set(first.scores["customer_id"]) & set(second.scores["customer_id"])
    assert set(table["customer_id"]) == shared and len(table) == 3 * len(shared)
    gap = (table[list(PARTS)].sum(axis=1) - table["difference"]).abs()
    assert (gap <= 1e-9 * table[["before", "after"]].abs().max(axis=1).clip(lower=1.0)).all()
    assert (table["time"] != 0).mean() > 0.9 and (table["behaviour"] != 0).any()
    assert (table[["data", "model", "data_or_model"]] == 0).all(axis=None)

    moves = pd.read_parquet(settings.root / "june_moves.parquet")
    assert {"churn_risk", "stage"} <= set(moves["dimension"]) and (moves["before"] != moves["after"]).all()
    told = pd.read_parquet(second.path)["changes"]
    assert sum(any(one["kind"] == "probability" for one in own) for own in told) > 20
    assert last_scores(settings, None)["as_of"].iloc[0] == pd.Timestamp("2024-06-01")


def test_the_moves_between_the_last_two_runs_are_a_view(two: tuple[Scored, Scored], settings: Settings) -> None:
    changes = two[1].changes
    assert changes is not None
    shown = view_table(settings, "moves", None, None, SILENT)
    pd.testing.assert_frame_equal(shown, changes.comparison.movers, check_dtype=False)
    index = runs_folder(settings) / INDEX
    index.rename(settings.root / "aside.json")
    with pytest.raises(NotEnoughDataError, match="does not hold two scoring runs yet"):
        view_table(settings, "moves", None, None, SILENT)
    (settings.root / "aside.json").rename(index)


def test_running_twice_says_the_same_twice(two: tuple[Scored, Scored], run: Run, settings: Settings) -> None:
    kept = {name: (settings.root / name).read_bytes() for name in ("june_changes.parquet", "june_report.html")}
    again = run("2024-06-01", "june.parquet")
    assert again.changes is not None and again.changes.before["as_of"].iloc[0] == pd.Timestamp("2024-05-01")
    assert kept == {name: (settings.root / name).read_bytes() for name in kept}
    runs = [kept_run(settings, which) for which in ("before", "last")]
    assert [run[1] for run in runs if run] == [read_stamp(run[0]) for run in runs if run]
    assert [run[1].as_of for run in runs if run] == ["2024-05-01T00:00:00", "2024-06-01T00:00:00"]


def test_a_run_is_compared_with_the_one_that_is_named(two: tuple[Scored, Scored], run: Run, settings: Settings) -> None:
    same = run("2024-06-01", "same.parquet", previous=settings.root / "june.parquet").changes
    assert same is not None and (same.differences[["difference", *PARTS]] == 0).all(axis=None)
    assert same.lists == [[] for _ in same.lists] and same.comparison.movers.empty


def test_a_later_moment_and_a_lost_model_are_told(two: tuple[Scored, Scored], run: Run, settings: Settings) -> None:
    back = run("2024-05-01", "back.parquet", previous=settings.root / "june.parquet")
    assert back.changes is not None and back.changes.codes == ("later_moment",)
    assert "the run before speaks of a later moment" in back.report.read_text(encoding="utf-8")

    # another bundle with the same trees is used now, and then the one of the run before is gone
    store = settings.bundle_store
    bundle = load_bundle(store, examine=False)
    promote(store, save_bundle(store, bundle.files, {**bundle.meta, "note": "another"}))
    whole = run("2024-06-01", "whole.parquet", previous=settings.root / "may.parquet").changes
    assert whole is not None and whole.codes == () and (whole.differences["model"] == 0).all()
    shutil.move(store / bundle.id, settings.root / "aside")
    lost = run("2024-06-01", "lost.parquet", previous=settings.root / "may.parquet")
    shutil.move(settings.root / "aside", store / bundle.id)
    promote(store, bundle.id)
    assert lost.changes is not None and lost.changes.codes == ("no_earlier_model",)
    assert "corrected data or another model" in lost.report.read_text(encoding="utf-8")
    assert lost.changes.differences["time"].tolist() == whole.differences["time"].tolist()


def test_the_page_of_a_run(two: tuple[Scored, Scored]) -> None:
    made = two[1]
    page = made.report.read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!#)([^"']+)""", page) and "<script" not in page
    assert not re.search(r"\[\[|\{\{|\{%|Undefined", page)
    assert "None" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    pairs = numbers(page)
    assert len(pairs) > 60 and all(english == chinese for english, chinese in pairs)

    content = json.loads(made.report.with_suffix(".json").read_text(encoding="utf-8"))
    scores = made.scores
    assert content["customers"] == len(scores)
    kept = scores["stage"] != "lost"
    assert content["high_risk"] == int((kept & (scores["churn_risk_tier"] == "high")).sum())
    assert content["can_be_lost"] == int((kept & (scores["churn_risk_tier"] != "unknown")).sum())
    assert content["lifetime_value"] == pytest.approx(scores["lifetime_value"].sum())
    for row in content["tiers"]:
        assert sum(row["counts"].values()) == (int(kept.sum()) if row["code"] == "churn_risk" else len(scores))
    assert sum(row["customers"] for row in content["stages"]) == len(scores)
    for row in content["changes"]["causes"]:
        assert sum(row[part] for part in PARTS) == pytest.approx(row["difference"], abs=1e-9)
        assert row["after"] - row["before"] == pytest.approx(row["difference"])
    for flow in content["changes"]["flows"].values():
        assert sum(row["customers"] for row in flow) == content["changes"]["shared"]
    first = [own[0]["code"] for own in scores["strategies"] if own]
    assert {row["code"]: row["first"] for row in content["strategies"] if row["first"]} == {
        code: first.count(code) for code in first
    }
    warned = sum(any(one["code"] == "early" for one in own) for own in scores["warnings"])
    assert content["warned"] == warned


def test_effects_stand_on_the_page(two: tuple[Scored, Scored], settings: Settings) -> None:
    catalogue = load_catalogue(settings)
    rng = np.random.default_rng(1)
    treated = rng.random(400) < 0.5
    active = (rng.random(400) < np.where(treated, 0.6, 0.4)).astype(float)
    known = estimate_effect(active, treated, strategy=catalogue.codes[0])
    own = replace(known, strategy="our_own", segment="champions", outcome="spend", effect=-12.5, evidence="observed")
    content = report_content(two[1].scores, settings, catalogue, changes=None, effects=[known, own])
    page = render(content | {"moves_file": ""}, "zh")
    assert catalogue[known.strategy].name.zh in page and "our_own (champions)" in page.replace("</span>", "")
    assert f"{known.effect:+.1%}" in page and "-12.50" in page and "随机" in page and "观察" in page
    assert content["effects"][0]["low"] < known.effect < content["effects"][0]["high"]
    assert "Nothing is measured yet" not in page
    empty = render(report_content(two[1].scores, settings, catalogue, changes=None, effects=[]) | {"moves_file": ""})
    assert "Nothing is measured yet" in empty


def test_explain_tells_what_changed_as_the_run_did(two: tuple[Scored, Scored], settings: Settings) -> None:
    changes = two[1].changes
    assert changes is not None
    risk = changes.differences[changes.differences["field"] == "churn_probability"]
    row = risk.loc[risk["difference"].abs().idxmax()]
    command = [sys.executable, "-m", "pipelines", "explain", row["customer_id"], "--as-of", "2024-06-01"]
    done = subprocess.run(
        [*command, "--config", settings.root / "holdfast.yaml", "--previous", settings.root / "may.parquet"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Compared with the scores of 1 May 2024." in done.stdout
    assert row["text_en"] in done.stdout
