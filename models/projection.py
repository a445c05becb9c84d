"""What passes between the estimators: the days ahead of each customer, as one table per quantity.

The churn model gives the survival, the potential model adds orders and spend to the same days, the lifetime value reads
the spend. A projection is never changed, so no estimator can reach into another.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Projection:
    """Survival, and where it is known orders and spend, until each of `days`.

    Attributes
    ----------
    days : tuple of int
        Days from the cut-off, ascending.
    survival : ndarray, shape (n, k)
        Probability of no order until each of `days`; never rising along a row.
    orders : ndarray, shape (n, k), or None
        Expected orders until each of `days`; None before the potential model has spoken.
    spend : ndarray, shape (n, k), or None
        Expected net spend until each of `days`, in the currency of the log; NaN where the log has no amounts.
    """

    days: tuple[int, ...]
    survival: Floats
    orders: Floats | None = None
    spend: Floats | None = None

    def __post_init__(self) -> None:
        if list(self.days) != sorted(set(self.days)):
            raise ValueError(f"days must ascend: {self.days}")
        for table in (self.survival, self.orders, self.spend):
            if table is not None and table.shape != (len(self.survival), len(self.days)):
                raise ValueError(f"a table of shape {table.shape} does not fit {len(self.days)} days")

    def at(self, days: Collection[int]) -> Projection:
        """The same at some of its days only.

        Examples
        --------
        >>> import numpy as np
        >>> Projection((30, 90), np.array([[0.8, 0.5]])).at([90]).survival.tolist()
        [[0.5]]
        """
        places = [self.days.index(day) for day in sorted(days)]
        orders, spend = (None if table is None else table[:, places] for table in (self.orders, self.spend))
        return Projection(tuple(sorted(days)), self.survival[:, places], orders, spend)

    def survival_at(self, day: int) -> Floats:
        """Probability of no order until one of `days`, shape (n,)."""
        return self.survival[:, self.days.index(day)]

    def orders_at(self, day: int) -> Floats:
        """Expected orders until one of `days`, shape (n,)."""
        return _known(self.orders, "orders")[:, self.days.index(day)]

    def spend_at(self, day: int) -> Floats:
        """Expected net spend until one of `days`, shape (n,)."""
        return _known(self.spend, "spend")[:, self.days.index(day)]

    def with_potential(self, orders: Floats, spend: Floats) -> Projection:
        """The same days with what is bought until each of them."""
        return replace(self, orders=orders, spend=spend)


def _known(table: Floats | None, name: str) -> Floats:
    if table is None:
        raise ValueError(f"the potential model has not told {name} yet")
    return table
