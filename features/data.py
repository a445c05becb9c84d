"""Canonical tables, opened for computing: a folder of Parquet files, or tables in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc

from configs.errors import DataError
from configs.timestamps import midnight_after
from features.closures import OPEN, Closures
from features.connection import connect, every, literal
from features.dialects import Dialect
from features.engines.duckdb_engine import on_duckdb
from features.engines.protocol import Engine, Opener, Source, source_name
from features.manifest import check_tables, read_manifest
from features.relations import extent, late_lines, unbound_table
from features.statements import Plan, Step, planned
from features.tables import DUCKDB_TYPES, TABLES, Column
from features.visible import as_if_before

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "time": pa.timestamp("us"),
    "date": pa.date32(),
    "money": pa.decimal128(18, 4),
    "number": pa.float64(),
    "integer": pa.int64(),
    "texts": pa.list_(pa.string()),
}

UNIQUE = {"customers": "customer_id", "products": "product_id"}


class Tables:
    """Canonical tables, open for computing; close it, or use it in a ``with`` statement.

    Attributes
    ----------
    shape : tuple of (table, columns)
        What is given, hashable.
    memory : dict of str to pyarrow.Table, or None
        The tables themselves when they came from memory.
    closures : Closures
        When the company was closed and products were out of stock.
    hindsight : frozenset of str
        Columns of customers that were written with what happened later: no features to learn from.
    whole : Tables
        All customers' tables where these are a part (`features.part`), else these: what belongs to the company, such as
        when its log starts, is asked there.
    """

    def __init__(  # noqa: PLR0913 – folder or memory, and what is known of both
        self,
        columns: Mapping[str, tuple[str, ...]],
        *,
        folder: Path | None = None,
        memory: dict[str, pa.Table] | None = None,
        engine: Opener | None = None,
        views: Mapping[str, Plan] | None = None,
        closures: Closures = OPEN,
        hindsight: frozenset[str] = frozenset(),
        whole: Tables | None = None,
        closes_whole: bool = False,
    ) -> None:
        self.shape = tuple(columns.items())
        self.memory = memory
        self.closures = closures
        self.hindsight = hindsight
        self.whole = self if whole is None else whole
        self._closes_whole = closes_whole and whole is not None
        self._columns = dict(columns)
        self._folder = folder
        self._engine = engine or on_duckdb()
        self._views = dict(views or {})
        self._seen = self._files()
        self._lock = threading.RLock()
        self._opened: Engine | None = None
        self._extent: tuple[datetime | None, datetime | None] | None = None
        self._late: bool | None = None

    @property
    def work(self) -> Path | None:
        """The work folder that holds the folder of the tables; None from memory, elsewhere, and in a hidden copy."""
        if self._folder is None or self._folder.name != "canonical" or self._folder.parent.name.startswith("."):
            return None
        return self._folder.parent

    def has(self, table: str) -> bool:
        """Whether a table is given."""
        return table in self._columns

    def columns(self, table: str) -> list[str]:
        """The columns of a table; none if it is not given."""
        return list(self._columns.get(table, ()))

    def span(self) -> tuple[datetime, datetime]:
        """Times of the first and the last transaction (UTC, without zone).

        Raises
        ------
        DataError
            There is none.
        """
        found = self.extent()
        if found is None:
            raise DataError("transactions_empty", code="empty_table")
        return found

    def extent(self) -> tuple[datetime, datetime] | None:
        """As `span`, or None when there is no transaction."""
        if self._extent is None:
            if self.memory is not None:
                found = pc.min_max(self.memory["transactions"]["occurred_at"]).as_py()
            else:
                found = self.run(extent(self.shape)).to_pylist()[0]
            self._extent = (found["min"], found["max"])
        first, last = self._extent
        return None if first is None or last is None else (first, last)

    def end(self, timezone: str) -> datetime:
        """The midnight of the business zone after the last transaction, in UTC: the end of what is known."""
        return midnight_after(self.span()[1], timezone)

    def before(self, moment: datetime, *, known_by: datetime) -> Tables:
        """These tables as if nothing had happened since a moment, with what was known of the time before it later on.

        Parameters
        ----------
        moment : datetime
            UTC without zone; rows at or after it are left out, and so is what was written into a row at or after it.
        known_by : datetime
            Rows recorded by then are in, as if they had been recorded at once.
        """
        columns = {
            name: tuple(column for column in own if column != "recorded_at") for name, own in self._columns.items()
        }
        views = {name: rows_before(name, own, moment, known_by) for name, own in self._columns.items()}
        if self.memory is None:
            before = Tables(
                columns,
                folder=self._folder,
                engine=self._engine,
                views=views,
                closures=self.closures,
                hindsight=self.hindsight,
            )
            before._seen = self._seen  # the same files, not those that may have come in their place since
            return before
        memory = {name: self.run(view, **{source_name(name): self.memory[name]}) for name, view in views.items()}
        return Tables(
            columns,
            memory=memory,
            engine=self._engine,
            closures=self.closures,
            hindsight=self.hindsight,
            whole=None if self.whole is self else self.whole.before(moment, known_by=known_by),
            closes_whole=True,
        )

    @property
    def late(self) -> bool:
        """Whether any transaction was recorded after it happened."""
        if "recorded_at" not in self._columns["transactions"]:
            return False
        if self._late is None:
            if self.memory is not None:
                lines = self.memory["transactions"]
                self._late = bool(pc.any(pc.greater(lines["recorded_at"], lines["occurred_at"])).as_py())
            else:
                self._late = bool(self.run(late_lines(self.shape))["n"][0].as_py())
        return self._late

    def run(self, plan: Plan, **given: pa.Table) -> pa.Table:
        """The plan's answer (`features.engines.protocol.Engine.run`); `given` are small tables beside ours.

        Calls from several threads wait for each other.

        Raises
        ------
        DataError
            A file was replaced, changed or taken away since the tables were opened.
        """
        with self._lock:
            self.check_unchanged()
            try:
                engine = self._opened_engine()
                answer = engine.run(plan.statements(engine.dialect, self.whole.work), given)
            except Exception:
                self.check_unchanged()  # a file that went in between says more than the engine's error
                raise
            self.check_unchanged()
            return answer

    def check_unchanged(self) -> None:
        """Refuse to go on with files that are not those that were opened; cheap, no byte is read.

        Raises
        ------
        DataError
            A file was replaced, changed or taken away.
        """
        if self._files() != self._seen:
            raise DataError("tables_taken_away", code="tables_replaced", file=str(self._folder))

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None
        if self._closes_whole:
            self.whole.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _files(self) -> tuple[tuple[int, int, int] | None, ...]:
        """What tells one state of the files from another without reading them."""
        if self._folder is None:
            return ()
        return tuple(_state(self._folder / f"{name}.parquet") for name in self._columns)

    def _view(self, plan: Plan, dialect: Dialect) -> str:
        return plan.statements(dialect, self.whole.work)[0].sql

    def _opened_engine(self) -> Engine:
        # Opened late: one customer's history in memory is computed without a connection of its own.
        if self._opened is None:
            sources: Mapping[str, Source] = self.memory or {}
            if self.memory is None and self._folder is not None:
                sources = {name: self._folder / f"{name}.parquet" for name in self._columns}
            views = {name: partial(self._view, plan) for name, plan in self._views.items()}
            self._opened = self._engine(sources, views)
        return self._opened


@planned
def rows_before(name: str, columns: tuple[str, ...], moment: datetime, known_by: datetime) -> Step:
    """A table as if nothing had happened since a moment (`features.visible.as_if_before`)."""
    table = unbound_table(name, columns, called=source_name(name))
    return Step(name, as_if_before(table, TABLES[name].time, moment, known_by))


def open_tables(folder: Path, *, threads: int | None = None, engine: Opener | None = None) -> Tables:
    """Open the canonical Parquet files of a folder, each compared with the manifest byte for byte.

    Parameters
    ----------
    folder : Path
        With `transactions.parquet`, the other tables that there are, and the manifest.
    threads : int, optional
        Threads of DuckDB; all cores by default. Results do not depend on it.
    engine : Opener, optional
        Who computes; DuckDB in this process by default.

    Raises
    ------
    DataError
        The folder has no manifest or no `transactions.parquet`, a file is not the one of the manifest, or it breaks
        the data contract.
    """
    folder = Path(folder).resolve()
    if not (folder / "transactions.parquet").exists():
        raise DataError("tables_not_ingested", code="not_ingested", file=str(folder))
    # the states are taken before the bytes are compared: what changes in between is then seen by the first query
    before = {name: _state(folder / f"{name}.parquet") for name in TABLES}
    manifest = read_manifest(folder)
    found = check_tables(folder, manifest)
    connection = connect(folder, threads=1)
    try:
        columns = {name: _columns_of(connection, name, folder / f"{name}.parquet") for name in found}
    finally:
        connection.close()
    tables = Tables(
        columns,
        folder=folder,
        engine=engine or on_duckdb(threads),
        closures=Closures.from_json(manifest.get("closures")),
        hindsight=frozenset(manifest.get("hindsight", ())),
    )
    if tables._seen != tuple(before[name] for name in found):
        raise DataError("tables_replaced_while_opened", code="tables_replaced", file=str(folder))
    return tables


def tables_from_arrow(
    tables: Mapping[str, pa.Table], *, threads: int | None = None, closures: Closures = OPEN
) -> Tables:
    """Canonical tables from memory, such as one customer's history.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Canonical names and columns; values are cast to the contract's types, unknown columns left out.
    threads : int, optional
        As in `open_tables`.
    closures : Closures, optional
        When the company was closed and products were out of stock.

    Raises
    ------
    DataError
        A column cannot be brought to its type, a required one is missing or null, a number is not finite, an id that
        must be unique is not.
    """
    if "transactions" not in tables:
        raise DataError("transactions_not_given", code="missing_table")
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise DataError("table_unknown", field=unknown[0], names=", ".join(TABLES))
    memory = {name: checked_table(name, tables[name]) for name in TABLES if name in tables}
    columns = {name: tuple(table.column_names) for name, table in memory.items()}
    return Tables(columns, memory=memory, engine=on_duckdb(threads), closures=closures)


def checked_table(name: str, table: pa.Table) -> pa.Table:
    """A table cast to the data contract; unknown columns are left out.

    Raises
    ------
    DataError
        See `tables_from_arrow`.
    """
    columns = {}
    for column in TABLES[name].columns:
        if column.name in table.column_names:
            columns[column.name] = _checked_column(name, column, table[column.name])
        elif column.required:
            raise DataError(
                "table_lacks_column",
                code="missing_column",
                field=f"{name}.{column.name}",
                column=column.name,
                table=name,
            )
    key = UNIQUE.get(name)
    if key and pc.count_distinct(columns[key]).as_py() < len(columns[key]):
        raise DataError("id_not_unique", code="duplicate_id", field=f"{name}.{key}")
    return pa.table(columns)


def _checked_column(table: str, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    place = f"{table}.{column.name}"
    try:
        cast = values.cast(ARROW_TYPES[column.type])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            "values_of_other_type", code="bad_type", field=place, type=str(column.type), reason=reason
        ) from None
    if column.required and cast.null_count:
        raise DataError("values_missing", code="missing_value", field=place, count=cast.null_count, total=len(cast))
    if column.type == "number" and pc.any(pc.invert(pc.is_finite(cast))).as_py():
        raise DataError("values_not_finite", code="not_finite", field=place)
    return cast


def _columns_of(connection: Any, name: str, file: Path) -> tuple[str, ...]:
    described = every(connection, f"DESCRIBE SELECT * FROM read_parquet({literal(str(file))})")
    found = {row[0]: row[1] for row in described}
    for column in TABLES[name].columns:
        expected = DUCKDB_TYPES[column.type]
        if column.required and column.name not in found:
            raise DataError("table_file_lacks_column", code="missing_column", file=str(file), field=column.name)
        if column.name in found and found[column.name] != expected:
            raise DataError(
                "table_file_column_of_other_type",
                code="bad_type",
                file=str(file),
                field=column.name,
                found=found[column.name],
                expected=expected,
            )
    return tuple(column.name for column in TABLES[name].columns if column.name in found)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
