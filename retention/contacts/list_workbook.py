"""The work list as a workbook: one sheet per owner, ready to be filtered, printed, filled in and given back."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from configs.catalogue import Lang, pairs, text
from retention.contacts.staff_list import COLUMNS, FILLED_IN, by_sheet, headers

WIDTHS = {
    "day": 13, "owner": 12, "customer": 13, "name": 20, "phone": 18, "email": 26, "orders": 40, "complaint": 36,
    "summary": 40, "strategy": 24, "task": 34, "channel": 12, "script": 44, "outcome": 18, "reason": 18, "done": 13,
    "note": 30, "code": 20,
}  # fmt: skip
DAY = {"en": "d mmm yyyy", "zh": 'yyyy"年"m"月"d"日"'}
FROZEN = COLUMNS.index("name") + 1
"""Columns that stay in sight."""
ROOM = 200
"""Rows below the list that still offer the words to choose from."""


def write_workbook(table: pd.DataFrame, path: Path, language: Lang, *, made: datetime) -> None:
    """Write a work list.

    Parameters
    ----------
    table : DataFrame
        From `retention.contacts.staff_list.staff_list`.
    path : Path
        An `.xlsx` file.
    language : {"en", "zh"}
        Of headers and of the words to choose from.
    made : datetime
        The moment that the file calls its own, so that the same list gives the same bytes.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
    book.set_properties({"created": made.replace(tzinfo=None)})
    font = {"font_name": "Microsoft YaHei" if language == "zh" else "Calibri", "font_size": 10}
    cell = {**font, "text_wrap": True, "valign": "top"}
    looks = {
        "head": book.add_format({**font, "bold": True, "bg_color": "#DDE6EE", "bottom": 1, "text_wrap": True}),
        "text": book.add_format(cell),
        "day": book.add_format({**cell, "num_format": DAY[language], "align": "left"}),
        "own": book.add_format({**cell, "bg_color": "#FFF8DC"}),
        "own_day": book.add_format({**cell, "bg_color": "#FFF8DC", "num_format": DAY[language], "align": "left"}),
    }
    for name, part in by_sheet(table, language):
        _write_sheet(book.add_worksheet(name), part, looks, language)
    book.close()


def _write_sheet(sheet: Any, part: pd.DataFrame, looks: dict[str, Any], language: Lang) -> None:
    for place, (name, head) in enumerate(zip(COLUMNS, headers(language), strict=True)):
        sheet.set_column(place, place, WIDTHS[name], None, {"hidden": name == "code"})
        sheet.write_string(0, place, head, looks["head"])
    for row, values in enumerate(part.itertuples(index=False), start=1):
        for place, (name, value) in enumerate(zip(COLUMNS, values, strict=True)):
            look = looks[("own_day" if name == "done" else "own") if name in FILLED_IN else "text"]
            if name == "day":
                sheet.write_datetime(row, place, value.to_pydatetime(), looks["day"])
            elif value is None or pd.isna(value):
                sheet.write_blank(row, place, None, look)
            else:
                sheet.write_string(row, place, str(value), look)  # never as a formula or a link
    last = max(len(part), 1)
    sheet.freeze_panes(1, FROZEN)
    sheet.autofilter(0, 0, last, len(COLUMNS) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for name, part_of_texts in (("outcome", "outcomes"), ("reason", "reasons")):
        words = [pair[language == "zh"] for pair in pairs("worklist", part_of_texts).values()]
        _offer(sheet, name, last, language, {"validate": "list", "source": words}, "choose")
    first_day = date(2000, 1, 1)
    _offer(sheet, "done", last, language, {"validate": "date", "criteria": ">=", "value": first_day}, "date")


def _offer(sheet: Any, name: str, last: int, language: Lang, rule: dict[str, Any], remedy: str) -> None:
    place = COLUMNS.index(name)
    said = {
        "input_title": text(f"worklist.columns.{name}", language),
        "input_message": text(f"worklist.help.{name}", language),
        "error_title": text("worklist.help.title", language),
        "error_message": text(f"worklist.help.{remedy}", language),
    }
    sheet.data_validation(1, place, last + ROOM, place, {**rule, **said})
