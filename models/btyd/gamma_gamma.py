"""Gamma-Gamma: the mean value of an order per customer, shrunk towards the company's mean.

Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value": likelihood eq. (1a), expectation eq. (5).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import digamma, gammaln

from configs.errors import DataError
from models.btyd._common import Floats, maximise, number


@dataclass(frozen=True)
class GammaGamma:
    """Order values ~ Gamma(p, rate ν), ν ~ Gamma(q, rate gamma) over customers.

    Attributes
    ----------
    p, q, gamma : float
        Parameters; `gamma` in money. The mean over all customers, p·gamma/(q-1), exists for q > 1 only.
    log_likelihood : float
        Of the data it was fitted on.

    Examples
    --------
    >>> model = GammaGamma(p=6.25, q=3.74, gamma=15.44)
    >>> round(float(model.expected_value([0], [0.0])[0]), 2), round(float(model.expected_value([100], [50.0])[0]), 1)
    (35.22, 49.9)
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float = float("nan")

    @classmethod
    def fit(cls, orders: ArrayLike, mean_value: ArrayLike) -> Self:
        """Maximum likelihood over the customers with a positive mean value; any log gives finite parameters.

        Parameters
        ----------
        orders, mean_value : array-like, shape (n,)
            Number of orders behind the mean, and the mean order value. Customers without an order or with a mean that
            is not positive are passed over: the model has no place for returns.
        """
        x, z = _checked(orders, mean_value)
        kept = (x > 0) & (z > 0)
        x, z = x[kept], z[kept]
        unit = float(np.exp(np.average(np.log(z), weights=x))) if len(z) else 1.0
        if len(z) == 0:
            return cls(1.0, 2.0, 1.0, 0.0)
        z = z / unit

        def objective(theta: Floats) -> tuple[float, Floats]:
            return _log_likelihood(theta, x, z)

        theta, best = maximise(objective, [np.log([3.0, 3.0, 1.0]), np.log([1.0, 10.0, 10.0])])
        p, q, gamma = np.exp(theta)
        return cls(float(p), float(q), float(gamma * unit), best - len(z) * float(np.log(unit)))

    def expected_value(self, orders: ArrayLike, mean_value: ArrayLike) -> Floats:
        """Expected mean order value given `orders` orders of mean `mean_value`, shape (n,).

        A customer without orders, or with a mean that is not positive, gets the company's mean; where q ≤ 1 lets that
        mean grow without limit, q is taken as 1.05.
        """
        x, z = _checked(orders, mean_value)
        x = np.where(z > 0, x, 0.0)
        q = max(self.q, 1.05)
        return np.asarray(self.p * (self.gamma + x * np.where(x > 0, z, 0.0)) / (self.p * x + q - 1), dtype=np.float64)

    def to_json(self) -> str:
        """State as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        state = json.loads(text)
        p, q, gamma = (number(state[name]) for name in ("p", "q", "gamma"))
        return cls(p, q, gamma, float(state["log_likelihood"]))


def _checked(orders: ArrayLike, mean_value: ArrayLike) -> tuple[Floats, Floats]:
    x = np.atleast_1d(np.asarray(orders, dtype=np.float64))
    z = np.atleast_1d(np.asarray(mean_value, dtype=np.float64))
    if x.shape != z.shape or x.ndim != 1:
        raise DataError("spend_shapes_differ", code="btyd_shape", orders=x.shape, mean=z.shape)
    if not np.all(np.isfinite(x) & (x >= 0)) or not np.all(np.isfinite(z) | (x == 0)):
        raise DataError("spend_value_missing", code="btyd_value")
    return x, np.where(np.isfinite(z), z, 0.0)


def _log_likelihood(theta: Floats, x: Floats, z: Floats) -> tuple[float, Floats]:
    """Log-likelihood (Fader & Hardie 2013, eq. 1a) and its gradient by the log-parameters."""
    p, q, gamma = np.exp(theta)
    px, total = p * x, gamma + x * z
    log_total = np.log(total)
    value = (gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma) + (px - 1) * np.log(z) + px * np.log(x)) - (
        px + q
    ) * log_total
    by_p = x * (digamma(px + q) - digamma(px) + np.log(z * x) - log_total)
    by_q = digamma(px + q) - digamma(q) + np.log(gamma) - log_total
    by_gamma = q / gamma - (px + q) / total
    gradient = np.array([by_p.sum() * p, by_q.sum() * q, by_gamma.sum() * gamma])
    return float(value.sum()), gradient
