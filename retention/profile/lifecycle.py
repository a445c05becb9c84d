"""Life-cycle stages as a state machine over the order log, with dated transitions.

States and what leads to them, by the customer's own rhythm:

=============  ==========================================================================================
prospect       no order yet
first_time     the first order
repeat         a further order
loyal          a further order, at least `loyal_orders` since the start or the last win-back, over at least
               `loyal_days`
at_risk        no order for more than `at_risk_after` times the usual gap; or, at the moment of scoring, a churn
               probability in the high tier and at least one half of a customer whose next order is due by the usual
               gap, or who has an early warning
lost           no order for more than `lost_after` times the usual gap and at least `shortest_lost_days`; at the
               moment of scoring only if the churn probability, where there is one, is at least one half
won_back       an order after having been lost
=============  ==========================================================================================

The usual gap after an order is the mean gap between the customer's order days so far, drawn towards the company's
typical gap with the weight of `rhythm_weight` gaps, and never shorter than `shortest_gap_days`. Gaps and silence count
open days (`retention.profile.open_days`). It uses only what was known at that order, so a transition once dated never
moves when later orders come in, and the same log gives the same states again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import LifecycleSettings
from retention.profile.attributes import Floats, Texts, looked_up, number
from retention.profile.open_days import ALWAYS_OPEN, OpenDays

STAGES = ("prospect", "first_time", "repeat", "loyal", "at_risk", "lost", "won_back")
RISK_FROM = 0.5
"""A churn probability below one half never makes a customer at risk, whatever its tier, and nobody lost."""

_DAY_US = 86_400_000_000
_NONE: dict[str, str] = {
    "customer_id": "str",
    "at": "datetime64[us]",
    "from_stage": "str",
    "to_stage": "str",
    "because": "str",
    "usual_gap_days": "float64",
}


@dataclass(frozen=True)
class OrderDays:
    """Distinct order days, sorted by customer and day: what every state machine runs on.

    Attributes
    ----------
    customer : ndarray of int
        Index into `ids`.
    day : ndarray of datetime64[D]
        UTC day.
    amount : ndarray of float
        Amount of the day's orders (NaN where the log has none).
    orders : ndarray of int
        Orders of the day.
    place : ndarray of int
        0 for a customer's first order day, 1 for the second, …
    ids : ndarray of str
        Customers with an order, sorted.
    moved : tuple of ndarray
        Customer, day and amount of every line of money, returns with a minus, sorted by customer and day.
    open_days : OpenDays
        When the company was closed, and customers could not buy what is usual: no silence.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.datetime64]
    amount: Floats
    orders: NDArray[np.int64]
    place: NDArray[np.int64]
    ids: Texts
    moved: tuple[NDArray[np.int64], NDArray[np.datetime64], Floats]
    open_days: OpenDays = ALWAYS_OPEN

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def first(self) -> NDArray[np.int64]:
        """Row of the first order day of every customer."""
        return np.flatnonzero(self.place == 0)

    @property
    def last(self) -> NDArray[np.int64]:
        """Row of the last order day of every customer."""
        starts = self.first
        return np.append(starts[1:], len(self)) - 1 if len(starts) else starts


