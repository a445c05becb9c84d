"""Early warnings: what a customer does differently from the own normal, how much, and since when.

Every sign compares the last 90 days (or the time since the last order) with what the same customer did before. A sign
needs enough of that "before" to know the normal; without it there is no warning. How far from normal is far enough
follows from the customer's own spread and from how much of it has been seen, so that a customer who goes on as before
carries a sign only as often as a written false-alarm rate says. The signs are facts of the log, not predictions, so
they also speak where there is no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES
from retention.entries import EarlyWarning
from retention.explanation.figures import worded
from retention.explanation.sign_dates import ago, fell_below, first_order, open_ago
from retention.profile.attributes import Floats, looked_up, number
from retention.profile.lifecycle import OrderDays
from retention.profile.sign_records import SignRecord, is_warning
from retention.wording import format_dates, format_values, texts

WINDOW_DAYS = 90.0

OVERDUE_FROM = 1.5
OVERDUE_ORDERS = 4
OVERDUE_FEW_FROM = 2.5
"""Usual gaps of silence after which a customer with fewer orders is overdue; the gap is mostly the company's."""
OVERDUE_BY_CHANCE = 0.30
"""Chance that a customer who goes on as before is called overdue once in 90 days."""
PRIOR_GAPS = 4.0
"""Weight, in gaps, of a coefficient of variation of 1 (purely random gaps) beside the customer's own."""
BY_CHANCE = 0.05
"""Chance that a customer who goes on as before shows a fall of a count this large."""
VALUE_BY_CHANCE = 0.01
"""The same for the mean order, which says least about leaving."""
HALVED = 0.5
ENOUGH_BEFORE = 4.0
ENOUGH_HISTORY_DAYS = 270.0
VALUE_ORDERS_BEFORE = 3.0
VALUE_FALL = 0.7
STEADY = 0.75
SATISFACTION_FALL = 0.10
CONTENT_FROM = 0.75
"""A mean score from here up, four of five, is still good after a fall."""
COMPLAINTS_RISE = 2.0

UNITS = {
    "overdue": "days",
    "overdue_few": "days",
    "frequency_falling": "plain",
    "order_value_falling": "money",
    "breadth_shrinking": "plain",
    "complaints_rising": "plain",
    "complaint_open": "plain",
    "satisfaction_falling": "score",
    "contact_dropping": "plain",
    "offers_unused": "plain",
    "cart_abandoned": "plain",
}
"""Every sign with the unit of its value and its normal."""
SPOKEN = {"days": ("span", "every"), "money": ("money", "money")}
"""Units whose figures are said as in reasons: how the value is said, and how its normal is."""


@dataclass(frozen=True)
class Sign:
    """One sign over all customers.

    Attributes
    ----------
    code : str
        Key of `UNITS`.
    on : ndarray of bool, shape (n,)
        Whether the customer shows it.
    value, normal : ndarray, shape (n,)
        What is seen now and what is normal of this customer (NaN where a sign has no normal).
    size : ndarray, shape (n,)
        How far from normal, as a ratio ≥ 1 (larger is worse).
    since : ndarray of datetime64[us], shape (n,)
        Day of the event that the sign began with, as well as the data can tell; NaT where they tell none.
    """

    code: str
    on: NDArray[np.bool_]
    value: Floats
    normal: Floats
    size: Floats
    since: NDArray[np.datetime64]


