"""Spark as the engine: for logs that one machine does not hold.

The expressions are the same ones; ibis only compiles them to Spark SQL, and Spark executes it. The cluster must see the
Parquet files under the same path. Nothing is sent anywhere but between the driver and the cluster, and without another
setting the driver is reached on the loopback address alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from configs.errors import SettingsError
from configs.extras import DISTRIBUTION
from features.dialects import Dialect
from features.engines.protocol import Opener, Source, View, source_name
from features.statements import Statement

SESSION = {
    # Our timestamps are UTC without a zone; a Spark timestamp is a moment, shown in the session's zone.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    # An overflow, a wrong cast or a division by zero is an error, as in DuckDB, and never a silent null.
    "spark.sql.ansi.enabled": "true",
    # Decimals are multiplied exactly or not at all; by default Spark cuts decimals off to six places.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.adaptive.enabled": "true",
}
"""What the meaning of a statement depends on; set on every session, whatever the cluster's own defaults are."""

CONTEXT = {
    "spark.app.name": "holdfast",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.log.level": "ERROR",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",
    "spark.sql.catalogImplementation": "in-memory",
}
"""How the driver runs, where the caller and the environment say nothing else."""

PARTITIONS = "spark.sql.shuffle.partitions"
BYTES_PER_PARTITION = 16 << 20
FEWEST_PARTITIONS = 4

_lock = threading.Lock()
_users = 0
_made: Any = None
_scratch: Path | None = None