def order_days(
    events: pd.DataFrame,
    as_of: pd.Timestamp,
    customers: pd.Series | None = None,
    open_days: OpenDays = ALWAYS_OPEN,
) -> OrderDays:
    """Collapse the order log before `as_of` into distinct days per customer.

    Parameters
    ----------
    events : DataFrame
        `features.engine.order_events`: customer_id, occurred_at, amount, is_order, maybe recorded_at.
    as_of : Timestamp
        Orders at or after it, or recorded after it, are not seen.
    customers : Series, optional
        Only these customers.
    open_days : OpenDays, optional
        Days that count as no silence.
    """
    if customers is not None:
        events = events[events["customer_id"].isin(customers)]
    moment = as_of.to_datetime64()
    seen = events["occurred_at"].to_numpy(dtype="datetime64[us]") < moment
    if "recorded_at" in events.columns:
        recorded = events["recorded_at"].to_numpy(dtype="datetime64[us]")
        seen &= np.isnat(recorded) | (recorded <= moment)
    buys = np.ones(len(events), dtype=bool)
    if "is_order" in events.columns:
        buys = events["is_order"].to_numpy(dtype=bool)
    amount = np.full(len(events), np.nan)
    if "amount" in events.columns:
        amount = np.asarray(events["amount"], dtype=np.float64)
    day = events["occurred_at"].to_numpy(dtype="datetime64[D]")
    ids = events["customer_id"].to_numpy(dtype=object)
    names = np.unique(ids[seen & buys].astype(str)).astype(object)
    codes = pd.Index(names).get_indexer(pd.Index(ids)).astype(np.int64)
    order = np.lexsort((amount, day, codes))
    order = order[seen[order] & (codes[order] >= 0)]
    moved = codes[order], day[order], amount[order]
    order = order[buys[order]]
    codes, day, amount = codes[order], day[order], amount[order]
    if not len(codes):
        empty = np.array([], dtype=np.int64)
        return OrderDays(empty, day, amount, empty, empty, names, moved, open_days)
    new = np.r_[True, (codes[1:] != codes[:-1]) | (day[1:] != day[:-1])]
    starts = np.flatnonzero(new)
    customer = codes[starts]
    first = np.r_[True, customer[1:] != customer[:-1]]
    begin = np.maximum.accumulate(np.where(first, np.arange(len(customer)), 0))
    return OrderDays(
        customer=customer,
        day=day[starts],
        amount=np.add.reduceat(amount, starts),
        orders=np.diff(np.append(starts, len(codes))).astype(np.int64),
        place=(np.arange(len(customer)) - begin).astype(np.int64),
        ids=names,
        moved=moved,
        open_days=open_days,
    )


def usual_gaps(days: OrderDays, rules: LifecycleSettings, typical_gap_days: float) -> Floats:
    """Usual gap in open days as known right after every order day; shape (len(days),)."""
    begin = np.arange(len(days)) - days.place
    clock = days.open_days.clock(days.day, days.customer, days.ids)
    span = (clock - clock[begin]) / _DAY_US
    weight = rules.rhythm_weight
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = (span + weight * typical_gap_days) / (days.place + weight)
    gap = np.where(np.isfinite(gap), gap, typical_gap_days)
    return np.asarray(np.maximum(gap, rules.shortest_gap_days), dtype=np.float64)


def transitions(
    days: OrderDays, as_of: pd.Timestamp, rules: LifecycleSettings, typical_gap_days: float
) -> pd.DataFrame:
    """Every change of stage before `as_of`, by the log alone.

    Returns
    -------
    DataFrame
        customer_id, at (UTC day), from_stage, to_stage, because (`order`, `silence`), usual_gap_days; sorted by
        customer and time. The first change of a customer comes from `prospect`.
    """
    if not len(days):
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _NONE.items()})
    n = len(days)
    gap = usual_gaps(days, rules, typical_gap_days)
    end = as_of.to_datetime64().astype("datetime64[us]")
    day: NDArray[np.datetime64] = days.day.astype("datetime64[us]")
    is_last = np.r_[days.place[1:] == 0, True]
    until: NDArray[np.datetime64] = np.where(is_last, end, np.append(day[1:], end))
    # whole days, upwards: "more than k times the gap" is reached at the end of that day
    risk_at = days.open_days.later(day, gap * rules.at_risk_after, days.customer, days.ids)
    silence = np.maximum(gap * rules.lost_after, rules.shortest_lost_days)
    lost_at = days.open_days.later(day, silence, days.customer, days.ids)
    fell_risk, fell_lost = risk_at < until, lost_at < until

    back = np.r_[False, fell_lost[:-1]] & (days.place > 0)
    begin = np.arange(n) - days.place
    # counts since the start or the last win-back: a won-back customer earns loyalty anew
    restart = np.maximum.accumulate(np.where(back | (days.place == 0), np.arange(n), 0))
    restart = np.maximum(restart, begin)
    since = np.arange(n) - restart + 1
    lasted = (day - day[restart]) / np.timedelta64(1, "D")
    loyal = (since >= rules.loyal_orders) & (lasted >= rules.loyal_days)
    stage = np.where(
        days.place == 0,
        "first_time",
        np.where(back, "won_back", np.where(loyal, "loyal", "repeat")),
    ).astype(object)
    rows = np.arange(n)
    at = np.concatenate([day, risk_at[fell_risk], lost_at[fell_lost]])
    to = np.concatenate(
        [stage, np.full(int(fell_risk.sum()), "at_risk", object), np.full(int(fell_lost.sum()), "lost", object)]
    )
    row = np.concatenate([rows, rows[fell_risk], rows[fell_lost]])
    kind = np.concatenate([np.zeros(n), np.ones(int(fell_risk.sum())), np.full(int(fell_lost.sum()), 2.0)])
    order = np.lexsort((kind, row))
    at, to, row, kind = at[order], to[order], row[order], kind[order]
    who = days.customer[row]
    start = np.r_[True, who[1:] != who[:-1]]
    before = np.where(start, "prospect", np.r_[[""], to[:-1]])
    changed = before != to
    return pd.DataFrame(
        {
            "customer_id": days.ids[who[changed]],
            "at": at[changed],
            "from_stage": before[changed],
            "to_stage": to[changed],
            "because": np.where(kind[changed] == 0, "order", "silence").astype(object),
            "usual_gap_days": gap[row[changed]],
        }
    )


