"""What an estimator is: the one contract that training, scoring and explanations rely on.

A *frame* is a pandas DataFrame with one row per customer × cut-off: `customer_id` (str), `as_of`
(datetime64, UTC without zone) and then the columns of a `features.specs.FeatureSet` in order: float64 with NaN
for missing, or text with None for a categorical feature. *Labels* have the same rows and, for every horizon h
in days, `orders_{h}d` and `spend_{h}d` (float64; NaN where `as_of + h` is later than the data that may be seen).
A customer is active at h when `orders_{h}d > 0`; churn is the opposite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

KEYS = ["customer_id", "as_of"]
"""The columns of a frame that are not features."""

LEVEL_PREFIX = "level_"
"""Before `orders_{h}d`: the same label, given also at moments that only the level of the business is watched at."""

Link = Literal["logit", "log", "identity"]


def orders_column(horizon_days: int) -> str:
    """Name of the label and prediction column: orders in the horizon."""
    return f"orders_{horizon_days}d"


def spend_column(horizon_days: int) -> str:
    """Name of the label and prediction column: net spend in the horizon."""
    return f"spend_{horizon_days}d"


def churn_column(horizon_days: int) -> str:
    """Name of the prediction column: probability of no order in the horizon."""
    return f"churn_probability_{horizon_days}d"


def row_sums(values: pd.DataFrame | NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of each row; the same to the last bit for a row alone and among others, which BLAS and views are not."""
    table = values.to_numpy(dtype=np.float64) if isinstance(values, pd.DataFrame) else values
    return np.asarray(np.ascontiguousarray(table).sum(axis=1), dtype=np.float64)


@dataclass(frozen=True)
class Contributions:
    """Additive parts of a prediction on its link scale: ``inverse_link(base + values.sum(axis=1)) == prediction``.

    Attributes
    ----------
    link : str
        `logit` for probabilities, `log` for positive expectations, `identity` for money.
    base : ndarray, shape (n,)
        Same for all rows unless the model says otherwise.
    values : DataFrame, shape (n, k)
        One column per feature, and per step after the trees under the step's own driver code
        (`level`, `calibration`).
    """

    link: Link
    base: NDArray[np.float64]
    values: pd.DataFrame

    def predict(self) -> NDArray[np.float64]:
        """The prediction that the parts add up to, on its natural scale; shape (n,)."""
        total = self.base + row_sums(self.values)
        if self.link == "logit":
            return np.asarray(expit(total), dtype=np.float64)
        if self.link == "log":
            return np.asarray(np.exp(total), dtype=np.float64)
        return np.asarray(total, dtype=np.float64)
