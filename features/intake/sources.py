"""Where rows come from: CSV, Parquet, a DuckDB file, PostgreSQL, as Arrow tables with a row number.

Every source answers in the same way: its column names first, then chunks of rows with the column `__row` (the line
in a CSV, the position elsewhere). A source reads and refuses; it changes no value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from configs.errors import DataError, SettingsError
from configs.settings import Settings, SourceSettings
from features.connection import connect, every, quoted
from features.intake.csv_scan import ROW, BadLine, CsvFile
from features.intake.joins import Joined, joined_rows

Format = Literal["csv", "parquet", "duckdb", "postgresql", "xlsx", "jsonl"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".duckdb": "duckdb",
    ".db": "duckdb",
}
CHUNK_ROWS = 1 << 19


@dataclass
class RawFile:
    """Rows of one place, before any check of their values.

    Attributes
    ----------
    label : str
        What it is called in messages and in the quarantine.
    word : str
        "line" for text files, "row" otherwise.
    columns : list of str
        Names that can be mapped.
    chunks : callable
        Yields Arrow tables of these columns and `__row`; consumed once.
    unusable : dict
        Column name → type, for columns that cannot be taken (nested, binary).
    bad_lines : list of BadLine
        Records that could not be split; complete after `chunks` is consumed.
    joined : Joined, optional
        What a query of several tables does to the number of rows.
    """

    label: str
    word: str
    columns: list[str]
    chunks: Callable[[], Iterator[pa.Table]]
    unusable: dict[str, str] = field(default_factory=dict)
    bad_lines: list[BadLine] = field(default_factory=list)
    joined: Joined | None = None


@dataclass(frozen=True)
class Place:
    """Where one table is: its format and files (none for a database server)."""

    table: str
    source: SourceSettings
    format: Format
    files: tuple[Path, ...]
    label: str


@dataclass(frozen=True)
class InputFile:
    """One input as it was read: enough to see later whether it has changed."""

    table: str
    name: str
    bytes: int
    sha256: str
    modified: int


def locate(settings: Settings, table: str, source: SourceSettings) -> Place:
    """Find the files of a table: one file, a folder, or a pattern with ``*``.

    Raises
    ------
    DataError
        Nothing there, or files of several formats.
    SettingsError
        The format cannot be told from the name.
    """
    if source.url is not None:
        if not source.url.startswith(("postgresql:", "postgres:", "postgresql+pg8000:")):
            raise SettingsError(
                f"data.{table}.url is not a PostgreSQL address",
                "give postgresql://user:${PASSWORD}@host/database, or use path for a file",
                field=f"data.{table}.url",
            )
        return Place(table, source, "postgresql", (), f"{table} (PostgreSQL)")
    if source.path is None:
        raise SettingsError(f"data.{table} has neither path nor url", "give one", field=f"data.{table}")
    path = settings.path(source.path)
    if any(mark in str(source.path) for mark in "*?["):
        files = sorted(file for file in path.parent.glob(path.name) if file.is_file())
    elif path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file() and _suffix(file) in SUFFIXES)
    elif path.is_file():
        files = [path]
    else:
        raise _place_error(table, path, "does not exist", "check the path, it is relative to the settings file")
    if not files:
        raise _place_error(table, path, "holds no CSV, Parquet or DuckDB file", "put the files there or correct it")
    formats = {source.format or SUFFIXES.get(_suffix(file)) for file in files}
    if None in formats:
        raise SettingsError(
            f"data.{table}.path {source.path} does not tell its format",
            f"set data.{table}.format to csv, parquet or duckdb",
            field=f"data.{table}.format",
        )
    if len(formats) > 1:
        raise _place_error(table, path, f"mixes formats ({', '.join(sorted(map(str, formats)))})", "separate them")
    found = formats.pop()
    if found is None or found == "postgresql":
        raise SettingsError(f"data.{table}.format postgresql needs url", "give url", field=f"data.{table}.format")
    if found == "duckdb" and len(files) > 1:
        raise _place_error(table, path, "names several DuckDB files", "name one")
    return Place(table, source, found, tuple(files), path.name)


def describe_inputs(place: Place) -> list[InputFile]:
    """Name, size and SHA-256 of every file of a place."""
    inputs = []
    for path in place.files:
        try:
            state = path.stat()
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _place_error(
                place.table, path, f"cannot be read ({error.strerror})", "check its permissions"
            ) from None
        inputs.append(InputFile(place.table, path.name, state.st_size, digest, state.st_mtime_ns))
    return inputs


def check_unchanged(place: Place, inputs: list[InputFile]) -> None:
    """Refuse files that somebody wrote to while they were read."""
    for path, before in zip(place.files, inputs, strict=True):
        state = path.stat() if path.exists() else None
        if state is None or (state.st_size, state.st_mtime_ns) != (before.bytes, before.modified):
            raise DataError(
                f"{path.name} changed while it was read",
                "run again when nothing writes to it",
                code="source_changed",
                file=str(path),
            )


def open_place(place: Place, scratch: Path, threads: int) -> Iterator[RawFile]:
    """Every file of a place, opened one after the other.

    With `query`, the files of a folder are tables named after them (a single file is `source`), and the query's
    result is the one source.
    """
    if place.format == "postgresql":
        from features.intake.postgres import open_postgresql

        yield open_postgresql(place.table, place.source, scratch)
    elif place.format == "duckdb":
        yield _open_duckdb(place, scratch, threads)
    elif place.source.query is not None:
        yield _open_joined(place, place.source.query, scratch, threads)
    else:
        for path in place.files:
            yield _open_file(path, place.format, place.source)


def _open_file(path: Path, found: Format, source: SourceSettings) -> RawFile:
    return open_parquet(path) if found == "parquet" else open_csv(path, source)


def open_csv(path: Path, source: SourceSettings) -> RawFile:
    """A CSV file (see `csv_scan`)."""
    file = CsvFile(path, source, path.name)
    return RawFile(
        path.name,
        "line",
        file.columns,
        lambda: (pa.Table.from_batches([batch]) for batch in file.batches()),
        bad_lines=file.bad_lines,
    )


def open_parquet(path: Path) -> RawFile:
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
        raise _damaged(path, error) from None
    if "BROTLI" in compressions:
        raise DataError(
            f"{path.name} is compressed with Brotli, which is not read because of a known flaw in its decoder",
            "write it with zstd or snappy",
            code="brotli_refused",
            file=path.name,
        )
    _check_names(path.name, schema.names)
    unusable = {item.name: str(item.type) for item in schema if not _usable(item.type)}
    wanted = [name for name in schema.names if name not in unusable]

    def chunks() -> Iterator[pa.Table]:
        try:
            yield from _numbered(file.iter_batches(batch_size=CHUNK_ROWS // 4, columns=wanted), wanted)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(path, error) from None

    return RawFile(path.name, "row", wanted, chunks, unusable=unusable)


def _open_duckdb(place: Place, scratch: Path, threads: int) -> RawFile:
    path = place.files[0]
    try:
        connection = connect(spill=scratch, threads=threads, keep_order=True, database=path)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0][:200]
        raise DataError(
            f"{path.name} cannot be opened as a DuckDB file ({reason})",
            "close the program that writes to it, or check that it is whole",
            code="bad_file",
            file=path.name,
        ) from None
    query = place.source.query
    if query is None:
        tables = [row[0] for row in every(connection, "SELECT table_name FROM duckdb_tables() ORDER BY 1")]
        views = every(connection, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1")
        tables += [row[0] for row in views]
        name = place.source.table or (tables[0] if len(tables) == 1 else None)
        if name not in tables:
            raise DataError(
                f"{path.name} has no table {name!r}" if name else f"{path.name} holds {len(tables)} tables",
                f"set data.{place.table}.table to one of: {', '.join(tables[:20]) or 'none there'}",
                code="missing_table",
                file=path.name,
                value=name,
            )
        query = f"SELECT * FROM {quoted(str(name))}"
    return _from_query(connection, query, path.name, place.table)


def _open_joined(place: Place, query: str, scratch: Path, threads: int) -> RawFile:
    connection = connect(spill=scratch, threads=threads, keep_order=True)
    bad: list[BadLine] = []
    for path in place.files:
        name = "source" if len(place.files) == 1 else path.name.split(".")[0]
        if name not in query:
            continue
        raw = _open_file(path, place.format, place.source)
        created = False
        for chunk in raw.chunks():
            connection.register("chunk", chunk.select(raw.columns))
            verb = f"INSERT INTO {quoted(name)}" if created else f"CREATE TABLE {quoted(name)} AS"
            connection.execute(f"{verb} SELECT * FROM chunk")
            connection.unregister("chunk")
            created = True
        if not created:
            raise _place_error(place.table, path, "holds no rows", "give a file with rows")
        bad += [BadLine(line.line, line.code, f"{path.name}: {line.text}") for line in raw.bad_lines]
    file = _from_query(connection, query, place.label, place.table)
    file.bad_lines = bad
    return file


def _from_query(connection: Any, query: str, label: str, table: str) -> RawFile:
    try:
        relation = connection.sql(f"SELECT * FROM ({query.rstrip().rstrip(';')}) AS answer")
        names, types = list(relation.columns), [str(kind) for kind in relation.types]
    except duckdb.Error as error:
        raise SettingsError(
            f"data.{table}.query does not run ({str(error).splitlines()[0][:300]})",
            "correct the query",
            field=f"data.{table}.query",
        ) from None
    _check_names(label, names)
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
            yield from _numbered(reader, wanted)
        except duckdb.Error as error:
            raise DataError(
                f"{label} cannot be read ({str(error).splitlines()[0][:200]})",
                "check that the file is whole and the query is right",
                code="bad_file",
                file=label,
            ) from None
        finally:
            connection.close()

    return RawFile(label, "row", wanted, chunks, unusable=unusable, joined=joined_rows(connection, query))


def _numbered(batches: Any, names: list[str]) -> Iterator[pa.Table]:
    """Batches with their row number, a few at a time so that each step has enough to do."""
    start, held, rows = 1, [], 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK_ROWS:
            yield _with_rows(held, names, start, rows)
            start, held, rows = start + rows, [], 0
    if rows:
        yield _with_rows(held, names, start, rows)


def _with_rows(batches: list[Any], names: list[str], start: int, rows: int) -> pa.Table:
    table = pa.Table.from_batches(batches)
    columns = [_readable(table.column(index)) for index in range(table.num_columns)]
    numbers = pa.arange(start, start + rows)
    return pa.table([*columns, numbers], names=[*names, ROW])


def _readable(column: Any) -> Any:
    """The few Arrow types that DuckDB does not take, as text or the next wider number."""
    kind = column.type
    if pa.types.is_decimal256(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return column.cast(pa.string())
    return column.cast(pa.float32()) if pa.types.is_float16(kind) else column


def _usable(kind: Any) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return bool(pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type))
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (pa.types.is_nested(kind) or binary)


def _check_names(label: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"{label} has the column {twice[0]!r} twice",
            "give every column its own name",
            code="duplicate_column",
            file=label,
            field=twice[0],
        )


def _damaged(path: Path, error: Exception) -> DataError:
    text = " ".join(str(error).split())[:200]
    return DataError(
        f"{path.name} is cut off, damaged or not a Parquet file ({text})",
        "copy or export it again",
        code="damaged_parquet",
        file=path.name,
    )


def _place_error(table: str, path: Path, what: str, remedy: str) -> DataError:
    return DataError(f"data.{table}.path {path} {what}", remedy, code="source_missing", file=str(path), table=table)


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
