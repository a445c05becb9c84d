"""Execution: tables in, frames out.

`Tables` holds the canonical tables behind a hardened DuckDB connection. `compute_features` runs the compiled plan
for all cut-offs in one pass. Where a transaction was recorded later than it happened, the customers of whom
something is hidden at a cut-off are computed again from the rows known by then, and replace the first answer.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from configs.errors import DataError
from features.connection import connect
from features.plan import (
    Columns,
    Shape,
    duckdb_statements,
    events_statement,
    hidden_statement,
    known_features,
    log_starts_statement,
    prices_statement,
)
from features.specs import FeatureSet
from features.tables import DUCKDB_TYPES, TABLES

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "time": pa.timestamp("us"),
    "date": pa.date32(),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "integer": pa.int64(),
    "texts": pa.list_(pa.string()),
}

MAX_CUTOFFS_AT_ONCE = 16
"""More cut-offs are computed in several passes, so that memory stays bounded."""


class Tables:
    """Canonical tables, open for computing; close it, or use it in a ``with`` statement.

    One computation at a time: calls from several threads wait for each other.
    """

    def __init__(self, connection: Any, columns: dict[str, tuple[str, ...]]) -> None:
        self._connection = connection
        self._columns = columns
        self._lock = threading.RLock()
        self._span: tuple[datetime, datetime] | None = None

    def has(self, table: str) -> bool:
        """Whether a table is given."""
        return table in self._columns

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if it is not given."""
        return list(self._columns.get(table, ()))

    def span(self) -> tuple[datetime, datetime]:
        """Times of the first and the last transaction (UTC, without zone)."""
        if self._span is None:
            row = self.query("SELECT min(occurred_at) AS first, max(occurred_at) AS last FROM transactions").to_pylist()
            if row[0]["first"] is None:
                raise DataError("the table transactions is empty", "give at least one order line", code="empty_table")
            self._span = row[0]["first"], row[0]["last"]
        return self._span

    def end(self, timezone: str) -> datetime:
        """The midnight of the business zone after the last transaction, in UTC: the end of what is known."""
        zone = ZoneInfo(timezone)
        last = self.span()[1].replace(tzinfo=UTC).astimezone(zone)
        after = (last + timedelta(days=1)).date()
        return datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)

    @property
    def shape(self) -> Columns:
        """The tables and their columns, hashable."""
        return tuple((name, columns) for name, columns in self._columns.items())

    def query(self, sql: str, **given: pa.Table) -> pa.Table:
        """The answer to a statement; `given` are small tables that it may name."""
        with self._lock:
            for name, table in given.items():
                self._connection.register(name, table)
            try:
                return self._connection.sql(sql).to_arrow_table()
            finally:
                for name in given:
                    self._connection.unregister(name)

    def run(self, statements: Sequence[tuple[str, str]], **given: pa.Table) -> pa.Table:
        """Keep every stage but the last as a temporary table; the answer of the last."""
        with self._lock:
            for name, table in given.items():
                self._connection.register(name, table)
            kept = []
            try:
                for name, sql in statements[:-1]:
                    self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
                    kept.append(name)
                return self._connection.sql(statements[-1][1]).to_arrow_table()
            finally:
                for name in kept:
                    self._connection.execute(f"DROP TABLE {name}")
                for name in given:
                    self._connection.unregister(name)

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_tables(folder: Path, *, threads: int | None = None) -> Tables:
    """Open the canonical Parquet files of a folder.

    Raises
    ------
    DataError
        There is no `transactions.parquet`, or a file breaks the data contract.
    """
    folder = Path(folder)
    if not (folder / "transactions.parquet").exists():
        raise DataError(
            f"{folder} holds no transactions.parquet", "run holdfast ingest first", code="not_ingested", file=str(folder)
        )
    connection = connect(folder, threads=threads)
    columns: dict[str, tuple[str, ...]] = {}
    for name in TABLES:
        file = (folder / f"{name}.parquet").resolve()
        if not file.exists():
            continue
        quoted = str(file).replace("'", "''")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")
        columns[name] = _checked_columns(connection, name, file)
    return Tables(connection, columns)


