"""Where rows come from: the files of a table, told by their content, and what opens each of them.

Every source answers in the same way (`raw.RawFile`): its column names first, then chunks of rows with the column
`__row` (the line in a text file, the position elsewhere). A source reads and refuses; it changes no value.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from configs.errors import DataError, HoldfastError, InputError, SettingsError
from configs.settings import Format, Settings, SourceSettings
from features.connection import connect, quoted
from features.ingestion.content import check_regular, kind_in_gzip, kind_of, refuse
from features.ingestion.csv_scan import CsvFile
from features.ingestion.headers import looked_for
from features.ingestion.json_rows import open_json
from features.ingestion.packed import unpack_gzip, unpack_zip
from features.ingestion.raw import BadLine, RawFile
from features.ingestion.typed import from_query, open_duckdb, open_parquet
from features.ingestion.workbook import open_workbook
from features.tables import TABLES

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".duckdb": "duckdb",
    ".db": "duckdb",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlsb": "xlsx",
    ".xls": "xlsx",
    ".ods": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
MAX_PROBLEMS = 20
"""Files that are wrong before the rest of a table is not looked at any more."""
_BY_CONTENT: dict[str, Format] = {
    "parquet": "parquet", "duckdb": "duckdb", "workbook": "xlsx", "json": "jsonl", "text": "csv"
}  # fmt: skip
_NESTED = 2


@dataclass(frozen=True)
class Place:
    """Where one table is: its format and files (none for a database server).

    `base` is the folder by which files are called in messages, `beside` the number of files in subfolders that are not
    read.
    """

    table: str
    source: SourceSettings
    format: Format
    files: tuple[Path, ...]
    label: str
    base: Path | None = None
    beside: int = 0

    def name(self, path: Path) -> str:
        """What one of the files is called in messages."""
        return path.name if self.base is None else path.relative_to(self.base).as_posix()


@dataclass(frozen=True)
class InputFile:
    """One input as it was read: enough to see later whether it has changed."""

    table: str
    name: str
    bytes: int
    sha256: str
    modified: int


def locate(settings: Settings, table: str, source: SourceSettings) -> Place:
    """Find the files of a table: one file, a folder, or a pattern with ``*`` and ``**``.

    Raises
    ------
    DataError
        Nothing there, something that is no file, or files of several formats.
    SettingsError
        The format cannot be told.
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
    if source.format == "postgresql":
        raise SettingsError(f"data.{table}.format postgresql needs url", "give url", field=f"data.{table}.format")
    try:
        path = settings.path(source.path)
    except (OSError, RuntimeError):
        # a link to itself, which only some versions of Python follow to a path
        raise _place_error(table, source.path, "leads nowhere", "correct the link or the path") from None
    try:
        base, files, beside = _files(path, source, table)
    except OSError as error:
        raise _place_error(table, path, f"cannot be read ({error.strerror})", "check its permissions") from None
    if not files:
        raise _place_error(
            table,
            path,
            "holds no file that can be read",
            "give files of CSV, Excel, JSON lines, Parquet or DuckDB, or archives of them",
        )
    formats = {found for file in files if (found := source.format or _format(file)) is not None}
    if len(formats) > 1:
        raise _place_error(table, path, f"mixes formats ({', '.join(sorted(formats))})", "separate them")
    # an archive tells only when it is opened
    found = formats.pop() if formats else "csv"
    if found == "duckdb" and len(files) > 1:
        raise _place_error(table, path, "names several DuckDB files", "name one")
    return Place(table, source, found, tuple(files), path.name, base, beside)


def _files(path: Path, source: SourceSettings, table: str) -> tuple[Path, list[Path], int]:
    """The folder, the files and how many more lie in subfolders."""
    parts = path.parts
    wild = next((place for place, part in enumerate(parts) if any(mark in part for mark in "*?[")), None)
    if wild is not None and not path.exists():
        base = Path(*parts[:wild])
        pattern = "/".join(parts[wild:]) + ("/*" if parts[-1] == "**" else "")
        return base, sorted(file for file in base.glob(pattern) if file.is_file() and not _hidden(file)), 0
    if path.is_dir():
        tables = [file for file in sorted(path.rglob("*")) if file.is_file() and _is_table(file, source)]
        here = [file for file in tables if file.parent == path]
        return path, here or tables, len(tables) - len(here) if here else 0
    if not path.exists() and not path.is_symlink():
        raise _place_error(table, path, "does not exist", "check the path, it is relative to the settings file")
    check_regular(path, f"data.{table}.path {path}")
    return path.parent, [path], 0


def _is_table(file: Path, source: SourceSettings) -> bool:
    suffix = file.suffix.lower()
    known = suffix in SUFFIXES or suffix == ".zip" or (suffix == ".gz" and Path(file.stem).suffix.lower() in SUFFIXES)
    return known and not _hidden(file)


def _hidden(file: Path) -> bool:
    """Files that a system or an open spreadsheet program puts beside the real ones."""
    return file.name.startswith((".", "~$"))


def _format(file: Path) -> Format | None:
    """The format that the content tells, or the name where the content is text; None for an archive or a refusal."""
    try:
        kind = kind_of(file, file.name)
    except DataError:
        return SUFFIXES.get(_suffix(file))
    if kind == "gzip":
        kind = kind_in_gzip(file)
    if kind == "text":
        # text under the name of something else: the reader of that says what is wrong
        named = SUFFIXES.get(_suffix(file), "csv")
        return "csv" if named == "xlsx" or (named == "parquet" and file.stat().st_size > 0) else named
    return _BY_CONTENT.get(kind)


