"""Figures of the whole company by month: carts left behind, visits that became orders, first-time buyers who came back.

Each counts only what has had its days before the moment; what has not is counted apart as still open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pandas as pd

from configs import formats
from configs.catalogue import Lang, section
from configs.timestamps import local_time, start_of_day
from features.figure_extracts import first_buyers_returned, followed_by_order

if TYPE_CHECKING:
    from features.engine import Tables

VISITS = ("visit", "browse", "search")
"""Kinds of interaction that are a visit."""
RATES = {"cart": "cart_abandonment", "visit": "conversion", "first": "repeat_rate"}
FIGURES = tuple(RATES)
COUNTS = ("closed", "ordered", "open")


@dataclass(frozen=True)
class FigureRules:
    """What the figures count.

    Attributes
    ----------
    order_days : int
        Days within which an order belongs to a cart or a visit.
    return_days : int
        Days within which a first-time buyer comes back.
    months : int
        Months shown, the latest first.
    """

    order_days: int = 7
    return_days: int = 90
    months: int = 24


def company_figures(
    tables: Tables, as_of: datetime, timezone: str, *, rules: FigureRules | None = None
) -> pd.DataFrame:
    """Cart abandonment, conversion and repeat rate by month.

    Parameters
    ----------
    tables : Tables
        The company's.
    as_of : datetime
        UTC; nothing at or after it is seen.
    timezone : str
        Business zone, whose months are counted.
    rules : FigureRules, optional
        Days and months.

    Returns
    -------
    DataFrame
        One row per month of the log, the latest first: month (``2024-05``); for carts, visits and first-time buyers
        `<figure>_closed`, `<figure>_ordered`, `<figure>_open` (missing where the data do not carry them); the rates
        `cart_abandonment`, `conversion`, `repeat_rate`, missing where nothing is closed. First-time buyers are left out
        of the first `return_days` of the log, where customers of before it look new.
    """
    rules = rules or FigureRules()
    moment = as_of.replace(tzinfo=None)
    first = tables.span()[0]
    months = _months(first, moment, timezone, rules.months)
    table = pd.DataFrame({"month": list(months)})
    parts = {"first": first_buyers_returned(tables, moment, rules.return_days, _known_new(months, first, rules))}
    if tables.has("interactions"):
        for figure, kinds in (("cart", ("cart",)), ("visit", VISITS)):
            parts[figure] = followed_by_order(tables, moment, kinds, rules.order_days, months)
    for figure in FIGURES:
        part = parts.get(figure)
        own = pd.DataFrame(columns=["month", *COUNTS]) if part is None else part
        own = own.rename(columns={name: f"{figure}_{name}" for name in COUNTS})
        table = table.merge(own, on="month", how="left")
    table = table.astype({f"{figure}_{name}": "Int64" for figure in FIGURES for name in COUNTS})
    for figure, rate in RATES.items():
        closed = table[f"{figure}_closed"].astype("Float64")
        share = table[f"{figure}_ordered"] / closed.where(closed > 0)
        table[rate] = (1 - share if figure == "cart" else share).astype("float64")
    return table.sort_values("month", ascending=False, ignore_index=True)


def _months(first: datetime, moment: datetime, timezone: str, count: int) -> dict[str, tuple[datetime, datetime]]:
    """The months up to a moment in which there is a log, the last `count` of them, with their bounds in UTC."""
    found: dict[str, tuple[datetime, datetime]] = {}
    day = (local_time(moment, timezone) - timedelta(microseconds=1)).date().replace(day=1)
    after = start_of_day(_next_month(day), timezone)
    while len(found) < count and after > first:
        begin = start_of_day(day, timezone)
        found[f"{day:%Y-%m}"] = (begin, min(after, moment))
        day, after = (day - timedelta(days=1)).replace(day=1), begin
    return found


def _next_month(day: date) -> date:
    return (day + timedelta(days=32)).replace(day=1)


def _known_new(
    months: dict[str, tuple[datetime, datetime]], first: datetime, rules: FigureRules
) -> dict[str, tuple[datetime, datetime]]:
    """Those of the months in which who orders for the first time in the log is a new customer."""
    since = first + timedelta(days=rules.return_days)
    return {name: (begin, end) for name, (begin, end) in months.items() if begin >= since}


def figures_in_words(table: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """The table for the eye: headings and percentages of a language, figures that no month carries left out.

    A star marks a rate of a month of which some are still open.
    """
    words = section("company_figures", lang)
    shown = {str(words["month"]): table["month"].tolist()}
    for figure, rate in RATES.items():
        closed, ordered, waiting = (table[f"{figure}_{name}"] for name in COUNTS)
        if closed.isna().all():
            continue
        known = (closed.notna() & ~((closed == 0) & (waiting > 0))).fillna(False).tolist()
        for column, numbers in (("closed", closed), ("ordered", ordered)):
            shown[str(words[f"{figure}_{column}"])] = [
                formats.number(float(one), lang) if has else formats.UNKNOWN
                for has, one in zip(known, numbers.tolist(), strict=True)
            ]
        marks = ["*" if more else "" for more in (waiting.fillna(0) > 0).tolist()]
        shown[str(words[rate])] = [
            (formats.UNKNOWN if pd.isna(one) else formats.percent(float(one), lang)) + mark
            for one, mark in zip(table[rate].tolist(), marks, strict=True)
        ]
    return pd.DataFrame(shown)


def figure_notes(table: pd.DataFrame, lang: Lang, rules: FigureRules) -> list[str]:
    """What the figures count, and which of them the data do not carry."""
    words = section("company_figures", lang)
    notes = [str(words["counts"]).format(days=rules.order_days, back=rules.return_days)]
    missing = [figure for figure in FIGURES if table[f"{figure}_closed"].isna().all()]
    return notes + [str(words["lacks"][figure]) for figure in missing]
