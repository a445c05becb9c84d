"""Help and what is wrong with a call, in both languages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from configs.catalogue import pairs
from pipelines.cli import PANELS, app

ROOT = Path(__file__).parents[2]


def told(command: Any) -> Iterator[str]:
    yield " ".join(command.help.split())
    yield from (own for parameter in command.params if (own := getattr(parameter, "help", None)))
    for inner in getattr(command, "commands", {}).values():
        yield from told(inner)


def test_every_help_has_its_chinese_and_no_other_is_there() -> None:
    """The English stands in the code; the catalogue has the same, word for word, with the Chinese beside it."""
    known = {en for part in ("verbs", "options", "panels") for en, _ in pairs("help", part).values()}
    assert known == {*told(typer.main.get_command(app)), *PANELS, "Show this message and exit."}


def run(language: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines", *arguments]
    own = {"LANG": f"{language}.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": os.environ["PATH"]}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=folder, env=own)


@pytest.mark.parametrize(
    ("arguments", "en", "zh"),
    [
        (
            ["worklist", "--hour", "3"],
            "there is no option --hour; did you mean --hours",
            "没有选项 --hour；想写的是不是 --hours",
        ),
        (
            ["plan", "--xyzzy"],
            "there is no option --xyzzy; see `holdfast plan --help`.",
            "没有选项 --xyzzy；请看 `holdfast plan --help`。",
        ),
        (["nope"], "there is no command 'nope'; see `holdfast --help`.", "没有命令 'nope'；请看 `holdfast --help`。"),
        (
            ["explain"],
            "customer_id is missing; give it; see `holdfast explain --help`.",
            "缺少 customer_id；请补上；参见 `holdfast explain --help`。",
        ),
        (["worklist", "--hours", "99"], "--hours: input should be less than or equal to 24;", "--hours：应为不大于 24"),
        (["worklist", "--hours", "x"], "--hours: input should be a valid number,", "--hours：应为数字，"),
        (["view", "x"], "what: 'x' is not one of 'demand',", "what：'x' 不在可选范围内：'demand',"),
        (["worklist", "--hours"], "the option --hours has no value;", "选项 --hours 没有给值；"),
        (["ingest", "a"], "too many arguments: a; leave them out;", "参数多了：a；请去掉；"),
    ],
)
def test_what_is_wrong_with_a_call_is_one_sentence(tmp_path: Path, arguments: list[str], en: str, zh: str) -> None:
    for language, word, said in (("en_US", "Error", en), ("zh_CN", "错误", zh)):
        done = run(language, *arguments, folder=tmp_path)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
        assert done.stderr.startswith(f"{word} [usage] {said}")


def test_help_is_in_the_language_of_the_terminal(tmp_path: Path) -> None:
    for arguments in ([], ["plan", "--help"], ["models", "--help"]):
        english, chinese = (run(language, *arguments, folder=tmp_path).stdout for language in ("en_US", "zh_CN"))
        assert "Usage: holdfast" in english and "Show this message and exit." in english
        assert "用法： holdfast" in chinese and "显示本帮助并退出。" in chinese
        assert not any(word in chinese for word in ("Usage", "Example", "Show", "Options ", "default:"))
    assert run("zh_CN", "--version", folder=tmp_path).stdout.startswith("holdfast ")
    assert run("zh_CN", folder=tmp_path).returncode == 2
