"""Since when a sign holds: the day of the event that it began with, as well as the data can tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.profile.attributes import Floats
from retention.profile.lifecycle import OrderDays

Moments = NDArray[np.datetime64]


def ago(frame: pd.DataFrame, days: Floats | float) -> Moments:
    """The day so many days before the moment of every row; NaT where the number is not known."""
    back = np.broadcast_to(np.asarray(days, dtype=np.float64), (len(frame),))
    known = np.isfinite(back)
    steps = np.where(known, np.rint(np.where(known, back, 0.0) * 86_400e6), 0).astype("int64").astype("timedelta64[us]")
    moment = frame["as_of"].to_numpy(dtype="datetime64[us]") - steps
    return np.where(known, moment, np.datetime64("NaT", "us")).astype("datetime64[D]").astype("datetime64[us]")


def open_ago(frame: pd.DataFrame, days: Floats, on: NDArray[np.bool_], orders: OrderDays | None) -> Moments:
    """The day so many open days before the moment: days on which the company was closed do not count."""
    since = ago(frame, days)
    if orders is None or not orders.open_days.closures.company:
        return since
    closures = orders.open_days.closures
    steps = np.rint(np.nan_to_num(days) * 86_400e6).astype(np.int64)
    moment = closures.moment_of(closures.open_clock(frame["as_of"].to_numpy(dtype="datetime64[us]")) - steps)
    return np.where(on, moment.astype("datetime64[D]").astype("datetime64[us]"), since)


def fell_below(ids: pd.Series, on: NDArray[np.bool_], allowed: Floats, days: OrderDays, window_days: float) -> Moments:
    """Last day on which the trailing window held more order days than allowed.

    More than c order days lie in a window from the day that order j + c falls within the window of order j until order
    j leaves the window; the latest such end is the day since when the count has been at most c.
    """
    rows = np.flatnonzero(on)
    place = pd.Index(days.ids).get_indexer(pd.Index(ids.iloc[rows]))
    rows, place = rows[place >= 0], place[place >= 0]
    limit = np.full(len(days.ids), -1, dtype=np.int64)
    limit[place] = allowed[rows].astype(np.int64)
    c = limit[days.customer]
    index = np.arange(len(days))
    later = index + np.maximum(c, 0)
    inside = (c >= 0) & (later < len(days))
    later = np.where(inside, later, index)
    inside &= days.customer[later] == days.customer
    span = (days.day[later] - days.day).astype("int64")
    inside &= span < window_days
    # a midnight's window still holds the order of 90 days before, so the first midnight without it is day 91
    end = days.day.astype("int64") + int(window_days) + 1
    latest = np.full(len(days.ids), np.iinfo(np.int64).min)
    np.maximum.at(latest, days.customer[inside], end[inside])
    found = np.full(len(ids), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    told = latest[place] > np.iinfo(np.int64).min
    found[rows[told]] = latest[place[told]].astype("datetime64[D]").astype("datetime64[us]")
    return found


def first_order(
    frame: pd.DataFrame, on: NDArray[np.bool_], most: Floats | float, days: OrderDays | None, window_days: float
) -> Moments:
    """Day of the first order of the window that is worth at most so much, of the customers who show the sign.

    Parameters
    ----------
    frame : DataFrame
        `customer_id`, `as_of`, n rows.
    on : ndarray of bool, shape (n,)
        Who shows the sign.
    most : ndarray or float
        Amount of the order at most; infinite for any order.
    days : OrderDays, optional
        Order days before `as_of`; without them no day is told.
    window_days : float
        Length of the window before `as_of`.
    """
    found = np.full(len(frame), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    if days is None or not on.any():
        return found
    rows = np.flatnonzero(on)
    place = pd.Index(days.ids).get_indexer(pd.Index(frame["customer_id"].iloc[rows]))
    rows, place = rows[place >= 0], place[place >= 0]
    limit = np.full(len(days.ids), -np.inf)
    limit[place] = np.broadcast_to(np.asarray(most, dtype=np.float64), (len(frame),))[rows]
    as_of = pd.Timestamp(frame["as_of"].max()).to_datetime64().astype("datetime64[D]")
    inside = (as_of - days.day).astype("int64") <= window_days
    own = limit[days.customer]
    inside &= np.isposinf(own) | (days.amount <= own)
    earliest = np.full(len(days.ids), np.iinfo(np.int64).max)
    np.minimum.at(earliest, days.customer[inside], days.day[inside].astype("int64"))
    told = earliest[place] < np.iinfo(np.int64).max
    found[rows[told]] = earliest[place[told]].astype("datetime64[D]").astype("datetime64[us]")
    return found
