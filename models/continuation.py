"""Beyond the longest horizon with a model: the shape of Pareto/NBD, anchored at that horizon.

With a the anchor, S the probability of no order, O the expected orders, and the index b for what Pareto/NBD says of the
same buying history (Schmittlein, Morrison & Colombo 1987; expectation: Fader & Hardie 2005, eq. 41):

    logit S(t) = logit S(a) + logit S_b(t) - logit S_b(a)
    O(t) = O(a) + pace · O(a) (O_b(t) - O_b(a)) / O_b(a),    pace = sqrt(sum O_b(a) / sum O(a))

The first keeps parts of an explanation additive. In the second, what the anchor says of a customer lasts wholly: the
chance to be alive cancels out of the ratio, so a customer whom Pareto/NBD has given up, and the anchor has not, goes
on. What the anchor says of all customers together (the sums, over those of training) lasts by half in logarithms: part
of it is growth and part the season. S never rises and O never falls, because those of Pareto/NBD do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from models.btyd import ParetoNBD
from models.encoding import Encoded
from models.probabilistic import EDGE, buying_history, fit_history, histories, read_typical, typical_history

Floats = NDArray[np.float64]
LEAST_ORDERS = 1e-9
PACE_RANGE = (0.5, 2.0)


@dataclass(frozen=True)
class Continuation:
    """What Pareto/NBD says after the anchor.

    Attributes
    ----------
    model : ParetoNBD
        In days.
    anchor : int
        Longest horizon with a model, in days.
    typical : tuple of float
        Purchases, days since the last and since the first order of the customer whom explanations are told beside.
    pace : float
        What later orders are multiplied with, see above.
    """

    model: ParetoNBD
    anchor: int
    typical: tuple[float, float, float]
    pace: float = 1.0

    @classmethod
    def fit(cls, encoded: Encoded, anchor: int) -> Continuation:
        """From the buying histories at the newest cut-off; a slow general shape where the features do not tell them."""
        general = ParetoNBD(r=1.0, alpha=float(anchor), s=0.5, beta=4.0 * anchor)
        typical = typical_history(encoded) or (2.0, float(anchor), 2.0 * anchor)
        return cls(fit_history(encoded) or general, anchor, typical)

    def paced(self, encoded: Encoded, until_anchor: Floats) -> Continuation:
        """The same with the pace that these customers, and the orders expected of them until the anchor, give."""
        history = self._histories(encoded)
        usual = float((self.model.probability_alive(*history) * self._if_alive(history, [self.anchor])[:, 0]).sum())
        expected = float(until_anchor.sum())
        if usual <= 0 or expected <= 0:
            return self
        return replace(self, pace=float(np.clip(np.sqrt(usual / expected), *PACE_RANGE)))

    def silence(self, encoded: Encoded, days: Sequence[int]) -> Floats:
        """What the log-odds of no order gain from the anchor until each of `days`, all later; shape (n, k), ≤ 0."""
        return self._silence(self._histories(encoded), days)

    def typical_silence(self, days: int) -> float:
        """The same for the typical customer: no part of anybody's own explanation."""
        return float(self._silence(self._fixed(1), [days])[0, 0])

    def orders(self, encoded: Encoded, days: Sequence[int], until_anchor: Floats) -> Floats:
        """Expected orders until each of `days`, all later than the anchor, given those until it; shape (n, k)."""
        return self._orders(self._histories(encoded), days, until_anchor)

    def typical_growth(self, days: int) -> float:
        """Expected orders until `days` ÷ until the anchor, for the customer of `typical_silence`."""
        return float(self._orders(self._fixed(1), [days], np.ones(1))[0, 0])

    def state(self) -> dict[str, Any]:
        """JSON state; the pace is not in it, it is learned with the orders and stored with them."""
        model = asdict(self.model) | {"log_likelihood": 0.0}
        return {"anchor": self.anchor, "model": model, "typical": list(self.typical)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Continuation:
        """Read what `state` gave; raises ValueError where it is not one."""
        model, anchor = ParetoNBD.from_json(json.dumps(state["model"])), int(state["anchor"])
        if min(model.r, model.alpha, model.s, model.beta, anchor) <= 0:
            raise ValueError("not the state of a continuation")
        return cls(model, anchor, read_typical(state["typical"]))

    def _silence(self, history: tuple[Floats, Floats, Floats], days: Sequence[int]) -> Floats:
        repeats, recency, age = history
        now = self.model.log_likelihoods(*history)
        # No order until then is the same history seen later, so its probability is a ratio of likelihoods.
        later = [self.model.log_likelihoods(repeats, recency, age + t) for t in (self.anchor, *days)]
        silent = np.exp(np.minimum(np.column_stack(later) - now[:, None], 0.0))
        with np.errstate(divide="ignore"):
            odds = np.clip(logit(silent), -EDGE, EDGE)
        return np.asarray(np.minimum.accumulate(odds[:, 1:] - odds[:, :1], axis=1).clip(max=0.0))

    def _orders(self, history: tuple[Floats, Floats, Floats], days: Sequence[int], until_anchor: Floats) -> Floats:
        path = self._if_alive(history, [self.anchor, *days])
        growth = np.maximum.accumulate(np.maximum(path[:, 1:] / np.maximum(path[:, :1], LEAST_ORDERS) - 1, 0.0), axis=1)
        return np.asarray(np.maximum(until_anchor, 0.0)[:, None] * (1 + self.pace * growth))

    def _if_alive(self, history: tuple[Floats, Floats, Floats], days: Sequence[int]) -> Floats:
        repeats, _, age = history
        return np.column_stack([self.model.expected_orders_if_alive(float(t), repeats, age) for t in days])

    def _histories(self, encoded: Encoded) -> tuple[Floats, Floats, Floats]:
        return buying_history(encoded) or self._fixed(len(encoded))

    def _fixed(self, rows: int) -> tuple[Floats, Floats, Floats]:
        repeats, recency, age = histories(*(np.array([value]) for value in self.typical))
        return np.repeat(repeats, rows), np.repeat(recency, rows), np.repeat(age, rows)
