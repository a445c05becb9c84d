"""Execution: tables in, frames out.

`compute_features` runs the compiled plan for all cut-offs in one pass. Where a transaction was recorded later than it
happened, the customers of whom something is hidden at a cut-off are computed again from the rows known by then,
and replace the first answer. A small history in memory, such as one customer's, goes through the same plan as one
prepared statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from configs.errors import DataError
from features.closures import OPEN, Closures
from features.connection import PreparedPool
from features.data import Tables, open_tables, tables_from_arrow
from features.declare import DAY_US
from features.query_plan import (
    Shape,
    build_plan,
    events_plan,
    hidden_plan,
    known_features,
    log_starts_plan,
    pauses_plan,
    prices_plan,
)
from features.sources import available
from features.specs import FeatureSet
from features.statements import Plan

__all__ = [
    "Tables",
    "compute_features",
    "customer_pauses",
    "feature_set_for",
    "open_tables",
    "order_events",
    "reference_prices",
    "tables_from_arrow",
]

MAX_CUTOFFS_AT_ONCE = 12
"""More cut-offs are computed in several passes, so that memory stays bounded."""

SMALL_ROWS = 20_000
"""Up to so many rows in memory, one prepared statement is faster than several planned ones."""

TRIM_SHARE = 0.1
"""Lines after the last cut-off are left out first when they make up more than this share of the log's length."""

DAY = timedelta(days=1)

_POOL = PreparedPool()


def feature_set_for(tables: Tables) -> FeatureSet:
    """Every declared feature whose tables and columns are given, but none that was written with hindsight."""
    left_out = {f"customers.{column}" for column in tables.hindsight}
    known = known_features(dict(tables.shape))
    return FeatureSet(tuple(declared.spec for declared in known if not declared.needs & left_out))


def compute_features(
    tables: Tables,
    cutoffs: Sequence[datetime],
    feature_set: FeatureSet,
    *,
    customers: Sequence[str] | None = None,
    reference_prices: pa.Table | None = None,
    log_start: datetime | None = None,
) -> pd.DataFrame:
    """Features of every customer at every cut-off.

    Parameters
    ----------
    tables : Tables
        The history; rows at or after a cut-off, or recorded after it, are not seen.
    cutoffs : sequence of datetime
        Moments in UTC; one with a zone is converted. Given twice, it counts once.
    feature_set : FeatureSet
        Which features, in which order. One whose table or column is not given is missing in all rows.
    customers : sequence of str, optional
        Only these.
    reference_prices : pyarrow.Table, optional
        category, unit_price to measure the price level against; by default computed from `tables` per cut-off.
    log_start : datetime, optional
        First event of the whole log, when `tables` is only a part of it.

    Returns
    -------
    DataFrame
        A frame (see `models.contract`): customer_id, as_of, then the features in order; sorted by as_of and
        customer_id. One row per customer with a visible transaction, or of the customers table by then.

    Raises
    ------
    DataError
        No cut-off is given.
    """
    moments = sorted({utc(moment) for moment in cutoffs})
    if not moments:
        raise DataError("no_cutoff", code="no_cutoff")
    known = {declared.name for declared in known_features(dict(tables.shape))}
    names = tuple(name for name in feature_set.names if name in known)
    call = _Call(tables, names, customers, reference_prices, log_start)
    parts = [call.table(group) for group in _groups(moments)]
    table = pa.concat_tables(parts)
    if len(parts) > 1:
        table = table.sort_by([("as_of", "ascending"), ("customer_id", "ascending")])
    return _frame(table, feature_set, known)


def order_events(tables: Tables, until: datetime | None = None) -> pd.DataFrame:
    """All order events visible at `until` (by default all there are).

    Returns
    -------
    DataFrame
        customer_id, order_id, occurred_at, amount (float64; NaN if the log has no amounts), is_order, and
        recorded_at if the log has it; sorted by customer_id, occurred_at, order_id.
    """
    moment = utc(until or datetime(9999, 1, 1, tzinfo=UTC))
    shape, given = tables.shape, _cutoffs([moment], {})
    if tables.whole is tables:
        answer = tables.run(events_plan(shape), cutoffs=given)
    else:  # a part of the tables is small
        answer = _prepared(events_plan(shape), tables, {"cutoffs": given})
    frame: pd.DataFrame = answer.to_pandas()
    if "amount" not in frame:
        frame.insert(3, "amount", float("nan"))
    return frame


