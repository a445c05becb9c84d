"""Timing by the customer's own rhythm: when inside a horizon the next order comes.

The models say how likely an order is until each horizon; a renewal process says how that chance is spread over the
days. A customer's gaps are Gamma distributed with the own mean and the own regularity (squared deviation by mean,
``1 / shape``). Both are drawn towards the population's, the mean by an empirical Bayes estimate of a normal mean
(Efron & Morris 1973) in logarithms, the regularity as the variance of a normal sample under its conjugate prior
(Gelman et al. 2013, Bayesian Data Analysis, section 2.6). Beside it stands a process whose rhythm is broken: Lomax
gaps of the same mean, whose rate falls as the silence lasts. With G and B the chances to be silent for longer than x
in either, s the silence so far and w the weight of the rhythm:

    R(t) = 1 - (w G(s + t) + (1 - w) B(s + t)) / (w G(s) + (1 - w) B(s))

so a rhythm is believed for as long as the silence agrees with it. Between two horizons a < b with a model

    F(t) = F(a) + (F(b) - F(a)) (R(t) - R(a)) / (R(b) - R(a)),

which never falls and leaves what the models say at their horizons as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from models.encoding import Encoded

Floats = NDArray[np.float64]
MAX_CUSTOMERS = 4_000
"""Customers that the population's rhythm is learned from."""
KEEPS_RHYTHM = 0.95
"""Weight of the own rhythm before the silence has been looked at."""
BROKEN_SHAPE = 3.0
"""Shape of the Lomax gaps of a broken rhythm."""
LEAST_DEVIATION_DAYS = 0.8
"""A calendar month has 28 to 31 days, a week day moves for a holiday: no rhythm is kept closer than that."""
SHAPES = (0.25, 5_000.0)
WEIGHTS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
STEPS = 11
"""Halvings when a date is looked for, before a straight line; a horizon of a year is cut into pieces of four hours."""


@dataclass(frozen=True)
class Renewal:
    """The population's rhythm: what a customer's own is drawn towards.

    Attributes
    ----------
    gap : float
        Typical mean gap between order days.
    spread : float
        Variance of the logarithm of customers' mean gaps.
    irregularity : float
        Typical squared deviation of a customer's gaps ÷ their squared mean: 1 for Poisson buyers, near 0 for bills.
    weight : float
        How many gaps of the customer's own the typical irregularity is worth.
    """

    gap: float
    spread: float
    irregularity: float
    weight: float

    @classmethod
    def fit(cls, encoded: Encoded) -> Self | None:
        """From the customers at the newest cut-off; None where the features tell of no gap."""
        if encoded.column("mean_gap_days") is None or encoded.column("days_since_last_order") is None:
            return None
        rows = np.arange(len(encoded))
        if encoded.as_of is not None and len(encoded):
            rows = np.flatnonzero(encoded.as_of == encoded.as_of.max())
        gaps, mean, irregularity = _own(encoded.rows(rows))
        several = np.flatnonzero(gaps > 0)
        if len(several) == 0:
            return None
        several = several[np.unique(np.linspace(0, len(several) - 1, min(MAX_CUSTOMERS, len(several))).astype(int))]
        gaps, mean, irregularity = gaps[several], mean[several], irregularity[several]
        typical, weight = _typical_irregularity(gaps, irregularity)
        filled = np.where(np.isnan(irregularity), typical, irregularity)
        noise = _drawn(filled, np.where(np.isnan(irregularity), 0.0, gaps - 1), typical, weight) / gaps
        logs = np.log(mean)
        spread = float(np.clip(np.var(logs) - np.mean(noise), 0.0005, 9.0))
        centre = float(np.average(logs, weights=1 / (noise + spread)))
        return cls(float(np.exp(centre)), spread, typical, weight)

    def ahead(self, encoded: Encoded) -> Ahead | None:
        """The days ahead of each customer; None where the features tell of no gap."""
        silence = encoded.column("days_since_last_order")
        if silence is None or encoded.column("mean_gap_days") is None:
            return None
        gaps, mean, irregularity = _own(encoded)
        known = np.where(np.isnan(irregularity), 0.0, np.maximum(gaps - 1, 0.0))
        squared = _drawn(np.nan_to_num(irregularity), known, self.irregularity, self.weight)
        precision = gaps / squared
        logs = np.log(np.where(gaps > 0, mean, self.gap))
        posterior = precision + 1 / self.spread
        gap = np.exp((precision * logs + np.log(self.gap) / self.spread) / posterior)
        # What is not known of the mean widens the next gap as well.
        squared = np.maximum(squared + 1 / posterior, (LEAST_DEVIATION_DAYS / gap) ** 2)
        return Ahead.of(gap, np.clip(1 / squared, *SHAPES), np.maximum(np.nan_to_num(silence), 0.0))

    def state(self) -> dict[str, Any]:
        """JSON state."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read what `state` gave; raises ValueError where it is not one."""
        values = [float(state[name]) for name in ("gap", "spread", "irregularity", "weight")]
        if not np.isfinite(values).all() or min(values) <= 0:
            raise ValueError("not the state of a rhythm")
        return cls(*values)


