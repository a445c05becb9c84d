"""The served core follows what lies on disk: whole or not at all, and what is wrong with it is said."""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.errors import DataError, RequestError
from serving.health import Health


class Service:
    """A `Live` without a network: what it serves, and what a caller gets."""

    def __init__(self, settings: Any, now: datetime) -> None:
        from models.bundle.folder import CURRENT
        from serving.live import Live
        from serving.model_folder import load_core

        self.served: list[Any] = []
        self.now = now
        self.settings = settings
        self.loads = 0

        def load() -> Any:
            self.loads += 1
            return load_core(settings, clock=lambda: self.now)

        self.live = Live(load, canonical=settings.canonical, pointer=settings.bundle_store / CURRENT,
                         serve=self.served.append)  # fmt: skip

    def ask(self, name: str = "c0001", core: Any = None, **more: Any) -> Any:
        from serving.schemas import ScoreRequest

        body = {"customers": [{"customer_id": name}], **more}
        return (core or self.served[-1]).score(ScoreRequest.model_validate_json(json.dumps(body)))

    def code(self, **more: Any) -> str:
        with pytest.raises(RequestError) as caught:
            self.ask(**more)
        return caught.value.code

    @property
    def health(self) -> Health:
        return self.live.health()


@pytest.fixture
def service(place: Any, trained: Any) -> Service:
    return Service(place, trained.end + timedelta(hours=8))


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "holdfast.serving"]


def test_new_data_are_taken_whole(service: Service, trained: Any, write: Any, caplog: Any, newer: Any) -> None:
    with caplog.at_level(logging.INFO):
        service.live.look()
        assert service.loads == 1 and service.health == Health()
        before = service.ask()
        old = service.served[-1]
        card = old.model_card()
        write(service.settings.canonical, newer)
        # a call that began with the old core ends with it, whatever lies on disk by then
        assert service.ask(core=old) == before
        service.live.look()
        service.live.look()
    assert service.loads == 2 and len(service.served) == 2
    fresh = service.ask()
    assert fresh.as_of == before.as_of + timedelta(days=21)
    assert fresh.results[0].expected_orders != before.results[0].expected_orders
    assert service.ask(core=old) == before
    again = service.served[-1].model_card()
    assert again.data_until == card.data_until + timedelta(days=21)
    assert len(again.data_manifest) == 64 and again.data_manifest != card.data_manifest
    assert [text for text in messages(caplog) if "now serving" in text] == messages(caplog)
    assert service.health == Health()


def test_what_a_core_held_goes_with_it(service: Service, trained: Any, write: Any, newer: Any) -> None:
    folder = service.served[-1].snapshot.folder
    kept = folder.parent
    assert kept.name == ".served" and folder.is_dir()
    write(service.settings.canonical, newer)
    service.live.look()
    service.served.pop(0)
    gc.collect()
    assert not folder.exists() and len(list(kept.iterdir())) == 1


def test_half_written_tables_are_not_taken(service: Service, trained: Any, write: Any, caplog: Any, newer: Any) -> None:
    canonical = service.settings.canonical
    before = service.ask()
    manifest = (canonical / "MANIFEST.json").read_bytes()
    (canonical / "MANIFEST.json").unlink()
    for _ in range(3):
        service.live.look()
    answer = service.ask()
    assert service.loads == 1 and answer.results == before.results
    assert [warning.code for warning in answer.warnings] == ["old_data"]
    assert service.health == Health(degraded=("data_incomplete",))
    assert len(messages(caplog)) == 1  # said once, not at each look
    (canonical / "MANIFEST.json").write_bytes(manifest)
    service.live.look()
    assert service.health == Health() and service.ask().warnings == before.warnings
    (canonical / "MANIFEST.json").unlink()
    write(canonical, newer)
    service.live.look()
    assert service.health == Health() and service.ask().as_of > before.as_of


