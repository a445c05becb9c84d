"""How much one order may teach: amounts beyond what the other orders make plausible count as the bound.

With N amounts the bound is the largest of

* the 99th percentile (a lower one where fewer than `LEAST_KTH` orders lie beyond it), further up on the log scale in
  proportion to its distance from the median, as a normal distribution of logarithms would be at five deviations: a
  log-normal log of any spread passes it once in 3,500,000 orders, a Pareto tail about once in 10,000; at most a
  hundred times the next;
* three times the k-th largest amount, k one thousandth of the orders and at least 5: a second kind of customers with a
  hundred times the orders is met more often than that;
* three times the third largest day of any single customer: who orders so regularly means it.

A price typed wrongly, a barcode in the price cell, passes all three. Returns are bounded at the same size, so a mistake
that was taken back cancels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.encoding import Encoded

Floats = NDArray[np.float64]
MIN_ORDERS = 20
"""Orders below which nothing tells what is usual."""
UPPER, DEVIATIONS = 0.99, 5.0
SPLIT_VISIT = 3
FARTHEST = 100.0
TIMES, SHARE, LEAST_KTH, OWN_KTH = 3.0, 0.001, 5, 3


@dataclass(frozen=True)
class OrderBound:
    """The bound and what it changed.

    Attributes
    ----------
    limit : float
        Infinite where there are too few orders to tell.
    orders : int
        Orders and returns beyond it.
    share : float
        Part of all money, returns counted by size, that lies beyond it.
    """

    limit: float
    orders: int = 0
    share: float = 0.0

    @classmethod
    def fit(cls, customer: NDArray[np.int64], day: NDArray[np.int64], amount: Floats) -> OrderBound:
        """From order events.

        Parameters
        ----------
        customer, day : ndarray of int, shape (n,)
        amount : ndarray, shape (n,)
            NaN where unknown, negative for returns.
        """
        size = np.abs(np.nan_to_num(amount))
        paid = np.sort(amount[np.nan_to_num(amount) > 0])
        if len(paid) < MIN_ORDERS:
            return cls(np.inf)
        middle, rank = float(np.median(paid)), min(round(UPPER * len(paid)), len(paid) - LEAST_KTH)
        times = DEVIATIONS / float(ndtri((rank + 0.5) / len(paid)))
        kth = max(LEAST_KTH, round(SHARE * len(paid)))
        often = float(paid[-kth])
        limit = float(np.clip(middle * (float(paid[rank]) / middle) ** times, TIMES * often, FARTHEST * often))
        limit = max(limit, TIMES * _regular(customer, day, amount, limit))
        beyond = size > limit
        lost = float((size[beyond] - limit).sum())
        return cls(limit, int(beyond.sum()), lost / float(size.sum()))


def most_on_a_day(orders: NDArray[np.int64]) -> int:
    """Orders of one customer on one day that teach at most, from all such days: 3, or twice the k-th largest.

    Bills split by a till or taken over from another system are one visit, not a rate.
    """
    kth = max(LEAST_KTH, round(SHARE * len(orders)))
    return max(SPLIT_VISIT, 2 * int(np.sort(orders)[-kth])) if len(orders) >= MIN_ORDERS else SPLIT_VISIT


UNBOUNDED = OrderBound(float("inf"))


def bounded(amount: Floats, limit: float) -> Floats:
    """Amounts within ±limit; NaN stays."""
    return np.clip(amount, -limit, limit)


def bounded_spend(encoded: Encoded, limit: float) -> Floats | None:
    """Net spend so far as `OrderBound` lets it count, shape (n,); None where the features do not tell spend.

    The features keep what was paid; the largest order is told apart, and together the orders cannot be worth more than
    the bound each.
    """
    spend, orders = encoded.column("spend_ever"), encoded.column("orders_ever")
    if spend is None or not np.isfinite(limit):
        return None if spend is None else np.nan_to_num(spend)
    largest = encoded.column("max_order_value_ever")
    count = np.ones(len(encoded)) if orders is None else np.maximum(np.nan_to_num(orders), 1.0)
    within = np.nan_to_num(spend)
    if largest is not None:
        within = within - np.maximum(np.nan_to_num(largest) - limit, 0.0)
    return np.clip(within, -limit * count, limit * count)


def bound_state(order_bound: float) -> float | None:
    """The bound as JSON: null where there is none."""
    return order_bound if np.isfinite(order_bound) else None


def read_bound(state: Any) -> float:
    """What `bound_state` gave; raises ValueError where it is not one."""
    bound = float("inf") if state is None else float(state)
    if not bound > 0:
        raise ValueError("not a bound of orders")
    return bound


def _regular(customer: NDArray[np.int64], day: NDArray[np.int64], amount: Floats, limit: float) -> float:
    """The largest `OWN_KTH`-largest day of a customer among amounts beyond the limit; 0 where nobody has so many."""
    here = np.flatnonzero(np.nan_to_num(amount) > limit)
    if len(here) < OWN_KTH:
        return 0.0
    key = np.column_stack([customer[here], day[here]])
    _, place = np.unique(key, axis=0, return_inverse=True)
    largest = np.zeros(int(place.max()) + 1)
    np.maximum.at(largest, place.ravel(), amount[here])
    owner = np.zeros(len(largest), dtype=np.int64)
    owner[place.ravel()] = customer[here]
    order = np.lexsort((-largest, owner))
    owner, largest = owner[order], largest[order]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    kth_largest = largest[rank == OWN_KTH - 1]
    return float(kth_largest.max()) if len(kth_largest) else 0.0
