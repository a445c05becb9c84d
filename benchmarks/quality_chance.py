"""What chance alone would do: how far two methods differ on customers drawn anew, and the ECE of perfect knowledge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evaluation import metrics

DRAWS = 200
LEVEL = 0.90
_COLUMNS: dict[str, tuple[str, str, Callable[[ArrayLike, ArrayLike], float]]] = {
    "auc": ("churned", "churn_probability", metrics.auc),
    "log_loss": ("churned", "churn_probability", metrics.log_loss),
    "spend_gini": ("spend", "expected_spend", metrics.normalised_gini),
}


def within_chance(
    measure: str, actual: pd.DataFrame, one: pd.DataFrame, other: pd.DataFrame, *, seed: int, draws: int = DRAWS
) -> bool:
    """Whether the 90 % bootstrap interval over customers of the difference of a measure holds zero.

    Parameters
    ----------
    measure : {"auc", "log_loss", "spend_gini"}
    actual : DataFrame
        churned, orders, spend.
    one, other : DataFrame
        Predictions of the same rows; a column `rank` stands for the probability in the AUC.
    seed, draws : int
    """
    column, predicted, function = _COLUMNS[measure]
    truth = actual[column].to_numpy(dtype=np.float64)
    first, second = (_values(table, measure, predicted) for table in (one, other))
    random = np.random.default_rng(seed)
    found = np.empty(draws)
    for number in range(draws):
        rows = random.integers(0, len(truth), len(truth))
        found[number] = function(truth[rows], first[rows]) - function(truth[rows], second[rows])
    found = found[np.isfinite(found)]
    if len(found) == 0:
        return True
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return bool(low <= 0 <= high)


def calibration_error_by_chance(predicted: ArrayLike, *, seed: int, draws: int = DRAWS) -> float:
    """Mean ECE of probabilities that are exactly right, on as many customers: no method can be expected below it.

    Examples
    --------
    >>> few, many = ([0.5] * 100, [0.5] * 10_000)
    >>> calibration_error_by_chance(few, seed=1) > 5 * calibration_error_by_chance(many, seed=1)
    True
    """
    p = np.sort(np.asarray(predicted, dtype=np.float64))
    bins = metrics.equal_count_bins(p, metrics.CALIBRATION_BINS)
    sizes = np.bincount(bins, minlength=metrics.CALIBRATION_BINS)
    random = np.random.default_rng(seed)
    gaps = [
        np.abs(np.bincount(bins, weights=(random.random(len(p)) < p) - p, minlength=len(sizes))).sum() / len(p)
        for _ in range(draws)
    ]
    return float(np.mean(gaps))


def _values(table: pd.DataFrame, measure: str, column: str) -> NDArray[np.float64]:
    name = "rank" if measure == "auc" and "rank" in table else column
    return table[name].to_numpy(dtype=np.float64)
