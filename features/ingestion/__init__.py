"""Ingestion: from a company's files or database to canonical tables, a quarantine and a data report.

A name is imported when it is first used: every verb asks whether the tables are up to date, few read rows.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.ingestion.report import DataReport, read_report
    from features.ingestion.run import ingest
    from features.ingestion.unchanged import read_with, up_to_date

_PLACES = {
    "DataReport": "report",
    "ingest": "run",
    "read_report": "report",
    "read_with": "unchanged",
    "up_to_date": "unchanged",
}
"""Where each name lives."""

__all__ = ["DataReport", "ingest", "read_report", "read_with", "up_to_date"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