@dataclass(frozen=True)
class Ahead:
    """How the next order is spread over the days ahead, given that it comes; shape (n,) each.

    Attributes
    ----------
    gap : ndarray
        Mean gap, in days.
    shape : ndarray
        Regularity: shape of the Gamma distribution of gaps.
    silence : ndarray
        Days since the last order.
    rhythm : ndarray
        Weight of the own rhythm after this silence.
    start : ndarray
        Chance to be silent for longer than `silence` in the own rhythm.
    """

    gap: Floats
    shape: Floats
    silence: Floats
    rhythm: Floats
    start: Floats

    @classmethod
    def of(cls, gap: Floats, shape: Floats, silence: Floats) -> Self:
        """From gap, regularity and silence."""
        start = gammaincc(shape, shape * silence / gap)
        broken = (1 + silence / ((BROKEN_SHAPE - 1) * gap)) ** -BROKEN_SHAPE
        kept = KEEPS_RHYTHM * start
        return cls(gap, shape, silence, kept / (kept + (1 - KEEPS_RHYTHM) * broken), start)

    def silent(self, days: Floats | float) -> Floats:
        """Chance of no order for `days` more, ``1 - R``; of one number or one per row, shape (n,)."""
        later = self.silence + days
        in_rhythm = gammaincc(self.shape, self.shape * later / self.gap) / np.maximum(self.start, 1e-300)
        scale = (BROKEN_SHAPE - 1) * self.gap
        broken = ((scale + self.silence) / (scale + later)) ** BROKEN_SHAPE
        return np.asarray(self.rhythm * in_rhythm + (1 - self.rhythm) * broken)

    @property
    def stayed(self) -> Floats:
        """Chance to be silent for as long as it has been, of who has not left."""
        broken = (1 + self.silence / ((BROKEN_SHAPE - 1) * self.gap)) ** -BROKEN_SHAPE
        return np.asarray(KEEPS_RHYTHM * self.start + (1 - KEEPS_RHYTHM) * broken)

    def rows(self, which: NDArray[np.intp]) -> Ahead:
        """The rows at these positions."""
        return Ahead(self.gap[which], self.shape[which], self.silence[which], self.rhythm[which], self.start[which])

    def between(self, first: float, last: float, days: Floats | float) -> Floats:
        """Share of the chance of an order between two days that has come by `days`, shape (n,); 0 to 1."""
        return _share(self.silent(first), self.silent(last), self.silent(days))

    def inside(self, horizons: Sequence[int], churn: Floats, days: float) -> Floats:
        """Probability of no order until `days`, not after the last horizon, from that at the horizons; shape (n,)."""
        knots = np.array([0, *horizons], dtype=np.float64)
        path = np.column_stack([np.ones(len(churn)), churn])
        left = int(np.clip(np.searchsorted(knots, days, side="right") - 1, 0, len(horizons) - 1))
        share = self.between(knots[left], knots[left + 1], days)
        return np.asarray(path[:, left] - (path[:, left] - path[:, left + 1]) * share)

    def days_until(self, horizons: Sequence[int], churn: Floats, probability: Floats) -> Floats:
        """Days until the next order has come with this probability, shape (n,); NaN where the curve does not get there.

        Parameters
        ----------
        horizons : sequence of int
        churn : ndarray, shape (n, h)
            Probability of no order per horizon, never rising along a row.
        probability : ndarray, shape (n,)
        """
        knots = np.array([0, *horizons], dtype=np.float64)
        path = 1 - np.column_stack([np.ones(len(churn)), churn])
        right = np.clip((path < probability[:, None]).sum(axis=1), 1, len(horizons))
        rows = np.arange(len(churn))
        low, high = path[rows, right - 1], path[rows, right]
        wanted = np.clip((probability - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
        start, end = knots[right - 1].copy(), knots[right].copy()
        first, last = self.silent(start), self.silent(end)
        before, after = np.zeros(len(churn)), np.ones(len(churn))
        for _ in range(STEPS):
            middle = (start + end) / 2
            share = _share(first, last, self.silent(middle))
            early = share < wanted
            start, end = np.where(early, middle, start), np.where(early, end, middle)
            before, after = np.where(early, share, before), np.where(early, after, share)
        rise = np.where(after > before, after - before, 1.0)
        days = start + np.clip((wanted - before) / rise, 0.0, 1.0) * (end - start)
        reached = path[:, -1] >= probability * (1 - 1e-12)
        return np.where(reached & (probability > 0), days, np.nan)


def _share(first: Floats, last: Floats, now: Floats) -> Floats:
    width = first - last
    return np.asarray(np.where(width > 0, np.clip((first - now) / np.where(width > 0, width, 1.0), 0.0, 1.0), 1.0))


def _own(encoded: Encoded) -> tuple[Floats, Floats, Floats]:
    """Number of gaps, their mean, and their squared deviation by mean (NaN below two gaps); shape (n,) each."""
    mean = encoded.column("mean_gap_days")
    days = encoded.column("order_days_ever")
    days = encoded.column("orders_ever") if days is None else days
    nothing = np.full(len(encoded), np.nan)
    mean = nothing if mean is None else mean
    known = np.isfinite(mean) & (mean > 0)
    count = np.where(known, 1.0 if days is None else np.maximum(np.nan_to_num(days) - 1, 1.0), 0.0)
    mean = np.where(known, mean, np.nan)
    deviation = encoded.column("gap_cv")
    squared = nothing if deviation is None else np.where(known & (count > 1), deviation**2, np.nan)
    # Gaps are whole days, so equal ones say no more than that they differ by less than half a day.
    return count, mean, np.maximum(squared, (0.5 / mean) ** 2)


def _drawn(observed: Floats, known: Floats, typical: float, weight: float) -> Floats:
    return np.asarray((weight * typical + known * observed) / (weight + known))


def _typical_irregularity(gaps: Floats, irregularity: Floats) -> tuple[float, float]:
    """The irregularity in the middle and its weight, by likelihood: observed ÷ typical is F distributed."""
    from scipy.stats import f as f_distribution  # takes half a second to import, and only fitting needs it

    known = np.flatnonzero(np.isfinite(irregularity))
    if len(known) < 2:
        return 1.0, WEIGHTS[-1]
    observed, degrees = irregularity[known], gaps[known] - 1
    best, likeliest = -np.inf, (1.0, WEIGHTS[-1])
    centre = float(np.average(np.log(observed), weights=degrees))
    for weight in WEIGHTS:
        for typical in np.exp(centre + np.linspace(-1.5, 1.5, 13)):
            value = float((f_distribution.logpdf(observed / typical, degrees, weight) - np.log(typical)).sum())
            if value > best:
                best, likeliest = value, (float(typical), weight)
    return likeliest