def tables_from_arrow(tables: dict[str, pa.Table], *, threads: int | None = None) -> Tables:
    """Canonical tables from memory, such as one customer's history.

    Raises
    ------
    DataError
        A column cannot be brought to its type, a required one is missing or null, a number is not finite.
    """
    if "transactions" not in tables:
        raise DataError("no transactions are given", "give the table transactions", code="missing_table")
    connection = connect(threads=threads)
    columns: dict[str, tuple[str, ...]] = {}
    for name, table in tables.items():
        if name not in TABLES:
            raise DataError(f"there is no table {name!r}", f"use one of {', '.join(TABLES)}", field=name)
        checked = checked_table(name, table)
        connection.register(name, checked)
        columns[name] = tuple(checked.column_names)
    return Tables(connection, columns)


def checked_table(name: str, table: pa.Table) -> pa.Table:
    """A table cast to the data contract; unknown columns are left out."""
    import pyarrow.compute as pc

    fields, arrays = [], []
    for column in TABLES[name].columns:
        if column.name not in table.column_names:
            if column.required:
                raise DataError(f"{name} has no column {column.name!r}", "add it", code="missing_column", field=column.name)
            continue
        type_ = ARROW_TYPES[column.type]
        try:
            array = table[column.name].cast(type_)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise DataError(
                f"{name}.{column.name} cannot be read as {column.type} ({str(error).splitlines()[0]})",
                "give values of that type",
                code="bad_type",
                field=f"{name}.{column.name}",
            ) from None
        if column.required and array.null_count:
            raise DataError(
                f"{name}.{column.name} is missing in {array.null_count} of {len(array)} rows",
                "fill it in or leave these rows out",
                code="missing_value",
                field=f"{name}.{column.name}",
            )
        if column.type == "number" and not pc.all(pc.is_finite(array.drop_null())).as_py() and len(array.drop_null()):
            raise DataError(
                f"{name}.{column.name} holds a number that is not finite", "leave it empty instead", field=column.name
            )
        fields.append(pa.field(column.name, type_))
        arrays.append(array)
    return pa.table(arrays, schema=pa.schema(fields))


