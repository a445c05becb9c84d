"""What every source answers with: its columns, then chunks of rows with the column `__row`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from configs.errors import DataError
from features.ingestion.joins import Joined

ROW = "__row"
CHUNK_ROWS = 1 << 19


@dataclass(frozen=True)
class BadLine:
    """A record that cannot be split into cells: its first line, a reason code and its text (shortened)."""

    line: int
    code: str
    text: str


def _nothing() -> list[tuple[int, list[str]]]:
    return []


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
        Names that can be mapped, each once.
    chunks : callable
        Yields Arrow tables of these columns and `__row`; consumed once.
    unusable : dict
        Column name → type, for columns that cannot be taken (nested, binary).
    bad_lines : list of BadLine
        Records that could not be split; complete after `chunks` is consumed.
    repeated : dict
        A name that the header has several times → what these columns are called in `columns`.
    head : callable
        The first lines or rows with their numbers, cells as text, title lines and header included.
    gaps : list of int
        Lines that are left out because they are empty, where that matters; complete like `bad_lines`.
    joined : Joined, optional
        What a query of several tables does to the number of rows.
    notes : Counter
        Note code → how often, of what was read without being asked; complete after `chunks` is consumed.
    """

    label: str
    word: str
    columns: list[str]
    chunks: Callable[[], Iterator[pa.Table]]
    unusable: dict[str, str] = field(default_factory=dict)
    bad_lines: list[BadLine] = field(default_factory=list)
    repeated: dict[str, list[str]] = field(default_factory=dict)
    head: Callable[[], list[tuple[int, list[str]]]] = _nothing
    gaps: list[int] = field(default_factory=list)
    joined: Joined | None = None
    notes: Counter[str] = field(default_factory=Counter)


def numbered(batches: Any, names: list[str]) -> Iterator[pa.Table]:
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


def check_names(label: str, names: list[str]) -> None:
    """Refuse a typed source that has a column name twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError("column_twice", code="duplicate_column", file=label, field=twice[0])


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
