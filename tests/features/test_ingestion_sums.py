"""Amounts that are right one by one and out of range together: set aside with the reason, never an overflow."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from configs.errors import DataError
from configs.settings import Settings
from features.ingestion import ingest

HEAD = "customer_id,order_id,occurred_at,amount\n"
GOOD = "g,1,2024-01-01,5\ng,2,2024-02-01,6\n"


def run(folder: Path, text: str, **data: Any) -> Any:
    (folder / "a.csv").write_text(text)
    data.setdefault("max_refused_share", 1.0)
    data.setdefault("transactions", {"path": "a.csv"})
    return ingest(Settings(data=data, workdir=folder / "work", root=folder))


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    path = folder / "work" / kind / "transactions.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


def features_of(folder: Path) -> Any:
    from features.engine import compute_features, feature_set_for, open_tables, order_events

    with open_tables(folder / "work" / "canonical") as tables:
        assert len(order_events(tables)) > 0
        return compute_features(tables, [datetime(2025, 1, 1)], feature_set_for(tables)).set_index("customer_id")


@pytest.mark.parametrize(
    ("lines", "reasons"),
    [
        ("a,o,2024-01-01,9.9e13\na,o,2024-01-01,9.9e13\n", {"order_sum": 2}),
        ("a,o,2024-01-01,9.9e13\na,o,2024-01-01,-9.9e13\n", {"order_sum": 2}),
        ("a,o,2024-01-01,9e13\na,o,2024-01-01,-9e13\na,o,2024-01-02,9e13\na,p,2024-01-05,1\n", {"order_sum": 3}),
        ("a,o,2024-01-01,9.9e13\na,p,2024-02-01,9.9e13\na,q,2024-02-01,1\n", {"customer_sum": 3}),
        ("a,o,2024-01-01,5e13\na,o,2024-01-01,5e13\n", {"order_sum": 2}),
        ("a,o,2024-01-01,5e13\na,o,2024-01-01,49999999999999.9999\n", {}),
        ("a,o,2024-01-01,99999999999999.9999\n", {}),
        ("a,o,2024-01-01,99999999999999.99999\n", {"out_of_range": 1}),
        ("a,o,2024-01-01,1e14\n", {"out_of_range": 1}),
        ("".join(f"a,o{i},2024-01-01,9.9e13\n" for i in range(20)), {"customer_sum": 20}),
    ],
)
def test_sums_out_of_range_are_set_aside(tmp_path: Path, lines: str, reasons: dict[str, int]) -> None:
    report = run(tmp_path, HEAD + GOOD + lines)
    assert Counter(row["reason"] for row in rows(tmp_path, "quarantine")) == reasons
    table = report.tables["transactions"]
    assert table.rows_in == table.rows_kept + table.rows_refused and table.rows_refused == sum(reasons.values())
    for row in rows(tmp_path, "quarantine"):
        assert row["field"] == "amount" and row["text"] and row["text_zh"] and row["source_file"] == "a.csv"
    frame = features_of(tmp_path)
    assert frame.loc["g", "spend_ever"] == 11.0
    kept = sum(abs(row["amount"]) for row in rows(tmp_path, "canonical") if row["customer_id"] == "a")
    assert frame["spend_ever"].get("a", 0.0) == pytest.approx(float(kept), rel=1e-12)


def test_discounts_and_money_of_other_currencies_are_added_up_as_they_are_kept(tmp_path: Path) -> None:
    head = "customer_id,order_id,occurred_at,amount,discount\n"
    lines = "g,1,2024-01-01,5,0\n" + "a,o,2024-01-01,5,9e13\n" * 2
    run(tmp_path, head + lines)
    assert [(row["field"], row["reason"]) for row in rows(tmp_path, "quarantine")] == [("discount", "order_sum")] * 2
    (tmp_path / "rates.csv").write_text("date,currency,rate\n2020-01-01,USD,10\n")
    head = "customer_id,order_id,occurred_at,amount,currency\n"
    lines = "g,1,2024-01-01,5,CNY\n" + "a,o,2024-01-01,6e12,USD\n" * 2
    run(tmp_path, head + lines, currency="CNY", rates="rates.csv")
    assert [row["reason"] for row in rows(tmp_path, "quarantine")] == ["order_sum"] * 2


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [
        ("1e300", "1", "out_of_range"), ("2e12", "1", "out_of_range"), ("-2e12", "1", "out_of_range"),
        ("1e12", "99999999999999", "out_of_range"), ("9e11", "9e13", "out_of_range"), ("1e12", "1000", "out_of_range"),
        ("1e12", "99.9999", None), ("0.000000001", "99999999999999.9999", None),
    ],
)  # fmt: skip
def test_quantity_by_price_is_kept_exactly_or_set_aside(
    tmp_path: Path, quantity: str, price: str, reason: str | None
) -> None:
    run(
        tmp_path,
        f"customer_id,order_id,occurred_at,quantity,unit_price\ng,1,2024-01-01,2,3\na,o,2024-01-01,{quantity},{price}\n",
    )
    assert [row["reason"] for row in rows(tmp_path, "quarantine")] == ([reason] if reason else [])
    assert features_of(tmp_path).loc["g", "spend_ever"] == 6.0
    if reason is None:
        made = next(row["amount"] for row in rows(tmp_path, "canonical") if row["customer_id"] == "a")
        assert made == (Decimal(quantity) * Decimal(price)).quantize(Decimal("0.0001"))


def test_a_quantity_beyond_all_range_beside_an_amount_is_set_aside(tmp_path: Path) -> None:
    head = "customer_id,order_id,occurred_at,amount,quantity\n"
    run(tmp_path, head + "g,1,2024-01-01,5,2\na,o,2024-01-01,5,1e300\na,p,2024-01-02,5,1\n")
    assert [(row["field"], row["reason"]) for row in rows(tmp_path, "quarantine")] == [("quantity", "out_of_range")]
    assert features_of(tmp_path).loc["a", "items_per_order_365d"] == 1.0


def test_too_many_of_them_stop_the_ingest(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, HEAD + GOOD + "a,o,2024-01-01,9.9e13\n" * 2, max_refused_share=0.05)
    assert caught.value.place["reason"] == "order_sum" and "add up to 100 trillion" in str(caught.value)
