"""Membership levels as a state machine over the order log, with dated promotions and demotions.

A level is reached on the day on which spend and orders of the 365 days before (that day included) reach what it
needs. Every day on which they do holds the level for 365 days from then. So promotion is at once, demotion comes 365
days after the last qualification, and the level at any moment is the highest one still held.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.profile.attributes import Floats, Texts, looked_up
from retention.profile.lifecycle import OrderDays

HELD_DAYS = 365
_CENT = 10_000.0


_APART = np.int64(1_000_000)


def _axis(customer: NDArray[np.int64], day: NDArray[np.datetime64]) -> NDArray[np.int64]:
    # one axis for all customers, so far apart that no window crosses from one to the next
    return np.asarray(day.astype("datetime64[D]").astype("int64") + customer * _APART, dtype=np.int64)


def trailing_year(days: OrderDays) -> tuple[Floats, Floats]:
    """Net spend and orders of the 365 days up to and with every order day; shape (len(days),) each.

    Returns lower the spend from the day on which they happen. Sums are taken over ten-thousandths of the currency as
    integers, so that they are the same on every machine.
    """
    axis = _axis(days.customer, days.day)
    orders = np.r_[0, np.cumsum(days.orders)]
    start = np.searchsorted(axis, axis - (HELD_DAYS - 1), side="left")
    count = orders[np.arange(len(days)) + 1] - orders[start]
    customer, day, amount = days.moved
    money = _axis(customer, day)
    spend = np.r_[0, np.cumsum(np.rint(np.nan_to_num(amount) * _CENT).astype(np.int64))]
    low = np.searchsorted(money, axis - (HELD_DAYS - 1), side="left")
    high = np.searchsorted(money, axis, side="right")
    return np.asarray((spend[high] - spend[low]) / _CENT), np.asarray(count, dtype=np.float64)


def member_transitions(days: OrderDays, as_of: pd.Timestamp, levels: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Every promotion and demotion before `as_of`.

    Parameters
    ----------
    days : OrderDays
        Distinct order days.
    as_of : Timestamp
        Nothing at or after it is told.
    levels : mapping
        Level → what it needs (`spend`, `orders` in 365 days), lowest first.

    Returns
    -------
    DataFrame
        customer_id, at, from_level, to_level, because (`promoted`, `demoted`), spend, orders (of the 365 days, NaN for
        a demotion); sorted by customer and time. Everyone starts at the first level.
    """
    names = list(levels)
    spend, orders = trailing_year(days)
    has_money = bool(np.isfinite(days.amount).any())
    end = as_of.to_datetime64().astype("datetime64[D]")
    steps: list[NDArray[np.int64]] = []
    whens: list[NDArray[np.datetime64]] = []
    ranks: list[NDArray[np.int64]] = []
    for place, name in enumerate(names[1:], start=1):
        enough = np.ones(len(days), dtype=bool)
        for key, least in levels[name].items():
            if key == "spend" and not has_money:
                continue
            enough &= (spend if key == "spend" else orders) >= least
        rows = np.flatnonzero(enough)
        if not len(rows):
            continue
        who, when = days.customer[rows], days.day[rows]
        first = np.r_[True, (who[1:] != who[:-1]) | ((when[1:] - when[:-1]).astype("int64") > HELD_DAYS)]
        last = np.r_[first[1:], True]
        over = when[last] + np.timedelta64(HELD_DAYS, "D")
        ended = over <= end
        steps += [who[first], who[last][ended]]
        whens += [when[first], over[ended]]
        ranks += [np.full(int(first.sum()), place), np.full(int(ended.sum()), -place)]
    columns = ["customer_id", "at", "from_level", "to_level", "because", "spend", "orders"]
    if not steps:
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
        return empty.astype({"at": "datetime64[us]", "spend": "float64", "orders": "float64"})
    who, when, move = np.concatenate(steps), np.concatenate(whens), np.concatenate(ranks)
    order = np.lexsort((np.abs(move), move < 0, when, who))
    who, when, move = who[order], when[order], move[order]
    held = np.zeros((len(who), len(names)), dtype=np.int64)
    held[np.arange(len(who)), np.abs(move)] = np.sign(move)
    first = np.r_[True, who[1:] != who[:-1]]
    running = np.cumsum(held, axis=0)
    offset = np.maximum.accumulate(np.where(first, np.arange(len(who)), 0))
    held = running - np.where(offset[:, None] > 0, running[offset - 1], 0)
    level = ((held > 0) * np.arange(len(names))).max(axis=1)
    # several moves on one day count as one: keep the last of each customer and day
    final = np.r_[(who[1:] != who[:-1]) | (when[1:] != when[:-1]), True]
    who, when, level = who[final], when[final], level[final]
    first = np.r_[True, who[1:] != who[:-1]]
    before = np.where(first, 0, np.r_[0, level[:-1]])
    changed = before != level
    who, when, level, before = who[changed], when[changed], level[changed], before[changed]
    rose = level > before
    at_row = np.minimum(np.searchsorted(_axis(days.customer, days.day), _axis(who, when)), len(days) - 1)
    label: Texts = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "customer_id": days.ids[who],
            "at": when.astype("datetime64[us]"),
            "from_level": label[before],
            "to_level": label[level],
            "because": np.where(rose, "promoted", "demoted").astype(object),
            "spend": np.where(rose & has_money, spend[at_row], np.nan),
            "orders": np.where(rose, orders[at_row], np.nan),
        }
    )[columns]


def member_levels(
    ids: pd.Series, changes: pd.DataFrame, levels: Mapping[str, Mapping[str, float]], given: Texts | None = None
) -> pd.DataFrame:
    """Level of every customer now.

    Parameters
    ----------
    ids : Series, shape (n,)
        Customers.
    changes : DataFrame
        `member_transitions`.
    levels : mapping
        Levels, lowest first.
    given : ndarray of str, shape (n,), optional
        Level that the company itself keeps (customers table); it wins where it is known.

    Returns
    -------
    DataFrame, n rows
        member_level, member_since (NaT: from the start, or given), member_because (`promoted`, `demoted`, `given`,
        `ordinary`).
    """
    last = changes.drop_duplicates("customer_id", keep="last")
    keys = last["customer_id"].to_numpy(dtype=object)
    level = looked_up(ids, keys, last["to_level"].to_numpy(dtype=object), next(iter(levels)))
    since = looked_up(ids, keys, last["at"].to_numpy(dtype="datetime64[us]"), np.datetime64("NaT", "us"))
    because = looked_up(ids, keys, last["because"].to_numpy(dtype=object), "ordinary")
    if given is not None:
        known = np.array([value is not None for value in given.tolist()], dtype=bool)
        level = np.where(known, given, level).astype(object)
        because = np.where(known, "given", because).astype(object)
        since = np.where(known, np.datetime64("NaT", "us"), since)
    return pd.DataFrame({"member_level": level, "member_since": since, "member_because": because})