def reference_prices(tables: Tables, as_of: datetime) -> pa.Table:
    """Mean unit price per category over what is visible at `as_of`, to be kept with a model.

    Returns
    -------
    pyarrow.Table
        category, unit_price; empty where the log has no categories, quantities or amounts.
    """
    if "price" not in available(dict(tables.shape)):
        return pa.table({"category": pa.array([], pa.string()), "unit_price": pa.array([], pa.float64())})
    return _prices(tables, [utc(as_of)]).drop_columns("as_of")


def customer_pauses(tables: Tables) -> pd.DataFrame:
    """When the usual product of a customer was out of stock (`features.closures`).

    Returns
    -------
    DataFrame
        customer_id, start, end; sorted by start, end and customer_id.
    """
    if not tables.closures.products or "product_id" not in tables.columns("transactions"):
        return pd.DataFrame({"customer_id": [], "start": [], "end": []})
    found: pd.DataFrame = tables.run(pauses_plan(tables.shape), stock_outs=tables.closures.stock_outs()).to_pandas()
    return found


def utc(moment: datetime) -> datetime:
    """A moment in UTC without zone; one without a zone is taken as UTC."""
    if isinstance(moment, pd.Timestamp):
        moment = moment.to_pydatetime()
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


class _Call:
    """One call of `compute_features`: what all groups of cut-offs share."""

    def __init__(
        self,
        tables: Tables,
        names: tuple[str, ...],
        customers: Sequence[str] | None,
        reference: pa.Table | None,
        log_start: datetime | None,
    ) -> None:
        self.tables = tables
        self.names = names
        self.customers = None if customers is None else sorted(set(customers))
        self.reference = reference
        self.log_start = None if log_start is None else utc(log_start)
        self.prices: pa.Table | None = None
        rows = None if tables.memory is None else sum(table.num_rows for table in tables.memory.values())
        self.small = rows is not None and rows <= SMALL_ROWS

    def table(self, moments: list[datetime]) -> pa.Table:
        """Features at cut-offs that share their time of day."""
        starts = self._starts(moments)
        self.prices = self._prices_for(moments)
        if not self.tables.late:
            return self._run(moments, starts, self.customers)
        if len(moments) == 1:
            return self._run(moments, starts, self.customers, late=True)
        return self._with_late(moments, starts)

    def _with_late(self, moments: list[datetime], starts: dict[datetime, datetime | None]) -> pa.Table:
        # As if all had been recorded at once, then again those of whom something was hidden.
        result = self._run(moments, starts, self.customers)
        hidden = self.tables.run(hidden_plan(self.tables.shape), cutoffs=_cutoffs(moments, starts)).to_pandas()
        if self.customers is not None:
            hidden = hidden[hidden["customer_id"].isin(self.customers)]
        if hidden.empty:
            return result
        keys = result.select(["customer_id", "as_of"]).to_pandas()
        again = pd.MultiIndex.from_frame(keys).isin(pd.MultiIndex.from_frame(hidden))
        parts = [result.filter(pa.array(~again))]
        for moment, rows in hidden.groupby("as_of"):
            parts.append(self._run([utc(moment)], starts, rows["customer_id"].tolist(), late=True))
        return pa.concat_tables(parts).sort_by([("as_of", "ascending"), ("customer_id", "ascending")])

    def _run(
        self,
        moments: list[datetime],
        starts: dict[datetime, datetime | None],
        customers: list[str] | None,
        *,
        late: bool = False,
    ) -> pa.Table:
        closures = self.tables.closures
        given = {"cutoffs": _cutoffs(moments, starts, closures), "clock": _clock(moments)}
        if customers is not None:
            given["wanted"] = pa.table({"wanted_customer": pa.array(customers, pa.string())})
        if self.prices is not None:
            given["prices"] = self.prices
        stock_outs = bool(closures.products) and "product_id" in self.tables.columns("transactions")
        if stock_outs:
            given["stock_outs"] = closures.stock_outs()
        shape = Shape(
            self.tables.shape,
            self.names,
            len(moments),
            restricted=customers is not None,
            late=late,
            trimmed=self._worth_trimming(moments[-1]),
            prices_given="prices" in given,
            closed=closures.company,
            stock_outs=stock_outs,
            staged=not self.small,
        )
        if self.small:
            return _prepared(build_plan(shape), self.tables, given)
        return self.tables.run(build_plan(shape), **given)

    def _prices_for(self, moments: list[datetime]) -> pa.Table | None:
        # None where the plan makes them on its way, because it reads all lines as they are anyhow.
        if "price_level" not in self.names:
            return None
        if self.reference is not None:
            return _given_prices(self.reference, moments)
        whole = self.tables.whole
        given = self.customers is not None or whole.late or whole is not self.tables
        return _prices(whole, moments) if given else None

    def _worth_trimming(self, last: datetime) -> bool:
        extent = self.tables.extent()
        if self.small or extent is None:
            return True
        begin, end = extent
        return (end - last) > (end - begin) * TRIM_SHARE

    def _starts(self, moments: list[datetime]) -> dict[datetime, datetime | None]:
        if self.log_start is not None:
            return dict.fromkeys(moments, self.log_start)
        whole = self.tables.whole
        if whole.late:
            rows = whole.run(log_starts_plan(whole.shape), cutoffs=_cutoffs(moments, {})).to_pylist()
            return {row["as_of"]: row["log_start"] for row in rows}
        extent = whole.extent()
        if extent is None:
            return dict.fromkeys(moments)
        return {moment: extent[0] if extent[0] < moment else None for moment in moments}


