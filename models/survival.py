"""The curve of not ordering: order constraint, interpolation, continuation and the date of the next order.

The probability of no order until day t is ``S(t) = exp(-H(t))``. The cumulative hazard H is linear between the horizons
(a constant rate inside each). Models go on after their last horizon as `models.continuation` says. A rule, which has
no model of the buying history, goes on as a Weibull curve, ``H(t) = H(h) (t / h)^k``, whose k lies half way between
what the last two horizons say and `DEFAULT_SHAPE`: some have left, so the rate of those who have not come falls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

Floats = NDArray[np.float64]
SHAPE_RANGE = (0.3, 0.9)
DEFAULT_SHAPE = 0.6
MAX_DAYS = 3650
TINY = 1e-9


def ordered(churn: Floats, anchor: int) -> Floats:
    """Probabilities that never rise with the horizon; the anchor column stays as it is.

    Parameters
    ----------
    churn : ndarray, shape (n, h)
        Probability of no order per horizon, ascending.
    anchor : int
        Column that the others give way to: the horizon that is shown and explained.
    """
    result = churn.copy()
    for column in range(anchor - 1, -1, -1):
        result[:, column] = np.maximum(result[:, column], result[:, column + 1])
    for column in range(anchor + 1, churn.shape[1]):
        result[:, column] = np.minimum(result[:, column], result[:, column - 1])
    return result


def tail_shape(horizons: Sequence[int], churn: Floats) -> Floats:
    """Weibull shape after the last horizon, shape (n,)."""
    if len(horizons) < 2:
        return np.full(len(churn), DEFAULT_SHAPE)
    hazard = cumulative_hazard(churn)
    growth = np.log(np.maximum(hazard[:, -1], TINY) / np.maximum(hazard[:, -2], TINY))
    seen = growth / np.log(horizons[-1] / horizons[-2])
    return np.asarray(np.clip((seen + DEFAULT_SHAPE) / 2, *SHAPE_RANGE))


def cumulative_hazard(churn: Floats) -> Floats:
    """``-log S``, kept away from 0 and infinity."""
    return -np.log(np.clip(churn, TINY, 1 - TINY))


def log_odds(probability: Floats) -> Floats:
    """Log-odds, finite for every probability that a model can give."""
    return np.asarray(logit(np.clip(probability, 1e-300, 1 - 1e-16)))


def continued(horizons: Sequence[int], churn: Floats, days: int) -> Floats:
    """Probability of no order until `days`, shape (n,), also between and after the horizons."""
    hazard = cumulative_hazard(churn)
    if days >= horizons[-1]:
        return np.asarray(np.exp(-hazard[:, -1] * (days / horizons[-1]) ** tail_shape(horizons, churn)))
    knots = np.array([0, *horizons], dtype=np.float64)
    left = int(np.searchsorted(knots, days, side="right")) - 1
    full = np.column_stack([np.zeros(len(churn)), hazard])
    share = (days - knots[left]) / (knots[left + 1] - knots[left])
    return np.asarray(np.exp(-(full[:, left] + share * (full[:, left + 1] - full[:, left]))))


def days_until(horizons: Sequence[int], churn: Floats, probability: float | Floats) -> Floats:
    """Days until the next order has come with this probability, one or one per row; shape (n,).

    NaN where that lies more than ten years ahead: not foreseeable.
    """
    target = -np.log(1 - probability)
    knots = np.array([0, *horizons], dtype=np.float64)
    hazard = np.maximum.accumulate(np.column_stack([np.zeros(len(churn)), cumulative_hazard(churn)]), axis=1)
    days = knots[-1] * (target / hazard[:, -1]) ** (1 / tail_shape(horizons, churn))
    for right in range(len(horizons), 0, -1):
        low, high = hazard[:, right - 1], hazard[:, right]
        inside = (high >= target) & (low < target)
        rise = np.where(high > low, high - low, 1.0)
        here = knots[right - 1] + (target - low) / rise * (knots[right] - knots[right - 1])
        days = np.where(inside, here, days)
    return np.where(days <= MAX_DAYS, days, np.nan)
