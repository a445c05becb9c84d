"""Potential: expected orders and expected net spend within each horizon, from two parts.

``E[orders] = P(active) (1 + E[further orders | active])`` and ``E[spend] = P(active) E[spend | active]``, where
P(active) is one minus churn, so orders can never be fewer than the probability of one. Further orders are boosted on
the log scale. Spend of the active is the geometric mean of boosted spend and of orders times the Gamma-Gamma value of
an order (`models.order_value`). The log of P(active) is explained by the churn model's log-odds, each part scaled by
the same factor ``(log p - log p0) / (logit p - logit p0)`` (the rescale rule of Shrikumar et al. 2017), and the log of
orders by that of further orders in the same way, so all parts add up.
After the longest horizon with a model, orders go on as `models.continuation` says, and spend in proportion to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import phrase
from configs.errors import BundleError
from configs.progress import SILENT, Progress
from models.additive import AdditiveModel, dump, fit_additive, load
from models.boosting.booster import Objective, side_by_side
from models.boosting.parallel import in_parallel
from models.calibration import Affine, fit_affine, keep_total, step_from_state
from models.churn import ChurnModel
from models.continuation import PACE_RANGE, Continuation
from models.contract import Contributions, orders_column, spend_column
from models.encoding import Encoded
from models.evidence import has_ordered, labelled
from models.level.leveling import fit_orders_level
from models.level.step import LevelStep
from models.order_value import OrderValue
from models.parts import added, adjusted, log_active, log_orders
from models.projection import Projection

Floats = NDArray[np.float64]
SPEND_OBJECTIVE: Objective = "tweedie"


class PotentialModel:
    """Expected orders and net spend per horizon, consistent with a churn model.

    Parameters
    ----------
    churn : ChurnModel
        Fitted before; gives the probability of being active, the encoder and the settings. It is read only.
    order_bound : float
        Largest amount of one order that counts towards the value of an order.

    Attributes
    ----------
    orders_ : AdditiveModel
        Orders beyond the first of active customers at `churn.main_`; link `log`.
    orders_scale_ : dict of int to Affine
        From there to the other horizons.
    amounts_ : dict of int to AdditiveModel
        Boosted net spend of active customers at `churn.main_` and `churn.lifetime_basis_`; empty without amounts.
    amounts_scale_ : dict of int to Affine
        From `churn.main_` to the horizons without a model of their own.
    value_ : OrderValue or None
        Gamma-Gamma value of an order; None without amounts.
    value_scale_ : dict of int to float
        Logarithm of what keeps the total of spend, per horizon of `amounts_`.
    levels_ : dict of int to pair of LevelStep
        Steps of further orders and of spend per horizon whose activity has a level step.
    continuation_ : Continuation
        The churn model's with a pace of its own: the orders after the anchor.
    """

    def __init__(self, churn: ChurnModel, order_bound: float = float("inf")) -> None:
        self.churn = churn
        self.order_bound = order_bound

    @property
    def feature_names_in_(self) -> list[str]:
        """Feature names in order."""
        return self.churn.feature_names_in_

    @property
    def has_amounts(self) -> bool:
        """Whether the log that was learned from has amounts."""
        return bool(self.amounts_)

    def fit(self, frame: pd.DataFrame | Encoded, labels: pd.DataFrame, *, progress: Progress | None = None) -> Self:
        """Fit the conditional means."""
        encoded = self.churn.encoder_.transform(frame)
        main = self.churn.main_
        spend_horizons = list(dict.fromkeys([main, self.churn.lifetime_basis_]))
        others = [h for h in self.churn.models_ if h != main]
        self.amounts_: dict[int, AdditiveModel] = {}
        self.amounts_scale_: dict[int, Affine] = {}
        self.levels_: dict[int, tuple[LevelStep, LevelStep]] = {}
        self.value_: OrderValue | None = None
        self.value_scale_: dict[int, float] = {}
        with (progress or SILENT).step(phrase("steps.fit_potential"), 1 + len(spend_horizons)) as advance:
            wanted: list[tuple[int, Objective]] = [(main, "poisson")]
            if _amounts_known(labels, main):
                wanted += [(horizon, SPEND_OBJECTIVE) for horizon in spend_horizons]

            def fit_one(item: tuple[int, Objective]) -> AdditiveModel:
                model = self._fit_one(encoded, labels, *item)
                advance(1)
                return model

            workers = side_by_side(len(encoded), self.churn.training.threads)
            self.orders_, *amounts = in_parallel(fit_one, wanted, workers)
            self.orders_scale_ = {h: self._scale(encoded, labels, h, self.orders_, "poisson") for h in others}
            if amounts:
                self.amounts_ = dict(zip(spend_horizons, amounts, strict=True))
                self.value_ = OrderValue.fit(encoded.rows(has_ordered(encoded)), self.order_bound)
                self.value_scale_ = {h: self._value_scale(encoded, labels, h) for h in spend_horizons}
                self.amounts_scale_ = {
                    h: self._scale(encoded, labels, h, None, SPEND_OBJECTIVE) for h in others if h not in spend_horizons
                }
        self._level(encoded)
        return self

    def _level(self, encoded: Encoded) -> None:
        """Bring orders and spend in line with the level of activity at every horizon, and with their pace after it."""
        self.continuation_: Continuation = self.churn.continuation_
        if encoded.as_of is None:
            return
        newest = encoded.rows(has_ordered(encoded) & (encoded.as_of == encoded.as_of.max()))
        for horizon, churn in self.churn.models_.items():
            steps = fit_orders_level(churn, self._orders(horizon), newest)
            if steps is not None:
                self.levels_[horizon] = steps
        projection = self.project(newest, self.churn.project(newest))
        self.continuation_ = self.continuation_.paced(newest, projection.orders_at(self.continuation_.anchor))

    def _fit_one(self, encoded: Encoded, labels: pd.DataFrame, horizon: int, objective: Objective) -> AdditiveModel:
        rows, target, total = conditional_target(encoded, labels, horizon, spend=objective != "poisson")
        return fit_additive(
            encoded.rows(rows),
            target,
            self.churn.splits_[horizon].within(rows[labelled(encoded, labels, horizon)]),
            objective=objective,
            feature_set=self.churn.feature_set,
            training=self.churn.training,
            total=total,
        )

    def _scale(
        self, encoded: Encoded, labels: pd.DataFrame, horizon: int, model: AdditiveModel | None, objective: Objective
    ) -> Affine:
        rows, target, total = conditional_target(encoded, labels, horizon, spend=objective != "poisson")
        known = encoded.rows(rows)
        raw = self._before_level(known, self.churn.main_) if model is None else model.raw(known)
        unit = max(float(target.mean()), 1e-9) if len(target) else 1.0
        slope = fit_affine(raw - np.log(unit), target / unit, "poisson").slope
        return keep_total(slope, raw, total, "poisson")

    def conditional(self, encoded: Encoded, horizon: int, *, spend: bool) -> Floats:
        """Expected orders, or net spend, of active customers at a horizon with a churn model, shape (n,)."""
        return (
            np.asarray(np.exp(self._log_spend(encoded, horizon))) if spend else 1 + self._orders(horizon).mean(encoded)
        )

    def _orders(self, horizon: int) -> AdditiveModel:
        """Further orders of active customers at a horizon with a churn model."""
        model, level = self._orders_before_level(horizon), self.levels_.get(horizon)
        return model if level is None else model.with_step(level[0])

    def _orders_before_level(self, horizon: int) -> AdditiveModel:
        scale = self.orders_scale_.get(horizon)
        return self.orders_ if scale is None else self.orders_.with_step(scale)

    def _log_spend(self, encoded: Encoded, horizon: int) -> Floats:
        """Log of net spend of active customers at a horizon with a churn model, shape (n,)."""
        level = self.levels_.get(horizon)
        if horizon in self.amounts_:
            raw = self._before_level(encoded, horizon)
        else:
            raw = self.amounts_scale_[horizon].apply(self._before_level(encoded, self.churn.main_), encoded)
        return raw if level is None else level[1].apply(raw, encoded)

    def _before_level(self, encoded: Encoded, horizon: int, boosted: Floats | None = None) -> Floats:
        """The same at a horizon of `amounts_` without the level; `boosted` is the log of that part, if known."""
        boosted = self.amounts_[horizon].raw(encoded) if boosted is None else boosted
        if self.value_ is None:
            return boosted
        orders = 1 + self._orders_before_level(horizon).mean(encoded)
        by_order = np.log(orders) + self.value_.log_value(encoded)
        return np.asarray((boosted + by_order) / 2 + self.value_scale_[horizon])

    def validated_spend(self, encoded: Encoded, horizon: int, boosted: Floats) -> Floats:
        """Net spend of active customers where the log of the boosted part comes from a model that has not seen them."""
        return np.asarray(np.exp(self._before_level(encoded, horizon, boosted)))

    def _value_scale(self, encoded: Encoded, labels: pd.DataFrame, horizon: int) -> float:
        rows, _, total = conditional_target(encoded, labels, horizon, spend=True)
        known = encoded.rows(rows)
        self.value_scale_[horizon] = 0.0
        given = float(np.exp(self._before_level(known, horizon)).sum())
        return float(np.log(total / given)) if total > 0 and given > 0 else 0.0

    def predict(
        self,
        frame: pd.DataFrame | Encoded,
        *,
        projection: Projection | None = None,
    ) -> pd.DataFrame:
        """Expected orders and net spend, with the frame's index.

        Parameters
        ----------
        frame : DataFrame or Encoded
        projection : Projection, optional
            `project(frame, churn.project(frame))`, with any further days, if known.
        """
        encoded = self.churn.encoder_.transform(frame)
        shown = self.churn.targets.horizon_days
        if projection is None:
            projection = self.project(encoded, self.churn.project(encoded))
        columns = {"expected_orders": projection.orders_at(shown), "expected_spend": projection.spend_at(shown)}
        for h in self.churn.horizons_:
            columns |= {orders_column(h): projection.orders_at(h), spend_column(h): projection.spend_at(h)}
        return pd.DataFrame(columns, index=encoded.index)

    def project(self, encoded: Encoded, projection: Projection) -> Projection:
        """Expected orders and net spend until each day of a projection, added to it.

        Neither falls with time, and orders are never fewer than the probability of one.

        Parameters
        ----------
        encoded : Encoded
        projection : Projection
            `churn.project(encoded)`, with any further days.
        """
        wanted, anchor = projection.days, self.continuation_.anchor
        active = 1 - projection.survival
        near = [h for h in wanted if h <= anchor]
        orders, spend = np.zeros_like(active), np.full_like(active, np.nan)
        for i, h in enumerate(near):
            source = h if h in self.churn.models_ else min(m for m in self.churn.models_ if m > h)
            given = self.conditional(encoded, source, spend=False)
            orders[:, i] = active[:, i] * (1 + (given - 1) * h / source)
            if self.has_amounts:
                amount = self.conditional(encoded, source, spend=True)
                spend[:, i] = active[:, i] * amount * (1 + (given - 1) * h / source) / given
        last, main = len(near), near.index(self.churn.main_)
        orders[:, :last], spend[:, :last] = rising(orders[:, :last], main), rising(spend[:, :last], main)
        if last < len(wanted):
            start = orders[:, last - 1]
            later = self.churn.longer_.orders(
                encoded, wanted[last:], start, self.continuation_, self.churn.ahead(encoded)
            )
            orders[:, last:] = np.maximum(later, active[:, last:])
            spend[:, last:] = spend[:, last - 1 : last] * (orders[:, last:] / start[:, None])
        return projection.with_potential(orders, spend)

    def contributions(self, frame: pd.DataFrame | Encoded) -> Contributions:
        """Parts of the log of `expected_spend`."""
        return self.contributions_at(frame, self.churn.targets.horizon_days)

    def contributions_at(
        self,
        frame: pd.DataFrame | Encoded,
        horizon: int,
        *,
        active: Contributions | None = None,
        projection: Projection | None = None,
    ) -> Contributions:
        """Parts of the log of expected spend at one of the churn model's horizons.

        Parameters
        ----------
        frame : DataFrame or Encoded
        horizon : int
        active : Contributions, optional
            `churn.contributions_at(frame, horizon)`, if known.
        projection : Projection, optional
            `project(frame, churn.project(frame))`, with any further days, if known.
        """
        encoded = self.churn.encoder_.transform(frame)
        continuation = self.continuation_
        modelled = min(horizon, continuation.anchor)
        if active is None or modelled != horizon:
            active = self.churn.contributions_at(encoded, modelled)
        together = added(log_active(active), self._spend_parts(encoded, modelled))
        if modelled == horizon == self.churn.main_:
            return together
        if projection is None:
            projection = self.project(encoded, self.churn.project(encoded))
        if modelled != self.churn.main_:
            together = adjusted(together, np.log(projection.spend_at(modelled)))
        if modelled == horizon:
            return together
        base = together.base + np.log(continuation.typical_growth(horizon))
        shown = np.log(projection.spend_at(horizon))
        return adjusted(Contributions("log", base, together.values), shown, "recency")

    def _spend_parts(self, encoded: Encoded, horizon: int) -> Contributions:
        """Parts of the log of net spend of active customers, at `horizon` if `amounts_` has it, else the main one."""
        source = horizon if horizon in self.amounts_ else self.churn.main_
        parts = self.amounts_[source].contributions(encoded)
        if self.value_ is not None:
            orders = log_orders(self._orders_before_level(source).contributions(encoded))
            both = added(parts, added(orders, self.value_.contributions(encoded)))
            parts = Contributions("log", both.base / 2 + self.value_scale_[source], both.values / 2)
        if source not in self.levels_:
            return parts
        zero = np.zeros(len(encoded))
        level = self.levels_[source][1]
        moved = pd.DataFrame({level.driver: level.apply(zero, encoded)}, index=encoded.index)
        return added(parts, Contributions("log", zero, moved))

    def to_files(self) -> dict[str, bytes]:
        """State as files without prefix; the churn model is not in them."""
        state = {
            "amounts": list(self.amounts_),
            "pace": self.continuation_.pace,
            "orders_scale": {str(h): step.state() for h, step in self.orders_scale_.items()},
            "amounts_scale": {str(h): step.state() for h, step in self.amounts_scale_.items()},
            "value": None if self.value_ is None else self.value_.state(),
            "value_scale": {str(h): scale for h, scale in self.value_scale_.items()},
            "levels": {str(h): [step.state() for step in pair] for h, pair in self.levels_.items()},
        }
        files = {"potential.json": dump(state), **self.orders_.to_files("orders")}
        for horizon, model in self.amounts_.items():
            files |= model.to_files(f"spend{horizon}")
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], churn: ChurnModel, *, threads: int = 1) -> PotentialModel:
        """Rebuild from `to_files` and the churn model it was fitted with."""
        state = load(files, "potential.json")
        model = cls(churn)
        try:
            amounts = sorted(int(h) for h in state["amounts"])
            pace = float(state["pace"])
            if not PACE_RANGE[0] <= pace <= PACE_RANGE[1]:
                raise ValueError
            model.continuation_ = replace(churn.continuation_, pace=pace)
            model.orders_scale_ = _steps(state["orders_scale"])
            model.amounts_scale_ = _steps(state["amounts_scale"])
            model.value_ = None if state["value"] is None else OrderValue.from_state(state["value"])
            model.value_scale_ = {int(h): float(scale) for h, scale in state["value_scale"].items()}
            if model.value_ is not None and set(model.value_scale_) != set(amounts):
                raise ValueError
            model.levels_ = {
                int(h): (LevelStep.from_state(orders), LevelStep.from_state(spend))
                for h, (orders, spend) in state["levels"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BundleError("bundle_file_unreadable", file="potential.json") from None
        model.orders_ = AdditiveModel.from_files(files, "orders", threads=threads)
        model.amounts_ = {h: AdditiveModel.from_files(files, f"spend{h}", threads=threads) for h in amounts}
        return model


def conditional_target(
    encoded: Encoded, labels: pd.DataFrame, horizon: int, *, spend: bool
) -> tuple[NDArray[np.bool_], Floats, float]:
    """Rows of active customers, their target (further orders, or net spend not below 0), and the total to keep.

    The total of spend is net over everybody, so that returns, also of customers who order nothing, are counted.
    """
    known = labelled(encoded, labels, horizon)
    orders = labels[orders_column(horizon)].to_numpy(dtype=np.float64)
    active = known & (np.nan_to_num(orders) > 0)
    if not spend:
        further = orders[active] - 1
        return active, further, float(further.sum())
    amounts = labels[spend_column(horizon)].to_numpy(dtype=np.float64)
    target = np.maximum(np.nan_to_num(amounts[active]), 0)
    total = float(np.nansum(amounts[known]))
    return active, target, max(total, 0.1 * float(target.sum()))


def rising(values: Floats, anchor: int) -> Floats:
    """Expectations that never fall with the horizon, shape (n, h); the anchor column stays as it is."""
    result = values.copy()
    for column in range(anchor - 1, -1, -1):
        result[:, column] = np.minimum(result[:, column], result[:, column + 1])
    for column in range(anchor + 1, values.shape[1]):
        result[:, column] = np.maximum(result[:, column], result[:, column - 1])
    return result


def _amounts_known(labels: pd.DataFrame, horizon: int) -> bool:
    name = spend_column(horizon)
    return name in labels and bool((labels[name].fillna(0) > 0).any())


def _steps(state: Mapping[str, Any]) -> dict[int, Affine]:
    steps = {int(h): step_from_state(item) for h, item in state.items()}
    return {h: step for h, step in steps.items() if isinstance(step, Affine)}
