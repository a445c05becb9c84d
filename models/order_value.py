"""The value of an order as Gamma-Gamma expects it from a customer's own orders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.btyd import GammaGamma
from models.contract import Contributions
from models.encoding import Encoded
from models.order_bound import bound_state, bounded_spend, read_bound

Floats = NDArray[np.float64]
MAX_CUSTOMERS = 10_000
"""Customers that three parameters are fitted on."""


@dataclass(frozen=True)
class OrderValue:
    """Gamma-Gamma (Fader & Hardie 2013) on orders and net spend so far.

    Attributes
    ----------
    model : GammaGamma
    order_bound : float
        Largest amount of one order that counts, for everybody and for the customer's own figure.
    """

    model: GammaGamma
    order_bound: float = float("inf")

    @classmethod
    def fit(cls, encoded: Encoded, order_bound: float = float("inf")) -> Self | None:
        """From the customers at the newest cut-off; None where the features do not tell orders and spend."""
        history = _history(encoded, order_bound)
        if history is None:
            return None
        rows = np.arange(len(encoded))
        if encoded.as_of is not None:
            rows = np.flatnonzero(encoded.as_of == encoded.as_of.max())
        chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(MAX_CUSTOMERS, len(rows))).astype(int))]
        return cls(GammaGamma.fit(history[0][chosen], history[1][chosen]), order_bound)

    def log_value(self, encoded: Encoded) -> Floats:
        """Log of the expected value of an order, shape (n,)."""
        history = _history(encoded, self.order_bound)
        if history is None:
            return np.full(len(encoded), self._typical())
        return np.asarray(np.log(np.maximum(self.model.expected_value(*history), 1e-9)))

    def contributions(self, encoded: Encoded) -> Contributions:
        """The same as the company's mean and what the customer's own orders add, under the driver `monetary`."""
        base = np.full(len(encoded), self._typical())
        values = pd.DataFrame({"monetary": self.log_value(encoded) - base}, index=encoded.index)
        return Contributions("log", base, values)

    def state(self) -> dict[str, Any]:
        """JSON state."""
        return asdict(self.model) | {"log_likelihood": 0.0, "order_bound": bound_state(self.order_bound)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> OrderValue:
        """Read what `state` gave; raises ValueError where it is not one."""
        model = GammaGamma.from_json(json.dumps(state))
        if min(model.p, model.q, model.gamma) <= 0:
            raise ValueError("not the state of an order value")
        return cls(model, read_bound(state["order_bound"]))

    def _typical(self) -> float:
        return float(np.log(np.maximum(self.model.expected_value([0.0], [0.0])[0], 1e-9)))


def _history(encoded: Encoded, order_bound: float) -> tuple[Floats, Floats] | None:
    """Orders and mean order value per row; None where the features do not tell."""
    orders, spend = encoded.column("orders_ever"), bounded_spend(encoded, order_bound)
    if orders is None or spend is None:
        return None
    count = np.maximum(np.nan_to_num(orders), 0.0)
    return count, spend / np.maximum(count, 1.0)
