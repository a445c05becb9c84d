"""The data report: what came in, what was refused and why, and what the data is enough for."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from configs.errors import DataError
from configs.formats import number
from features.ingestion.texts import NOTES, REASONS, Text

JSON_NAME = "data_report.json"
HTML_NAME = "data_report.html"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Severity = Literal["good", "note", "warning", "stop"]


class Finding(_Part):
    """One statement about the data, in both languages.

    Attributes
    ----------
    code : str
        Stable name of the finding.
    severity : str
        `good`: something can be done with the data. `note`: worth knowing, and usual. `warning`: looks wrong; said by
        every command that reads the data. `stop`: nothing is trained or scored until it is settled.
    table : str
        The canonical table that it is about.
    en, zh : str
        The statement; what looks wrong names the setting that decides it.
    figures : dict
        The numbers and names of the statement.
    setting : str or None
        The setting that decides it.
    """

    code: str
    severity: Severity = "good"
    table: str = "transactions"
    en: str
    zh: str
    figures: dict[str, float | int | str | None] = {}
    setting: str | None = None

    @property
    def loud(self) -> bool:
        """Whether every command says it, not the report alone."""
        return self.severity in ("warning", "stop")

    def of(self, language: str) -> str:
        """The statement in one language."""
        return self.zh if language == "zh" else self.en


class Refusal(_Part):
    """Rows refused for one reason in one field, with the first of them as an example."""

    reason: str
    field: str
    count: int
    example_file: str
    example_row: int
    example_value: str | None

    @property
    def text(self) -> Text:
        """The reason in words."""
        return REASONS[self.reason]


class Input(_Part):
    """One input file as it was read."""

    table: str
    name: str
    bytes: int
    sha256: str


class TableReport(_Part):
    """One table: rows in = left out by setting + kept + refused."""

    name: str
    source: str
    rows_in: int
    rows_left_out: int
    rows_kept: int
    rows_refused: int
    columns: tuple[str, ...]
    null_shares: dict[str, float]
    duplicate_rows: int
    refusals: tuple[Refusal, ...]
    notes: dict[str, int]

    def refused(self, *reasons: str) -> int:
        """Rows refused for the reasons given."""
        return sum(item.count for item in self.refusals if item.reason in reasons)

    def note_texts(self, codes: Collection[str] = NOTES) -> list[Text]:
        """The notes in words, with their counts: all, or those of some codes."""
        return [
            Text(NOTES[code].en.format(count=number(count, "en")), NOTES[code].zh.format(count=number(count, "zh")))
            for code, count in self.notes.items()
            if code in codes
        ]


class Month(_Part):
    """One calendar month (UTC) of the log."""

    month: str
    orders: int
    customers: int
    lines: int
    amount: float | None


class Horizon(_Part):
    """Whether the log is long enough to learn a horizon and to test it, by the rule of `configs.history`.

    `needs_days` and `needs_days_to_test` are the days of log from which it is; the latter is missing where no length
    is enough because the horizon is longer than the window that is held back.
    """

    days: int
    trainable: bool
    testable: bool
    needs_days: int
    needs_days_to_test: int | None


class Log(_Part):
    """The purchase log in figures; money in `currency`, times UTC."""

    first: datetime
    last: datetime
    span_days: float
    lines: int
    orders: int
    customers: int
    repeat_customers: int
    median_gap_days: float | None
    amount: float | None
    currency: str | None
    return_lines: int
    return_amount: float | None
    made_order: bool
    derived_amount: bool
    products: int | None
    months: tuple[Month, ...]
    horizons: tuple[Horizon, ...]

    @property
    def repeat_share(self) -> float:
        """Share of customers with two orders or more."""
        return self.repeat_customers / self.customers if self.customers else 0.0

    @property
    def return_share(self) -> float:
        """Share of lines that are returns."""
        return self.return_lines / self.lines if self.lines else 0.0


class DataReport(_Part):
    """What `ingest` found.

    Attributes
    ----------
    reused : bool
        Whether inputs and settings were as before, so that nothing was read again.
    tables : dict
        Canonical table → its report.
    log : Log
        Figures of the purchase log.
    findings : tuple of Finding
        What looks wrong, and what the data is enough for, in plain sentences.
    """

    format: int = 2
    language: str
    timezone: str
    reused: bool = False
    inputs: tuple[Input, ...]
    tables: dict[str, TableReport]
    log: Log
    findings: tuple[Finding, ...]

    def to_json(self) -> str:
        """JSON with stable key order."""
        return self.model_dump_json(indent=1, exclude={"reused"}) + "\n"

    def loud(self) -> list[Finding]:
        """The findings that every command says, the worst first."""
        return sorted((finding for finding in self.findings if finding.loud), key=lambda one: one.severity != "stop")

    def fingerprint(self) -> str:
        """SHA-256 of what the report says, whatever the language it opens in."""
        return hashlib.sha256(self.model_copy(update={"language": "en"}).to_json().encode()).hexdigest()


def read_report(folder: Path) -> DataReport:
    """The report of the last ingest in a work folder.

    Raises
    ------
    DataError
        There is none, or it was written by another version.
    """
    path = folder / JSON_NAME
    try:
        return DataReport.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{path} is missing or not readable", "run holdfast ingest", code="no_data_report", file=str(path)
        ) from None
