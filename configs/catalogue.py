"""The one catalogue of what people read: message id and named fields, English and Chinese side by side.

The texts stand in `configs/texts/*.yaml`; an id is the file's name and the path inside it, joined by dots:
``reports.next.aim`` is the entry ``next.aim`` of `reports.yaml`. An entry is a mapping of languages; whoever adds one
adds both. `tests/configs/test_catalogue.py` holds every entry against its own kind: both languages, the same
placeholders, and used somewhere.

Errors stand in `errors_*.yaml`, one file per room, and their ids are unique over all of these, so an error names its
id without the file; see `configs.errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from string import Formatter
from typing import Any, Literal

from configs.resources import ROOM, read_yaml_resource

Lang = Literal["en", "zh"]
LANGUAGES: tuple[Lang, ...] = ("en", "zh")
_FORM = re.compile(r",?(\.(?P<digits>\d))?(?P<kind>[f%]?)")
"""How a placeholder asks for a number: decimals, and whether in per cent."""


class Phrase(str):
    """Words that go into another sentence, or stand alone: the English as a text, the Chinese beside it.

    Examples
    --------
    >>> kind = phrase("phrases.strategies_file")
    >>> kind, kind.of("zh")
    ('catalogue of strategies', '策略目录')
    >>> phrase("phrases.at_line", file="a.yaml", line=3).of("zh")
    'a.yaml 第 3 行'
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Phrase:
        """The same words in both languages."""
        made = super().__new__(cls, en)
        made.zh = zh
        return made

    def __reduce__(self) -> tuple[type[Phrase], tuple[str, str]]:
        return Phrase, (str(self), self.zh)

    def of(self, lang: str) -> str:
        """The words in one language."""
        return self.zh if lang == "zh" else str(self)


def language_of(name: str) -> Lang:
    """A language we have; English for any other."""
    return "zh" if name == "zh" else "en"


def text(identity: str, lang: str, /, **fields: object) -> str:
    """The words of a message in a language, its placeholders filled.

    Parameters
    ----------
    identity : str
        File and entry, like ``reports.next.aim``.
    lang : {"en", "zh"}
        Language.
    **fields
        What fills the placeholders; numbers, dates and money come as text of the same language.

    Raises
    ------
    KeyError
        There is no such message, or a placeholder is not filled.

    Examples
    --------
    >>> text("reports.next.aim", "en", share="10%")
    'aim: 10%'
    """
    file, _, entry = identity.partition(".")
    words = _messages(file)[entry][language_of(lang)]
    return words.format(**fields) if fields else words


def phrase(identity: str, /, **fields: object) -> Phrase:
    """The words of a message in both languages; a field that is a `Phrase` itself goes in in the same language."""
    file, _, entry = identity.partition(".")
    words = _messages(file)[entry]
    return Phrase(filled(words["en"], "en", fields), filled(words["zh"], "zh", fields))


def filled(form: str, lang: str, fields: Mapping[str, object]) -> str:
    """A text with its placeholders filled; what is filled in is not interpreted.

    A placeholder with a form (``{count:,}``, ``{cost:,.2f}``, ``{share:.1%}``) takes a number, which is written as the
    language writes it.

    Examples
    --------
    >>> filled("{count:,} rows, {share:.1%}", "en", {"count": 1234, "share": 0.051})
    '1,234 rows, 5.1%'
    """
    return _Filling(lang).vformat(form, (), fields)


class _Filling(Formatter):
    """What `str.format` does, in a language."""

    def __init__(self, lang: str) -> None:
        self._lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, Phrase):
            return value.of(self._lang)
        if format_spec and isinstance(value, int | float) and (form := _FORM.fullmatch(format_spec)):
            from configs import formats

            digits = int(form["digits"] or 0)
            return (formats.percent if form["kind"] == "%" else formats.number)(value, self._lang, digits)
        return str(super().format_field(value, format_spec))


def pairs(file: str, part: str = "") -> dict[str, tuple[str, str]]:
    """Every message of a file, or of the part of it under one name: entry → (English, Chinese).

    Examples
    --------
    >>> pairs("terminal", "grades")["C"]
    ('not to be relied on yet', '暂不宜依赖')
    """
    before = f"{part}." if part else ""
    return {
        entry.removeprefix(before): (words["en"], words["zh"])
        for entry, words in _messages(file).items()
        if entry.startswith(before)
    }


@cache
def section(file: str, lang: Lang) -> dict[str, Any]:
    """A file as it is nested, in one language: for callers that choose an entry by a code."""
    nested: dict[str, Any] = _chosen(read_yaml_resource(f"texts/{file}.yaml"), lang)
    return nested


@cache
def error_texts() -> dict[str, dict[Lang, tuple[str, str]]]:
    """Every error: id → language → message and remedy, unfilled.

    Examples
    --------
    >>> error_texts()["file_empty"]["en"]
    ('{file} is empty', 'give a file with a header line and rows')
    """
    texts: dict[str, dict[Lang, tuple[str, str]]] = {}
    for path in sorted((ROOM / "texts").glob("errors_*.yaml")):
        for identity, said in read_yaml_resource(f"texts/{path.name}").items():
            texts[identity] = {lang: (said["message"][lang], said["remedy"][lang]) for lang in LANGUAGES}
    return texts


@cache
def _messages(file: str) -> dict[str, dict[Lang, str]]:
    return dict(_leaves(read_yaml_resource(f"texts/{file}.yaml"), ""))


def _is_leaf(node: Any) -> bool:
    return isinstance(node, dict) and node.keys() == set(LANGUAGES)


def _leaves(node: dict[str, Any], before: str) -> Iterator[tuple[str, dict[Lang, str]]]:
    for name, inner in node.items():
        if _is_leaf(inner):
            yield f"{before}{name}", inner
        else:
            yield from _leaves(inner, f"{before}{name}.")


def _chosen(node: Any, lang: Lang) -> Any:
    if _is_leaf(node):
        return node[lang]
    return {name: _chosen(inner, lang) for name, inner in node.items()} if isinstance(node, dict) else node
