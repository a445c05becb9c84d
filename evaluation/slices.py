"""Groups of customers whose measures are shown apart, from what was known at the cut-off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Settings
from retention.profile.peers import not_lost, typical_gap
from retention.profile.tiers import tiers_of

TIERS = ("low", "medium", "high")


def slice_columns(frame: pd.DataFrame, predictions: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Slicing columns with the frame's index; None where a customer's group is not known.

    Columns, where the data allow them: risk_tier (the tier of the churn risk, by the rule of the scores), value_tier
    (thirds of past net spend, of orders without amounts), tenure (new or existing), customer_type, region, country,
    evidence.
    """
    slices = pd.DataFrame(index=frame.index)
    slices["risk_tier"] = _risk(frame, predictions, settings)
    spend = frame["spend_365d"] if "spend_365d" in frame else pd.Series(np.nan, index=frame.index)
    slices["value_tier"] = _thirds(frame["orders_365d"] if spend.isna().all() else spend.fillna(0.0))
    new = frame["days_since_first_order"] <= settings.retention.new_customer_days
    slices["tenure"] = np.where(new, "new", "existing")
    for name in ("customer_type", "region", "country"):
        if name in frame and frame[name].notna().any():
            slices[name] = frame[name]
    if "evidence" in predictions:
        slices["evidence"] = predictions["evidence"]
    return slices


def _risk(frame: pd.DataFrame, predictions: pd.DataFrame, settings: Settings) -> pd.Series:
    """The churn risk's tier as the scores tell it, so that a high risk is the same in both."""
    rule = settings.retention.tiers.get("churn_risk")
    measure = rule.measure if rule is not None and rule.measure else "churn_probability"
    values = (predictions if measure in predictions else frame)[measure].to_numpy(dtype=np.float64)
    given = frame["customer_type"] if "customer_type" in frame else pd.Series(None, index=frame.index, dtype="object")
    types = given.astype("object").where(given.notna(), "unknown").to_numpy(dtype=object)
    gap = typical_gap(frame, float(settings.targets.horizon_days))
    counted = not_lost(frame, gap, settings.retention.lifecycle)
    tiers = tiers_of("churn_risk", values, types, settings.retention.tiers, counted)
    return pd.Series(tiers, index=frame.index).where(lambda tier: tier != "unknown", None)


def _thirds(values: pd.Series) -> pd.Series:
    """Low, medium and high by rank; equal values stay together."""
    ranks = values.rank(method="average", pct=True)
    place = np.clip(np.ceil(ranks.to_numpy(dtype=np.float64) * 3).astype(int) - 1, 0, 2)
    return pd.Series(np.array(TIERS, dtype=object)[place], index=values.index)
