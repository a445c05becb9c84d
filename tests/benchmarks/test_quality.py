"""The quality benchmark end to end on a tiny generated task, and the gate that a worse figure does not pass."""

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.quality import run_quality_benchmark
from benchmarks.quality_generated import START, GeneratedLog, write_generated_log
from benchmarks.quality_tasks import TASKS, LogMissingError, Task, chosen_tasks, task_settings
from benchmarks.quality_verdict import (
    OURS,
    FallenBehindError,
    behind,
    check,
    merged,
    read_record,
    record,
    tolerance,
    verdict,
)
from configs.errors import HoldfastError, SettingsError
from configs.settings import Settings, load_settings

LOG = GeneratedLog(450, 330, 25, stay_days=300, before_days=200)
TINY = Task("tiny", "tiny", START + timedelta(days=220), 30, lifetime_days=60)


def tiny_settings(task: Task, folder: Path, data: Path | None = None) -> Settings:
    """Short training, so that a fit takes a second."""
    if task.log != "tiny":
        return task_settings(task, folder, data)
    write_generated_log(LOG, folder / "log.parquet", seed=3)
    (folder / "holdfast.yaml").write_text(
        "data: {transactions: {path: log.parquet}}\n"
        f"targets: {{horizon_days: {task.horizon_days}, lifetime_days: {task.lifetime_days}, horizons: [30]}}\n"
        "training: {max_cutoffs: 3, threads: 1}\nworkdir: work\n"
    )
    return load_settings(folder / "holdfast.yaml")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quality")


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    """Two seeds of the real models with all peers, and a task whose log is not there."""
    retail = next(task for task in TASKS if task.log == "retail")
    return run_quality_benchmark(
        tasks=[TINY, retail], seeds=2, folder=folder, data=folder / "nothing", make_settings=tiny_settings
    )


def test_every_method_is_judged_on_the_same_customers_by_the_same_truth(result: dict[str, Any], folder: Path) -> None:
    task = result["tasks"]["tiny"]
    log = pd.read_parquet(folder / "log.parquet")
    amounts = log["amount"].astype(float)
    day = (log["occurred_at"] - pd.Timestamp(START)).dt.total_seconds() / 86_400
    buyers = sorted(set(log.loc[(amounts > 0) & (day < 220), "customer_id"]))
    inside = (day >= 220) & (day < 250) & log["customer_id"].isin(buyers)
    orders = log[inside & (amounts > 0)].groupby("customer_id").size().reindex(buyers, fill_value=0)
    assert task["customers"] == len(buyers)
    assert task["totals"]["churned"] == (orders == 0).sum()
    assert task["totals"]["orders"] == orders.sum()
    assert task["totals"]["spend"] == pytest.approx(amounts[inside].sum())
    assert set(task["figures"]) | set(task["unanswered"]) == {
        OURS,
        "bgnbd",
        "mbgnbd",
        "pareto",
        "bgnbd_mean",
        "mbgnbd_mean",
        "pareto_mean",
        "lifetimes",
        "recency",
        "afternoon",
        "two_part",
        "oracle",
    }
    ours, theirs = task["figures"]["bgnbd_mean"], task["figures"]["lifetimes"]  # the same model, fitted by the package
    assert ours["auc"] == pytest.approx(theirs["auc"], abs=0.002)
    last = day[(amounts > 0) & (day < 220)].groupby(log["customer_id"]).max().reindex(buyers).to_numpy()
    silent, active = last[orders == 0], last[orders > 0]
    won = (silent[:, None] < active[None, :]).mean() + 0.5 * (silent[:, None] == active[None, :]).mean()
    assert task["figures"]["recency"]["auc"] == pytest.approx(won, abs=1e-9)


