"""Early warnings: what a customer does differently from the own normal, how much, and since when.

Every sign compares the last 90 days (or the time since the last order) with what the same customer did before. A sign
needs enough of that "before" to know the normal; without it there is no warning. How far from normal is far enough
follows from the customer's own spread and from how much of it has been seen, so that a customer who goes on as before
carries a sign only as often as a written false-alarm rate says. The signs are facts of the log, not predictions, so
they also speak where there is no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES
from retention.entries import EarlyWarning
from retention.explanation.figures import worded
from retention.profile.attributes import Floats, looked_up, number
from retention.profile.lifecycle import OrderDays
from retention.wording import format_dates, format_values, texts

WINDOW_DAYS = 90.0

OVERDUE_FROM = 1.5
OVERDUE_ORDERS = 4
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
        First day on which the sign held without a break, as well as the data can tell.
    """

    code: str
    on: NDArray[np.bool_]
    value: Floats
    normal: Floats
    size: Floats
    since: NDArray[np.datetime64]


def find_signs(
    frame: pd.DataFrame, days: OrderDays | None = None, *, lost: NDArray[np.bool_] | None = None
) -> list[Sign]:
    """All signs of all customers.

    Parameters
    ----------
    frame : DataFrame
        Features, n rows; signs whose features are absent are never on.
    days : OrderDays, optional
        Order days before `as_of`, for the exact day since when orders fall; without them the window's start is told.
    lost : ndarray of bool, shape (n,), optional
        Customers who are lost already: a warning would not be early. Only an open complaint is still told.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        found = [
            _overdue(frame, days),
            _frequency(frame, days),
            _order_value(frame, days),
            _breadth(frame),
            _complaints(frame),
            _open_complaint(frame),
            _satisfaction(frame),
            _falling(frame, "contact_dropping", "contacts_90d", "contacts_365d"),
            _falling(frame, "offers_unused", "redemptions_90d", "redemptions_365d"),
            _cart(frame),
        ]
    if lost is None:
        return found
    return [sign if sign.code == "complaint_open" else replace(sign, on=sign.on & ~lost) for sign in found]


def _ago(frame: pd.DataFrame, days: Floats | float) -> NDArray[np.datetime64]:
    back = np.broadcast_to(np.asarray(days, dtype=np.float64), (len(frame),))
    known = np.isfinite(back)
    steps = np.where(known, np.rint(np.where(known, back, 0.0) * 86_400e6), 0).astype("int64").astype("timedelta64[us]")
    moment = frame["as_of"].to_numpy(dtype="datetime64[us]") - steps
    return np.where(known, moment, np.datetime64("NaT", "us")).astype("datetime64[D]").astype("datetime64[us]")


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
    since = _ago(frame, back)
    if days is not None and days.open_days.closures.company:
        closures = days.open_days.closures
        steps = np.rint(np.nan_to_num(back) * 86_400e6).astype(np.int64)
        moment = closures.moment_of(closures.open_clock(frame["as_of"].to_numpy(dtype="datetime64[us]")) - steps)
        since = np.where(on, moment.astype("datetime64[D]").astype("datetime64[us]"), since)
    return Sign("overdue", on, silent, gap, ratio, since)


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
    since = _ago(frame, np.where(on, WINDOW_DAYS, np.nan))
    if days is not None and on.any():
        exact = _fell_below(frame["customer_id"], on, np.floor(HALVED * normal), days)
        since = np.where(on & ~np.isnat(exact), exact, since)
    return Sign("frequency_falling", on, recent, normal, normal / np.maximum(recent, 0.5), since)


def _fell_below(ids: pd.Series, on: NDArray[np.bool_], allowed: Floats, days: OrderDays) -> NDArray[np.datetime64]:
    """Last day on which the trailing 90 days held more order days than allowed.

    More than c order days lie in a window from the day that order j + c falls within 90 days of order j until order j
    leaves the window; the latest such end is the day since when the count has been at most c.
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
    inside &= span < WINDOW_DAYS
    # a midnight's window still holds the order of 90 days before, so the first midnight without it is day 91
    end = days.day.astype("int64") + int(WINDOW_DAYS) + 1
    latest = np.full(len(days.ids), np.iinfo(np.int64).min)
    np.maximum.at(latest, days.customer[inside], end[inside])
    found = np.full(len(ids), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    told = latest[place] > np.iinfo(np.int64).min
    found[rows[told]] = latest[place[told]].astype("datetime64[D]").astype("datetime64[us]")
    return found


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
    return Sign("order_value_falling", on, value, normal, size, _ago(frame, np.where(on, WINDOW_DAYS, np.nan)))


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


def _breadth(frame: pd.DataFrame) -> Sign:
    """Half the categories of the 90 days before or fewer, although orders have hardly become fewer."""
    recent, earlier = number(frame, "categories_90d"), number(frame, "categories_prior_90d")
    orders = number(frame, "orders_90d")
    orders_before = number(frame, "orders_180d") - orders
    steady = (orders >= 1) & (orders_before >= 1) & (orders >= STEADY * orders_before)
    on = (earlier >= 3) & (recent <= HALVED * earlier) & steady & _rare(recent, earlier, np.ones(len(frame)))
    size = earlier / np.maximum(recent, 0.5)
    return Sign("breadth_shrinking", on, recent, earlier, size, _ago(frame, np.where(on, WINDOW_DAYS, np.nan)))


def _complaints(frame: pd.DataFrame) -> Sign:
    recent, year = number(frame, "complaints_90d"), number(frame, "complaints_365d")
    normal, enough = _rate_before(frame, recent, year)
    on = enough & (recent >= 2) & (recent >= COMPLAINTS_RISE * np.maximum(normal, 0.5))
    size = recent / np.maximum(normal, 0.5)
    return Sign("complaints_rising", on, recent, normal, size, _ago(frame, np.where(on, WINDOW_DAYS, np.nan)))


def _open_complaint(frame: pd.DataFrame) -> Sign:
    count, age = number(frame, "open_complaints"), number(frame, "oldest_open_complaint_days")
    on = count >= 1
    return Sign("complaint_open", on, count, np.full(len(frame), np.nan), count, _ago(frame, np.where(on, age, np.nan)))


def _satisfaction(frame: pd.DataFrame) -> Sign:
    change, mean = number(frame, "satisfaction_trend"), number(frame, "satisfaction_mean_365d")
    on = np.isfinite(mean) & (mean < CONTENT_FROM) & (change <= -SATISFACTION_FALL)
    size = 1.0 + np.abs(change)
    return Sign("satisfaction_falling", on, -change, mean, size, _ago(frame, np.where(on, WINDOW_DAYS, np.nan)))


def _falling(frame: pd.DataFrame, code: str, recent_of: str, year_of: str) -> Sign:
    recent, year = number(frame, recent_of), number(frame, year_of)
    normal, enough = _rate_before(frame, recent, year)
    rare = _rare(recent, year - recent, (year - recent) / normal)
    on = enough & (year - recent >= ENOUGH_BEFORE) & (recent <= HALVED * normal) & rare
    size = normal / np.maximum(recent, 0.5)
    return Sign(code, on, recent, normal, size, _ago(frame, np.where(on, WINDOW_DAYS, np.nan)))


def _cart(frame: pd.DataFrame) -> Sign:
    """A cart left standing although an order is due; who orders as usual may well fill one more."""
    left, gap = number(frame, "cart_abandoned_30d"), number(frame, "mean_gap_days")
    on = (left >= 1) & ~(number(frame, "days_since_last_order") < gap)
    return Sign("cart_abandoned", on, left, np.full(len(frame), np.nan), left, _ago(frame, np.where(on, 30.0, np.nan)))


def warning_lists(signs: list[Sign], n: int, currency: str | None = None) -> list[list[dict[str, Any]]]:
    """Signs as a list per customer, largest size first, with texts in both languages.

    Each is a `retention.entries.EarlyWarning` with the code `early`.
    """
    found: list[list[tuple[float, dict[str, Any]]]] = [[] for _ in range(n)]
    for sign in signs:
        rows = np.flatnonzero(sign.on)
        if not len(rows):
            continue
        value, normal, since = sign.value[rows], sign.normal[rows], sign.since[rows]
        unit = UNITS[sign.code]
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
                code="early",
                sign=sign.code,
                size=float(sign.size[row]),
                value=float(value[place]),
                normal=_none(normal[place]),
                unit=unit,
                since=None if np.isnat(began) else pd.Timestamp(began).to_pydatetime(),
                text_en=told["en"][place],
                text_zh=told["zh"][place],
            )
            found[row].append((float(sign.size[row]), vars(warning)))
    return [[warning for _, warning in sorted(one, key=lambda pair: -pair[0])] for one in found]


def _none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
