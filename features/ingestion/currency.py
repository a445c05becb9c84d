"""Exchange rates: a CSV with date, currency and rate (units of the home currency per unit of that currency)."""

from __future__ import annotations

from typing import Any

from configs.errors import DataError, SettingsError
from configs.settings import Settings, SourceSettings
from features.connection import one
from features.ingestion.raw import ROW
from features.ingestion.sources import open_csv

_COLUMNS = ("date", "currency", "rate")


def load_rates(connection: Any, settings: Settings) -> None:
    """Read the rate table into `rates` (day, currency, __rate); a rate holds from its day until the next.

    Raises
    ------
    SettingsError
        `data.currency` does not say which currency the rates lead to.
    DataError
        A line that is no date, no positive number, or a second rate for a day.
    """
    if settings.data.currency is None or settings.data.rates is None:
        raise SettingsError("rates_without_currency", field="data.currency")
    path = settings.path(settings.data.rates)
    raw = open_csv(path, SourceSettings(path=path, last_line_complete=True))
    missing = [name for name in _COLUMNS if name not in raw.columns]
    if missing:
        raise DataError("rates_lack_column", code="missing_column", file=raw.label, field=missing[0])
    connection.execute(f"CREATE TABLE rates (day TIMESTAMP, currency VARCHAR, __rate DECIMAL(14,8), {ROW} BIGINT)")
    for chunk in raw.chunks():
        connection.register("chunk", chunk)
        connection.execute(
            "INSERT INTO rates SELECT CASE WHEN regexp_full_match(date, '[0-9]{4}-[0-9]{2}-[0-9]{2}') "
            f"THEN try_cast(date AS TIMESTAMP) END, currency, try_cast(rate AS DECIMAL(14,8)), {ROW} FROM chunk"
        )
        connection.unregister("chunk")
    wrong = one(
        connection,
        f"SELECT {ROW}, CASE WHEN day IS NULL THEN 'date' WHEN currency = '' THEN 'currency' ELSE 'rate' END "
        f"FROM rates WHERE day IS NULL OR currency = '' OR __rate IS NULL OR __rate <= 0 ORDER BY 1 LIMIT 1",
    )
    lines = [(line.line, "line") for line in raw.bad_lines] + ([(wrong[0], wrong[1])] if wrong else [])
    if lines:
        line, name = min(lines)
        raise DataError("rate_unreadable", code="bad_rates", file=raw.label, line=line, field=name)
    twice = one(
        connection,
        f"SELECT max({ROW}), currency FROM rates GROUP BY day, currency HAVING count(*) > 1 ORDER BY 1 LIMIT 1",
    )
    if twice:
        raise DataError("rate_twice", code="bad_rates", file=raw.label, line=twice[0], name=twice[1])
