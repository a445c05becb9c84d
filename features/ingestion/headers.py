"""Names of columns as people write them: which header cell is meant, and which line is the header at all."""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache

from configs.settings import SourceSettings
from features.tables import Table

DELIMITERS = {";": ";", "\t": "tab", "|": "|", ",": ","}
"""What splits the cells of a file, and how the settings call it."""
_IGNORED = re.compile(r"[\s\"'“”‘’`\u200b-\u200f\u2060\ufeff]+")
_SHOWN = 20


@cache
def normalised(name: str) -> str:
    """A name without what differs by accident: case, width of letters, blanks of all kinds, quotation marks.

    Examples
    --------
    >>> normalised(" Order\\u00a0ID ") == normalised("order id") == normalised('"ＯＲＤＥＲ ID"')
    True
    """
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).casefold()


def meant(name: str, columns: Collection[str]) -> str | None:
    """The column that a setting means: the very name, or else the only one that differs by accident."""
    if name in columns:
        return name
    alike = [column for column in columns if normalised(column) == normalised(name)]
    return alike[0] if len(alike) == 1 and normalised(name) else None


def looked_for(table: Table, source: SourceSettings) -> tuple[str, ...]:
    """Header cells by which a file of this table is recognised: those that are mapped, and our own names."""
    named = [name for name in source.columns.values() if name]
    named += [name for names in source.lists.values() for name in names]
    named += [source.columns.get(name) or name for name in source.drop_where]
    ours = [name for name in table.by_name if name not in source.columns and name not in source.constants]
    return tuple(dict.fromkeys([*named, *ours]))


def known(cells: Iterable[str], names: Collection[str]) -> int:
    """How many of the names a line of cells has."""
    return len({normalised(cell) for cell in cells} & {normalised(name) for name in names} - {""})


def named(cells: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Names of the columns under a header, each once, and those that the header has several times.

    A nameless column (an index that somebody's export added) can be mapped by its place; of columns with the same name
    none is taken for another.
    """
    cells = [cell.strip() for cell in cells]
    names: list[str] = []
    repeated: dict[str, list[str]] = {}
    for index, cell in enumerate(cells):
        name = cell or f"column {index}"
        if cell and cells.count(cell) > 1:
            name = f"{cell} ({len(repeated.setdefault(cell, [])) + 1})"
            while name in cells:
                name += "'"
            repeated[cell].append(name)
        names.append(name)
    return names, repeated


def split(line: str, delimiter: str, quote: str) -> list[str]:
    """The cells of one line of text."""
    if not quote:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])
    except csv.Error:  # a cell of more than 128 KB
        return line.split(delimiter)


def first_lines(text: str, delimiter: str, quote: str, count: int) -> list[tuple[int, list[str]]]:
    """The first records of a text with the lines they begin at; as far as they can be split."""
    if not quote:
        return [(number, line.split(delimiter)) for number, line in enumerate(text.splitlines()[:count], start=1)]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    found: list[tuple[int, list[str]]] = []
    line = 1
    with contextlib.suppress(csv.Error):
        for cells in reader:
            found.append((line, cells))
            line = reader.line_num + 1
            if len(found) == count:
                break
    return found


def found_delimiter(lines: Collection[str], header: bool, given: str, quote: str, names: Collection[str]) -> str:
    """What splits a file, by the wanted columns that one of the first lines has; without a header by their number.

    The given one unless exactly one other finds more.
    """
    scores = {}
    for delimiter in {given, *DELIMITERS}:
        cells = [split(line, delimiter, quote) for line in lines]
        scores[delimiter] = max(
            (known(line if header else map(str, range(len(line))), names) for line in cells), default=0
        )
    best = max(scores.values())
    winners = [delimiter for delimiter, score in scores.items() if score == best]
    return winners[0] if len(winners) == 1 and best > scores[given] and best > 1 else given


def real_header(rows: list[tuple[int, list[str]]], columns: list[str], names: Collection[str]) -> int | None:
    """The line that looks like the header when the one that was taken does not; None if none does."""
    here = known(columns, names)
    scored = [(known(cells, names), -number) for number, cells in rows]
    if not scored:
        return None
    best, number = max(scored)
    if best > max(here, 1) or (best == 1 and here == 0 and _filled(columns) == 1):
        return -number
    if here == 0 and _filled(columns) == 1:
        # a title: one cell, then lines of many cells, the first of which is the header
        wide = next(((number, cells) for number, cells in rows if _filled(cells) > 2), None)
        return wide[0] if wide and _filled(wide[1]) == len(wide[1]) else None
    return None


def nearest(name: str, columns: Collection[str]) -> str | None:
    """The column whose name is most like this one; None if none is."""
    by_form = {normalised(column): column for column in columns}
    near = difflib.get_close_matches(normalised(name), by_form, 1, cutoff=0.6)
    return by_form[near[0]] if near else None


def listed(names: Collection[str]) -> str:
    """Column names for a message."""
    shown = ", ".join(repr(name[:60]) for name in list(names)[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) and not re.fullmatch(r"column [0-9]+", cell) for cell in cells)
