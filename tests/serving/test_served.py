"""The service over HTTP, in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SERVE = """
import sys
from configs.errors import HoldfastError
from configs.settings import load_settings
from serving.run import serve
try:
    serve(load_settings(sys.argv[1]), port=int(sys.argv[2]))
except HoldfastError as error:
    sys.exit(f"{error.code}: {error}")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    """A running service."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def post(self, path: str, document: Any, **headers: str) -> tuple[int, Any]:
        status, _, body = self.send("POST", path, json.dumps(document).encode(), **headers)
        return status, body


def start(config: Path, log: Path) -> Served:
    port = free_port()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(config), str(port)], stdout=out, stderr=subprocess.STDOUT, cwd=log.parent,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
    served = Served(port, process, log)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if served.send("GET", "/readyz")[0] == 200:
                return served
        except OSError:
            pass
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"not ready: {log.read_text()}")


@pytest.fixture(scope="module")
def served(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    service = start(trained.settings.root / "holdfast.yaml", tmp_path_factory.mktemp("served") / "service.log")
    yield service
    service.process.send_signal(signal.SIGTERM)
    try:
        assert service.process.wait(30) == 0
        assert len(service.log.read_text().splitlines()) == 1  # where it listened, and nothing when it stopped
    finally:
        service.process.kill()


def test_scores_by_id_and_by_history_are_those_of_the_core(
    served: Served, core: Any, history: Any, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serving.core import utc_now
    from serving.schemas import ScoreRequest

    monkeypatch.setattr(core, "clock", utc_now)  # a process of its own knows no other

    document = {
        "customers": [{"customer_id": "c0001"}, history("c0002")],
        "as_of": f"{trained.end.isoformat()}Z",
        "lang": "zh",
    }
    status, body = served.post("/v1/score", document)
    assert status == 200
    expected = core.score(ScoreRequest.model_validate_json(json.dumps(document)))
    assert body == json.loads(expected.model_dump_json())
    assert [result["customer_id"] for result in body["results"]] == ["c0001", "c0002"]


def test_model_says_what_is_loaded(served: Served, trained: Any) -> None:
    status, body = served.post("/v1/model", {})
    assert (status, body["model_version"], body["by_id"]) == (200, trained.bundle_id, True)


def test_errors_come_in_the_envelope(served: Served) -> None:
    status, headers, body = served.send("POST", "/v1/score", b'{"customers": []}', **{"Accept-Language": "zh"})
    assert (status, body["error"]["code"]) == (400, "invalid_request")
    assert body["error"]["request_id"] == headers["x-request-id"] and "server" not in headers
    assert served.send("GET", "/")[0] == 404
    assert served.send("GET", "/metrics")[0] == 404
    assert (
        served.send("POST", "/v1/score", b"\x80\x04.", **{"Content-Type": "application/vnd.bentoml+pickle"})[0] == 415
    )


def test_a_large_body_is_cut_off_early(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1073741824\r\n\r\n{"
        )
        answer = b""
        while part := connection.recv(65536):  # until the service closes the connection
            answer += part
        assert answer.startswith(b"HTTP/1.1 413") and b"body_too_large" in answer


def test_it_listens_on_this_machine_only(served: Served) -> None:
    import psutil

    listening = {
        (entry.laddr.ip, entry.laddr.port)
        for process in [
            psutil.Process(served.process.pid),
            *psutil.Process(served.process.pid).children(recursive=True),
        ]
        for entry in process.net_connections(kind="inet")
        if entry.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", served.port)}


def test_several_callers_at_once_get_their_own_answers(served: Served, trained: Any) -> None:
    names = [f"c{number:04d}" for number in range(0, 48, 4)]
    found: dict[str, Any] = {}

    def call(name: str) -> None:
        status, body = served.post("/v1/score", {"customers": [{"customer_id": name}]})
        found[name] = (status, body["results"][0]["customer_id"])

    threads = [threading.Thread(target=call, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {name: (200, name) for name in names}


def test_the_log_holds_no_customer_and_one_line_of_where_it_listens(served: Served) -> None:
    canary = "canary-5517"
    served.post("/v1/score", {"customers": [{"customer_id": canary}]})
    served.post("/v1/score", {"customers": [{"customer_id": canary, canary: 1}]})
    served.send("POST", f"/{canary}", b"{}")
    served.send("POST", "/v1/score", f'{{"customers": "{canary}'.encode())
    log = served.log.read_text()
    assert canary not in log and "c0001" not in log
    assert log.count(f"http://127.0.0.1:{served.port}") == 1 and len(log.splitlines()) == 1


def test_memory_stays_bounded(served: Served) -> None:
    import psutil

    process = psutil.Process(served.process.pid)
    before = process.memory_info().rss
    rows = b'{"customers": [' + b",".join([b'{"customer_id": 1}'] * 300_000) + b"]}"
    started = time.perf_counter()
    status, _, body = served.send("POST", "/v1/score", rows)
    assert (status, body["error"]["code"]) == (400, "invalid_request") and time.perf_counter() - started < 5
    assert len(json.dumps(body)) < 8_192
    for number in range(300):
        assert served.send("GET", f"/nothing/{number}")[0] == 404
    assert process.memory_info().rss - before < 300 << 20


def test_a_port_in_use_is_told_at_once(trained: Any, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-c", SERVE, str(trained.settings.root / "holdfast.yaml"), str(taken.getsockname()[1])],
            capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
    assert done.returncode == 1 and "address_in_use" in done.stderr and "Traceback" not in done.stderr


def test_a_service_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "holdfast.yaml").write_text("data: {transactions: {path: lines.csv}}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "holdfast.yaml"), str(free_port())],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert "bundle_missing" in done.stderr and "holdfast train" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def follower(place: Any, tmp_path: Path) -> Iterator[Served]:
    """A service over a copy of the company that may be changed."""
    service = start(place.root / "holdfast.yaml", tmp_path / "follower.log")
    yield service
    service.process.send_signal(signal.SIGTERM)
    try:
        assert service.process.wait(30) == 0
        assert list((place.work / ".served").iterdir()) == []
    finally:
        service.process.kill()


def get(service: Served, path: str) -> tuple[int, Any]:
    status, _, body = service.send("GET", path)
    return status, body


def test_every_answer_is_of_one_state_while_new_data_come(
    follower: Served, place: Any, trained: Any, write: Any, newer: Any
) -> None:
    assert get(follower, "/readyz") == (200, {"status": "stale", "reasons": ["stale_data"]})
    states: set[tuple[str, float]] = set()
    wrong: list[Any] = []
    done = threading.Event()

    def call() -> None:
        body = {"customers": [{"customer_id": name} for name in ("c0001", "c0007")]}
        while not done.is_set():
            status, answer = follower.post("/v1/score", body)
            if status != 200:
                wrong.append(answer)
                return
            states.add((answer["as_of"], answer["results"][0]["expected_orders"]))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    _, card = follower.post("/v1/model", {})
    write(place.canonical, newer)
    deadline = time.monotonic() + 60
    while follower.post("/v1/model", {})[1]["data_manifest"] == card["data_manifest"]:
        assert time.monotonic() < deadline, follower.log.read_text()
        time.sleep(0.1)
    time.sleep(0.3)
    done.set()
    for caller in callers:
        caller.join(60)
    assert wrong == [] and len(states) == 2 and len({as_of for as_of, _ in states}) == 2
    shutil.rmtree(place.canonical)
    status, body = get(follower, "/readyz")
    assert (status, body["error"]["code"]) == (503, "data_missing")
    status, body = follower.post("/v1/score", {"customers": [{"customer_id": "c0001"}], "lang": "zh"})
    assert (status, body["error"]["code"]) == (503, "data_missing") and "holdfast ingest" in body["error"]["remedy"]
    write(place.canonical, trained.rows)
    deadline = time.monotonic() + 60
    while get(follower, "/readyz") != (200, {"status": "stale", "reasons": ["stale_data"]}):
        assert time.monotonic() < deadline, follower.log.read_text()
        time.sleep(0.1)
    log = follower.log.read_text()
    assert (
        "Traceback" not in log and "c0001" not in log and log.count("now serving model") in (1, 2)
    )  # told after the swap


def test_a_strangers_name_for_this_machine_is_refused(follower: Served) -> None:
    for host, status in (("rebound.example.com", 400), ("localhost", 200)):
        connection = http.client.HTTPConnection("127.0.0.1", follower.port, timeout=60)
        connection.putrequest("GET", "/livez", skip_host=True)
        connection.putheader("Host", f"{host}:{follower.port}")
        connection.endheaders()
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        assert answer.status == status and (status == 200 or body["error"]["code"] == "wrong_host")


def test_many_large_bodies_of_tiny_values_cost_nothing(follower: Served) -> None:
    import psutil

    watched = psutil.Process(follower.process.pid)
    before, peak, slowest = watched.memory_info().rss, 0, 0.0
    body = b"[" + b"[]," * 2_700_000 + b"[]]"
    answers: list[tuple[int, str]] = []

    def call() -> None:
        status, _, answer = follower.send("POST", "/v1/score", body)
        answers.append((status, answer["error"]["code"]))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    while any(caller.is_alive() for caller in callers):
        started = time.perf_counter()
        assert get(follower, "/livez")[0] == 200
        slowest = max(slowest, time.perf_counter() - started)
        peak = max(peak, watched.memory_info().rss)
    assert answers == [(413, "too_many_values")] * 4
    assert peak - before < 4 * 3 * len(body), f"{(peak - before) >> 20} MB more, /livez {slowest:.3f} s"
