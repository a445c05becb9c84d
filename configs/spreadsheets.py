"""CSV files for people: one writer, so that all open alike and none holds what a spreadsheet would run as a formula.

A file begins with a byte-order mark, so that spreadsheet programs read Chinese; lines end with a line feed; a text that
would be run gets an apostrophe before it. Numbers and phone numbers stay as they are, whatever they begin with.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from configs.sealed import write_sealed

if TYPE_CHECKING:
    import pyarrow as pa

MARK = b"\xef\xbb\xbf"
"""The byte-order mark."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that a spreadsheet takes for a formula (OWASP, CSV Injection)."""
LONGEST_NUMBER = 40
_SKIPPED = "\u0020\u00a0\u3000\u200b\ufeff"
"""Blanks that an import may take away before it looks."""
_START = re.compile(rf"[{_SKIPPED}]*[{re.escape(''.join(FORMULA_STARTS))}]")
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:[eE][+-]?\d+)?%?")
_PHONE = re.compile(r"\+\d+(?:[ .-]?\(\d+\)[ .-]?\d+|[ .-]\d+)*")
_PHONE_DIGITS = range(7, 16)


def is_formula(value: Any) -> bool:
    """Whether a spreadsheet might run this value: never a number or a phone number.

    Examples
    --------
    >>> [is_formula(text) for text in ("=1+1", "-1+1", "＝1", "-12.5", "+86 138 0000 0000", "Ann")]
    [True, True, True, False, False, False]
    """
    return isinstance(value, str) and _START.match(value) is not None and not _is_number(value)


def escape_formula(value: Any) -> Any:
    """The value with an apostrophe before it if a spreadsheet would run it.

    Examples
    --------
    >>> escape_formula("=1+1"), escape_formula("Ann"), escape_formula(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    return f"'{value}" if is_formula(value) else value


def unescaped(text: str) -> str:
    """A text of a CSV file for people without the apostrophe that `escape_formula` put before it.

    Examples
    --------
    >>> unescaped("'=1+1"), unescaped("'tis"), unescaped("Ann")
    ('=1+1', "'tis", 'Ann')
    """
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def csv_bytes(columns: Mapping[str, Any] | pd.DataFrame) -> bytes:
    """A table as CSV for people.

    Parameters
    ----------
    columns : DataFrame or mapping of str to pyarrow arrays or Series
        Texts are escaped; moments become ISO 8601, or dates where all are midnights; what is missing becomes empty.
    """
    import pyarrow as pa
    from pyarrow import csv

    named = {str(escape_formula(str(name))): _cells(column) for name, column in columns.items()}
    sink = pa.BufferOutputStream()
    csv.write_csv(pa.table(named), sink, csv.WriteOptions(quoting_style="needed"))
    return MARK + bytes(sink.getvalue())


def put_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table to a path that `configs.files` gave, by its ending: CSV for people, or Parquet."""
    if path.suffix == ".parquet":
        import pyarrow as pa

        # the index is not kept, and nothing of pandas' own, so that the same rows give the same bytes everywhere
        write_sealed(pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None), path)
    else:
        path.write_bytes(csv_bytes(table))


def _is_number(text: str) -> bool:
    if len(text) > LONGEST_NUMBER:
        return False
    plain = unicodedata.normalize("NFKC", text)
    if _NUMBER.fullmatch(plain):
        return any(mark.isdigit() for mark in plain)
    return _PHONE.fullmatch(plain) is not None and sum(mark.isdigit() for mark in plain) in _PHONE_DIGITS


def _cells(column: Any) -> pa.Array | pa.ChunkedArray:
    import pyarrow as pa

    if isinstance(column, pd.Series):
        if pd.api.types.is_datetime64_any_dtype(column):
            known = column.dropna()
            days = bool((known == known.dt.normalize()).all())
            return pa.array(column.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S"), from_pandas=True)
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            return pa.array(column, from_pandas=True)
        texts = [None if _missing(value) else str(value) for value in column.tolist()]
        column = pa.array(texts, pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _escaped(column)
    return column


def _escaped(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column of texts; only those that begin badly are looked at one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    bad = pc.match_substring_regex(column, f"^{_START.pattern}")
    if not pc.any(bad).as_py():
        return column
    return pa.array([escape_formula(value) for value in column.to_pylist()], column.type)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)
