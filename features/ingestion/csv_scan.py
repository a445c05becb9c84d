"""CSV without a sniffer: the structure is checked byte by byte before any cell is read.

The scan finds where records end, so every record has its line number, and a broken one (too few or too many
cells, a stray quotation mark, an over-long line) is set aside while the rest is read. What cannot be trusted as
a whole (wrong encoding, NUL bytes, a quotation mark that never closes, a file cut off in the middle) is refused.
All cells are handed on as text; nothing is guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from configs.errors import DataError, SettingsError
from configs.settings import SourceSettings
from features.ingestion.csv_text import TextFile
from features.ingestion.headers import first_lines, found_delimiter, named, split
from features.ingestion.raw import ROW, BadLine

MAX_LINE_BYTES = 1 << 20
MAX_OPEN_BYTES = 64 << 20
MAX_STRAY_QUOTES = 1000
SHOWN_CHARACTERS = 4096
HEAD_BYTES, HEAD_LINES = 1 << 16, 40
"""As much of a file is looked at to find its delimiter and to say where its header is."""

_NEWLINE, _RETURN = 10, 13
_SEPARATOR = re.compile(rb'"?sep=(.)"?\r?$')


class CsvFile:
    """One CSV file, read as text in batches.

    Parameters
    ----------
    path : Path
        The file; gzip is unpacked on the way.
    source : SourceSettings
        Delimiter, quote, encoding, header, title lines.
    label : str
        How the file is called in messages.
    names : collection of str
        Columns that are looked for; a file that has them with another delimiter than the usual comma is read with that.

    Attributes
    ----------
    columns : list of str
        Names of the header, or ``"0"``, ``"1"``, … without one.
    repeated : dict
        Names that the header has several times, and what these columns are called in `columns`.
    bad_lines : list of BadLine
        Filled while `batches` is consumed.
    notes : Counter
        What was read without being asked; filled while `batches` is consumed.
    gaps : list of int
        Lines of nothing but delimiters, kept where cells are filled down.

    Raises
    ------
    DataError
        The file is empty, cut off, not in the stated encoding, holds NUL bytes or a header that is not usable.
    """

    def __init__(self, path: Path, source: SourceSettings, label: str, names: Collection[str] = ()) -> None:
        self.path = path
        self.source = source
        self.label = label
        self.bad_lines: list[BadLine] = []
        self.columns: list[str] = []
        self.repeated: dict[str, list[str]] = {}
        self.notes: Counter[str] = Counter()
        self.gaps: list[int] = []
        self._names = names
        self._least = 0
        self._head = b""
        self._line = 1
        self._whitespace = source.delimiter == "whitespace"
        names = {"whitespace": "\t", "tab": "\t"}
        self._delimiter = names.get(source.delimiter, source.delimiter)
        if len(self._delimiter) != 1 or not self._delimiter.isascii() or self._delimiter in '\r\n"':
            raise SettingsError("delimiter_impossible", field="delimiter", value=source.delimiter)
        self._quote = "" if self._whitespace else source.quote
        if not self._quote.isascii() or self._quote in ("\r", "\n", self._delimiter):
            raise SettingsError("quote_impossible", field="quote", value=source.quote)
        self._stray_quotes = 0
        self._text = TextFile(path, source.encoding, label)
        self._pieces = self._read()
        self._first = next(self._pieces, None)
        if not self.columns:
            raise self._text.error("file_empty", code="empty_source")

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows that can be split into cells, as text columns and `__row`, the line each row starts at."""
        if self._first is not None:
            yield from self._first.to_batches()
            self._first = None
        for table in self._pieces:
            yield from table.to_batches()

    def head(self) -> list[tuple[int, list[str]]]:
        """The first lines, title lines included, with their numbers."""
        return first_lines(self._head.decode("utf-8", "replace"), self._delimiter, self._quote, HEAD_LINES)

    def _read(self) -> Iterator[pa.Table]:
        rest = b""
        line = 0
        for piece, final in self._below_titles():
            line = line or self._line
            buffer = rest + piece
            if self._whitespace:
                buffer, rest_whitespace = _up_to_last_newline(buffer, final)
                buffer = _squeeze(buffer)
            else:
                rest_whitespace = b""
            unseen = not self.columns and b"\n" not in buffer and (final or len(buffer) > MAX_LINE_BYTES)
            if unseen and buffer.count(b"\r") > 1:
                raise self._text.error("csv_carriage_returns", code="stray_return")
            table, used, lines = self._split(buffer, line, final)
            line += lines
            rest = buffer[used:] + rest_whitespace
            if len(rest) > MAX_OPEN_BYTES:
                raise self._never_closed(rest, line)
            if table is not None:
                yield table

    def _below_titles(self) -> Iterator[tuple[bytes, bool]]:
        """The text from the header on, once enough of it is there to see how its cells are set apart."""
        start: bytes | None = b""
        for piece, final in self._text.pieces():
            if start is None:
                yield piece, final
                continue
            start += piece
            seen = start.count(b"\n") > self.source.skip_rows + 1
            if final or (len(start) >= HEAD_BYTES and seen) or len(start) > MAX_OPEN_BYTES:
                self._head = start[:HEAD_BYTES]
                if self._text.mark not in (None, "utf-8"):
                    self.notes["marked_encoding"] += 1
                yield self._begin(start), final
                start = None

    def _begin(self, text: bytes) -> bytes:
        """Leave out title lines and settle the delimiter."""
        start = 0
        for _ in range(self.source.skip_rows):
            start = text.find(b"\n", start) + 1
            if start == 0:
                raise self._text.error("csv_too_few_lines", code="empty_source", count=self.source.skip_rows)
        self._line += self.source.skip_rows
        if self._whitespace or "delimiter" in self.source.model_fields_set:
            return text[start:]
        end = text.find(b"\n", start)
        # the line by which a spreadsheet program is told the delimiter
        told = _SEPARATOR.match(text[start:end]) if end > 0 else None
        if told and told[1].isascii() and told[1] != b'"':
            self._delimiter = told[1].decode()
            self._line += 1
            self.notes["other_delimiter"] += self._delimiter != self.source.delimiter
            return text[end + 1 :]
        marks = b",;\t| \r"
        lines = text[start : start + MAX_LINE_BYTES].split(b"\n", HEAD_LINES)
        filled = [line.strip(b"\r").decode("utf-8", "replace") for line in lines[:HEAD_LINES] if line.strip(marks)]
        looked_at = filled if self.source.header else filled[:1]
        self._delimiter = found_delimiter(looked_at, self.source.header, self._delimiter, self._quote, self._names)
        self.notes["other_delimiter"] += self._delimiter != self.source.delimiter
        return text[start:]

    def _split(self, buffer: bytes, line: int, final: bool) -> tuple[pa.Table | None, int, int]:
        """Read the whole records of a buffer; returns the rows, the bytes used and the lines passed."""
        bytes_ = np.frombuffer(buffer, np.uint8)
        newlines = np.flatnonzero(bytes_ == _NEWLINE)
        quotes = np.flatnonzero(bytes_ == ord(self._quote)) if self._quote else np.empty(0, np.int64)
        delimiters = np.flatnonzero(bytes_ == ord(self._delimiter))
        ends, broken, delimiters, used = self._records(bytes_, newlines, quotes, delimiters)
        header_end = 0 if self.columns else self._header(buffer, ends, delimiters, final)
        if final and used < len(buffer):
            end, code = self._last_line(buffer, max(used, header_end), line, newlines, quotes, delimiters)
            if code is not None:
                broken[end] = code
            if end:
                ends = np.append(ends, end)
                used = len(buffer)
        if len(ends) == 0:
            return None, used, int(np.searchsorted(newlines, used))
        starts = np.concatenate(([0], ends[:-1] + 1))
        lengths = ends - starts
        lengths = lengths - ((lengths > 0) & (bytes_[np.maximum(ends - 1, 0)] == _RETURN))
        cells = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
        numbers = line + np.searchsorted(newlines, starts)
        filled = lengths > 0
        filled[starts < header_end] = False
        blank = filled & (cells > 1) & (lengths == cells - 1)
        self.notes["empty_rows"] += int(blank.sum())
        if self.source.fill_down:
            self.gaps += numbers[blank].tolist()
        filled &= ~blank
        surplus = self._empty_surplus(starts, ends, lengths, cells, delimiters)
        bad = self._bad(bytes_, starts, ends, lengths, cells - surplus, quotes, broken)
        good = filled & (bad == "")
        for index in np.flatnonzero(filled & (bad != "")):
            text = buffer[starts[index] : starts[index] + min(lengths[index], SHOWN_CHARACTERS)]
            self.bad_lines.append(BadLine(int(numbers[index]), str(bad[index]), text.decode("utf-8", "replace")))
        passed = int(np.searchsorted(newlines, used))
        if not good.any():
            return None, used, passed
        kept = numbers[good]
        if (good & (cells != len(self.columns))).any():
            buffer, starts, ends = self._fitted(bytes_, starts, starts + lengths, cells, surplus, good)
            newlines = np.flatnonzero(np.frombuffer(buffer, np.uint8) == _NEWLINE)
            good = np.ones(len(ends), bool)
        table = self._cells(buffer, starts, ends, good, newlines)
        if table.num_rows != len(kept):
            raise self._text.error("csv_without_lines", code="bad_structure")
        return table.append_column(ROW, pa.array(kept, pa.int64())), used, passed

    def _empty_surplus(self, starts: Any, ends: Any, lengths: Any, cells: Any, delimiters: Any) -> Any:
        """How many cells a record has beyond the header that are all empty, as a trailing comma makes them."""
        surplus = np.zeros(len(ends), np.int64)
        more = np.flatnonzero(cells > len(self.columns))
        if len(more) and len(self.columns):
            extra = cells[more] - len(self.columns)
            # if only delimiters follow, the one after the last column stands that far before the end
            last = delimiters[np.searchsorted(delimiters, starts[more]) + len(self.columns) - 1]
            surplus[more] = np.where(starts[more] + lengths[more] - last == extra, extra, 0)
        return surplus

    def _fitted(
        self, bytes_: Any, starts: Any, stops: Any, cells: Any, surplus: Any, good: Any
    ) -> tuple[bytes, Any, Any]:
        """The good records with exactly the header's cells: empty ones at the end cut or added."""
        starts, stops, cells, surplus = starts[good], stops[good] - surplus[good], cells[good], surplus[good]
        lacking = np.maximum(len(self.columns) - cells, 0)
        mark = self._delimiter.encode()
        parts = [
            bytes_[start:stop].tobytes() + mark * lack + b"\n"
            for start, stop, lack in zip(starts.tolist(), stops.tolist(), lacking.tolist(), strict=True)
        ]
        buffer = b"".join(parts)
        ends = np.cumsum([len(part) for part in parts]) - 1
        return buffer, np.concatenate(([0], ends[:-1] + 1)), ends

    def _records(
        self, bytes_: Any, newlines: Any, quotes: Any, delimiters: Any
    ) -> tuple[Any, dict[int, str], Any, int]:
        """Ends of the records, those that a stray quotation mark breaks, and the delimiters outside quotes."""
        if len(quotes) == 0:
            return newlines, {}, delimiters, int(newlines[-1]) + 1 if len(newlines) else 0
        ends: list[Any] = []
        outside: list[Any] = []
        broken: dict[int, str] = {}
        start = 0
        while True:
            here = quotes[np.searchsorted(quotes, start) :]
            lines = newlines[np.searchsorted(newlines, start) :]
            cuts = delimiters[np.searchsorted(delimiters, start) :]
            line_ends = lines[np.searchsorted(here, lines) % 2 == 0]
            stray = self._first_stray(bytes_, here, start)
            if stray is None:
                ends.append(line_ends)
                outside.append(cuts[np.searchsorted(here, cuts) % 2 == 0])
                break
            self._stray_quotes += 1
            if self._stray_quotes > MAX_STRAY_QUOTES:
                raise self._text.error("csv_stray_quotes", code="stray_quote", count=MAX_STRAY_QUOTES)
            before = line_ends[line_ends < stray]
            after = lines[np.searchsorted(lines, stray) :]
            ends.append(before)
            kept = cuts[cuts < (before[-1] if len(before) else start)]
            outside.append(kept[np.searchsorted(here, kept) % 2 == 0])
            if len(after) == 0:
                break
            broken[int(after[0])] = "stray_quote"
            ends.append(after[:1])
            start = int(after[0]) + 1
        every = np.concatenate(ends)
        return every, broken, np.concatenate(outside), int(every[-1]) + 1 if len(every) else 0

    def _first_stray(self, bytes_: Any, quotes: Any, start: int) -> int | None:
        """The first quotation mark that neither opens, closes nor doubles."""
        if len(quotes) == 0:
            return None
        edge = (_NEWLINE, ord(self._delimiter))
        opening, closing = quotes[0::2], quotes[1::2]
        before = bytes_[np.maximum(opening - 1, 0)]
        fine = np.isin(before, edge) | (opening == start)
        fine[1:] |= opening[1:] == closing[: len(opening) - 1] + 1
        if not fine.all():
            fine |= self._formulas(bytes_, opening, closing, start)
        after = bytes_[np.minimum(closing + 1, len(bytes_) - 1)]
        closed = np.isin(after, (*edge, _RETURN, ord(self._quote))) | (closing + 1 == len(bytes_))
        wrong = np.concatenate([opening[~fine], closing[~closed]])
        return int(wrong.min()) if len(wrong) else None

    def _formulas(self, bytes_: Any, opening: Any, closing: Any, start: int) -> Any:
        """Which quotation marks open a cell ``="00123"``, as written to keep spreadsheets from changing it.

        Such a cell is not quoted, so it ends at the first delimiter.
        """
        edge = (_NEWLINE, ord(self._delimiter))
        found = bytes_[np.maximum(opening - 1, 0)] == ord("=")
        found &= (opening - 1 == start) | np.isin(bytes_[np.maximum(opening - 2, 0)], edge)
        for index in np.flatnonzero(found):
            inside = bytes_[opening[index] : closing[index]] if index < len(closing) else bytes_[:0]
            found[index] = len(inside) > 0 and not np.isin(inside, edge).any()
        return found

    def _last_line(
        self, buffer: bytes, used: int, line: int, newlines: Any, quotes: Any, delimiters: Any
    ) -> tuple[int, str | None]:
        """What to do with the bytes after the last line end: (end of the record or 0, reason or None)."""
        text = buffer[used:]
        number = line + int(np.searchsorted(newlines, used))
        if text.strip(b"\r\x1a") == b"":
            return 0, None
        if text.strip(b"\r\x1a" + self._delimiter.encode()) == b"":
            return len(buffer), None
        inside = quotes[np.searchsorted(quotes, used) :]
        if len(inside) % 2:
            raise self._text.error("csv_quote_never_closed", code="cut_off", line=number)
        cells = len(delimiters) - int(np.searchsorted(delimiters, used)) + 1
        if cells < self._least:
            raise self._text.error(
                "csv_ends_in_line",
                code="cut_off",
                line=number,
                value=text[:200].decode("utf-8", "replace"),
                cells=cells,
                total=len(self.columns),
            )
        self.notes["no_line_end"] += not self.source.last_line_complete
        return len(buffer), None

    def _never_closed(self, rest: bytes, line: int) -> DataError:
        if self._quote and rest.count(self._quote.encode()) % 2:
            return self._text.error("csv_quote_not_closed_soon", code="cut_off", line=line, size=MAX_OPEN_BYTES >> 20)
        return self._text.error("csv_line_too_long", code="line_too_long", line=line, size=MAX_OPEN_BYTES >> 20)

    def _header(self, buffer: bytes, ends: Any, delimiters: Any, final: bool) -> int:
        """Take the column names from the first line that is not blank; returns where the header ends."""
        start = 0
        for end in [*ends.tolist(), *([len(buffer)] if final else [])]:
            text = buffer[start:end].strip(b"\r")
            if text.strip(self._delimiter.encode() + b" "):
                break
            start = end + 1
        else:
            if final:
                raise self._text.error("file_empty", code="empty_source")
            return 0
        if not self.source.header:
            cells = np.searchsorted(delimiters, end) - np.searchsorted(delimiters, start) + 1
            self.columns = [str(index) for index in range(int(cells))]
            self._least = len(self.columns)
            return 0
        if len(text) > MAX_LINE_BYTES:
            raise self._text.error("csv_header_too_long", line=1)
        cells = split(text.decode(), self._delimiter, self._quote)
        self.columns, self.repeated = named(cells)
        # a trailing comma in the header makes a column that the rows need not have
        self._least = max((index + 1 for index, cell in enumerate(cells) if cell.strip()), default=0)
        return int(end) + 1

    def _bad(
        self, bytes_: Any, starts: Any, ends: Any, lengths: Any, cells: Any, quotes: Any, broken: dict[int, str]
    ) -> Any:
        bad = np.full(len(ends), "", dtype="U16")
        bad[cells < self._least] = "too_few_cells"
        bad[cells > len(self.columns)] = "too_many_cells"
        bad[lengths > MAX_LINE_BYTES] = "line_too_long"
        returns = np.flatnonzero(bytes_ == _RETURN)
        lone = returns[bytes_[np.minimum(returns + 1, len(bytes_) - 1)] != _NEWLINE]
        if len(lone):
            records = np.searchsorted(ends, lone)
            inside = records < len(ends)
            lone, records = lone[inside], records[inside]
            opened = np.searchsorted(quotes, lone) - np.searchsorted(quotes, starts[records])
            bad[records[(opened % 2 == 0) & (lone < ends[records])]] = "stray_return"
        for end, code in broken.items():
            bad[np.searchsorted(ends, end)] = code
        return bad

    def _cells(self, buffer: bytes, starts: Any, ends: Any, good: Any, newlines: Any) -> pa.Table:
        if good.all():
            data = buffer[: int(ends[-1]) + 1]
        else:
            edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
            data = b"".join(
                buffer[int(starts[low]) : int(ends[high - 1]) + 1]
                for low, high in zip(edges[::2], edges[1::2], strict=True)
            )
        several_lines = self._quote != "" and (len(newlines) > len(ends) or b"\r" in data)
        text = pa.string()
        return pyarrow.csv.read_csv(
            pa.BufferReader(data),
            read_options=pyarrow.csv.ReadOptions(column_names=self.columns, block_size=max(len(data) + 1, 1 << 20)),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self._delimiter, quote_char=self._quote or False, newlines_in_values=several_lines
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, text), strings_can_be_null=False
            ),
        )


def _up_to_last_newline(buffer: bytes, final: bool) -> tuple[bytes, bytes]:
    if final:
        return buffer, b""
    end = buffer.rfind(b"\n") + 1
    return buffer[:end], buffer[end:]


def _squeeze(buffer: bytes) -> bytes:
    """Columns set apart by runs of blanks, as one tab each."""
    return re.sub(rb"(?m)^\t+|\t+(?=\r?$)", b"", re.sub(rb"[ \t]+", b"\t", buffer))
