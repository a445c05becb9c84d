"""What an engine is: relations in, Arrow out.

A relation is an ibis expression over unbound tables, so it says what is wanted and not who computes it. An engine is
opened over the canonical tables, compiles each relation to its own dialect and executes it. Every engine gives the
same answer: types of `features.tables`, times in UTC without a zone, rows in the order that the relation asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from features.dialects import Dialect, to_sql

Source: TypeAlias = Path | pa.Table
"""Where a canonical table is: a Parquet file, or in memory."""


@dataclass(frozen=True)
class Step:
    """A statement: what its answer is called, its expression, and which earlier answers are of no use after it."""

    name: str
    expression: Any
    drops: tuple[str, ...] = ()
    _texts: dict[tuple[Dialect, bool], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def sql(self, dialect: Dialect = "duckdb", *, pretty: bool = False) -> str:
        """The statement's text; compiled once per dialect, because compiling takes longer than a small query."""
        key = (dialect, pretty)
        if key not in self._texts:
            self._texts[key] = to_sql(self.expression, dialect, pretty=pretty)
        return self._texts[key]


class Engine(Protocol):
    """Executes steps over the canonical tables it was opened with."""

    def run(self, steps: Sequence[Step], given: Mapping[str, pa.Table]) -> pa.Table:
        """Keep the answers of all steps but the last under their names; the answer of the last.

        Parameters
        ----------
        steps : sequence of Step
            In this order; a step may name the answers of earlier ones, until one that `drops` them has run.
        given : mapping of str to pyarrow.Table
            Small tables that the steps may name beside the canonical ones.
        """
        ...

    def close(self) -> None:
        """Give the memory back."""
        ...


Opener: TypeAlias = Callable[[Mapping[str, Source], Mapping[str, Step]], Engine]
"""Opens an engine over tables by name. Where a view of that name is given, it stands for the table, and it reads the
source as `source_name(name)`."""


def source_name(table: str) -> str:
    """What a canonical table is called inside the view that takes its place."""
    return f"all_{table}"
