"""DuckDB connections that can do nothing but compute: the one place that executes SQL.

No extension is loaded or fetched, no file outside the given folder is read, no Python variable is taken for a
table, and none of this can be set back (duckdb.org/docs/stable/operations_manual/securing_duckdb).
"""

from __future__ import annotations

import atexit
import os
import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

MEMORY_LIMIT = "4GB"


def connect(
    folder: Path | None = None,
    *,
    threads: int | None = None,
    spill: Path | None = None,
    database: Path | None = None,
    keep_order: bool = False,
) -> Any:
    """A hardened DuckDB connection.

    Parameters
    ----------
    folder : Path, optional
        The only folder that may be read; without it nothing outside memory may.
    threads : int, optional
        Threads to use; all cores by default. The results do not depend on it.
    spill : Path, optional
        Folder for what does not fit into memory, which may then be as much as DuckDB allows itself; must exist.
    database : Path, optional
        A DuckDB file to read (read-only); in memory without it.
    keep_order : bool
        Rows come in the order in which they were put in.

    Raises
    ------
    duckdb.Error
        The database file cannot be opened.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "allow_community_extensions": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        # A name of its own: what another user or a killed process left is not ours, and DuckDB clears it on closing.
        "temp_directory": str(spill or Path(tempfile.gettempdir()) / f"holdfast-spill-{secrets.token_hex(8)}"),
        "threads": str(threads or os.cpu_count() or 1),
    }
    if spill is None:
        config["memory_limit"] = MEMORY_LIMIT
    place = ":memory:" if database is None else str(database)
    connection = duckdb.connect(place, read_only=database is not None, config=config)
    # The session zone must be fixed: casts between the two timestamp types would else use the host's zone.
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET enable_progress_bar=false")
    connection.execute(f"SET preserve_insertion_order={str(keep_order).lower()}")
    allowed = [literal(str(path.resolve())) for path in (folder, spill) if path is not None]
    if allowed:
        connection.execute(f"SET allowed_directories=[{', '.join(allowed)}]")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
    return connection


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def every(connection: Any, statement: str, parameters: list[Any] | None = None) -> list[Any]:
    """All rows of a query; the result is finished, which the next statement requires."""
    return list(connection.execute(statement, parameters).fetchall())


def one(connection: Any, statement: str, parameters: list[Any] | None = None) -> Any:
    """The first row of a query, None if there is none."""
    rows = every(connection, statement, parameters)
    return rows[0] if rows else None


def executed(
    connection: Any, steps: Sequence[tuple[str, str, tuple[str, ...]]], given: Mapping[str, pa.Table]
) -> pa.Table:
    """Run steps (name, SQL, tables to drop after it); the answer of the last one, the others kept while they serve."""
    kept: list[str] = []
    for name, table in given.items():
        connection.register(name, table)
    try:
        for name, sql, drops in steps[:-1]:
            connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
            kept.append(name)
            for done in drops:
                connection.execute(f"DROP TABLE {done}")
                kept.remove(done)
        return connection.sql(steps[-1][1]).to_arrow_table()
    finally:
        for name in kept:
            connection.execute(f"DROP TABLE {name}")
        for name in given:
            connection.unregister(name)


class _Slot:
    """A table that a prepared statement reads anew each time it runs."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class _Prepared:
    """One statement, planned once, on a connection of its own."""

    def __init__(self, sql: str, tables: Mapping[str, pa.Table]) -> None:
        self._connection = connect(threads=1)
        self._slots = {name: _Slot(table) for name, table in tables.items()}
        for name, slot in self._slots.items():
            self._connection.register(name, slot)
        self._connection.execute(f"PREPARE kept AS {sql}")

    def run(self, tables: Mapping[str, pa.Table]) -> pa.Table:
        """The answer for these tables."""
        for name, slot in self._slots.items():
            slot.table = tables[name]
        try:
            return self._connection.sql("EXECUTE kept").to_arrow_table()
        finally:
            for slot in self._slots.values():
                slot.table = slot.table.schema.empty_table()

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()


class PreparedPool:
    """Prepared statements by key, one per thread that asks at the same time; the least used go first."""

    def __init__(self, size: int = 16) -> None:
        self._size = size
        self._free: OrderedDict[tuple[Hashable, int], _Prepared] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()
        atexit.register(self.close)

    def run(self, key: Hashable, sql: Callable[[], str], tables: Mapping[str, pa.Table]) -> pa.Table:
        """Run the statement of `key` over `tables`; `sql` gives its text the first time."""
        prepared = self._taken(key)
        if prepared is None:
            prepared = _Prepared(sql(), tables)
        try:
            answer = prepared.run(tables)
        except BaseException:
            prepared.close()
            raise
        self._given_back(key, prepared)
        return answer

    def close(self) -> None:
        """Close all that are not running."""
        with self._lock:
            while self._free:
                self._free.popitem()[1].close()

    def _taken(self, key: Hashable) -> _Prepared | None:
        with self._lock:
            for candidate in reversed(self._free):
                if candidate[0] == key:
                    return self._free.pop(candidate)
        return None

    def _given_back(self, key: Hashable, prepared: _Prepared) -> None:
        with self._lock:
            self._count += 1
            self._free[key, self._count] = prepared
            while len(self._free) > self._size:
                self._free.popitem(last=False)[1].close()
