"""Pareto/NBD as a part of the activity model: its parameters per fit and its log-odds as a step on the link scale.

One parameter set is learned from the buying histories at the newest cut-off and serves every cut-off: fitted anew at
each, the parameters move with the depth of the log, and the boosted trees would learn that movement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from models.btyd import ParetoNBD
from models.calibration import STEP_KINDS
from models.encoding import Encoded

Floats = NDArray[np.float64]
MAX_CUSTOMERS = 10_000
"""Customers that four parameters are fitted on; more change them by less than their standard error."""
CHUNK = 16_000
"""Rows at a time: the integral needs dozens of numbers per row, and small tables are several times faster."""
EDGE = 13.0
"""Largest log-odds: beyond, a probability says nothing more."""


def _input_names(encoded: Encoded) -> tuple[str, str, str] | None:
    """Names of the features of purchases, days since the last and days since the first order; None if one is absent."""
    purchases = "order_days_ever" if "order_days_ever" in encoded.names else "orders_ever"
    names = (purchases, "days_since_last_order", "days_since_first_order")
    return names if set(names) <= set(encoded.names) else None


def _inputs(encoded: Encoded, names: tuple[str, str, str]) -> tuple[Floats, Floats, Floats]:
    """The three inputs without gaps, shape (n,) each; a row without them counts as one order of today."""
    purchases, last, first = (
        np.maximum(np.nan_to_num(encoded.values[:, encoded.names.index(name)], posinf=0.0, neginf=0.0), 0.0)
        for name in names
    )
    return purchases, last, first


def histories(purchases: Floats, last: Floats, first: Floats) -> tuple[Floats, Floats, Floats]:
    """Repeat purchases, recency and age from purchases and days since the last and the first order."""
    repeats = np.maximum(purchases - 1, 0.0)
    return repeats, np.where(repeats > 0, first - np.minimum(last, first), 0.0), first


def buying_history(encoded: Encoded) -> tuple[Floats, Floats, Floats] | None:
    """Repeat purchases, recency and age in days, shape (n,) each; None where the features do not tell.

    Purchases are days with an order where the frame counts them, else orders. Recency is the time from the first to the
    last order, as Pareto/NBD takes it.
    """
    names = _input_names(encoded)
    return None if names is None else histories(*_inputs(encoded, names))


def fit_history(encoded: Encoded) -> ParetoNBD | None:
    """Pareto/NBD of the customers at the newest cut-off, in whole days; None where the features do not tell."""
    history = buying_history(encoded)
    if history is None or encoded.as_of is None or len(encoded) == 0:
        return None
    newest = np.flatnonzero((encoded.as_of == encoded.as_of.max()) & (history[2] > 0))
    if len(newest) == 0:
        return None
    chosen = newest[np.unique(np.linspace(0, len(newest) - 1, min(MAX_CUSTOMERS, len(newest))).astype(int))]
    repeats, recency, age = (column[chosen] for column in history)
    return ParetoNBD.fit(repeats, np.rint(recency), np.maximum(np.rint(age), np.rint(recency)))


def typical_history(encoded: Encoded) -> tuple[float, float, float] | None:
    """Purchases, days since the last and since the first order of the customer in the middle at the newest cut-off.

    Medians of each; explanations are told beside this customer. None where the features do not tell.
    """
    names = _input_names(encoded)
    if names is None or len(encoded) == 0:
        return None
    newest = encoded if encoded.as_of is None else encoded.rows(encoded.as_of == encoded.as_of.max())
    purchases, last, first = (float(np.median(column)) for column in _inputs(newest, names))
    return purchases, last, first


def silence_log_odds(model: ParetoNBD, encoded: Encoded, horizon: int) -> Floats:
    """Log-odds of no order within the horizon, shape (n,); 0 where the features do not tell."""
    names = _input_names(encoded)
    if names is None or len(encoded) == 0:
        return np.zeros(len(encoded))
    return _log_odds(model, horizon, *_inputs(encoded, names))


def _log_odds(model: ParetoNBD, horizon: int, purchases: Floats, last: Floats, first: Floats) -> Floats:
    if len(purchases) > CHUNK:
        parts = (slice(start, start + CHUNK) for start in range(0, len(purchases), CHUNK))
        return np.concatenate([_log_odds(model, horizon, purchases[part], last[part], first[part]) for part in parts])
    with np.errstate(all="ignore"):
        silent = model.probability_no_order(float(horizon), *histories(purchases, last, first))
        odds = logit(silent)
    return np.asarray(np.clip(np.nan_to_num(odds, nan=0.0, posinf=EDGE, neginf=-EDGE), -EDGE, EDGE))


@dataclass(frozen=True)
class HistoryStep:
    """Adds ``weight`` × the log-odds of silence that Pareto/NBD expects at a horizon.

    Attributes
    ----------
    typical : tuple of float
        Purchases, days since the last and since the first order of the customer whom explanations are told beside.
    """

    model: ParetoNBD
    horizon: int
    weight: float
    typical: tuple[float, float, float]
    driver: str = "recency"

    def apply(self, raw: Floats, encoded: Encoded) -> Floats:
        """See `models.calibration.LinkStep`."""
        return raw + self.weight * silence_log_odds(self.model, encoded, self.horizon)

    def parts(self, encoded: Encoded) -> tuple[Floats, Floats] | None:
        """What the step adds: for the typical customer, and for each customer beside that one; both of shape (n,).

        The typical customer is that of training, so the answer for a row does not depend on the other rows asked about.
        The whole difference is told as one driver: Pareto/NBD weighs the silence against the customer's own pace, and
        its three inputs have no meaning apart (their single shares are large and cancel out).
        """
        names = _input_names(encoded)
        if names is None or len(encoded) == 0:
            return None
        purchases, last, first = (np.array([value]) for value in self.typical)
        base = np.repeat(self.weight * _log_odds(self.model, self.horizon, purchases, last, first), len(encoded))
        return base, self.weight * _log_odds(self.model, self.horizon, *_inputs(encoded, names)) - base

    def state(self) -> dict[str, Any]:
        """See `models.calibration.LinkStep`."""
        model = self.model
        parameters = {"r": model.r, "alpha": model.alpha, "s": model.s, "beta": model.beta, "log_likelihood": 0.0}
        return {
            "kind": "pareto_nbd",
            "model": parameters,
            "horizon": self.horizon,
            "weight": self.weight,
            "typical": list(self.typical),
            "driver": self.driver,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> HistoryStep:
        """Read what `state` gave."""
        model = ParetoNBD.from_json(json.dumps(state["model"]))
        weight, horizon = float(state["weight"]), int(state["horizon"])
        positive = min(model.r, model.alpha, model.s, model.beta, horizon) > 0
        if not (positive and 0 <= weight <= 1):
            raise ValueError("not the state of a history step")
        return cls(model, horizon, weight, read_typical(state["typical"]), str(state["driver"]))


def read_typical(values: Any) -> tuple[float, float, float]:
    """A typical history from JSON; raises ValueError where it is none."""
    purchases, last, first = (float(value) for value in values)
    if not (np.isfinite([purchases, last, first]).all() and min(purchases, last, first) >= 0):
        raise ValueError("not a typical history")
    return purchases, last, first


STEP_KINDS["pareto_nbd"] = HistoryStep.from_state
