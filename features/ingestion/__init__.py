"""Ingestion: from a company's files or database to canonical tables, a quarantine and a data report."""

from features.ingestion.report import DataReport, read_report
from features.ingestion.run import ingest, read_with, up_to_date

__all__ = ["DataReport", "ingest", "read_report", "read_with", "up_to_date"]
