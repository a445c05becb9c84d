"""Every text that people read: both languages, the same placeholders, and used somewhere."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.catalogue import LANGUAGES, pairs, section, text

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "configs" / "texts"
ROOMS = ("configs", "features", "models", "retention", "evaluation", "reporting", "training", "serving", "pipelines")
FILES = sorted(path.stem for path in TEXTS.glob("*.yaml"))
CHINESE = re.compile("[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
ALIKE = re.compile(r"[\W\d_a-z{}]*|[A-Za-z0-9 .{}/%^²+&()-]+")
"""What may stand in a Chinese text without a Chinese letter: signs, placeholders, names of measures."""


def entries(node: Any, before: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in node.items():
        if isinstance(inner, dict) and not inner.keys() & set(LANGUAGES):
            yield from entries(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}", inner


def placeholders(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("file", FILES)
def test_both_languages_and_the_same_placeholders(file: str) -> None:
    lacking = []
    for entry, words in entries(yaml.safe_load((TEXTS / f"{file}.yaml").read_text(encoding="utf-8"))):
        if not isinstance(words, dict) or words.keys() != set(LANGUAGES):
            lacking.append(f"{entry}: {words}")
        elif isinstance(words["en"], list):
            assert len(words["en"]) == len(words["zh"]), entry
        else:
            assert words["en"].strip() and words["zh"].strip(), entry
            # a sum of money without its currency is the number alone in either language
            assert placeholders(words["en"]) == placeholders(words["zh"]), entry
            assert not CHINESE.search(words["en"]), entry
            assert CHINESE.search(words["zh"]) or ALIKE.fullmatch(words["zh"]), entry
    assert lacking == []


def is_asked_for(entry: str, words: set[str]) -> bool:
    """Whether the source holds an entry's last part, whole or as words that an id is put together from."""
    last = entry.rpartition(".")[2]
    return set(WORD.findall(last)) <= words or set(re.findall("[A-Za-z]+", last)) <= words


def test_every_text_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.suffix in {".py", ".html", ".j2"}
    )
    source = re.sub(r"^\s*#.*$", "", source, flags=re.M)
    words = set(WORD.findall(source)) | set(re.findall("[A-Za-z]+", source))
    unused = [
        f"{file}.{entry}"
        for file in FILES
        for entry, _ in entries(yaml.safe_load((TEXTS / f"{file}.yaml").read_text(encoding="utf-8")))
        # errors and what pydantic says are held by test_messages.py, more strictly
        if not (file.startswith("errors_") or entry.startswith("breaches.") or is_asked_for(entry, words))
    ]
    assert unused == []


def test_a_text_is_filled_and_an_unknown_one_is_an_error() -> None:
    assert text("contact_plan.renewal", "zh", day="5月3日") == "合同5月3日到期续约：提前沟通"
    assert section("terminal", "en")["labels"]["grade"] == "Grade" == pairs("terminal")["labels.grade"][0]
    with pytest.raises(KeyError):
        text("terminal.labels.nothing", "en")
    with pytest.raises(KeyError):
        text("contact_plan.renewal", "en", wrong="x")
