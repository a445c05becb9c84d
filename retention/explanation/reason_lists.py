"""Reasons as lists per customer: families, values, typical values and texts, built column by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES, Lang
from features.specs import DRIVERS, FeatureSet
from retention.entries import EarlyWarning, Reason, entry_rows
from retention.explanation.reasons import Attribution, Choice
from retention.profile.attributes import Floats, Texts, number
from retention.profile.baseline import Baseline
from retention.wording import (
    MAX_LENGTH,
    driver_name,
    feature_unit,
    format_value,
    format_values,
    label,
    reason_texts,
    step_texts,
    texts,
)

RULE_FEATURE = "days_since_last_order"
RANGE_MARGIN = 0.10
"""A value counts as out of range from this share of the training range beyond its ends."""
MAX_RANGE_WARNINGS = 3
SMALLEST_SILENT = 0.01


def reason_lists(
    attribution: Attribution,
    choice: Choice,
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    baseline: Baseline,
    groups: Texts,
    currency: str | None = None,
) -> list[list[dict[str, Any]]]:
    """The chosen families of every customer, largest points first, as `retention.entries.Reason`.

    Parameters
    ----------
    attribution, choice : Attribution, Choice
        From `retention.explanation.reasons`.
    frame : DataFrame
        Features, n rows.
    feature_set : FeatureSet
        Declarations.
    baseline : Baseline
        Typical values.
    groups : ndarray of str, shape (n,)
        Comparison groups of the rows.
    currency : str, optional
        ISO code shown with money.
    """
    n = len(choice.driver)
    rows, slots = np.nonzero(choice.driver >= 0)
    driver = choice.driver[rows, slots]
    feature = choice.feature[rows, slots]
    points = choice.points[rows, slots]
    count = len(rows)
    told = {lang: np.full(count, "", dtype=object) for lang in LANGUAGES}
    value = np.full(count, None, dtype=object)
    typical = np.full(count, None, dtype=object)
    value_text = np.full(count, None, dtype=object)
    typical_text = np.full(count, None, dtype=object)
    for k in np.unique(feature[feature >= 0]).tolist():
        at = np.flatnonzero(feature == k)
        spec = feature_set[attribution.names[k]]
        if spec.driver == "calendar" and spec.name in baseline.constant:
            feature[at] = -1  # told as a step: the value of the season says nothing to a reader
            continue
        own = frame[spec.name].to_numpy()[rows[at]]
        usual = baseline.typical_values(groups[rows[at]], spec.name, spec.kind)
        if spec.kind == "categorical":
            value_text[at] = [str(v) for v in own.tolist()]
            typical_text[at] = usual
        else:
            value[at] = np.asarray(own, dtype=np.float64).tolist()
            typical[at] = [None if np.isnan(v) else v for v in usual.tolist()]
        for lang in LANGUAGES:
            told[lang][at] = reason_texts(spec, attribution.target, own, usual, points[at], lang, currency)
    for j, code in enumerate(attribution.codes):
        at = np.flatnonzero((feature < 0) & (driver == j))
        if len(at):
            for lang in LANGUAGES:
                told[lang][at] = step_texts(code, attribution.target, points[at], lang, currency)
    names, codes = attribution.names, attribution.codes
    columns = {
        "driver": [codes[d] for d in driver.tolist()],
        "points": points.tolist(),
        "direction": ["raises" if point > 0 else "lowers" for point in points.tolist()],
        "feature": [names[k] if k >= 0 else None for k in feature.tolist()],
        "value": value.tolist(),
        "typical": typical.tolist(),
        "value_text": value_text.tolist(),
        "typical_text": typical_text.tolist(),
        "actionable": [DRIVERS[codes[d]].actionable for d in driver.tolist()],
        "text_en": told["en"].tolist(),
        "text_zh": told["zh"].tolist(),
    }
    return entry_rows(Reason, n, rows, columns)


def rule_reasons(frame: pd.DataFrame, rows: NDArray[np.int64], usual_gap: Floats) -> list[list[dict[str, Any]]]:
    """What is said where a written rule answers instead of a model: one reason without points per customer.

    Parameters
    ----------
    frame : DataFrame
        Features, n rows.
    rows : ndarray of int, shape (r,)
        Rows that a rule answers.
    usual_gap : ndarray, shape (n,)
        Usual gap of every customer in days.
    """
    orders, silent = number(frame, "orders_ever")[rows], number(frame, RULE_FEATURE)[rows]
    visits = number(frame, "order_days_ever")[rows]
    # several orders of one day tell of no gap
    orders = np.where(visits >= 1, np.minimum(visits, orders), orders)
    gap = usual_gap[rows]
    found = []
    for count, days, usual in zip(orders.tolist(), silent.tolist(), gap.tolist(), strict=True):
        told = {}
        for lang in LANGUAGES:
            forms = texts(lang)["reason"]
            if not count > 0 or np.isnan(days):
                told[lang] = forms["rule_none"]
            elif count < 2 or not usual > 0:
                told[lang] = forms["rule_single"].format(days=format_value(days, "days", lang))
            else:
                told[lang] = forms["rule"].format(
                    days=format_value(days, "days", lang),
                    ratio=format_value(days / usual, "ratio", lang),
                    gap=format_value(usual, "days", lang),
                )
        knows = count > 0 and not np.isnan(days)
        reason = Reason(
            driver="recency",
            points=None,
            direction=None,
            feature=RULE_FEATURE if knows else None,
            value=days if knows else None,
            typical=usual if knows and usual > 0 else None,
            actionable=DRIVERS["recency"].actionable,
            text_en=told["en"],
            text_zh=told["zh"],
        )
        found.append([vars(reason)])
    return found


def plain_warning(
    code: str,
    sign: str,
    told: Mapping[Lang, str],
    *,
    size: float | None = None,
    value: float | None = None,
    unit: str | None = None,
) -> dict[str, Any]:
    """A warning that is not a sign of the customer, as an entry of the `warnings` column."""
    return vars(
        EarlyWarning(code=code, sign=sign, size=size, value=value, unit=unit, text_en=told["en"], text_zh=told["zh"])
    )


def add_silent_drivers(
    found: list[list[dict[str, Any]]], attribution: Attribution, choice: Choice, currency: str | None
) -> None:
    """Append a `no_data` warning where a family moves the prediction by a point although its features are missing.

    One per customer, for the family with the largest points; `sign` is its code.
    """
    unit = "points" if attribution.target == "churn" else "money"
    size = np.where(choice.silent, np.abs(attribution.drivers), 0.0)
    if not size.size:
        return
    worst = size.argmax(axis=1)
    rows = np.flatnonzero(size.max(axis=1) >= SMALLEST_SILENT)
    points = attribution.drivers[rows, worst[rows]]
    shown = {lang: format_values(np.abs(points), unit, lang, currency) for lang in LANGUAGES}
    for i, (row, point) in enumerate(zip(rows.tolist(), points.tolist(), strict=True)):
        code = attribution.codes[int(worst[row])]
        told = {
            lang: texts(lang)["warning"]["no_data"].format(
                driver=driver_name(code, lang), points=("+" if point > 0 else "-") + shown[lang][i]
            )
            for lang in LANGUAGES
        }
        found[row].append(plain_warning("no_data", code, told, size=point, unit=unit))


def add_range_warnings(
    found: list[list[dict[str, Any]]],
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    baseline: Baseline,
    currency: str | None,
) -> None:
    """Append `out_of_range` and `unseen_value` warnings: values that no customer of the training had.

    At most three per customer; the calendar family moves on by itself and is left out.
    """
    given = [0] * len(frame)
    for spec in feature_set:
        if spec.name not in frame or spec.driver == "calendar":
            continue
        if spec.kind == "categorical":
            known = set(baseline.known_values.get(spec.name, []))
            column = frame[spec.name]
            strange = (column.notna() & ~column.astype(object).map(lambda v, known=known: str(v) in known)).to_numpy()
        elif spec.name in baseline.ranges:
            low, high = baseline.ranges[spec.name]
            if low == high:
                continue  # the same for everyone at one moment (days that the log covers): not the customer's
            slack = RANGE_MARGIN * max(high - low, abs(high), abs(low))
            values = number(frame, spec.name)
            with np.errstate(invalid="ignore"):
                strange = (values < low - slack) | (values > high + slack)
        else:
            continue
        for row in np.flatnonzero(strange).tolist():
            if given[row] >= MAX_RANGE_WARNINGS:
                continue
            given[row] += 1
            raw = frame[spec.name].iloc[row]
            told = {}
            for lang in LANGUAGES:
                unit = feature_unit(spec, lang)
                shown = format_value(raw, unit, lang, currency)
                if spec.kind == "categorical":
                    line = texts(lang)["warning"]["unseen_value"].format(label=label(spec, lang), value=shown)
                else:
                    line = texts(lang)["warning"]["out_of_range"].format(
                        label=label(spec, lang),
                        value=shown,
                        low=format_value(low, unit, lang, currency),
                        high=format_value(high, unit, lang, currency),
                    )
                told[lang] = line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"
            code = "unseen_value" if spec.kind == "categorical" else "out_of_range"
            number_of = None if spec.kind == "categorical" else float(raw)
            found[row].append(plain_warning(code, spec.name, told, value=number_of, unit=spec.unit))
