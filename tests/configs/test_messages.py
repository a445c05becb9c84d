"""Every error, step and note of the source has its text in both languages, and every text of an error is raised."""

from __future__ import annotations

import ast
import errno
import os
import pickle
import re
import string
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, Field, ValidationError

from configs import errors
from configs.catalogue import LANGUAGES, Phrase, error_texts, pairs, phrase
from configs.errors import DataError, HoldfastError, SettingsError
from configs.messages import SYSTEM, at_line, error_sentence, system_reason
from configs.schema_breaches import problem

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "configs" / "texts"
ROOMS = (
    "configs", "features", "models", "retention", "evaluation", "reporting", "training", "serving", "pipelines",
    "holdfast", "benchmarks",
)  # fmt: skip
MAKERS: dict[str, tuple[int, set[str]]] = {
    "_place_error": (2, {"table", "file"}),
    "_fail": (1, {"field"}),
    "_changed": (2, {"bundle", "name", "file"}),
    "_differs": (1, {"file"}),
    "_wrong": (0, {"file", "line", "where"}),
    "error": (0, {"file"}),
    "request_error": (0, {"problem"}),
}
"""Functions that make an error of the id they are given: where it stands, and the fields that they add."""
GIVEN = {
    ("csv_text.py", "identity"), ("sources.py", "identity"), ("expressions.py", "identity"), ("folder.py", "identity"),
    ("manifest.py", "identity"), ("yaml_files.py", "identity"), ("errors.py", "code"), ("tracking.py", "error.id"),
    ("snapshot.py", "error.id"), ("examination.py", "answer['id']"), ("guard.py", "code"), ("guard.py", "health.error"),
    ("core.py", "fault"), ("service.py", "error.id"),
}  # fmt: skip
"""Ids that are given to the place that raises; they are checked where they are written."""


TELLERS = {"pipelines": ("note", "_say"), "training": ("tell",)}
"""Functions that say something beside a result."""


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    return [
        (file, ast.parse(file.read_text(encoding="utf-8")))
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
    ]


@cache
def error_classes() -> set[str]:
    classes = [node for _, tree in trees() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"HoldfastError"}
    for _ in range(3):
        found |= {node.name for node in classes if {getattr(base, "id", "") for base in node.bases} & found}
    return found


