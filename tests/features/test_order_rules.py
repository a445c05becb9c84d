"""The rule for files and the rule for histories in a call give the same amounts and refuse the same lines."""

from __future__ import annotations

import random
from decimal import Decimal

import pyarrow as pa
import pytest

from configs.settings import ReturnRule
from features.connection import connect, every
from features.order_rules import (
    derived_amount,
    derived_amount_sql,
    is_refused,
    refused_sql,
    signed,
    signed_sql,
)

RULES = [
    ReturnRule(),
    ReturnRule(order_prefix="C"),
    ReturnRule(negative_amount=False),
    ReturnRule(negative_amount=False, order_prefix="C'"),
]


def lines(count: int) -> pa.Table:
    rng = random.Random(11)
    rows = [
        {
            "order_id": rng.choice(["C1", "C'1", "c1", "1C", "", "C"]),
            "quantity": rng.choice([1.0, -2.0, 0.5, 1 / 3, 2.0000000005, rng.uniform(-99, 99)]),
            "price": Decimal(rng.randrange(-10_000_000, 10_000_000)).scaleb(-4),
            "discount": rng.choice([None, Decimal("0.0000"), Decimal(rng.randrange(99_999)).scaleb(-4)]),
        }
        for _ in range(count)
    ]
    money = pa.decimal128(18, 4)
    kinds = {"order_id": pa.string(), "quantity": pa.float64(), "price": money, "discount": money}
    return pa.Table.from_pylist(rows, schema=pa.schema(list(kinds.items())))


@pytest.mark.parametrize("rules", RULES, ids=repr)
def test_files_and_calls_follow_the_same_rule(rules: ReturnRule) -> None:
    table = lines(2_000)
    connection = connect(keep_order=True)
    connection.register("lines", table)
    amount = derived_amount_sql("quantity", "price", "discount")
    turned = signed_sql("amount", "order_id", rules)
    refused = refused_sql("amount", "order_id", rules) or "false"
    found = every(
        connection,
        f"SELECT amount, {refused} FROM (SELECT * REPLACE ({turned} AS amount) FROM "
        f"(SELECT *, {amount} AS amount FROM lines))",
    )
    connection.close()
    for row, (in_file, refused_in_file) in zip(table.to_pylist(), found, strict=True):
        in_call = signed(derived_amount(row["quantity"], row["price"], row["discount"]), row["order_id"], rules)
        assert in_call == in_file, row
        assert is_refused(in_call, row["order_id"], rules) == refused_in_file, row
