"""A bento serves from an environment that does not have this checkout."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@dataclass
class Away:
    """A bento and a Python that knows the installed packages but not this checkout."""

    python: Path
    tag: str
    source: Path
    home: Path
    folder: Path

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return kept | {"BENTOML_HOME": str(self.home), "BENTOML_DO_NOT_TRACK": "True"}


@pytest.fixture(scope="module")
def away(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Away:
    """The bento of the company, and a virtual environment elsewhere.

    The environment's path file names the installed packages as a plain folder, so the path files in there (among them
    the one that makes this checkout importable) are not read.
    """
    import sysconfig

    from serving.bento import build_bento

    folder = tmp_path_factory.mktemp("away")
    built = build_bento(trained.settings, home=folder / "bentoml")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python"
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (Path(place) / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Away(python, built.tag, built.path / "src", folder / "bentoml", folder)


def test_the_environment_has_no_checkout(away: Away) -> None:
    done = subprocess.run(
        [away.python, "-c", "import pydantic, serving"], capture_output=True, text=True, cwd=away.folder,
        env=away.environment(), check=False,
    )  # fmt: skip
    assert "No module named 'serving'" in done.stderr


def test_the_bento_holds_the_model_and_no_customer(away: Away, trained: Any) -> None:
    files = {path.relative_to(away.source).as_posix() for path in away.source.rglob("*") if path.is_file()}
    assert f"holdfast_model/bundle/{trained.bundle_id}/MANIFEST.json" in files
    assert {"serving/service.py", "holdfast_model/settings.json", "holdfast_model/company/company.json"} <= files
    tops = {name.split("/")[0] for name in files}
    assert tops <= {"configs", "features", "models", "retention", "serving", "holdfast_model", "bentofile.yaml"}
    assert not any(name.endswith((".pyc", "transactions.parquet", "customers.parquet")) for name in files)
    text = (away.source / "holdfast_model" / "settings.json").read_text(encoding="utf-8")
    assert str(trained.settings.root) not in text and "lines.csv" not in text
    for file in away.source.rglob("holdfast_model/company/*"):
        assert b"c0001" not in file.read_bytes()


@dataclass
class Service:
    """A running bento."""

    port: int

    def post(self, path: str, document: Any) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module", params=["python -m serving", "bentoml serve"])
def service(away: Away, request: pytest.FixtureRequest) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if request.param == "python -m serving":
        command = [str(away.python), "-m", "serving", "--port", str(port)]
        folder = away.source
    else:
        command = [str(away.python), "-m", "bentoml", "serve", away.tag, "--host", "127.0.0.1", "--port", str(port)]
        folder = away.folder
    log = away.folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=away.environment(), stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    running = Service(port)
    try:
        deadline = time.monotonic() + 150
        while True:
            try:
                if running.status("/readyz") == 200:
                    break
            except OSError:
                pass
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield running
        assert "c0001" not in log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_bento_answers_by_history_as_at_home(service: Service, core: Any, history: Any, trained: Any) -> None:
    from serving.schemas import ScoreRequest

    document = {"customers": [history("c0001"), history("c0002")], "as_of": f"{trained.end.isoformat()}Z", "lang": "zh"}
    status, body = service.post("/v1/score", document)
    expected = core.score(ScoreRequest.model_validate_json(json.dumps(document)))
    assert (status, body) == (200, json.loads(expected.model_dump_json()))


def test_a_bento_refuses_what_the_service_refuses(service: Service, trained: Any) -> None:
    status, body = service.post("/v1/score", {"customers": [{"customer_id": "c0001"}]})
    assert (status, body["error"]["code"]) == (422, "history_needed")
    status, body = service.post("/v1/score", {"customers": [{"customer_id": 1}]})
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    assert [service.status(path) for path in ("/", "/metrics", "/docs.json", "/livez")] == [404, 404, 404, 200]
    status, body = service.post("/v1/model", {})
    assert (status, body["model_version"], body["by_id"]) == (200, trained.bundle_id, False)
