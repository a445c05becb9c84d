"""Pareto/NBD: a customer leaves at any moment, at a rate of their own.

Sources
-------
Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?",
Management Science 33(1).
Fader & Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related Expressions": likelihood eq. (18)-(22),
P(alive) eq. (26), conditional expectation eq. (41).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from models.btyd._common import Floats, collapse, histories, maximise, number, time_scale

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_NEGLIGIBLE = 40.0


@dataclass(frozen=True)
class ParetoNBD:
    """Orders at rate λ ~ Gamma(r, rate alpha) until a departure at rate μ ~ Gamma(s, rate beta).

    Attributes
    ----------
    r, alpha, s, beta : float
        Parameters; `alpha` and `beta` in the unit of time that `fit` was given.
    log_likelihood : float
        Of the data it was fitted on.

    Examples
    --------
    >>> model = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> float(model.probability_alive([0], [0.0], [38.86])[0]) < float(model.probability_alive([2], [38], [38.86])[0])
    True
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float = float("nan")

    @classmethod
    def fit(cls, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Self:
        """Maximum likelihood with an exact gradient; any log gives finite parameters.

        Parameters
        ----------
        frequency, recency, age : array-like, shape (n,)
            Repeat orders, time from first to last order, time from first order to the end of observation.
        """
        x, tx, total = histories(frequency, recency, age)
        unit = time_scale(total)
        (x, tx, total), counts = collapse(x, tx / unit, total / unit)

        def objective(theta: Floats) -> tuple[float, Floats]:
            return _log_likelihood(theta, x, tx, total, counts)

        mean_x = float(np.average(x, weights=counts)) if len(x) else 0.0
        rate = max(mean_x, 0.05)
        starts = [np.log([0.6, 0.6 / rate, 0.6, 0.6])]
        theta, best = maximise(objective, starts) if len(x) else (starts[0], 0.0)
        if len(x) and theta.max() > 6.9:  # ran away along the ridge: see whether another valley is deeper
            theta, best = maximise(objective, [theta, np.log([1.5, 1.5 / rate, 0.3, 2.0])])
        r, alpha, s, beta = np.exp(theta)
        shift = float(counts @ x) * np.log(unit)
        return cls(float(r), float(alpha * unit), float(s), float(beta * unit), best - shift)

    def log_likelihoods(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Log-likelihood per customer, shape (n,)."""
        x, tx, total = histories(frequency, recency, age)
        return self._log_parts(x, tx, total)[0]

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Probability that the customer has not left by `age`, shape (n,)."""
        x, tx, total = histories(frequency, recency, age)
        whole, alive = self._log_parts(x, tx, total)
        return np.asarray(np.exp(alive - whole), dtype=np.float64)

    def probability_no_order(self, t: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Probability of no order in (age, age + t], shape (n,): the likelihood at `age + t` over that at `age`."""
        x, tx, total = histories(frequency, recency, age)
        later, now = self._log_parts(x, tx, total + t)[0], self._log_parts(x, tx, total)[0]
        return np.asarray(np.exp(np.minimum(later - now, 0.0)), dtype=np.float64)

    def expected_orders(self, t: float, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
        """Expected orders in (age, age + t], shape (n,); Fader & Hardie (2005) eq. (41)."""
        alive = self.probability_alive(frequency, recency, age)
        return np.asarray(alive * self.expected_orders_if_alive(t, frequency, age), dtype=np.float64)

    def expected_orders_if_alive(self, t: float, frequency: ArrayLike, age: ArrayLike) -> Floats:
        """The same for a customer who has not left by `age`, shape (n,)."""
        x, total = (np.asarray(values, dtype=np.float64) for values in (frequency, age))
        growth = np.log1p(t / (self.beta + total))
        power = (1 - self.s) * growth
        # (1 - ((β+T)/(β+T+t))^(s-1)) / (s-1), which is the logarithm of the ratio at s = 1.
        lasting = growth * np.where(np.abs(power) < 1e-8, 1.0, np.expm1(power) / np.where(power == 0, 1.0, power))
        return np.asarray((self.r + x) * (self.beta + total) / (self.alpha + total) * lasting, dtype=np.float64)

    def to_json(self) -> str:
        """State as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        state = json.loads(text)
        r, alpha, s, beta = (number(state[name]) for name in ("r", "alpha", "s", "beta"))
        return cls(r, alpha, s, beta, float(state["log_likelihood"]))

    def _log_parts(self, x: Floats, tx: Floats, total: Floats) -> tuple[Floats, Floats]:
        theta = np.log([self.r, self.alpha, self.s, self.beta])
        alive, left, _ = _terms(theta, x, tx, total, gradient=False)
        return np.logaddexp(alive, left), alive


def _terms(
    theta: Floats, x: Floats, tx: Floats, total: Floats, *, gradient: bool
) -> tuple[Floats, Floats, tuple[Floats, ...]]:
    """Logarithms of the likelihood's two parts, and the means that the gradient needs.

    Alive: (α+T)^-(r+x) (β+T)^-s. Left: s ∫ (α+τ)^-(r+x) (β+τ)^-(s+1) dτ over the moment of leaving τ in (tx, T); the
    integral is the difference of two hypergeometric functions in Fader & Hardie (2005), here by Gauss-Legendre in
    v = log((c+τ)/(c+tx)), c the smaller of α and β, which has no cancellation and gives exact derivatives.
    """
    r, alpha, s, beta = np.exp(theta)
    constant = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    alive = constant - (r + x) * np.log(alpha + total) - s * np.log(beta + total)
    near = min(alpha, beta)
    start = near + tx
    span = np.log((near + total) / start)
    # Beyond this span the integrand has fallen below e^-40 of its start.
    span = np.minimum(span, _NEGLIGIBLE / np.maximum(r + x - 1, 1e-9) if alpha <= beta else _NEGLIGIBLE / s)
    v = span[:, None] * _NODES
    later = start[:, None] * np.expm1(v) + tx[:, None]
    log_alpha, log_beta = np.log(alpha + later), np.log(beta + later)
    log_f = v - (r + x)[:, None] * log_alpha - (s + 1) * log_beta
    top = log_f.max(axis=1)
    weight = np.exp(log_f - top[:, None]) * _WEIGHTS
    total_weight = weight.sum(axis=1)
    with np.errstate(divide="ignore"):
        left = constant + np.log(s) + np.log(start) + top + np.log(total_weight * span)
    if not gradient:
        return alive, left, ()
    weight /= total_weight[:, None]
    mean_log_alpha = np.einsum("ij,ij->i", weight, log_alpha)
    mean_inverse_alpha = np.einsum("ij,ij->i", weight, np.exp(-log_alpha))
    mean_log_beta = np.einsum("ij,ij->i", weight, log_beta)
    mean_inverse_beta = np.einsum("ij,ij->i", weight, np.exp(-log_beta))
    return alive, left, (mean_log_alpha, mean_inverse_alpha, mean_log_beta, mean_inverse_beta)


def _log_likelihood(theta: Floats, x: Floats, tx: Floats, total: Floats, counts: Floats) -> tuple[float, Floats]:
    """Weighted log-likelihood and its gradient by the log-parameters."""
    r, alpha, s, beta = np.exp(theta)
    alive, left, means = _terms(theta, x, tx, total, gradient=True)
    log_alpha, inverse_alpha, log_beta, inverse_beta = means
    whole = np.logaddexp(alive, left)
    share = np.exp(alive - whole)
    gone = 1 - share
    by_r = digamma(r + x) - digamma(r) + np.log(alpha) - share * np.log(alpha + total) - gone * log_alpha
    by_alpha = r / alpha - (r + x) * (share / (alpha + total) + gone * inverse_alpha)
    by_s = np.log(beta) - share * np.log(beta + total) + gone * (1 / s - log_beta)
    by_beta = s / beta - share * s / (beta + total) - gone * (s + 1) * inverse_beta
    gradient = np.array([counts @ part for part in (by_r, by_alpha, by_s, by_beta)]) * np.array([r, alpha, s, beta])
    return float(counts @ whole), gradient
