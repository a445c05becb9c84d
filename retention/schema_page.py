"""The table of columns in docs/dimensions.md, written from `retention.schema`.

``python -m retention.schema_page`` brings it up to date.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

from configs.files import write_bytes_atomic
from retention.entries import field_names
from retention.schema import COLUMNS, SOURCES, Column

PAGE = Path(__file__).parent.parent / "docs" / "dimensions.md"
BEGIN, END = "<!-- columns: written by python -m retention.schema_page -->", "<!-- end of columns -->"

_TYPES: dict[Any, str] = {
    str: "text",
    float: "number",
    int: "whole number",
    bool: "yes or no",
    datetime: "moment",
    date: "day",
}


def columns_table() -> str:
    """All columns as a Markdown table, and the fields of the lists below it."""
    rows = ["| column | type | unit | meaning | 含义 | known from | 来源 |", "|---|---|---|---|---|---|---|"]
    rows += [_row(column) for column in COLUMNS]
    entries = {column.entry.__name__: column.entry for column in COLUMNS if column.entry is not None}
    fields = ["| entry | fields |", "|---|---|"]
    fields += [f"| {name} | {', '.join(f'`{one}`' for one in field_names(entry))} |" for name, entry in entries.items()]
    return "\n".join([*rows, "", *fields])


def _row(column: Column) -> str:
    kind = f"list of {column.entry.__name__}" if column.entry is not None else _TYPES[column.type]
    meaning = column.en + (f" ({', '.join(column.choices)})" if column.choices else "")
    en, zh = SOURCES[column.source]
    cells = (f"`{column.name}`", kind, column.unit, meaning, column.zh, en, zh)
    return f"| {' | '.join(cells)} |"


def with_columns(page: str) -> str:
    """The page with the present table between its two marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{columns_table()}\n{END}{after}"


if __name__ == "__main__":
    write_bytes_atomic(PAGE, with_columns(PAGE.read_text(encoding="utf-8")).encode())
    sys.stdout.write(f"{PAGE}\n")