def feature_set_for(tables: Tables) -> FeatureSet:
    """Every declared feature whose tables and columns are given."""
    return FeatureSet(tuple(declared.spec for declared in known_features(dict(tables.shape))))


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
    """
    moments = sorted({utc(moment) for moment in cutoffs})
    if not moments:
        raise DataError("no cut-off is given", "name at least one moment", code="no_cutoff")
    known = {declared.name for declared in known_features(dict(tables.shape))}
    unknown = [name for name in feature_set.names if name not in known]
    names = tuple(name for name in feature_set.names if name in known)
    parts = [
        _computed(tables, moments[start : start + MAX_CUTOFFS_AT_ONCE], names, customers, reference_prices, log_start)
        for start in range(0, len(moments), MAX_CUTOFFS_AT_ONCE)
    ]
    return _frame(pa.concat_tables(parts), feature_set, unknown)


def order_events(tables: Tables, until: datetime | None = None) -> pd.DataFrame:
    """All order events visible at `until` (by default all there are).

    Returns
    -------
    DataFrame
        customer_id, order_id, occurred_at, amount (float64; NaN if the log has no amounts), is_order, and
        recorded_at if the log has it; sorted by customer_id, occurred_at, order_id.
    """
    moment = utc(until) if until is not None else datetime(9999, 1, 1)
    frame = tables.query(events_statement(tables.shape), cutoffs=_cutoffs([moment], {})).to_pandas()
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
    from features.sources import available

    if "price" not in available(dict(tables.shape)):
        return pa.table({"category": pa.array([], pa.string()), "unit_price": pa.array([], pa.float64())})
    return _prices(tables, [utc(as_of)]).drop_columns("as_of")


def utc(moment: datetime) -> datetime:
    """A moment in UTC without zone; one without a zone is taken as UTC."""
    if isinstance(moment, pd.Timestamp):
        moment = moment.to_pydatetime()
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _computed(
    tables: Tables,
    moments: list[datetime],
    names: tuple[str, ...],
    customers: Sequence[str] | None,
    reference: pa.Table | None,
    log_start: datetime | None,
) -> pa.Table:
    given: dict[str, pa.Table] = {}
    if customers is not None:
        given["wanted"] = pa.table({"wanted_customer": pa.array(sorted(set(customers)), pa.string())})
    if "price_level" in names:
        given["prices"] = _prices(tables, moments) if reference is None else _given_prices(reference, moments)
    starts = dict.fromkeys(moments, utc(log_start)) if log_start is not None else _log_starts(tables, moments)
    shape = Shape(tables.shape, names, len(moments), restricted=customers is not None)
    result = tables.run(
        duckdb_statements(shape), cutoffs=_cutoffs(moments, starts), clock=_clock(moments), **given
    )
    if "recorded_at" not in tables.columns("transactions"):
        return result
    return _with_late(tables, moments, names, given, starts, result)


def _with_late(
    tables: Tables,
    moments: list[datetime],
    names: tuple[str, ...],
    given: dict[str, pa.Table],
    starts: dict[datetime, datetime | None],
    result: pa.Table,
) -> pa.Table:
    # Customers of whom a transaction was not known yet at a cut-off are computed from what was.
    hidden = tables.query(hidden_statement(tables.shape), cutoffs=_cutoffs(moments, starts)).to_pandas()
    if "wanted" in given:
        hidden = hidden[hidden["customer_id"].isin(given["wanted"]["wanted_customer"].to_pylist())]
    if hidden.empty:
        return result
    keys = result.select(["customer_id", "as_of"]).to_pandas()
    replaced = pd.MultiIndex.from_frame(keys).isin(pd.MultiIndex.from_frame(hidden))
    parts = [result.filter(pa.array(~replaced))]
    shape = Shape(tables.shape, names, 1, restricted=True, late=True)
    for moment, rows in hidden.groupby("as_of"):
        one = utc(moment)
        wanted = pa.table({"wanted_customer": pa.array(rows["customer_id"].tolist(), pa.string())})
        parts.append(
            tables.run(
                duckdb_statements(shape),
                cutoffs=_cutoffs([one], starts),
                clock=_clock([one]),
                **(given | {"wanted": wanted}),
            )
        )
    return pa.concat_tables(parts).sort_by([("as_of", "ascending"), ("customer_id", "ascending")])


def _cutoffs(moments: list[datetime], starts: dict[datetime, datetime | None]) -> pa.Table:
    time = pa.timestamp("us")
    begun = [starts.get(moment) for moment in moments]
    return pa.table({"as_of": pa.array(moments, time), "log_start": pa.array(begun, time)})


def _clock(moments: list[datetime]) -> pa.Table:
    return pa.table({f"as_of_{i}": pa.array([moment], pa.timestamp("us")) for i, moment in enumerate(moments)})


def _log_starts(tables: Tables, moments: list[datetime]) -> dict[datetime, datetime | None]:
    if "recorded_at" in tables.columns("transactions"):
        rows = tables.query(log_starts_statement(tables.shape), cutoffs=_cutoffs(moments, {})).to_pylist()
        return {row["as_of"]: row["log_start"] for row in rows}
    first = tables.span()[0]
    return {moment: first if first < moment else None for moment in moments}


def _prices(tables: Tables, moments: list[datetime]) -> pa.Table:
    return tables.query(prices_statement(tables.shape, len(moments)), clock=_clock(moments))


def _given_prices(reference: pa.Table, moments: list[datetime]) -> pa.Table:
    rows = reference.num_rows
    parts = [
        pa.table(
            {
                "as_of": pa.array([moment] * rows, pa.timestamp("us")),
                "category": reference["category"].cast(pa.string()),
                "unit_price": reference["unit_price"].cast(pa.float64()),
            }
        )
        for moment in moments
    ]
    return pa.concat_tables(parts)


def _frame(table: pa.Table, feature_set: FeatureSet, unknown: list[str]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "customer_id": table["customer_id"].to_pandas(),
        "as_of": table["as_of"].to_pandas(),
    }
    for spec in feature_set:
        if spec.name in unknown:
            columns[spec.name] = pd.Series([None] * table.num_rows, dtype="object")
            if spec.kind == "numeric":
                columns[spec.name] = pd.Series(float("nan"), index=range(table.num_rows), dtype="float64")
        elif spec.kind == "numeric":
            columns[spec.name] = table[spec.name].to_pandas()
        else:
            columns[spec.name] = pd.Series(table[spec.name].to_pylist(), dtype="object")
    return pd.DataFrame(columns)


def _checked_columns(connection: Any, name: str, file: Path) -> tuple[str, ...]:
    found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {name}").fetchall()}
    for column in TABLES[name].columns:
        if column.required and column.name not in found:
            raise DataError(
                f"{file} has no column {column.name!r}", "run holdfast ingest again", file=str(file), field=column.name
            )
        if column.name in found and found[column.name] != DUCKDB_TYPES[column.type]:
            raise DataError(
                f"{file}: column {column.name} is {found[column.name]}, not {DUCKDB_TYPES[column.type]}",
                "run holdfast ingest again",
                file=str(file),
                field=column.name,
            )
    return tuple(column.name for column in TABLES[name].columns if column.name in found)
