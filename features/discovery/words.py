"""Names of columns as words, and how well a name fits one of our columns (`configs/layouts.yaml`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from configs.resources import read_yaml_resource

INSIDE = 0.75
"""How much of its weight a word keeps that is only a part of the name."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Layout:
    """An export that is known by some of its names: what its columns are."""

    name: str
    needs: frozenset[str]
    table: str
    columns: dict[str, list[str]]
    currency: str | None
    timezone: str | None


@cache
def plain(name: str) -> str:
    """A name as lower-case words: without case, accents, signs, and what stands in brackets.

    Examples
    --------
    >>> plain("InvoiceDate"), plain("N° commande"), plain("金额（元）"), plain("Amount (EUR)")
    ('invoice date', 'n commande', '金额', 'amount')
    """
    text = unicodedata.normalize("NFKC", name)
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    stripped = re.sub(r"[(\[].*?[)\]]", " ", text)
    if re.search(r"\w", stripped):
        text = stripped
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+|_", " ", unicodedata.normalize("NFKC", text).casefold()).split())


def fit(name: str, role: str) -> float:
    """How sure a name alone makes it that a column is `role`, from 0 to 1."""
    said = plain(name)
    if not said:
        return 0.0
    words = _words()[role]
    if said in words:
        return words[said]
    unspaced = said.replace(" ", "")
    if not _CJK.search(said) and unspaced in _unspaced(role):
        return _unspaced(role)[unspaced]
    if any(_part_of(word, said) for word in _excluded().get(role, ())):
        return 0.0
    best = 0.0
    for word, weight in words.items():
        if len(word) > 1 and _part_of(word, said):
            best = max(best, weight * INSIDE * (0.6 + 0.4 * len(word) / len(said)))
    return best


def layout_of(names: Sequence[str]) -> Layout | None:
    """The known export that these names belong to, the one with the most names."""
    here = {plain(name) for name in names} | {name.strip().casefold() for name in names}
    fitting = [layout for layout in layouts() if layout.needs <= here]
    return max(fitting, key=lambda layout: len(layout.needs), default=None)


@cache
def layouts() -> tuple[Layout, ...]:
    """Every known export."""
    return tuple(
        Layout(
            item["name"],
            frozenset(_needed(name) for name in item["needs"]),
            item["table"],
            item["columns"],
            item.get("currency"),
            item.get("timezone"),
        )
        for item in known()["layouts"]
    )


def says(name: str, words: Sequence[str]) -> bool:
    """Whether one of the words stands in a name (of a file or a column)."""
    said = plain(name)
    return any(_part_of(plain(word), said) for word in words)


@cache
def known() -> dict[str, Any]:
    """The whole of `configs/layouts.yaml`."""
    found: dict[str, Any] = read_yaml_resource("layouts.yaml")
    return found


def _needed(name: str) -> str:
    # what stands in brackets tells two names apart here: "Email (Billing)"
    return name.strip().casefold() if "(" in name else plain(name)


def _part_of(word: str, said: str) -> bool:
    if _CJK.search(word):
        return word in said
    return f" {word} " in f" {said} "


@cache
def _words() -> dict[str, dict[str, float]]:
    return {
        role: {plain(word): float(weight) for weight, listed in by_weight.items() for word in listed}
        for role, by_weight in known()["words"].items()
    }


@cache
def _unspaced(role: str) -> dict[str, float]:
    """Names that are written together: `customerid`."""
    return {word.replace(" ", ""): weight for word, weight in _words()[role].items()}


@cache
def _excluded() -> dict[str, tuple[str, ...]]:
    return {role: tuple(plain(word) for word in words) for role, words in known()["not"].items()}
