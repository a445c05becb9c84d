"""Compiled SQL per dialect is a file; a change of it is seen in review. `UPDATE_GOLDEN=1 pytest` writes it anew."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import get_args

import pytest
import sqlglot

from features.catalog import CATALOGUE
from features.category_extracts import categories_relation, items_relation
from features.data import rows_before
from features.dialects import Dialect
from features.extracts import (
    answers_relation,
    customer_types,
    first_customers,
    purchases_relation,
    treatments_relation,
    wanted_rows,
    whole_table,
    windows_relation,
)
from features.figure_extracts import followed_relation, returned_relation
from features.people_extracts import last_looks_relation, looked_relation, referrals_relation
from features.query_plan import Shape, build_plan, events_plan, hidden_plan, log_starts_plan, prices_plan
from features.relations import extent, late_lines
from features.statements import Plan, Step
from features.tables import TABLES

GOLDEN = Path(__file__).parent / "golden"
COLUMNS = tuple(
    (name, tuple(column for column in TABLES[name].by_name if column not in ("currency", "line_id", "text", "name")))
    for name in ("transactions", "customers", "products", "feedback", "interactions", "treatments")
)
FROM_PRODUCTS = tuple(
    (name, tuple(column for column in columns if (name, column) != ("transactions", "category")))
    for name, columns in COLUMNS
)
MOMENT = datetime(2024, 3, 1)
JANUARY = (("2024-01", (datetime(2024, 1, 1), datetime(2024, 2, 1))),)
SOME = ("orders_90d", "spend_90d", "days_since_last_order", "price_level", "categories_ever", "new_products_90d")


def before(name: str) -> Plan:
    return rows_before(name, dict(COLUMNS)[name], datetime(2024, 3, 1), datetime(2024, 6, 1))


def steps() -> dict[str, Step]:
    whole = {step.name: step for step in build_plan(Shape(COLUMNS, tuple(CATALOGUE), cutoffs=2, trimmed=False)).steps()}
    others = [events_plan(COLUMNS), hidden_plan(COLUMNS), log_starts_plan(COLUMNS), prices_plan(COLUMNS, 2)]
    others += [extent(COLUMNS), late_lines(COLUMNS)]
    others += [
        whole_table(COLUMNS, "customers", ("customer_id",)),
        wanted_rows(COLUMNS, "feedback"),
        first_customers(COLUMNS, 3),
        customer_types(COLUMNS),
        treatments_relation(COLUMNS, MOMENT),
        purchases_relation(COLUMNS, MOMENT, "product_id", 730),
        windows_relation(FROM_PRODUCTS, MOMENT, "category", (("now", (datetime(2024, 1, 1), MOMENT)),)),
        answers_relation(COLUMNS, MOMENT),
        referrals_relation(COLUMNS, MOMENT, False),
        referrals_relation(COLUMNS, MOMENT, True),
        last_looks_relation(COLUMNS, MOMENT),
        looked_relation(COLUMNS, MOMENT, "product_id", 60),
        followed_relation(COLUMNS, MOMENT, ("cart",), 7, JANUARY),
        returned_relation(COLUMNS, MOMENT, 90, JANUARY),
        items_relation(COLUMNS, MOMENT, "product_id"),
        categories_relation(COLUMNS, MOMENT, "product_id", 365),
    ]
    late = Shape(FROM_PRODUCTS, SOME, restricted=True, late=True, prices_given=True, staged=False)
    built = [step for plan in others for step in plan.steps()]
    earlier = {f"before_{name}": before(name).steps()[0] for name in ("feedback", "treatments")}
    return whole | {step.name: step for step in built} | earlier | {"one_statement": build_plan(late).steps()[0]}


DIALECTS: tuple[Dialect, ...] = get_args(Dialect)
STEPS = steps()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STEPS)
def test_sql_is_the_golden_one(name: str, dialect: Dialect) -> None:
    sql = STEPS[name].sql(dialect, pretty=True) + "\n"
    file = GOLDEN / f"{name}.{dialect}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(sql, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == sql, f"the SQL of {name} changed; if meant, run with UPDATE_GOLDEN=1"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STEPS)
def test_sql_is_of_its_dialect(name: str, dialect: Dialect) -> None:
    tree = sqlglot.parse_one(STEPS[name].sql(dialect), read=dialect)
    # Sums of doubles would depend on the number of threads: what is summed is whole, decimal or a count.
    assert tree.find(sqlglot.exp.Select) is not None
    assert not list(tree.find_all(sqlglot.exp.Avg, sqlglot.exp.Stddev, sqlglot.exp.Variance))


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{dialect}.sql" for name in STEPS for dialect in DIALECTS}
    assert {file.name for file in GOLDEN.iterdir()} == expected