def test_figures_are_sensible(result: dict[str, Any]) -> None:
    task = result["tasks"]["tiny"]
    for name, figures in task["figures"].items():
        if figures["auc"] is not None:
            assert 0.6 < figures["auc"] < 1, name
        if figures["spend_gini"] is not None:
            assert 0.3 < figures["spend_gini"] <= 1, name
    ours = task["figures"][OURS]
    assert abs(ours["orders_bias"]) < 0.5 and 0.3 < ours["lifetime_coverage"] <= 1
    assert 0 < task["ece_by_chance"] < 0.2
    assert task["spread"]["auc"] is not None and task["mean"]["auc"] != ours["auc"]
    assert task["seconds"]["train_and_score"] > 0
    assert {bar["code"] for bar in task["verdict"]} >= {"auc_peer", "auc_oracle", "ece", "spend_gini_peer"}
    for bar in task["verdict"]:
        assert bar["met"] or not bar["code"].endswith("_peer") or isinstance(bar["by_chance"], bool)


def test_a_log_that_is_not_there_is_left_out_with_the_reason(result: dict[str, Any]) -> None:
    assert list(result["skipped"]) == ["retail-2011-03"]
    assert "not on this machine" in result["skipped"]["retail-2011-03"]
    with pytest.raises(LogMissingError):
        task_settings(next(task for task in TASKS if task.log == "retail"), Path("unused"), Path("nowhere"))


def test_an_unknown_task_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"no task 'cdnow'; use one of retail-2011-03, .*cdnow-90"):
        chosen_tasks(["small", "cdnow"])
    assert [task.name for task in chosen_tasks(["small", "cdnow-90"])] == ["cdnow-90", "small"]


def test_tasks_have_names_of_their_own_and_close_in_their_log() -> None:
    from benchmarks.quality_tasks import GENERATED, LOG_TITLES

    assert len({task.name for task in TASKS}) == len(TASKS)
    for task in TASKS:
        assert task.log in LOG_TITLES
        if task.log in GENERATED:
            end = START + timedelta(days=GENERATED[task.log].days)
            assert task.as_of + timedelta(days=max(task.horizon_days, task.lifetime_days)) < end


def test_the_gate_passes_the_same_figures_and_stops_a_worse_one(result: dict[str, Any], tmp_path: Path) -> None:
    kept = seeded(result)
    path = tmp_path / "recorded.json"
    record(kept, path)
    recorded = read_record(path)
    assert check(kept, recorded) > 8
    for measure, change in (
        ("auc", -0.05),
        ("log_loss", 0.05),
        ("ece", 0.1),
        ("spend_gini", -0.2),
        ("spend_decile_error", 0.5),
        ("lifetime_coverage", 0.5),
    ):
        worse = changed(kept, measure, change)
        with pytest.raises(FallenBehindError) as failed:
            check(worse, recorded)
        assert failed.value.exit_code == 1 and str(failed.value).count("\n") == 0
        assert "tiny" in str(failed.value) and "more than the noise over seeds" in str(failed.value)
        if measure not in ("lifetime_coverage", "spend_decile_error", "ece"):
            assert check(changed(kept, measure, -change), recorded) > 8
    with pytest.raises(FallenBehindError, match=r"AUC missing \(recorded"):
        check(changed(kept, "auc", None), recorded)


def test_the_tolerance_is_the_noise_over_seeds(result: dict[str, Any]) -> None:
    recorded = merged(seeded(result), None)
    recorded["tasks"]["tiny"]["spread"]["auc"] = 0.002
    allowed = tolerance("auc", 0.002, 3, 3)
    assert allowed == pytest.approx(4 * 0.002 * np.sqrt(2 / 3))
    assert behind(changed(seeded(result), "auc", -0.99 * allowed), recorded) == []
    found = behind(changed(seeded(result), "auc", -1.01 * allowed), recorded)
    assert [(row["task"], row["measure"]) for row in found] == [("tiny", "auc")]


def test_a_bias_is_behind_on_either_side(result: dict[str, Any]) -> None:
    recorded = merged(seeded(result), None)
    recorded["tasks"]["tiny"]["mean"]["orders_bias"] = 0.01
    recorded["tasks"]["tiny"]["spread"]["orders_bias"] = 0.0
    for value, expected in ((-0.012, 0), (-0.02, 1), (0.02, 1), (0.0, 0)):
        now = copy.deepcopy(recorded)
        now["tasks"]["tiny"]["mean"]["orders_bias"] = value
        assert len(behind(now, recorded)) == expected, value


