"""Whether enough of a table is right: too many refused rows stop the ingest, with all reasons at once."""

from __future__ import annotations

from typing import Any

from configs.catalogue import Phrase
from configs.errors import DataError, HoldfastError, together
from configs.settings import Settings
from features.connection import one
from features.ingestion import facts
from features.ingestion.report import Refusal
from features.ingestion.staging import Stage
from features.ingestion.texts import APART


def check_shares(connection: Any, name: str, stage: Stage, settings: Settings) -> None:
    """Refuse a table of which too many rows are refused, with every reason and its first example.

    Raises
    ------
    DataError
        More rows are refused, or belong to nobody, than the settings allow, or none is left.
    """
    considered = stage.counts.rows_in - stage.counts.left_out
    found = facts.refusals(connection, name)
    counted = [item for item in found if item.reason not in APART]
    refused = sum(item.count for item in counted)
    nobody = sum(item.count for item in found if item.reason == "null_customer")
    data = settings.data
    problems: list[HoldfastError] = []
    if considered and refused / considered > data.max_refused_share:
        first = counted[0]
        error = DataError(
            "too_many_rows_refused",
            code="too_many_refused",
            file=first.example_file,
            row=first.example_row,
            field=first.field,
            value=first.example_value,
            reason=first.reason,
            table=name,
            refused=refused,
            total=considered,
            share=refused / considered,
            allowed=data.max_refused_share,
            path=settings.work / "quarantine" / (name + ".parquet"),
            refusal=facts.refusal_sentence(name, first, stage.word),
        )
        others = sorted(stage.hidden.values(), key=lambda item: -item.count)
        told = {(item.reason, item.field) for item in counted}
        others = [*counted[1:], *(item for item in others if (item.reason, item.field) not in told)]
        problems.append(together([error, *(_further(item, name, stage.word) for item in others)]))
    if considered and nobody / considered > data.max_null_customer_share:
        error = DataError(
            "too_many_rows_without_customer",
            code="too_many_null_customers",
            field="customer_id",
            table=name,
            nobody=nobody,
            total=considered,
            share=nobody / considered,
            allowed=data.max_null_customer_share,
        )
        problems.append(error)
    kept = one(connection, f"SELECT count(*) FROM {name}")[0]
    if kept == 0 and not problems:
        error = DataError("no_row_left", code="empty_source", table=name)
        problems.append(together([error, *(_further(item, name, stage.word) for item in found)]))
    if problems:
        raise together(problems)


def _further(item: Refusal, table: str, word: str) -> DataError:
    """One more reason for which rows are refused, with its first example."""
    reason, remedy = (Phrase(*both) for both in zip(item.text.halves("en"), item.text.halves("zh"), strict=True))
    return DataError(
        "rows_refused",
        code=item.reason,
        file=item.example_file,
        row=item.example_row,
        field=item.field,
        value=item.example_value,
        table=table,
        at=facts.refused_at(table, item, word),
        reason=reason,
        count=item.count,
        remedy=remedy,
    )
