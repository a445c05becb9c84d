"""What the churn risk depends on, over all customers: the same points that each customer's reasons are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluation.datasets import stable_fraction
from features.specs import DRIVERS, FeatureSet
from models.contract import Contributions
from models.suite import ModelSuite
from retention.explanation.reasons import attribute

PICTURED = 300
"""Customers whose contributions the report draws one by one."""
MAIN = 10
"""Columns of the contributions that are drawn by themselves; the others are drawn as one."""
REST = "others"


def driver_summary(
    suite: ModelSuite, frame: pd.DataFrame, feature_set: FeatureSet, customers: int
) -> list[dict[str, Any]]:
    """How far each driver family moves the churn probability, over a stable sample of customers.

    Parameters
    ----------
    suite : ModelSuite
        Fitted.
    frame : DataFrame
        One row per customer.
    feature_set : FeatureSet
        Declarations of the frame's features.
    customers : int
        Size of the sample (by a hash of the id).

    Returns
    -------
    list of dict
        Per driver, strongest first: `mean_abs`, `mean` and the quantiles `p05`, `p25`, `p50`, `p75`, `p95` of the
        points, in probability (0.05 = five percentage points).
    """
    sample = _stable_sample(frame, customers)
    shown = suite.predict(sample)["churn_probability"].to_numpy(dtype=np.float64)
    attribution = attribute(suite.contributions(sample)["churn"], feature_set, target="churn", shown=shown)
    result = []
    for place, driver in enumerate(attribution.codes):
        points = attribution.drivers[:, place]
        low, lower, middle, upper, high = np.quantile(points, [0.05, 0.25, 0.5, 0.75, 0.95])
        result.append(
            {
                "driver": driver,
                "mean_abs": float(np.abs(points).mean()),
                "mean": float(points.mean()),
                "p05": float(low),
                "p25": float(lower),
                "p50": float(middle),
                "p75": float(upper),
                "p95": float(high),
            }
        )
    return sorted(result, key=lambda row: (-row["mean_abs"], row["driver"]))


def contribution_sample(suite: ModelSuite, frame: pd.DataFrame, feature_set: FeatureSet) -> dict[str, Any]:
    """Contributions to the churn risk of a stable sample of customers and of one of them, for pictures.

    Parameters
    ----------
    suite : ModelSuite
        Fitted.
    frame : DataFrame
        One row per customer.
    feature_set : FeatureSet
        Declarations of the frame's features.

    Returns
    -------
    dict
        `sample` and `customer`, each with `features` (columns of the contributions, strongest first, then `REST` for
        all others together), `base` (n numbers), `values` and `data` (n rows; None where a value is missing or no
        number), in log-odds of no order; `labels`, per column in both languages; `others`, how many `REST` holds.
        Base and values of a row add up to the log-odds of the probability shown. No id of a customer is in it.
    """
    sample = _stable_sample(frame, PICTURED)
    parts = suite.contributions(sample)["churn"]
    shown = suite.predict(sample)["churn_probability"].to_numpy(dtype=np.float64)
    # A customer at high risk, not the extreme one: whoever is nearest to the ninth of ten.
    one = int(np.argmin(np.abs(shown - np.quantile(shown, 0.9))))
    pictures = {
        "sample": _pictured(parts, sample, slice(None)),
        "customer": _pictured(parts, sample, slice(one, one + 1)),
    }
    names = dict.fromkeys(name for part in pictures.values() for name in part["features"] if name != REST)
    labels = {spec.name: {"en": spec.label_en, "zh": spec.label_zh} for spec in feature_set if spec.name in names}
    labels |= {name: {"en": DRIVERS[name].en, "zh": DRIVERS[name].zh} for name in names if name not in labels}
    return pictures | {"labels": labels, "others": max(len(parts.values.columns) - MAIN, 0)}


def _stable_sample(frame: pd.DataFrame, customers: int) -> pd.DataFrame:
    fraction = stable_fraction([str(customer) for customer in frame["customer_id"]])
    # In the order of the hash, so that the last digit does not depend on the order of the frame.
    return frame.iloc[np.argsort(fraction, kind="stable")[:customers]].reset_index(drop=True)


def _pictured(parts: Contributions, sample: pd.DataFrame, rows: slice) -> dict[str, Any]:
    values = parts.values.iloc[rows]
    strength = values.abs().mean().sort_values(ascending=False, kind="stable")
    main, rest = [str(name) for name in strength.index[:MAIN]], [str(name) for name in strength.index[MAIN:]]
    table = values[main]
    if rest:
        table = table.assign(**{REST: values[rest].sum(axis=1)})
    data = pd.DataFrame(np.nan, index=values.index, columns=table.columns)
    for name in main:
        if name in sample and pd.api.types.is_numeric_dtype(sample[name]):
            data[name] = sample[name].iloc[rows].astype(np.float64)
    return {
        "features": [str(name) for name in table.columns],
        "base": [_six(value) for value in parts.base[rows]],
        "values": [[_six(value) for value in row] for row in table.to_numpy(dtype=np.float64)],
        "data": [[_six(value) for value in row] for row in data.to_numpy(dtype=np.float64)],
    }


def _six(value: float) -> float | None:
    """Six digits: pictures need no more, and the file stays small."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
