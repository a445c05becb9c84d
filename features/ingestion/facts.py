"""Figures for the data report, from the staged tables."""

from __future__ import annotations

from collections import Counter
from typing import Any

from configs.catalogue import Phrase, phrase
from configs.history import can_test, can_train, days_to_test, days_to_train
from configs.settings import Settings
from configs.timestamps import midnight_after
from features.connection import every, one
from features.ingestion.cells import folded
from features.ingestion.readings import in_two_ways
from features.ingestion.report import Horizon, Log, Month, Refusal

FEW_LINES = 20
LIKELY_PLACEHOLDERS = ("nan", "null", "none", "n/a", "na", "unknown", "undefined", "<na>", "#n/a", "-")


def null_shares(connection: Any, table: str, columns: tuple[str, ...]) -> dict[str, float]:
    """Share of missing values per column, six digits."""
    counts = ", ".join(f"count({name})" for name in columns)
    total, *filled = one(connection, f"SELECT count(*), {counts} FROM {table}")
    return {name: round(1 - count / total, 6) if total else 0.0 for name, count in zip(columns, filled, strict=True)}


def all_zero(connection: Any) -> bool:
    """Whether every amount is zero, in a log of more than a few lines."""
    return bool(one(connection, f"SELECT bool_and(amount = 0) AND count(*) >= {FEW_LINES} FROM transactions")[0])


def duplicate_rows(connection: Any, table: str, columns: tuple[str, ...]) -> int:
    """Rows beyond the first of every set of rows that are equal in all columns."""
    names = ", ".join(columns)
    found = one(
        connection, f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM {table} GROUP BY {names})"
    )
    return int(found[0])


def placeholder_ids(connection: Any, table: str) -> int:
    """Rows whose customer id reads like "nobody"."""
    listed = ", ".join(f"'{text}'" for text in LIKELY_PLACEHOLDERS)
    found = one(connection, f"SELECT count(*) FROM {table} WHERE lower(customer_id) IN ({listed})")
    return int(found[0])


def ids_alike(connection: Any, table: str, columns: tuple[str, ...]) -> dict[str, int]:
    """Customers and products whose id another one has too, but for capitals, full-width characters or leading zeros."""
    kinds = {
        "ids_in_case": "lower(id)",
        "ids_in_width": folded("id"),
        "ids_in_zeros": "CASE WHEN regexp_full_match(id, '[0-9]+') THEN ltrim(id, '0') ELSE id END",
    }
    found: Counter[str] = Counter()
    for name in ("customer_id", "product_id"):
        if name not in columns:
            continue
        connection.execute(f"CREATE OR REPLACE TEMP TABLE ids AS SELECT DISTINCT {name} AS id FROM {table}")
        for code, key in kinds.items():
            count = (
                f"SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n FROM ids GROUP BY {key} HAVING n > 1)"
            )
            found[code] += int(one(connection, count)[0])
    connection.execute("DROP TABLE IF EXISTS ids")
    return {code: count for code, count in found.items() if count}


def refusals(connection: Any, table: str) -> tuple[Refusal, ...]:
    """Refused rows per reason and field, most frequent first, each with its first row."""
    rows = every(
        connection,
        'SELECT reason, field, count(*) AS n, min((source_file, "row", value)) AS first FROM quarantine '
        'WHERE "table" = ? GROUP BY reason, field ORDER BY n DESC, reason, field',
        [table],
    )
    return tuple(
        Refusal(
            reason=reason, field=field, count=count, example_file=first[0], example_row=first[1], example_value=first[2]
        )
        for reason, field, count, first in rows
    )


