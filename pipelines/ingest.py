"""The first stage: canonical tables and the data report, and what is said and refused of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from configs.errors import DataError
from configs.progress import Progress
from configs.settings import Settings
from pipelines.stage_cache import lock_folder
from pipelines.summary import show_warnings

if TYPE_CHECKING:
    from features.ingestion import DataReport


def ingest_stage(
    settings: Settings, progress: Progress, *, force: bool = False, tell: bool = True, refuse: bool = True
) -> DataReport:
    """Canonical tables and the data report; reused while sources and settings are unchanged.

    What looks wrong in the data is said (`tell`), and data that nothing can be learned from is refused (`refuse`),
    whether the tables were made now or before.
    """
    from features.ingestion import ingest

    with lock_folder(settings.work):
        report = ingest(with_present(settings), progress=progress, force=force)
    return checked(report, settings, tell=tell, refuse=refuse)


def checked(report: DataReport, settings: Settings, *, tell: bool = True, refuse: bool = True) -> DataReport:
    """The report, after what looks wrong is said and what nothing can be learned from is refused."""
    if tell:
        show_warnings(report, settings)
    if refuse and any(finding.severity == "stop" for finding in report.findings):
        raise DataError("no_positive_order", code="no_positive_order", field="amount", table="transactions")
    return report


def with_present(settings: Settings) -> Settings:
    """Settings by which rows of the future are refused; the present time is asked for here and nowhere below."""
    if settings.data.future_after is not None:
        return settings
    tomorrow = (datetime.now(tz=UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    return settings.model_copy(update={"data": settings.data.model_copy(update={"future_after": tomorrow})})
