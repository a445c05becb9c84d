"""The engine's edges: what it refuses, what it leaves out, what it answers when there is little."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.operations as ops
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.errors import DataError
from features.catalog import CATALOGUE
from features.connection import connect, one
from features.declare import BOUNDS, Row, age_days, slice_of
from features.dialects import to_sql
from features.engine import compute_features, feature_set_for, open_tables, order_events, tables_from_arrow
from features.extracts import table_frame
from features.manifest import write_manifest
from features.query_plan import Shape, build_plan
from features.sources import ALL_MEASURES
from features.specs import FeatureSet
from tests.features.features_data import AS_OF, BASE, random_tables, to_arrow

DAY = timedelta(days=1)


def line(days_ago: float, **more: Any) -> dict[str, Any]:
    return {"customer_id": "a", "order_id": f"o{days_ago}", "occurred_at": AS_OF - days_ago * DAY, **more}


def frame_of(lines: list[dict[str, Any]], **others: Any) -> pd.DataFrame:
    with tables_from_arrow(to_arrow({"transactions": lines, **others})) as tables:
        return compute_features(tables, [AS_OF], feature_set_for(tables))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, table in to_arrow(random_tables(1)).items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    write_manifest(tmp_path)
    return tmp_path


def test_files_and_memory_give_the_same(folder: Path) -> None:
    with open_tables(folder, threads=2) as files, tables_from_arrow(to_arrow(random_tables(1))) as memory:
        assert files.shape == memory.shape
        assert files.span() == memory.span()
        left = compute_features(files, [AS_OF], feature_set_for(files))
        pd.testing.assert_frame_equal(left, compute_features(memory, [AS_OF], feature_set_for(memory)))
        pd.testing.assert_frame_equal(order_events(files), order_events(memory))


@pytest.mark.parametrize("name", ["transactions.parquet", "customers.parquet", "MANIFEST.json"])
def test_no_flipped_bit_is_read_as_other_data(folder: Path, name: str) -> None:
    file = folder / name
    whole = file.read_bytes()
    rng = np.random.default_rng(3)
    for place in rng.integers(0, len(whole) * 8, 60):
        broken = bytearray(whole)
        broken[place // 8] ^= 1 << (place % 8)
        file.write_bytes(broken)
        if name == "MANIFEST.json" and _same_json(broken, whole):
            continue  # a blank between two values
        with pytest.raises(DataError, match="run holdfast ingest"):
            open_tables(folder)
    file.write_bytes(whole)
    open_tables(folder).close()


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def test_a_missing_an_added_and_a_replaced_file_are_seen(folder: Path) -> None:
    with open_tables(folder) as tables:
        before = tables.span()
        (folder / "products.parquet").replace(folder / "aside")
        with pytest.raises(DataError, match="were replaced or taken away while they were in use; run it again"):
            table_frame(tables, "transactions", "occurred_at")
        earlier = tables.before(AS_OF, known_by=AS_OF)
        with pytest.raises(DataError, match="were replaced or taken away"):
            table_frame(earlier, "transactions", "occurred_at")
        earlier.close()
    with pytest.raises(DataError, match=r"products\.parquet is missing; run holdfast ingest again"):
        open_tables(folder)
    (folder / "aside").replace(folder / "products.parquet")
    with open_tables(folder) as tables:
        assert tables.span() == before
    (folder / "extra.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"extra\.parquet was added after the tables were written"):
        open_tables(folder)


def test_frame_has_the_contracts_types(folder: Path) -> None:
    with open_tables(folder) as tables:
        feature_set = feature_set_for(tables)
        frame = compute_features(tables, [AS_OF], feature_set)
    assert list(frame.columns) == ["customer_id", "as_of", *feature_set.names]
    assert frame["as_of"].dtype == "datetime64[us]" and frame["customer_id"].map(type).eq(str).all()
    for spec in feature_set:
        if spec.kind == "numeric":
            assert frame[spec.name].dtype == np.float64
            assert np.isfinite(frame[spec.name].dropna()).all()
            if not spec.null_means_en:
                assert frame[spec.name].notna().all(), spec.name
        else:
            assert all(value is None or isinstance(value, str) for value in frame[spec.name])


def test_what_is_not_given_is_absent() -> None:
    bare = {"customer_id": "a", "order_id": "1", "occurred_at": AS_OF - DAY}
    with tables_from_arrow(to_arrow({"transactions": [bare]})) as tables:
        names = feature_set_for(tables).names
    assert {"days_since_last_order", "orders_90d", "log_days"} <= set(names)
    assert not {"spend_90d", "complaints_30d", "products_ever", "visits_90d", "region", "price_level"} & set(names)
    for spec in (CATALOGUE[name].spec for name in names):
        assert spec.source == "transactions"


def test_a_feature_that_cannot_be_computed_is_missing() -> None:
    wanted = FeatureSet(tuple(CATALOGUE[name].spec for name in ("complaints_30d", "orders_7d", "region")))
    with tables_from_arrow(to_arrow({"transactions": [line(1)]})) as tables:
        frame = compute_features(tables, [AS_OF], wanted)
    assert list(frame.columns[2:]) == ["complaints_30d", "orders_7d", "region"]
    assert np.isnan(frame["complaints_30d"][0]) and frame["orders_7d"][0] == 1 and frame["region"][0] is None


def test_one_order_has_no_rhythm() -> None:
    row = frame_of([line(10, amount=Decimal(5))]).iloc[0]
    assert row["days_since_last_order"] == row["days_since_first_order"] == 10.0
    for name in ("mean_gap_days", "gap_cv", "overdue_ratio", "orders_trend_90d", "order_value_spread"):
        assert np.isnan(row[name]), name
    assert row["orders_ever"] == 1 and row["active_months_share"] == 1


def test_only_returns_is_a_customer_who_never_ordered() -> None:
    row = frame_of([line(10, amount=Decimal(-5))]).iloc[0]
    assert np.isnan(row["days_since_last_order"])
    assert (row["orders_ever"], row["returns_ever"], row["spend_ever"]) == (0, 1, -5)


def test_a_prospect_has_zeros_and_no_dates() -> None:
    frame = frame_of([line(10)], customers=[{"customer_id": "a"}, {"customer_id": "new", "region": "north"}])
    row = frame[frame["customer_id"] == "new"].iloc[0]
    assert row["orders_365d"] == 0 and np.isnan(row["days_since_first_order"]) and row["region"] == "north"


def test_without_any_transaction_customers_still_have_rows() -> None:
    empty = pa.table({"customer_id": [], "order_id": [], "occurred_at": pa.array([], pa.timestamp("us"))})
    with tables_from_arrow({"transactions": empty, "customers": pa.table({"customer_id": ["new"]})}) as tables:
        frame = compute_features(tables, [AS_OF], feature_set_for(tables))
        assert frame["orders_ever"].tolist() == [0.0] and frame["log_days"].isna().all()
        with pytest.raises(DataError, match="transactions is empty"):
            tables.span()


def test_windows_begin_at_whole_days() -> None:
    before = line(90) | {"order_id": "before", "occurred_at": AS_OF - 90 * DAY - timedelta(microseconds=1)}
    row = frame_of([line(7), line(90), before]).iloc[0]
    assert (row["orders_7d"], row["orders_90d"], row["orders_180d"]) == (1, 2, 3)


def test_large_amounts_stay_exact() -> None:
    lines = [line(i, amount=Decimal("99999999999.9999")) for i in range(1, 101)]
    assert frame_of(lines)["spend_ever"][0] == float(Decimal("99999999999.9999") * 100)


def test_cutoffs_may_carry_a_zone_and_repeat() -> None:
    shanghai = AS_OF.replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    with tables_from_arrow(to_arrow({"transactions": [line(1)]})) as tables:
        frame = compute_features(tables, [shanghai, AS_OF, pd.Timestamp(AS_OF)], feature_set_for(tables))
        assert frame["as_of"].tolist() == [AS_OF]
        assert tables.end("UTC") == AS_OF
        assert tables.end("Asia/Shanghai") == AS_OF - timedelta(hours=8)
        with pytest.raises(DataError, match="no cut-off"):
            compute_features(tables, [], feature_set_for(tables))


def test_end_is_the_midnight_after_the_last_event() -> None:
    late = {"customer_id": "a", "order_id": "1", "occurred_at": datetime(2024, 3, 9, 17, 30)}
    with tables_from_arrow(to_arrow({"transactions": [late]})) as tables:
        assert tables.end("UTC") == datetime(2024, 3, 10)
        assert tables.end("Asia/Shanghai") == datetime(2024, 3, 10, 16)


def test_many_cutoffs_are_computed_in_groups() -> None:
    cutoffs = [BASE + i * 40 * DAY for i in range(1, 16)]
    with tables_from_arrow(to_arrow(random_tables(2))) as tables:
        feature_set = feature_set_for(tables).select(["orders_ever", "price_level", "log_days"])
        frame = compute_features(tables, cutoffs, feature_set)
        last = compute_features(tables, cutoffs[-1:], feature_set)
    assert frame["as_of"].nunique() == 15
    pd.testing.assert_frame_equal(frame[frame["as_of"] == cutoffs[-1]].reset_index(drop=True), last)


def test_threads_may_ask_at_the_same_time() -> None:
    tables = to_arrow(random_tables(6))
    with tables_from_arrow(tables) as opened:
        feature_set = feature_set_for(opened)
        expected = compute_features(opened, [AS_OF], feature_set)

    def ask(_: int) -> pd.DataFrame:
        with tables_from_arrow(tables) as own:
            return compute_features(own, [AS_OF], feature_set)

    with ThreadPoolExecutor(4) as pool:
        for frame in pool.map(ask, range(8)):
            pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "no transactions are given; give the table transactions."),
        ({"orders": {}}, "no transactions are given"),
        ({"transactions": {"customer_id": ["a"], "order_id": ["1"]}}, "transactions has no column 'occurred_at'"),
        (
            {"transactions": {"customer_id": ["a"], "order_id": ["1"], "occurred_at": ["soon"]}},
            "transactions.occurred_at cannot be read as time",
        ),
        (
            {"transactions": {"customer_id": [None], "order_id": ["1"], "occurred_at": [AS_OF]}},
            "transactions.customer_id is missing in 1 of 1 rows",
        ),
        (
            {"transactions": {"customer_id": ["a"], "order_id": ["1"], "occurred_at": [AS_OF], "quantity": [np.inf]}},
            "transactions.quantity holds a number that is not finite",
        ),
        (
            {
                "transactions": {"customer_id": ["a"], "order_id": ["1"], "occurred_at": [AS_OF]},
                "customers": {"customer_id": ["a", "a"]},
            },
            "customers.customer_id is not unique",
        ),
    ],
)
def test_memory_that_breaks_the_contract_is_refused(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        tables_from_arrow({name: pa.table(columns) for name, columns in tables.items()})
    assert message in str(caught.value)


def test_an_unknown_table_is_refused() -> None:
    table = to_arrow({"transactions": [line(1)]})["transactions"]
    with pytest.raises(DataError, match="there is no table 'returns'"):
        tables_from_arrow({"transactions": table, "returns": table})


def test_files_that_break_the_contract_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no transactions\.parquet; run holdfast ingest first"):
        open_tables(tmp_path)
    good = {"customer_id": ["a"], "order_id": ["1"], "occurred_at": pa.array([AS_OF], pa.timestamp("us"))}
    pq.write_table(pa.table(good | {"amount": [1.5]}), tmp_path / "transactions.parquet")
    with pytest.raises(DataError, match=r"is not complete: it has no MANIFEST\.json; run holdfast ingest"):
        open_tables(tmp_path)
    write_manifest(tmp_path)
    with pytest.raises(DataError, match=r"column amount is DOUBLE, not DECIMAL\(18,4\)"):
        open_tables(tmp_path)
    pq.write_table(pa.table({"customer_id": ["a"]}), tmp_path / "transactions.parquet")
    with pytest.raises(DataError, match="is not what was written"):
        open_tables(tmp_path)
    write_manifest(tmp_path)
    with pytest.raises(DataError, match="no column 'order_id'"):
        open_tables(tmp_path)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/holdfast_should_not_exist.csv'",
        "ATTACH '/tmp/holdfast_should_not_exist.db'",
        "INSTALL httpfs",
        "SET enable_external_access=true",
        "SELECT * FROM secret",
    ],
)
def test_the_connection_can_only_compute(sql: str, tmp_path: Path) -> None:
    import duckdb

    secret = pa.table({"a": [1]})
    assert secret.num_rows == 1
    for connection in (connect(), connect(tmp_path)):
        with pytest.raises(duckdb.Error):
            connection.execute(sql).fetchall()
        connection.close()


def test_two_connections_never_spill_into_one_place() -> None:
    places = []
    for _ in range(2):
        connection = connect()
        places.append(Path(one(connection, "SELECT current_setting('temp_directory')")[0]))
        connection.close()
    assert places[0] != places[1]
    assert not any(place.exists() for place in places)


def test_nothing_sums_doubles() -> None:
    columns = tuple((name, tuple(table.column_names)) for name, table in to_arrow(random_tables(1)).items())
    steps = build_plan(Shape(columns, tuple(CATALOGUE), cutoffs=3))
    sums = [node for step in steps.steps() for node in step.expression.op().find((ops.Sum, ops.Mean, ops.Variance))]
    assert len(sums) > 100
    for node in sums:
        assert isinstance(node, ops.Sum)
        assert node.arg.dtype.is_integer() or node.arg.dtype.is_decimal() or node.arg.dtype.is_boolean(), node


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        (AS_OF - timedelta(microseconds=1), 0),
        (AS_OF - DAY, 0),
        (AS_OF - DAY - timedelta(microseconds=1), 1),
        (AS_OF - 36_500 * DAY, 36_499),
        (AS_OF - 36_500 * DAY - timedelta(microseconds=1), 36_500),
    ],
)
def test_ages_are_whole_days_back(moment: datetime, age: int) -> None:
    value = age_days(ibis.literal(moment, type="timestamp"), ibis.literal(AS_OF, type="timestamp"))
    sql = to_sql(ibis.table({"x": "int64"}, name="t").select(age=value, slice=slice_of(value)))
    connection = connect()
    found = connection.execute(f"WITH t AS (SELECT 1 AS x) {sql}").fetchone()
    connection.close()
    assert found == (age, sum(age >= bound for bound in BOUNDS))


def test_a_window_must_end_at_a_bound() -> None:
    with pytest.raises(ValueError, match=r"orders\.n: a window starts and ends at one of"):
        Row(ALL_MEASURES).sum("orders.n", 45)


def test_birthdays_and_other_columns_are_no_hindrance() -> None:
    profile = [{"customer_id": "a", "birthday": date(1990, 2, 3), "name": "A", "consent": "yes", "owner": None}]
    assert frame_of([line(1)], customers=profile)["orders_7d"].tolist() == [1.0]


def test_a_product_line_answers_only_its_own_question() -> None:
    """Premium and mass say nothing of main and auxiliary: the share is missing then, not zero."""
    products = [{"product_id": "p", "line": "premium"}, {"product_id": "m", "line": "大众"}]
    rows = [
        {"customer_id": "a", "order_id": f"o{i}", "occurred_at": BASE, "amount": Decimal(amount), "product_id": product}
        for i, (product, amount) in enumerate((("p", "30"), ("m", "10"), ("other", "60")))
    ]
    with tables_from_arrow(to_arrow({"transactions": rows, "products": products})) as opened:
        frame = compute_features(opened, [BASE + timedelta(days=1)], feature_set_for(opened))
    assert frame["premium_share_365d"].tolist() == [0.75]
    assert frame["main_share_365d"].isna().all()
