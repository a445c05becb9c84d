"""Lifetime value: expected discounted net spend within `lifetime_days`, with an interval.

The value is the churn and potential models' own spend curve, discounted piece by piece, so it can never contradict
them; without discounting it is `spend_{lifetime_days}d`. Beyond the longest horizon with a model the curve goes on as
`models.continuation` says.
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
from models.contract import Contributions, orders_column, row_sums, spend_column
from models.encoding import Encoded
from models.evidence import labelled
from models.intervals import ZeroInflatedInterval, default_interval, fit_interval, widened
from models.parts import adjusted
from models.potential import PotentialModel
from models.projection import Projection

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.0
ENOUGH_ACTIVE = 400
"""Active rows that an interval wants: the newest cut-offs are taken until there are as many."""
EXTRAPOLATION_SD = 0.15
"""Standard deviation of the logarithm of the total per root of log(lifetime / longest closed window)."""


class LifetimeModel:
    """Discounted net spend over the lifetime.

    Parameters
    ----------
    potential : PotentialModel
        Fitted before, with amounts.

    Attributes
    ----------
    measured_days_ : int
        Horizon whose closed windows the interval is learned on: the longest one within the lifetime.
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
        return self.measured_days_ != self.targets.lifetime_days

    @property
    def basis_(self) -> int:
        """Horizon whose explanation the value's starts from."""
        return self.potential.churn.lifetime_basis_

    def fit(self, frame: pd.DataFrame | Encoded, labels: pd.DataFrame, *, progress: Progress | None = None) -> Self:
        """Learn the interval.

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
            closed = [
                h for h in churn.horizons_ if h <= self.targets.lifetime_days and labelled(encoded, labels, h).any()
            ]
            self.measured_days_ = max(closed) if closed else min(churn.models_)
            ahead = max(float(np.log(self.targets.lifetime_days / self.measured_days_)), 0.0)
            self.interval_ = widened(self._fit_interval(encoded, labels), EXTRAPOLATION_SD * float(np.sqrt(ahead)))
            advance(1)
        self.discount_ = float(np.log(discount_between(0, self.targets.lifetime_days, self.targets.annual_discount)))
        return self

    def _fit_interval(self, encoded: Encoded, labels: pd.DataFrame) -> ZeroInflatedInterval:
        """Learn from the newest closed windows of `measured_days_`: out of sample where the main model kept rows."""
        churn, potential = self.potential.churn, self.potential
        rows = np.flatnonzero(labelled(encoded, labels, self.measured_days_))
        orders = labels[orders_column(self.measured_days_)].to_numpy(dtype=np.float64)[rows]
        amount = np.nan_to_num(labels[spend_column(self.measured_days_)].to_numpy(dtype=np.float64)[rows])
        if self.measured_days_ in potential.amounts_:
            churn_validated = churn.models_[self.measured_days_].validated
            amount_validated = potential.amounts_[self.measured_days_].validated
            if churn_validated is None or amount_validated is None:
                return default_interval(self.targets.interval)
            conditional = np.zeros(len(rows))
            bought = np.flatnonzero(orders > 0)[amount_validated[0]]
            boosted = amount_validated[1]
            conditional[bought] = potential.validated_spend(encoded.rows(rows[bought]), self.measured_days_, boosted)
            kept, raw = churn_validated
            silent, conditional = inverse_link(raw, "binary"), conditional[kept]
        else:
            kept = _newest(encoded, rows, orders > 0)
            sample = encoded.rows(rows[kept])
            projection = potential.project(sample, churn.project(sample))
            silent = projection.survival_at(self.measured_days_)
            conditional = projection.spend_at(self.measured_days_) / np.maximum(1 - silent, 1e-9)
        return fit_interval(silent, conditional, amount[kept], orders[kept] > 0, self.targets.interval)

    def predict(
        self,
        frame: pd.DataFrame | Encoded,
        *,
        projection: Projection | None = None,
    ) -> pd.DataFrame:
        """`lifetime_value`, `lifetime_value_low`, `lifetime_value_high`, with the frame's index.

        Parameters
        ----------
        frame : DataFrame or Encoded
        projection : Projection, optional
            `potential.project(frame, churn.project(frame, pieces))`, if known.
        """
        churn = self.potential.churn
        encoded = churn.encoder_.transform(frame)
        days = self.pieces
        if projection is None:
            projection = self.potential.project(encoded, churn.project(encoded, days))
        spend = np.column_stack([projection.spend_at(day) for day in days])
        value = discounted(days, spend, self.targets.annual_discount)
        silent = projection.survival_at(days[-1])
        low, high = self.interval_.bounds(silent, value / np.maximum(1 - silent, 1e-9))
        columns = {"lifetime_value": value, "lifetime_value_low": low, "lifetime_value_high": np.maximum(high, value)}
        return pd.DataFrame(columns, index=encoded.index)

    @property
    def pieces(self) -> list[int]:
        """Days between which spend is taken as even when it is discounted; the last is `lifetime_days`."""
        lifetime, churn = self.targets.lifetime_days, self.potential.churn
        later = [self.potential.continuation_.anchor * 2**k for k in range(1, 14)]
        return [*sorted({day for day in (*churn.horizons_, *later) if day < lifetime}), lifetime]

    def contributions(
        self, frame: pd.DataFrame | Encoded, *, value: Floats | None = None, parts: Contributions | None = None
    ) -> Contributions:
        """Parts of the log of `lifetime_value`; what differs from typical discounting and continuation closes the sum.

        Parameters
        ----------
        frame : DataFrame or Encoded
        value : ndarray, shape (n,), optional
            `lifetime_value`, if known.
        parts : Contributions, optional
            `potential.contributions_at(frame, basis_)`, if known.
        """
        encoded = self.potential.churn.encoder_.transform(frame)
        continuation, lifetime = self.potential.continuation_, self.targets.lifetime_days
        value = self.predict(encoded)["lifetime_value"].to_numpy() if value is None else value
        parts = self.potential.contributions_at(encoded, self.basis_) if parts is None else parts
        beyond = lifetime > continuation.anchor
        constant = self.discount_ + (np.log(continuation.typical_growth(lifetime)) if beyond else 0.0)
        longer = Contributions("log", parts.base + constant, parts.values)
        return adjusted(longer, np.log(value), "recency" if beyond else "calibration")

    def to_files(self) -> dict[str, bytes]:
        """State as files without prefix; the potential model is not in them."""
        state = {
            "judged": self.measured_days_,
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
            model.measured_days_ = int(state["judged"])
            model.discount_ = float(state["discount"])
            model.interval_ = ZeroInflatedInterval.from_state(state["interval"])
            if model.measured_days_ not in {*potential.churn.horizons_, *potential.churn.models_}:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise BundleError("lifetime.json of the bundle cannot be read", "train again or roll back") from None
        return model


def _newest(encoded: Encoded, rows: NDArray[np.intp], active: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Positions among `rows` of the newest cut-offs that together have `ENOUGH_ACTIVE` active rows; all, if need be."""
    if encoded.as_of is None:
        return np.arange(len(rows))
    moments, place = np.unique(encoded.as_of[rows], return_inverse=True)
    counts = np.bincount(place, weights=active)[::-1].cumsum()
    taken = min(int(np.searchsorted(counts, ENOUGH_ACTIVE)) + 1, len(moments))
    return np.flatnonzero(place >= len(moments) - taken)


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