def name_of(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def given(node: ast.Call, around: ast.AST) -> set[str] | None:
    """Names of the fields that a call gives; None where they are somebody else's."""
    names: set[str] = set()
    for keyword in node.keywords:
        if keyword.arg is not None:
            names.add(keyword.arg)
            continue
        made = [
            one.value
            for one in ast.walk(around)
            if isinstance(one, ast.Assign)
            and ast.unparse(one.targets[0]) == ast.unparse(keyword.value)
            and isinstance(one.value, ast.Dict)
            and one.lineno < node.lineno
        ]
        if not made:
            return None
        names |= {key.value for key in made[-1].keys if isinstance(key, ast.Constant)}
    return names


@cache
def raised() -> list[tuple[str, str, str | None, set[str] | None]]:
    """Place, the id as written, the id if it is one, and the names of the fields, of every error of the source."""
    found: list[tuple[str, str, str | None, set[str] | None]] = []
    for file, tree in trees():
        around: dict[int, ast.AST] = {}
        for outer in ast.walk(tree):  # from the outside to the inside: the innermost function is the last to say so
            if isinstance(outer, ast.FunctionDef):
                around |= {id(inner): outer for inner in ast.walk(outer) if isinstance(inner, ast.Call)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name, at, more = name_of(node), 0, set()
            owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            if name in MAKERS and (name != "error" or file.name.startswith("csv_")):
                at, more = MAKERS[name]
            elif name not in error_classes() or owner not in ("", "errors"):
                continue
            place = f"{file.name}:{node.lineno}"
            assert len(node.args) > at, f"{place}: {ast.unparse(node)} names no id"
            written = node.args[at]
            known = written.value if isinstance(written, ast.Constant) else None
            fields = given(node, around.get(id(node), tree))
            found.append((place, ast.unparse(written), known, None if fields is None else fields | more))
    return found


def placeholders(form: str) -> Counter[tuple[str, str, str | None]]:
    return Counter(
        (name, spec or "", conv) for _, name, spec, conv in string.Formatter().parse(form) if name is not None
    )


def test_every_error_of_the_source_has_a_text_and_gives_what_it_names() -> None:
    found = list(raised())
    assert len(found) > 300
    texts = error_texts()
    for place, written, identity, fields in found:
        if identity is None:
            assert (place.partition(":")[0], written) in GIVEN, (
                f"{place}: write the id where it is raised, not {written}"
            )
            continue
        assert identity in texts, f"{place}: there is no error {identity}"
        if fields is not None:
            needed = {name for part in texts[identity]["en"] for name, _, _ in placeholders(part)}
            assert needed <= fields, f"{place}: {identity} needs {sorted(needed - fields)}"


def test_every_text_of_an_error_is_raised() -> None:
    """By its id where it is made, or, as an answer of the service, by a code that a state or a status chooses."""
    chosen = {
        node.value
        for file, tree in trees()
        if file.parent.name == "serving"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
    }
    named = {identity for _, _, identity, _ in raised()}
    assert sorted(set(error_texts()) - named - chosen) == []


def test_ids_are_unique_and_telling_and_both_languages_name_the_same() -> None:
    seen: Counter[str] = Counter()
    for file in sorted(TEXTS.glob("errors_*.yaml")):
        for identity, said in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            seen[identity] += 1
            assert re.fullmatch(r"[a-z][a-z0-9_]{5,}", identity), identity
            assert said.keys() == {"message", "remedy"}, identity
            for part, words in said.items():
                assert words.keys() == set(LANGUAGES), identity
                assert set(placeholders(words["en"])) == set(placeholders(words["zh"])), f"{identity}, {part}"
                assert all(name.isidentifier() for name, _, _ in placeholders(words["en"])), identity
                # a sentence: no full stop of its own, as the remedy or the next sentence follows
                assert not words["en"].endswith(".") and not words["zh"].endswith("。"), identity
    assert [identity for identity, count in seen.items() if count > 1] == []
    assert set(seen) == set(error_texts())


def test_every_phrase_of_the_source_has_a_text_and_gives_what_it_names() -> None:
    count = 0
    for file, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or name_of(node) != "phrase" or not node.args:
                continue
            count += 1
            written = node.args[0]
            choices = [written.body, written.orelse] if isinstance(written, ast.IfExp) else [written]
            for choice in choices:
                if not isinstance(choice, ast.Constant):
                    continue  # put together of a word that a table or a caller gives
                known, _, entry = str(choice.value).partition(".")
                place = f"{file.name}:{node.lineno}"
                assert entry in pairs(known), f"{place}: there is no phrase {choice.value}"
                needed = {name for name, _, _ in placeholders(pairs(known)[entry][0])}
                assert needed <= {keyword.arg for keyword in node.keywords}, f"{place}: {choice.value} needs {needed}"
    assert count > 80


def test_what_is_told_has_both_languages() -> None:
    told = []
    for file, tree in trees():
        room = file.relative_to(ROOT).parts[0]
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args or room == "benchmarks":
                continue  # benchmarks are for those who work on the product
            steps = isinstance(node.func, ast.Attribute) and node.func.attr == "step"
            notes = isinstance(node.func, ast.Name) and node.func.id in TELLERS.get(room, ())
            if steps or notes:
                told.append((file.name, ast.unparse(node.args[0])))
    assert len(told) > 40
    given_on = [("tracking.py", "damage")]
    assert [one for one in told if not one[1].startswith("phrase(") and one not in given_on] == []


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (
            errors.SettingsError("settings_file_missing", file="a.yaml"),
            "the settings file a.yaml does not exist; name another one with --config.",
            "设置文件 a.yaml 不存在；请用 --config 指定另一个文件。",
        ),
        (
            errors.DataError("file_empty", file="orders.csv"),
            "orders.csv is empty; give a file with a header line and rows.",
            "orders.csv 为空；请给出含有标题行和数据行的文件。",
        ),
        (
            errors.DataError("source_unreadable", table="a", file="b", reason=system_reason(PermissionError(13, "x"))),
            "data.a.path b cannot be read (x); check its permissions.",
            "无法读取 data.a.path b（没有权限）；请检查权限。",
        ),
        (
            errors.DataError(
                "order_numbers_restart", count=1200, orders=3000, value="7", customer="C1", first="2024-01-01",
                again="2024-03-01",
            ),
            "1,200 of 3,000 order numbers occur for one customer on days that lie a week or more apart (number '7' of "
            "customer 'C1': 2024-01-01 and again 2024-03-01); taken as they are, each would be one order; set "
            "data.order_numbers to restart if the numbers start again, or to unique if the lines of an order lie that "
            "far apart.",
            "3,000 个订单号中有 1,200 个在同一客户处出现于相隔一周及以上的日子"
            "（客户 'C1' 的订单号 '7'：2024-01-01，又见于 2024-03-01）；照此读取，每个都会算作一个订单；"
            "如果订单号会重新开始，请将 data.order_numbers 设为 restart；"
            "如果同一订单的明细确实相隔这么久，请设为 unique。",
        ),
        (
            errors.DataError(
                "column_unmapped_but_near", file="a.csv", field="amount", names="Amt", table="transactions", near="Amt"
            ),
            "a.csv has no column for amount; it has Amt; map one under data.transactions.columns, perhaps "
            "{amount: Amt}.",
            "a.csv 没有对应 amount 的列；现有的列为 Amt；"
            "请在 data.transactions.columns 下映射一列，也许是 {amount: Amt}。",
        ),
        (
            errors.DataError("database_address_wrong", table="transactions"),
            "data.transactions.url is not a database address; give postgresql://user:${PASSWORD}@host/database.",
            "data.transactions.url 不是数据库地址；请给出 postgresql://user:${PASSWORD}@host/database。",
        ),
        (
            errors.SettingsError("condition_without_list", field="s.yaml, when", name="any"),
            "s.yaml, when: 'any' needs a list of conditions; write 'any: [{...}, {...}]'.",
            "s.yaml, when：“any”需要一个条件列表；请写成 any: [{...}, {...}]。",
        ),
        (
            errors.BundleError("bundle_part_unfit", bundle="a", name="m", reason=phrase("phrases.unfit.pipe")),
            "bundle a: m is a pipe; restore it from a copy, roll back or train again.",
            "模型包 a：m 是管道；请从副本恢复、回退或重新训练。",
        ),
        (
            errors.UnknownCustomerError("customer_unknown", customer_id="007", date="2024-05-31"),
            "the data holds no customer '007' before 2024-05-31; check the id (leading zeros count) or give a later "
            "--as-of.",
            "2024-05-31 之前的数据中没有客户 '007'；请检查编号（前导零有区别），或给出更晚的 --as-of。",
        ),
        (
            errors.DataError(
                "too_many_rows_without_customer", nobody=1, total=3, table="transactions", share=1 / 3, allowed=0.1
            ),
            "1 of 3 rows of transactions have no customer id (33.3%, allowed 10.0%); check "
            "data.transactions.columns.customer_id; list it under fill_down if ids stand on an order's first line "
            "only; raise data.max_null_customer_share if these rows belong to nobody.",
            "transactions 的 3 行中有 1 行没有客户编号（33.3%，上限 10.0%）；"
            "请检查 data.transactions.columns.customer_id；如果编号只写在每个订单的首行，请列入 fill_down；"
            "如果这些行确实不属于任何客户，再提高 data.max_null_customer_share。",
        ),
    ],
    ids=lambda one: one.id if isinstance(one, HoldfastError) else "",
)  # fmt: skip
def test_sentences(error: HoldfastError, english: str, chinese: str) -> None:
    assert error_sentence(error, "en") == str(error) == english
    assert error_sentence(error, "zh") == chinese


