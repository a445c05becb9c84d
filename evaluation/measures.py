"""All measures of one set of predictions on one set of customers, as plain JSON values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evaluation import metrics

MIN_SLICE = 30
"""A slice with fewer customers is not shown: its figures would be noise."""
MAX_SLICE_VALUES = 12
ORDER = ["high", "medium", "low", "new", "existing", "strong", "weak", "none"]
"""Codes with an order of their own; other values stand by size."""

HIGHER, LOWER, ZERO = "higher", "lower", "zero"
BETTER: dict[str, str] = {
    "churn_auc": HIGHER,
    "churn_average_precision": HIGHER,
    "churn_log_loss": LOWER,
    "churn_brier": LOWER,
    "churn_ece": LOWER,
    "churn_lift_top_decile": HIGHER,
    "orders_mae": LOWER,
    "orders_bias": ZERO,
    "orders_gini": HIGHER,
    "orders_spearman": HIGHER,
    "spend_mae": LOWER,
    "spend_bias": ZERO,
    "spend_gini": HIGHER,
    "spend_spearman": HIGHER,
    "spend_decile_error": LOWER,
}
"""Measures of the comparison table and which direction is better."""

Floats = NDArray[np.float64]


def measures(actual: pd.DataFrame, predicted: pd.DataFrame) -> dict[str, float | None]:
    """Every measure of the report.

    Parameters
    ----------
    actual : DataFrame
        Columns churned (0/1), orders, spend (NaN without amounts).
    predicted : DataFrame
        Same index: churn_probability, expected_orders, expected_spend; a column that is NaN throughout is passed over.

    Returns
    -------
    dict
        Flat names like `churn_auc`; None where a measure has no answer.
    """
    result: dict[str, float] = {"customers": float(len(actual))}
    churned, p = _column(actual, "churned"), _column(predicted, "churn_probability")
    if _usable(p):
        result |= {
            "churn_rate": float(churned.mean()),
            "churn_predicted": float(p.mean()),
            "churn_auc": metrics.auc(churned, p),
            "churn_average_precision": metrics.average_precision(churned, p),
            "churn_log_loss": metrics.log_loss(churned, p),
            "churn_brier": metrics.brier(churned, p),
            "churn_ece": metrics.calibration_error(churned, p),
            "churn_lift_top_decile": float(metrics.gain_table(churned, p)["lift"].iloc[0]),
            "churn_gain_top_decile": float(metrics.gain_table(churned, p)["gain"].iloc[0]),
        }
    for name, power in (("orders", 1.0), ("spend", 1.5)):
        y, mu = _column(actual, name), _column(predicted, f"expected_{name}")
        if not (_usable(y) and _usable(mu)):
            continue
        result |= {
            f"{name}_mae": metrics.mean_absolute_error(y, mu),
            f"{name}_bias": metrics.bias(y, mu),
            f"{name}_deviance": float(metrics.tweedie_deviances(y, mu, power).mean()),
            f"{name}_gini": metrics.normalised_gini(y, mu),
            f"{name}_spearman": metrics.spearman(y, mu),
            f"{name}_decile_error": metrics.decile_error(y, mu),
        }
    return {name: _json(value) for name, value in result.items()}


def losses(actual: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Loss of each customer: `log_loss`, `spend_deviance`, `orders_deviance`; NaN where there is no prediction."""
    result = pd.DataFrame(np.nan, index=actual.index, columns=["log_loss", "orders_deviance", "spend_deviance"])
    p = _column(predicted, "churn_probability")
    if _usable(p):
        result["log_loss"] = metrics.log_losses(_column(actual, "churned"), p)
    for name, power in (("orders", 1.0), ("spend", 1.5)):
        y, mu = _column(actual, name), _column(predicted, f"expected_{name}")
        if _usable(y) and _usable(mu):
            result[f"{name}_deviance"] = metrics.tweedie_deviances(y, mu, power)
    return result


def by_slice(actual: pd.DataFrame, predicted: pd.DataFrame, slices: pd.DataFrame) -> list[dict[str, Any]]:
    """Measures per value of each slicing column; small and rare values are left out, and a column with one value."""
    result: list[dict[str, Any]] = []
    for dimension in slices.columns:
        values = slices[dimension].astype(object)
        counts = values.value_counts()
        common = [value for value in counts.index[:MAX_SLICE_VALUES] if counts[value] >= MIN_SLICE]
        if len(counts) < 2:
            continue
        for value in sorted(common, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
            rows = (values == value).to_numpy(dtype=bool)
            shown = {"dimension": str(dimension), "value": str(value)}
            result.append(shown | measures(actual[rows], predicted[rows]))
    return result


def next_order_check(days: Floats, predicted: pd.DataFrame, horizon_days: int) -> dict[str, float | None]:
    """How honest the interval of the next order's date is, judged only where the closed window can tell.

    Parameters
    ----------
    days : ndarray
        Days to the next order; larger than the horizon means "not yet" and may be infinite.
    predicted : DataFrame
        next_order_days with _low and _high.
    horizon_days : int
        Length of the closed window.

    Returns
    -------
    dict
        `customers`: customers who ordered and whose interval ends in the window; of those, `too_early_share`: share
        that ordered before it began, `too_late_share`: after it had ended;
        `median_error_days`: median of |date − actual| among customers who ordered.

    Notes
    -----
    The dates hold if there is an order, so nothing is asked of customers without one. Those whose interval ends later
    are left out, because only their early orders could be seen.
    """
    middle, low, high = (_column(predicted, name) for name in _NEXT)
    ordered = (days <= horizon_days) & ~np.isnan(middle)
    seen = ordered & (high <= horizon_days)
    return {
        "customers": float(seen.sum()),
        "too_early_share": _json(float((days[seen] < low[seen]).mean()) if seen.any() else math.nan),
        "too_late_share": _json(float((days[seen] > high[seen]).mean()) if seen.any() else math.nan),
        "median_error_days": _json(
            float(np.median(np.abs(middle[ordered] - days[ordered]))) if ordered.any() else math.nan
        ),
    }


_NEXT = ("next_order_days", "next_order_days_low", "next_order_days_high")


def lifetime_check(actual: Floats, predicted: pd.DataFrame) -> dict[str, float | None]:
    """Lifetime value against the discounted net spend that followed: error, bias, order and interval coverage."""
    value = _column(predicted, "lifetime_value")
    low, high = _column(predicted, "lifetime_value_low"), _column(predicted, "lifetime_value_high")
    if not (_usable(value) and _usable(actual)):
        return {}
    return {
        "customers": float(len(actual)),
        "mae": _json(metrics.mean_absolute_error(actual, value)),
        "bias": _json(metrics.bias(actual, value)),
        "gini": _json(metrics.normalised_gini(actual, value)),
        "spearman": _json(metrics.spearman(actual, value)),
        "decile_error": _json(metrics.decile_error(actual, value)),
        "coverage": _json(metrics.interval_coverage(actual, low, high)),
        "below_low_share": _json(float(np.mean(actual < low))),
        "above_high_share": _json(float(np.mean(actual > high))),
    }


def _column(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64)


def _usable(values: Floats) -> bool:
    return bool(len(values) and not np.isnan(values).any())


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
