"""What the company's own customers look like: the ground that tiers, typical values and warnings stand on.

Fitted once with the models and stored in the bundle as JSON, so that a score means the same until the next training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from configs.settings import Settings
from features.specs import FeatureSet
from retention.profile.attributes import Floats, Measured, Texts, number
from retention.profile.baseline import Baseline
from retention.profile.categories import LineReference
from retention.profile.dimension_values import Reference, comparison_band, measure_all
from retention.profile.dimensions import (
    ALL,
    DIMENSIONS,
    LEVEL_DIMENSIONS,
    SMALLEST_GROUP,
    check_tier_settings,
    fit_cuts,
)
from retention.profile.peers import Contribute, fit_peers, not_lost, typical_gap
from retention.profile.rfm import fit_quintiles
from retention.profile.tiers import classify

MEMBER_SHARES = {"silver": (0.80, 2.0), "gold": (0.95, 4.0)}
"""Default levels: quantile of the spend of a year among buyers of that year, and orders needed."""

HEADROOM_QUANTILE = 0.75


def fit_baseline(
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    feature_set: FeatureSet,
    settings: Settings,
    *,
    profile: pd.DataFrame | None = None,
    lines: LineReference | None = None,
    contribute: Contribute | None = None,
    scale: tuple[float, float] | None = None,
) -> Baseline:
    """Learn what the company's customers look like.

    Parameters
    ----------
    frame : DataFrame
        Features; where it holds several cut-offs the latest is used.
    predictions : DataFrame
        The suite's predictions for the same rows (same index).
    feature_set : FeatureSet
        Declarations of the features.
    settings : Settings
        Tiers, membership, home.
    profile : DataFrame, optional
        Customers table.
    lines : LineReference, optional
        `retention.profile.categories.line_reference`, kept so that one customer alone is judged as in the company's
        run.
    contribute : callable, optional
        Contributions of a frame by target (`ModelSuite.contributions`); None where a written rule answers.
    scale : tuple of float, optional
        Worst and best score of the company's feedback; 1 to 5 where it has none.

    Returns
    -------
    Baseline

    Raises
    ------
    SettingsError
        Cut-offs for an unknown dimension, or in the wrong order.
    """
    retention = settings.retention
    check_tier_settings(retention.tiers)
    latest = (frame["as_of"] == frame["as_of"].max()).to_numpy()
    predictions = predictions.loc[frame.index[latest]].reset_index(drop=True)
    frame = frame.loc[latest].reset_index(drop=True)
    reference = Reference.fit(frame, profile, settings.profile, retention.new_customer_days)
    membership = membership_levels(frame, retention.membership)
    measured = measure_all(
        frame,
        predictions,
        reference,
        profile=profile,
        membership=level_share(frame, membership),
        measures={code: rule.measure for code, rule in retention.tiers.items() if rule.measure},
    )
    types = comparison_types(measured)
    gap = typical_gap(frame, float(settings.targets.horizon_days))
    counted = not_lost(frame, gap, retention.lifecycle)
    cuts = {
        code: fit_cuts(code, np.asarray(measured[code].value, dtype=np.float64), types, retention.tiers, counted)
        for code in LEVEL_DIMENSIONS
    }
    units = {}
    if not np.isfinite(number(predictions, "expected_spend")).any():
        units["purchase_potential"] = "orders"
    for code, rule in retention.tiers.items():
        if rule.measure is not None:
            units[code] = _unit_of(rule.measure, feature_set)
    bands = comparison_band(frame, reference.new_customer_days)
    draft = Baseline(
        as_of=pd.Timestamp(frame["as_of"].max()).isoformat(),
        customers=len(frame),
        reference=reference,
        cuts=cuts,
        units=units,
        peers=fit_peers(
            frame,
            feature_set,
            new_customer_days=reference.new_customer_days,
            typical_gap_days=gap,
            horizon_days=settings.targets.horizon_days,
            rules=retention.lifecycle,
            churn_probability=number(predictions, "churn_probability"),
            contribute=contribute,
        ),
        quintiles=fit_quintiles(frame),
        ranges=_ranges(frame, feature_set),
        known_values={
            spec.name: sorted({str(v) for v in frame[spec.name].dropna().unique()})
            for spec in feature_set
            if spec.kind == "categorical" and spec.name in frame
        },
        headroom={},
        membership=membership,
        typical_gap_days=gap,
        horizon_days=settings.targets.horizon_days,
        currency=settings.data.currency,
        lines=lines,
        score_scale=scale or (1.0, 5.0),
    )
    frequency = classify(measured, draft)["purchase_frequency_tier"].to_numpy(dtype=object)
    pace = spend_per_day(frame)
    headroom: dict[str, float] = {}
    for names in headroom_groups(types, bands, frequency):
        for name, group in pd.Series(pace).groupby(pd.Series(names)):
            values = group[np.isfinite(group)]
            if len(values) >= (1 if name == ALL else SMALLEST_GROUP):
                headroom[str(name)] = float(np.quantile(values, HEADROOM_QUANTILE))
    return replace(draft, headroom=headroom)


def comparison_types(measured: Mapping[str, Measured]) -> Texts:
    """Customer type of every row, `unknown` where it is not given."""
    types = measured["customer_type"].tier
    assert types is not None  # an attribute always has its code as tier
    return types


def headroom_groups(types: Texts, bands: Texts, frequency: Texts) -> tuple[Texts, Texts, Texts]:
    """Groups of similar customers from narrow to wide: type, tenure and frequency; type and tenure; all."""
    narrow = [f"{kind}|{band}|{often}" for kind, band, often in zip(types, bands, frequency, strict=True)]
    wide = [f"{kind}|{band}" for kind, band in zip(types, bands, strict=True)]
    return (
        np.array(narrow, dtype=object),
        np.array(wide, dtype=object),
        np.full(len(types), ALL, dtype=object),
    )


def spend_per_day(frame: pd.DataFrame) -> Floats:
    """Net spend of the last 365 days per day that the customer is known, over at least 90 days; shape (n,)."""
    days = np.clip(number(frame, "days_since_first_order"), 90.0, 365.0)
    return np.asarray(number(frame, "spend_365d") / days)


def membership_levels(frame: pd.DataFrame, chosen: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Levels with what they need, lowest first: those of the settings, else quantiles of the customers of a year.

    Default spend limits are rounded to two figures, because a limit must be told to customers.
    """
    if chosen:
        levels = {name: {key: float(value) for key, value in needs.items()} for name, needs in chosen.items()}
        if all(any(value > 0 for value in needs.values()) for needs in levels.values()):
            return {"ordinary": {}, **levels}
        return levels
    orders = number(frame, "orders_365d")
    spend = number(frame, "spend_365d")
    bought = orders > 0
    levels = {"ordinary": {}}
    for name, (share, needed) in MEMBER_SHARES.items():
        if np.isfinite(spend[bought]).any():
            limit = float(np.nanquantile(spend[bought], share))
            if limit > 0:
                digits = 1 - math.floor(math.log10(limit))
                levels[name] = {"spend": round(limit, digits), "orders": needed}
                continue
        many = float(np.quantile(orders[bought], share)) if bought.any() else needed
        levels[name] = {"orders": max(needed, math.ceil(many))}
    return levels