def test_new_data_that_cannot_be_read_change_nothing(
    service: Service, trained: Any, write: Any, caplog: Any, newer: Any
) -> None:
    service.now += timedelta(days=20)
    before = service.ask()
    canonical = service.settings.canonical
    write(canonical, newer)
    damage(canonical / "customers.parquet")
    for _ in range(3):
        service.live.look()
    answer = service.ask()
    assert answer.results == before.results and answer.as_of == before.as_of
    assert [warning.code for warning in answer.warnings] == ["old_data"]
    assert service.health == Health(degraded=("reload_failed",)) and service.loads == 2
    assert service.health.said() == {"status": "degraded", "reasons": ["reload_failed"]}
    assert len(messages(caplog)) == 1 and "tables_changed" in messages(caplog)[0]
    write(canonical, newer)
    service.live.look()
    assert service.health == Health() and not service.ask().warnings


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def exchange(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.with_name("other").write_bytes(bytes(data))
    path.with_name("other").replace(path)


FAULTS: list[tuple[str, Callable[[Path], None], str]] = [
    ("delete all", lambda canonical: shutil.rmtree(canonical), "data_missing"),
    ("delete the lines", lambda canonical: (canonical / "transactions.parquet").unlink(), "data_missing"),
    ("delete another", lambda canonical: (canonical / "customers.parquet").unlink(), "data_changed"),
    ("flip a bit", lambda canonical: damage(canonical / "transactions.parquet"), "data_changed"),
    ("flip a bit of another", lambda canonical: damage(canonical / "feedback.parquet"), "data_changed"),
    ("put another in place", lambda canonical: exchange(canonical / "transactions.parquet"), "data_changed"),
    ("cut off", lambda canonical: os.truncate(canonical / "transactions.parquet", 1000), "data_changed"),
]


@pytest.mark.parametrize(("name", "spoil", "code"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_tables_that_are_gone_or_damaged_are_said(
    service: Service, history: Any, trained: Any, write: Any, name: str, spoil: Callable[[Path], None], code: str
) -> None:
    spoil(service.settings.canonical)
    service.live.look()
    assert service.health.error == code and service.code() == code
    # a history sent along needs no table
    from serving.schemas import ScoreRequest

    sent = {"customers": [history("c0002")], "as_of": f"{trained.end.isoformat()}Z"}
    assert service.served[-1].score(ScoreRequest.model_validate_json(json.dumps(sent))).results[0].found
    write(service.settings.canonical, trained.rows)
    service.live.look()
    assert service.health == Health() and service.ask().results[0].found


@pytest.mark.parametrize("name", ["delete all", "flip a bit", "cut off"])
def test_they_are_said_before_the_next_look(service: Service, name: str) -> None:
    _, spoil, code = next(fault for fault in FAULTS if fault[0] == name)
    spoil(service.settings.canonical)
    assert service.code() == code and service.health.error == code


def test_another_model_is_taken_and_a_bad_one_is_not(service: Service, caplog: Any) -> None:
    from models.bundle.folder import CURRENT, load_bundle, save_bundle

    store = service.settings.bundle_store
    bundle = load_bundle(store, examine=False)
    other = save_bundle(store, bundle.files, {**bundle.meta, "grade": "Z"})
    (store / CURRENT).write_text(f"{other}\n")
    service.live.look()
    assert service.ask().model_version == other and service.health == Health()
    (store / CURRENT).write_text("0" * 64 + "\n")
    for _ in range(2):
        service.live.look()
    assert service.ask().model_version == other and service.health.degraded == ("reload_failed",)
    assert not service.ask().warnings and service.health.error is None  # the data are those that lie there
    assert len([text for text in messages(caplog) if "bundle_missing" in text]) == 1
    (store / CURRENT).unlink()
    os.mkfifo(store / CURRENT)
    service.live.look()
    assert service.ask().model_version == other and service.health.degraded == ("reload_failed",)
    (store / CURRENT).unlink()
    (store / CURRENT).write_text(f"{bundle.id}\n")
    service.live.look()
    assert service.ask().model_version == bundle.id and service.health == Health()


def test_staleness_is_told_by_the_clock(service: Service, trained: Any) -> None:
    service.now = trained.end + timedelta(days=31)
    assert service.health == Health(stale=True)
    assert service.health.said() == {"status": "stale", "reasons": ["stale_data"]}


def test_a_service_without_tables_takes_them_when_they_come(place: Any, trained: Any, write: Any) -> None:
    shutil.rmtree(place.canonical)
    service = Service(place, trained.end)
    assert service.code() == "history_needed" and service.health == Health()
    write(place.canonical, trained.rows)
    service.live.look()
    assert service.ask().results[0].found


def test_tables_without_a_manifest_are_refused_at_the_start(place: Any, trained: Any) -> None:
    (place.canonical / "MANIFEST.json").unlink()
    with pytest.raises(DataError, match="is not complete") as caught:
        Service(place, trained.end)
    assert caught.value.code == "not_ingested"
    assert list((place.work / ".served").glob("*")) == []


def test_tables_that_were_read_with_other_settings_are_not_taken(place: Any, trained: Any) -> None:
    from configs.files import read_checked, write_checked

    service = Service(place, trained.end)
    manifest = read_checked(place.canonical / "MANIFEST.json")
    write_checked(place.canonical / "MANIFEST.json", {**manifest, "settings_sha256": "0" * 64})
    service.live.look()
    assert service.health.degraded == ("reload_failed",) and service.served[-1].data_is_old
    with pytest.raises(DataError, match="were read with other settings") as caught:
        Service(place, trained.end)
    assert caught.value.code == "other_settings"


def test_links_that_a_killed_service_left_are_removed(place: Any, trained: Any) -> None:
    from serving.snapshot import remove_dead

    gone = subprocess.Popen(["true"])
    gone.wait()
    for name in (f"{gone.pid}-a", f"{os.getpid()}-b", f"{os.getppid()}-c"):
        (place.work / ".served" / name).mkdir(parents=True)
    remove_dead(place.work)
    assert [folder.name for folder in (place.work / ".served").iterdir()] == [f"{os.getppid()}-c"]


def test_where_no_links_can_be_made_copies_are(place: Any, trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr("serving.snapshot.os.link", refuse)
    service = Service(place, trained.end)
    inode = (place.canonical / "transactions.parquet").stat().st_ino
    assert (service.served[-1].snapshot.folder / "transactions.parquet").stat().st_ino != inode
    service.live.look()
    assert service.loads == 1 and service.ask().results[0].found


def test_the_moment_of_now_is_the_clocks() -> None:
    from serving.core import utc_now

    assert abs(utc_now().replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)


def test_stopping_waits_for_a_load_and_does_not_take_it(service: Service, write: Any, newer: Any) -> None:
    import threading

    loading, go_on = threading.Event(), threading.Event()
    ordinary = service.live._load

    def slowly() -> Any:
        loading.set()
        go_on.wait(20)
        return ordinary()

    service.live._load = slowly
    write(service.settings.canonical, newer)
    service.live.start()
    assert loading.wait(20)
    threading.Timer(0.5, go_on.set).start()
    service.live.stop()
    assert not service.live._thread.is_alive()
    assert len(service.served) == 1  # what was loaded meanwhile is let go
    gc.collect()
    assert len(list((service.settings.work / ".served").iterdir())) == 1
