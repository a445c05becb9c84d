"""What the buy-till-you-die models share: checking the input, collapsing equal rows, maximising a likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from configs.errors import DataError

Floats = NDArray[np.float64]
Objective = Callable[[Floats], tuple[float, Floats]]

LOW, HIGH = np.log(1e-4), np.log(1e4)
"""Box of every parameter's logarithm, in units of the mean age: a log without any repeat order ends at its edge."""

PRIOR = 1e-4
"""Strength of the pull of log-parameters towards zero: decides where the data say nothing, invisible elsewhere."""


def histories(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Check and clean the three columns; shape (n,) each.

    Raises
    ------
    DataError
        Lengths differ, a value is missing, negative or not finite.
    """
    x, tx, total = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (frequency, recency, age))
    if not x.shape == tx.shape == total.shape or x.ndim != 1:
        raise DataError("btyd_shapes_differ", code="btyd_shape", frequency=x.shape, recency=tx.shape, age=total.shape)
    for name, values in (("frequency", x), ("recency", tx), ("age", total)):
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise DataError("btyd_value_impossible", code="btyd_value", name=name, row=place, value=values[place])
    late = tx > total * (1 + 1e-9) + 1e-9
    if late.any():
        place = int(np.flatnonzero(late)[0])
        raise DataError("btyd_recency_after_age", code="btyd_value", row=place, recency=tx[place], age=total[place])
    total = np.maximum(total, tx)
    return x, np.where(x > 0, tx, 0.0), total


def collapse(*columns: Floats) -> tuple[list[Floats], Floats]:
    """Distinct rows and how often each occurs: large logs hold few distinct histories per day."""
    distinct, counts = np.unique(np.column_stack(columns), axis=0, return_counts=True)
    return [np.ascontiguousarray(distinct[:, place]) for place in range(distinct.shape[1])], counts.astype(np.float64)


def maximise(log_likelihood: Objective, starts: Sequence[Floats]) -> tuple[Floats, float]:
    """Best log-parameters over several starts inside the box, with a weak prior; never raises.

    Parameters
    ----------
    log_likelihood : callable
        Log-parameters to (value, gradient).
    starts : sequence of ndarray
        Log-parameters to start from; a start whose value is not finite is passed over.

    Returns
    -------
    tuple
        Log-parameters and the log-likelihood there (without the prior).
    """
    from scipy.optimize import minimize

    def objective(theta: Floats) -> tuple[float, Floats]:
        with np.errstate(all="ignore"):
            value, gradient = log_likelihood(theta)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            return 1e15, np.zeros_like(theta)
        return -value + PRIOR * float(theta @ theta), -gradient + 2 * PRIOR * theta

    best, lowest = np.asarray(starts[0], dtype=np.float64), np.inf
    for start in starts:
        point = np.clip(np.asarray(start, dtype=np.float64), LOW, HIGH)
        if objective(point)[0] >= 1e15:
            continue
        optimum = minimize(
            objective,
            point,
            jac=True,
            method="L-BFGS-B",
            bounds=[(LOW, HIGH)] * len(point),
            options={"maxiter": 500, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-6},
        )
        if optimum.fun < lowest - 1e-6:
            best, lowest = np.asarray(optimum.x, dtype=np.float64), float(optimum.fun)
    if not np.isfinite(lowest):
        return best, float("-inf")
    return best, PRIOR * float(best @ best) - lowest


def time_scale(age: Floats) -> float:
    """The unit that the search runs in: the mean age, so that starts and box fit days and years alike."""
    mean = float(age.mean()) if len(age) else 0.0
    return mean if mean > 0 else 1.0


def number(value: Any) -> float:
    """A finite float from JSON state."""
    result = float(value)
    if not np.isfinite(result):
        raise DataError("btyd_parameter_impossible", code="btyd_state", value=value)
    return result
