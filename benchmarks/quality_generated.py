"""Generated purchase logs whose process is known: the rhythm, the leaving, the season and the growth are given.

Customers order by a renewal process with Gamma gaps and leave after an Exponential lifetime. Season and growth stretch
and squeeze the clock, so that the number of orders follows them and the rhythm of a customer stays the customer's own.
The log opens at day 0 of a business that may have run for long: what happened before is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.files import atomic_path

Floats = NDArray[np.float64]

START = datetime.fromisoformat("2012-01-01")
"""Day 0 of every generated log."""


@dataclass(frozen=True)
class GeneratedLog:
    """The process behind a log.

    Attributes
    ----------
    customers : int
    days : int
        Length of the log.
    gap_days : float
        Mean over customers of the order rate is ``1 / gap_days``.
    gap_shape : float
        Shape of the Gamma distribution of a customer's gaps: 1 is Poisson, larger is more regular.
    rate_shape : float
        Shape of the Gamma distribution of rates over customers: small is unequal.
    stay_days : float
        Mean time from the first order to leaving.
    before_days : int
        How long the business ran before the log opens; 0 means that nobody bought before.
    arrive_days : int, optional
        All customers arrive within this many days of day 0; by default they arrive evenly from the first day of the
        business to the end of the log.
    season : float
        Height of the yearly peak in the logarithm of the order rate.
    peak_day : float
        Day of the year of the peak (day 0 of the log is 1 January).
    growth : float
        Change per year of the logarithm of the order rate.
    return_share : float
        Share of orders that come back in part.
    amounts : bool
        Whether the log says how much was paid.
    """

    customers: int
    days: int
    gap_days: float
    gap_shape: float = 1.0
    rate_shape: float = 1.0
    stay_days: float = 500.0
    before_days: int = 0
    arrive_days: int | None = None
    season: float = 0.0
    peak_day: float = 335.0
    growth: float = 0.0
    return_share: float = 0.04
    amounts: bool = True


def write_generated_log(log: GeneratedLog, path: Path, *, seed: int) -> int:
    """Write the log as Parquet with customer_id, order_id, occurred_at and, if it has them, amount.

    Parameters
    ----------
    log : GeneratedLog
    path : Path
        File to write; it is there whole or not at all.
    seed : int
        Same seed, same file.

    Returns
    -------
    int
        Orders and returns written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    customer, day, cents = _events(log, np.random.default_rng(seed))
    order = np.lexsort((day, customer))
    customer, day, cents = customer[order], day[order], cents[order]
    moment = np.datetime64(START, "us") + np.round(day * 86_400).astype("timedelta64[s]")
    columns = {
        "customer_id": pa.array([f"C{number:06d}" for number in customer]),
        "order_id": pa.array([f"O{number:08d}" for number in range(len(customer))]),
        "occurred_at": pa.array(moment, pa.timestamp("us")),
    }
    if log.amounts:
        columns["amount"] = _money(cents)
    with atomic_path(path) as aside:
        pq.write_table(pa.table(columns), aside, compression="zstd")
    return len(customer)


def _events(log: GeneratedLog, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64]]:
    """Customer, day and cents of every order and return inside the log."""
    n = log.customers
    clock = _clock(log)
    last = log.arrive_days if log.arrive_days is not None else log.days
    first = -log.before_days * float(log.arrive_days is None)
    arrival = rng.uniform(first, last, n)
    end = np.minimum(arrival + rng.exponential(log.stay_days, n), log.days)
    rate = rng.gamma(log.rate_shape, 1 / (log.gap_days * log.rate_shape), n)
    # The clock runs in days of mean activity; gaps are drawn in it and read back as days.
    now, stop = np.interp(arrival, *clock), np.interp(end, *clock)
    found: list[NDArray[np.int64]] = []
    times: list[Floats] = []
    here = np.arange(n)
    while len(here):
        found.append(here)
        times.append(now[here])
        now[here] += rng.gamma(log.gap_shape, 1 / (log.gap_shape * rate[here]))
        here = here[now[here] < stop[here]]
    customer = np.concatenate(found)
    day = np.interp(np.concatenate(times), clock[1], clock[0])
    inside = (day >= 0) & (day < log.days)
    customer, day = customer[inside], day[inside]
    usual = np.exp(rng.normal(3.5, 0.7, n))
    paid = usual[customer] * np.exp(rng.normal(0.0, 0.5, len(customer)))
    if not log.amounts:
        return customer, day, np.zeros(len(customer), dtype=np.int64)
    back = np.flatnonzero(rng.random(len(customer)) < log.return_share)
    back_day = day[back] + rng.exponential(10.0, len(back))
    kept = back_day < log.days
    refund = -paid[back] * rng.uniform(0.1, 1.0, len(back))
    return (
        np.concatenate([customer, customer[back][kept]]),
        np.concatenate([day, back_day[kept]]),
        np.rint(np.concatenate([paid, refund[kept]]) * 100).astype(np.int64),
    )


def _clock(log: GeneratedLog) -> tuple[Floats, Floats]:
    """Days and the activity added up to them: the level of the business, integrated."""
    days = np.arange(-log.before_days, log.days + 1, dtype=np.float64)
    away = (days - log.peak_day + 182.5) % 365.0 - 182.5
    level = np.exp(log.season * np.exp(-((away / 35.0) ** 2) / 2) + log.growth * days / 365.0)
    return days, np.concatenate([[0.0], np.cumsum((level[1:] + level[:-1]) / 2)])


def _money(cents: NDArray[np.int64]) -> Any:
    import pyarrow as pa

    # A decimal of two places is its cents as a 16-byte integer.
    raw = np.empty((len(cents), 2), dtype="<i8")
    raw[:, 0], raw[:, 1] = cents, cents >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(raw.tobytes())])
