"""YAML that people write: what silently means something else is refused, with the line and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from configs.errors import SettingsError
from configs.messages import error_sentence
from configs.resources import ROOM
from configs.settings import load_settings
from configs.yaml_files import MAX_NODES, read_yaml_file

START = "data:\n  transactions:\n    path: a.csv\n"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {p: 1, q: 2}\n" + "".join(
    f"{new}: &{new} {{x{new}: *{old}, <<: [{', '.join(['*' + old] * 9)}]}}\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
REFUSED: dict[str, tuple[str, str]] = {
    "key twice": ("a: 1\nb: 2\na: 3\n", "y.yaml, line 3: a is given twice, first in line 1; keep one of them."),
    "key twice inside": (START + "    path: b.csv\n", "line 4: path is given twice, first in line 3; keep one"),
    "key twice in one line": ("t: {a: 1, 'a': 2}\n", "line 1: a is given twice, first in line 1"),
    "key twice in a list": ("t:\n  - a: 1\n    a: 2\n", "line 3: a is given twice, first in line 2"),
    "key twice below an alias": ("s: &s {a: 1, a: 2}\nt: *s\n", "line 1: a is given twice"),
    "number twice": ("t:\n  1: a\n  1: b\n", "line 3: 1 is given twice, first in line 2"),
    "a billion laughs": (LAUGHS, f"stands for more than {MAX_NODES} values by its aliases"),
    "a billion laughs by merging": (MERGED, f"stands for more than {MAX_NODES} values by its aliases"),
    "alias of itself": ("a: &x [*x]\n", "line 1 holds itself by an alias"),
    "deep": ("a: " + "[" * 40 + "]" * 40 + "\n", "line 1 is nested deeper than 32 levels"),
    "deep mappings": ("".join(" " * i + "a:\n" for i in range(500)), "is nested deeper than 32 levels"),
    "tab": ("a:\n\tb: 1\n", "y.yaml, line 2 is indented with a tab; indent with blanks."),
    "blank and tab": ("a:\n  b: 1\n \tc: 1\n", "line 3 is indented with a tab"),
    "two documents": ("a: 1\n---\nb: 2\n", "line 2 begins a second document; keep one"),
    "alias of nothing": ("a: *x\n", "line 1 has an alias of what is not there; quote texts that begin with *."),
    "tag": ("a: !!python/object/apply:os.system ['true']\n", "line 1 has a tag that is not taken"),
    "anchor twice": ("a: &x 1\nb: &x 2\n", "sets an anchor a second time"),
    "control character": ("a: b\x01\n", "y.yaml holds a control character"),
    "list as key": ("[a, b]: 1\n", "line 1 has a list or a mapping as a key"),
    "no such day": ("a: 1\nb: 2024-02-30\n", "line 2: 2024-02-30 is no date or number of its kind; correct it, or"),
    "no such month": ("a: {b: [2024-13-01]}\n", "line 1: 2024-13-01 is no date"),
    "quotes": ("a: 'b\n", "is not valid YAML; check indentation and quotes there."),
    "empty": ("", "is empty or not a mapping; start from the example in the README."),
    "comment only": ("# nothing\n", "is empty or not a mapping"),
    "list": ("- a\n", "is empty or not a mapping"),
    "text": ("just words\n", "is empty or not a mapping"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_person_may_get_wrong_is_refused_in_one_sentence_of_both_languages(tmp_path: Path, name: str) -> None:
    text, message = REFUSED[name]
    path = tmp_path / "y.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_yaml_file(path, "settings_file")
    assert message in str(caught.value) and "\n" not in str(caught.value)
    chinese = error_sentence(caught.value, "zh").replace(str(path), "").replace("README", "")
    assert not any(word in chinese for word in (" is ", " line ", " the ", " of "))


def test_keys_are_texts_as_they_are_written_and_values_are_values(tmp_path: Path) -> None:
    path = tmp_path / "y.yaml"
    path.write_text("\ufeffvalues: {1: good, no: bad, 2024-05-31: day, 0123: code, ~: x}\nn: 1\nb: no\n", "utf-8")
    assert read_yaml_file(path, "settings_file") == {
        "values": {"1": "good", "no": "bad", "2024-05-31": "day", "0123": "code", "~": "x"}, "n": 1, "b": False
    }  # fmt: skip


def test_a_merge_may_be_overruled_and_an_anchor_used_again(tmp_path: Path) -> None:
    path = tmp_path / "y.yaml"
    path.write_text("base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: *base\n", encoding="utf-8")
    assert read_yaml_file(path, "settings_file") == {
        "base": {"a": 1, "b": 2}, "one": {"a": 1, "b": 3}, "two": {"a": 1, "b": 2}
    }  # fmt: skip


@pytest.mark.parametrize("file", sorted(ROOM.rglob("*.yaml")), ids=lambda file: file.name)
def test_what_comes_along_is_read_the_same_way(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert read_yaml_file(file, "settings_file") == yaml.safe_load(text)


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path, words in ((tmp_path / "pipe.yaml", "(is a pipe)"), (tmp_path, "(is a folder)")):
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        assert words in str(caught.value) and caught.value.code == "settings_unreadable"
        assert "是" in error_sentence(caught.value, "zh").partition("（")[2]
    (tmp_path / "real.yaml").write_text(START, encoding="utf-8")
    (tmp_path / "linked.yaml").symlink_to(tmp_path / "real.yaml")
    assert load_settings(tmp_path / "linked.yaml").data.transactions.path == Path("a.csv")
    (tmp_path / "gbk.yaml").write_bytes("# 中文设置\n".encode("gb18030"))
    with pytest.raises(SettingsError, match="write it as UTF-8 text"):
        load_settings(tmp_path / "gbk.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (START + "    colums: {}\n", "data.transactions.colums is not a known setting; did you mean 'columns'."),
        (START + "    Date-Format: x\n", "Date-Format is not a known setting (given: 'x'); did you mean "
         "'date_format'."),
        (START + "targts: {horizon_days: 9}\n", "targts is not a known setting; did you mean 'targets'."),
        (START + "targets: {horizondays: 9}\n", "did you mean 'horizon_days'."),
        (START + "horizon_days: 9\n", "horizon_days is not a known setting (given: 9); did you mean "
         "'targets.horizon_days'."),
        (START + "  time_zone: UTC\n", "data.time_zone is not a known setting (given: 'UTC'); did you mean "
         "'timezone'."),
        (START + "  closed: [{first: 2024-01-01, lst: 2024-01-02}]\n", "data.closed.0.lst is not a known setting"),
        (START + "  closed: [{first: 2024-01-01, lst: 2024-01-02}]\n", "did you mean 'last'."),
        (START + "retention: {tiers: {price: {low_blow: 1}}}\n", "did you mean 'low_below'."),
        (START + "training: {boosters: {leafs: 2}}\n", "training.boosters.leafs is not a known setting (given: 2); "
         "did you mean 'leaves'."),
        (START + "qqqqq: 1\n", "qqqqq is not a known setting (given: 1); remove it or correct its name."),
        (START + "root: /tmp\n", "root is not a known setting; remove it"),
        (START + "1: 2\n", "1 is not a known setting (given: 2)"),
        (START + "    constants: {kind: 0123}\n", "data.transactions.constants.kind input should be a valid string "
         "(given: 83); write it in quotes."),
        (START + "    null_values: [NO]\n", "data.transactions.null_values.0 input should be a valid string (given: "
         "False); write it in quotes."),
        (START + "targets: 90\n", "targets input should be a valid dictionary"),
        (START + "    header: maybe\n", "data.transactions.header input should be a valid boolean"),
    ],
)  # fmt: skip
def test_an_unknown_or_wrong_setting_is_told_with_what_was_meant(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "holdfast.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert message in str(caught.value) and "\n" not in str(caught.value)
