"""Interval of a zero-inflated amount that covers what it says.

An amount is 0 with the probability of no order q, else a multiple of its conditional mean m. The multiples' quantiles
come from rows that the models have not seen, per level of the probability of being active (regular buyers
spread less). A nominal level is then chosen so that the share of those rows inside their intervals is the level asked
for: split conformal prediction with nested sets (Gupta, Kuchibhotla & Ramdas 2022, section 3). `widened` adds an error
that all customers share, for windows longer than those learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.errors import BundleError

Floats = NDArray[np.float64]
LEVELS = np.concatenate([[0.002, 0.005, 0.01], np.linspace(0.02, 0.98, 49), [0.99, 0.995, 0.998]])
MIN_ACTIVE = 50
PER_BIN = 120
MAX_BINS = 6


@dataclass(frozen=True)
class ZeroInflatedInterval:
    """Quantiles of amount ÷ conditional mean, per centre of P(active), and the nominal level.

    Attributes
    ----------
    centres : ndarray, shape (b,)
        Log-odds of being active, ascending.
    ratios : ndarray, shape (b, len(LEVELS))
        Quantiles at `LEVELS`; linear between centres.
    level : float
        Nominal level that reached the coverage asked for.
    calibrated : bool
        False where there was nothing to learn from: the multiples are then exponential and the level is as asked.
    """

    centres: Floats
    ratios: Floats
    level: float
    calibrated: bool

    def bounds(self, churn: Floats, conditional: Floats) -> tuple[Floats, Floats]:
        """Lower and upper bound, each shape (n,).

        Parameters
        ----------
        churn : ndarray, shape (n,)
            Probability of no order.
        conditional : ndarray, shape (n,)
            Expected amount of an active customer.
        """
        return self._bounds(churn, conditional, self.level)

    def _bounds(self, churn: Floats, conditional: Floats, level: float) -> tuple[Floats, Floats]:
        tail = (1 - level) / 2
        active = np.maximum(1 - churn, 1e-9)
        place = _position(np.log(active) - np.log(np.maximum(churn, 1e-9)), self.centres)
        # Below `tail` zeros fall under the lower bound; above it nothing can, and the upper bound takes all misses.
        lower = np.where(churn < tail, conditional * self._ratio(place, (tail - churn) / active), 0.0)
        top = level + tail * np.clip(1 - churn / tail, 0, 1)
        upper = np.where(churn < top, conditional * self._ratio(place, (top - churn) / active), 0.0)
        value = active * conditional
        return np.minimum(lower, value), np.maximum(upper, value)

    def _ratio(self, place: Floats, level: Floats) -> Floats:
        left = np.minimum(place.astype(np.int64), len(self.centres) - 1)
        right = np.minimum(left + 1, len(self.centres) - 1)
        share = place - left
        column = np.interp(np.clip(level, LEVELS[0], LEVELS[-1]), LEVELS, np.arange(len(LEVELS), dtype=np.float64))
        low = np.minimum(column.astype(np.int64), len(LEVELS) - 2)
        part = column - low
        at_left = self.ratios[left, low] * (1 - part) + self.ratios[left, low + 1] * part
        at_right = self.ratios[right, low] * (1 - part) + self.ratios[right, low + 1] * part
        return np.asarray(at_left * (1 - share) + at_right * share)

    def state(self) -> dict[str, Any]:
        """JSON state."""
        return {
            "centres": self.centres.tolist(),
            "ratios": self.ratios.tolist(),
            "level": self.level,
            "calibrated": self.calibrated,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ZeroInflatedInterval:
        """Read what `state` gave."""
        try:
            centres = np.asarray(state["centres"], dtype=np.float64)
            ratios = np.asarray(state["ratios"], dtype=np.float64)
            level = float(state["level"])
            right = ratios.shape == (len(centres), len(LEVELS)) and len(centres) > 0 and 0 < level < 1
            if not right or not np.isfinite(ratios).all() or not np.isfinite(centres).all():
                raise ValueError
            return cls(centres, ratios, level, bool(state["calibrated"]))
        except (KeyError, TypeError, ValueError):
            raise BundleError("bundle_interval_unreadable") from None


def default_interval(coverage: float) -> ZeroInflatedInterval:
    """Exponential multiples (the spread of a sum that hardly any history pins down), not calibrated."""
    return ZeroInflatedInterval(np.zeros(1), -np.log1p(-LEVELS)[None, :], coverage, False)


def fit_interval(
    churn: Floats, conditional: Floats, amount: Floats, active: NDArray[np.bool_], coverage: float
) -> ZeroInflatedInterval:
    """Learn multiples and level from rows that the models have not seen.

    Parameters
    ----------
    churn, conditional : ndarray, shape (n,)
        Predicted before the outcome; `conditional` matters for active rows only.
    amount : ndarray, shape (n,)
        What came.
    active : ndarray of bool, shape (n,)
        Whether an order came.
    coverage : float
        Share of rows that shall lie inside.
    """
    if int(active.sum()) < MIN_ACTIVE:
        return default_interval(coverage)
    odds = np.log(np.maximum(1 - churn, 1e-9)) - np.log(np.maximum(churn, 1e-9))
    multiples = amount[active] / np.maximum(conditional[active], 1e-9)
    bins = int(np.clip(active.sum() // PER_BIN, 1, MAX_BINS))
    edges = np.quantile(odds[active], np.linspace(0, 1, bins + 1)[1:-1])
    which = np.searchsorted(edges, odds[active], side="right")
    filled = [b for b in range(bins) if (which == b).any()]
    centres = np.array([np.median(odds[active][which == b]) for b in filled])
    ratios = np.array([np.quantile(multiples[which == b], LEVELS) for b in filled])
    shape = ZeroInflatedInterval(centres, ratios, coverage, True)

    def covered(level: float) -> float:
        low, high = shape._bounds(churn, conditional, level)
        return float(((amount >= low) & (amount <= high)).mean())

    wanted = min(1.0, coverage * (1 + 1 / len(amount)))
    low, high = 0.05, 0.999
    for _ in range(40):
        middle = (low + high) / 2
        if covered(middle) < wanted:
            low = middle
        else:
            high = middle
    return ZeroInflatedInterval(centres, ratios, high, True)


def widened(interval: ZeroInflatedInterval, sd: float) -> ZeroInflatedInterval:
    """The same interval for multiples that are all multiplied by one unknown exp(N(0, sd²)).

    The quantiles are those of the mixture over nine Gauss-Hermite nodes; level and centres stay.
    """
    if sd <= 0:
        return interval
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    edges = np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])
    mass = (np.diff(edges)[:, None] * (weights / weights.sum())).ravel()
    ratios = np.empty_like(interval.ratios)
    for row, quantiles in enumerate(interval.ratios):
        values = (quantiles[:, None] * np.exp(sd * nodes)).ravel()
        order = np.argsort(values, kind="stable")
        below = np.cumsum(mass[order]) - mass[order] / 2
        ratios[row] = np.interp(LEVELS, below, values[order])
    return replace(interval, ratios=ratios)


def _position(values: Floats, centres: Floats) -> Floats:
    return np.interp(values, centres, np.arange(len(centres), dtype=np.float64))
