"""How much the labels carry: when a model is allowed, and what is said where it is not.

The minimums are written here and in docs/bundle.md; nothing else decides about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from configs.history import MIN_CUSTOMERS
from models.contract import orders_column
from models.encoding import Encoded

STRONG, WEAK, NONE = "strong", "weak", "none"

MIN_OUTCOMES = 50
COMFORT_CUSTOMERS = 500
COMFORT_OUTCOMES = 200

REASONS = (
    "",
    "no_orders_yet",
    "no_closed_horizon",
    "too_few_customers",
    "too_few_outcomes",
    "failed_test",
    "not_told_apart",
    "extrapolated_horizon",
    "few_labels",
    "single_cutoff",
    "no_amounts",
    "extrapolated_lifetime",
)
"""Every `evidence_reason`; what people read stands in `configs/texts/evidence.yaml`."""


@dataclass(frozen=True)
class LabelCounts:
    """What is known at one horizon: distinct customers, cut-offs, and rows of either outcome."""

    customers: int
    cutoffs: int
    active: int
    churned: int

    @property
    def refusal(self) -> str:
        """Why a model is not allowed: a code of `REASONS`, empty if it is."""
        if self.customers == 0:
            return "no_closed_horizon"
        if self.customers < MIN_CUSTOMERS:
            return "too_few_customers"
        if min(self.active, self.churned) < MIN_OUTCOMES:
            return "too_few_outcomes"
        return ""

    @property
    def doubt(self) -> str:
        """Why the evidence is weak although a model is allowed: a code of `REASONS`, empty if it is strong."""
        if self.customers < COMFORT_CUSTOMERS or min(self.active, self.churned) < COMFORT_OUTCOMES:
            return "few_labels"
        return "single_cutoff" if self.cutoffs < 2 else ""


def count_labels(encoded: Encoded, labels: pd.DataFrame, horizon_days: int) -> LabelCounts:
    """Count the known outcomes at a horizon among customers who have ordered before."""
    rows = labelled(encoded, labels, horizon_days)
    orders = labels[orders_column(horizon_days)].to_numpy(dtype=np.float64)[rows] if rows.any() else np.zeros(0)
    customers = 0 if encoded.customer_id is None else len(pd.unique(encoded.customer_id[rows]))
    cutoffs = 0 if encoded.as_of is None else len(np.unique(encoded.as_of[rows]))
    active = int((orders > 0).sum())
    return LabelCounts(customers, cutoffs, active, len(orders) - active)


def has_ordered(encoded: Encoded) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows whose customer has at least one order before the cut-off, shape (n,)."""
    orders = encoded.column("orders_ever")
    return np.ones(len(encoded), dtype=bool) if orders is None else np.nan_to_num(orders) > 0


def labelled(encoded: Encoded, labels: pd.DataFrame, horizon_days: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows a model may learn from: the horizon has closed and the customer has ordered before, shape (n,)."""
    name = orders_column(horizon_days)
    if name not in labels:
        return np.zeros(len(encoded), dtype=bool)
    return labels[name].notna().to_numpy() & has_ordered(encoded)
