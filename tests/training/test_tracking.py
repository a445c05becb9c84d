"""The run log: parameters, metrics, report and bundle of every run; aliases; nothing outside the work folder."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from configs.settings import Settings, TrackingSettings
from training.run_log import RUN_LOG, prepare_run_log
from training.tracking import CHALLENGER, CHAMPION, Tracking, TrackingError

MOMENT = datetime(2022, 2, 1, 9, tzinfo=UTC)


def log(tracking: Tracking, bundle: str, auc: float, seed: int = 1) -> str:
    return tracking.log_run(
        name=f"run {bundle}",
        at=MOMENT,
        params={"training": {"seed": seed, "max_cutoffs": 12}},
        metrics={"churn_auc": auc},
        tags={"bundle_id": bundle, "grade": "A", "as_of": "2022-01-01"},
        bundle_files={"suite.json": b"{}", "churn/model.txt": b"tree"},
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_runs_versions_and_aliases(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    tracking = Tracking(settings)
    report = tmp_path / "report.html"
    report.write_text("<p>report</p>")
    first = log(tracking, "aaa", 0.80)
    second = tracking.log_run(
        name="two",
        at=MOMENT + timedelta(hours=1),
        params={"training": {"seed": 2, "max_cutoffs": 12}},
        metrics={"churn_auc": 0.82},
        tags={"bundle_id": "bbb", "grade": "B", "as_of": "2022-02-01"},
        artefacts=[report],
    )
    assert tracking.register(first, "aaa", champion=True) == 1
    assert (tracking.alias(CHAMPION), tracking.alias(CHALLENGER)) == (1, None)
    assert tracking.register(second, "bbb", champion=False) == 2
    assert (tracking.alias(CHAMPION), tracking.alias(CHALLENGER)) == (1, 2)
    assert tracking.register(second, "bbb", champion=True) == 2, (
        "a bundle is one version however often it is registered"
    )
    assert (tracking.alias(CHAMPION), tracking.alias(CHALLENGER)) == (2, None)
    assert tracking.set_champion("aaa") == 1
    assert tracking.set_champion("nobody") is None
    assert tracking.alias(CHAMPION) == 1

    runs = tracking.list_runs()
    assert runs["run_id"].tolist() == [second, first]
    assert runs["started_at"].tolist() == [pd.Timestamp("2022-02-01 10:00"), pd.Timestamp("2022-02-01 09:00")]
    assert runs["churn_auc"].tolist() == [0.82, 0.80]
    assert runs["grade"].tolist() == ["B", "A"]
    table = tracking.compare([first, second])
    assert table.loc[("param", "training.seed")].tolist() == ["1", "2"]
    assert ("param", "training.max_cutoffs") not in table.index, "equal parameters are left out"
    assert table.loc[("metric", "churn_auc")].tolist() == [0.80, 0.82]
    with pytest.raises(TrackingError, match="no run 'zzz'"):
        tracking.compare(["zzz"])

    again = Tracking(settings)
    assert len(again.list_runs()) == 2
    kept = {path.name for path in (settings.work / "mlartifacts").rglob("*") if path.is_file()}
    assert kept == {"report.html", "suite.json", "model.txt"}
    assert list(elsewhere.iterdir()) == [], "nothing is written where the command runs"
    assert {path.name for path in settings.work.iterdir()} == {"mlflow.db", "mlartifacts"}
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_unusable_log_is_one_sentence_without_secrets(settings: Settings) -> None:
    broken = settings.model_copy(update={"tracking": TrackingSettings(uri="postgresql://user:secret@127.0.0.1:1/none")})
    with pytest.raises(TrackingError) as caught:
        Tracking(broken)
    assert "secret" not in str(caught.value)
    assert "tracking.uri" in str(caught.value)


def spoil(path: Path, how: str) -> None:
    """A run log as killed and careless processes leave it."""
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "text":
        path.write_text("this is no database")
    elif how == "empty":
        path.write_bytes(b"")
    else:
        with closing(sqlite3.connect(path)) as connection:
            if how == "half_migrated":  # what MLflow leaves when it is killed while it makes its tables
                connection.execute("DELETE FROM alembic_version")
            elif how == "old":
                connection.execute("UPDATE alembic_version SET version_num = '0000'")
            connection.commit()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("how", ["cut", "text", "empty", "half_migrated", "old"])
def test_a_run_log_that_cannot_be_used_is_kept_and_a_new_one_begun(settings: Settings, how: str) -> None:
    log(Tracking(settings), "aaa", 0.8)
    path = settings.work / RUN_LOG
    spoil(path, how)
    spoiled = path.read_bytes()
    told: list[str] = []
    prepared = prepare_run_log(path)
    told += [] if prepared is None else [prepared]
    assert told == [f"the run log {path} was damaged; it is kept as mlflow.db.damaged1, and a new one was begun"]
    assert path.with_name("mlflow.db.damaged1").read_bytes() == spoiled
    assert prepare_run_log(path) is None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_maker_leaves_no_half_of_a_run_log(tmp_path: Path) -> None:
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from training import run_log; from mlflow.store.db import utils\n"
        "whole = utils._initialize_tables\n"
        "def killed(engine):\n"
        "    from sqlalchemy import text\n"
        "    with engine.begin() as connection: connection.execute(text('CREATE TABLE secrets (a int)'))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "utils._initialize_tables = killed\n"
        "run_log.prepare_run_log(Path(sys.argv[1]))"
    )
    path = tmp_path / RUN_LOG
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL and not path.exists() and len(list(tmp_path.iterdir())) > 0
    assert prepare_run_log(path) is None and path.exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_run_log_in_use_is_no_damage(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.run_log.SECONDS", 0.1)
    first = log(Tracking(settings), "aaa", 0.8)
    path = settings.work / RUN_LOG
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TrackingError, match="database is locked"):
            Tracking(settings)
    assert not path.with_name("mlflow.db.damaged1").exists()
    assert Tracking(settings).list_runs()["run_id"].tolist() == [first]


def test_only_tracking_imports_mlflow() -> None:
    import training.tracking

    folder = Path(training.tracking.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert ("mlflow.tracking import" in text) is (path.name == "tracking.py")
