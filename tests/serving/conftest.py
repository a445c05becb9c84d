"""Fixtures of the service: raw requests in process, without a network."""

from __future__ import annotations

import asyncio
import json
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest


class Answer:
    """Status, headers and body of one answer."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        start = messages[0] if messages else {"status": 0, "headers": []}
        self.status: int = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The envelope, after checking that it is one."""
        body = self.json()
        assert set(body) == {"error"}, body
        assert set(body["error"]) == {"code", "message", "remedy", "place", "request_id"}, body
        assert body["error"]["request_id"] == self.headers["x-request-id"] != ""
        assert self.headers["content-type"] == "application/json"
        assert body["error"]["code"] and body["error"]["message"] and body["error"]["remedy"]
        return body["error"]


class Client:
    """Sends raw requests to an ASGI application that lives in an event loop of its own."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.loop = asyncio.new_event_loop()
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def __enter__(self) -> Client:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

        async def start() -> None:
            self.life = asyncio.ensure_future(self.app(scope, self.to_app.get, self.from_app.put))
            await self.to_app.put({"type": "lifespan.startup"})
            message = await self.from_app.get()
            assert message["type"] == "lifespan.startup.complete", message

        self.loop.run_until_complete(start())
        return self

    def __exit__(self, *_: object) -> None:
        async def stop() -> None:
            await self.to_app.put({"type": "lifespan.shutdown"})
            await self.life
            await asyncio.get_running_loop().shutdown_default_executor()

        self.loop.run_until_complete(stop())
        self.loop.close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | list[bytes] = b"",
        headers: dict[str, str] | None = None,
        *,
        stall: bool = False,
        hang_up: bool = False,
    ) -> Answer:
        """One request; `stall`: the body never ends; `hang_up`: the caller leaves in the middle of it."""
        given = {"content-type": "application/json"} if method == "POST" else {}
        given |= {name.lower(): value for name, value in (headers or {}).items()}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1", "ignore"),
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items() if value],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        parts = [body] if isinstance(body, bytes) else list(body)
        more = [stall or hang_up or position + 1 < len(parts) for position in range(len(parts))]
        waiting = [
            {"type": "http.request", "body": part, "more_body": follows}
            for part, follows in zip(parts, more, strict=True)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            if not hang_up:
                await asyncio.sleep(30)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self.loop.run_until_complete(self.app(scope, receive, send))
        return Answer(sent)

    def post(self, path: str, document: Any, **headers: str) -> Answer:
        """A JSON request."""
        return self.send("POST", path, json.dumps(document).encode(), headers)


class StubCore:
    """Stands for the scoring core where only the way there and back is tested."""

    failure: BaseException | None = None
    seen: Any = None

    def score(self, request: Any) -> Any:
        from serving.answers import ScoreResponse

        self.seen = request
        if self.failure is not None:
            raise self.failure
        return ScoreResponse.model_construct(
            model_version="stub",
            as_of=datetime(2024, 1, 1, tzinfo=UTC),
            horizon_days=90,
            results=[],
        )

    def model_card(self, lang: str | None) -> Any:
        from serving.answers import ModelResponse

        if self.failure is not None:
            raise self.failure
        return ModelResponse.model_construct(model_version="stub")


@pytest.fixture(scope="session", autouse=True)
def _bentoml_imported() -> None:
    """BentoML and what it brings warn of their own deprecations while they are imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import serving.service  # noqa: F401


@pytest.fixture(scope="session")
def client_class() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def stub() -> StubCore:
    return StubCore()


@pytest.fixture(scope="session")
def stub_client(stub: StubCore) -> Iterator[Client]:
    """The whole service (guard, BentoML, service) around a stub of the core."""
    from serving import service
    from serving.run import guarded

    service.use_core(stub)  # the service would look for a built-in model else
    with Client(
        guarded(service.application(threads=2, answer_seconds=60.0), max_body=1 << 20, body_seconds=0.2)
    ) as client:
        yield client


