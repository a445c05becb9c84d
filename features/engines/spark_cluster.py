"""A small Spark cluster on this machine: a master and workers as processes of their own, on the loopback address.

It is meant for trying the Spark engine and for its tests; a company's own cluster is simply named by its address.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from configs.errors import HoldfastError
from features.engines.spark_engine import require_spark, spark_environment

HOST = "127.0.0.1"
START_SECONDS = 180
STOP_SECONDS = 15
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Options of Java for processes that live for minutes: starting quickly counts for more than running fast."""

UP = {"master": "I have been elected leader", "worker": "Successfully registered with master"}
"""What a process writes into its log when it is ready."""


@contextmanager
def local_cluster(
    *, workers: int = 2, cores: int = 1, memory: str = "1g", port: int = 0, folder: Path | None = None
) -> Iterator[str]:
    """Run a cluster for as long as the ``with`` block lasts; gives its address.

    Parameters
    ----------
    workers : int
        How many processes that compute.
    cores, memory : int, str
        What each of them may use.
    port : int
        Where the master listens; any free port by default.
    folder : Path, optional
        For logs and what the workers keep on the disk; a temporary one by default. It is removed afterwards if it is
        temporary.

    Raises
    ------
    SettingsError
        PySpark or Java is not there.
    HoldfastError
        A process did not start.
    """
    require_spark()
    port = port or _free_port()
    address = f"spark://{HOST}:{port}"
    scratch = folder or Path(tempfile.mkdtemp(prefix="holdfast-cluster-"))
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        master = ["master.Master", "--host", HOST, "--port", str(port), "--webui-port", "0"]
        _start(master, scratch, "master", running)
        for number in range(workers):
            place = ["--work-dir", str(scratch / f"work-{number}"), "--webui-port", "0"]
            worker = ["worker.Worker", "--host", HOST, "-c", str(cores), "-m", memory, *place, address]
            _start(worker, scratch, f"worker-{number}", running)
        # They start side by side: a worker asks again until its master is there.
        for name, process in running.items():
            _wait(process, scratch / f"{name}.log", name)
        yield address
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if folder is None:
            shutil.rmtree(scratch, ignore_errors=True)


def _start(arguments: list[str], scratch: Path, name: str, running: dict[str, subprocess.Popen[bytes]]) -> None:
    environment = os.environ | spark_environment() | {"SPARK_LOCAL_DIRS": str(scratch)}
    # They only hand out work: a small heap, and no time for optimising what runs once.
    environment |= {"SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": SHORT_LIVED}
    program = Path(environment["SPARK_HOME"]) / "bin" / "spark-class"
    command = ["bash", str(program), f"org.apache.spark.deploy.{arguments[0]}", *arguments[1:]]
    with (scratch / f"{name}.log").open("wb") as file:
        running[name] = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment, cwd=scratch)


def _wait(process: subprocess.Popen[bytes], log: Path, name: str) -> None:
    end = time.monotonic() + START_SECONDS
    while UP[name.split("-")[0]] not in (said := log.read_text(encoding="utf-8", errors="replace")):
        if process.poll() is not None or time.monotonic() > end:
            last = said.strip().splitlines()[-1:] or ["no output"]
            raise HoldfastError("spark_did_not_start", code="spark_failed", value=name, reason=last[0])
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])