def test_what_is_filled_in_is_not_interpreted() -> None:
    odd = "{path}\\1 \n{what}{__class__}"
    for lang in LANGUAGES:
        assert odd in error_sentence(SettingsError("settings_file_missing", file=odd), lang)


def test_a_raise_never_fails_and_still_says_what_it_knows() -> None:
    for error in (
        DataError("no_such_text", file="a.csv"),
        DataError("rates_lack_column", file="a.csv"),
        DataError("order_numbers_shared", count="many", file="a.csv"),
    ):
        for lang in LANGUAGES:
            assert error.id in error_sentence(error, lang) and "a.csv" in error_sentence(error, lang)
        assert error.as_dict()["place"]["file"] == "a.csv"


def test_an_error_crosses_processes_with_its_fields() -> None:
    error = SettingsError("yaml_malformed", code="settings_not_yaml", where=at_line("a.yaml", 3))
    found = pickle.loads(pickle.dumps(error))
    assert (found.code, error_sentence(found, "zh")) == (error.code, error_sentence(error, "zh"))
    assert "a.yaml 第 3 行" in error_sentence(found, "zh")


def test_a_raise_reads_no_text() -> None:
    code = (
        "import sys; from configs.errors import DataError, together; "
        "together([DataError('file_empty', file='a.csv'), DataError('nothing')]).place; "
        "sys.exit('yaml' in sys.modules or 'configs.catalogue' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_systems_reasons_are_its_own_words() -> None:
    for number, entry in SYSTEM.items():
        assert pairs("phrases", "system")[entry][0] == os.strerror(number), errno.errorcode[number]
        assert re.search("[\u4e00-\u9fff]", system_reason(OSError(number, os.strerror(number))).of("zh"))
    assert system_reason(OSError("odd")).of("zh") == "odd"


class _One(BaseModel):
    n: int = 0


class _Any(BaseModel):
    """A field of each kind that the settings have."""

    integer: int = Field(0, gt=0, le=9)
    strict: Annotated[int, Field(ge=1, lt=8)] = 1
    number: float = Field(0.5, allow_inf_nan=False)
    switch: bool = False
    words: str = ""
    many: list[int] = []
    pair: tuple[int, int] = (0, 0)
    mapping: dict[str, int] = {}
    inner: _One = _One()
    choice: Literal["a", "b"] = "a"
    path: Path = Path()


@pytest.mark.parametrize(
    ("field", "value", "kind", "chinese"),
    [
        ("integer", None, "int_type", "应为整数"),
        ("integer", "x", "int_parsing", "应为整数，无法把文本读成整数"),
        ("integer", 1.5, "int_from_float", "应为整数，给出的数带有小数"),
        ("integer", 0, "greater_than", "应为大于 0"),
        ("integer", 10, "less_than_equal", "应为不大于 9"),
        ("strict", 0, "greater_than_equal", "应为不小于 1"),
        ("strict", 8, "less_than", "应为小于 8"),
        ("number", [], "float_type", "应为数字"),
        ("number", "x", "float_parsing", "应为数字，无法把文本读成数字"),
        ("number", float("nan"), "finite_number", "应为有限的数字"),
        ("switch", [], "bool_type", "应为布尔值（true 或 false）"),
        ("switch", "x", "bool_parsing", "应为布尔值（true 或 false），无法识别"),
        ("words", 1, "string_type", "应为文本"),
        ("many", 1, "list_type", "应为列表"),
        ("pair", 1, "tuple_type", "应为列表"),
        ("mapping", 1, "dict_type", "应为映射"),
        ("inner", 1, "model_type", "应为映射"),
        ("choice", "c", "literal_error", "应为'a' or 'b'"),
        ("path", 1, "path_type", "应为路径"),
    ],
)
def test_breaches_of_a_schema_are_pydantics_own_words(field: str, value: Any, kind: str, chinese: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _Any.model_validate({field: value})
    breach = caught.value.errors()[0]
    assert breach["type"] == kind
    said = problem(breach)
    assert said.of("zh") == chinese and str(said).lower() == breach["msg"].lower()
    ours = pairs("phrases", "breaches")[kind][0].format(**breach.get("ctx", {}))
    assert ours == said or kind in ("model_type", "path_type"), (
        "these name a class of ours, which tells nobody anything"
    )


def test_every_breach_that_is_known_is_tried() -> None:
    tried = {mark[2] for mark in test_breaches_of_a_schema_are_pydantics_own_words.pytestmark[0].args[1]}
    assert set(pairs("phrases", "breaches")) == tried | {"missing"}


def test_a_breach_that_is_not_known_stays_as_it_is() -> None:
    assert problem({"type": "odd", "msg": "Value error, Something odd"}).of("zh") == "something odd"
    own = phrase("phrases.one_of_path_and_url")
    assert problem({"type": "value_error", "msg": "Value error, x", "ctx": {"error": ValueError(own)}}) is own
    assert isinstance(own, Phrase)