@pytest.fixture
def stub_service(stub: StubCore, stub_client: Client) -> Iterator[Client]:
    """As `stub_client`, with the stub in place for one test."""
    from serving import service

    service.use_core(stub)
    stub.failure = None
    yield stub_client
    stub.failure = None
    service.use_core(None)


START = datetime(2021, 1, 1)
SETTINGS = """
data:
  timezone: Asia/Shanghai
  currency: CNY
  transactions: {path: lines.csv}
targets: {horizon_days: 60, lifetime_days: 120, horizons: [30, 60]}
training: {max_cutoffs: 4, threads: 2}
serving: {stale_after_days: 30}
artifacts: artifacts
workdir: work
"""


@dataclass(frozen=True)
class Trained:
    """A small company with a trained model."""

    settings: Any
    rows: dict[str, list[dict[str, Any]]]
    end: datetime
    bundle_id: str


def company_rows(customers: int = 260, days: int = 700, seed: int = 5) -> dict[str, list[dict[str, Any]]]:
    """Canonical rows of a made-up company: rhythms, churn, returns, complaints, visits, products with prices."""
    rng = np.random.default_rng(seed)
    kinds = ("food", "drink", "tools", "paper")
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("transactions", "customers", "feedback", "interactions")
    }
    order = 0
    for number in range(customers):
        name = f"c{number:04d}"
        day, rate, leaves = float(rng.uniform(0, 550)), float(rng.gamma(2, 0.02)) + 0.004, float(rng.gamma(1.5, 0.04))
        rows["customers"].append(
            {
                "customer_id": name,
                "customer_type": "enterprise" if rng.random() < 0.3 else "individual",
                "name": f"Name {number}",
                "region": ("north", "south")[number % 2],
                "country": "CN",
                "acquired_at": START + timedelta(days=day),
            }
        )
        while day < days:
            order += 1
            when = (START + timedelta(days=day)).replace(microsecond=0)
            for _ in range(int(rng.integers(1, 4))):
                product, quantity = int(rng.integers(0, 24)), int(rng.integers(1, 6))
                cents = -500 if rng.random() < 0.04 else int(rng.lognormal(6.5, 0.6) * quantity)
                rows["transactions"].append(
                    {
                        "customer_id": name,
                        "order_id": f"o{order:06d}",
                        "occurred_at": when,
                        "amount": Decimal(cents).scaleb(-2),
                        "product_id": f"p{product:02d}",
                        "category": kinds[product % 4],
                        "quantity": float(quantity),
                    }
                )
            if rng.random() < 0.2:
                rows["feedback"].append(
                    {
                        "feedback_id": f"f{len(rows['feedback']):05d}",
                        "customer_id": name,
                        "occurred_at": when + timedelta(days=2),
                        "kind": ("survey", "review", "complaint")[int(rng.integers(0, 3))],
                        "topic": ("quality", "service", "logistics")[int(rng.integers(0, 3))],
                        "score": float(rng.integers(1, 6)),
                        "resolved_at": when + timedelta(days=9) if rng.random() < 0.5 else None,
                    }
                )
            if rng.random() < 0.3:
                rows["interactions"].append(
                    {
                        "interaction_id": f"i{len(rows['interactions']):05d}",
                        "customer_id": name,
                        "occurred_at": when + timedelta(days=1),
                        "kind": ("contact", "visit", "open", "click", "cart", "redeem")[int(rng.integers(0, 6))],
                        "channel": ("email", "phone")[int(rng.integers(0, 2))],
                    }
                )
            if rng.random() < leaves:
                break
            day += float(rng.exponential(1 / rate)) + 0.01
    return rows


