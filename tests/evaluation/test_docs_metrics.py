"""The written rules say the numbers that the code uses, and the pipeline file names files that are written."""

import re
from pathlib import Path

import yaml

from configs import history
from evaluation import grade, measures
from evaluation.backtest import MAX_LOSSES
from evaluation.metrics import CALIBRATION_BINS
from reporting.training_report import CURVES, METRICS_FILE, REPORT_FILE, REPORT_JSON

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"\s+", " ", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"))


def test_numbers_of_the_rules() -> None:
    for said in (
        f"fewer than {grade.MIN_CUSTOMERS} test customers",
        f"fewer than {grade.MIN_PER_CLASS} who stayed",
        f"calibration error is above {grade.MAX_ECE_B:.2f}",
        f"calibration error is at most {grade.MAX_ECE_A:.2f}",
        f"expected orders are within {grade.MAX_ORDERS_BIAS_A:.0%}".replace("%", " %"),
        f"expected spend within {grade.MAX_SPEND_BIAS_A:.0%}".replace("%", " %"),
        f"lifetime value within {grade.MAX_LIFETIME_BIAS_A:.0%}".replace("%", " %"),
        f"below {grade.LEAST_TOTAL_B:.0%} of what happened".replace("%", " %"),
        f"within {100 * grade.MAX_COVERAGE_GAP_A:.0f} points of what it states",
        f"covers {100 * grade.MAX_COVERAGE_GAP_B:.0f} points less than it states",
        f"on {grade.MIN_LIFETIME_CUSTOMERS} customers or more",
        f"over {CALIBRATION_BINS} groups of equal size",
        f"Groups below {measures.MIN_SLICE} customers",
        f"up to {MAX_LOSSES:,} test customers",
        f"at least {history.MIN_HISTORY_DAYS} and at most {history.MAX_HISTORY_NEEDED_DAYS} days",
    ):
        assert said in TEXT, said


def test_every_baseline_measure_and_file_is_explained() -> None:
    for name in (
        "BG/NBD + Gamma-Gamma",
        "recency rule",
        "the same for everybody",
        "same as last time",
        REPORT_FILE,
        REPORT_JSON,
        METRICS_FILE,
    ):
        assert name in TEXT
    for word in ("AUC", "Brier", "lift", "gain", "bias", "deviance", "Gini", "Spearman", "coverage"):
        assert word in TEXT


def test_pipeline_file() -> None:
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    assert list(pipeline["stages"]) == ["ingest", "features", "train", "evaluate", "register", "score"]
    for name, stage in pipeline["stages"].items():
        assert stage["cmd"].startswith("holdfast ") and "--config holdfast.yaml" in stage["cmd"], name
        for dependency in stage["deps"]:
            inside = dependency.startswith(("work/", "artifacts/"))
            assert inside or (ROOT / dependency).exists(), f"{name} depends on {dependency}, which does not exist"
    shown = {Path(next(iter(plot))).name for plot in pipeline["stages"]["evaluate"]["plots"]}
    assert shown == set(CURVES.values())
    ignored = (ROOT / ".dvcignore").read_text(encoding="utf-8").split()
    assert {"__pycache__/", "*.pyc"} <= set(ignored)
    assert "analytics = false" in (ROOT / ".dvc" / "config").read_text(encoding="utf-8")
