"""Without the extra `train`: scoring works, and what does not says so before it begins."""

import subprocess
import sys
from pathlib import Path

import pytest

from configs.errors import SettingsError
from configs.settings import load_settings
from pipelines.stages import train_stages
from training.tracking import Tracking, TrackingError

ROOT = Path(__file__).parents[2]
PLAIN = """
import sys
from configs.extras import EXTRAS
sys.modules.update(dict.fromkeys(EXTRAS))  # None: "not installed"
from pipelines.cli import main
main()
"""


def test_scores_are_written_with_a_report_that_has_no_pictures(small_company: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    words = ["score", "--config", str(small_company / "holdfast.yaml"), "--out", str(out)]
    command = [sys.executable, "-c", PLAIN, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "scores_report.html has no pictures, because matplotlib is not installed" in " ".join(done.stderr.split())
    report = (tmp_path / "scores_report.html").read_text(encoding="utf-8")
    assert "<table" in report
    assert "<svg" not in report
    assert out.is_file()


def test_training_is_refused_before_it_begins(small_company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from configs.progress import SILENT

    settings = load_settings(small_company / "holdfast.yaml")
    for module in ("mlflow", "sklearn", "matplotlib"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(SettingsError, match=f"`holdfast train` needs the Python package {module}"):
                train_stages(settings, None, SILENT)


def test_the_run_log_names_the_extra(small_company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(TrackingError, match=r"pip install 'holdfast-retention\[train\]'") as raised:
        Tracking(load_settings(small_company / "holdfast.yaml"))
    assert raised.value.code == "package_missing"
