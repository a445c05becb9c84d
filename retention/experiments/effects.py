"""What strategies really do: effects with intervals, measured against customers left alone.

Effects are differences between the arms (`retention.experiments.holdout`) in the horizon after the contact; what was
known before it takes noise out (CUPED). All functions are pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import DataError
from retention.experiments.holdout import TREATED
from retention.strategies.catalogue_entries import Evidence

Floats = NDArray[np.float64]
Outcome = Literal["active", "spend", "orders", "spend_if_active"]

SMALLEST_ARM = 30
"""Below this many customers in an arm there is no estimate."""
LARGEST_IMBALANCE = 0.1
"""Standardised difference of the prediction between the arms from which an assignment is not taken for random."""


@dataclass(frozen=True)
class Effect:
    """One measured effect with its 95 % interval.

    Attributes
    ----------
    strategy, segment : str
        What was measured, and for whom (`all`).
    outcome : str
        `active` (share with an order), `orders`, `spend`, or `spend_if_active` (spend of those with an order; a
        comparison of buyers with buyers, which the contact itself may have selected), in the horizon after the contact.
    effect, se, low, high : float
        Treated minus held out.
    mean_treated, mean_held_out : float
        Unadjusted means.
    treated, held_out : int
        Customers per arm.
    method : str
        `difference_in_means` or `cuped`.
    variance_removed : float
        Share of the variance that the covariate explained.
    imbalance : float
        Standardised difference of the covariate between the arms (nan without one).
    evidence : str
        `randomised`, or `observed` where the arms differ more than chance explains.
    """

    strategy: str
    segment: str
    outcome: Outcome
    effect: float
    se: float
    low: float
    high: float
    mean_treated: float
    mean_held_out: float
    treated: int
    held_out: int
    method: str
    variance_removed: float
    imbalance: float
    evidence: Evidence

    def as_dict(self) -> dict[str, Any]:
        """For JSON; a missing number is None."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(self).items()
        }


def estimate_effect(
    outcome: Floats,
    treated: NDArray[np.bool_],
    *,
    covariate: Floats | None = None,
    strata: NDArray[Any] | None = None,
    strategy: str = "",
    segment: str = "all",
    name: Outcome = "active",
) -> Effect:
    """Average effect of being treated.

    Without a covariate: difference in means with Neyman's variance (Imbens and Rubin 2015, eq. 6.17). With one, CUPED:
    ``y - theta * (x - mean(x))``, ``theta = cov(x, y) / var(x)`` (Deng et al. 2013, eq. 4 and 5). With strata the
    estimates of the strata weighted by their size (Imbens and Rubin 2015, section 9.4).

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        What happened after the contact.
    treated : ndarray of bool, shape (n,)
        Arm.
    covariate : ndarray, shape (n,), optional
        Something known before the contact, best the prediction of the outcome.
    strata : ndarray, shape (n,), optional
        Bands that the hold-out was drawn in; those without both arms (two customers each) are pooled.

    Raises
    ------
    DataError
        Fewer than `SMALLEST_ARM` customers in an arm.
    """
    outcome = np.asarray(outcome, dtype=np.float64)
    n_treated, n_held = int(treated.sum()), int((~treated).sum())
    if min(n_treated, n_held) < SMALLEST_ARM:
        raise DataError(
            "too_few_treated_and_held",
            code="too_few_treated",
            strategy=strategy,
            treated=n_treated,
            held=n_held,
            needed=SMALLEST_ARM,
        )
    adjusted, removed, imbalance = outcome, 0.0, math.nan
    if covariate is not None:
        x = np.asarray(covariate, dtype=np.float64)
        x = np.where(np.isnan(x), np.nanmean(x) if not np.isnan(x).all() else 0.0, x)
        spread = float(x.std())
        if spread > 0:
            imbalance = float(abs(x[treated].mean() - x[~treated].mean()) / spread)
            theta = _within_arm_slope(outcome, x, treated)
            adjusted = outcome - theta * (x - x.mean())
            before = _variance_within(outcome, treated)
            removed = 1 - _variance_within(adjusted, treated) / before if before > 0 else 0.0
    effect, variance = _stratified(adjusted, treated, strata)
    se = math.sqrt(variance)
    # Chance alone moves the covariate by sqrt(1/n1 + 1/n0) standard deviations; five times that is no chance.
    chance = math.sqrt(1 / n_treated + 1 / n_held)
    random = math.isnan(imbalance) or imbalance <= max(LARGEST_IMBALANCE, 5 * chance)
    return Effect(
        strategy=strategy,
        segment=segment,
        outcome=name,
        effect=effect,
        se=se,
        low=effect - 1.959964 * se,
        high=effect + 1.959964 * se,
        mean_treated=float(outcome[treated].mean()),
        mean_held_out=float(outcome[~treated].mean()),
        treated=n_treated,
        held_out=n_held,
        method="difference_in_means" if covariate is None else "cuped",
        variance_removed=max(removed, 0.0),
        imbalance=imbalance,
        evidence="randomised" if random else "observed",
    )


