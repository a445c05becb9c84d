"""The form of a text file: encoding, what splits the cells, where the header is; told by the bytes, not by the name."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.errors import DataError
from configs.messages import system_reason
from features.discovery.number_forms import undressed
from features.ingestion.content import kind_of_bytes, refuse
from features.ingestion.encodings import likely, marked

LOOKED_AT = 1 << 20
"""Bytes of the beginning that tell the form; the encoding is held against all of them."""
LINES, TITLES = 400, 40
DELIMITERS = (",", ";", "\t", "|")
_NUMBER_OR_TIME = re.compile(r"[^\w]*[0-9][0-9.,:/\- T年月日]*[^\w]*")


@dataclass(frozen=True)
class TextForm:
    """How a text file is written; `titles` are the lines above the header, `sure` how sure the encoding is."""

    encoding: str
    delimiter: str
    header: bool
    titles: int
    quote: str
    complete: bool
    sure: float = 1.0

    def settings(self) -> dict[str, Any]:
        """The settings of a table that differ from the default."""
        found: dict[str, Any] = {}
        if self.encoding != "utf-8":
            found["encoding"] = self.encoding
        if self.delimiter != ",":
            found["delimiter"] = "tab" if self.delimiter == "\t" else self.delimiter
        if not self.quote:
            found["quote"] = ""
        if not self.header:
            found["header"] = False
        if self.titles:
            found["skip_rows"] = self.titles
        if not self.complete:
            found["last_line_complete"] = True
        return found


def text_form(path: Path, label: str) -> TextForm:
    """Look at a text file.

    Raises
    ------
    DataError
        It is no text, or its lines are not split into columns.
    """
    start = _start(path, label)
    if not start.strip():
        raise DataError("file_empty", code="empty_source", file=label)
    kind = kind_of_bytes(start)
    if kind not in ("text", "json"):
        raise refuse(kind, label)
    codec, stated, sure = _encoding(path, start)
    text = _text(start, codec)
    if "\0" in text:
        raise DataError("file_of_bytes", code="not_a_table", file=label)
    delimiter, quote = _delimiter(text)
    if delimiter is None:
        raise DataError("file_without_columns", code="not_a_table", file=label)
    rows = _rows(text, delimiter, quote)
    trimmed = _trimmed(rows)
    if _evenness(list(map(len, trimmed))) > _evenness(list(map(len, rows))):
        rows = trimmed  # some lines end in delimiters with nothing after them
    titles, header = header_of(rows)
    return TextForm(codec if stated else "utf-8", delimiter, header, titles, quote, _complete(path, codec), sure)


def _start(path: Path, label: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LOOKED_AT)
    except OSError as error:
        raise DataError("file_unreadable", code="source_missing", file=label, reason=system_reason(error)) from None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(LOOKED_AT * 8):
            yield piece


def _encoding(path: Path, start: bytes) -> tuple[str, bool, float]:
    """The codec, whether the settings must name it, and how sure it is."""
    mark, _ = marked(start)
    if mark is not None:
        return mark, False, 1.0
    zeros = [start[place::2].count(0) / max(len(start) // 2, 1) for place in (0, 1)]
    if max(zeros) > 0.3 and min(zeros) < 0.05:
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), True, 0.9
    if _decodes(path, "utf-8"):
        return "utf-8", False, 1.0
    telling = next((piece for piece in _pieces(path) if not piece.isascii()), start)
    best = likely(telling)
    if best is not None and best != "utf-8" and _decodes(path, best):
        return best, True, 0.9
    other = next((name for name in ("gb18030", "big5", "cp1252") if _decodes(path, name)), "latin-1")
    return other, True, 0.4


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for piece in _pieces(path):
            decoder.decode(piece)
        decoder.decode(b"", True)
    except (UnicodeDecodeError, OSError, EOFError):
        return False
    return True


def _text(start: bytes, encoding: str) -> str:
    text = codecs.getincrementaldecoder(encoding)("ignore").decode(start)
    return text.removeprefix("\ufeff")


def _delimiter(text: str) -> tuple[str | None, str]:
    best: tuple[float, str | None, str] = (0.0, None, '"')
    for quote in ('"', ""):
        for delimiter in DELIMITERS:
            rows = [row for row in _rows(text, delimiter, quote) if len(row) > 1 or (row and row[0].strip())]
            score = max(_evenness(list(map(len, rows))), _evenness(list(map(len, _trimmed(rows)))))
            if score > best[0] + 1e-9:
                best = (score, delimiter, quote)
        if best[1] is not None:
            break
    if best[1] is not None:
        return best[1], best[2]
    lines = [line.split() for line in text.splitlines()[:LINES] if line.strip()]
    even = lines and Counter(map(len, lines)).most_common(1)[0][1] >= 0.95 * len(lines)
    return ("whitespace" if even and len(lines[0]) > 1 else None), '"'


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the empty cells at their end."""
    return [row[: max((place for place, cell in enumerate(row, 1) if cell.strip()), default=0)] for row in rows]


def _evenness(cells: list[int]) -> float:
    """How well lines agree on a number of cells larger than one; 0 if they do not."""
    if not cells:
        return 0.0
    number, times = Counter(cells).most_common(1)[0]
    share = times / len(cells)
    # titles and totals may differ, the lines of a table not
    if number < 2 or share < 0.6:
        return 0.0
    return share * share * (1 + math.log2(number))


def _rows(text: str, delimiter: str, quote: str) -> list[list[str]]:
    if delimiter == "whitespace":
        return [line.split() for line in text.splitlines()[:LINES]]
    reader = csv.reader(
        io.StringIO(text),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= LINES:
                break
    except csv.Error:
        return rows
    return rows if len(rows) >= LINES or len(text) < LOOKED_AT // 2 else rows[:-1]


def header_of(rows: list[list[str]]) -> tuple[int, bool]:
    """Lines above the header, and whether there is one."""
    width = Counter(len(row) for row in rows if len(row) > 1).most_common(1)[0][0]
    for place, row in enumerate(rows[:TITLES]):
        filled = [cell.strip() for cell in row if cell.strip()]
        if len(row) != width or len(filled) < max(2, math.ceil(0.6 * width)):
            continue
        below = [line for line in rows[place + 1 : place + 50] if len(line) == width]
        return (place if any(any(cell.strip() for cell in line) for line in rows[:place]) else 0), not _is_data(
            row, below
        )
    return 0, True


def _is_data(row: list[str], below: list[list[str]]) -> bool:
    """Whether a line looks like those below it rather than like their names."""
    for index, cell in enumerate(row):
        if not _is_value(cell):
            continue
        others = [line[index] for line in below if index < len(line) and line[index].strip()]
        if others and sum(map(_is_value, others)) > 0.8 * len(others):
            return True
    return False


def _is_value(cell: str) -> bool:
    text = cell.strip()
    return undressed(text)[0] is not None or bool(_NUMBER_OR_TIME.fullmatch(text) and len(text) > 3)


def _complete(path: Path, encoding: str) -> bool:
    """Whether the last line has a line end."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 8))
        end = file.read()
    return _text(end, encoding).rstrip("\x1a")[-1:] in ("\n", "\r")
