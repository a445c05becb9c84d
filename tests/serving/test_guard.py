"""The door: what does not pass gets the one envelope, and never a 5xx."""

from __future__ import annotations

import json
import logging
import random
import sys
import time
from typing import Any

import pytest

from serving.texts import ERRORS

GOOD = {"customers": [{"customer_id": "c1"}], "as_of": "2024-01-01T00:00:00Z"}
HISTORY = {
    "customers": [
        {
            "customer_id": "c1",
            "orders": [
                {"order_id": "o1", "occurred_at": "2023-05-01T10:00:00+08:00", "amount": 12.5, "quantity": 2},
                {"order_id": "o2", "occurred_at": "2023-06-01", "amount": -2, "product_id": "p"},
            ],
            "feedback": [{"kind": "complaint", "occurred_at": "2023-06-02", "score": 1}],
            "interactions": [{"kind": "visit", "occurred_at": "2023-06-02T08:00"}],
            "profile": {"customer_type": "enterprise", "birthday": "1990-02-28"},
        }
    ],
    "lang": "zh",
}


def body_with(path: str, value: str) -> bytes:
    """`HISTORY` as text with one value replaced by raw JSON."""
    document = json.loads(json.dumps(HISTORY))
    place: Any = document
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = "@@"
    return json.dumps(document).replace('"@@"', value).encode()


