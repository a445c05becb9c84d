"""What must not change a feature does not change a bit of it."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.feature_log import write_feature_log
from features import engine
from features.engine import compute_features, feature_set_for, open_tables, reference_prices, tables_from_arrow
from features.manifest import write_manifest
from features.specs import FeatureSet
from tests.features.features_data import AS_OF, BASE, Rows, random_tables, to_arrow

DAY = timedelta(days=1)
FEWER = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(min_value=0, max_value=10**6)


def small(seed: int, *, late: bool = False) -> dict[str, Rows]:
    return random_tables(seed, customers=3, orders=25, late=late)


def features(
    tables: dict[str, pa.Table], cutoffs: list[Any] | None = None, **options: Any
) -> tuple[pd.DataFrame, FeatureSet]:
    with tables_from_arrow(tables) as opened:
        feature_set = options.pop("feature_set", None) or feature_set_for(opened)
        return compute_features(opened, cutoffs or [AS_OF], feature_set, **options), feature_set


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@FEW
@given(seed=seeds)
def test_what_lies_after_the_cutoff_changes_nothing(seed: int) -> None:
    tables = small(seed, late=True)
    rng = random.Random(seed)
    hidden = small(seed + 1, late=True)
    changed: dict[str, Rows] = {name: list(rows) for name, rows in tables.items()}
    for name in ("transactions", "feedback", "interactions"):
        kept = []
        for row in changed[name]:
            if row["occurred_at"] >= AS_OF and rng.random() < 0.5:
                continue
            new = dict(row)
            for told in ("delivered_at", "resolved_at"):
                if new.get(told) is not None and new[told] >= AS_OF:
                    new[told] = rng.choice([None, new[told] + 3 * DAY])
            kept.append(new)
        for row in hidden[name]:
            if rng.random() < 0.5:
                moment = AS_OF + rng.random() * 90 * DAY
                kept.append(row | {"occurred_at": rng.choice([AS_OF, moment]), "recorded_at": None})
            elif row["occurred_at"] < AS_OF:
                kept.append(row | {"recorded_at": AS_OF + timedelta(microseconds=rng.choice([1, 10**9]))})
        changed[name] = kept
    # What is done later, and to whom nothing is done at all, changes nothing either.
    changed["treatments"] = [
        row for row in tables["treatments"] if row["treated_at"] < AS_OF and row["arm"] == "treated"
    ]
    changed["treatments"] += [row | {"treated_at": AS_OF + rng.random() * 90 * DAY} for row in hidden["treatments"]]
    same(features(to_arrow(tables))[0], features(to_arrow(changed))[0])


@FEW
@given(seed=seeds)
def test_row_order_changes_nothing(seed: int) -> None:
    tables = small(seed, late=True)
    shuffled = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in tables.items()}
    same(features(to_arrow(tables))[0], features(to_arrow(shuffled))[0])


@FEW
@given(seed=seeds, parts=st.integers(min_value=2, max_value=9))
def test_splitting_changes_nothing(seed: int, parts: int) -> None:
    tables = to_arrow(small(seed))
    split = {
        name: pa.concat_tables([table.slice(i * 7, 7) for i in reversed(range(0, table.num_rows // 7 + 1))])
        if parts % 2
        else pa.concat_tables(table.slice(start, parts) for start in range(0, table.num_rows, parts))
        for name, table in tables.items()
    }
    same(features(tables)[0], features(split)[0])


@FEW
@given(seed=seeds, shift=st.integers(min_value=-400, max_value=4000))
def test_shifting_by_whole_days_changes_only_the_calendar(seed: int, shift: int) -> None:
    tables = small(seed, late=True)
    moved = {
        name: [
            {k: v + shift * DAY if k.endswith("_at") and v is not None else v for k, v in row.items()} for row in rows
        ]
        for name, rows in tables.items()
    }
    before, feature_set = features(to_arrow(tables))
    after, _ = features(to_arrow(moved), [AS_OF + shift * DAY])
    lasting = ["customer_id", *(spec.name for spec in feature_set if not spec.name.startswith("as_of_season"))]
    same(before[lasting], after[lasting])


@FEWER
@given(seed=seeds, late=st.booleans())
def test_many_cutoffs_equal_single_ones(seed: int, late: bool) -> None:
    tables = to_arrow(small(seed, late=late))
    cutoffs = [AS_OF - 90 * DAY, AS_OF - 30 * DAY, AS_OF - timedelta(days=15, hours=5), AS_OF, AS_OF + 50 * DAY]
    together, _ = features(tables, cutoffs)
    single = pd.concat([features(tables, [cutoff])[0] for cutoff in cutoffs], ignore_index=True)
    same(together, single)


@FEW
@given(seed=seeds)
def test_late_rows_are_as_if_not_there_yet(seed: int) -> None:
    tables = small(seed, late=True)
    known = tables | {
        name: [r for r in tables[name] if r["recorded_at"] is None or r["recorded_at"] <= AS_OF]
        for name in ("transactions", "feedback", "interactions")
    }
    without = {name: [{k: v for k, v in r.items() if k != "recorded_at"} for r in known[name]] for name in known}
    if without["transactions"]:
        same(features(to_arrow(tables))[0], features(to_arrow(without))[0])


@FEW
@given(seed=seeds)
def test_prompt_records_go_the_fast_way_to_the_same_answer(seed: int) -> None:
    tables = small(seed)
    prompt = tables | {
        "transactions": [
            r | {"recorded_at": random.Random(i).choice([None, r["occurred_at"], r["occurred_at"] - DAY])}
            for i, r in enumerate(tables["transactions"])
        ]
    }
    same(features(to_arrow(tables))[0], features(to_arrow(prompt))[0])


@FEWER
@given(seed=seeds)
def test_stages_equal_one_statement(seed: int) -> None:
    tables = to_arrow(small(seed))
    with pytest.MonkeyPatch.context() as patch:
        whole, _ = features(tables, [AS_OF - 60 * DAY, AS_OF])
        patch.setattr(engine, "SMALL_ROWS", -1)
        staged, _ = features(tables, [AS_OF - 60 * DAY, AS_OF])
    same(whole, staged)


@FEWER
@given(seed=seeds, late=st.booleans())
def test_one_customer_inline_equals_the_batch_row(seed: int, late: bool) -> None:
    rows = small(seed, late=late)
    tables = to_arrow(rows)
    with tables_from_arrow(tables) as opened:
        feature_set = feature_set_for(opened)
        prices = reference_prices(opened, AS_OF)
        start = min(r["occurred_at"] for r in rows["transactions"])
        options: dict[str, Any] = {"reference_prices": prices, "log_start": start}
        batch = compute_features(opened, [AS_OF], feature_set, **options)
        picked = compute_features(opened, [AS_OF], feature_set, customers=["c1", "nobody"], **options)
    own = {
        name: table.filter(pa.compute.equal(table["customer_id"], "c1"))
        if "customer_id" in table.column_names
        else table
        for name, table in tables.items()
    }
    inline, _ = features(own, feature_set=feature_set, **options)
    expected = batch[batch["customer_id"] == "c1"].reset_index(drop=True)
    same(expected, inline)
    same(expected, picked)


def test_restricting_to_customers_keeps_everybody_in_the_reference_prices() -> None:
    tables = to_arrow(random_tables(4))
    whole, _ = features(tables)
    some, _ = features(tables, customers=["c2", "c0"])
    same(whole[whole["customer_id"].isin(["c0", "c2"])].reset_index(drop=True), some)


@pytest.mark.slow
def test_threads_and_files_change_nothing(tmp_path: Path) -> None:
    write_feature_log(tmp_path, lines=300_000, customers=700)
    table = pq.read_table(tmp_path / "transactions.parquet")
    cutoffs = [BASE + 400 * DAY, BASE + 700 * DAY]
    frames = []
    for threads in (1, 2, 2):
        with open_tables(tmp_path, threads=threads) as opened:
            feature_set = feature_set_for(opened)
            frames.append(compute_features(opened, cutoffs, feature_set))
    # The same lines in another order and in other row groups.
    pq.write_table(
        table.sort_by([("product_id", "ascending")]), tmp_path / "transactions.parquet", row_group_size=9_999
    )
    write_manifest(tmp_path)
    with open_tables(tmp_path, threads=2) as opened:
        frames.append(compute_features(opened, cutoffs, feature_set))
    for frame in frames[1:]:
        same(frames[0], frame)


def test_a_time_between_cutoffs_counts_where_it_should() -> None:
    line = {"customer_id": "a", "order_id": "1", "occurred_at": AS_OF - DAY, "amount": Decimal("10")}
    frame, _ = features(
        to_arrow({"transactions": [line]}), [AS_OF - DAY, AS_OF - DAY + timedelta(microseconds=1), AS_OF]
    )
    # Strictly before: not at its own moment, but a microsecond later.
    assert frame["as_of"].tolist() == [AS_OF - DAY + timedelta(microseconds=1), AS_OF]
    assert frame["orders_7d"].tolist() == [1.0, 1.0]
    assert frame["days_since_last_order"].tolist() == [1 / 86_400e6, 1.0]
