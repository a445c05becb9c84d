"""Amounts that are right one by one and out of range when they are added up."""

from __future__ import annotations

from typing import Any

from features.connection import one
from features.ingestion.raw import ROW
from features.tables import MONEY_LIMIT, Table

_ADDED = ("amount", "discount")
"""Columns of the transactions that are added up per order and customer."""


def set_apart_sums(connection: Any, table: Table, columns: tuple[str, ...]) -> None:
    """Take lines whose sum cannot be kept out of the transactions, into the quarantine.

    First every order whose own amounts, added up without their signs, reach `MONEY_LIMIT`; then all lines of a customer
    who is still above it.
    """
    if table.name != "transactions":
        return
    cells = ", ".join(f"'{name}', t.{name}::VARCHAR" for name in columns)
    for column in (name for name in _ADDED if name in columns):
        # nearly always the whole log adds up to less, which one look at a column tells
        whole = one(connection, f"SELECT coalesce(sum(abs({column})), 0) FROM {table.name}")[0]
        if whole < MONEY_LIMIT:
            continue
        for keys, code in ((("customer_id", "order_id"), "order_sum"), (("customer_id",), "customer_sum")):
            by = ", ".join(keys)
            beyond = f"SELECT {by} FROM {table.name} GROUP BY {by} HAVING sum(abs({column})) >= {MONEY_LIMIT}"
            if one(connection, f"SELECT 1 FROM ({beyond}) LIMIT 1") is None:
                continue
            connection.execute(f"CREATE OR REPLACE TEMP TABLE beyond AS {beyond}")
            connection.execute(
                f"INSERT INTO quarantine SELECT '{table.name}', t.__file, t.{ROW}, '{column}', "
                f"left(t.{column}::VARCHAR, 200), '{code}', json_object({cells})::VARCHAR FROM {table.name} AS t "
                f"SEMI JOIN beyond USING ({by})"
            )
            connection.execute(f"DELETE FROM {table.name} WHERE ({by}) IN (SELECT ({by}) FROM beyond)")