class SparkEngine:
    """The canonical tables in a Spark session of their own.

    Parameters
    ----------
    sources : mapping of str to Path or pyarrow.Table
        The tables.
    views : mapping of str to callable
        What stands for a table, see `features.engines.protocol.Opener`.
    master : str
        ``spark://host:port`` of a cluster, or ``local[2]`` for threads of this process.
    options : mapping of str to str, optional
        Further settings of Spark, such as ``spark.executor.memory``; they count when the first engine of this process
        is opened.

    Raises
    ------
    SettingsError
        PySpark or Java is not there, or Spark cannot be started.
    """

    dialect: Dialect = "spark"

    def __init__(
        self,
        sources: Mapping[str, Source],
        views: Mapping[str, View] | None = None,
        *,
        master: str,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._closed = False
        self._session = _session(master, dict(options or {}))
        if PARTITIONS not in (options or {}):
            self._session.conf.set(PARTITIONS, str(_partitions(sources)))
        views = views or {}
        for name, source in sources.items():
            inner = source_name(name) if name in views else name
            self._frame(source).createOrReplaceTempView(inner)
            if name in views:
                self._session.sql(views[name](self.dialect)).createOrReplaceTempView(name)

    def run(self, statements: Sequence[Statement], given: Mapping[str, pa.Table]) -> pa.Table:
        """See `features.engines.protocol.Engine.run`."""
        kept: dict[str, Any] = {}
        for name, table in given.items():
            self._frame(table).createOrReplaceTempView(name)
        try:
            for one in statements[:-1]:
                # Computed here and now: a plan that holds all earlier ones takes Spark longer than the data does.
                kept[one.name] = self._session.sql(one.sql).localCheckpoint()
                kept[one.name].createOrReplaceTempView(one.name)
                for done in one.drops:
                    self._forget(done, kept.pop(done))
            return _plain(self._session.sql(statements[-1].sql).toArrow())
        finally:
            for name, frame in kept.items():
                self._forget(name, frame)
            for name in given:
                self._session.catalog.dropTempView(name)

    def close(self) -> None:
        """Forget the tables; the last engine of the process stops Spark, if it was started here."""
        if not self._closed:
            self._closed = True
            _given_back()

    def _forget(self, name: str, frame: Any) -> None:
        self._session.catalog.dropTempView(name)
        frame._jdf.logicalPlan().rdd().unpersist(False)  # else its rows stay until Java collects the handle to them

    def _frame(self, source: Source) -> Any:
        if isinstance(source, Path):
            return self._session.read.parquet(source.resolve().as_uri())
        with warnings.catch_warnings():
            # It tells of pandas frames; only Arrow tables are given to Spark here.
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
            return self._session.createDataFrame(_moments(source))


def on_spark(master: str, options: Mapping[str, str] | None = None) -> Opener:
    """A Spark cluster, for `features.data.open_tables`."""
    return lambda sources, views: SparkEngine(sources, views, master=master, options=options)


def spark_missing() -> str | None:
    """Why Spark cannot run here; None where it can."""
    from importlib.util import find_spec

    if find_spec("pyspark") is None:
        return "the Python package pyspark, which the Spark engine needs, is not installed"
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        return "Java, which Spark needs, is not installed"
    return None


def require_spark() -> None:
    """Make sure that Spark can run here.

    Raises
    ------
    SettingsError
        PySpark or Java is not there.
    """
    missing = spark_missing()
    if missing is None:
        return
    if "pyspark" in missing:
        raise SettingsError("pyspark_missing", code="no_spark", distribution=DISTRIBUTION)
    raise SettingsError("java_missing", code="no_java")


def spark_environment() -> dict[str, str]:
    """Variables for processes of Spark: this PySpark, this Python, loopback only."""
    import pyspark

    home = str(Path(pyspark.__file__).parent)
    return {"SPARK_HOME": home, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}


def _session(master: str, options: dict[str, str]) -> Any:
    # One driver per process, as Spark wants it; a session per engine, so that their tables do not meet.
    require_spark()
    global _users, _made, _scratch
    with _lock:
        if _made is None:
            # Spilled rows speak of customers: a folder that only this user may read, gone when Spark stops.
            _scratch = Path(tempfile.mkdtemp(prefix="holdfast-spark-"))
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
                _made = _started(master, options, _scratch)
        session = _made.newSession()
        for name, value in SESSION.items():
            session.conf.set(name, value)
        _users += 1
    return session


def _started(master: str, options: dict[str, str], scratch: Path) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    for name, value in spark_environment().items():
        os.environ.setdefault(name, value)
    builder = SparkSession.builder.master(master)
    places = {"spark.local.dir": str(scratch), "spark.sql.warehouse.dir": str(scratch / "warehouse")}
    for name, value in (CONTEXT | SESSION | places | options).items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, OSError, _java_error()) as error:
        shutil.rmtree(scratch, ignore_errors=True)
        reason = str(error).strip().splitlines()[0]
        raise SettingsError(
            "spark_cluster_unreachable", code="spark_failed", field="--master", value=master, reason=reason
        ) from None


def _java_error() -> type[Exception]:
    from py4j.protocol import Py4JError

    error: type[Exception] = Py4JError
    return error


def _given_back() -> None:
    global _users, _made, _scratch
    with _lock:
        _users -= 1
        if _users == 0 and _made is not None:
            _made.stop()
            _made = None
            if _scratch is not None:
                shutil.rmtree(_scratch, ignore_errors=True)
                _scratch = None


def _partitions(sources: Mapping[str, Source]) -> int:
    # Spark's own 200 would spend its time on starting tasks where the log is small.
    sizes = [source.stat().st_size if isinstance(source, Path) else source.nbytes for source in sources.values()]
    return max(FEWEST_PARTITIONS, sum(sizes) // BYTES_PER_PARTITION)


def _moments(table: pa.Table) -> pa.Table:
    # A timestamp without zone would become another type of Spark's; ours are UTC.
    fields = [
        field.with_type(pa.timestamp("us", tz="UTC")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _plain(table: pa.Table) -> pa.Table:
    # Back to UTC without a zone.
    fields = [
        pa.field(field.name, pa.timestamp("us"))
        if pa.types.is_timestamp(field.type)
        else pa.field(field.name, field.type)
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
