"""Which tier a customer is in, and the rule that says so, by the cut-offs of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import Lang
from configs.settings import TierSettings
from retention.profile.attributes import Floats, Measured, Texts
from retention.profile.baseline import Baseline
from retention.profile.dimensions import ALL, DIMENSIONS, SMALLEST_COMPANY, Cut, cut_arrays, fit_cuts, level_tiers
from retention.wording import format_value, text, texts


def tiers_of(
    code: str,
    values: Floats,
    types: Texts,
    chosen: Mapping[str, TierSettings],
    counted: NDArray[np.bool_] | None = None,
) -> Texts:
    """Tiers of one dimension where there is no baseline yet: its cut-offs are fitted on these customers themselves.

    Parameters
    ----------
    code : str
        Dimension.
    values : ndarray, shape (n,)
        Its number.
    types : ndarray of str, shape (n,)
        Customer type, or `unknown`.
    chosen : mapping
        `retention.tiers` of the settings.
    counted : ndarray of bool, shape (n,), optional
        Customers whose mean is the company's level; see `fit_cuts`.

    Examples
    --------
    >>> tiers_of("churn_risk", np.array([0.2, 0.3, 0.6]), np.array(["unknown"] * 3), {}).tolist()
    ['low', 'medium', 'high']
    """
    return level_tiers(values, *cut_arrays(fit_cuts(code, values, types, chosen, counted), types))


def classify(measured: Mapping[str, Measured], baseline: Baseline) -> pd.DataFrame:
    """Number, tier, cut-offs and evidence of every dimension as columns.

    Parameters
    ----------
    measured : mapping
        `retention.profile.dimension_values.measure_all`.
    baseline : Baseline
        Holds the cut-offs.

    Returns
    -------
    DataFrame, n rows
        `<d>`, `<d>_tier`, `<d>_evidence`, and for levels `<d>_low_below`, `<d>_high_from` (NaN: out of reach).
    """
    types = measured["customer_type"].tier
    assert types is not None  # an attribute always has its code as tier
    columns: dict[str, NDArray[Any]] = {}
    for code, dimension in DIMENSIONS.items():
        one = measured[code]
        columns[code] = one.value
        if dimension.kind == "level":
            low, high = cut_arrays(baseline.cuts[code], types)
            numbers = np.asarray(one.value, dtype=np.float64)
            tier = level_tiers(numbers, low, high)
            columns[f"{code}_tier"] = tier
            columns[f"{code}_evidence"] = np.where(tier == "unknown", "none", one.evidence)
            columns[f"{code}_low_below"] = np.where(np.isfinite(low), low, np.nan)
            columns[f"{code}_high_from"] = np.where(np.isfinite(high), high, np.nan)
        else:
            assert one.tier is not None  # rules and attributes bring their tier
            columns[f"{code}_tier"] = one.tier
            columns[f"{code}_evidence"] = one.evidence
    return pd.DataFrame(columns)


def rule_text(code: str, row: Mapping[str, Any], baseline: Baseline, lang: Lang, currency: str | None = None) -> str:
    """The rule that gave a customer the tier of a dimension, with the customer's number.

    Parameters
    ----------
    code : str
        Dimension.
    row : mapping
        A row of the scores table.
    baseline : Baseline
        Holds the cut-offs and their origin.
    lang : {"en", "zh"}
        Language.
    currency : str, optional
        ISO code shown with money.
    """
    dimension = DIMENSIONS[code]
    rules: dict[str, str] = texts(lang)["rules"]
    name = texts(lang)["dimensions"][code]["name"]
    tier = str(row[f"{code}_tier"])
    if tier == "unknown" and dimension.kind == "level" and np.isfinite(row[code]):
        return rules["too_few"].format(name=name, customers=baseline.customers, needed=SMALLEST_COMPANY)
    if tier == "unknown":
        return rules["unknown"].format(name=name, **{"from": texts(lang)["dimensions"][code]["from"]})
    unit = baseline.units.get(code, dimension.unit)
    value = format_value(row[code], unit, lang, currency)
    if dimension.kind == "attribute":
        return rules["attribute"].format(name=name, tier=text(lang, "tiers", tier), value=value)
    if dimension.kind == "rule":
        return rules[tier].format(
            value=value,
            high_from=format_value(float(baseline.reference.new_customer_days), "days", lang),
            home_country=baseline.reference.home_country,
            home_region=baseline.reference.home_region,
        )
    cuts = baseline.cuts[code]
    cut = cuts.get(str(row["customer_type_tier"]), cuts[ALL])
    return rules[tier].format(
        name=name,
        value=value,
        low_below=_shown(cut.low_below, unit, lang, currency),
        high_from=_shown(cut.high_from, unit, lang, currency),
        source=_source(cut, lang),
    )


def _shown(value: float | None, unit: str, lang: Lang, currency: str | None) -> str:
    return text(lang, "format", "none") if value is None else format_value(value, unit, lang, currency)


def _source(cut: Cut, lang: Lang) -> str:
    if cut.source == "level":
        return text(lang, "rules", "level").format(level=format_value(float(cut.level or 0.0), "probability", lang))
    if cut.source != "quantile":
        return text(lang, "rules", cut.source)
    group = text(lang, "rules", "all_customers") if cut.group == ALL else text(lang, "tiers", cut.group)
    return text(lang, "rules", "quantile").format(
        low=format_value(cut.quantiles[0], "share", lang),
        high=format_value(cut.quantiles[1], "share", lang),
        group=group,
    )