def log_figures(
    connection: Any,
    columns: tuple[str, ...],
    settings: Settings,
    currency: str | None,
    *,
    made_order: bool,
    derived_amount: bool,
) -> Log:
    """The purchase log in figures; only exact sums, so that threads do not change them.

    The orders stay in the temporary table `log_orders` for what is looked for in them.
    """
    money = "amount" in columns
    total = "sum(amount)" if money else "NULL::DECIMAL(38,4)"
    returned = "amount < 0" if money else "false"
    bought = "sum(amount) > 0" if money else "true"
    positive = " FILTER (amount > 0)" if money else ""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE log_orders AS SELECT customer_id, order_id, min(occurred_at) AS ordered, "
        f"max(occurred_at){positive} AS until, count(*) AS lines, {total} AS amount, {bought} AS bought "
        "FROM transactions GROUP BY customer_id, order_id"
    )
    products = "count(DISTINCT product_id)" if "product_id" in columns else "NULL"
    lines, first, last, kinds, returns, back = one(
        connection,
        f"SELECT count(*), min(occurred_at), max(occurred_at), {products}, count(*) FILTER ({returned}), "
        f"{'sum(amount) FILTER (amount < 0)' if money else 'NULL'} FROM transactions",
    )
    orders, customers, amount = one(
        connection, "SELECT count(*) FILTER (bought), count(DISTINCT customer_id), sum(amount) FROM log_orders"
    )
    repeat = one(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM log_orders WHERE bought GROUP BY customer_id HAVING count(*) > 1)",
    )[0]
    gap = one(
        connection,
        "SELECT median(gap) FROM (SELECT epoch(ordered - lag(ordered) OVER "
        "(PARTITION BY customer_id ORDER BY ordered, order_id)) "
        "/ 86400 AS gap FROM log_orders WHERE bought) WHERE gap > 0",
    )[0]
    months = every(
        connection,
        "SELECT strftime(ordered, '%Y-%m') AS month, count(*) FILTER (bought), count(DISTINCT customer_id), "
        "sum(lines)::BIGINT, sum(amount) FROM log_orders GROUP BY 1 ORDER BY 1",
    )
    targets = settings.targets
    known = midnight_after(last, settings.data.timezone) - first
    span = (last - first).total_seconds() / 86400
    return Log(
        first=first,
        last=last,
        span_days=round(span, 3),
        lines=lines,
        orders=orders,
        customers=customers,
        repeat_customers=repeat,
        median_gap_days=None if gap is None else round(gap, 2),
        amount=None if amount is None else float(amount),
        currency=currency,
        return_lines=returns,
        return_amount=None if back is None else float(back),
        made_order=made_order,
        derived_amount=derived_amount,
        products=kinds,
        months=tuple(
            Month(month=row[0], orders=row[1], customers=row[2], lines=row[3], amount=_number(row[4])) for row in months
        ),
        horizons=tuple(
            Horizon(
                days=days,
                trainable=can_train(days, targets, known),
                testable=can_test(days, targets, known),
                needs_days=days_to_train(days, targets.horizon_days),
                needs_days_to_test=days_to_test(days, targets.horizon_days) if days <= targets.horizon_days else None,
            )
            for days in targets.all_horizons
        ),
    )


def refusal_sentence(table: str, item: Refusal, word: str) -> Phrase:
    """The first of the rows refused for a reason: file, line or row, field, value, reason and remedy."""
    return phrase(
        "phrases.refusal",
        at=refused_at(table, item, word),
        readings=in_two_ways(item.reason, item.example_value),
        reason=Phrase(item.text.en, item.text.zh),
    )


def refused_at(table: str, item: Refusal, word: str) -> Phrase:
    """Where the first of the rows refused for a reason is, and its value."""
    value = item.example_value
    return phrase(
        "phrases.refused_at",
        table=table,
        row=at_row(word, item.example_file, item.example_row),
        column=phrase("phrases.of_field", field=item.field) if item.field else "",
        content=phrase("phrases.empty") if value is None else phrase("phrases.of_value", value=value),
    )


def at_row(word: str, file: str, row: int) -> Phrase:
    """A row of a file to begin a sentence with; `word` is ``line`` for a text, ``row`` for any other file."""
    return phrase("phrases.at_line" if word == "line" else "phrases.at_row", file=file, line=row)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
