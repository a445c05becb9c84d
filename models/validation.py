"""Inner split in time: what early stopping and calibration are validated on.

The newest cut-offs are for validation. Rows whose label window reaches into theirs are left out of learning as long as
enough remains (Lopez de Prado 2018, ch. 7, calls it purging); with a short log the two windows must overlap, and
then customers are kept apart instead, so that no order is seen on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Positions = NDArray[np.intp]
VALIDATION_SHARE = 0.15
FOLDS = 3


@dataclass(frozen=True)
class Split:
    """Positions of rows to learn from and rows to validate on.

    Attributes
    ----------
    learn, validation : ndarray of int
        Positions among the rows given; disjoint.
    kind : str
        `purged` (no overlap in time), `customers` (no customer on both sides) or `none` (too little: nothing
        to validate on).
    """

    learn: Positions
    validation: Positions
    kind: Literal["purged", "customers", "none"]

    def within(self, kept: NDArray[np.bool_]) -> Split:
        """The same split among the kept rows only, as positions there."""
        place = np.cumsum(kept) - 1
        learn, validation = (place[rows[kept[rows]]] for rows in (self.learn, self.validation))
        if len(validation):
            return Split(learn, validation, self.kind)
        return Split(np.arange(int(kept.sum())), validation, "none")


def fold_of(customer_id: NDArray[np.object_], folds: int = FOLDS) -> NDArray[np.int64]:
    """A stable fold per customer, shape (n,): the same id falls into the same fold in every run."""
    codes, unique = pd.factorize(customer_id)
    hashed = pd.util.hash_array(np.asarray(unique, dtype=object), categorize=False)
    return np.asarray((hashed % np.uint64(folds)).astype(np.int64)[codes])


def inner_split(
    customer_id: NDArray[np.object_],
    as_of: NDArray[np.datetime64],
    rare: NDArray[np.bool_],
    horizon_days: int,
    *,
    least_rows: int = 300,
    least_rare: int = 40,
) -> Split:
    """Split rows with known labels into learn and validation.

    Parameters
    ----------
    customer_id, as_of : ndarray, shape (n,)
    rare : ndarray of bool, shape (n,)
        Rows of the rarer outcome; both sides need `least_rare` of them.
    horizon_days : int
        Length of the label window.
    """
    everything = np.arange(len(as_of))

    def enough(rows: Positions) -> bool:
        return len(rows) >= least_rows and int(rare[rows].sum()) >= least_rare

    cutoffs, counts = np.unique(as_of, return_counts=True)
    newest_first = np.cumsum(counts[::-1])
    taken = min(int(np.searchsorted(newest_first, VALIDATION_SHARE * len(as_of))) + 1, max(1, len(cutoffs) // 3))
    while taken < len(cutoffs) // 2 and not enough(everything[as_of >= cutoffs[-taken]]):
        taken += 1
    first = cutoffs[-taken]
    newest = as_of >= first
    before = everything[as_of + np.timedelta64(horizon_days, "D") <= first]
    validation = everything[newest]
    if enough(validation) and enough(before) and len(before) >= 0.25 * len(as_of):
        return Split(before, validation, "purged")
    held = fold_of(customer_id) == 0
    validation = everything[newest & held]
    learn = everything[~held]
    if enough(learn) and len(validation) >= least_rows // 3 and int(rare[validation].sum()) >= least_rare // 3:
        return Split(learn, validation, "customers")
    return Split(everything, everything[:0], "none")
