"""Labels: what customers did after a cut-off. The only module that looks past one.

A label window is ``[as_of, as_of + h)``. It is known only if it has closed, ``as_of + h <= known_until``, and only
events that were known then count (``occurred_at < known_until`` and ``recorded_at <= known_until``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.contract import KEYS, orders_column, spend_column

UNITS = 10_000
"""Money is counted in ten-thousandths, the scale of DECIMAL(18, 4)."""
_LOW = 1 << 20

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class OrderLog:
    """Order events in time order, ready for sums over windows.

    Parameters
    ----------
    events : DataFrame
        From `features.engine.order_events`: customer_id, occurred_at, amount, is_order and maybe recorded_at.
    known_until : datetime
        Events at or after it, or recorded after it, are left out.
    """

    def __init__(self, events: pd.DataFrame, known_until: datetime) -> None:
        known = events["occurred_at"] < pd.Timestamp(known_until)
        if "recorded_at" in events:
            known &= ~(events["recorded_at"] > pd.Timestamp(known_until))
        events = events.loc[known].sort_values("occurred_at", kind="stable")
        codes, customers = pd.factorize(events["customer_id"], sort=True)
        self.customers = pd.Index(customers)
        self.known_until = known_until
        self._codes: Ints = codes.astype(np.int64)
        self._times: Ints = _microseconds(events["occurred_at"])
        self._is_order: Ints = events["is_order"].to_numpy(dtype=bool).astype(np.int64)
        amounts = events["amount"].to_numpy(dtype=np.float64)
        self.has_amounts = bool(len(amounts) == 0 or not np.isnan(amounts).all())
        self._units: Ints = np.rint(np.nan_to_num(amounts) * UNITS).astype(np.int64)

    def sums(self, start: datetime, end: datetime) -> tuple[Ints, Floats]:
        """Orders and net spend of every customer in ``[start, end)``, in the order of `customers`.

        Returns
        -------
        orders : ndarray of int, shape (customers,)
        spend : ndarray of float, shape (customers,)
            Exact decimal sums turned into floats.
        """
        window = self._window(start, end)
        codes = self._codes[window]
        orders = np.bincount(codes, weights=self._is_order[window], minlength=len(self.customers)).astype(np.int64)
        return orders, self._exact(codes, self._units[window]) / UNITS

    def discounted(self, start: datetime, end: datetime, annual_discount: float) -> Floats:
        """Net spend of every customer in ``[start, end)``, each amount ÷ (1 + annual_discount) ** years since start."""
        window = self._window(start, end)
        years = (self._times[window] - _moment(start)) / (365.0 * 86_400_000_000.0)
        present = self._units[window] / UNITS / (1.0 + annual_discount) ** years
        sums = np.bincount(self._codes[window], weights=present, minlength=len(self.customers))
        return sums.astype(np.float64)

    def first_order_after(self, start: datetime) -> Floats:
        """Days from `start` to each customer's next order; infinite where none is known. Shape (customers,)."""
        window = self._window(start, self.known_until)
        days = (self._times[window] - _moment(start)) / 86_400_000_000.0
        result = np.full(len(self.customers), np.inf)
        chosen = self._is_order[window] > 0
        np.minimum.at(result, self._codes[window][chosen], days[chosen])
        return result

    def histories(self, cutoff: datetime) -> pd.DataFrame:
        """Buying history by day as probabilistic models take it, per customer who ordered before `cutoff`.

        Returns
        -------
        DataFrame
            Index customer_id; frequency (days with an order after the first), recency (days from the first to the last
            of them), age (days from the first to `cutoff`), mean_repeat_value (net spend per repeat day; 0 without one,
            without amounts, or where returns outweigh it).
        """
        chosen = slice(0, self._window(cutoff, cutoff).stop)
        bought = self._is_order[chosen] > 0
        day = 86_400_000_000
        table = pd.DataFrame(
            {
                "code": self._codes[chosen][bought],
                "day": self._times[chosen][bought] // day,
                "units": self._units[chosen][bought],
            }
        )
        days = table.groupby(["code", "day"], sort=True)["units"].sum().reset_index()
        grouped = days.groupby("code", sort=True)
        first, last = grouped["day"].min(), grouped["day"].max()
        repeats = grouped.size() - 1
        later = grouped["units"].sum() - grouped["units"].first()
        value = (later / repeats.clip(lower=1) / UNITS).where(repeats > 0, 0.0).clip(lower=0.0)
        return pd.DataFrame(
            {
                "frequency": repeats.astype(np.float64),
                "recency": (last - first).astype(np.float64),
                "age": _moment(cutoff) / day - first,
                "mean_repeat_value": value,
            }
        ).set_index(pd.Index(self.customers[first.index.to_numpy()], name="customer_id"))

    def _window(self, start: datetime, end: datetime) -> slice:
        first, last = np.searchsorted(self._times, [_moment(start), _moment(end)], side="left")
        return slice(int(first), int(last))

    def _exact(self, codes: Ints, units: Ints) -> Ints:
        # bincount adds in float64, which is exact below 2**53: add the two halves of each number apart.
        high, low = units // _LOW, units % _LOW
        size = len(self.customers)
        highs = np.bincount(codes, weights=high, minlength=size).astype(np.int64)
        return highs * _LOW + np.bincount(codes, weights=low, minlength=size).astype(np.int64)


