"""The door of the service: what passes is a known path, a bounded body in time, and JSON that meets its schema.

A pure ASGI application around another one, in this order: host, path and method, content type, length, time, number of
values, schema, then the application. Whatever comes back as an error, from here or from behind, leaves in the one
envelope; an exception never reaches the server. Nothing of a body is ever logged.
"""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import anyio.to_thread
from pydantic import ValidationError

from configs.catalogue import Lang as Language
from configs.errors import HoldfastError
from serving.errors import (
    CODE_BY_STATUS,
    error_bytes,
    invalid_request,
    language_of,
    log_failure,
    request_error,
    status_of,
)
from serving.health import Health
from serving.hosts import host_name
from serving.schemas import Asked
from serving.strict_json import check_marks

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

CHECKED = "holdfast.request"
"""Key of the ASGI scope under which the checked request is handed on."""
REQUEST_ID = "holdfast.request_id"
LANGUAGE = "holdfast.language"
OURS = (b"x-holdfast-envelope", b"1")
"""Header by which an answer from behind says that its body is already our envelope; it is taken off."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_JSON = re.compile(r'application/json(\s*;\s*charset\s*=\s*"?utf-8"?)?', re.IGNORECASE)
IN_THREAD_FROM = 16_384
"""Bodies of at least this many bytes are checked in a thread, so that health answers do not wait for them."""
CHECKED_AT_ONCE = 2
"""So many bodies are taken apart at once; others wait as they came, because taken apart they are ten times as large."""


class Guard:
    """Wrap an ASGI application.

    Parameters
    ----------
    app : ASGI application
        Sees only requests that passed; finds the checked request in its scope under `CHECKED`.
    bodies : mapping of path to model
        Every POST path and the schema of its body.
    pages : tuple of str
        GET paths that are handed on as they are.
    health : callable
        What /readyz answers.
    max_body : int
        Largest body in bytes.
    body_seconds : float
        Longest time for a body to arrive.
    knows_host : callable, optional
        Whether a request may name this host (without port, in small letters); all may unless given.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        bodies: Mapping[str, type[Asked]],
        health: Callable[[], Health],
        pages: tuple[str, ...] = (),
        max_body: int = 8 << 20,
        body_seconds: float = 10.0,
        knows_host: Callable[[str], bool] | None = None,
    ) -> None:
        self.app = app
        self.bodies = bodies
        self.health = health
        self.pages = pages
        self.max_body = max_body
        self.body_seconds = body_seconds
        self.knows_host = knows_host
        self._checking: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; see the module's text."""
        if scope["type"] == "lifespan" or REQUEST_ID in scope:  # the latter: another guard stands outside
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        given = headers.get("x-request-id", "")
        scope[REQUEST_ID] = given if _ID.fullmatch(given) else uuid.uuid4().hex
        scope[LANGUAGE] = language_of(headers.get("accept-language", ""))
        reply = _Reply(send, scope[REQUEST_ID], scope[LANGUAGE], scope["method"] == "HEAD", self._paths())
        try:
            await self._pass(scope, headers, receive, reply)
            if not reply.complete:
                raise RuntimeError("the application ended without a whole answer")
        except _Gone:
            return
        except HoldfastError as error:
            if status_of(error) >= 500:
                log_failure(error, scope[REQUEST_ID])
            await reply.error(error)
        except Exception as error:
            log_failure(error, scope[REQUEST_ID])
            await reply.error(request_error("internal"))

    async def _pass(self, scope: Scope, headers: Mapping[str, str], receive: Receive, reply: _Reply) -> None:
        path, method = scope["path"], scope["method"]
        # a page of a stranger's site can point its own name at this machine and call it; the name gives it away
        if self.knows_host is not None and not self.knows_host(host_name(headers.get("host", ""))):
            raise request_error("wrong_host")
        if path == "/livez":
            _allow(method, "GET", "HEAD")
            await reply.whole(200, b'{"status": "alive"}')
        elif path == "/readyz":
            _allow(method, "GET", "HEAD")
            health = self.health()
            if health.error is not None:
                raise request_error(health.error)
            await reply.whole(200, json.dumps(health.said()).encode())
        elif path in self.pages:
            _allow(method, "GET", "HEAD")
            await self.app(scope, receive, reply)
        elif path in self.bodies:
            _allow(method, "POST")
            _check_type(headers)
            body = await self._body(headers, receive)
            check_marks(body, self.max_body)
            if len(body) < IN_THREAD_FROM:
                request = _checked(self.bodies[path], body)
            else:
                self._checking = self._checking or anyio.CapacityLimiter(CHECKED_AT_ONCE)
                request = await anyio.to_thread.run_sync(_checked, self.bodies[path], body, limiter=self._checking)
            scope[CHECKED] = request
            reply.lang = scope[LANGUAGE] = getattr(request, "lang", None) or reply.lang
            await self.app(scope, _replay(receive), reply)
        else:
            raise request_error("not_found", paths=self._paths())

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and (len(declared) > 15 or int(declared) > self.max_body):
            raise request_error("body_too_large", limit=self.max_body)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    part = message.get("body", b"")
                    size += len(part)
                    if size > self.max_body:
                        raise request_error("body_too_large", limit=self.max_body)
                    parts.append(part)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise request_error("body_timeout", seconds=self.body_seconds) from None

    def _paths(self) -> str:
        return ", ".join([*(f"POST {path}" for path in self.bodies), "GET /livez", "GET /readyz"])