def level_share(frame: pd.DataFrame, levels: Mapping[str, Mapping[str, float]]) -> Floats:
    """Level that the last 365 days would give, as a share of the highest."""
    reached = np.zeros(len(frame))
    for place, needs in enumerate(levels.values()):
        enough = np.ones(len(frame), dtype=bool)
        for key, least in needs.items():
            enough &= np.nan_to_num(number(frame, f"{key}_365d")) >= least
        reached = np.where(enough, float(place), reached)
    return np.asarray(reached / max(1, len(levels) - 1))


def _unit_of(measure: str, feature_set: FeatureSet) -> str:
    if measure in feature_set.names:
        return feature_set[measure].unit
    if measure.startswith("churn_probability"):
        return "probability"
    if measure.startswith(("expected_orders", "orders_")):
        return "orders"
    return "money"


def _ranges(frame: pd.DataFrame, feature_set: FeatureSet) -> dict[str, tuple[float, float]]:
    found = {}
    for spec in feature_set:
        if spec.kind == "numeric" and spec.name in frame:
            values = number(frame, spec.name)
            values = values[np.isfinite(values)]
            if values.size:
                found[spec.name] = (float(values.min()), float(values.max()))
    return found


def dimension_unit(code: str, baseline: Baseline) -> str:
    """Unit of a dimension's number in this company."""
    return baseline.units.get(code, DIMENSIONS[code].unit)
