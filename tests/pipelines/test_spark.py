"""Spark on the command line: what is asked for is checked, and the laptop's cluster comes and goes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from configs.errors import SettingsError
from features.engines.spark_engine import spark_missing
from pipelines.spark import chosen_engine
from tests.required import require


def test_an_engine_and_its_address_belong_together() -> None:
    assert chosen_engine("duckdb", None) is None
    with pytest.raises(SettingsError, match="the Spark engine needs the address of a cluster; give --master, such as"):
        chosen_engine("spark", None)
    with pytest.raises(SettingsError, match="--master is for the Spark engine; give --engine spark with it"):
        chosen_engine("duckdb", "spark://127.0.0.1:7077")


@pytest.mark.slow
@pytest.mark.spark
def test_the_cluster_listens_on_loopback_and_ends_with_its_command() -> None:
    require("spark", spark_missing())
    command = [sys.executable, "-m", "pipelines", "spark-cluster", "--workers", "1", "--port", "0"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        address = running.stdout.readline().strip()
        assert address.startswith("spark://127.0.0.1:")
        place = ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        socket.create_connection(place, timeout=5).close()
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
        with pytest.raises(OSError):
            socket.create_connection(place, timeout=5)
    finally:
        running.kill()
        running.communicate()
