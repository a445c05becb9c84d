"""Order-level cells that stand on the first line of an order only: the lines below take them over.

In file order, within one file, across its chunks. A cell is filled only from above in the same order: lines that
follow one another and have the same order id, or, where the id itself is filled down or there is none, the lines up to
the next one that names one. An empty row, a row of sums or a line that could not be read ends what is carried on, so
that no line takes the cells of an order that is not its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.ingestion.raw import ROW, RawFile

TOTALS = "(grand |sub)?-?totals?( .*)?:?|sum:?|(合|总|小|累)计[:：]?.*|总额[:：]?|summe:?|(gesamt|somme|suma)( .*)?:?"
"""What a row that sums up others says of itself, in lower case."""


class FillDown:
    """Fills the chunks of one file, one after the other.

    Parameters
    ----------
    raw : RawFile
        The file; its bad lines are known up to the chunk at hand.
    places : tuple of int
        Columns to fill.
    order : int or None
        Column of the order id; None if the file has none.
    missing : tuple of str
        Texts that mean "missing" besides the empty one.
    time : int or None
        Column of the time, without which a row may be one of sums.

    Attributes
    ----------
    filled : int
        Cells filled so far.
    """

    def __init__(
        self,
        raw: RawFile,
        places: tuple[int, ...],
        order: int | None,
        missing: tuple[str, ...] = (),
        time: int | None = None,
    ) -> None:
        self._raw = raw
        self._places = places
        self._order = order
        self._time = time
        self._missing = pa.array(["", *missing], pa.string())
        self._above: pa.Table | None = None
        self.filled = 0

    def fill(self, chunk: pa.Table) -> pa.Table:
        """The chunk with its order-level cells filled."""
        above = 0 if self._above is None else self._above.num_rows
        table = chunk if self._above is None else pa.concat_tables([self._above, chunk])
        starts = self._breaks(table)
        if self._order is not None and self._order in self._places:
            table = self._carried(table, self._order, starts)
        if self._order is not None:
            starts |= self._new_order(table)
        else:
            named = [self._has(table.column(place)) for place in self._places]
            starts |= np.logical_or.reduce(named)
        for place in self._places:
            if place != self._order:
                table = self._carried(table, place, starts)
        self._above = table.slice(table.num_rows - 1)
        return table.slice(above)

    def _has(self, column: Any) -> Any:
        """Which cells hold something."""
        if not pa.types.is_string(column.type):
            return np.asarray(pc.is_valid(column))
        empty = pc.is_in(pc.utf8_trim_whitespace(column), value_set=self._missing)
        return np.asarray(pc.and_(pc.is_valid(column), pc.invert(empty)))

    def _breaks(self, table: pa.Table) -> Any:
        """Rows above which nothing is carried on: the first, empty ones, those after a line that could not be read."""
        rows = np.asarray(table.column(ROW))
        blank = np.ones(len(rows), bool)
        for index in range(table.num_columns - 1):
            blank &= ~self._has(table.column(index))
            if not blank.any():
                break
        apart = blank | self._sums(table)
        starts = apart.copy()
        starts[1:] |= apart[:-1]
        starts[0] = True
        bad = np.array([*(line.line for line in self._raw.bad_lines), *self._raw.gaps], np.int64)
        after = np.searchsorted(rows, bad)
        starts[after[after < len(rows)]] = True
        return starts

    def _sums(self, table: pa.Table) -> Any:
        """Rows without a time that say that they sum up others."""
        found = np.zeros(table.num_rows, bool)
        if self._time is None:
            return found
        rows = np.flatnonzero(~self._has(table.column(self._time)))
        for index in range(table.num_columns - 1):
            if pa.types.is_string(table.column(index).type):
                cells = pc.fill_null(pc.utf8_lower(pc.utf8_trim_whitespace(table.column(index).take(rows))), "")
                found[rows] |= np.asarray(pc.match_substring_regex(cells, f"^({TOTALS})$"))
        return found

    def _new_order(self, table: pa.Table) -> Any:
        """Rows whose order id differs from the one above, or that have none."""
        assert self._order is not None
        column = table.column(self._order).combine_chunks()
        codes = np.asarray(pc.fill_null(column.dictionary_encode().indices, -1))
        starts = ~self._has(column)
        starts[1:] |= codes[1:] != codes[:-1]
        return starts

    def _carried(self, table: pa.Table, place: int, starts: Any) -> pa.Table:
        column = table.column(place).combine_chunks()
        here = np.arange(len(column))
        has = self._has(column)
        source = np.maximum.accumulate(np.where(has, here, -1))
        first = np.maximum.accumulate(np.where(starts, here, -1))
        takes = ~has & (source >= first)
        if not takes.any():
            return table
        self.filled += int(takes.sum())
        taken = column.take(pa.array(np.where(takes, source, here)))
        return table.set_column(place, table.field(place), taken)