def test_another_log_cannot_be_compared(result: dict[str, Any]) -> None:
    recorded = merged(seeded(result), None)
    recorded["tasks"]["tiny"]["totals"]["spend"] *= 1 + 2e-6  # the record keeps six figures
    check(seeded(result), recorded)
    recorded["tasks"]["tiny"]["totals"]["orders"] += 5
    with pytest.raises(HoldfastError, match="use the recorded log"):
        check(seeded(result), recorded)
    with pytest.raises(HoldfastError, match="none of the tasks that ran is recorded"):
        check(seeded(result), {"tasks": {}})


def test_a_record_needs_seeds_and_keeps_other_tasks(result: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"2 fit\(s\) per task .* --seeds 3"):
        record(result, tmp_path / "recorded.json")
    path = tmp_path / "recorded.json"
    first = seeded(result)
    other = first | {"tasks": {"small": first["tasks"]["tiny"]}}
    record(other, path)
    whole = record(first, path)
    assert list(whole["tasks"]) == ["small", "tiny"]
    assert read_record(path)["tasks"].keys() == whole["tasks"].keys()
    with pytest.raises(HoldfastError, match="no recorded figures"):
        read_record(tmp_path / "absent.json")


def test_verdicts_by_hand() -> None:
    peers = {
        "pareto": {"auc": 0.80, "log_loss": 0.50, "spend_gini": 0.70},
        "recency": {"auc": 0.82, "log_loss": None, "spend_gini": 0.60},
        "oracle": {"auc": 0.83, "log_loss": 0.40, "spend_gini": 0.90},
    }
    ours = {
        "auc": 0.8265,
        "log_loss": 0.51,
        "ece": 0.03,
        "orders_bias": -0.12,
        "spend_gini": 0.71,
        "spend_bias": 0.14,
        "spend_decile_error": 0.21,
        "lifetime_coverage": 0.85,
    }
    task = {
        "figures": peers | {OURS: ours},
        "interval": 0.8,
        "seconds": {"train_and_score": 181.0},
        "seconds_bar": 180,
    }
    found = {bar["code"]: bar for bar in verdict(task)}
    assert {code for code, bar in found.items() if bar["met"]} == {"auc_peer", "spend_gini_peer", "ece", "spend_bias"}
    assert {code for code, bar in found.items() if not bar["met"]} == {
        "auc_oracle",
        "log_loss_peer",
        "orders_bias",
        "spend_decile_error",
        "lifetime_coverage",
        "seconds",
    }
    assert found["auc_peer"]["of"] == "recency" and found["log_loss_peer"]["of"] == "pareto"
    assert found["auc_oracle"]["bar"] == pytest.approx(0.827)


def test_without_peers_only_our_own_bars_are_judged(folder: Path) -> None:
    result = run_quality_benchmark(
        tasks=[replace(TINY, lifetime_days=300)], peers=False, folder=folder, threads=1, make_settings=tiny_settings
    )
    task = result["tasks"]["tiny"]
    assert list(task["figures"]) == [OURS] and task["spread"]["auc"] is None
    codes = {bar["code"] for bar in task["verdict"]}
    assert codes == {"ece", "orders_bias", "spend_bias", "spend_decile_error"}  # the lifetime has not closed


def seeded(result: dict[str, Any]) -> dict[str, Any]:
    """The result as if three seeds had given it."""
    copied = copy.deepcopy(result)
    copied["tasks"]["tiny"]["seeds"] = 3
    copied["tasks"]["tiny"]["spread"] = dict.fromkeys(copied["tasks"]["tiny"]["spread"], 0.001)
    return copied


def changed(result: dict[str, Any], measure: str, by: float | None) -> dict[str, Any]:
    """The result with one mean moved, or taken away."""
    copied = copy.deepcopy(result)
    mean = copied["tasks"]["tiny"]["mean"]
    mean[measure] = None if by is None else mean[measure] + by
    return copied
