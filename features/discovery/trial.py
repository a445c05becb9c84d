"""The log as the ingest will understand it: the settings tried with the ingest itself, in a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from configs.errors import DataError
from configs.settings import Settings
from features.connection import connect, every, literal, one
from features.ingestion.report import Finding, Refusal
from features.ingestion.run import ingest
from features.ingestion.texts import REASONS

SHOWN = 20


@dataclass(frozen=True)
class Understood:
    """What the ingest makes of the log.

    Attributes
    ----------
    columns : tuple of str
        Our columns.
    rows : list of tuple
        The first rows by their time.
    rows_in, kept, left_out : int
        Rows read, taken, and left out by a rule.
    refused : tuple of Refusal
        Most frequent first.
    orders : DataFrame
        customer_id and occurred_at of what was bought, one row per order.
    first, last : datetime or None
        Time of the first and the last row.
    findings : tuple of Finding
        What looks wrong in the data as a whole.
    stopped : DataError or None
        Why the ingest stops; the rest is then empty but for what was refused.
    """

    columns: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rows_in: int = 0
    kept: int = 0
    left_out: int = 0
    refused: tuple[Refusal, ...] = ()
    orders: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"customer_id": [], "occurred_at": []}))
    first: datetime | None = None
    last: datetime | None = None
    findings: tuple[Finding, ...] = ()
    stopped: DataError | None = None

    @property
    def refused_count(self) -> int:
        """Rows that are refused."""
        return sum(item.count for item in self.refused)


def understand(settings: Settings) -> Understood:
    """Ingest everything into a folder of its own and look at the purchase log."""
    with tempfile.TemporaryDirectory(prefix="holdfast-trial-") as folder:
        trial = settings.model_copy(update={"workdir": Path(folder)})
        connection = connect(Path(folder), threads=settings.training.threads)
        try:
            try:
                report = ingest(trial)
            except DataError as error:
                return Understood(stopped=error, refused=_refused(connection, trial))
            log = report.tables["transactions"]
            return Understood(
                rows_in=log.rows_in,
                kept=log.rows_kept,
                left_out=log.rows_left_out,
                refused=log.refusals,
                # the horizon is chosen afterwards, by what the trial shows
                findings=tuple(item for item in report.loud() if not item.code.startswith("horizon")),
                **_looked(connection, trial, log.columns),
            )
        finally:
            connection.close()


def why_refused(reason: str, language: str) -> str:
    """A reason code in words."""
    said = REASONS[reason]
    return said.zh if language == "zh" else said.en


def _looked(connection: Any, settings: Settings, columns: Sequence[str]) -> dict[str, Any]:
    log = f"read_parquet({literal(str(settings.canonical / 'transactions.parquet'))})"
    keys = [name for name in ("occurred_at", "customer_id", "order_id") if name in columns]
    rows = every(connection, f"SELECT {', '.join(columns)} FROM {log} ORDER BY {', '.join(keys)} LIMIT {SHOWN}")
    bought = "HAVING sum(amount) > 0" if "amount" in columns else ""
    orders = connection.sql(
        f"SELECT customer_id, min(occurred_at) AS occurred_at FROM {log} GROUP BY customer_id, order_id {bought} "
        "ORDER BY 1, 2"
    ).to_arrow_table()
    first, last = one(connection, f"SELECT min(occurred_at), max(occurred_at) FROM {log}")
    return {"columns": tuple(columns), "rows": rows, "orders": orders.to_pandas(), "first": first, "last": last}


def _refused(connection: Any, settings: Settings) -> tuple[Refusal, ...]:
    """What a stopped ingest has set aside of the log, most frequent first."""
    file = settings.work / "quarantine" / "transactions.parquet"
    if not file.is_file():
        return ()
    rows = every(
        connection,
        'SELECT reason, field, count(*) AS n, min((source_file, "row", value)) AS first '
        f"FROM read_parquet({literal(str(file))}) GROUP BY reason, field ORDER BY n DESC, reason, field",
    )
    return tuple(
        Refusal(
            reason=reason, field=place, count=count, example_file=first[0], example_row=first[1], example_value=first[2]
        )
        for reason, place, count, first in rows
    )
