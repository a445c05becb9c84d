"""Errors on the command line speak the language that was chosen, also where the settings cannot be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.options import chosen_language


@pytest.mark.parametrize(
    ("settings", "arguments", "environment", "language"),
    [
        ("language: zh", [], {"LANG": "en_US.UTF-8"}, "zh"),
        ("language: 'en'\n", [], {"LANG": "zh_CN.UTF-8"}, "en"),
        ("data: {}\nlanguage: zh # here\n  broken", [], {}, "zh"),
        ("profile: {language: zh}", [], {}, "en"),
        ("language: zh", ["--lang", "en"], {}, "en"),
        ("language: en", ["--lang=zh"], {}, "zh"),
        ("language: en", ["--lang"], {}, "en"),
        ("", [], {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("", [], {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ("", [], {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ("", [], {}, "en"),
    ],
)
def test_language_of_errors(
    tmp_path: Path, settings: str, arguments: list[str], environment: dict[str, str], language: str
) -> None:
    file = tmp_path / "some.yaml"
    file.write_text(settings, encoding="utf-8")
    for option in (["--config", str(file)], [f"--config={file}"], ["-c", str(file)]):
        assert chosen_language(["explain", "7", *arguments, *option], environment) == language


def test_a_settings_file_that_is_missing_or_no_text_leaves_the_terminals(tmp_path: Path) -> None:
    assert chosen_language(["--config", str(tmp_path / "none.yaml")], {"LANG": "zh_TW"}) == "zh"
    assert chosen_language(["--config", str(tmp_path)], {"LANG": "zh_TW"}) == "zh"
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00language: zh")
    assert chosen_language(["--config", str(tmp_path / "bytes.yaml")], {}) == "en"


def run(folder: Path, *arguments: str, lang: str = "en_US.UTF-8") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=folder,
        env={"LANG": lang, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"},
    )  # fmt: skip


def test_one_sentence_in_chinese_with_its_code_and_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, "train", lang="zh_CN.UTF-8")
    assert (done.returncode, done.stderr) == (
        2,
        "错误 [settings_missing] 设置文件 holdfast.yaml 不存在；请用 --config 指定另一个文件。\n",
    )
    (tmp_path / "holdfast.yaml").write_text(
        "language: zh\ndata: {transactions: {path: orders.csv}}\ntargets: {horizon_days: 0}\n"
    )
    done = run(tmp_path, "ingest")
    assert done.returncode == 2 and "targets.horizon_days 应为不小于 1（给出的是 0）；请更正。" in done.stderr
    (tmp_path / "holdfast.yaml").write_text("language: zh\ndata: {transactions: {path: orders.csv}}\n")
    (tmp_path / "orders.csv").write_text("kunde;beleg;datum\n1;1;2024-01-01\n")
    done = run(tmp_path, "ingest")
    assert done.returncode == 2 and "检查输入\n从 orders.csv 读取 transactions\n错误 [wrong_delimiter]" in done.stderr
    assert "请把 data.transactions.delimiter 设为 ';'。" in done.stderr
    (tmp_path / "orders.csv").write_text("customer_id,order_id,occurred_at\n1,1,soon\n2,2,later\n")
    done = run(tmp_path, "ingest")
    assert done.returncode == 2, done.stderr
    assert "错误 [too_many_refused] transactions 的 2 行中有 2 行被拒收" in done.stderr
    assert "字段 occurred_at，值 'soon'：无法明确识别的时间" in done.stderr


def test_a_folder_that_may_not_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    """A file stands where the work folder should be, which no permission of the tester can pass over."""
    (tmp_path / "work").write_text("")
    (tmp_path / "holdfast.yaml").write_text("data: {transactions: {path: orders.csv}}\n")
    (tmp_path / "orders.csv").write_text("customer_id,order_id,occurred_at\n1,1,2024-01-01\n")
    done = run(tmp_path, "ingest")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"Error [file_failed] {tmp_path / 'work'} cannot be used (" in done.stderr
    done = run(tmp_path, "ingest", lang="zh_CN.UTF-8")
    assert f"错误 [file_failed] 无法使用 {tmp_path / 'work'}（" in done.stderr
