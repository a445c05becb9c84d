"""The honest answer where a model is not allowed: a written rule, corrected by what little is known.

Churn is additive in log-odds over tables of recency (days since the last order ÷ horizon), lateness (÷ own gap), rhythm
(own gap ÷ horizon) and number of orders. The tables are starting values; known outcomes pull
them by ridge regression, so with none the rule stands as written and with many it becomes a binned logistic
regression. The base rate without outcomes is read backwards: how many customers of at least one horizon's standing
ordered in the last horizon. Orders and spend follow from the customer's own rate of visits (days with an order) and
order value, both shrunk to the average: what was bought on one day is one visit, into however many orders it was split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from configs.errors import BundleError
from configs.settings import TargetSettings
from models.additive import dump, load
from models.churn import describe_curve, within
from models.contract import Contributions, orders_column, spend_column
from models.encoding import Encoded
from models.evidence import has_ordered, labelled
from models.intervals import default_interval
from models.lifetime import discounted
from models.order_bound import SPLIT_VISIT, bound_state, bounded_spend, read_bound
from models.parts import added, adjusted, log_active
from models.potential import rising
from models.renewal import Ahead, Renewal
from models.survival import ordered

Floats = NDArray[np.float64]

OVERDUE_EDGES = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
OVERDUE_POINTS = (-0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8)
SILENT_EDGES = (0.25, 0.5, 1.0, 2.0, 4.0)
SILENT_POINTS = (-0.4, -0.1, 0.3, 0.8, 1.3, 1.8)
ORDERS_EDGES = (1.0, 2.0, 4.0, 9.0)
ORDERS_POINTS = (0.4, 0.0, -0.3, -0.7, -1.1)
GAP_EDGES = (0.1, 0.25, 0.5, 1.0, 2.0)
GAP_POINTS = (-0.6, -0.4, -0.2, 0.1, 0.4, 0.6)
RIDGE = 10.0
PROSPECT_SHARE, PROSPECT_WEIGHT = 0.05, 20.0
VALUE_WEIGHT = 2.0
FURTHER_SHARE, FURTHER_WEIGHT = 0.5, 20.0
MOST_FURTHER = 3.0
"""Visits of an active customer ÷ visits at the own rate, at most: some buy in bursts."""
DECAY = np.log(2) / 730
"""Per day, of the spend rate after the last horizon: it halves in two years."""


class RuleModel:
    """Churn, potential and lifetime value by rule.

    Parameters
    ----------
    targets : TargetSettings
    horizons : sequence of int
        Horizons to answer for, ascending; `targets.horizon_days` among them.

    Attributes
    ----------
    points_ : dict of int to list of float
        Per horizon: base, then the points of overdue, silent, gap and orders classes, in log-odds of churn.
    prospects_ : dict of int to float
        Per horizon: log-odds of churn of customers who have never ordered.
    further_ : dict of int to float
        Per horizon: visits beyond the first of an active customer ÷ visits at the customer's own rate.
    per_visit_ : float
        Orders per visit, between 1 and `SPLIT_VISIT`.
    amount_ : dict of int to float
        Per horizon: net spend ÷ expected orders × own order value; empty for a log without amounts.
    """

    def __init__(self, targets: TargetSettings, horizons: Sequence[int]) -> None:
        self.targets = targets
        self.horizons = tuple(horizons)

    def fit(self, encoded: Encoded, labels: pd.DataFrame, *, order_bound: float = float("inf")) -> Self:
        """Learn from whatever is known; nothing known is enough.

        Parameters
        ----------
        encoded : Encoded
        labels : DataFrame
        order_bound : float
            Largest amount of one order that counts.
        """
        self.order_bound_ = order_bound
        buyers = has_ordered(encoded)
        visits, tenure = self._own(encoded)
        orders = np.minimum(self._orders(encoded), SPLIT_VISIT * visits)
        further = float(np.maximum(visits[buyers] - 1, 0).sum())
        days = float(tenure[buyers].sum())
        # One visit in a horizon is what nothing else is known says: a log of a day is no log of a rate.
        self.rate_ = (further + 1) / (days + self.targets.horizon_days)
        self.per_visit_ = float(orders[buyers].sum()) / max(float(visits[buyers].sum()), 1.0) if buyers.any() else 1.0
        self.per_visit_ = float(np.clip(self.per_visit_, 1.0, SPLIT_VISIT))
        spend = bounded_spend(encoded, order_bound)
        has_amounts = spend is not None and bool((spend > 0).any())
        known = float(np.nansum(spend[buyers])) if spend is not None else 0.0
        count = float(self._orders(encoded)[buyers].sum())
        self.value_ = max(known, 1e-6) / max(count, 1.0) if has_amounts else 0.0
        self.typical_ = float(np.median(self._rates(encoded)[buyers])) if buyers.any() else self.rate_
        self.renewal_ = Renewal.fit(encoded.rows(buyers))
        self.points_: dict[int, list[float]] = {}
        self.prospects_: dict[int, float] = {}
        self.further_: dict[int, float] = {}
        self.amount_: dict[int, float] = {}
        for horizon in self.horizons:
            self._fit_horizon(encoded, labels, horizon, has_amounts)
        return self

    def _fit_horizon(self, encoded: Encoded, labels: pd.DataFrame, horizon: int, has_amounts: bool) -> None:
        buyers = has_ordered(encoded)
        known = labelled(encoded, labels, horizon)
        name = orders_column(horizon)
        orders = labels[name].to_numpy(dtype=np.float64) if name in labels else np.full(len(encoded), np.nan)
        design = self._design(encoded, horizon)
        prior = np.array([0.0, *OVERDUE_POINTS, *SILENT_POINTS, *GAP_POINTS, *ORDERS_POINTS])
        prior[0] = self._backward_base(encoded, horizon)
        if buyers.any():
            prior[0] -= float((design[buyers] @ np.r_[0.0, prior[1:]]).mean())
        self.points_[horizon] = _ridge(design[known], (orders[known] <= 0).astype(np.float64), prior).tolist()
        strangers = ~buyers & ~np.isnan(orders)
        bought = float((orders[strangers] > 0).sum()) + PROSPECT_SHARE * PROSPECT_WEIGHT
        share = bought / (int(strangers.sum()) + PROSPECT_WEIGHT)
        self.prospects_[horizon] = float(np.log(1 - share) - np.log(share))
        active = known & (np.nan_to_num(orders) > 0)
        expected = float(self._rates(encoded)[active].sum()) * horizon
        beyond = float(np.maximum(orders[active] / self.per_visit_ - 1, 0).sum())
        further = (beyond + FURTHER_SHARE * FURTHER_WEIGHT) / (expected + FURTHER_WEIGHT)
        self.further_[horizon] = float(min(further, MOST_FURTHER))
        if not has_amounts:
            return
        self.amount_[horizon] = 1.0
        if (name := spend_column(horizon)) in labels and known.any():
            parts = self._active(encoded, horizon)
            expected = float((parts * self._given(encoded, horizon) * self._values(encoded))[known].sum())
            actual = float(np.nansum(labels[name].to_numpy(dtype=np.float64)[known]))
            self.amount_[horizon] = float(np.clip(actual / max(expected, 1e-9), 0.3, 3.0))

    @property
    def has_amounts(self) -> bool:
        """Whether the log has amounts."""
        return bool(self.amount_)

    def curve(self, encoded: Encoded) -> Floats:
        """Probability of no order per horizon, shape (n, h), never rising along a row."""
        silent = np.column_stack([1 - self._active(encoded, h) for h in self.horizons])
        return ordered(silent, self.horizons.index(self.targets.horizon_days))

    def predict(self, encoded: Encoded) -> pd.DataFrame:
        """All prediction columns but the evidence, with the frame's index."""
        curve = self.curve(encoded)
        shown = self.horizons.index(self.targets.horizon_days)
        ahead = self._ahead(encoded)
        frame = describe_curve(self.horizons, curve, self.targets, encoded.index, ahead=ahead)
        orders = np.column_stack([self._given(encoded, h) for h in self.horizons]) * (1 - curve)
        spend = np.full_like(orders, np.nan)
        if self.has_amounts:
            scale = np.array([self.amount_[h] for h in self.horizons])
            spend = rising(orders * self._values(encoded)[:, None] * scale, shown)
        orders = rising(orders, shown)
        columns = {"expected_orders": orders[:, shown], "expected_spend": spend[:, shown]}
        for i, horizon in enumerate(self.horizons):
            columns |= {orders_column(horizon): orders[:, i], spend_column(horizon): spend[:, i]}
        value, low, high = self._lifetime(curve, spend, ahead)
        columns |= {"lifetime_value": value, "lifetime_value_low": low, "lifetime_value_high": high}
        return frame.assign(**columns)

    def contributions(self, encoded: Encoded, predicted: pd.DataFrame) -> dict[str, Contributions]:
        """Parts of what `predict` gave: `churn`, and `spend` and `lifetime` where the log has amounts."""
        horizon = self.targets.horizon_days
        churn = self._churn_parts(encoded, horizon)
        result = {"churn": churn}
        if not self.has_amounts:
            return result
        given = self._given(encoded, horizon)
        typical = self.per_visit_ * (1 + self.further_[horizon] * self.typical_ * horizon)
        value = self._values(encoded)
        start = float(np.log(typical) + np.log(self.value_ * self.amount_[horizon]))
        zeros = pd.DataFrame(0.0, index=encoded.index, columns=list(encoded.names))
        _put(zeros, ("orders_ever",), np.log(given / typical))
        _put(zeros, ("mean_order_value_ever", "spend_ever"), np.log(value / self.value_))
        amount = Contributions("log", np.full(len(encoded), start), zeros)
        spend = adjusted(added(log_active(churn), amount), np.log(predicted["expected_spend"].to_numpy()))
        factor = float(np.log(growth(horizon, self.targets.lifetime_days, DECAY)))
        longer = Contributions("log", spend.base + factor, spend.values)
        result["spend"] = spend
        result["lifetime"] = adjusted(longer, np.log(predicted["lifetime_value"].to_numpy()))
        return result

    def to_files(self) -> dict[str, bytes]:
        """State as files without prefix."""
        tables: dict[str, Mapping[int, Any]] = {
            "points": self.points_,
            "prospects": self.prospects_,
            "further": self.further_,
            "amount": self.amount_,
        }
        state: dict[str, Any] = {name: {str(h): v for h, v in table.items()} for name, table in tables.items()}
        state |= {"rate": self.rate_, "typical": self.typical_, "value": self.value_, "horizons": list(self.horizons)}
        state |= {"per_visit": self.per_visit_, "order_bound": bound_state(self.order_bound_)}
        state["renewal"] = None if self.renewal_ is None else self.renewal_.state()
        return {"rules.json": dump(state)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], targets: TargetSettings) -> RuleModel:
        """Rebuild from `to_files`."""
        state = load(files, "rules.json")
        try:
            model = cls(targets, [int(h) for h in state["horizons"]])
            model.points_ = {int(h): [float(v) for v in points] for h, points in state["points"].items()}
            model.prospects_ = {int(h): float(v) for h, v in state["prospects"].items()}
            model.further_ = {int(h): float(v) for h, v in state["further"].items()}
            model.amount_ = {int(h): float(v) for h, v in state["amount"].items()}
            model.rate_, model.typical_ = float(state["rate"]), float(state["typical"])
            model.value_ = float(state["value"])
            model.per_visit_, model.order_bound_ = float(state["per_visit"]), read_bound(state["order_bound"])
            model.renewal_ = None if state["renewal"] is None else Renewal.from_state(state["renewal"])
            width = 1 + len(OVERDUE_POINTS) + len(SILENT_POINTS) + len(GAP_POINTS) + len(ORDERS_POINTS)
            whole = all(
                set(table) == set(model.horizons) for table in (model.points_, model.prospects_, model.further_)
            )
            if not whole or any(len(p) != width for p in model.points_.values()):
                raise ValueError
            if targets.horizon_days not in model.horizons:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BundleError("bundle_file_unreadable", file="rules.json") from None
        return model

    def _ahead(self, encoded: Encoded) -> Ahead | None:
        return None if self.renewal_ is None else self.renewal_.ahead(encoded)

    def _lifetime(self, curve: Floats, spend: Floats, ahead: Ahead | None) -> tuple[Floats, Floats, Floats]:
        lifetime = self.targets.lifetime_days
        inside = [i for i, h in enumerate(self.horizons) if h <= lifetime] or [0]
        horizons = [self.horizons[i] for i in inside]
        total = spend[:, inside[-1]] * growth(horizons[-1], lifetime, DECAY)
        whole = np.column_stack([spend[:, inside], total])
        value = discounted([*horizons, lifetime], whole, self.targets.annual_discount)
        silent = within(self.horizons, curve, lifetime, ahead)
        low, high = default_interval(self.targets.interval).bounds(silent, value / np.maximum(1 - silent, 1e-9))
        return value, low, np.maximum(high, value)

    def _churn_parts(self, encoded: Encoded, horizon: int) -> Contributions:
        points = np.asarray(self.points_[horizon])
        buyers = has_ordered(encoded)
        design = self._design(encoded, horizon)
        values = pd.DataFrame(0.0, index=encoded.index, columns=list(encoded.names))
        start = 1
        tables = {
            "overdue_ratio": OVERDUE_POINTS,
            "days_since_last_order": SILENT_POINTS,
            "mean_gap_days": GAP_POINTS,
            "orders_ever": ORDERS_POINTS,
        }
        for name, table in tables.items():
            end = start + len(table)
            _put(values, (name,), design[:, start:end] @ points[start:end])
            start = end
        values = values.mul(buyers.astype(np.float64), axis=0)
        return Contributions("logit", np.where(buyers, points[0], self.prospects_[horizon]), values)

    def _active(self, encoded: Encoded, horizon: int) -> Floats:
        raw = self._design(encoded, horizon) @ np.asarray(self.points_[horizon])
        raw = np.where(has_ordered(encoded), raw, self.prospects_[horizon])
        return np.asarray(expit(-raw))

    def _given(self, encoded: Encoded, horizon: int) -> Floats:
        """Expected orders of an active customer, shape (n,)."""
        return self.per_visit_ * (1 + self.further_[horizon] * self._rates(encoded) * horizon)

    def _own(self, encoded: Encoded) -> tuple[Floats, Floats]:
        """Visits and days since the first."""
        visits, tenure = encoded.column("order_days_ever"), encoded.column("days_since_first_order")
        nothing = np.zeros(len(encoded))
        return (
            self._orders(encoded) if visits is None else np.maximum(np.nan_to_num(visits), 0),
            nothing if tenure is None else np.maximum(np.nan_to_num(tenure), 0),
        )

    def _orders(self, encoded: Encoded) -> Floats:
        orders = encoded.column("orders_ever")
        return np.zeros(len(encoded)) if orders is None else np.maximum(np.nan_to_num(orders), 0)

    def _rates(self, encoded: Encoded) -> Floats:
        """Visits per day: one pseudo-visit at the pooled rate is added to the customer's own."""
        visits, tenure = self._own(encoded)
        # Two visits are at least a day apart.
        return (np.maximum(visits - 1, 0) + 1) / (np.maximum(tenure, visits - 1) + 1 / self.rate_)

    def _values(self, encoded: Encoded) -> Floats:
        orders = self._orders(encoded)
        spend = bounded_spend(encoded, self.order_bound_)
        spent = np.zeros(len(encoded)) if spend is None else spend
        return np.maximum((spent + VALUE_WEIGHT * self.value_) / (orders + VALUE_WEIGHT), 0.05 * self.value_)

    def _backward_base(self, encoded: Encoded, horizon: int) -> float:
        last, first = encoded.column("days_since_last_order"), encoded.column("days_since_first_order")
        if last is None or first is None:
            return 0.0
        old = np.nan_to_num(first) >= horizon
        active = (int((last[old] < horizon).sum()) + 1) / (int(old.sum()) + 2)
        return float(np.log(1 - active) - np.log(active))

    def _design(self, encoded: Encoded, horizon: int) -> Floats:
        n = len(encoded)
        orders = self._orders(encoded)
        overdue, silent = encoded.column("overdue_ratio"), encoded.column("days_since_last_order")
        gap = encoded.column("mean_gap_days")
        gap = np.full(n, np.nan) if gap is None else gap / horizon
        overdue = np.full(n, np.nan) if overdue is None else overdue
        silent = np.full(n, np.nan) if silent is None else silent / horizon
        return np.column_stack(
            [
                np.ones(n),
                _classes(overdue, OVERDUE_EDGES, ~np.isnan(overdue)),
                _classes(silent, SILENT_EDGES, ~np.isnan(silent)),
                _classes(gap, GAP_EDGES, ~np.isnan(gap)),
                _classes(orders, ORDERS_EDGES, orders > 0),
            ]
        )


