"""Comparable customers: the yardstick of reasons where the customer's own habit tells nothing.

Peers are the *active* members of the customer's group (one order, new, few orders, established). Those long gone are no
yardstick: beside their median everybody who still buys looks extraordinary. What a prediction's points are measured
from and what its words compare with are learned here from the same customers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import LifecycleSettings
from features.specs import FeatureSet
from models.contract import Contributions
from retention.profile.attributes import Floats, Texts, number

Contribute = Callable[[pd.DataFrame], Mapping[str, Contributions]]
"""Contributions of a frame by target: `ModelSuite.contributions`, or a single model's."""
EVERYBODY = "all"
GROUPS = ("one_order", "new", "few_orders", "established")
FEW_ORDERS = 5
"""A customer with fewer days with an order than this has few."""
ACTIVE_WITHIN = 1.5
"""Silence up to so many usual gaps is active."""
SMALLEST_GROUP = 30
"""A group with fewer active members is compared with the active customers of all groups."""
SAMPLED = 2_000
"""Active members of a group whose contributions are averaged."""
SMALLEST_KIND = 50
"""A kind of customer (a region, an industry) is told of from this many members on."""


@dataclass(frozen=True)
class Peers:
    """What the active customers of every group were like at training.

    Attributes
    ----------
    typical : dict
        Group → feature → median of its active members.
    parts : dict
        Target → group → column of the contributions → mean of its active members, on the link scale.
    returning : float or None
        Share of first-time buyers who came again, of those whose first order is a horizon old or older.
    kinds : dict
        Categorical feature → value → share expected not to order in the horizon; `EVERYBODY` beside them.
    """

    typical: dict[str, dict[str, float]] = field(default_factory=dict)
    parts: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    returning: float | None = None
    kinds: dict[str, dict[str, float]] = field(default_factory=dict)

    def typical_of(self, groups: Texts, name: str) -> Floats:
        """Median of a feature among every row's peers, shape (n,); NaN where there is none."""
        codes, names = pd.factorize(groups)
        return np.array([self.typical.get(group, {}).get(name, np.nan) for group in names], dtype=np.float64)[codes]

    def groups_of(self, frame: pd.DataFrame, new_customer_days: float) -> Texts:
        """Group of every row that there is a yardstick for; `EVERYBODY` where its own has too few active members."""
        own = groups_of(frame, new_customer_days)
        return np.array([group if group in self.typical else EVERYBODY for group in own.tolist()], dtype=object)

    def reference(self, target: str, groups: Texts, columns: list[str]) -> Floats:
        """Mean contributions of every row's peers, shape (n, k); zeros where none were learned."""
        codes, names = pd.factorize(groups)
        known = [self.parts.get(target, {}).get(group, {}) for group in names]
        table = np.array([[means.get(name, 0.0) for name in columns] for means in known], dtype=np.float64)
        return table.reshape(len(names), len(columns))[codes]


def groups_of(frame: pd.DataFrame, new_customer_days: float) -> Texts:
    """Comparison group of every row, by days with an order and time with the company; shape (n,)."""
    orders = number(frame, "orders_ever")
    visits = np.where(np.isfinite(number(frame, "order_days_ever")), number(frame, "order_days_ever"), orders)
    known = number(frame, "days_since_first_order")
    with np.errstate(invalid="ignore"):
        chosen = [visits < 2, known < new_customer_days, visits < FEW_ORDERS]
    return np.select(chosen, np.array(GROUPS[:3], dtype=object), GROUPS[3]).astype(object)


def typical_gap(frame: pd.DataFrame, otherwise: float) -> float:
    """Median of the customers' mean gaps in days; `otherwise` where nobody has one."""
    gaps = number(frame, "mean_gap_days")[number(frame, "orders_ever") >= 2]
    gaps = gaps[np.isfinite(gaps) & (gaps > 0)]
    return float(np.median(gaps)) if gaps.size else otherwise


def active_customers(frame: pd.DataFrame, typical_gap_days: float, rules: LifecycleSettings) -> NDArray[np.bool_]:
    """Who has not been silent for longer than `ACTIVE_WITHIN` usual gaps; shape (n,)."""
    with np.errstate(invalid="ignore"):
        usual = usual_gaps_of(frame, typical_gap_days, rules)
        return np.asarray(number(frame, "days_since_last_order") <= ACTIVE_WITHIN * usual)