def make_labels(
    events: pd.DataFrame, keys: pd.DataFrame, horizons: Sequence[int], known_until: datetime
) -> pd.DataFrame:
    """Orders and net spend after each cut-off.

    Parameters
    ----------
    events : DataFrame
        Order events (see `OrderLog`).
    keys : DataFrame
        Columns customer_id and as_of; the result has its index and order.
    horizons : sequence of int
        Days ahead.
    known_until : datetime
        End of what may be known; a window that ends later gives NaN.

    Returns
    -------
    DataFrame
        ``orders_{h}d`` and ``spend_{h}d`` per horizon, float64. Spend is net of returns; NaN throughout where the log
        has no amounts. A customer without any event in a closed window has 0.
    """
    log = OrderLog(events, known_until)
    names = [name(h) for h in horizons for name in (orders_column, spend_column)]
    labels = pd.DataFrame(np.nan, index=keys.index, columns=names, dtype=np.float64)
    places = log.customers.get_indexer(pd.Index(keys["customer_id"]))

    def fill(rows: Ints, column: str, values: NDArray[np.generic]) -> None:
        known = places[rows] >= 0
        result = np.zeros(len(rows))
        result[known] = values[places[rows][known]]
        labels.iloc[rows, names.index(column)] = result

    for cutoff, rows in _rows_by_cutoff(keys):
        for horizon in horizons:
            end = cutoff + timedelta(days=horizon)
            if end > known_until:
                continue
            orders, spend = log.sums(cutoff, end)
            fill(rows, orders_column(horizon), orders)
            if log.has_amounts:
                fill(rows, spend_column(horizon), spend)
    return labels


SMALLEST_UNTREATED = 0.2
"""Where fewer than this share of a horizon's windows were left alone, treated windows stay: contacts are normal."""


def treated_within(treatments: pd.DataFrame, keys: pd.DataFrame, days: int) -> NDArray[np.bool_]:
    """Whether a strategy was carried out on the customer in ``[as_of, as_of + days)``; shape (rows of `keys`,).

    Parameters
    ----------
    treatments : DataFrame
        customer_id, treated_at, arm; those held out were left alone and do not count.
    keys : DataFrame
        Columns customer_id and as_of.
    days : int
        Length of the window.
    """
    done = treatments.loc[treatments["arm"] == "treated", ["customer_id", "treated_at"]].sort_values("treated_at")
    rows = keys[KEYS].reset_index(drop=True).reset_index(names="row").sort_values(KEYS[1], kind="stable")
    moment = "datetime64[us]"
    after = pd.merge_asof(
        rows.astype({"as_of": moment, "customer_id": object}),
        done.astype({"treated_at": moment, "customer_id": object}),
        left_on="as_of",
        right_on="treated_at",
        by="customer_id",
        direction="forward",
    )
    treated = np.zeros(len(rows), dtype=np.bool_)
    inside = (after["treated_at"] - after["as_of"]) < pd.Timedelta(days=days)
    treated[after["row"].to_numpy()] = inside.to_numpy()
    return treated


