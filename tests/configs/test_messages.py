"""Every error that the source raises can be said in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.errors import DataError, SettingsError
from configs.messages import error_sentence, in_chinese
from configs.yaml_files import read_yaml_resource

ROOT = Path(__file__).parents[2]
ROOMS = ("configs", "features", "models", "retention", "evaluation", "reporting", "training", "serving", "pipelines")
"""Benchmarks are for those who work on the product; their errors stay English."""
HELPERS = {"_fail": (1, 2), "_place_error": (2, 3), "_changed": (2,), "_differs": (1,), "_wrong": (0, 1)}
"""Functions that make an error of texts they are given: positions of the texts, put where `BEFORE` says."""
BEFORE = {
    "_fail": "file.yaml, entry: ",
    "_place_error": "data.t.path /p ",
    "_changed": "bundle b: f ",
    "_differs": "/t.parquet ",
    "error": "f.csv ",
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FORWARDED = {
    ("schema_breaches.py", "remedy"), ("csv_text.py", "remedy"), ("plan.py", "hint"), ("sources.py", "remedy"),
    ("examination.py", "answer['message']"), ("examination.py", "answer['remedy']"), ("catalogue.py", "remedy"),
    ("expressions.py", "remedy"), ("shares.py", "remedy"),
    ("shares.py", "f'{facts.refused_at(table, item, word)}: {reason} (rows: {item.count:,})'"),
    ("errors.py", "_filled(message, place)"),
    ("errors.py", "_filled(remedy, place)"),
    ("folder.py", "error.reason"), ("yaml_files.py", "message"), ("yaml_files.py", "remedy"),
    ("errors.py", "ERRORS['invalid_request']['en'][1]"), ("snapshot.py", "message"), ("snapshot.py", "error.remedy"),
}  # fmt: skip
"""Texts that are given to the place that raises; they are checked where they are written, or are the service's."""


def error_classes() -> set[str]:
    found = {"HoldfastError"}
    for _ in range(3):
        for room in ROOMS:
            for file in (ROOT / room).rglob("*.py"):
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                    if isinstance(node, ast.ClassDef) and {getattr(base, "id", "") for base in node.bases} & found:
                        found.add(node.name)
    return found


def samples(node: ast.expr) -> list[str]:
    """What an expression of texts can say, with X1, X2 … for what is filled in."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, ast.IfExp):
        return samples(node.body) + samples(node.orelse)
    if isinstance(node, ast.BinOp):
        return [left + right for left in samples(node.left) for right in samples(node.right)]
    if isinstance(node, ast.JoinedStr):
        said, count = "", 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                said += str(part.value)
            else:
                count += 1
                said += f"X{count}"
        return [said]
    return []


def raised() -> Iterator[tuple[str, str, list[str]]]:
    """Place, the expression as written and its samples, of every message and remedy of the source."""
    classes = error_classes()
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
                before = ""
                if name in classes and len(node.args) >= 2:
                    texts = node.args[:2]
                elif name in HELPERS:
                    texts = [node.args[place] for place in HELPERS[name] if place < len(node.args)]
                    before = BEFORE.get(name, "")
                elif name == "error" and owner in ("self", "self._text") and file.name.startswith("csv_"):
                    texts, before = node.args[:2], BEFORE["error"]
                    if any(keyword.arg == "line" for keyword in node.keywords):
                        before = "f.csv, line 7, "
                else:
                    continue
                for number, text in enumerate(texts):
                    if (file.name, ast.unparse(text)) not in FORWARDED:
                        start = before if number == 0 else ""
                        yield f"{file.name}:{node.lineno}", ast.unparse(text), [start + one for one in samples(text)]


def test_every_message_and_remedy_of_the_source_has_a_chinese_text() -> None:
    places = list(raised())
    assert len(places) > 300
    lacking = []
    for place, written, found in places:
        assert found, f"{place}: {written} cannot be read from the source; give the text where it is raised"
        for english in found:
            if not re.search(r"[a-z]{2}", english.replace("data.X1.path", "")):
                continue  # only puts together what is checked where it is written
            said = in_chinese(english)
            rest = re.sub(r"X\d+|\{[^}]*\}", "", said)
            if not CHINESE.search(rest):
                lacking.append(f"{place}: {english}")
            assert sorted(re.findall(r"X\d", said)) == sorted(re.findall(r"X\d", english)), (english, said)
    assert not lacking, "no entry in configs/texts/messages.zh.yaml:\n" + "\n".join(lacking)


def test_every_step_of_the_work_has_a_chinese_text() -> None:
    told = [
        (file.name, one)
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "step" and node.args
        for one in samples(node.args[0])
    ]
    assert len(told) > 25
    assert [step for step in told if not CHINESE.search(in_chinese(step[1]))] == []


def test_every_word_beside_a_result_has_a_chinese_text() -> None:
    told = [
        (file.name, one)
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("note", "tell") and node.args
        for one in samples(node.args[0])
    ]
    assert len(told) > 8
    assert [words for words in told if not CHINESE.search(in_chinese(words[1]))] == []


def test_entries_have_the_same_placeholders_and_are_chinese() -> None:
    entries = read_yaml_resource("texts/messages.zh.yaml")
    for english, chinese in entries.items():
        names = [re.findall(r"\{([a-z]+)\}", text) for text in (english, chinese)]
        assert set(names[0]) >= set(names[1]), english
        assert len(set(names[0])) == len(names[0]), english
        assert not CHINESE.search(english)
        words = re.sub(r"\{[a-z]+\}|[\w]+\.json|\W", "", english)
        assert CHINESE.search(chinese) or not words, english
        # a sentence: no full stop of its own, as the remedy or the next sentence follows
        assert not english.endswith(".") and not chinese.endswith("。"), english


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("/a.yaml: nonsense is not a known setting", "/a.yaml：nonsense 不是已知的设置项"),
        (
            "a.yaml: targets.horizon_days input should be greater than or equal to 1 (given: 0)",
            "a.yaml：targets.horizon_days 应为不小于 1（给出的是 0）",
        ),
        (
            "segments.yaml, segment x, when: 'stgae' is not a known column",
            "segments.yaml, segment x, when：没有名为“stgae”的列",
        ),
        ("data.t.path /a: b.csv cannot be read (Permission denied)", "无法读取 data.t.path /a: b.csv（没有权限）"),
        ("no words of ours", "no words of ours"),
    ],
)  # fmt: skip
def test_what_is_filled_in_stays_and_the_most_fitting_entry_wins(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


def test_what_is_filled_in_is_not_interpreted() -> None:
    odd = "{path}\\1 \n{what}"
    assert odd in in_chinese(f"the settings file {odd} does not exist")


def test_a_sentence_in_both_languages() -> None:
    error = DataError("orders.csv is empty", "give a file with a header line and rows")
    assert error_sentence(error, "en") == str(error)
    assert error_sentence(error, "zh") == "orders.csv 为空；请给出含有标题行和数据行的文件。"
    assert error_sentence(SettingsError("x", "y"), "zh", {"x": "一", "y": "二"}) == "一；二。"