def not_lost(frame: pd.DataFrame, typical_gap_days: float, rules: LifecycleSettings) -> NDArray[np.bool_]:
    """Who can still be lost: has ordered, and is not lost by the own rhythm already; shape (n,)."""
    with np.errstate(invalid="ignore"):
        longest = np.maximum(usual_gaps_of(frame, typical_gap_days, rules) * rules.lost_after, rules.shortest_lost_days)
        ordered = ~(number(frame, "orders_ever") <= 0)
        return np.asarray(ordered & ~(number(frame, "days_since_last_order") > longest))


def usual_gaps_of(frame: pd.DataFrame, typical_gap_days: float, rules: LifecycleSettings) -> Floats:
    """Usual gap in days by the features, shape (n,).

    The own gap counts with the weight of the gaps seen, the company's typical one with `rhythm_weight`, as in the
    life cycle.
    """
    gap, visits = number(frame, "mean_gap_days"), number(frame, "order_days_ever")
    seen = np.where(np.isfinite(gap), np.maximum(np.nan_to_num(visits, nan=2.0) - 1.0, 1.0), 0.0)
    weight = rules.rhythm_weight
    with np.errstate(invalid="ignore", divide="ignore"):
        usual = (np.nan_to_num(gap) * seen + typical_gap_days * weight) / (seen + weight)
    return np.asarray(np.maximum(np.where(np.isfinite(usual), usual, typical_gap_days), rules.shortest_gap_days))


def fit_peers(
    frame: pd.DataFrame,
    feature_set: FeatureSet,
    *,
    new_customer_days: float,
    typical_gap_days: float,
    horizon_days: float,
    rules: LifecycleSettings,
    churn_probability: Floats,
    contribute: Contribute | None = None,
) -> Peers:
    """Learn what the company's active customers are like.

    Parameters
    ----------
    frame : DataFrame
        Features at one moment, a fresh index.
    feature_set : FeatureSet
        Declarations.
    new_customer_days, typical_gap_days, horizon_days : float
        Days.
    rules : LifecycleSettings
        Weight of the typical gap.
    churn_probability : ndarray, shape (n,)
        Predictions; NaN where there are none.
    contribute : callable, optional
        Contributions of a frame by target; without it points are measured from the model's own base.
    """
    active = active_customers(frame, typical_gap_days, rules)
    own = groups_of(frame, new_customer_days)
    members = {EVERYBODY: np.flatnonzero(active)}
    for group in GROUPS:
        rows = np.flatnonzero(active & (own == group))
        if len(rows) >= SMALLEST_GROUP:
            members[group] = rows
    if not len(members[EVERYBODY]):
        members[EVERYBODY] = np.arange(len(frame))
    numeric = [spec.name for spec in feature_set if spec.kind == "numeric" and spec.name in frame]
    typical = {}
    for group, rows in members.items():
        medians = frame[numeric].iloc[rows].median() if numeric else pd.Series(dtype=float)
        typical[group] = {str(name): float(value) for name, value in medians.items() if np.isfinite(value)}
    parts: dict[str, dict[str, dict[str, float]]] = {}
    if contribute is not None:
        sample = {group: rows[:: max(1, -(-len(rows) // SAMPLED))] for group, rows in members.items()}
        asked = np.unique(np.concatenate(list(sample.values())))
        for target, found in contribute(frame.iloc[asked].reset_index(drop=True)).items():
            parts[target] = {
                group: {
                    str(name): float(value)
                    for name, value in found.values.iloc[np.searchsorted(asked, rows)].mean().items()
                }
                for group, rows in sample.items()
            }
    return Peers(
        typical=typical,
        parts=parts,
        returning=_returning(frame, horizon_days),
        kinds=_kinds(frame, feature_set, churn_probability),
    )


def _returning(frame: pd.DataFrame, horizon_days: float) -> float | None:
    with np.errstate(invalid="ignore"):
        old = number(frame, "days_since_first_order") >= horizon_days
        again = number(frame, "order_days_ever") >= 2
    return float(again[old].mean()) if old.sum() >= SMALLEST_KIND else None


def _kinds(frame: pd.DataFrame, feature_set: FeatureSet, churn_probability: Floats) -> dict[str, dict[str, float]]:
    known = np.isfinite(churn_probability)
    found: dict[str, dict[str, float]] = {}
    for spec in feature_set:
        if spec.kind != "categorical" or spec.name not in frame or not known.any():
            continue
        values = frame[spec.name].astype(object).where(frame[spec.name].notna())
        table = pd.Series(churn_probability[known]).groupby(values[known].reset_index(drop=True)).agg(["mean", "size"])
        table = table[table["size"] >= SMALLEST_KIND]
        if len(table):
            found[spec.name] = {str(value): float(mean) for value, mean in table["mean"].items()}
            found[spec.name][EVERYBODY] = float(churn_probability[known].mean())
    return found
