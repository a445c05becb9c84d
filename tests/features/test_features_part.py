"""A few customers taken out of the tables: the same features, from their own rows."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.simulator import SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from features.data import Tables, checked_table
from features.engine import compute_features, feature_set_for, open_tables, tables_from_arrow
from features.extracts import table_frame
from features.manifest import write_manifest
from features.part import part_of
from features.statements import FOLDER, Plan, Statement, Step

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


def test_a_plan_is_built_once_per_folder_and_a_damaged_one_again(tmp_path: Path) -> None:
    built: list[int] = []

    def build() -> Step:
        built.append(1)
        return Step("a", ibis.table({"a": "int64"}, name="t").select("a"), drops=("b",))

    def statements(key: int, work: Path | None) -> tuple[Statement, ...]:
        return Plan((key,), build).statements("duckdb", work)  # a plan as another process makes it

    made = (Statement("a", 'SELECT * FROM "t" AS "t0"', ("b",)),)
    for _ in range(2):
        assert statements(1, tmp_path) == made
    assert len(built) == 1
    statements(2, tmp_path)
    assert len(built) == 2
    for file in (tmp_path / FOLDER).iterdir():
        file.write_bytes(file.read_bytes().replace(b"SELECT", b"DELETE"))
    assert statements(1, tmp_path) == made and len(built) == 3
    assert statements(1, None) == made and len(built) == 4
    assert statements(1, tmp_path / "gone" / "further") == made
    plan = Plan((1,), build)
    assert plan.statements("spark") != made == plan.statements("duckdb")
    assert len({plan.statements("duckdb"), plan.statements("duckdb")}) == 1 and len(built) == 7


def test_what_is_asked_of_a_work_folder_again_imports_no_compiler(tmp_path: Path) -> None:
    folder = tmp_path / "canonical"
    folder.mkdir()
    for name, frame in simulate(COMPANY).items():
        if name in NAMES:
            pq.write_table(checked_table(name, to_arrow(name, frame)), folder / f"{name}.parquet")
    write_manifest(folder)
    code = """if True:
        import sys
        from datetime import datetime
        from pathlib import Path
        from features.engine import compute_features, feature_set_for, open_tables, order_events
        from features.part import part_of

        then, now = datetime(2024, 6, 1), datetime(2024, 9, 1)
        with open_tables(Path(sys.argv[1])) as tables, part_of(tables, [sys.argv[2]]) as part:
            asked = [part, tables, tables.before(then, known_by=now), part.before(then, known_by=now)]
            for one in asked:
                order_events(one, until=now)
                compute_features(one, [then, now], feature_set_for(one))
        print("ibis" in sys.modules)
    """
    with open_tables(folder) as tables:
        customer = customers_of(tables)[0]
    command = [sys.executable, "-c", code, str(folder), customer]
    told = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    assert told == ["True", "False"]
