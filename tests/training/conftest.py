"""Fixtures of the small company."""

from tests.company import as_of, company_settings, data, evaluation_of_company, log, settings, simple_suite  # noqa: F401
