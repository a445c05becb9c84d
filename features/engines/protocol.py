"""What an engine is: relations in, Arrow out.

A relation is an ibis expression over unbound tables, so it says what is wanted and not who computes it. An engine is
opened over the canonical tables and executes what was compiled to its own dialect (`features.statements`). Every engine
gives the same answer: types of `features.tables`, times in UTC without a zone, rows in the order that the relation asks
for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

from features.dialects import Dialect
from features.statements import Statement

Source: TypeAlias = Path | pa.Table
"""Where a canonical table is: a Parquet file, or in memory."""


class Engine(Protocol):
    """Executes statements over the canonical tables it was opened with.

    Attributes
    ----------
    dialect : {"duckdb", "spark"}
        What the statements are written in.
    """

    dialect: Dialect

    def run(self, statements: Sequence[Statement], given: Mapping[str, pa.Table]) -> pa.Table:
        """Keep the answers of all statements but the last under their names; the answer of the last.

        Parameters
        ----------
        statements : sequence of Statement
            In this order; one may name the answers of earlier ones, until one that `drops` them has run.
        given : mapping of str to pyarrow.Table
            Small tables that the statements may name beside the canonical ones.
        """
        ...

    def close(self) -> None:
        """Give the memory back."""
        ...


View: TypeAlias = Callable[[Dialect], str]
"""The query of a view in a dialect."""

Opener: TypeAlias = Callable[[Mapping[str, Source], Mapping[str, View]], Engine]
"""Opens an engine over tables by name. Where a view of that name is given, it stands for the table, and it reads the
source as `source_name(name)`."""


def source_name(table: str) -> str:
    """What a canonical table is called inside the view that takes its place."""
    return f"all_{table}"
