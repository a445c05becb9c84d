"""Why a customer moved to another stage, membership level or segment: the event or the figure that led to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import Lang
from retention.profile.dimensions import DIMENSIONS
from retention.wording import format_date, format_value, text, texts

_FIRST = ("churn_risk", "overall_value", "purchase_frequency", "purchasing_power", "purchase_potential", "loyalty")
LEADING = ("stage", *(f"{code}_tier" for code in (*_FIRST, *(code for code in DIMENSIONS if code not in _FIRST))))
"""Columns by which a move of segment is told, those that say most first."""


def stage_reasons(old: pd.DataFrame, new: pd.DataFrame, lang: Lang) -> list[str]:
    """What led to the stages of the later run, one text per customer.

    Parameters
    ----------
    old, new : DataFrame
        Rows of two scores tables, of the same customers in the same order, whose stage differs.
    lang : {"en", "zh"}
        Language.
    """
    words: dict[str, str] = texts(lang)["changes"]["stage"]
    risk = pd.to_numeric(new["churn_probability"], errors="coerce")
    rows = zip(
        old["stage"].tolist(),
        new["stage"].tolist(),
        new["stage_because"].tolist(),
        pd.to_datetime(new["stage_since"]).tolist(),
        pd.to_datetime(old["as_of"]).dt.normalize().tolist(),
        risk.tolist(),
        strict=True,
    )
    found = []
    for before, after, because, since, then, probability in rows:
        code = _stage_code(str(before), str(after), str(because), bool(since >= then))
        shown = format_value(probability, "probability", lang)
        known = code in words and not (pd.isna(probability) and "{risk}" in words[code])
        found.append(words[code].format(since=format_date(since, lang), risk=shown) if known else "")
    return found


def _stage_code(before: str, after: str, because: str, new: bool) -> str:
    """Key of `changes.stage` in the texts; `new`: what the log tells happened since the run before."""
    if because == "probability":
        return "probability"
    if because == "silence":
        if before == "lost":
            return "expected"
        return "silence" if new or after != "lost" else "unexpected"
    if because == "order":
        return "order" if new else "calmer"
    return ""


def member_reasons(new: pd.DataFrame, lang: Lang) -> list[str]:
    """What led to the membership levels of the later run, one text per customer."""
    words: dict[str, str] = texts(lang)["changes"]["member"]
    rows = zip(new["member_because"].tolist(), new["member_since"].tolist(), strict=True)
    return [words.get(str(because), "").format(since=format_date(since, lang)) for because, since in rows]


def segment_reasons(
    old: pd.DataFrame,
    new: pd.DataFrame,
    lang: Lang,
    *,
    name_of: Callable[[str, Lang], str],
    asked: Collection[str] | None = None,
) -> list[str]:
    """What the segments' conditions ask for and what differs most, one text per customer.

    Parameters
    ----------
    old, new : DataFrame
        Rows of two scores tables, of the same customers in the same order, whose segment differs.
    lang : {"en", "zh"}
        Language.
    name_of : callable
        Name of a dimension or state.
    asked : collection of str, optional
        Columns that the conditions ask for; all that lead by default.
    """
    words: dict[str, Any] = texts(lang)["changes"]
    left = np.ones(len(new), dtype=bool)
    found = [str(words["other_figures"])] * len(new)
    for column in LEADING:
        if column not in old.columns or column not in new.columns or (asked is not None and column not in asked):
            continue
        was, now = old[column].astype(object).tolist(), new[column].astype(object).tolist()
        name = name_of(column.removesuffix("_tier"), lang)
        for row in np.flatnonzero(left).tolist():
            if was[row] != now[row]:
                before, after = (text(lang, "tiers", str(one)) for one in (was[row], now[row]))
                found[row] = str(words["tier"]).format(name=name, before=before, after=after)
                left[row] = False
    return found