def _within_arm_slope(y: Floats, x: Floats, treated: NDArray[np.bool_]) -> float:
    # Centred within each arm, so that the effect itself does not enter theta.
    covariance = variance = 0.0
    for arm in (treated, ~treated):
        dx = x[arm] - x[arm].mean()
        covariance += float((dx * (y[arm] - y[arm].mean())).sum())
        variance += float((dx * dx).sum())
    return covariance / variance if variance > 0 else 0.0


def _variance_within(y: Floats, treated: NDArray[np.bool_]) -> float:
    return float(y[treated].var() + y[~treated].var())


def _stratified(y: Floats, treated: NDArray[np.bool_], strata: NDArray[Any] | None) -> tuple[float, float]:
    codes = np.zeros(len(y), dtype=np.int64) if strata is None else pd.factorize(np.asarray(strata, dtype=object))[0]
    counts = pd.DataFrame({"code": codes, "treated": treated}).groupby("code")["treated"].agg(["sum", "size"])
    thin = counts.index[(counts["sum"] < 2) | (counts["size"] - counts["sum"] < 2)]
    codes = np.where(np.isin(codes, thin.to_numpy()), -1, codes)
    pooled = treated[codes == -1]
    if len(pooled) and min(pooled.sum(), (~pooled).sum()) < 2:  # even together they lack an arm: join the largest
        kept = codes[codes >= 0]
        codes = np.where(codes == -1, np.bincount(kept).argmax() if len(kept) else 0, codes)
    effect = variance = 0.0
    for code in np.unique(codes):
        rows = codes == code
        one, zero = y[rows & treated], y[rows & ~treated]
        weight = rows.mean()
        effect += weight * float(one.mean() - zero.mean())
        variance += weight**2 * float(one.var(ddof=1) / len(one) + zero.var(ddof=1) / len(zero))
    return float(effect), float(variance)