class _Gone(Exception):
    """The caller hung up before the body was whole."""


class _Reply:
    """The way back: passes good answers on, turns every error answer into the envelope, adds our headers."""

    def __init__(self, send: Send, request_id: str, lang: Language, head: bool, paths: str) -> None:
        self.send = send
        self.request_id = request_id
        self.lang: Language = lang
        self.head = head
        self.paths = paths
        self.started = False
        self.complete = False
        self.held: int | None = None

    async def __call__(self, message: Message) -> None:
        """Take one ASGI message of the application."""
        if message["type"] == "http.response.start":
            headers = [(name.lower(), value) for name, value in message.get("headers", [])]
            if message["status"] >= 400 and OURS not in headers:
                self.held = message["status"]
                return
            await self._start(message["status"], [item for item in headers if item != OURS])
        elif message["type"] == "http.response.body":
            last = not message.get("more_body", False)
            if self.held is not None:
                if last:
                    await self.error(self._foreign(self.held))
                return
            await self.send(message)
            self.complete = self.complete or last

    async def whole(self, status: int, body: bytes, extra: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Send a whole JSON answer."""
        length = str(len(body)).encode()
        await self._start(status, [(b"content-type", b"application/json"), (b"content-length", length), *extra])
        await self.send({"type": "http.response.body", "body": b"" if self.head else body})
        self.complete = True

    async def error(self, error: HoldfastError) -> None:
        """Send the envelope; once an answer has begun there is nothing to say and the server cuts the connection."""
        if self.started:
            return
        status = status_of(error)
        extra: list[tuple[bytes, bytes]] = []
        if status == 405:
            extra.append((b"allow", str(error.place.get("allowed", "")).encode()))
        if status in (429, 503):
            extra.append((b"retry-after", b"1"))
        if status in (408, 413):  # the rest of the body is not read
            extra.append((b"connection", b"close"))
        await self.whole(status, error_bytes(error, self.lang, self.request_id), tuple(extra))

    def _foreign(self, status: int) -> HoldfastError:
        code = CODE_BY_STATUS.get(status, "internal")
        return request_error(code, paths=self.paths, allowed="POST")

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        dropped = {b"server", b"x-bentoml-request-id", b"x-bentoml-trace-id", b"x-request-id"}
        kept = [item for item in headers if item[0] not in dropped]
        kept += [
            (b"x-request-id", self.request_id.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": kept})


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name; one that comes twice is joined, so that a second value cannot hide."""
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", []):
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _allow(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise request_error("method_not_allowed", allowed=", ".join(allowed))


def _check_type(headers: Mapping[str, str]) -> None:
    if _JSON.fullmatch(headers.get("content-type", "").strip()) is None:
        raise request_error("unsupported_media_type")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise request_error("encoded_body")


def _checked(model: type[Asked], body: bytes) -> Asked:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = invalid_request(error)
    # Raised out here, and not kept by its own frame: the validator's error holds all that was made of the body, and as
    # context of ours, or in a circle with it, it would stay in memory until the next full collection.
    try:
        raise problem
    finally:
        del problem


def _replay(receive: Receive) -> Receive:
    """What the application may still receive: an empty body, since the checked request is in the scope."""
    sent = False

    async def replayed() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": b"{}", "more_body": False}

    return replayed
