"""One file as facts: what its columns hold, from a bounded number of rows; kept in DuckDB for further questions."""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from configs.errors import DataError, SettingsError
from configs.settings import DataSettings, Format, Settings, SourceSettings
from features.connection import connect, every, literal, one
from features.discovery.dates import Dates, epoch_of, moment_sql, read_dates, readings_sql
from features.discovery.number_forms import Numbers, number_sql, read_numbers
from features.discovery.structure import header_of, text_form
from features.discovery.words import known
from features.ingestion.content import kind_of
from features.ingestion.packed import unpack_gzip, unpack_zip
from features.ingestion.plan import place_of
from features.ingestion.sources import Place, locate, open_place
from features.ingestion.times import DAY_AND_HOUR

ROWS = 200_000
"""Rows of a file that are looked at."""
ASKED_AT_ONCE = 50
"""Columns in one question: planning a statement takes time that grows with the square of what it asks."""
SAMPLED = 2_000
"""Values of a column whose form is looked at, spread over those rows."""
Kind = Literal["time", "number", "text", "empty"]


@dataclass(frozen=True)
class ColumnFacts:
    """What one column holds.

    Attributes
    ----------
    name, sql, type : str
        Name in the file, name in the looked-at table, DuckDB type.
    kind : str
        What the values are.
    filled, distinct : int
        Rows with a value, different values.
    top : tuple of (value, rows)
        The commonest values.
    dates, numbers
        How times and numbers are written, where it is text.
    low, high : float or None
        Range of a number.
    negative : float
        Share of the filled rows below zero.
    whole : bool
        Whether every number is a whole one.
    markers : tuple of str
        Texts that mean "missing".
    """

    name: str
    sql: str
    type: str
    kind: Kind
    rows: int
    filled: int
    distinct: int
    top: tuple[tuple[str, int], ...] = ()
    dates: Dates | None = None
    numbers: Numbers | None = None
    low: float | None = None
    high: float | None = None
    negative: float = 0.0
    whole: bool = False
    length: float = 0.0
    markers: tuple[str, ...] = ()
    signed: bool = False

    @property
    def fill(self) -> float:
        """Share of rows with a value."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def unique(self) -> float:
        """Different values per filled row; 1 for a key."""
        return self.distinct / self.filled if self.filled else 0.0


@dataclass
class FileFacts:
    """One table of the input as far as it was looked at; `table` is its name in `connection`."""

    source: dict[str, Any]
    label: str
    stem: str
    format: Format
    paths: tuple[Path, ...]
    table: str
    connection: Any
    rows: int
    complete: bool
    columns: dict[str, ColumnFacts] = field(default_factory=dict)
    sure_encoding: float = 1.0

    def number(self, name: str, decimal: str = ".") -> str:
        """SQL of a column as a number."""
        column = self.columns[name]
        return number_sql(column.sql, column.type, decimal)

    def moment(self, name: str) -> str:
        """SQL of a column as a time."""
        column = self.columns[name]
        dates = column.dates or with_epoch(column)
        return moment_sql(column.sql, column.type, dates.forms if dates else ())

    def text(self, name: str) -> str:
        """SQL of a column as text, null where it is empty or says that nothing is there."""
        return _filled(self.columns[name].sql)

    def ask(self, sql: str) -> Any:
        """The first row of a query over `table`."""
        return one(self.connection, sql.replace("{t}", self.table))

    @cached_property
    def once(self) -> str:
        """A table of the rows that differ, each with `place`, where it stands first.

        A file that is taken twice has every line twice, which says nothing of what a line is.
        """
        name = f"{self.table}_once"
        self.connection.execute(f"CREATE TABLE {name} AS SELECT *, min(rowid) AS place FROM {self.table} GROUP BY ALL")
        return name

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns that hold something."""
        return [name for name, column in self.columns.items() if column.kind != "empty"]


@contextmanager
def looking(threads: int) -> Iterator[Callable[..., FileFacts]]:
    """A connection to look at files with, and the function that does it."""
    with tempfile.TemporaryDirectory(prefix="holdfast-look-") as folder:
        connection = connect(spill=Path(folder), threads=threads, keep_order=True)
        try:
            yield lambda paths, number, today: look(connection, paths, number, today)
        finally:
            connection.close()


def look(connection: Any, paths: tuple[Path, ...], number: int, today: datetime | None) -> FileFacts:
    """Look at one table: one file, or several of the same form and columns.

    Raises
    ------
    DataError
        It is not a table.
    """
    first = paths[0]
    source: dict[str, Any] = {}
    sure = 1.0
    with tempfile.TemporaryDirectory(prefix="holdfast-look-") as folder:
        inner = _unpacked(first, Path(folder))
        form, named = _form(inner)
        if form == "csv":
            written = text_form(inner, first.name)
            source, sure = written.settings(), written.sure
        elif form == "xlsx":
            source = _titles(inner, Path(folder))
    if not named:
        source["format"] = form
    facts = FileFacts(source, first.name, first.name.split(".")[0], form, paths, f"f{number}", connection, 0, True)
    facts.sure_encoding = sure
    names = _take(facts)
    _describe(facts, names, today)
    return facts


