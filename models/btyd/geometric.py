"""BG/NBD and MBG/NBD: a customer may leave after any order (MBG: also after the first).

Sources
-------
Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2): likelihood eq. (6),
conditional expectation eq. (10).
Batislam, Denizel & Filiztekin (2007), IJRM 24(3), and Hoppe & Wagner (2007), "Customer base analysis: the case for a
central variant of the Betageometric/NBD model", Marketing JRM 3(2): the modified model.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln, hyp2f1

from models.btyd._common import Floats, collapse, histories, maximise, number, time_scale

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class BetaGeometric:
    """BG/NBD (`first_order_dropout=False`) or MBG/NBD (`True`).

    While active a customer orders at rate λ ~ Gamma(r, rate alpha); after an order the customer leaves with
    probability p ~ Beta(a, b).

    Attributes
    ----------
    r, alpha, a, b : float
        Parameters; `alpha` in the unit of time that `fit` was given.
    first_order_dropout : bool
        Whether the customer may leave right after the first order (MBG/NBD).
    log_likelihood : float
        Of the data it was fitted on.

    Examples
    --------
    >>> model = BetaGeometric(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> round(float(model.expected_orders(39, [2], [30.43], [38.86])[0]), 3)
    1.226
    """

    r: float
    alpha: float
    a: float
    b: float
    first_order_dropout: bool = False
    log_likelihood: float = float("nan")

    @classmethod
    def fit(
        cls, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, first_order_dropout: bool = False
    ) -> Self:
        """Maximum likelihood; any log gives finite parameters.

        Parameters
        ----------
        frequency, recency, age : array-like, shape (n,)
            Repeat orders, time from first to last order, time from first order to the end of observation.
        first_order_dropout : bool
            Fit the modified model.
        """
        x, tx, total = histories(frequency, recency, age)
        unit = time_scale(total)
        (x, tx, total), counts = collapse(x, tx / unit, total / unit)
        extra = 1.0 if first_order_dropout else 0.0

        def objective(theta: Floats) -> tuple[float, Floats]:
            return _log_likelihood(theta, x, tx, total, counts, extra)

        mean_x = float(np.average(x, weights=counts)) if len(x) else 0.0
        rate = max(mean_x, 0.05)
        starts = [np.log([0.5, 0.5 / rate, 0.8, 2.4]), np.log([2.0, 2.0 / rate, 0.3, 6.0])]
        theta, best = maximise(objective, starts) if len(x) else (starts[0], 0.0)
        r, alpha, a, b = np.exp(theta)
        # The density of x orders at given times has unit time^-x: undo the change of unit.
        shift = float(counts @ x) * np.log(unit)
        return cls(float(r), float(alpha * unit), float(a), float(b), first_order_dropout, best - shift)

    def log_likelihoods(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Log-likelihood per customer, shape (n,); FHL (2005) eq. (6), for MBG with dropout at the first order too."""
        x, tx, total = histories(frequency, recency, age)
        return self._log_parts(x, tx, total)[0]

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Probability that the customer has not left by `age`, shape (n,)."""
        x, tx, total = histories(frequency, recency, age)
        whole, alive = self._log_parts(x, tx, total)
        return np.asarray(np.exp(alive - whole), dtype=np.float64)

    def probability_no_order(self, t: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Probability of no order in (age, age + t], shape (n,).

        No order until `age + t` is the same history seen at a later moment, so it is a ratio of two likelihoods.
        """
        x, tx, total = histories(frequency, recency, age)
        later, now = self._log_parts(x, tx, total + t)[0], self._log_parts(x, tx, total)[0]
        return np.asarray(np.exp(np.minimum(later - now, 0.0)), dtype=np.float64)

    def expected_orders(self, t: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Expected orders in (age, age + t], shape (n,); FHL (2005) eq. (10), equal to the integral of the rate."""
        x, tx, total = histories(frequency, recency, age)
        whole, alive = self._log_parts(x, tx, total)
        m, age_rate = self.r + x, self.alpha + total
        b_now = self.b + x + (1.0 if self.first_order_dropout else 0.0)
        with np.errstate(all="ignore"):
            z = t / (age_rate + t)
            series = hyp2f1(m, b_now, self.a + b_now - 1, z)
            closed = (self.a + b_now - 1) / (self.a - 1) * (1 - np.exp(m * np.log1p(-z)) * series)
        ceiling = m * t / age_rate
        # The closed form loses its digits next to a = 1, for tiny a + b and for short t: integrate the rate there.
        doubtful = ~np.isfinite(closed) | (closed < 0) | (closed > ceiling * (1 + 1e-9)) | (self.a + b_now - 1 < 0.05)
        if abs(self.a - 1) < 1e-3:
            doubtful[:] = True
        doubtful |= z < 1e-3
        if doubtful.any():
            closed[doubtful] = self._integrated(t, m[doubtful], age_rate[doubtful], b_now[doubtful])
        return np.asarray(np.clip(closed, 0.0, ceiling) * np.exp(alive - whole), dtype=np.float64)

    def to_json(self) -> str:
        """State as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        state = json.loads(text)
        r, alpha, a, b = (number(state[name]) for name in ("r", "alpha", "a", "b"))
        return cls(r, alpha, a, b, bool(state["first_order_dropout"]), float(state["log_likelihood"]))

    def _log_parts(self, x: Floats, tx: Floats, total: Floats) -> tuple[Floats, Floats]:
        """Log-likelihood and its part in which the customer is still active."""
        extra = 1.0 if self.first_order_dropout else 0.0
        alive, left = _terms(np.log([self.r, self.alpha, self.a, self.b]), x, tx, total, extra)
        return np.logaddexp(alive, left), alive

    def _integrated(self, t: float, m: Floats, age_rate: Floats, b_now: Floats) -> Floats:
        """∫ E[λ e^{-λpu}] du over (0, t) = ∫ m/A · 2F1(m+1, a; a+b; -u/A) du, in y = log(1 + u/A)."""
        top = np.log1p(t / age_rate)
        y = (top[:, None] / 2) * (_NODES + 1)
        z = -np.expm1(-y)
        with np.errstate(all="ignore"):
            # Pfaff's transformation keeps the argument in (0, 1).
            series = hyp2f1(self.a, self.a + b_now[:, None] - m[:, None] - 1, self.a + b_now[:, None], z)
            rate = m[:, None] * np.exp((1 - self.a) * y) * series
            upper = m[:, None] * np.exp(y)
        rate = np.where(np.isfinite(rate), np.clip(rate, 0.0, upper), upper)
        return np.asarray((rate * _WEIGHTS).sum(axis=1) * top / 2, dtype=np.float64)


def _terms(theta: Floats, x: Floats, tx: Floats, total: Floats, extra: float) -> tuple[Floats, Floats]:
    """Logarithms of the two parts of the likelihood: still active, left right after the last order."""
    r, alpha, a, b = np.exp(theta)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) - gammaln(b) - gammaln(a + b + x + extra)
    alive = common + gammaln(b + x + extra) - (r + x) * np.log(alpha + total)
    with np.errstate(all="ignore"):
        left = common + np.log(a) + gammaln(b + x + extra - 1) - (r + x) * np.log(alpha + tx)
    if extra == 0:
        left = np.where(x > 0, left, -np.inf)
    return alive, left


def _log_likelihood(
    theta: Floats, x: Floats, tx: Floats, total: Floats, counts: Floats, extra: float
) -> tuple[float, Floats]:
    """Weighted log-likelihood and its gradient by the log-parameters."""
    r, alpha, a, b = np.exp(theta)
    alive, left = _terms(theta, x, tx, total, extra)
    whole = np.logaddexp(alive, left)
    share_alive = np.exp(alive - whole)
    share_left = 1 - share_alive
    psi_ab = digamma(a + b) - digamma(a + b + x + extra)
    by_r = digamma(r + x) - digamma(r) + np.log(alpha)
    by_r -= share_alive * np.log(alpha + total) + share_left * np.log(alpha + tx)
    by_alpha = r / alpha - (r + x) * (share_alive / (alpha + total) + share_left / (alpha + tx))
    by_a = psi_ab + share_left / a
    by_b = psi_ab - digamma(b) + share_alive * digamma(b + x + extra)
    can_leave = (x > 0) | (extra > 0)
    by_b += np.where(can_leave, share_left * digamma(np.where(can_leave, b + x + extra - 1, 1.0)), 0.0)
    gradient = np.array([counts @ part for part in (by_r, by_alpha, by_a, by_b)]) * np.array([r, alpha, a, b])
    return float(counts @ whole), gradient
