"""What the churn risk depends on, over all customers: the same points that each customer's reasons are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evaluation.datasets import stable_fraction
from features.specs import FeatureSet
from models.suite import ModelSuite
from retention.explanation.reasons import attribute


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
    fraction = stable_fraction([str(customer) for customer in frame["customer_id"]])
    # In the order of the hash, so that the last digit does not depend on the order of the frame.
    rows = np.argsort(fraction, kind="stable")[:customers]
    sample = frame.iloc[rows].reset_index(drop=True)
    shown = suite.predict(sample)["churn_probability"].to_numpy(dtype=np.float64)
    found = attribute(suite.contributions(sample)["churn"], feature_set, target="churn", shown=shown)
    result = []
    for place, driver in enumerate(found.codes):
        points = found.drivers[:, place]
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
