"""Warnings about the data behind an answer: what is missing, and values that no customer of the training had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES, Lang
from features.specs import FeatureSet
from retention.entries import EarlyWarning
from retention.explanation.reasons import STEPS, Attribution
from retention.profile.attributes import number
from retention.profile.baseline import Baseline
from retention.wording import (
    MAX_LENGTH,
    driver_name,
    feature_unit,
    format_value,
    format_values,
    label,
    texts,
)

RANGE_MARGIN = 0.10
"""A value counts as out of range from this share of the training range beyond its ends."""
MAX_RANGE_WARNINGS = 3
SMALLEST_SILENT = 0.01


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
    found: list[list[dict[str, Any]]], attribution: Attribution, frame: pd.DataFrame, currency: str | None
) -> None:
    """Append a `no_data` warning where a family moves the prediction by a point although its features are missing.

    One per customer, for the family with the largest points; `sign` is its code.
    """
    unit = "points" if attribution.target == "churn" else "money"
    size = np.where(without_data(attribution, frame), np.abs(attribution.drivers), 0.0)
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


def without_data(attribution: Attribution, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Drivers of which a customer has no feature at all, shape (n, d); steps have none by nature."""
    lacking = np.zeros(attribution.drivers.shape, dtype=bool)
    for place, code in enumerate(attribution.codes):
        names = [
            attribution.names[column]
            for column in np.flatnonzero(attribution.owner == place)
            if attribution.names[column] in frame.columns
        ]
        if names and code not in STEPS:
            lacking[:, place] = frame[names].isna().to_numpy().all(axis=1)
    return lacking


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