def without_treated(
    labels: pd.DataFrame, keys: pd.DataFrame, treatments: pd.DataFrame, horizons: Sequence[int]
) -> tuple[pd.DataFrame, dict[int, float]]:
    """Labels of those left alone: where a strategy was carried out in the window, what happened is partly its doing.

    Such labels become NaN, so that the models learn what customers do by themselves. Customers held out of the same
    strategy stay in and speak for the treated. Where fewer than `SMALLEST_UNTREATED` of a horizon's windows were left
    alone, its labels stay as they are.

    Returns
    -------
    labels : DataFrame
        A copy with the same rows and columns.
    left_out : dict of int to float
        Share of closed windows left out per horizon; 0 where they stayed.
    """
    untreated, left_out = labels.copy(), {}
    for horizon in horizons:
        closed = labels[orders_column(horizon)].notna().to_numpy()
        treated = treated_within(treatments, keys, horizon) & closed
        share = float(treated.sum() / closed.sum()) if closed.any() else 0.0
        kept = 1.0 - share >= SMALLEST_UNTREATED
        left_out[horizon] = share if kept else 0.0
        if kept:
            untreated.loc[treated, [orders_column(horizon), spend_column(horizon)]] = np.nan
    return untreated, left_out


def discounted_spend(
    events: pd.DataFrame, keys: pd.DataFrame, days: int, annual_discount: float, known_until: datetime
) -> pd.Series:
    """Discounted net spend in ``[as_of, as_of + days)`` per row of `keys`; NaN where the window has not closed."""
    log = OrderLog(events, known_until)

    def values(cutoff: datetime) -> Floats | None:
        end = cutoff + timedelta(days=days)
        closed = end <= known_until and log.has_amounts
        return log.discounted(cutoff, end, annual_discount) if closed else None

    return _per_row(log, keys, values, absent=0.0)


def days_to_next_order(events: pd.DataFrame, keys: pd.DataFrame, known_until: datetime) -> pd.Series:
    """Days from each row's cut-off to the customer's next order; infinite where none is known."""
    log = OrderLog(events, known_until)
    return _per_row(log, keys, log.first_order_after, absent=np.inf)


def _per_row(
    log: OrderLog, keys: pd.DataFrame, values: Callable[[datetime], Floats | None], *, absent: float
) -> pd.Series:
    result = np.full(len(keys), np.nan)
    places = log.customers.get_indexer(pd.Index(keys["customer_id"]))
    for cutoff, rows in _rows_by_cutoff(keys):
        per_customer = values(cutoff)
        if per_customer is not None:
            known = places[rows] >= 0
            result[rows] = absent
            result[rows[known]] = per_customer[places[rows][known]]
    return pd.Series(result, index=keys.index)


def _rows_by_cutoff(keys: pd.DataFrame) -> list[tuple[datetime, Ints]]:
    cutoffs = keys[KEYS[1]].to_numpy()
    distinct, places = np.unique(cutoffs, return_inverse=True)
    return [
        (pd.Timestamp(cutoff).to_pydatetime(), np.flatnonzero(places == place).astype(np.int64))
        for place, cutoff in enumerate(distinct)
    ]


def _moment(time: datetime) -> int:
    return int(pd.Timestamp(time).to_datetime64().astype("datetime64[us]").astype(np.int64))


def _microseconds(times: pd.Series) -> Ints:
    return times.astype("datetime64[us]").to_numpy().astype(np.int64)
