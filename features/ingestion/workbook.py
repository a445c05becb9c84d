"""Workbooks (.xlsx, .xlsb, .xls, .ods): typed cells become typed columns, mixed ones text that nobody can misread.

A column whose cells are all numbers, all dates or all true/false keeps that type, so nothing of it is guessed from
text. In a column of mixed kinds, numbers and dates are written as text in the form that the settings expect.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from configs.errors import DataError
from configs.settings import SourceSettings
from features.ingestion.headers import meant, named
from features.ingestion.packed import check_workbook, not_a_workbook
from features.ingestion.raw import ROW, RawFile

_CHUNK_ROWS = 1 << 16
_HEAD_ROWS = 40
_TEXT, _NUMBER, _TIME, _FLAG = "text", "number", "time", "flag"
_TYPES = {_NUMBER: pa.float64(), _TIME: pa.timestamp("us"), _FLAG: pa.bool_()}
Cell = Any


def open_workbook(path: Path, source: SourceSettings, label: str, table: str) -> RawFile:
    """The one sheet of a workbook that holds the table.

    Raises
    ------
    DataError
        Not a readable workbook, protected, or not clear which sheet is meant.
    """
    check_workbook(path, label)
    sheet = _sheet(_opened(path, label), source, label, table)
    header, cells = _header(sheet, source, label)
    columns, repeated = named([written(cell, None) for cell in cells])
    kinds, width = _kinds(sheet, header, columns)
    columns, kinds = columns[:width], kinds[:width]

    def chunks() -> Iterator[pa.Table]:
        rows: list[list[Cell]] = []
        start = header + 1
        for number, row in _rows(sheet):
            if number <= header:
                continue
            rows.append(row)
            if len(rows) == _CHUNK_ROWS:
                yield _chunk(rows, start, columns, kinds, source)
                rows, start = [], number + 1
        if rows:
            yield _chunk(rows, start, columns, kinds, source)

    def head() -> list[tuple[int, list[str]]]:
        found = []
        for number, row in _rows(sheet):
            found.append((number, [written(cell, None) for cell in row]))
            if len(found) == _HEAD_ROWS:
                break
        return found

    return RawFile(label, "row", columns, chunks, repeated=repeated, head=head)


def visible_sheets(path: Path, label: str) -> Iterator[tuple[str, list[tuple[int, list[Cell]]]]]:
    """Name and numbered rows of every sheet that can be seen."""
    import python_calamine

    workbook = _opened(path, label)
    for item in workbook.sheets_metadata:
        if (
            item.visible == python_calamine.SheetVisibleEnum.Visible
            and item.typ == python_calamine.SheetTypeEnum.WorkSheet
        ):
            yield str(item.name), list(_rows(_got(workbook, item.name, label)))


def _opened(path: Path, label: str) -> Any:
    import python_calamine

    try:
        return python_calamine.CalamineWorkbook.from_path(path)
    except python_calamine.PasswordError:
        raise _protected(label) from None
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise _protected(label) from None
        raise not_a_workbook(label, error) from None
    except BaseException as error:
        raise _panic(label, error) from None


def _panic(label: str, error: BaseException) -> BaseException:
    """A failed assertion of the library as a refusal; anything else, such as an interrupt, as it is."""
    return not_a_workbook(label, error) if type(error).__name__ == "PanicException" else error


def _protected(label: str) -> DataError:
    return DataError("workbook_protected", code="encrypted", file=label)


def _sheet(workbook: Any, source: SourceSettings, label: str, table: str) -> Any:
    import python_calamine

    names = list(workbook.sheet_names)
    if source.sheet is not None:
        name = meant(source.sheet, names)
        if name is None:
            raise DataError(
                "sheet_missing",
                code="missing_table",
                file=label,
                value=source.sheet,
                table=table,
                names=", ".join(names),
            )
        return _got(workbook, name, label)
    shown = [
        item.name
        for item in workbook.sheets_metadata
        if item.visible == python_calamine.SheetVisibleEnum.Visible
        and item.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    sheets = [sheet for sheet in (_got(workbook, name, label) for name in shown) if sheet.height > 1]
    # a note of one column beside the table is no second table
    wide = [sheet for sheet in sheets if sheet.width > 1] or sheets
    if not wide:
        raise DataError("workbook_without_table", code="empty_source", file=label, table=table)
    if len(wide) > 1:
        listed = ", ".join(sheet.name for sheet in wide[:20])
        raise DataError(
            "workbook_with_several_tables", code="missing_table", file=label, count=len(wide), names=listed, table=table
        )
    return wide[0]


def _got(workbook: Any, name: str, label: str) -> Any:
    try:
        return workbook.get_sheet_by_name(name)
    except Exception as error:
        raise not_a_workbook(label, error) from None
    except BaseException as error:
        raise _panic(label, error) from None


def _rows(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    """Rows with their numbers; those above the first filled one come too, as empty ones."""
    return enumerate(sheet.iter_rows(), start=1)


def _header(sheet: Any, source: SourceSettings, label: str) -> tuple[int, list[Cell]]:
    """Number and cells of the header row: the first one with anything in it below the title rows."""
    for number, row in _rows(sheet):
        if number > source.skip_rows and any(not _is_empty(cell) for cell in row):
            if source.header:
                return number, row
            return number - 1, [str(index) for index in range(len(row))]
    raise DataError("workbook_too_short", code="empty_source", file=label, count=source.skip_rows)


def _kinds(sheet: Any, header: int, columns: list[str]) -> tuple[list[str], int]:
    """The type of every column, and how many columns there are without empty ones at the end."""
    seen: list[set[type]] = [set() for _ in columns]
    for number, row in _rows(sheet):
        if number > header:
            for found, cell in zip(seen, row, strict=True):
                found.add(str if isinstance(cell, str) and cell.strip() else type(cell) if cell != "" else type(None))
    kinds = []
    width = 0
    for index, found in enumerate(seen):
        types = found - {type(None)}
        kinds.append(_kind(types))
        if types or not columns[index].startswith("column "):
            width = index + 1
    return kinds, width


def _kind(types: set[type]) -> str:
    if types and types <= {int, float}:
        return _NUMBER
    if types and types <= {date, datetime}:
        return _TIME
    return _FLAG if types == {bool} else _TEXT


def _chunk(
    rows: list[list[Cell]], start: int, columns: list[str], kinds: list[str], source: SourceSettings
) -> pa.Table:
    arrays = []
    for kind, cells in zip(kinds, zip(*rows, strict=True), strict=False):
        if kind == _TEXT:
            arrays.append(pa.array([written(cell, source) for cell in cells], pa.string()))
        elif kind == _TIME:
            values = [None if _is_empty(cell) else _moment(cell) for cell in cells]
            arrays.append(pa.array(values, _TYPES[kind]))
        else:
            values = [None if _is_empty(cell) else cell for cell in cells]
            arrays.append(pa.array(values, _TYPES[kind]))
    return pa.table([*arrays, pa.arange(start, start + len(rows))], names=[*columns, ROW])


def written(cell: Cell, source: SourceSettings | None) -> str:
    """A typed cell as text, in the form in which the settings expect text."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return number_text(repr(cell), source.decimal if source else None)
    if isinstance(cell, date):
        return _time_text(_moment(cell), source.date_formats if source else ())
    if isinstance(cell, time | timedelta):
        return str(cell)
    return "" if cell is None else str(cell)


def number_text(text: str, decimal: str | None) -> str:
    """A number that is no text at its source, as text: the decimal sign of the table, never like a thousands separator.

    Examples
    --------
    >>> number_text("13085.0", None), number_text("1.234", None), number_text("1.5", ",")
    ('13085', '1.2340', '1,5')
    """
    whole, point, rest = text.partition(".")
    if point and rest.strip("0") == "":
        return whole
    if len(rest) == 3 and rest.isdigit():
        rest += "0"
    return whole + (point and (decimal or ".")) + rest


def _time_text(moment: datetime, formats: tuple[str, ...]) -> str:
    for form in formats:
        if "%" in form and "%z" not in form:
            text = moment.strftime(form)
            try:
                if datetime.strptime(text, form) == moment:  # noqa: DTZ007
                    return text
            except ValueError:
                continue
    return moment.isoformat(sep=" ")


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())
