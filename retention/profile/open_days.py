"""The clock of every customer for the state machine: days on which the customer could not buy do not count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.closures import OPEN, Closures
from features.engine import Tables, customer_pauses
from retention.profile.attributes import Texts

_DAY_US = 86_400_000_000
Moments = NDArray[np.datetime64]


@dataclass(frozen=True)
class OpenDays:
    """Closures of the company, and pauses of single customers (spans of time in which their usual product lacked).

    Attributes
    ----------
    closures : Closures
    pauses : tuple of (start, end, customers)
        Ascending by start; `customers` are the ids concerned.
    """

    closures: Closures = OPEN
    pauses: tuple[tuple[pd.Timestamp, pd.Timestamp, frozenset[str]], ...] = ()

    @classmethod
    def of(cls, tables: Tables) -> OpenDays:
        """What the tables say of closures, and which customers a stock-out kept from buying."""
        kept: dict[tuple[pd.Timestamp, pd.Timestamp], set[str]] = {}
        for customer, start, end in customer_pauses(tables).itertuples(index=False):
            kept.setdefault((start, end), set()).add(customer)
        return cls(tables.closures, tuple((*span, frozenset(ids)) for span, ids in sorted(kept.items())))

    def clock(self, moments: Moments, customer: NDArray[np.int64], ids: Texts) -> NDArray[np.int64]:
        """Open microseconds since 1970 at each moment, of the customer (place in `ids`) it belongs to."""
        clock = self.closures.open_clock(moments)
        times = moments.astype("datetime64[us]")
        for start, end, kept in self.pauses:
            begin, until = start.to_datetime64(), end.to_datetime64()
            stood = np.clip((np.minimum(times, until) - begin).astype("timedelta64[us]").astype(np.int64), 0, None)
            clock = clock - np.where(_among(ids, kept)[customer], stood, 0)
        return clock

    def moment(self, clock: NDArray[np.int64], customer: NDArray[np.int64], ids: Texts) -> Moments:
        """The inverse of `clock`."""
        for start, end, kept in self.pauses:
            began = int(self.closures.open_clock(np.array([start.to_datetime64()]))[0])
            length = (end - start) // pd.Timedelta(1, "us")
            clock = clock + np.where(_among(ids, kept)[customer] & (clock >= began), length, 0)
        return self.closures.moment_of(clock)

    def later(self, moments: Moments, days: NDArray[np.float64], customer: NDArray[np.int64], ids: Texts) -> Moments:
        """The moment at which so many whole open days (rounded up) have passed."""
        steps = np.ceil(days).astype(np.int64) * _DAY_US
        if not self.closures.company and not self.pauses:
            return np.asarray(moments.astype("datetime64[us]") + steps.astype("timedelta64[us]"))
        return self.moment(self.clock(moments, customer, ids) + steps, customer, ids)

    def paused_share(self, as_of: pd.Timestamp, window_days: float, ids: Texts) -> NDArray[np.float64]:
        """Share of the window before the moment in which each customer's usual product lacked, shape (n,)."""
        begin = as_of - pd.Timedelta(days=window_days)
        paused = np.zeros(len(ids))
        # spans may overlap: a customer is never kept from buying for longer than the window
        for start, end, kept in self.pauses:
            inside = (min(end, as_of) - max(start, begin)) / pd.Timedelta(days=window_days)
            if inside > 0:
                paused += np.where(_among(ids, kept), inside, 0.0)
        return np.minimum(paused, 1.0)


ALWAYS_OPEN = OpenDays()


def _among(ids: Texts, kept: frozenset[str]) -> NDArray[np.bool_]:
    return np.fromiter((name in kept for name in ids.tolist()), dtype=np.bool_, count=len(ids))