def growth(basis: int, lifetime: int, decay: float) -> float:
    """Spend until `lifetime` ÷ spend until `basis` under an exponentially falling rate; 1 if they are equal."""
    return 1.0 if basis == lifetime else float(np.expm1(-decay * lifetime) / np.expm1(-decay * basis))


def _classes(values: Floats, edges: Sequence[float], valid: NDArray[np.bool_]) -> Floats:
    """One-hot classes `(edge before, edge]`, all zero where not valid; shape (n, len(edges) + 1)."""
    place = np.searchsorted(np.asarray(edges), np.nan_to_num(values), side="left")
    return np.asarray(np.eye(len(edges) + 1)[place] * valid[:, None])


def _ridge(design: Floats, target: Floats, prior: Floats) -> Floats:
    """Logistic regression whose coefficients are pulled to `prior` (the base only slightly)."""
    strength = np.full(len(prior), RIDGE)
    strength[0] = 2.0
    points = prior.copy()
    for _ in range(100):
        mean = expit(design @ points)
        gradient = design.T @ (mean - target) + strength * (points - prior)
        curvature = (design * (mean * (1 - mean))[:, None]).T @ design + np.diag(strength)
        change = np.clip(np.linalg.solve(curvature, gradient), -1, 1)
        points = points - change
        if np.abs(change).max() < 1e-10:
            break
    return points


def _put(values: pd.DataFrame, names: Sequence[str], part: Floats) -> None:
    name = next((name for name in names if name in values), "calibration")
    values[name] = values[name] + part if name in values else part