LINE = "customers.0.orders.0"
MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not_json"),
    "not JSON": (b"customers", "not_json"),
    "cut off": (json.dumps(GOOD).encode()[:-3], "not_json"),
    "two documents": (b"{}{}", "not_json"),
    "bad UTF-8": (b'{"customers": "\xff\xfe"}', "not_utf8"),
    "overlong UTF-8": (b'{"customers": "\xc0\xaf"}', "not_utf8"),
    "byte order mark": (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), "byte_order_mark"),
    "UTF-16": (json.dumps(GOOD).encode("utf-16"), "not_utf8"),
    "UTF-16 without mark": (json.dumps(GOOD).encode("utf-16-le"), "not_json"),
    "control character": (b'{"customers": "a\x00"}', "not_json"),
    "list": (b"[]", "invalid_request"),
    "null": (b"null", "invalid_request"),
    "text": (b'"x"', "invalid_request"),
    "number": (b"1", "invalid_request"),
    "nested 100": (b"[" * 100 + b"]" * 100, "too_deep"),
    "nested 500": (b'{"customers":' + b"[" * 500 + b"]" * 500 + b"}", "too_deep"),
    "nested 100,000": (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    "nested objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
    "integer of 5,000 digits": (body_with(f"{LINE}.amount", "1" * 5000), "not_finite"),
    "integer of 300 digits": (body_with(f"{LINE}.quantity", "1" * 300), "invalid_request"),
    "decimal of 5,000 digits": (body_with(f"{LINE}.amount", "0." + "1" * 5000), "not_finite"),
    "NaN": (body_with(f"{LINE}.amount", "NaN"), "not_finite"),
    "Infinity": (body_with(f"{LINE}.quantity", "Infinity"), "not_finite"),
    "-Infinity": (body_with(f"{LINE}.quantity", "-Infinity"), "not_finite"),
    "1e999": (body_with(f"{LINE}.amount", "1e999"), "not_finite"),
    "1e999999999": (body_with(f"{LINE}.amount", "1e999999999"), "not_finite"),
    "1e300": (body_with(f"{LINE}.amount", "1e300"), "invalid_request"),
    "number as text": (body_with(f"{LINE}.amount", '"1"'), "invalid_request"),
    "quantity as text": (body_with(f"{LINE}.quantity", '"1"'), "invalid_request"),
    "truth as number": (body_with(f"{LINE}.amount", "true"), "invalid_request"),
    "number as id": (body_with("customers.0.customer_id", "17850"), "invalid_request"),
    "empty id": (body_with("customers.0.customer_id", '""'), "invalid_request"),
    "long id": (body_with("customers.0.customer_id", '"' + "x" * 201 + '"'), "invalid_request"),
    "half a character": (body_with("customers.0.customer_id", r'"\ud800"'), "invalid_request"),
    "NUL in id": (body_with("customers.0.customer_id", r'"a\u0000b"'), "invalid_request"),
    "line break in id": (body_with("customers.0.customer_id", r'"a\nb"'), "invalid_request"),
    "null id": (body_with("customers.0.customer_id", "null"), "invalid_request"),
    "unknown language": (body_with("lang", '"fr"'), "invalid_request"),
    "unknown kind": (body_with("customers.0.feedback.0.kind", '"praise"'), "invalid_request"),
    "score outside its scale": (
        body_with("customers.0.feedback.0.score", '9, "score_min": 1, "score_max": 5'),
        "invalid_request",
    ),
    "epoch as time": (body_with(f"{LINE}.occurred_at", "1315612800"), "invalid_request"),
    "no such day": (body_with(f"{LINE}.occurred_at", '"2023-02-30"'), "invalid_request"),
    "year 0": (body_with(f"{LINE}.occurred_at", '"0000-01-01"'), "invalid_request"),
    "year 9999": (body_with(f"{LINE}.occurred_at", '"9999-12-31T23:59:59-12:00"'), "invalid_request"),
    "hour 25": (body_with(f"{LINE}.occurred_at", '"2023-01-01T25:00:00Z"'), "invalid_request"),
    "zone of 23 hours": (body_with(f"{LINE}.occurred_at", '"2023-01-01T00:00:00+23:00"'), "invalid_request"),
    "Arabic digits in a time": (body_with(f"{LINE}.occurred_at", '"٢٠٢٣-01-01"'), "invalid_request"),
    "birthday with time": (body_with("customers.0.profile.birthday", '"1990-01-01T00:00"'), "invalid_request"),
    "doubled key": (b'{"customers": [], "customers": []}', "duplicate_key"),
    "doubled key inside": (body_with(f"{LINE}.product_id", '"p", "amount": 3'), "duplicate_key"),
    "unknown key": (b'{"customers": [{"customer_id": "a"}], "model": 1}', "invalid_request"),
    "unknown key of a line": (body_with(f"{LINE}.price", "1"), "invalid_request"),
    "no customers": (b"{}", "invalid_request"),
    "empty list": (b'{"customers": []}', "invalid_request"),
    "customers as object": (b'{"customers": {}}', "invalid_request"),
    "feedback without orders": (
        b'{"customers": [{"customer_id": "a", "feedback": []}]}',
        "invalid_request",
    ),
    "10,001 customers": (json.dumps({"customers": [{"customer_id": "a"}] * 10_001}).encode(), "invalid_request"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_body_is_refused_with_its_code(stub_service: Any, name: str) -> None:
    body, code = MALFORMED[name]
    started = time.perf_counter()
    answer = stub_service.send("POST", "/v1/score", body)
    assert (answer.status, answer.error["code"]) == (400, code)
    assert time.perf_counter() - started < 1.0
    assert len(answer.body) < 8_192


@pytest.mark.parametrize("document", [GOOD, HISTORY])
def test_good_body_reaches_the_core_whole(stub_service: Any, stub: Any, document: dict[str, Any]) -> None:
    assert stub_service.post("/v1/score", document).status == 200
    dumped = stub.seen.model_dump(exclude_none=True, mode="json")
    assert [customer["customer_id"] for customer in dumped["customers"]] == ["c1"]
    assert len(dumped["customers"][0].get("orders", [])) == len(document["customers"][0].get("orders", []))


def test_money_is_the_decimal_of_the_text(stub_service: Any, stub: Any) -> None:
    body = body_with(f"{LINE}.amount", "12345678901234.5678")
    assert stub_service.send("POST", "/v1/score", body).status == 200
    assert str(stub.seen.customers[0].orders[0].amount) == "12345678901234.5678"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
        ({"content-type": 'APPLICATION/JSON;charset="UTF-8"'}, 200),
        ({"content-type": ""}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/json; charset=latin-1"}, 415),
        ({"content-type": "application/json, application/vnd.bentoml+pickle"}, 415),
        ({"content-type": "application/vnd.bentoml+pickle"}, 415),
        ({"content-type": "application/vnd.bentoml+pickle; charset=utf-8"}, 415),
        ({"content-type": "application/octet-stream"}, 415),
        ({"content-type": "application/x-python-serialize"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-encoding": "gzip"}, 415),
        ({"content-encoding": "identity, gzip"}, 415),
        ({"content-encoding": "identity"}, 200),
    ],
)
def test_only_plain_json_is_taken(stub_service: Any, headers: dict[str, str], status: int) -> None:
    answer = stub_service.send("POST", "/v1/score", json.dumps(GOOD).encode(), headers)
    assert answer.status == status
    if status == 415:
        assert answer.error["code"] in {"unsupported_media_type", "encoded_body"}


@pytest.mark.parametrize("path", ["/v1/score", "/v1/model"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_refused(stub_service: Any, path: str, method: str) -> None:
    answer = stub_service.send(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.body == b"" if method == "HEAD" else answer.error["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    ["/", "/docs.json", "/schema.json", "/metrics", "/healthz", "/static_content/index.css", "/v1/score/", "/V1/SCORE",
     "/v1/../v1/score", "//v1/score", "/v1/score\x00", "/score", "/_internal", "/livez/x", "/v1"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_there_is_nothing_else(stub_service: Any, path: str, method: str) -> None:
    answer = stub_service.send(method, path, b"{}" if method == "POST" else b"")
    assert (answer.status, answer.error["code"]) == (404, "not_found")


def test_every_route_of_the_application_is_in_the_table(stub_client: Any) -> None:
    from serving.service import BODIES

    routes = {getattr(route, "path", "") for route in stub_client.app.app.routes}
    hidden = {"/", "/livez", "/readyz", "/healthz", "/docs.json", "/schema.json", "/static_content"}
    assert routes - hidden == set(BODIES)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(stub_service: Any) -> None:
    answer = stub_service.send("POST", "/v1/score", b"", {"content-length": str(1 << 30)})
    assert (answer.status, answer.error["code"], answer.headers["connection"]) == (413, "body_too_large", "close")


def test_a_streamed_body_is_capped(stub_service: Any) -> None:
    answer = stub_service.send("POST", "/v1/score", [b" " * 300_000] * 4, {"transfer-encoding": "chunked"})
    assert (answer.status, answer.error["code"]) == (413, "body_too_large")


TINY = {
    "empty lists": b"[" + b"[]," * 300_000 + b"[]]",
    "empty objects": b'{"customers": [' + b"{}," * 300_000 + b"{}]}",
    "digits": b"[" + b"1," * 450_000 + b"1]",
    "empty texts": b"[" + b'"",' * 300_000 + b"1]",
    "pairs": b"{" + b'"":1,' * 190_000 + b'"":1}',
}


@pytest.mark.parametrize("name", TINY)
def test_a_body_of_very_many_tiny_values_is_refused_before_one_is_made(
    stub_service: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.schemas.parse_json", lambda body: pytest.fail("was decoded"))
    answer = stub_service.send("POST", "/v1/score", TINY[name], {"accept-language": "zh"})
    assert (answer.status, answer.error["code"]) == (413, "too_many_values")
    assert "批量评分" in answer.error["remedy"]


def test_a_refused_body_does_not_stay_in_memory() -> None:
    from configs.errors import RequestError
    from serving.guard import _checked
    from serving.schemas import ScoreRequest

    with pytest.raises(RequestError) as caught:
        _checked(ScoreRequest, b"[" + b"1.5," * 1000 + b"1]")
    # the validator's own error holds the whole document
    assert caught.value.__context__ is None and caught.value.__cause__ is None


def test_the_densest_honest_bodies_pass_the_count(stub_service: Any) -> None:
    from serving.strict_json import check_marks

    line = {"order_id": "1", "occurred_at": "2024-01-01", "amount": 1}
    full = {**line, "line_id": "1", "product_id": "1", "category": "a", "quantity": 1, "unit_price": 1, "discount": 0}
    for entry in (line, full):
        customer = {"customer_id": "1", "orders": [entry] * 30, "feedback": [], "interactions": [], "profile": {}}
        text = json.dumps(customer, separators=(",", ":"))
        check_marks(f'{{"customers":[{",".join([text] * ((1 << 20) // len(text)))}]}}'.encode(), 1 << 20)
    check_marks(json.dumps({"customers": [{"customer_id": str(i)} for i in range(10_000)]}).encode(), 1 << 20)


@pytest.mark.parametrize(
    ("bound", "allowed", "host", "taken"),
    [
        ("127.0.0.1", (), "127.0.0.1:3000", True), ("127.0.0.1", (), "localhost:3000", True),
        ("127.0.0.1", (), "LOCALHOST", True), ("127.0.0.1", (), "localhost.", True), ("::1", (), "[::1]:3000", True),
        ("127.0.0.1", (), "evil.example.com", False), ("127.0.0.1", (), "evil.example.com:3000", False),
        ("127.0.0.1", (), "127.0.0.1.evil.example.com", False), ("127.0.0.1", (), "localhost.evil.com", False),
        ("127.0.0.1", (), "10.0.0.7", False), ("127.0.0.1", (), "", False), ("127.0.0.1", (), "[::1]x", False),
        ("127.0.0.1", (), "localhost, evil.com", False), ("127.0.0.1", (), "evil.com@localhost", False),
        ("127.0.0.1", (), "localhost:80:80", False), ("10.0.0.7", (), "10.0.0.7:3000", True),
        ("scores.internal", (), "scores.internal", True), ("0.0.0.0", (), "10.0.0.7:3000", True),
        ("0.0.0.0", (), "scores.internal", False), ("0.0.0.0", ("Scores.internal",), "scores.internal:3000", True),
        ("::", (), "[fd00::1]:3000", True), ("127.0.0.1", ("*",), "evil.example.com", True),
        ("127.0.0.1", ("*",), "", True),
    ],
)  # fmt: skip
def test_a_call_must_name_a_host_that_the_service_is_known_by(
    stub_service: Any, bound: str, allowed: tuple[str, ...], host: str, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serving.hosts import known_hosts

    monkeypatch.setattr(stub_service.app, "knows_host", known_hosts(bound, allowed))
    for method, path in (("GET", "/livez"), ("GET", "/readyz"), ("POST", "/v1/model"), ("GET", "/nothing")):
        answer = stub_service.send(method, path, b"{}" if method == "POST" else b"", {"host": host})
        refused = answer.status == 400 and answer.error["code"] == "wrong_host"
        assert refused != taken
        assert host not in answer.body.decode() or not host


def test_a_wrong_length_does_not_lift_the_cap(stub_service: Any) -> None:
    answer = stub_service.send("POST", "/v1/score", [b" " * 300_000] * 4, {"content-length": "10"})
    assert answer.status == 413


def test_a_body_that_does_not_arrive_is_given_up(stub_service: Any) -> None:
    started = time.perf_counter()
    answer = stub_service.send("POST", "/v1/score", b'{"customers": [', stall=True)
    assert (answer.status, answer.error["code"]) == (408, "body_timeout")
    assert time.perf_counter() - started < 2.0


def test_a_caller_that_hangs_up_gets_nothing(stub_service: Any) -> None:
    assert stub_service.send("POST", "/v1/score", b'{"customers": [', hang_up=True).messages == []


def test_request_id_is_given_back_or_made(stub_service: Any) -> None:
    assert stub_service.post("/v1/model", {}, **{"X-Request-Id": "crm-7.1_a"}).headers["x-request-id"] == "crm-7.1_a"
    for bad in ("a b", "x" * 65, "a\r\nset-cookie: b", "", "ä"):
        made = stub_service.post("/v1/model", {}, **{"X-Request-Id": bad}).headers["x-request-id"]
        assert len(made) == 32 and made != bad
    assert stub_service.send("GET", "/livez").headers["x-request-id"]


def test_health(stub_service: Any) -> None:
    from serving import service

    assert stub_service.send("GET", "/livez").json() == {"status": "alive"}
    assert stub_service.send("GET", "/readyz").json() == {"status": "ready"}
    assert stub_service.send("HEAD", "/livez").body == b""
    assert stub_service.send("POST", "/livez", b"{}").status == 405
    service.use_core(None)
    assert stub_service.send("GET", "/livez").status == 200
    answer = stub_service.send("GET", "/readyz")
    assert (answer.status, answer.error["code"], answer.headers["retry-after"]) == (503, "not_ready", "1")
    assert stub_service.post("/v1/model", {}).status == 503


def test_answers_do_not_say_what_serves_them(stub_service: Any) -> None:
    for answer in (
        stub_service.post("/v1/model", {}),
        stub_service.send("GET", "/"),
        stub_service.send("GET", "/livez"),
    ):
        assert "server" not in answer.headers and not any("bentoml" in name for name in answer.headers)
        assert answer.headers["cache-control"] == "no-store"


def test_mutated_bodies_never_fail_the_service(stub_service: Any) -> None:
    rng = random.Random(7)
    seeds = [json.dumps(document).encode() for document in (GOOD, HISTORY)]
    tokens = [
        b"null",
        b"NaN",
        b"-0",
        b"1e400",
        b'""',
        b"[]",
        b"{}",
        b"\x00",
        b"\xff",
        b'"\\ud800"',
        b",",
        b":",
        b"1" * 30,
    ]
    events: list[str] = []
    recording = True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if recording and event == "pickle.find_class":
            events.append(str(args))

    sys.addaudithook(hook)
    statuses: dict[int, int] = {}
    started = time.perf_counter()
    for _ in range(2_500):
        body = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(body) + 1)
            action = rng.randrange(5)
            if action == 0:
                body[at:at] = rng.choice(tokens)
            elif action == 1:
                del body[at : at + rng.randint(1, 12)]
            elif action == 2 and at < len(body):
                body[at] ^= 1 << rng.randrange(8)
            elif action == 3:
                body[at:at] = body[at : at + rng.randint(1, 40)]
            else:
                body[at : at + 1] = bytes([rng.randrange(256)])
        answer = stub_service.send("POST", "/v1/score", bytes(body))
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        if answer.status != 200:
            assert answer.error["code"] in ERRORS
    recording = False
    assert set(statuses) == {200, 400} and statuses[400] > 1_000, statuses
    assert events == []
    assert time.perf_counter() - started < 10.0


def test_a_pickled_body_is_never_loaded(stub_service: Any, tmp_path: Any) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return (open, (str(tmp_path / "marker"), "w"))

    body = pickle.dumps(Evil())
    for kind in ("application/vnd.bentoml+pickle", "application/json", "Application/Vnd.BentoML+Pickle", "x/y"):
        assert stub_service.send("POST", "/v1/score", body, {"content-type": kind}).status in {400, 415}
    assert not (tmp_path / "marker").exists()


def test_refused_requests_leave_no_trace_of_the_caller_in_the_log(
    stub_service: Any, stub: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = "canary-8231"
    with caplog.at_level(logging.DEBUG):
        for body in (
            {"customers": [{"customer_id": canary}]},
            {"customers": [{"customer_id": canary, canary: 1}]},
            {"customers": [{"customer_id": canary, "orders": [{"order_id": canary, "occurred_at": canary}]}]},
            {canary: canary},
        ):
            stub_service.post("/v1/score", body)
        stub.failure = KeyError(canary)
        stub_service.post("/v1/score", {"customers": [{"customer_id": canary}]})
        stub_service.send("POST", f"/v1/{canary}", b"{}")
    captured = capfd.readouterr()
    assert canary not in caplog.text + captured.out + captured.err