def find_signs(
    frame: pd.DataFrame,
    days: OrderDays | None = None,
    *,
    usual_gap: Floats | None = None,
    lost: NDArray[np.bool_] | None = None,
) -> list[Sign]:
    """All signs of all customers.

    Parameters
    ----------
    frame : DataFrame
        Features, n rows; signs whose features are absent are never on.
    days : OrderDays, optional
        Order days before `as_of`, for the exact day since when orders fall or are smaller; without them the window's
        start is told.
    usual_gap : ndarray, shape (n,), optional
        Usual gap of the life cycle (`transitions`), drawn towards the company's; without it customers with few orders
        are never overdue.
    lost : ndarray of bool, shape (n,), optional
        Customers who are lost already: a warning would not be early. Only an open complaint is still told.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [
            _overdue(frame, days),
            _overdue_few(frame, days, usual_gap),
            _frequency(frame, days),
            _order_value(frame, days),
            _breadth(frame, days),
            _complaints(frame),
            _open_complaint(frame),
            _satisfaction(frame),
            _falling(frame, "contact_dropping", "contacts_90d", "contacts_365d"),
            _falling(frame, "offers_unused", "redemptions_90d", "redemptions_365d", "days_since_last_redemption"),
            _cart(frame),
        ]
    return found if lost is None else not_of_the_lost(found, lost)


def not_of_the_lost(signs: list[Sign], lost: NDArray[np.bool_]) -> list[Sign]:
    """The signs without those of lost customers: such a warning would not be early. An open complaint stays."""
    return [sign if sign.code == "complaint_open" else replace(sign, on=sign.on & ~lost) for sign in signs]


def _overdue(frame: pd.DataFrame, days: OrderDays | None) -> Sign:
    """Silence longer than a customer who goes on as before would show once in 90 days, and 1.5 usual gaps.

    Gaps of a customer are taken as Gamma distributed with shape k = 1 / cv²; with the mean m of n of them seen, the
    next one divided by m follows F(2k, 2kn), which allows for a normal known from few orders. A weekly buyer has 13
    gaps in 90 days that could each give a false alarm, a yearly buyer one, so the chance is divided among them.
    """
    from scipy.special import fdtri

    gap, silent = number(frame, "mean_gap_days"), number(frame, "days_since_last_order")
    gaps = np.maximum(number(frame, "orders_ever") - 1.0, 1.0)
    own = np.nan_to_num(number(frame, "gap_cv"), nan=1.0)
    shape = (gaps + PRIOR_GAPS) / (gaps * own**2 + PRIOR_GAPS)
    chance = 1.0 - (1.0 - OVERDUE_BY_CHANCE) ** np.minimum(gap / WINDOW_DAYS, 1.0)
    known = (number(frame, "orders_ever") >= OVERDUE_ORDERS) & (gap > 0)
    longest = fdtri(2.0 * shape, 2.0 * shape * gaps, np.where(known, 1.0 - chance, 0.5))
    limit = np.maximum(OVERDUE_FROM, longest)
    ratio = silent / gap
    on = known & (ratio >= limit)
    back = np.where(on, silent - limit * gap, np.nan)
    return Sign("overdue", on, silent, gap, ratio, open_ago(frame, back, on, days))


def _overdue_few(frame: pd.DataFrame, days: OrderDays | None, usual_gap: Floats | None) -> Sign:
    """Silence of a customer whose own rhythm is hardly known, against the gap drawn towards the company's."""
    orders, silent = number(frame, "orders_ever"), number(frame, "days_since_last_order")
    gap = np.full(len(frame), np.nan) if usual_gap is None else usual_gap
    on = (orders >= 1) & (orders < OVERDUE_ORDERS) & (silent >= OVERDUE_FEW_FROM * gap)
    since = open_ago(frame, np.where(on, silent - OVERDUE_FEW_FROM * gap, np.nan), on, days)
    return Sign("overdue_few", on, silent, gap, silent / gap, since)


def _rare(recent: Floats, before: Floats, windows: Floats, spread: Floats | float = 1.0) -> NDArray[np.bool_]:
    """Whether so few events in 90 days are rarer than `BY_CHANCE` after what was seen before.

    Given their sum, the recent of two Poisson counts is binomial (Przyborowski and Wilenski 1940), which allows for a
    normal known from few events.

    Parameters
    ----------
    recent, before : ndarray, shape (n,)
        Events of the last 90 days, and of the time before.
    windows : ndarray, shape (n,)
        How many times 90 days that time was.
    spread : ndarray or float
        Variance of counts as a multiple of the Poisson one, at least 1: events that come in bursts count for less.
    """
    from scipy.special import betainc

    known = np.isfinite(recent) & np.isfinite(before) & (windows > 0)
    few, many = np.where(known, recent, 0.0) / spread, np.maximum(np.where(known, before, 0.0), 0.0) / spread
    share = 1.0 / (1.0 + np.where(known, windows, 1.0))
    # P(X <= few) of a binomial as a regularised beta function, which also takes counts that were divided
    chance = np.where(many > 0, betainc(np.maximum(many, 1e-9), few + 1.0, 1.0 - share), 1.0)
    return np.asarray(known & (chance <= BY_CHANCE))