def _groups(moments: list[datetime]) -> list[list[datetime]]:
    # Cut-offs of one pass lie whole days apart, so that an age at one is an age at another plus a number.
    by_time: dict[Any, list[datetime]] = {}
    for moment in moments:
        by_time.setdefault(moment.time(), []).append(moment)
    return [
        group[start : start + MAX_CUTOFFS_AT_ONCE]
        for group in by_time.values()
        for start in range(0, len(group), MAX_CUTOFFS_AT_ONCE)
    ]


def _prepared(plan: Plan, tables: Tables, given: dict[str, pa.Table]) -> pa.Table:
    # A plan of one statement over few rows in memory: what takes long is to plan it.
    return _POOL.run(
        plan.key, lambda: plan.statements("duckdb", tables.whole.work)[0].sql, {**(tables.memory or {}), **given}
    )


def _cutoffs(moments: list[datetime], starts: dict[datetime, datetime | None], closures: Closures = OPEN) -> pa.Table:
    time = pa.timestamp("us")
    last = max(moments)
    until = closures.closed_before(last)
    return pa.table(
        {
            "as_of": pa.array(moments, time),
            "log_start": pa.array([starts.get(moment) for moment in moments], time),
            "shift": pa.array([_open_days(moment, last, until - closures.closed_before(moment)) for moment in moments]),
        }
    )


def _open_days(moment: datetime, last: datetime, closed_us: int) -> int:
    # A cut-off inside a closure lies at its nearer end, so that ages at all cut-offs differ by whole days.
    return round(((last - moment) // timedelta(microseconds=1) - closed_us) / DAY_US)


def _clock(moments: list[datetime]) -> pa.Table:
    return pa.table({f"as_of_{i}": pa.array([moment], pa.timestamp("us")) for i, moment in enumerate(moments)})


def _prices(tables: Tables, moments: list[datetime]) -> pa.Table:
    return tables.run(prices_plan(tables.shape, len(moments)), clock=_clock(moments))


def _given_prices(reference: pa.Table, moments: list[datetime]) -> pa.Table:
    columns = {
        "category": reference["category"].cast(pa.string()),
        "unit_price": reference["unit_price"].cast(pa.float64()),
    }
    rows = reference.num_rows
    return pa.concat_tables(
        pa.table({"as_of": pa.array([moment] * rows, pa.timestamp("us"))} | columns) for moment in moments
    )


def _frame(table: pa.Table, feature_set: FeatureSet, known: set[str]) -> pd.DataFrame:
    # All numbers as one block, which is quick to make and to use; then the texts at their places.
    numbers = [spec.name for spec in feature_set if spec.kind == "numeric"]
    block = np.full((table.num_rows, len(numbers)), np.nan)
    for position, name in enumerate(numbers):
        if name in known:
            block[:, position] = table[name].to_numpy()
    frame = pd.DataFrame(block, columns=numbers)
    for position, key in enumerate(("customer_id", "as_of")):
        frame.insert(position, key, table[key].to_pandas())
    for position, spec in enumerate(feature_set):
        if spec.kind == "categorical":
            texts = table[spec.name].to_pylist() if spec.name in known else [None] * table.num_rows
            frame.insert(2 + position, spec.name, pd.Series(texts, index=frame.index, dtype="object"))
    return frame
