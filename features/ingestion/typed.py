"""Typed sources: Parquet files, a DuckDB file, and the answer of a query."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from configs.catalogue import phrase
from configs.errors import DataError, SettingsError
from configs.settings import SourceSettings
from features.connection import connect, every, quoted
from features.ingestion.joins import joined_rows
from features.ingestion.raw import CHUNK_ROWS, RawFile, check_names, numbered


def open_parquet(path: Path, label: str) -> RawFile:
    """A Parquet file; page checksums are verified where the file has them, Brotli is refused before decoding."""
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        metadata = file.metadata
        compressions = {
            metadata.row_group(group).column(column).compression
            for group in range(metadata.num_row_groups)
            for column in range(metadata.num_columns)
        }
        schema = file.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(label, error) from None
    if "BROTLI" in compressions:
        raise DataError("parquet_with_brotli", code="brotli_refused", file=label)
    check_names(label, schema.names)
    unusable = {item.name: str(item.type) for item in schema if not _usable(item.type)}
    wanted = [name for name in schema.names if name not in unusable]

    def chunks() -> Iterator[pa.Table]:
        try:
            yield from numbered(file.iter_batches(batch_size=CHUNK_ROWS // 4, columns=wanted), wanted)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(label, error) from None

    return RawFile(label, "row", wanted, chunks, unusable=unusable)


def open_duckdb(path: Path, label: str, source: SourceSettings, table: str, scratch: Path, threads: int) -> RawFile:
    """A table, a view or a query of a DuckDB file."""
    try:
        connection = connect(spill=scratch, threads=threads, keep_order=True, database=path)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise DataError("duckdb_file_unreadable", code="bad_file", file=label, reason=reason) from None
    try:
        return from_query(connection, source.query or _whole_table(connection, label, source, table), label, table)
    except BaseException:
        connection.close()
        raise


def _whole_table(connection: Any, label: str, source: SourceSettings, table: str) -> str:
    """The query of the one table that is there or named."""
    tables = [row[0] for row in every(connection, "SELECT table_name FROM duckdb_tables() ORDER BY 1")]
    tables += [
        row[0] for row in every(connection, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1")
    ]
    name = source.table or (tables[0] if len(tables) == 1 else None)
    if name not in tables:
        names = ", ".join(tables[:20]) or phrase("phrases.none_there")
        fields = {"file": label, "value": name, "table": table, "names": names}
        if name:
            raise DataError("database_table_missing", code="missing_table", **fields)
        raise DataError("database_with_several_tables", code="missing_table", **fields, count=len(tables))
    return f"SELECT * FROM {quoted(str(name))}"


def from_query(connection: Any, query: str, label: str, table: str) -> RawFile:
    """The answer of a query as a source."""
    try:
        relation = connection.sql(f"SELECT * FROM ({query.rstrip().rstrip(';')}) AS answer")
        names, types = list(relation.columns), [str(kind) for kind in relation.types]
    except duckdb.Error as error:
        raise SettingsError(
            "query_fails", field=f"data.{table}.query", table=table, reason=str(error).splitlines()[0][:300]
        ) from None
    check_names(label, names)
    unusable = {
        name: kind
        for name, kind in zip(names, types, strict=True)
        if (kind.endswith("]") and kind != "VARCHAR[]") or kind.startswith(("STRUCT", "MAP", "UNION", "BLOB"))
    }
    wanted = [name for name in names if name not in unusable]
    as_text = ("HUGEINT", "UHUGEINT", "UUID", "ENUM", "INTERVAL", "TIME", "BIT", "BIGNUM")
    items = ", ".join(
        f"{quoted(name)}::VARCHAR AS {quoted(name)}"
        if kind.startswith(as_text) and not kind.startswith("TIMESTAMP")
        else quoted(name)
        for name, kind in zip(names, types, strict=True)
        if name in wanted
    )

    def chunks() -> Iterator[pa.Table]:
        try:
            reader = connection.sql(f"SELECT {items} FROM ({query.rstrip().rstrip(';')}) AS answer").to_arrow_reader(
                CHUNK_ROWS // 4
            )
            yield from numbered(reader, wanted)
        except duckdb.Error as error:
            raise DataError(
                "query_result_unreadable", code="bad_file", file=label, reason=str(error).splitlines()[0][:200]
            ) from None
        finally:
            connection.close()

    return RawFile(label, "row", wanted, chunks, unusable=unusable, joined=joined_rows(connection, query))


def _usable(kind: Any) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return bool(pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (pa.types.is_nested(kind) or binary)


def _damaged(label: str, error: Exception) -> DataError:
    text = " ".join(str(error).split())[:200]
    return DataError("parquet_damaged", code="damaged_parquet", file=label, reason=text)
