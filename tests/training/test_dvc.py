"""`dvc repro` runs every stage once and then has nothing to do; metrics and plots work."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_pipeline_runs_once_and_shows_metrics_and_plots(log: pa.Table, tmp_path: Path, as_of: Any) -> None:
    project = tmp_path / "project"
    (project / ".dvc").mkdir(parents=True)
    for name in ("dvc.yaml", ".dvcignore"):
        shutil.copy(ROOT / name, project / name)
    config = (ROOT / ".dvc" / "config").read_text(encoding="utf-8").replace("[core]", "[core]\n    no_scm = true")
    (project / ".dvc" / "config").write_text(config, encoding="utf-8")
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    # The installed command runs; the code only has to be there to depend on.
    for dependency in {path for stage in pipeline["stages"].values() for path in stage["deps"]}:
        if not dependency.startswith(("work/", "artifacts/")):
            place = project / dependency
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / dependency).is_dir():
                place.mkdir(exist_ok=True)
                (place / "code.py").write_text("version = 1\n")
            else:
                place.write_text("version = 1\n")
    days = pc.less(log["occurred_at"], pa.scalar(as_of - timedelta(days=180)))
    pq.write_table(log.filter(days), project / "orders.parquet")
    settings = {
        "data": {"transactions": {"path": "orders.parquet"}},
        "targets": {"horizon_days": 60, "lifetime_days": 60, "horizons": [60]},
        "training": {"max_cutoffs": 2},
    }
    (project / "holdfast.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    home = {
        name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "DVC_SITE_CACHE_DIR")
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **home, "DVC_NO_ANALYTICS": "1", "PATH": path, "PYTHONWARNINGS": ""}

    def dvc(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    first = dvc("repro")
    assert all(f"Running stage '{name}'" in first for name in pipeline["stages"])
    assert (project / "work" / "scores.parquet").is_file()
    second = dvc("repro")
    assert "Running stage" not in second
    assert "up to date" in second
    metrics = json.loads(dvc("metrics", "show", "--json"))
    shown = metrics[""]["data"][str(Path("work", "evaluation", "metrics.json"))]["data"]
    assert 0.5 < shown["holdfast"]["churn_auc"] <= 1
    assert shown["grade"] in {"A", "B", "C"}
    dvc("plots", "show", "--out", "plots")
    page = (project / "plots" / "index.html").read_text(encoding="utf-8")
    assert "Calibration of the churn probability" in page
    changed = settings | {"training": {"max_cutoffs": 3}}
    (project / "holdfast.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
    status = dvc("status")
    assert "train" in status and "holdfast.yaml" in status
