"""Spark on the command line: which engine a verb uses, and a small cluster on this machine."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from configs.errors import SettingsError
from pipelines.options import example

if TYPE_CHECKING:
    from features.engines.protocol import Opener


def chosen_engine(engine: Literal["duckdb", "spark"], master: str | None) -> Opener | None:
    """The engine of `--engine` and `--master`; None for DuckDB.

    Raises
    ------
    SettingsError
        Spark without an address, an address without Spark, or Spark is not installed.
    """
    if engine == "duckdb":
        if master is not None:
            raise SettingsError("master_without_spark", field="--master", value=master)
        return None
    if master is None:
        raise SettingsError("spark_without_master", field="--master")
    from features.engines.spark_engine import on_spark, require_spark

    require_spark()
    return on_spark(master)


def add_spark(app: typer.Typer) -> None:
    """Add the verb that runs a cluster."""

    @app.command(epilog=example("holdfast spark-cluster --workers 2"))
    def spark_cluster(
        workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that compute.")] = 2,
        cores: Annotated[int, typer.Option("--cores", min=1, help="Cores of each.")] = 1,
        memory: Annotated[str, typer.Option("--memory", help="Memory of each, like 2g.")] = "1g",
        port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the master; 0: any free.")] = 7077,
    ) -> None:
        """Run a Spark cluster on this machine, on the loopback address, until Ctrl-C: to try the Spark engine."""
        from features.engines.spark_cluster import local_cluster

        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        with local_cluster(workers=workers, cores=cores, memory=memory, port=port) as address:
            typer.echo(address)
            stopped.wait()
