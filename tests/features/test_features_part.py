"""A few customers taken out of the tables: the same features, from their own rows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from benchmarks.simulator import SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from features.data import Tables
from features.engine import compute_features, feature_set_for, tables_from_arrow
from features.extracts import table_frame
from features.part import part_of
from features.statements import FOLDER, kept_statement

COMPANY = SimulationSettings(customers=150, weeks=60, future_weeks=0, campaigns=(), seed=2)
NAMES = ("transactions", "customers", "products", "feedback", "interactions")


def lines_of(tables: Tables) -> pd.DataFrame:
    found = table_frame(tables, "transactions", "customer_id")
    assert found is not None
    return found


def customers_of(tables: Tables) -> list[str]:
    return sorted(set(lines_of(tables)["customer_id"]))


@pytest.fixture(scope="module", params=[False, True], ids=["at once", "recorded late"])
def tables(request: pytest.FixtureRequest) -> Tables:
    given = {name: to_arrow(name, frame) for name, frame in simulate(COMPANY).items() if name in NAMES}
    if request.param:
        lines = given["transactions"].to_pandas()
        late = pd.to_timedelta(lines.index % 7, unit="D")
        moments = pa.array(lines["occurred_at"] + late, pa.timestamp("us"))
        given["transactions"] = given["transactions"].append_column("recorded_at", moments)
    return tables_from_arrow(given)


def test_a_part_has_the_rows_of_its_customers_and_their_products_alone(tables: Tables) -> None:
    names = customers_of(tables)[:2]
    with part_of(tables, names) as part:
        assert part.memory is not None
        for name in NAMES:
            if name != "products":
                assert set(part.memory[name]["customer_id"].to_pylist()) <= set(names)
        bought = set(part.memory["transactions"]["product_id"].to_pylist())
        assert set(part.memory["products"]["product_id"].to_pylist()) == bought
        assert part.memory["transactions"].num_rows < len(lines_of(tables))


def test_a_part_gives_the_features_of_the_whole_also_as_of_an_earlier_state(tables: Tables) -> None:
    features = feature_set_for(tables)
    then, now = COMPANY.end - timedelta(days=60), COMPANY.end
    names = customers_of(tables)[:40]
    whole = compute_features(tables, [then, now], features, customers=names)
    with part_of(tables, names) as part:
        pd.testing.assert_frame_equal(compute_features(part, [then, now], features), whole, check_exact=True)
        with tables.before(then, known_by=now) as earlier, part.before(then, known_by=now) as part_earlier:
            pd.testing.assert_frame_equal(
                compute_features(part_earlier, [then, now], features),
                compute_features(earlier, [then, now], features, customers=names),
                check_exact=True,
            )


def test_a_statement_is_compiled_once_and_a_damaged_one_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def compiled() -> str:
        calls.append(1)
        return "SELECT 1"

    for _ in range(2):
        assert kept_statement(tmp_path, ("a", 1), compiled) == "SELECT 1"
    assert len(calls) == 1
    kept_statement(tmp_path, ("a", 2), compiled)
    assert len(calls) == 2
    for file in (tmp_path / FOLDER).iterdir():
        file.write_bytes(file.read_bytes().replace(b"SELECT 1", b"SELECT 2"))
    assert kept_statement(tmp_path, ("a", 1), compiled) == "SELECT 1" and len(calls) == 3
    assert kept_statement(None, ("a", 1), compiled) == "SELECT 1" and len(calls) == 4
    assert kept_statement(tmp_path / "gone" / "further", ("a", 1), compiled) == "SELECT 1"
