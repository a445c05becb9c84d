"""Fixtures of the small company and of the scored world."""

from tests.company import as_of, company_settings, data, evaluation_of_company, log, settings, simple_suite  # noqa: F401
from tests.retention.conftest import world  # noqa: F401