def _unpacked(path: Path, scratch: Path) -> Path:
    """The file itself, or the first one in an archive."""
    kind = kind_of(path, path.name)
    if kind == "gzip":
        return unpack_gzip(path, scratch, path.name)
    return next(unpack_zip(path, scratch, path.name))[1] if kind == "zip" else path


def _titles(path: Path, scratch: Path) -> dict[str, Any]:
    """How many rows of a workbook stand above the header."""
    source = SourceSettings(path=path)
    raw = next(open_place(Place("transactions", source, "xlsx", (path,), path.name), scratch, 1))
    rows = raw.head()
    place, _ = header_of([cells for _, cells in rows])
    return {"skip_rows": rows[place][0] - 1} if place else {}


def _form(path: Path) -> tuple[Format, bool]:
    """The format of a file, and whether the ingest can tell it without a word."""
    source = SourceSettings(path=path.with_name(glob.escape(path.name)).resolve())
    try:
        return locate(Settings(data=DataSettings(transactions=source)), "transactions", source).format, True
    except SettingsError:
        return "csv", False


def _take(facts: FileFacts) -> list[str]:
    """The first rows into the table `facts.table`, in the file's order; returns the names of its columns."""
    names: list[str] = []
    kept: list[pa.Table] = []
    room = ROWS
    for chunk in _chunks(facts, names):
        facts.complete = chunk.num_rows <= room
        kept.append(chunk.slice(0, room))
        room -= kept[-1].num_rows
        if not facts.complete:
            break
    if not kept or room == ROWS:
        raise DataError(f"{facts.label} has no rows", "give a file with rows", code="empty_source", file=facts.label)
    facts.connection.register("looked", pa.concat_tables(kept, promote_options="permissive"))
    facts.connection.execute(f"CREATE TABLE {facts.table} AS SELECT * FROM looked")
    facts.connection.unregister("looked")
    return names


def _chunks(facts: FileFacts, names: list[str] | None = None) -> Iterator[pa.Table]:
    """Rows of all files, columns called by their place; `names` is filled with what the file calls them."""
    source = SourceSettings(**facts.source, path=facts.paths[0])
    with tempfile.TemporaryDirectory(prefix="holdfast-look-") as folder:
        for path in facts.paths:
            for raw in open_place(Place("transactions", source, facts.format, (path,), path.name), Path(folder), 2):
                if names is not None and not names:
                    names += raw.columns
                for chunk in raw.chunks():
                    yield chunk.select(raw.columns).rename_columns([place_of(i) for i in range(len(raw.columns))])


def _describe(facts: FileFacts, names: list[str], today: datetime | None) -> None:
    described = every(facts.connection, f"DESCRIBE {facts.table}")
    types = {name: str(row[1]) for name, row in zip(names, described, strict=True)}
    sqls = {name: place_of(index) for index, name in enumerate(names)}
    # rows without any value are no rows
    something = " OR ".join(f"{_filled(sql)} IS NOT NULL" for sql in sqls.values())
    facts.connection.execute(f"DELETE FROM {facts.table} WHERE NOT ({something})")
    facts.rows = facts.ask("SELECT count(*) FROM {t}")[0]
    if facts.rows == 0:
        raise DataError(f"{facts.label} has no rows", "give a file with rows", code="empty_source", file=facts.label)
    counts: list[Any] = []
    for start in range(0, len(names), ASKED_AT_ONCE):
        cells = [_filled(sqls[name]) for name in names[start : start + ASKED_AT_ONCE]]
        counts += facts.ask(
            f"SELECT {', '.join(f'count({x}), count(DISTINCT {x}), avg(length({x}))' for x in cells)} FROM {{t}}"
        )
    for index, name in enumerate(names):
        filled, distinct, length = counts[3 * index : 3 * index + 3]
        column = ColumnFacts(
            name, sqls[name], types[name], "empty", facts.rows, filled, distinct, length=float(length or 0)
        )
        facts.columns[name] = _look_closer(facts, column, today) if filled else column
    undecided = [name for name, column in facts.columns.items() if column.dates and column.dates.other]
    if undecided and not facts.complete:
        _read_on(facts, undecided, names, today)


