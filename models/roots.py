"""Where a rising function crosses zero."""

from __future__ import annotations

from collections.abc import Callable

EXACT = 1e-14
"""Absolute tolerance: far below what any figure shows, so that the method leaves no trace in it."""


def root_within(function: Callable[[float], float], low: float, high: float) -> float:
    """Root of a rising function between two ends, the nearer end where it lies beyond (Brent 1973, `scipy.optimize`).

    Examples
    --------
    >>> root_within(lambda x: x - 0.25, -1.0, 1.0)
    0.25
    >>> root_within(lambda x: x - 7.0, -1.0, 1.0)
    1.0
    """
    from scipy.optimize import brentq

    if function(low) >= 0:
        return low
    if function(high) <= 0:
        return high
    return float(brentq(function, low, high, xtol=EXACT))
