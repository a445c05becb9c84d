"""How a column writes its numbers: signs of currencies, thousands, the decimal mark."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from features.discovery.words import known

ENOUGH = 0.97
"""Share of values that must be numbers for a column to be one of numbers."""
_MINUS = str.maketrans({"−": "-", "–": "-", "﹣": "-"})
_POINT = re.compile(
    r"[0-9]*\.([0-9]{1,2}|[0-9]{4,})|[0-9]{1,3}(,[0-9]{3})+\.[0-9]*|[0-9]{1,3}(,[0-9]{3}){2,}|0\.[0-9]+"
)
_COMMA = re.compile(r"[0-9]*,([0-9]{1,2}|[0-9]{4,})|[0-9]{1,3}(\.[0-9]{3})+,[0-9]*|[0-9]{1,3}(\.[0-9]{3}){2,}|0,[0-9]+")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_POWER = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+")
_WHOLE = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Numbers:
    """What the values of a column look like as numbers.

    Attributes
    ----------
    share : float
        Share of the values that are numbers.
    point, comma, either : int
        Values that only a decimal point, only a decimal comma, or one of both (``1,234``) can explain.
    signs : dict
        Sign or word of a currency → how many values carry it.
    example : str
        A value that can be read both ways.
    dressed : bool
        Whether some value is more than digits, a sign and a mark.
    """

    share: float
    point: int = 0
    comma: int = 0
    either: int = 0
    signs: dict[str, int] | None = None
    example: str = ""
    dressed: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers."""
        return self.share >= ENOUGH


def read_numbers(values: Sequence[str]) -> Numbers:
    """Look at the sampled, filled values of a column."""
    good = point = comma = either = 0
    signs: dict[str, int] = {}
    example, dressed = "", False
    for value in values:
        bare, sign = undressed(value)
        if bare is None:
            continue
        kind = next((kind for kind in (_WHOLE, _POWER, _EITHER, _POINT, _COMMA) if kind.fullmatch(bare)), None)
        if kind is None:
            continue
        good += 1
        point += kind is _POINT
        comma += kind is _COMMA
        either += kind is _EITHER
        dressed = dressed or re.fullmatch(r"\s*[-+]?[0-9.,]+\s*", value) is None
        if kind is _EITHER and not example:
            example = value.strip()
        if sign:
            signs[sign] = signs.get(sign, 0) + 1
    return Numbers(good / len(values) if values else 0.0, point, comma, either, signs, example, dressed)


def undressed(value: str) -> tuple[str | None, str]:
    """Digits and marks of a number, and the currency that stands beside them.

    Examples
    --------
    >>> undressed("¥1,234.50"), undressed("(12.50)"), undressed("12,50 EUR"), undressed("A12")
    (('1,234.50', '¥'), ('12.50', ''), ('12,50', 'EUR'), (None, ''))
    """
    text = unicodedata.normalize("NFKC", value).translate(_MINUS).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    text = text.strip().strip("+-").strip()
    found = re.fullmatch(r"([^\d.,+-]*)[+-]?([\d.,' \u00a0\u202f]*\d[\d.,]*(?:[eE][+-]?\d+)?)\s*([^\d.,+-]*)", text)
    if found is None:
        return None, ""
    sign = (found[1] or found[3]).strip().strip("-+").strip()
    if sign and sign not in _signs():
        return None, ""
    digits = re.sub(r"(?<=\d)[' \u00a0\u202f](?=\d{3}(\D|$))", "", found[2]).strip()
    return (digits if " " not in digits else None), sign


def currency_of(sign: str) -> str:
    """ISO code of a sign or a code."""
    return str(known()["currencies"]["signs"].get(sign, sign))


def number_sql(column: str, kind: str, decimal: str) -> str:
    """SQL of the number that a column holds, null where it holds none; only for looking, ingest reads strictly."""
    if kind != "VARCHAR":
        return f"try_cast({column} AS DOUBLE)"
    digits = f"regexp_replace({column}, '[^0-9.,eE-]', '', 'g')"
    if decimal == ",":
        digits = f"replace(replace({digits}, '.', ''), ',', '.')"
    else:
        digits = f"replace({digits}, ',', '')"
    negative = f"regexp_matches({column}, '^\\s*\\(.*\\)\\s*$|[-−]\\s*$|^\\D*−')"
    return f"(CASE WHEN {negative} THEN -1 ELSE 1 END * try_cast(rtrim({digits}, '-') AS DOUBLE))"


@cache
def _signs() -> frozenset[str]:
    currencies = known()["currencies"]
    listed = {*currencies["signs"], *currencies["codes"]}
    return frozenset({*listed, *(unicodedata.normalize("NFKC", sign) for sign in listed)})