def _read_on(facts: FileFacts, undecided: list[str], names: list[str], today: datetime | None) -> None:
    """Let every row decide between two readings of the times, where the first rows do not."""
    counts: dict[str, list[int]] = {name: [0, 0] for name in undecided}
    places = {name: place_of(names.index(name)) for name in undecided}
    for chunk in _chunks(facts):
        facts.connection.register("looked", chunk)
        for name in undecided:
            dates = facts.columns[name].dates
            if dates is not None:
                read = facts.ask(readings_sql(dates, places[name], "looked", today))
                counts[name] = [total + more for total, more in zip(counts[name], read, strict=True)]
        facts.connection.unregister("looked")
    for name, read in counts.items():
        dates = facts.columns[name].dates
        if dates is not None and read[0] != read[1]:
            forms = dates.forms if read[0] > read[1] else dates.other
            facts.columns[name] = replace(facts.columns[name], dates=Dates(forms, why="values"))


def _look_closer(facts: FileFacts, column: ColumnFacts, today: datetime | None) -> ColumnFacts:
    top = every(
        facts.connection,
        f"SELECT v, count(*) AS n FROM (SELECT {_filled(column.sql)} AS v FROM {facts.table}) WHERE v IS NOT NULL "
        "GROUP BY v ORDER BY n DESC, v LIMIT 30",
    )
    markers = _markers(facts, column)
    column = replace(column, top=tuple((str(value), int(count)) for value, count in top), markers=markers)
    if column.type.startswith(("TIMESTAMP", "DATE")):
        return replace(column, kind="time")
    if column.type == "VARCHAR":
        sample = _sample(facts, column)
        dates = read_dates(facts.connection, facts.table, column.sql, sample, today)
        if dates is not None:
            return replace(column, kind="time", dates=dates)
        numbers = read_numbers(sample)
        if not numbers.is_number:
            return replace(column, kind="text", numbers=numbers)
        column = replace(column, numbers=numbers)
        decimal = "," if numbers.comma > numbers.point else "."
    elif column.type in ("VARCHAR[]", "BOOLEAN"):
        return replace(column, kind="text")
    else:
        decimal = "."
    value = number_sql(column.sql, column.type, decimal)
    low, high, negative, fraction, signed = facts.ask(
        f"SELECT min(v), max(v), count(*) FILTER (v < 0), count(*) FILTER (v <> trunc(v)), count(*) FILTER (v > 0) "
        f"FROM (SELECT {value} AS v FROM {{t}}) WHERE isfinite(v)"
    )
    return replace(
        column,
        kind="number",
        low=low,
        high=high,
        negative=negative / column.filled,
        whole=fraction == 0,
        signed=bool(negative and signed),
    )


def with_epoch(column: ColumnFacts) -> Dates | None:
    """Times that are written as seconds or milliseconds since 1970, or as days of a spreadsheet."""
    if column.kind != "number" or column.low is None or column.high is None:
        return None
    form = epoch_of(column.low, column.high)
    if form is not None and column.top and all(re.fullmatch(DAY_AND_HOUR, value) for value, _ in column.top):
        form = "%Y%m%d%H"  # 2024030510 is ten o'clock of a day, and as seconds a moment in 2034
    if form is None and column.low > 20_000 and column.high < 70_000:
        form = "excel"
    if form is None and column.whole and column.low >= 19_000_101 and column.high <= 21_991_231:
        form = "%Y%m%d" if 1 <= column.low % 100 <= 31 and 1 <= column.low // 100 % 100 <= 12 else None
    return None if form is None else Dates((form,))


def _sample(facts: FileFacts, column: ColumnFacts) -> list[str]:
    """Different values, spread evenly over the rows."""
    step = max(1, facts.rows // SAMPLED)
    rows = every(
        facts.connection,
        f"SELECT DISTINCT v FROM (SELECT {_filled(column.sql)} AS v FROM {facts.table} WHERE rowid % {step} = 0) "
        "WHERE v IS NOT NULL ORDER BY v",
    )
    if not rows:
        rows = [(value,) for value, _ in column.top]
    return [str(row[0]) for row in rows]


def _markers(facts: FileFacts, column: ColumnFacts) -> tuple[str, ...]:
    if column.type != "VARCHAR":
        return ()
    listed = ", ".join(literal(marker) for marker in known()["null_markers"])
    rows = every(
        facts.connection,
        f"SELECT DISTINCT trim({column.sql}) FROM {facts.table} WHERE trim({column.sql}) IN ({listed}) ORDER BY 1",
    )
    return tuple(str(row[0]) for row in rows)


def _filled(sql: str) -> str:
    listed = ", ".join(literal(marker) for marker in known()["null_markers"])
    text = f"trim(({sql})::VARCHAR)"
    return f"CASE WHEN {text} NOT IN ('', {listed}) THEN {text} END"
