"""Quintiles of recency, frequency and monetary value (RFM), as marketing knows them: 5 is the best fifth.

Source: A. M. Hughes, *Strategic Database Marketing*, 1994. The limits are those of the company's customers at the last
training, so a customer scored alone gets the quintile of the company's run.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from retention.profile.attributes import Floats, number
from retention.profile.dimensions import SMALLEST_COMPANY

Limits = list[float | None]

PARTS = {
    "recency_quintile": ("days_since_last_order", -1.0),
    "frequency_quintile": ("orders_ever", 1.0),
    "monetary_quintile": ("spend_ever", 1.0),
}
"""Column → feature, and the sign that makes more the better.

Frequency and spend are taken over the whole history: over the last year they would say again what recency says, and
the good customer who has left could not be told from one who was never good.
"""


def quintile_limits(values: Floats) -> Limits:
    """Smallest values of the second to the fifth quintile; None where no value reaches it.

    Quintiles are those of `pandas.qcut` over ranks; equal values share the lowest of theirs.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite, more is better.

    Examples
    --------
    >>> quintile_limits(np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    [3.0, 5.0, 7.0, 9.0]
    >>> quintile_limits(np.array([1.0, 1, 1, 1, 1, 1, 2, 2, 3, 3]))
    [2.0, 2.0, 2.0, 3.0]
    """
    distinct, below = np.unique(np.sort(values), return_index=True)
    reached = [distinct[5 * below > place * (len(values) - 1)] for place in (1, 2, 3, 4)]
    return [float(own[0]) if len(own) else None for own in reached]


def fit_quintiles(frame: pd.DataFrame) -> dict[str, Limits]:
    """Limits per column of `PARTS` among customers with an order; none where fewer than ten of them are known."""
    found: dict[str, Limits] = {}
    for name in PARTS:
        values = _values(frame, name)
        values = values[np.isfinite(values)]
        if len(values) >= SMALLEST_COMPANY:
            found[name] = quintile_limits(values)
    return found


def quintiles(frame: pd.DataFrame, limits: Mapping[str, Limits]) -> pd.DataFrame:
    """Quintile 1–5 of every customer and column of `PARTS`; NaN without an order, a value or limits; n rows."""
    columns: dict[str, Floats] = {}
    for name in PARTS:
        values = _values(frame, name)
        place = np.full(len(frame), 1.0 if name in limits else np.nan)
        for limit in limits.get(name, []):
            place += values >= (np.inf if limit is None else limit)
        columns[name] = np.where(np.isfinite(values), place, np.nan)
    return pd.DataFrame(columns)


def _values(frame: pd.DataFrame, name: str) -> Floats:
    feature, sign = PARTS[name]
    return np.where(number(frame, "orders_ever") > 0, sign * number(frame, feature), np.nan)