def describe_inputs(place: Place) -> list[InputFile]:
    """Name, size and SHA-256 of every file of a place."""
    inputs = []
    for path in place.files:
        check_regular(path, place.name(path))
        try:
            state = path.stat()
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _place_error(
                place.table, path, f"cannot be read ({error.strerror})", "check its permissions"
            ) from None
        inputs.append(InputFile(place.table, place.name(path), state.st_size, digest, state.st_mtime_ns))
    return inputs


def check_unchanged(place: Place, inputs: list[InputFile]) -> None:
    """Refuse files that somebody wrote to while they were read."""
    for path, before in zip(place.files, inputs, strict=True):
        state = path.stat() if path.exists() else None
        if state is None or (state.st_size, state.st_mtime_ns) != (before.bytes, before.modified):
            raise DataError(
                f"{place.name(path)} changed while it was read",
                "run again when nothing writes to it",
                code="source_changed",
                file=str(path),
            )


def open_place(
    place: Place, scratch: Path, threads: int, problems: list[HoldfastError] | None = None
) -> Iterator[RawFile]:
    """Every file of a place, opened one after the other.

    With `query`, the files of a folder are tables named after them (a single file is `source`), and the query's
    result is the one source. With `problems`, a file that cannot be opened is put there and the next one is opened.
    """
    if place.format == "postgresql":
        from features.ingestion.postgres import open_postgresql

        yield open_postgresql(place.table, place.source, scratch)
    elif place.format == "duckdb":
        path = place.files[0]
        yield open_duckdb(path, place.name(path), place.source, place.table, scratch, threads)
    elif place.source.query is not None:
        yield _open_joined(place, place.source.query, scratch, threads)
    else:
        for path in place.files:
            try:
                yield from open_file(path, place.name(path), place.source, place.table, scratch, named=place.format)
            except InputError as error:
                if problems is None:
                    raise
                problems.append(error)
                if len(problems) >= MAX_PROBLEMS:
                    break


def open_file(
    path: Path, label: str, source: SourceSettings, table: str, scratch: Path, *, named: Format = "csv", depth: int = 0
) -> Iterator[RawFile]:
    """Open a file as what its bytes say it is; an archive gives each of its files, one after the other.

    Parameters
    ----------
    path, label : Path, str
        The file and what it is called in messages.
    source : SourceSettings
        How its columns are called and written.
    table : str
        The canonical table that it feeds.
    scratch : Path
        Folder for what has to be unpacked.
    named : str
        Format of the settings or the name, which decides where the content is text.
    depth : int
        How many archives the file is in.

    Raises
    ------
    DataError
        The file cannot be used.
    """
    kind = kind_of(path, label)
    if kind == "gzip":
        kind = kind_in_gzip(path)
        if kind not in ("text", "json"):
            path = unpack_gzip(path, scratch, label)
            kind = kind_of(path, label)
    if kind in ("zip", "gzip"):
        if depth == _NESTED:
            raise DataError(
                f"{label} is an archive in an archive in an archive", "unpack it", code="wrong_content", file=label
            )
        for name, inner in unpack_zip(path, scratch, label) if kind == "zip" else [("", path)]:
            place = f"{label}/{name}" if name else label
            yield from open_file(inner, place, source, table, scratch, named=_format(inner) or "csv", depth=depth + 1)
    elif kind == "workbook":
        yield open_workbook(path, source, label, table)
    elif kind == "parquet" or (kind == "text" and named == "parquet"):
        yield open_parquet(path, label)
    elif (kind == "json" and source.format != "csv") or (kind == "text" and named == "jsonl"):
        yield open_json(path, source, label)
    elif kind == "duckdb" or (kind == "text" and named == "duckdb"):
        yield open_duckdb(path, label, source, table, scratch, 1)
    elif kind in ("text", "json"):
        known = TABLES.get(table)
        yield open_csv(path, source, label, looked_for(known, source) if known else ())
    else:
        raise refuse(kind, label)


def open_csv(path: Path, source: SourceSettings, label: str | None = None, names: tuple[str, ...] = ()) -> RawFile:
    """A text file of cells (see `csv_scan`)."""
    file = CsvFile(path, source, label or path.name, names)
    return RawFile(
        file.label,
        "line",
        file.columns,
        lambda: (pa.Table.from_batches([batch]) for batch in file.batches()),
        bad_lines=file.bad_lines,
        repeated=file.repeated,
        head=file.head,
        gaps=file.gaps,
        notes=file.notes,
    )


def _open_joined(place: Place, query: str, scratch: Path, threads: int) -> RawFile:
    connection = connect(spill=scratch, threads=threads, keep_order=True)
    bad: list[BadLine] = []
    notes: Counter[str] = Counter()
    for path in place.files:
        name = "source" if len(place.files) == 1 else path.name.split(".")[0]
        if name not in query:
            continue
        created = False
        for raw in open_file(path, place.name(path), place.source, place.table, scratch, named=place.format):
            for chunk in raw.chunks():
                connection.register("chunk", chunk.select(raw.columns))
                verb = f"INSERT INTO {quoted(name)}" if created else f"CREATE TABLE {quoted(name)} AS"
                connection.execute(f"{verb} SELECT * FROM chunk")
                connection.unregister("chunk")
                created = True
            notes.update(raw.notes)
            bad += [BadLine(line.line, line.code, f"{raw.label}: {line.text}") for line in raw.bad_lines]
        if not created:
            raise _place_error(place.table, path, "holds no rows", "give a file with rows")
    file = from_query(connection, query, place.label, place.table)
    file.bad_lines, file.notes = bad, notes
    return file


def _place_error(table: str, path: Path, what: str, remedy: str) -> DataError:
    return DataError(f"data.{table}.path {path} {what}", remedy, code="source_missing", file=str(path), table=table)


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
