"""The feature benchmark runs, its three ways agree, and it says what was met."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import features
from benchmarks.feature_log import write_feature_log
from benchmarks.feature_tasks import RFM, TASKS, measured
from benchmarks.features import benchmark_table, run_feature_benchmark
from configs.errors import InvariantError


@pytest.mark.slow
def test_benchmark_compares_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_child = features._in_child

    def quickly(task: str, folder: Path, warm_up: Path, repeats: int, threads: int) -> dict[str, Any]:
        # One task in a process of its own shows that this works; the others run here.
        if task == "bare":
            return in_child(task, folder, warm_up, repeats, threads)
        return measured(task, folder, warm_up, min(repeats, 2), threads)

    monkeypatch.setattr(features, "_in_child", quickly)
    out = tmp_path / "result.json"
    result = run_feature_benchmark(lines=20_000, customers=60, folder=tmp_path, repeats=2, out=out)
    assert json.loads(out.read_text()) == result
    assert set(result["tasks"]) == set(TASKS)
    assert result["met"] == all(ratio["met"] for ratio in result["ratios"].values())
    assert result["tasks"]["catalogue_12"]["rows"] > 60
    assert len(result["tasks"]["bare"]["seconds"]) == 2
    console = Console(width=100, record=True, file=StringIO())
    console.print(benchmark_table(result))
    assert "12 cut-offs by one" in console.export_text()


def test_disagreement_is_an_error() -> None:
    tasks = {name: {"sums": dict.fromkeys(RFM, 1.0)} for name in ("rfm", "rfm_by_hand")}
    features._agree(tasks, "rfm", "rfm_by_hand")
    tasks["rfm"]["sums"]["orders_90d"] = 2.0
    with pytest.raises(InvariantError, match="rfm and rfm_by_hand disagree on orders_90d"):
        features._agree(tasks, "rfm", "rfm_by_hand")


def test_the_log_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    files = [write_feature_log(tmp_path / name, lines=5_000, customers=30, seed=3) for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    other = write_feature_log(tmp_path / "three", lines=5_000, customers=30, seed=4)
    assert other.read_bytes() != files[0].read_bytes()