def write_canonical(folder: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Canonical tables with the columns that any row has, put in place as ingest does: the manifest last."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from features.manifest import write_manifest
    from features.tables import TABLES
    from serving.history import arrow_type

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MANIFEST.json").unlink(missing_ok=True)
    for name, found in rows.items():
        columns = [column for column in TABLES[name].columns if any(row.get(column.name) is not None for row in found)]
        ordered = sorted(found, key=lambda row: tuple(str(row[key]) for key in TABLES[name].order))
        arrays = [pa.array([row.get(c.name) for row in ordered], arrow_type(c)) for c in columns]
        schema = pa.schema([(c.name, arrow_type(c)) for c in columns])
        pq.write_table(pa.Table.from_arrays(arrays, schema=schema), folder / f".{name}.aside")
        (folder / f".{name}.aside").replace(folder / f"{name}.parquet")
    write_manifest(folder)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A company of 260 customers with canonical tables and a promoted bundle."""
    from configs.settings import load_settings
    from features.engine import open_tables
    from models.bundle.folder import promote, save_bundle
    from training.fit import finish, fit_bundle

    root = tmp_path_factory.mktemp("company")
    (root / "holdfast.yaml").write_text(SETTINGS, encoding="utf-8")
    settings = load_settings(root / "holdfast.yaml")
    rows = company_rows()
    write_canonical(settings.canonical, rows)
    with open_tables(settings.canonical, threads=2) as tables:
        end = tables.end(settings.data.timezone)
        fitted = finish(fit_bundle(tables, end, settings), None, settings)
    bundle_id = save_bundle(settings.bundle_store, fitted.files, fitted.meta)
    promote(settings.bundle_store, bundle_id)
    return Trained(settings, rows, end, bundle_id)


def history_of(trained: Trained, customer: str, *, profile: bool = True) -> dict[str, Any]:
    """One customer of the company as a request with the whole history; amounts are numbers in the JSON text."""

    def sent(row: dict[str, Any]) -> dict[str, Any]:
        values = {}
        for name, value in row.items():
            if name == "customer_id" or value is None:
                continue
            if isinstance(value, datetime):
                value = value.replace(tzinfo=UTC).isoformat()
            values[name] = float(value) if isinstance(value, Decimal) else value
        return values

    lists = {"orders": "transactions", "feedback": "feedback", "interactions": "interactions"}
    found: dict[str, Any] = {"customer_id": customer}
    for field, table in lists.items():
        found[field] = [sent(row) for row in trained.rows[table] if row["customer_id"] == customer]
    if profile:
        found["profile"] = next(sent(row) for row in trained.rows["customers"] if row["customer_id"] == customer)
    return found


@pytest.fixture(scope="session")
def history(trained: Trained) -> Any:
    """Makes the request entry of a customer of the company."""
    return lambda customer, **more: history_of(trained, customer, **more)


@pytest.fixture(scope="session")
def core(trained: Trained) -> Any:
    """The scoring core of the company, on the morning after its last day."""
    from serving.model_folder import load_core

    return load_core(trained.settings, clock=lambda: trained.end + timedelta(hours=8))


@pytest.fixture
def place(trained: Trained, tmp_path: Path) -> Any:
    """A copy of the company that a test may change; gives its settings."""
    from configs.settings import load_settings

    shutil.copytree(trained.settings.root, tmp_path / "company", ignore=shutil.ignore_patterns(".served"))
    return load_settings(tmp_path / "company" / "holdfast.yaml")


@pytest.fixture(scope="session")
def write() -> Any:
    """Writes canonical tables, the manifest last."""
    return write_canonical


@pytest.fixture(scope="session")
def newer(trained: Trained) -> dict[str, list[dict[str, Any]]]:
    """The company's rows and one order more, twenty days after the last day."""
    line = {**trained.rows["transactions"][0], "customer_id": "c0001", "order_id": "new"}
    late = {**line, "occurred_at": trained.end + timedelta(days=20)}
    return {**trained.rows, "transactions": [*trained.rows["transactions"], late]}
