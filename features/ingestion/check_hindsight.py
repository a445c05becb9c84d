"""Attributes of customers that know the future: written as of today, used at moments of the past.

The customers table carries no dates, so a membership level or a channel that follows from what a customer did later
tells a model, at an earlier cut-off, who will stay. Nothing in the column itself shows that; what it tells does. Among
customers of the same history (time since the last order, number of orders, lateness against their own gap) an attribute
should hardly say who orders next. Where it does, it either decides how people buy, which then shows backwards in time
as well, or it was written with hindsight, which does not.

For each attribute, at cut-offs spread over the log, the chance is measured that of two customers of the same history
the one who ordered afterwards has the value whose customers mostly did (the area under the curve within groups of like
customers; 0.5 is no knowledge). The values are rated on one half of the customers and tried on the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configs.formats import percent
from features.connection import every
from features.families.customer import ATTRIBUTES
from features.ingestion.look import Look, told
from features.ingestion.report import Finding

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

CHANGING = frozenset({"member_level", "preferred_channel", "fulfilment"})
"""Attributes that companies rewrite from what a customer does; the others rarely change."""
TELLS, ASYMMETRY = 0.57, 0.04
"""Chance from which an attribute tells the future, and how much better than the past it then has to."""
CERTAIN = 5.0
"""Standard errors from 0.5 below which it is chance."""
BACK = (1, 2, 3, 5, 8)
"""Cut-offs: so many horizons before the end."""
MIN_HISTORY_DAYS, MIN_CUSTOMERS, MAX_CUSTOMERS = 28.0, 200, 50_000
PRIOR_ROWS = 20.0
DAY = 86_400.0


@dataclass(frozen=True)
class _Orders:
    """Orders of the customers looked at, sorted by customer and time; times in days."""

    customer: Codes
    time: Floats
    customers: int
    start: float
    end: float

    def turned(self) -> _Orders:
        """The same with time running backwards."""
        order = np.lexsort((-self.time, self.customer))
        return _Orders(self.customer[order], -self.time[order], self.customers, -self.end, -self.start)


def told_by_hindsight(look: Look) -> dict[str, tuple[float, float]]:
    """Attributes that tell the future, with how well they tell what came after and what came before."""
    names = [name for name in ATTRIBUTES if look.has(name, "customers")]
    fixed = set(look.settings.data.fixed_attributes)
    if not names or look.log.customers < MIN_CUSTOMERS:
        return {}
    orders, values = _read(look, names)
    horizon = float(look.settings.targets.horizon_days)
    ahead, back = _windows(orders, horizon), _windows(orders.turned(), horizon)
    found = {}
    for name in names:
        forward, certain = _tells(ahead, values[name])
        if forward < TELLS or certain < CERTAIN:
            continue
        backward, _ = _tells(back, values[name])
        if name not in fixed and (name in CHANGING or forward - backward >= ASYMMETRY):
            found[name] = (forward, backward)
    return found


def undated(look: Look) -> Iterable[Finding]:
    """One finding per attribute that is left out of the features because it knows the future."""
    for name, (forward, _) in told_by_hindsight(look).items():
        yield told(
            "knows_the_future",
            "warning",
            (
                f"customers: {name} tells who ordered later among customers of the same history "
                f"({percent(forward, 'en')} of pairs right, 50% would be chance): it was written with what happened "
                "since, so it is left out of the features. If it has not changed since the customer was acquired, "
                "name it under data.fixed_attributes.",
                f"customers：在购买历史相同的客户中，{name} 能说出谁之后会下单（{percent(forward, 'zh')} "
                "的两两比较正确，纯属偶然时为 50%），说明它是根据后来的情况填写的，因此不用作特征。"
                "如果它自客户建立以来没有变过，请写入 data.fixed_attributes。",
            ),
            table="customers",
            setting="data.fixed_attributes",
            column=name,
            tells=round(forward, 4),
        )


def _read(look: Look, names: Sequence[str]) -> tuple[_Orders, dict[str, Codes]]:
    connection = look.connection
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS "
        "code FROM (SELECT DISTINCT customer_id FROM log_orders WHERE bought ORDER BY md5(customer_id), customer_id "
        f"LIMIT {MAX_CUSTOMERS})"
    )
    found = connection.execute(
        "SELECT code, epoch(ordered) AS time FROM log_orders JOIN looked_at USING (customer_id) WHERE bought "
        "ORDER BY code, time"
    ).fetchnumpy()
    customer = np.asarray(found["code"], dtype=np.int64)
    time = np.asarray(found["time"], dtype=np.float64) / DAY
    orders = _Orders(customer, time, int(customer[-1]) + 1 if len(customer) else 0, *_span(time))
    listed = ", ".join(f"dense_rank() OVER (ORDER BY c.{name} NULLS FIRST)" for name in names)
    rows = every(
        connection, f"SELECT {listed} FROM looked_at LEFT JOIN customers AS c USING (customer_id) ORDER BY code"
    )
    table = np.array(rows, dtype=np.int64).reshape(-1, len(names))
    return orders, {name: table[:, place] for place, name in enumerate(names)}


def _span(time: Floats) -> tuple[float, float]:
    return (float(time.min()), float(time.max())) if len(time) else (0.0, 0.0)


@dataclass(frozen=True)
class _Window:
    """Customers known at one cut-off: who they are, their group of like history and half, and whether they ordered."""

    customer: Codes
    group: Codes
    came: Floats


def _windows(orders: _Orders, horizon: float) -> list[_Window]:
    cutoffs = [orders.end - back * horizon for back in BACK]
    return [_window(orders, cutoff, horizon) for cutoff in cutoffs if cutoff - orders.start >= MIN_HISTORY_DAYS]


def _window(orders: _Orders, cutoff: float, horizon: float) -> _Window:
    past = orders.time < cutoff
    count = np.bincount(orders.customer[past], minlength=orders.customers)
    after = ~past & (orders.time <= cutoff + horizon)
    came = np.bincount(orders.customer[after], minlength=orders.customers) > 0
    known = np.flatnonzero(count)
    first, last = np.full(orders.customers, np.inf), np.full(orders.customers, -np.inf)
    np.minimum.at(first, orders.customer[past], orders.time[past])
    np.maximum.at(last, orders.customer[past], orders.time[past])
    silence, n = cutoff - last[known], count[known]
    gap = (last[known] - first[known]) / np.maximum(n - 1, 1)
    lateness = np.digitize(silence / np.maximum(gap, 1.0), (0.5, 1.0, 1.5, 2.5)) * (n > 1)
    tenths = np.searchsorted(np.quantile(silence, np.arange(1, 10) / 10), silence) if len(known) else silence
    group = (tenths.astype(np.int64) * 32 + np.log2(n).astype(np.int64)) * 8 + lateness
    return _Window(known, group * 2 + known % 2, came[known].astype(np.float64))


def _tells(windows: Sequence[_Window], values: Codes) -> tuple[float, float]:
    """Share of pairs of like customers that the values order rightly, and its distance from 0.5 in standard errors."""
    right = pairs = spread = 0.0
    for window in windows:
        value, half = values[window.customer], window.group % 2
        _, like = np.unique(window.group // 2, return_inverse=True)
        usual = np.bincount(like, window.came) / np.bincount(like)
        excess = window.came - usual[like]
        rated = np.zeros(len(value))
        for side in (0, 1):
            other = half != side
            total = np.bincount(value[other], excess[other], minlength=value.max(initial=0) + 1)
            rows = np.bincount(value[other], minlength=len(total))
            rated[half == side] = (total / (rows + PRIOR_ROWS))[value[half == side]]
        _, group = np.unique(window.group, return_inverse=True)
        won, of, variance = _within(group, np.round(rated, 9), window.came)
        right, pairs, spread = right + won, pairs + of, spread + variance
    if pairs == 0:
        return 0.5, 0.0
    return right / pairs, abs(right - pairs / 2) / float(np.sqrt(spread))


def _within(group: Codes, rated: Floats, came: Floats) -> tuple[float, float, float]:
    """Pairs of a customer who came and one who did not, inside the groups: rightly ordered, all, and the variance."""
    order = np.lexsort((rated, group))
    group, rated, came = group[order], rated[order], came[order]
    begins = np.r_[True, group[1:] != group[:-1]]
    place = np.arange(len(group)) - np.maximum.accumulate(np.where(begins, np.arange(len(group)), 0))
    # Ties share their mean rank.
    tie = np.cumsum(np.r_[True, (group[1:] != group[:-1]) | (rated[1:] != rated[:-1])]) - 1
    rank = (np.bincount(tie, place + 1.0) / np.bincount(tie))[tie]
    number = np.cumsum(begins) - 1
    ones = np.bincount(number, came)
    others = np.bincount(number) - ones
    won = np.bincount(number, rank * came) - ones * (ones + 1) / 2
    both = ones * others
    return float(won.sum()), float(both.sum()), float((both * (ones + others + 1) / 12).sum())
