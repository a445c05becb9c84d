"""Values with their units and reasons in words, in the language of the reader.

Every text stands in `configs/texts/words.yaml`; what a feature is called stands in its spec. Lists are formatted in
one go: one call per feature and language, never one per customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import Lang, section
from features.specs import DRIVERS, FeatureSpec

MAX_LENGTH = 120
"""No text of a reason or a warning is longer than this many characters."""

_LONGEST_VALUE = 24


def texts(lang: Lang) -> dict[str, Any]:
    """All texts of one language, by section and key."""
    return section("words", lang)


def text(lang: Lang, section: str, key: str) -> str:
    """One text; the key itself where the section has no such key (a company's own tier or level)."""
    return str(texts(lang)[section].get(key, key))


def driver_name(code: str, lang: Lang) -> str:
    """What a driver family is called."""
    driver = DRIVERS[code]
    return driver.zh if lang == "zh" else driver.en


def label(spec: FeatureSpec, lang: Lang) -> str:
    """What a feature is called, starting with a capital letter in English."""
    if lang == "zh":
        return spec.label_zh
    return spec.label_en[:1].upper() + spec.label_en[1:]


def note(lang: Lang) -> str:
    """The note that belongs under every list of reasons: it describes the model, not a cause."""
    return str(texts(lang)["note"])


def format_date(value: date | datetime | pd.Timestamp | np.datetime64 | None, lang: Lang) -> str:
    """A day in the language's order.

    Examples
    --------
    >>> format_date(datetime(2011, 9, 10), "en"), format_date(datetime(2011, 9, 10), "zh")
    ('10 Sep 2011', '2011年9月10日')
    """
    if value is None or pd.isna(value):
        return text(lang, "format", "unknown")
    return formats.day(pd.Timestamp(value), lang)


def format_dates(values: Iterable[Any], lang: Lang) -> list[str]:
    """Many days; equal days are formatted once."""
    seen: dict[Any, str] = {}
    found = []
    for value in values:
        key = None if pd.isna(value) else value
        if key not in seen:
            seen[key] = format_date(key, lang)
        found.append(seen[key])
    return found


def format_value(value: Any, unit: str, lang: Lang, currency: str | None = None) -> str:
    """One value with its unit.

    Parameters
    ----------
    value : float or str
        Missing values give the word for unknown.
    unit : str
        A unit of `features.specs.Unit`, or `points` (a difference of probabilities), `probability`, `index`,
        `orders_per_year`.
    lang : {"en", "zh"}
        Language.
    currency : str, optional
        ISO code shown with money.

    Examples
    --------
    >>> format_value(0.0523, "points", "en"), format_value(12345.6, "money", "zh", "CNY")
    ('5.2 points', '¥12,346')
    """
    return format_values([value], unit, lang, currency)[0]


def _worded(value: Any, unit: str, lang: Lang, currency: str | None) -> str:
    if unit == "code" or isinstance(value, str):
        shown = str(texts(lang)["tiers"].get(str(value), value))
        return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"
    number = float(value)
    if unit == "flag":
        return text(lang, "format", "yes" if number >= 0.5 else "no")
    if not np.isfinite(number) or unit == "plain":
        return formats.brief_number(number, lang)
    if unit == "points":
        return points_text(number, lang)
    if unit == "change":
        return _change(number, lang)
    if unit in ("share", "probability"):
        return formats.percent(number, lang, 0 if abs(number) >= 0.1 else 1, least=0)
    if unit == "money":
        return formats.brief_money(number, lang, currency)
    if unit == "days":
        return formats.days(number, lang)
    if unit in ("score", "index"):
        of_hundred = number * 100.0 if unit == "score" else number
        return text(lang, "units", unit).format(number=formats.number(of_hundred, lang))
    return text(lang, "units", unit).format(number=formats.brief_number(number, lang))


def points_text(difference: float, lang: Lang, *, signed: bool = False) -> str:
    """A difference of probabilities in percentage points, with one decimal.

    Examples
    --------
    >>> points_text(0.0523, "en"), points_text(-0.0523, "zh")
    ('5.2 points', '-5.2个百分点')
    """
    return text(lang, "format", "points").format(number=formats.number(difference * 100.0, lang, 1, signed=signed))


def _as_shown(values: NDArray[Any], unit: str) -> NDArray[Any]:
    """Numbers rounded to what `format_value` shows of them, so that many customers share one text."""
    if values.dtype.kind in "OUS" or unit in ("code", "change"):
        return values
    found = values.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(found)
        if unit == "points":
            return np.asarray(np.round(found, 3) + 0.0)
        if unit in ("share", "probability"):
            return np.asarray(np.where(size >= 0.1, np.round(found, 2), np.round(found, 3)))
        if unit == "score":
            return np.asarray(np.round(found, 2))
        if unit == "flag":
            return found
        if unit == "index":
            return np.asarray(np.round(found) + 0.0)
        few = 2 if unit == "money" else 1
        fine = np.where(size >= 1, np.round(found, few), np.round(found, 2))
        rounded = np.where(size >= 100, np.round(found), fine) + 0.0  # no minus before a zero
        return np.asarray(np.where(np.abs(rounded) >= 1e9, found, rounded))


def format_values(
    values: Sequence[Any] | NDArray[Any] | pd.Series, unit: str, lang: Lang, currency: str | None = None
) -> list[str]:
    """Many values of one unit; values that look the same are formatted once.

    Examples
    --------
    >>> format_values([3.0, 0.5, float("nan")], "orders", "zh")
    ['3单', '0.5单', '未知']
    """
    codes, distinct = pd.factorize(_as_shown(np.asarray(values), unit), use_na_sentinel=True)
    shown = [_worded(value, unit, lang, currency) for value in distinct.tolist()]
    shown.append(text(lang, "format", "unknown"))
    return [shown[code] for code in codes.tolist()]


def _change(value: float, lang: Lang) -> str:
    """A relative change ``(new - old) / (new + old)`` as new against old in per cent."""
    if value >= 1.0:
        return text(lang, "format", "from_nothing")
    if value <= -1.0:
        return text(lang, "format", "to_nothing")
    return formats.percent(2.0 * value / (1.0 - value), lang, signed=True)


def feature_unit(spec: FeatureSpec, lang: Lang) -> str:
    """Unit in which a feature's value is shown: its own, or one that goes with what its label says."""
    if spec.unit == "ratio":
        if spec.label_en.startswith("change in "):
            return "change"
        return "ratio" if " against " in spec.label_en else "plain"
    # "Days since the last order: 120", not "...: 120 days": the label has said it
    if lang == "en" and spec.unit == "days" and "day" in spec.label_en.lower():
        return "count"
    return spec.unit


def evidence_reason(code: str, lang: Lang) -> str:
    """Why the evidence is thin and what to add, in one sentence; empty where it is strong.

    A code of another version is shown as it is.
    """
    return str(section("evidence", lang).get(code, code))
