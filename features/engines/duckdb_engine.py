"""DuckDB as the engine: in this process, on one machine; the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from features.connection import connect, executed, literal
from features.dialects import Dialect
from features.engines.protocol import Opener, Source, View, source_name
from features.statements import Statement


class DuckDBEngine:
    """The canonical tables behind one hardened connection (`features.connection`).

    Parameters
    ----------
    sources : mapping of str to Path or pyarrow.Table
        The tables; files must lie in one folder.
    views : mapping of str to callable
        What stands for a table, see `features.engines.protocol.Opener`.
    threads : int, optional
        Threads to use; all cores by default. The answers do not depend on it.
    """

    dialect: Dialect = "duckdb"

    def __init__(
        self, sources: Mapping[str, Source], views: Mapping[str, View] | None = None, *, threads: int | None = None
    ) -> None:
        folder = next((source.parent for source in sources.values() if isinstance(source, Path)), None)
        self._connection = connect(folder, threads=threads)
        views = views or {}
        for name, source in sources.items():
            inner = source_name(name) if name in views else name
            if isinstance(source, Path):
                file = literal(str(source))
                self._connection.execute(f"CREATE VIEW {inner} AS SELECT * FROM read_parquet({file})")
            else:
                self._connection.register(inner, source)
            if name in views:
                self._connection.execute(f"CREATE VIEW {name} AS {views[name](self.dialect)}")

    def run(self, statements: Sequence[Statement], given: Mapping[str, pa.Table]) -> pa.Table:
        """See `features.engines.protocol.Engine.run`."""
        return executed(self._connection, [(one.name, one.sql, one.drops) for one in statements], given)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def on_duckdb(threads: int | None = None) -> Opener:
    """DuckDB with so many threads, for `features.data.open_tables`."""
    return lambda sources, views: DuckDBEngine(sources, views, threads=threads)
