"""What can be said of a customer's orders: silence, rhythm, number of orders, spend, range, returns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retention.explanation.figures import as_shown
from retention.explanation.ground import Figure, Ground, Telling, below, compared, known

RHYTHM = (
    *("days_since_last_order", "mean_gap_days", "overdue_ratio", "overdue_days", "overdue_longest_ratio"),
    *("active_months_share", "probabilistic"),
)
"""What silence and rhythm change: a month without an order also lowers the share of months with one."""
SILENCE = ("days_since_last_order", "overdue_ratio", "overdue_days", "overdue_longest_ratio")
PACE = ("mean_gap_days", "mean_gap_365d_days", "longest_gap_days", "gap_trend", "active_months_share")
"""What only silence changes, and what only the rhythm makes: the one that adds more is told first."""
SLOW = 1.5
"""A rhythm so many times as long as that of peers is told beside the silence: there is less to come in any case."""
EVEN = 0.5
"""Gaps whose deviation is at most this share of their mean are even."""
MOST_RETURN = 0.6
"""Up to this share of first-time buyers who come again it is told: more would sound like good news."""
ODD = 1.2
"""Gaps whose deviation is at least so many times their mean are irregular."""


def silence_forms(ground: Ground, horizon_days: float) -> list[Telling]:
    """Silence against the own rhythm, the rhythm against peers."""
    silent, gap, last_gap = ground.own("days_since_last_order"), ground.gap, ground.last_gap
    one = ground.visits < 2
    silence = Figure("silence", "days", "span", silent, gap, "own", "every")
    last = Figure("silence", "days", "ago", silent, gap, "own", "every")
    peers_gap = ground.peer("mean_gap_days")
    others = Figure("peers_gap", "days", "every", peers_gap)
    slow = below(gap, silent, "span") & (gap >= SLOW * peers_gap)
    found = [
        Telling("silence_slow", "recency", "worse", "silence", slow, (silence, others), RHYTHM),
        Telling("silence_habit", "recency", "worse", "silence", below(gap, silent, "span"), (silence,), RHYTHM),
        Telling("on_rhythm", "recency", "better", "silence", below(silent, gap, "span"), (last,), RHYTHM),
    ]
    same = known(silent, gap) & ~below(silent, gap, "span") & ~below(gap, silent, "span")
    found.append(Telling("as_usual", "recency", "better", "silence", same, (last,), RHYTHM))
    before = Figure("silence", "days", "span", silent, last_gap, "own")
    before_ago = Figure("silence", "days", "ago", silent, last_gap, "own", "span")
    found += [
        Telling("silence_last_gap", "recency", "worse", "silence", below(last_gap, silent, "span"), (before,), RHYTHM),
        Telling("on_last_gap", "recency", "better", "silence", below(silent, last_gap, "span"), (before_ago,), RHYTHM),
    ]
    found += _first_order(ground, one, horizon_days)
    due = gap - silent
    found.append(
        Telling(
            "not_due",
            "recency",
            "worse",
            "silence",
            known(due) & (due > horizon_days),
            (Figure("due_in", "days", "span", due),),
            RHYTHM,
        )
    )
    longest = ground.own("longest_gap_days")
    usual = np.where(known(gap), gap, last_gap)
    again = known(silent, longest) & below(usual, silent, "span") & below(silent, longest, "span")
    found.append(
        Telling(
            "came_back",
            "recency",
            "better",
            "came_back",
            again,
            (Figure("silence", "days", "span", silent, longest, "own"),),
            ("overdue_longest_ratio", "longest_gap_days", "days_since_last_order"),
        )
    )
    found += _rhythm(ground)
    peers = ground.beside_peers("silence", "days_since_last_order", "ago", unit="days")
    found += compared("silence_peers", "recency", peers, idea="silence", rests_on=RHYTHM, more_is="worse")
    when = Figure("silence", "days", "ago", silent)
    recent = known(silent) & (silent < horizon_days / 2.0) & ~(silent > gap)
    found.append(Telling("recent_order", "recency", "better", "silence", recent & ~one, (when,), RHYTHM))
    own = {"silence": SILENCE, "rhythm": PACE, "months": PACE}
    return [replace(telling, alone=own.get(telling.idea, ())) for telling in found]


def _first_order(ground: Ground, one: NDArray[np.bool_], horizon_days: float) -> list[Telling]:
    silent = ground.own("days_since_last_order")
    single = one & known(silent)
    fresh = single & (silent <= min(ground.baseline.typical_gap_days, horizon_days))
    waiting = Figure("silence", "days", "span", silent)
    since = Figure("silence", "days", "ago", silent)
    return [
        Telling("second_order", "recency", "worse", "silence", single & (silent >= 2), (waiting,), RHYTHM),
        Telling("first_order_fresh", "recency", "better", "silence", fresh, (since,), RHYTHM),
    ]


def _one_order(ground: Ground) -> list[Telling]:
    """One order is little to build on, the less the fewer first-time buyers come again."""
    orders = ground.own("orders_ever")
    single = (ground.visits < 2) & (orders < 2)
    share = ground.baseline.peers.returning
    returning = np.full(len(orders), np.nan if share is None else share)
    count, again = Figure("orders", "orders", "orders", orders), Figure("returning", "share", "hundred", returning)
    rests = ("orders_ever", "order_days_ever", "orders_365d")
    return [
        Telling(
            "one_order_returning",
            "frequency",
            "worse",
            "one_order",
            single & (returning < MOST_RETURN),
            (count, again),
            rests,
        ),
        Telling("one_order", "frequency", "worse", "one_order", single, (count,), rests),
    ]


def _rhythm(ground: Ground) -> list[Telling]:
    gap = ground.gap
    features = ("mean_gap_days", "mean_gap_365d_days", "longest_gap_days")
    pace = Figure("gap", "days", "every", gap, ground.peer("mean_gap_days"), "peers", "every")
    found = compared("rhythm_peers", "recency", pace, idea="rhythm", rests_on=features, more_is="worse")
    lately = Figure("gap", "days", "every", ground.own("gap_trend") * gap, gap, "own", "every", period_days=180.0)
    found += compared(
        "rhythm_change", "recency", lately, idea="rhythm", rests_on=("gap_trend", "mean_gap_365d_days"), more_is="worse"
    )
    cv = ground.own("gap_cv")
    even = Figure("gap", "days", "every", gap)
    found.append(
        Telling("rhythm_even", "recency", "better", "rhythm", known(gap, cv) & (cv <= EVEN), (even,), ("gap_cv",))
    )
    longest = ground.own("longest_gap_days")
    odd = known(gap, cv, longest) & (cv >= ODD) & (longest >= 2 * gap)
    figure = Figure("longest_gap", "days", "span", longest)
    found.append(Telling("irregular", "recency", "worse", "irregular", odd, (figure,), ("gap_cv", "longest_gap_days")))
    share, since = ground.own("active_months_share"), ground.own("days_since_first_order")
    periods = np.floor(since / 30.0) + 1.0
    months = Figure("months_with_order", "count", "months", np.rint(share * periods))
    of = Figure("months", "count", "months", periods, whole=True)
    seen, peer = known(share, periods) & (periods >= 3) & (ground.visits >= 3), ground.peer("active_months_share")
    rests = ("active_months_share",)
    return [
        *found,
        Telling("months_few", "recency", "worse", "months", seen & (share < 0.5) & (share < peer), (months, of), rests),
        Telling(
            "months_many", "recency", "better", "months", seen & (share >= 0.6) & (share > peer), (months, of), rests
        ),
    ]


def count_forms(ground: Ground) -> list[Telling]:
    """Orders now and before, and beside those of peers."""
    since = ground.own("days_since_first_order")
    found = _one_order(ground)
    for form, days, recent, whole in (
        ("orders_90d", 90.0, "orders_90d", "orders_180d"),
        ("orders_30d", 30.0, "orders_30d", "orders_60d"),
        ("orders_180d", 180.0, "orders_180d", "orders_365d"),
    ):
        now = ground.own(recent)
        figure = Figure("orders", "orders", "orders", now, ground.own(whole) - now, "own", period_days=days)
        # a customer who was not there before cannot have ordered more
        found += compared(
            form,
            "frequency",
            figure,
            idea="orders_trend",
            rests_on=(recent, whole, "orders_trend_90d", "orders_trend_30d", "orders_share_last_90d"),
            more_is="better",
            where=since >= 2 * days,
        )
    beside: list[tuple[str, float | None, str]] = [
        ("orders_90d_peers", 90.0, "orders_90d"),
        ("orders_365d_peers", 365.0, "orders_365d"),
        ("orders_ever_peers", None, "orders_ever"),
    ]
    for form, period, name in beside:
        figure = ground.beside_peers("orders", name, "orders", unit="orders", period_days=period)
        found += compared(
            form, "frequency", figure, idea="orders_peers", rests_on=(name,), more_is="better", where=ground.visits >= 2
        )
    return found


def spend_forms(ground: Ground) -> list[Telling]:
    """Order value and spend, now, before, and beside those of peers."""
    orders, spend = ground.own("orders_90d"), ground.own("spend_90d")
    before = ground.own("orders_365d") - orders
    with np.errstate(invalid="ignore", divide="ignore"):
        now = np.where(orders >= 1, spend / orders, np.nan)
        then = np.where(before >= 2, (ground.own("spend_365d") - spend) / before, np.nan)
    worth = (now > 0) & (then > 0)
    value = Figure("order_value", "money", "money", now, then, "own", period_days=90.0)
    found = compared(
        "order_value_down",
        "monetary",
        value,
        idea="order_value",
        rests_on=("mean_order_value_90d", "mean_order_value_365d", "last_order_value"),
        more_is="better",
        where=worth,
        forms=("order_value_down", "order_value_up"),
    )
    past = ground.own("spend_180d") - spend
    lately = Figure("spend", "money", "money", spend, past, "own", period_days=90.0)
    bought = (spend > 0) & (past > 0) & (ground.own("days_since_first_order") >= 180)
    found += compared(
        "spend_90d",
        "monetary",
        lately,
        idea="spend_trend",
        rests_on=("spend_90d", "spend_180d"),
        more_is="better",
        where=bought,
    )
    for form, name, fact, days in (
        ("spend_365d_peers", "spend_365d", "spend", 365.0),
        ("order_value_peers", "mean_order_value_365d", "order_value", 365.0),
        ("spend_ever_peers", "spend_ever", "spend", None),
    ):
        figure = ground.beside_peers(fact, name, "money", unit="money", period_days=days)
        found += compared(
            form,
            "monetary",
            figure,
            idea=f"{fact}_peers",
            rests_on=(name,),
            more_is="better",
            where=(ground.own(name) > 0) & (ground.peer(name) > 0),
        )
    last = ground.own("last_order_value")
    figure = Figure("last_order_value", "money", "money", last, ground.own("mean_order_value_ever"), "own")
    found += compared(
        "last_order_value",
        "monetary",
        figure,
        idea="last_order",
        rests_on=("last_order_value",),
        more_is="better",
        where=(ground.visits >= 3) & (last > 0),
    )
    for name, style in (("items_per_order_365d", "items"), ("lines_per_order_365d", "lines")):
        figure = ground.beside_peers(style, name, style, period_days=365.0)
        found += compared(
            "items_peers",
            "monetary",
            figure,
            idea="basket",
            rests_on=(name,),
            more_is="better",
            where=as_shown(ground.own(name), "orders") >= 1,
        )
    return found


def range_forms(ground: Ground) -> list[Telling]:
    """Products and categories beside those of peers."""
    found: list[Telling] = []
    for form, name, style, days in (
        ("products_peers", "categories_ever", "categories", None),
        ("products_peers", "products_ever", "products", None),
        ("new_products_peers", "new_categories_365d", "categories", 365.0),
        ("new_products_peers", "new_products_365d", "products", 365.0),
    ):
        figure = ground.beside_peers(style, name, style, period_days=days)
        found += compared(form, "breadth", figure, idea=f"{form}_{style}", rests_on=(name,), more_is="better")
    return found


def return_forms(ground: Ground) -> list[Telling]:
    """Returns beside the orders of the time."""
    found: list[Telling] = []
    for form, name, beside, days in (
        ("returns_count", "returns_365d", "orders_365d", 365.0),
        ("returns_ever", "returns_ever", "orders_ever", None),
    ):
        count, with_orders = ground.own(name), ground.own(beside)
        figure = Figure("returns", "count", "returns", count, period_days=days)
        of = Figure("orders", "orders", "orders", with_orders, period_days=days, whole=True)
        more = (count >= 1) & (with_orders >= count) & ~(count < ground.peer(name))
        found.append(Telling(form, "returns", "worse", "returns", more, (figure, of), (name,)))
    count, orders = ground.own("returns_365d"), ground.own("orders_365d")
    of = Figure("orders", "orders", "orders", orders, period_days=365.0, whole=True)
    none = (count == 0) & (orders >= 1)
    figure = Figure("returns", "count", "returns", count, period_days=365.0)
    found.append(Telling("returns_none", "returns", "better", "returns", none, (figure, of), ("returns_365d",)))
    other = ground.beside_peers("returns", "returns_365d", "returns", period_days=365.0)
    found += compared("returns_peers", "returns", other, idea="returns", rests_on=("returns_365d",), more_is="worse")
    share = ground.own("return_share_365d")
    amount = Figure("return_share", "share", "percent", share, period_days=365.0)
    much = (share >= 0.05) & ~(share < ground.peer("return_share_365d"))
    found.append(Telling("return_share", "returns", "worse", "return_share", much, (amount,), ("return_share_365d",)))
    return found
