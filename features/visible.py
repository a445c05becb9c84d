"""The one place where event time meets `as_of`.

A row may be seen at `as_of` when it happened before (``occurred_at < as_of``, strictly) and was known by then
(``recorded_at`` missing or ``recorded_at <= as_of``). A moment written into a row later on (when it was delivered,
when the complaint was resolved) may be seen when it lies before `as_of`; else it reads as missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

WRITTEN_LATER = ("resolved_at", "delivered_at")
"""Moments that are written into a row after the event itself; `known` hides those to come."""


def is_visible(table: Any, as_of: Any) -> Any:
    """Whether a row may be seen at `as_of`.

    Parameters
    ----------
    table : ibis table
        With `occurred_at` and perhaps `recorded_at`.
    as_of : ibis timestamp value
        The cut-off: a scalar, or a column of `table`.
    """
    happened = table.occurred_at < as_of
    if "recorded_at" not in table.columns:
        return happened
    return happened & (table.recorded_at.isnull() | (table.recorded_at <= as_of))


def visible(table: Any, as_of: Any) -> Any:
    """The rows of `table` that may be seen at one moment."""
    return table.filter(is_visible(table, as_of))


def visible_at(table: Any, cutoffs: Any) -> Any:
    """Each row of `table` once per cut-off that may see it; columns of both tables."""
    predicates = [table.occurred_at < cutoffs.as_of]
    if "recorded_at" in table.columns:
        predicates.append(table.recorded_at.isnull() | (table.recorded_at <= cutoffs.as_of))
    return table.join(cutoffs, predicates)


def hidden_at(table: Any, cutoffs: Any) -> Any:
    """Each row that happened before a cut-off but was recorded after it, once per such cut-off."""
    return table.join(cutoffs, [table.occurred_at < cutoffs.as_of, table.recorded_at > cutoffs.as_of])


def as_if_before(table: Any, time: str | None, moment: datetime, known_by: datetime) -> Any:
    """The rows of `table` as if nothing had happened since a moment, with what was known of them later on.

    Parameters
    ----------
    table : ibis table
        A canonical table.
    time : str or None
        The column that says when a row happened; a row without a time, and a table without the column, always did.
    moment : datetime
        UTC without zone; rows at or after it are left out, and what was written into a row at or after it is missing.
    known_by : datetime
        Rows recorded by then are in. The column `recorded_at` itself goes, as if they had been recorded at once.
    """
    import ibis

    then = ibis.literal(moment, "timestamp")
    rows = table
    if time in table.columns:
        happened = table[time]
        rows = rows.filter(happened.isnull() | (happened < (then.cast("date") if happened.type().is_date() else then)))
    if "recorded_at" in table.columns:
        rows = rows.filter(rows.recorded_at.isnull() | (rows.recorded_at <= ibis.literal(known_by, "timestamp")))
    shown = {
        name: known(rows[name], then) if name in WRITTEN_LATER else rows[name]
        for name in table.columns
        if name != "recorded_at"
    }
    return rows.select(**shown)


def known(moment: Any, as_of: Any) -> Any:
    """A moment if it lies before `as_of`, else missing."""
    import ibis

    return ibis.ifelse(moment < as_of, moment, ibis.null().cast("timestamp"))


def exists_at(acquired_at: Any, as_of: Any) -> Any:
    """Whether a customer of the customers table exists at `as_of`; one without a date always does."""
    return acquired_at.isnull() | (acquired_at < as_of)
