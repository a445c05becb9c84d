"""What looks wrong in the data is said by every command that reads it, and signs that are turned stop training."""

import subprocess
import sys
from pathlib import Path

import pytest

from configs.errors import DataError
from configs.progress import SILENT
from configs.settings import Settings, load_settings
from pipelines.fresh import fresh_tables
from pipelines.ingest import ingest_stage

HEAD = "customer_id,order_id,occurred_at,amount\n"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)


def lines(sign: int = 1) -> list[str]:
    return [
        f"C{n % 30:02d},O{n:04d},2023-{1 + n // 60 % 12:02d}-{1 + n % 28:02d} {n % 24:02d}:00,{sign * (10 + n % 7)}\n"
        for n in range(700)
    ]


def write(folder: Path, rows: list[str], *, language: str = "en") -> Settings:
    (folder / "orders.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    (folder / "holdfast.yaml").write_text(
        "data: {transactions: {path: orders.csv}}\ntargets: {horizon_days: 30}\nworkdir: work\n"
        f"language: {language}\n",
        encoding="utf-8",
    )
    return load_settings(folder / "holdfast.yaml")


def test_warnings_are_said_when_tables_are_made_and_when_they_are_reused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = write(tmp_path, [*lines(), "C01,ODD,2023-03-01,25000000\n"])
    for _ in range(2):
        report = ingest_stage(settings, SILENT)
        said = capsys.readouterr().err
        assert "! One line holds" in said and "orders.csv, line 702: 25,000,000.00" in said
        assert "There is no feedback" not in said  # what is usual stays in the report
    assert report.reused
    fresh_tables(settings, SILENT, tell=True)
    assert "! One line holds" in capsys.readouterr().err
    chinese = settings.model_copy(update={"language": "zh"})
    fresh_tables(chinese, SILENT, tell=True)
    assert "! 1 行占全部金额的" in capsys.readouterr().err


def test_an_ordinary_log_says_nothing_but_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest_stage(write(tmp_path, lines()), SILENT)
    said = capsys.readouterr().err.splitlines()
    assert [line[:20] for line in said] == ["! 30 customers are t"]


def test_turned_signs_are_told_by_ingest_and_refused_by_train(tmp_path: Path) -> None:
    settings = write(tmp_path, lines(-1))
    told = run("ingest", "--config", tmp_path / "holdfast.yaml")
    assert told.returncode == 0 and "! No order has a positive total" in told.stdout
    done = run("train", "--config", tmp_path / "holdfast.yaml")
    assert done.returncode == 2
    assert "[no_positive_order]" in done.stderr and "data.returns.sales_negative: true" in done.stderr
    with pytest.raises(DataError, match="positive total"):
        fresh_tables(settings, SILENT, tell=True)