def stages(
    frame: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    churn_probability: Floats,
    high_from: Floats,
    warned: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Stage of every customer at the moment of the frame.

    Parameters
    ----------
    frame : DataFrame
        `customer_id`, `as_of`, and for customers without a transition `orders_ever`, `days_since_last_order`,
        `overdue_ratio` (used where no order log is given).
    changes : DataFrame
        `transitions`.
    churn_probability : ndarray, shape (n,)
        NaN where there is no model answer.
    high_from : ndarray, shape (n,)
        Cut-off of the high risk tier for every row.
    warned : ndarray of bool, shape (n,), optional
        Who has an early warning; nobody by default.

    Returns
    -------
    DataFrame, n rows
        stage, stage_since (NaT for a prospect), stage_because (`order`, `silence`, `probability`, `none`),
        usual_gap_days.
    """
    last = changes.drop_duplicates("customer_id", keep="last")
    ids, keys = frame["customer_id"], last["customer_id"].to_numpy(dtype=object)
    stage = looked_up(ids, keys, last["to_stage"].to_numpy(dtype=object), "prospect")
    since = looked_up(ids, keys, last["at"].to_numpy(dtype="datetime64[us]"), np.datetime64("NaT", "us"))
    because = looked_up(ids, keys, last["because"].to_numpy(dtype=object), "none")
    gap = looked_up(ids, keys, number(last, "usual_gap_days"), np.nan)
    with np.errstate(invalid="ignore"):
        # the model sees more than the rhythm: whom it expects back is at risk, not lost
        expected = (stage == "lost") & (churn_probability < RISK_FROM)
        risky = (churn_probability >= high_from) & (churn_probability >= RISK_FROM)
        # who buys once a year and bought last month orders nothing this quarter, and that is no risk
        due = number(frame, "days_since_last_order") >= gap
        risky &= due if warned is None else due | warned
    keeps = np.isin(stage.astype(str), ["repeat", "loyal", "won_back"])
    turned = keeps & risky
    stage[turned] = "at_risk"
    because[turned] = "probability"
    since = np.where(turned, frame["as_of"].to_numpy(dtype="datetime64[us]"), since)
    fell = changes[changes["to_stage"] == "at_risk"].drop_duplicates("customer_id", keep="last")
    at_risk_since = looked_up(
        ids,
        fell["customer_id"].to_numpy(dtype=object),
        fell["at"].to_numpy(dtype="datetime64[us]"),
        np.datetime64("NaT", "us"),
    )
    stage[expected] = "at_risk"
    since = np.where(expected, at_risk_since, since)
    return pd.DataFrame({"stage": stage, "stage_since": since, "stage_because": because, "usual_gap_days": gap})