def _rate_before(frame: pd.DataFrame, recent: Floats, year: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """What 90 days held on average in the rest of the last year, and whether that rest is long enough."""
    known_for = np.clip(number(frame, "days_since_first_order"), 0.0, 365.0)
    before = (year - recent) / (known_for - WINDOW_DAYS) * WINDOW_DAYS
    return before, (known_for >= ENOUGH_HISTORY_DAYS) & np.isfinite(before)


def _frequency(frame: pd.DataFrame, days: OrderDays | None) -> Sign:
    recent, year = number(frame, "orders_90d"), number(frame, "orders_365d")
    normal, enough = _rate_before(frame, recent, year)
    bursts = np.maximum(np.nan_to_num(number(frame, "gap_cv"), nan=1.0) ** 2, 1.0)
    rare = _rare(recent, year - recent, (year - recent) / normal, bursts)
    on = enough & (year - recent >= ENOUGH_BEFORE) & (recent <= HALVED * normal) & rare
    since = ago(frame, np.where(on, WINDOW_DAYS, np.nan))
    if days is not None and on.any():
        exact = fell_below(frame["customer_id"], on, np.floor(HALVED * normal), days, WINDOW_DAYS)
        since = np.where(on & ~np.isnat(exact), exact, since)
    return Sign("frequency_falling", on, recent, normal, normal / np.maximum(recent, 0.5), since)


def _order_value(frame: pd.DataFrame, days: OrderDays | None) -> Sign:
    """Mean order of 90 days well below the mean of the nine months before, by more than their spread explains."""
    orders, spend = number(frame, "orders_90d"), number(frame, "spend_90d")
    before_orders = number(frame, "orders_365d") - orders
    value = spend / orders
    normal = (number(frame, "spend_365d") - spend) / before_orders
    least = 2.0 if days is not None else 5.0
    on = (orders >= least) & (before_orders >= VALUE_ORDERS_BEFORE) & (normal > 0) & (value <= VALUE_FALL * normal)
    if days is not None and on.any():
        on &= _value_chance(frame, days) <= VALUE_BY_CHANCE
    size = normal / np.maximum(value, 0.01 * normal)
    since = first_order(frame, on, VALUE_FALL * normal, days, WINDOW_DAYS)
    return Sign("order_value_falling", on, value, normal, size, _or_window(since, frame, on))


def _value_chance(frame: pd.DataFrame, days: OrderDays) -> Floats:
    """Chance of so large a fall of the mean logarithm of order-day amounts (pooled t-test); NaN without spread."""
    from scipy.special import stdtr

    as_of = pd.Timestamp(frame["as_of"].max()).to_datetime64().astype("datetime64[D]")
    age = (as_of - days.day).astype("int64")
    paid = days.amount > 0
    n = len(days.ids)
    moments = []
    for window in ((age <= WINDOW_DAYS) & paid, (age > WINDOW_DAYS) & (age <= 365) & paid):
        who, amount = days.customer[window], np.log(days.amount[window])
        count = np.bincount(who, minlength=n).astype(np.float64)
        mean = np.bincount(who, amount, n) / count
        spread = np.bincount(who, (amount - mean[who]) ** 2, n)
        moments.append((count, mean, spread))
    (few, recent, first), (many, before, second) = moments
    # few recent orders say little about their own spread, so both periods share one
    variance = (first + second) / (few + many - 2.0)
    drop = (before - recent) / np.sqrt(variance * (1.0 / few + 1.0 / many))
    chance = stdtr(np.maximum(few + many - 2.0, 1.0), -drop)
    return looked_up(frame["customer_id"], days.ids, np.asarray(chance, dtype=np.float64), np.nan)


def _or_window(since: NDArray[np.datetime64], frame: pd.DataFrame, on: NDArray[np.bool_]) -> NDArray[np.datetime64]:
    """The day of the event; where it is not known the beginning of the window."""
    return np.where(np.isnat(since), ago(frame, np.where(on, WINDOW_DAYS, np.nan)), since)


def _no_day(frame: pd.DataFrame) -> NDArray[np.datetime64]:
    """The tables tell no day of the event, and the beginning of a window is none."""
    return np.full(len(frame), np.datetime64("NaT", "us"), dtype="datetime64[us]")


def _breadth(frame: pd.DataFrame, days: OrderDays | None) -> Sign:
    """Half the categories of the 90 days before or fewer, although orders have hardly become fewer."""
    recent, earlier = number(frame, "categories_90d"), number(frame, "categories_prior_90d")
    orders = number(frame, "orders_90d")
    orders_before = number(frame, "orders_180d") - orders
    steady = (orders >= 1) & (orders_before >= 1) & (orders >= STEADY * orders_before)
    on = (earlier >= 3) & (recent <= HALVED * earlier) & steady & _rare(recent, earlier, np.ones(len(frame)))
    size = earlier / np.maximum(recent, 0.5)
    since = first_order(frame, on, np.inf, days, WINDOW_DAYS)
    return Sign("breadth_shrinking", on, recent, earlier, size, _or_window(since, frame, on))


def _complaints(frame: pd.DataFrame) -> Sign:
    recent, year = number(frame, "complaints_90d"), number(frame, "complaints_365d")
    normal, enough = _rate_before(frame, recent, year)
    on = enough & (recent >= 2) & (recent >= COMPLAINTS_RISE * np.maximum(normal, 0.5))
    size = recent / np.maximum(normal, 0.5)
    # the latest complaint is the one that made them many
    since = ago(frame, np.where(on, number(frame, "days_since_last_complaint"), np.nan))
    return Sign("complaints_rising", on, recent, normal, size, _or_window(since, frame, on))


def _open_complaint(frame: pd.DataFrame) -> Sign:
    count, age = number(frame, "open_complaints"), number(frame, "oldest_open_complaint_days")
    on = count >= 1
    return Sign("complaint_open", on, count, np.full(len(frame), np.nan), count, ago(frame, np.where(on, age, np.nan)))


def _satisfaction(frame: pd.DataFrame) -> Sign:
    change, mean = number(frame, "satisfaction_trend"), number(frame, "satisfaction_mean_365d")
    on = np.isfinite(mean) & (mean < CONTENT_FROM) & (change <= -SATISFACTION_FALL)
    size = 1.0 + np.abs(change)
    return Sign("satisfaction_falling", on, -change, mean, size, _no_day(frame))


def _falling(frame: pd.DataFrame, code: str, recent_of: str, year_of: str, last_of: str = "") -> Sign:
    recent, year = number(frame, recent_of), number(frame, year_of)
    normal, enough = _rate_before(frame, recent, year)
    rare = _rare(recent, year - recent, (year - recent) / normal)
    on = enough & (year - recent >= ENOUGH_BEFORE) & (recent <= HALVED * normal) & rare
    size = normal / np.maximum(recent, 0.5)
    since = ago(frame, np.where(on, number(frame, last_of), np.nan)) if last_of else _no_day(frame)
    return Sign(code, on, recent, normal, size, since)


def _cart(frame: pd.DataFrame) -> Sign:
    """A cart left standing although an order is due; who orders as usual may well fill one more."""
    left, gap = number(frame, "cart_abandoned_30d"), number(frame, "mean_gap_days")
    on = (left >= 1) & ~(number(frame, "days_since_last_order") < gap)
    return Sign("cart_abandoned", on, left, np.full(len(frame), np.nan), left, _no_day(frame))


def warning_lists(
    signs: list[Sign], n: int, currency: str | None = None, *, records: Mapping[str, SignRecord] | None = None
) -> list[list[dict[str, Any]]]:
    """Signs as a list per customer, with texts in both languages: warnings first, then notes, largest size first.

    Each is a `retention.entries.EarlyWarning` with the code `early`, or `note` where the sign is no warning in the
    company that the records are of (`retention.profile.sign_records`); without records all are warnings.
    """
    found: list[list[tuple[bool, float, dict[str, Any]]]] = [[] for _ in range(n)]
    for sign in signs:
        rows = np.flatnonzero(sign.on)
        if not len(rows):
            continue
        value, normal, since = sign.value[rows], sign.normal[rows], sign.since[rows]
        unit = UNITS[sign.code]
        warns = records is None or is_warning(sign.code, records)
        told = {}
        for lang in LANGUAGES:
            form = texts(lang)["warning"][sign.code]
            # what a reason tells as well has the reason's figures
            if unit in SPOKEN:
                style, beside = SPOKEN[unit]
                own, usual = worded(value, style, lang, currency), worded(normal, beside, lang, currency)
            else:
                own, usual = (format_values(one, unit, lang, currency) for one in (value, normal))
            told[lang] = [
                form.format(value=v, normal=u, since=d)
                for v, u, d in zip(own, usual, format_dates(since, lang), strict=True)
            ]
        for place, row in enumerate(rows.tolist()):
            began = since[place]
            warning = EarlyWarning(
                code="early" if warns else "note",
                sign=sign.code,
                size=float(sign.size[row]),
                value=float(value[place]),
                normal=_none(normal[place]),
                unit=unit,
                since=None if np.isnat(began) else pd.Timestamp(began).to_pydatetime(),
                text_en=told["en"][place],
                text_zh=told["zh"][place],
            )
            found[row].append((warns, float(sign.size[row]), vars(warning)))
    return [[warning for *_, warning in sorted(one, key=lambda told: (not told[0], -told[1]))] for one in found]


def _none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
