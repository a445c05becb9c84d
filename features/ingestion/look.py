"""What the checks of the data look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from configs.settings import Settings
from features.ingestion.joins import Joined
from features.ingestion.report import Finding, Log, Severity, TableReport

Figures = Mapping[str, float | int | str | None]


@dataclass(frozen=True)
class Look:
    """The checked tables of one ingest, still in the database, with their figures.

    Attributes
    ----------
    connection : DuckDB connection
        Holds the tables with `__file` and `__row`, and `log_orders` (customer_id, order_id, ordered, until: its last
        line that is no return, lines, amount, bought).
    log : Log
        Figures of the purchase log.
    tables : dict
        Canonical table → its report.
    columns : dict
        Canonical table → its columns.
    words : dict
        Canonical table → whether a row is called `line` (of a CSV) or `row`.
    joined : dict
        Canonical table → what a query of several tables does to the number of its rows.
    zero_amounts : bool
        Whether the log had amounts and all were zero.
    """

    connection: Any
    settings: Settings
    log: Log
    tables: Mapping[str, TableReport]
    columns: Mapping[str, tuple[str, ...]]
    words: Mapping[str, str]
    joined: Mapping[str, Joined] = field(default_factory=dict)
    zero_amounts: bool = False

    def has(self, name: str, table: str = "transactions") -> bool:
        """Whether a table has a column."""
        return name in self.columns.get(table, ())


def told(
    code: str,
    severity: Severity,
    texts: tuple[str, str],
    *,
    table: str = "transactions",
    setting: str | None = None,
    figures: Figures | None = None,
    **more: float | int | str | None,
) -> Finding:
    """A finding, from its English and Chinese text."""
    return Finding(
        code=code,
        severity=severity,
        table=table,
        en=texts[0],
        zh=texts[1],
        setting=setting,
        figures={**(figures or {}), **more},
    )


def place(look: Look, table: str, file: str, row: int) -> tuple[str, str]:
    """Where a row came from, in English and Chinese."""
    word = look.words.get(table, "row")
    return f"{file}, {word} {row}", f"{file} 第 {row} 行"
