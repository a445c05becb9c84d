"""What every strategy would do for every customer: the figures that the choice, its words and the work list share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention.strategies.catalogue_entries import Strategy

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PricedOffers:
    """Everything computed per customer × strategy; all arrays of shape (n, s).

    `fit` is that of `retention.strategies.fit`; `veto` is 0 where allowed, else 1 + the index of the veto in the
    catalogue; `channel` is the index in `channels`, `evidence` that in `EVIDENCE`, `driver` that in `TOLD_DRIVERS` of
    what is answered or built on (-1: nothing told). `spread` is half the width of the interval that holds the profit
    with 80 % as far as it is only believed. `step` counts from 1 within a sequence of `steps` (0: none), `wait` are the
    days until it may be used, `left` the days until it must be done (NaN: no deadline, below zero: overdue).
    """

    strategies: tuple[Strategy, ...]
    eligible: NDArray[np.bool_]
    fit: NDArray[np.int8]
    veto: NDArray[np.int16]
    effect: Floats
    uplift: Floats
    evidence: NDArray[np.int8]
    cost: Floats
    minutes: Floats
    profit: Floats
    spread: Floats
    rank: Floats
    channel: NDArray[np.int8]
    channels: tuple[str, ...]
    driver: NDArray[np.int8]
    priced: NDArray[np.bool_]
    step: NDArray[np.int8]
    steps: NDArray[np.int8]
    wait: Floats
    left: Floats

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Where a strategy may be offered."""
        return np.asarray(self.eligible & (self.veto == 0))
