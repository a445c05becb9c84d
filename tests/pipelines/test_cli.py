"""The calls that others script against, on a small shop, each in a process of its own."""

import hashlib
import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def run(*arguments: object):  # the fixture module is not importable by name
    import subprocess
    import sys

    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)


def bundle_of(folder: Path) -> str:
    return (folder / "artifacts" / "bundle" / "CURRENT").read_text().strip()


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_train_writes_bundle_report_and_run_log(trained: Path) -> None:
    assert (trained / "artifacts" / "bundle" / bundle_of(trained) / "MANIFEST.json").is_file()
    assert (trained / "work" / "evaluation" / "report.html").is_file()
    assert (trained / "work" / "mlflow.db").is_file()
    metrics = json.loads((trained / "work" / "evaluation" / "metrics.json").read_text())
    assert metrics["grade"] in "ABC"
    assert 0.5 < metrics["holdfast"]["churn_auc"] <= 1


def test_the_second_training_reuses_the_first(trained: Path) -> None:
    before = digest(trained / "artifacts")
    done = run("train", "--config", trained / "holdfast.yaml", "--as-of", "2024-06-01")
    assert done.returncode == 0, done.stderr
    assert digest(trained / "artifacts") == before
    assert "Computing features" not in done.stderr
    assert "A horizon of 60 days fits: the middle customer orders every" in done.stdout
    store = trained / "artifacts" / "bundle" / bundle_of(trained)
    rhythm = json.loads((store / "card" / "card.json").read_text())["rhythm"]
    assert rhythm["en"] in done.stdout and rhythm["recommended_days"] in (14, 30, 60)
    metrics = json.loads((trained / "work" / "evaluation" / "metrics.json").read_text())
    assert metrics["rhythm"]["recommended_days"] == rhythm["recommended_days"]
    report = (trained / "work" / "evaluation" / "report.html").read_text()
    assert rhythm["en"] in report and rhythm["zh"] in report


def test_the_same_data_give_the_same_bundle_in_another_folder(trained: Path, tmp_path: Path) -> None:
    for name in ("transactions.parquet", "holdfast.yaml"):
        (tmp_path / name).write_bytes((trained / name).read_bytes())
    done = run("train", "--config", tmp_path / "holdfast.yaml", "--as-of", "2024-06-01")
    assert done.returncode == 0, done.stderr
    assert bundle_of(tmp_path) == bundle_of(trained)
    name = bundle_of(trained)
    assert digest(tmp_path / "artifacts" / "bundle" / name) == digest(trained / "artifacts" / "bundle" / name)


def test_score_writes_every_customer_with_reasons_that_add_up(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    done = run("score", "--config", trained / "holdfast.yaml", "--as-of", "2024-06-01", "--out", out)
    assert done.returncode == 0, done.stderr
    scores = pd.read_parquet(out)
    lines = pd.read_parquet(trained / "transactions.parquet")
    assert set(scores["customer_id"]) == set(lines.loc[lines["timestamp"] < "2024-06-01", "customer_id"])
    total = scores["churn_base"] + scores["drivers"].map(lambda parts: sum(part["points"] for part in parts))
    assert (total - scores["churn_probability"]).abs().max() < 1e-6
    offered = scores["strategies"].map(len)
    # who is lost and not worth a question gets nothing
    assert offered.between(0, 3).all() and (offered[scores["stage"] != "lost"] >= 1).mean() > 0.9
    assert out.with_suffix(".csv").is_file()


def test_rows_at_or_after_as_of_change_nothing(trained: Path, tmp_path: Path) -> None:
    lines = pd.read_parquet(trained / "transactions.parquet")
    later = lines["timestamp"] >= "2024-04-01"
    scores = []
    for name, data in (("whole", lines), ("cut", lines[~later])):
        folder = tmp_path / name
        folder.mkdir()
        data.to_parquet(folder / "transactions.parquet", index=False)
        (folder / "holdfast.yaml").write_bytes((trained / "holdfast.yaml").read_bytes())
        for verb in (["train"], ["score", "--out", folder / "scores.parquet"]):
            done = run(*verb, "--config", folder / "holdfast.yaml", "--as-of", "2024-04-01")
            assert done.returncode == 0, done.stderr
        scores.append(pd.read_parquet(folder / "scores.parquet").drop(columns="scored_at"))
    assert bundle_of(tmp_path / "whole") == bundle_of(tmp_path / "cut")
    assert scores[0].to_json(date_format="iso") == scores[1].to_json(date_format="iso")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_explain_prints_a_page(trained: Path, lang: str) -> None:
    done = run("explain", "00007", "--config", trained / "holdfast.yaml", "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert "00007" in done.stdout
    assert bool(re.search(r"[\u4e00-\u9fff]", done.stdout)) == (lang == "zh")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["explain", "nobody"], "the data holds no customer 'nobody'"),
        (["score", "--as-of", "yesterday"], "--as-of 'yesterday' is not a date; write it like 2011-09-10"),
        (["score", "--as-of", "1999-01-01"], "the data holds no customer before 1999-01-01"),
        (["train", "--as-of", "2022-01-01"], "the log holds no order before 2022-01-01"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(trained: Path, arguments: list[str], sentence: str) -> None:
    done = run(*arguments, "--config", trained / "holdfast.yaml")
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_bundle_is_refused_with_exit_code_1(trained: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(trained, folder)
    model = next((folder / "artifacts" / "bundle" / bundle_of(folder)).rglob("*.txt"))
    model.write_bytes(model.read_bytes().replace(b"1", b"2", 1))
    done = run("score", "--config", folder / "holdfast.yaml")
    assert done.returncode == 1
    assert "was changed; restore it from a copy, roll back or train again" in done.stderr


def test_a_duckdb_reader_sees_the_scores(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.parquet"
    assert run("score", "--config", trained / "holdfast.yaml", "--out", out).returncode == 0
    query = f"select count(*), min(churn_probability), max(churn_probability) from '{out}'"
    (found,) = duckdb.sql(query).fetchall()
    assert found[0] > 400
    assert 0 <= found[1] <= found[2] <= 1
