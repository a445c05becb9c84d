"""Arithmetic of explanations: sums, repairs and functions of additive parts, which stay exactly additive."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import Contributions, row_sums

Floats = NDArray[np.float64]


def adjusted(parts: Contributions, raw: Floats, driver: str = "calibration") -> Contributions:
    """The same parts with one step that leads to `raw`, shape (n,), on the link scale."""
    difference = raw - parts.base - row_sums(parts.values)
    values = parts.values.copy()
    values[driver] = values[driver] + difference if driver in values else difference
    return Contributions(parts.link, parts.base, values)


def log_active(churn: Contributions) -> Contributions:
    """Parts of log P(active) from the parts of the log-odds of churn."""
    return _rescaled(Contributions("logit", -churn.base, -churn.values), _log_sigmoid)


def log_orders(further: Contributions) -> Contributions:
    """Parts of log(1 + further orders) from the parts of the log of further orders."""
    return _rescaled(further, _softplus)


def _rescaled(parts: Contributions, function: Callable[[Floats], Floats]) -> Contributions:
    """Parts of a function of the sum: each scaled by the same factor (rescale rule; Shrikumar et al. 2017)."""
    values = parts.values.to_numpy(dtype=np.float64)
    change = row_sums(values)
    start = function(parts.base)
    moved = np.abs(change) > 1e-9
    change = np.where(moved, change, 1e-6)
    slope = (function(parts.base + change) - start) / change
    frame = pd.DataFrame(values * slope[:, None], index=parts.values.index, columns=parts.values.columns)
    return Contributions("log", start, frame)


def added(first: Contributions, second: Contributions) -> Contributions:
    """The sum of two sets of parts on the same link scale; columns of both are kept in order."""
    columns = list(dict.fromkeys([*first.values.columns, *second.values.columns]))
    values = first.values.reindex(columns=columns, fill_value=0.0) + second.values.reindex(
        columns=columns, fill_value=0.0
    )
    return Contributions(second.link, first.base + second.base, values)


def _log_sigmoid(x: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0, -x))


def _softplus(x: Floats) -> Floats:
    return np.asarray(np.logaddexp(0, x))
