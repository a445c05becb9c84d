"""PostgreSQL as a source: the server streams the rows with COPY, in a read-only transaction.

Every value comes as the text that the server itself writes (exact decimals, ISO times in UTC), so it goes through
the same checks as a CSV cell. The stream is kept in a scratch file, not in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from configs.errors import DataError, SettingsError
from configs.settings import SourceSettings
from features.ingestion.csv_scan import CsvFile
from features.ingestion.raw import RawFile


def open_postgresql(table: str, source: SourceSettings, scratch: Path) -> RawFile:
    """Copy a table or the result of a query and open it.

    Raises
    ------
    SettingsError
        Neither `table` nor `query` is given.
    DataError
        The server cannot be reached or refuses the query; the password is never shown.
    """
    import pg8000
    import sqlalchemy as sa

    if (source.table is None) == (source.query is None):
        raise SettingsError("database_without_query", field=f"data.{table}.table", table=table)
    try:
        url = sa.make_url(str(source.url))
    except sa.exc.ArgumentError:
        raise SettingsError("database_address_wrong", field=f"data.{table}.url", table=table) from None
    place = url.render_as_string(hide_password=True)
    engine = sa.create_engine(_for_driver(url), poolclass=sa.pool.NullPool)
    target = scratch / f"{table}.postgresql.csv"
    try:
        connection: Any = engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("SET TRANSACTION READ ONLY")
            for setting in (
                "TimeZone = 'UTC'",
                "DateStyle = 'ISO'",
                "client_encoding = 'UTF8'",
                "extra_float_digits = 1",
            ):
                cursor.execute(f"SET LOCAL {setting}")
            # The driver reads % as the start of a parameter.
            copy = f"COPY ({_query(source)}) TO STDOUT WITH (FORMAT csv, HEADER true)".replace("%", "%%")
            with target.open("wb") as stream:
                cursor.execute(copy, stream=stream)
            connection.rollback()
        finally:
            connection.close()
    except (pg8000.Error, sa.exc.SQLAlchemyError, OSError) as error:
        raise DataError(
            "database_unreachable", code="source_unreachable", table=table, place=place, reason=_reason(error)
        ) from None
    finally:
        engine.dispose()
    label = f"{place} {source.table or 'query'}"
    settings = SourceSettings(path=target, last_line_complete=True)
    file = CsvFile(target, settings, label)

    def chunks() -> Iterator[pa.Table]:
        position = 1
        for batch in file.batches():
            numbers = pa.arange(position, position + batch.num_rows)
            position += batch.num_rows
            yield pa.Table.from_arrays([*batch.columns[:-1], numbers], names=batch.schema.names)
        target.unlink(missing_ok=True)

    return RawFile(label, "row", file.columns, chunks, bad_lines=file.bad_lines)


def _for_driver(url: Any) -> Any:
    """The same address for pg8000, which names a socket folder differently from libpq."""
    url = url.set(drivername="postgresql+pg8000")
    host = url.query.get("host")
    if isinstance(host, str) and host.startswith("/"):
        rest = {key: value for key, value in url.query.items() if key not in ("host", "port")}
        port = url.query.get("port", "5432")
        url = url.set(query={**rest, "unix_sock": f"{host}/.s.PGSQL.{port}"})
    return url


def _query(source: SourceSettings) -> str:
    if source.query is not None:
        return source.query.rstrip().rstrip(";")
    parts = str(source.table).split(".")
    return "SELECT * FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    if isinstance(detail, dict):
        detail = detail.get("M", detail)
    return " ".join(str(detail).split())[:200]
