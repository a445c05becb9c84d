"""Lifetime value: expected discounted net spend within `lifetime_days`, with an interval.

The value is the churn and potential models' own spend curve, discounted piece by piece, so it can never contradict
them. Where no window as long as the lifetime has closed, the curve is continued from the longest one that has, with a
spend rate that falls exponentially as fast as it falls between the closed horizons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import BundleError, NotEnoughDataError
from configs.progress import SILENT, Progress
from models.additive import dump, load
from models.calibration import inverse_link
from models.churn import adjusted
from models.contract import Contributions, orders_column, row_sums, spend_column
from models.encoding import Encoded
from models.evidence import labelled
from models.intervals import ZeroInflatedInterval, default_interval, fit_interval
from models.potential import PotentialModel
from models.survival import continued

Floats = NDArray[np.float64]
PRIOR_DECAY = np.log(2) / 730
"""Spend rate halves in two years where the log says nothing about it."""
MAX_DECAY = np.log(2) / 60
DAYS_PER_YEAR = 365.0


class LifetimeModel:
    """Discounted net spend over the lifetime.

    Parameters
    ----------
    potential : PotentialModel
        Fitted before, with amounts.

    Attributes
    ----------
    basis_ : int
        Horizon that the value is built on: `lifetime_days` where it has closed, else the longest closed one.
    decay_ : float
        Per day, of the spend rate after `basis_`.
    interval_ : ZeroInflatedInterval
    discount_ : float
        Log of a typical customer's discount factor: part of the base of the contributions.
    """

    def __init__(self, potential: PotentialModel) -> None:
        self.potential = potential
        self.targets = potential.churn.targets

    @property
    def feature_names_in_(self) -> list[str]:
        """Feature names in order."""
        return self.potential.feature_names_in_

    @property
    def extrapolated(self) -> bool:
        """Whether the value reaches beyond every closed window."""
        return self.basis_ != self.targets.lifetime_days

    def fit(self, frame: pd.DataFrame | Encoded, labels: pd.DataFrame, *, progress: Progress | None = None) -> Self:
        """Learn the decay and the interval.

        Raises
        ------
        NotEnoughDataError
            The log has no amounts.
        """
        if not self.potential.has_amounts:
            raise NotEnoughDataError("the log has no amounts", "give an amount column to get a lifetime value")
        churn = self.potential.churn
        encoded = churn.encoder_.transform(frame)
        with (progress or SILENT).step("lifetime", 1) as advance:
            self.basis_ = churn.lifetime_basis_
            self.decay_ = spend_decay(labels, [h for h in churn.models_ if h <= self.basis_])
            self.interval_ = self._fit_interval(encoded, labels)
            advance(1)
        self.discount_ = float(np.log(discount_between(0, self.targets.lifetime_days, self.targets.annual_discount)))
        return self

    def _fit_interval(self, encoded: Encoded, labels: pd.DataFrame) -> ZeroInflatedInterval:
        churn_judged = self.potential.churn.models_[self.basis_].judged
        amount_judged = self.potential.amounts_[self.basis_].judged
        if churn_judged is None or amount_judged is None:
            return default_interval(self.targets.interval)
        rows = np.flatnonzero(labelled(encoded, labels, self.basis_))
        orders = labels[orders_column(self.basis_)].to_numpy(dtype=np.float64)[rows]
        amount = np.nan_to_num(labels[spend_column(self.basis_)].to_numpy(dtype=np.float64)[rows])
        conditional = np.zeros(len(rows))
        conditional[np.flatnonzero(orders > 0)[amount_judged[0]]] = np.exp(amount_judged[1])
        judged, raw = churn_judged
        return fit_interval(
            inverse_link(raw, "binary"), conditional[judged], amount[judged], orders[judged] > 0, self.targets.interval
        )

    def predict(
        self,
        frame: pd.DataFrame | Encoded,
        *,
        curve: Floats | None = None,
        predicted: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """`lifetime_value`, `lifetime_value_low`, `lifetime_value_high`, with the frame's index.

        Parameters
        ----------
        frame : DataFrame or Encoded
        curve : ndarray, optional
            `churn.curve(frame)`, if known.
        predicted : DataFrame, optional
            `potential.predict(frame)`, if known.
        """
        churn = self.potential.churn
        encoded = churn.encoder_.transform(frame)
        curve = churn.curve(encoded) if curve is None else curve
        predicted = self.potential.predict(encoded, curve=curve) if predicted is None else predicted
        lifetime, basis = self.targets.lifetime_days, self.basis_
        inside = [h for h in churn.horizons_ if h <= min(basis, lifetime)] or [basis]
        spend = predicted[[spend_column(h) for h in inside]].to_numpy(dtype=np.float64)
        total = spend[:, -1] * growth(basis, lifetime, self.decay_)
        value = discounted([*inside, lifetime], np.column_stack([spend, total]), self.targets.annual_discount)
        silent = continued(churn.horizons_, curve, lifetime)
        conditional = value / np.maximum(1 - silent, 1e-9)
        low, high = self.interval_.bounds(silent, conditional)
        columns = {"lifetime_value": value, "lifetime_value_low": low, "lifetime_value_high": np.maximum(high, value)}
        return pd.DataFrame(columns, index=encoded.index)

    def contributions(
        self, frame: pd.DataFrame | Encoded, *, value: Floats | None = None, parts: Contributions | None = None
    ) -> Contributions:
        """Parts of the log of `lifetime_value`; discounting that differs from the typical is `calibration`.

        Parameters
        ----------
        frame : DataFrame or Encoded
        value : ndarray, shape (n,), optional
            `lifetime_value`, if known.
        parts : Contributions, optional
            `potential.contributions_at(frame, basis_)`, if known.
        """
        encoded = self.potential.churn.encoder_.transform(frame)
        value = self.predict(encoded)["lifetime_value"].to_numpy() if value is None else value
        parts = self.potential.contributions_at(encoded, self.basis_) if parts is None else parts
        constant = np.log(growth(self.basis_, self.targets.lifetime_days, self.decay_)) + self.discount_
        return adjusted(Contributions("log", parts.base + constant, parts.values), np.log(value))

    def to_files(self) -> dict[str, bytes]:
        """State as files without prefix; the potential model is not in them."""
        state = {
            "basis": self.basis_,
            "decay": self.decay_,
            "discount": self.discount_,
            "interval": self.interval_.state(),
        }
        return {"lifetime.json": dump(state)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], potential: PotentialModel) -> LifetimeModel:
        """Rebuild from `to_files` and the potential model it was fitted with."""
        state = load(files, "lifetime.json")
        model = cls(potential)
        try:
            model.basis_, model.decay_ = int(state["basis"]), float(state["decay"])
            model.discount_ = float(state["discount"])
            model.interval_ = ZeroInflatedInterval.from_state(state["interval"])
            if model.basis_ not in potential.amounts_ or not 0 <= model.decay_ <= 1:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise BundleError("lifetime.json of the bundle cannot be read", "train again or roll back") from None
        return model


def spend_decay(labels: pd.DataFrame, horizons: Sequence[int]) -> float:
    """Exponential decay per day of the spend rate after a cut-off, from rows whose longest horizon has closed.

    Least squares on the logs of ``S(h) / S(h_max) = (1 - exp(-d h)) / (1 - exp(-d h_max))`` with a weak pull to
    `PRIOR_DECAY`, between 0 and `MAX_DECAY`.
    """
    names = [spend_column(h) for h in horizons]
    closed = labels[labels[names[-1]].notna()]
    totals = closed[names].sum().to_numpy(dtype=np.float64)
    if len(horizons) < 2 or (totals <= 0).any():
        return float(PRIOR_DECAY)
    grid = np.linspace(0, MAX_DECAY, 400)[1:]
    days = np.asarray(horizons, dtype=np.float64)
    shares = np.log1p(-np.exp(-grid[:, None] * days)) - np.log1p(-np.exp(-grid[:, None] * days[-1]))
    misfit = ((shares - np.log(totals / totals[-1])) ** 2).sum(axis=1)
    pull = 0.01 * (np.log(grid / PRIOR_DECAY)) ** 2
    return float(grid[int(np.argmin(misfit + pull))])


def growth(basis: int, lifetime: int, decay: float) -> float:
    """Spend until `lifetime` ÷ spend until `basis` under an exponentially falling rate; 1 if they are equal."""
    if basis == lifetime:
        return 1.0
    if decay < 1e-9:
        return lifetime / basis
    return float(np.expm1(-decay * lifetime) / np.expm1(-decay * basis))


def discount_between(start: float, end: float, annual: float) -> float:
    """Mean of ``(1 + annual)^(-t / 365)`` over the days from start to end: spend spread evenly between them."""
    rate = np.log1p(annual) / DAYS_PER_YEAR
    if end <= start or rate < 1e-12:
        return float(np.exp(-rate * start))
    return float((np.exp(-rate * start) - np.exp(-rate * end)) / (rate * (end - start)))


def discounted(horizons: Sequence[int], spend: Floats, annual: float) -> Floats:
    """Present value of a cumulative spend curve, shape (n, h) → (n,); spend is even within a piece."""
    starts = [0, *horizons[:-1]]
    factors = np.array([discount_between(a, b, annual) for a, b in zip(starts, horizons, strict=True)])
    return row_sums(np.diff(spend, axis=1, prepend=0.0) * factors)
