"""Whatever goes wrong leaves in the one envelope, with its status, and tells nothing that is not the caller's."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import configs.errors
from configs.errors import HoldfastError
from serving.errors import STATUS, error_body, request_error, status_of
from serving.health import Health
from serving.texts import DATA_WARNINGS, ERRORS, PROBLEMS

GOOD = {"customers": [{"customer_id": "c1"}], "as_of": "2024-01-01T00:00:00Z"}


@pytest.mark.parametrize("path", ["/v1/score", "/v1/model"])
@pytest.mark.parametrize("kind", list(STATUS))
def test_every_route_turns_every_error_into_the_envelope(
    stub_service: Any, stub: Any, path: str, kind: type[HoldfastError]
) -> None:
    stub.failure = kind("path_missing", value="4711", file="/srv/secret")
    answer = stub_service.post(path, GOOD if path == "/v1/score" else {})
    assert answer.status == STATUS[kind]
    assert answer.error["code"] == kind.code
    if answer.status >= 500:
        assert "4711" not in answer.body.decode() and "secret" not in answer.body.decode()
        assert answer.error["place"] == {}


def test_every_error_class_is_mapped() -> None:
    def below(kind: type[HoldfastError]) -> set[type[HoldfastError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    own = {kind for kind in below(HoldfastError) if kind.__module__ == configs.errors.__name__}
    assert own == set(STATUS)

    class Newer(configs.errors.DataError):
        code = "newer"

    assert status_of(Newer("file_empty", file="a")) == STATUS[configs.errors.DataError]


@pytest.mark.parametrize("failure", [ValueError("4711"), MemoryError("4711"), RecursionError("4711"), KeyError("4711")])
def test_an_unknown_exception_is_a_500_without_its_text(
    stub_service: Any, stub: Any, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stub.failure = failure
    with caplog.at_level(logging.DEBUG):
        answer = stub_service.post("/v1/score", GOOD)
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert "4711" not in answer.body.decode() + caplog.text
    assert type(failure).__name__ in caplog.text and answer.error["request_id"] in caplog.text


async def _raises(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("4711")


async def _says_nothing(scope: Any, receive: Any, send: Any) -> None:
    return None


async def _breaks_off(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ValueError("4711")


async def _answers_its_own_way(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": int(scope["path"][1:]), "headers": [(b"Server", b"x")]})
    await send({"type": "http.response.body", "body": b"Traceback 47", "more_body": True})
    await send({"type": "http.response.body", "body": b"11"})


def _ask(client_class: Any, app: Any, path: str = "/a") -> Any:
    from serving.guard import Guard
    from serving.schemas import ModelRequest

    client = client_class(Guard(app, bodies={path: ModelRequest}, health=Health))
    try:
        return client.send("POST", path, b"{}")
    finally:
        client.loop.close()


@pytest.mark.parametrize("app", [_raises, _says_nothing])
def test_an_application_that_raises_or_says_nothing_is_a_500(client_class: Any, app: Any) -> None:
    answer = _ask(client_class, app)
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert "4711" not in answer.body.decode()


def test_an_answer_that_breaks_off_is_not_completed(client_class: Any) -> None:
    answer = _ask(client_class, _breaks_off)
    assert (answer.status, answer.body, answer.messages[-1]["more_body"]) == (200, b"{", True)


@pytest.mark.parametrize(
    ("status", "ours", "code"),
    [(404, 404, "not_found"), (429, 503, "overloaded"), (503, 503, "overloaded"), (504, 504, "timed_out"),
     (500, 500, "internal"), (418, 500, "internal")],
)  # fmt: skip
def test_errors_of_other_layers_are_put_into_the_envelope(client_class: Any, status: int, ours: int, code: str) -> None:
    answer = _ask(client_class, _answers_its_own_way, f"/{status}")
    assert (answer.status, answer.error["code"]) == (ours, code)
    assert "Traceback" not in answer.body.decode() and "server" not in answer.headers


def test_a_websocket_is_closed(client_class: Any) -> None:
    from serving.guard import Guard

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    client = client_class(None)
    guard = Guard(_raises, bodies={}, health=Health)
    client.loop.run_until_complete(guard({"type": "websocket"}, receive, send))
    client.loop.close()
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_errors_speak_the_language_asked_for(stub_service: Any) -> None:
    header = {"accept-language": "zh-CN,zh;q=0.9,en;q=0.5"}
    assert stub_service.send("POST", "/v1/score", b"{}", header).error["message"] == "customers 缺失"
    assert stub_service.send("POST", "/v1/score", b"{}").error["message"] == "customers is missing"


def test_error_texts_are_complete_in_both_languages() -> None:
    import re

    def holes(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    for code, by_lang in ERRORS.items():
        assert set(by_lang) == {"en", "zh"}, code
        for english, chinese in zip(by_lang["en"], by_lang["zh"], strict=True):
            assert english and chinese and holes(english) == holes(chinese), code
    for code, (english, chinese) in {**PROBLEMS, **DATA_WARNINGS}.items():
        assert english and chinese and holes(english) == holes(chinese), code
        assert re.search("[\u4e00-\u9fff]", chinese) and not re.search("[\u4e00-\u9fff]", english), code


def test_errors_of_the_core_speak_chinese_too() -> None:
    error = configs.errors.NotEnoughDataError("no_orders_before_test", date="2024-01-01")
    assert error_body(error, "zh")["error"]["message"] == "2024-01-01 之前没有订单"
    assert error_body(error, "zh")["error"]["remedy"] == "请给出更晚的日期"
    assert error_body(error)["error"]["message"] == error.message


def test_what_is_filled_in_is_not_interpreted() -> None:
    error = request_error("invalid_request", field="{remedy}{__class__}", type="missing", context={})
    assert error_body(error)["error"]["message"] == "{remedy}{__class__} is missing"
