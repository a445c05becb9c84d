"""Lists that people filled in and gave back: every sheet of a workbook, or a CSV file, as rows of texts."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.errors import DataError
from configs.files import read_regular
from configs.spreadsheets import unescaped
from features.ingestion.content import check_regular, kind_of
from features.ingestion.encodings import likely
from features.ingestion.packed import check_workbook
from features.ingestion.workbook import visible_sheets, written

MAX_BYTES = 64 << 20
DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Sheet:
    """One table of a file: what messages call it, and each row's number with its cells by the column's header."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]


def read_filled_in(path: Path) -> list[Sheet]:
    """The tables of a workbook or of a CSV file, whatever program saved it.

    Raises
    ------
    DataError
        There is no such file, or it is neither.
    """
    check_regular(path, path.name)
    kind = kind_of(path, path.name)
    if kind == "workbook":
        check_workbook(path, path.name)
        found = []
        for name, rows in visible_sheets(path, path.name):
            found += _table(f"{path.name}, {name}", [(number, [*map(_text, row)]) for number, row in rows])
        return found
    if kind != "text":
        raise DataError("filled_in_kind", code="bad_file", file=path.name)
    return _table(path.name, _csv_rows(path))


def _text(cell: Any) -> str:
    return str(written(cell, None)).strip()


def _table(label: str, rows: Sequence[tuple[int, list[str]]]) -> list[Sheet]:
    """The rows below the first one that holds anything; none where nothing does."""
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        return []
    columns = tuple(filled[0][1])
    return [
        Sheet(label, columns, tuple((number, dict(zip(columns, cells, strict=False))) for number, cells in filled[1:]))
    ]


def _csv_rows(path: Path) -> list[tuple[int, list[str]]]:
    """Rows with the number of their last line; a spreadsheet may have saved in another encoding or with semicolons."""
    data = read_regular(path, MAX_BYTES, follow=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode(likely(data) or "utf-8")
        except UnicodeDecodeError:
            raise DataError("filled_in_encoding", code="wrong_encoding", file=path.name) from None
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [(reader.line_num, [unescaped(cell.strip()) for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise DataError("file_cut_off", code="cut_off", file=path.name, reason=str(error)) from None
