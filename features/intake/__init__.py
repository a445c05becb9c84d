"""Intake: from a company's files or database to canonical tables, a quarantine and a data report."""

from features.intake.report import DataReport, read_report
from features.intake.run import ingest, read_with, up_to_date

__all__ = ["DataReport", "ingest", "read_report", "read_with", "up_to_date"]