def treatment_outcomes(
    treatments: pd.DataFrame, orders: pd.DataFrame, *, horizon_days: int, until: pd.Timestamp
) -> pd.DataFrame:
    """What happened in the horizon after every contact whose horizon has closed.

    Parameters
    ----------
    treatments : DataFrame
        customer_id, treated_at, strategy, arm. The first row per customer and strategy counts: windows never overlap.
    orders : DataFrame
        `features.engine.order_events`: customer_id, occurred_at, amount, is_order.
    horizon_days : int
        Days that count, starting with the contact.
    until : Timestamp
        End of the data; later horizons are still open and left out.

    Returns
    -------
    DataFrame
        The treatments kept, with `treated` (bool), `active` (0/1), `orders`, `spend` (net), and `orders_before`,
        `spend_before` of the same number of days before the contact.
    """
    first = treatments.sort_values(["treated_at", "customer_id"], kind="stable")
    first = first.drop_duplicates(["customer_id", "strategy"]).reset_index(drop=True)
    horizon = pd.Timedelta(days=horizon_days)
    first = first[pd.to_datetime(first["treated_at"]) + horizon <= until].reset_index(drop=True)
    keyed = first[["customer_id", "treated_at"]].assign(row=np.arange(len(first)))
    joined = keyed.merge(orders, on="customer_id", how="inner")
    distance = joined["occurred_at"] - joined["treated_at"]
    after = joined[((distance >= pd.Timedelta(0)) & (distance < horizon)).to_numpy()]
    before = joined[((distance >= -horizon) & (distance < pd.Timedelta(0))).to_numpy()]
    count, spend = _sums(after, len(first))
    count_before, spend_before = _sums(before, len(first))
    return first.assign(
        treated=(first["arm"] == TREATED).to_numpy(),
        active=(count > 0).astype(np.float64),
        orders=count,
        spend=spend,
        orders_before=count_before,
        spend_before=spend_before,
    )


def _sums(joined: pd.DataFrame, rows: int) -> tuple[Floats, Floats]:
    count, spend = np.zeros(rows), np.zeros(rows)
    purchases = joined[joined["is_order"].to_numpy(dtype=bool)].groupby("row").size()
    count[purchases.index.to_numpy()] = purchases.to_numpy()
    totals = joined.groupby("row")["amount"].sum()
    spend[totals.index.to_numpy()] = totals.to_numpy()
    return count, spend


BEFORE: dict[str, str] = {
    "active": "orders_before",
    "orders": "orders_before",
    "spend": "spend_before",
    "spend_if_active": "spend_before",
}
"""The covariate of each outcome where no prediction is given: the same thing before the contact."""


def measure_effects(
    outcomes: pd.DataFrame,
    *,
    predicted: Mapping[str, str] | None = None,
    segment_column: str | None = None,
    strata_column: str | None = None,
) -> list[Effect]:
    """Effects of every strategy, for everyone and per segment, on every outcome.

    Parameters
    ----------
    outcomes : DataFrame
        From `treatment_outcomes`, with whatever further columns are named below.
    predicted : mapping, optional
        Outcome → column with its prediction made before the contact, the covariate of CUPED; `BEFORE` by default.
    segment_column, strata_column : str, optional
        Columns with the segment and the band of the hold-out.

    Returns
    -------
    list of Effect
        Groups with too few customers in an arm have none.
    """
    found: list[Effect] = []
    for strategy, part in outcomes.groupby("strategy", sort=True):
        groups: list[tuple[str, pd.DataFrame]] = [("all", part)]
        if segment_column is not None:
            groups += [(str(name), group) for name, group in part.groupby(segment_column, sort=True)]
        for segment, group in groups:
            treated = group["treated"].to_numpy(dtype=np.bool_)
            if min(treated.sum(), (~treated).sum()) < SMALLEST_ARM:
                continue
            strata = group[strata_column].to_numpy(dtype=object) if strata_column is not None else None
            names: tuple[Outcome, ...] = ("active", "orders", "spend", "spend_if_active")
            for name in names:
                rows = np.ones(len(group), dtype=np.bool_)
                if name == "spend_if_active":
                    rows = group["active"].to_numpy(dtype=np.float64) > 0
                if min((treated & rows).sum(), (~treated & rows).sum()) < SMALLEST_ARM:
                    continue
                covariate = (predicted or BEFORE).get(name)
                values = group["spend" if name == "spend_if_active" else name].to_numpy(dtype=np.float64)
                known = covariate is not None and covariate in group.columns
                found.append(
                    estimate_effect(
                        values[rows],
                        treated[rows],
                        covariate=group[covariate].to_numpy(dtype=np.float64)[rows] if known else None,
                        strata=None if strata is None else strata[rows],
                        strategy=str(strategy),
                        segment=segment,
                        name=name,
                    )
                )
    return found
