"""The bundle: what is refused and with which reason, what a killed process leaves, pointers, signatures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from configs.errors import BundleError
from models.bundle.folder import (
    CURRENT,
    LAST_GOOD,
    MANIFEST,
    SIGNATURE,
    list_bundles,
    load_bundle,
    promote,
    read_pointer,
    roll_back,
    save_bundle,
)

FILES = {"a.json": b"{}\n", "deep/b.json": b"[1, 2]\n", "report.html": b"<p>x</p>"}
META = {"feature_fingerprint": "f" * 64, "as_of": "2024-01-01"}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HOLDFAST_SIGNING_KEY", raising=False)
    return tmp_path / "bundle"


@pytest.fixture
def saved(store: Path) -> tuple[Path, str]:
    return store, save_bundle(store, FILES, META)


def test_round_trip(saved: tuple[Path, str]) -> None:
    store, bundle_id = saved
    bundle = load_bundle(store, bundle_id=bundle_id, expect_fingerprint="f" * 64)
    assert (bundle.files, bundle.meta, bundle.id, bundle.degraded) == (FILES, META, bundle_id, "")
    assert load_bundle(store, bundle_id=bundle.version).id == bundle_id


def test_same_content_same_id_and_nothing_is_left_beside(saved: tuple[Path, str], tmp_path: Path) -> None:
    store, bundle_id = saved
    assert save_bundle(store, FILES, META) == bundle_id
    assert save_bundle(tmp_path / "other", dict(reversed(FILES.items())), META) == bundle_id
    assert save_bundle(store, FILES, META | {"as_of": "2024-01-02"}) != bundle_id
    assert not [path for path in store.iterdir() if path.name.startswith(".")]
    one, two = (tmp_path / folder / bundle_id / MANIFEST for folder in ("bundle", "other"))
    assert one.read_bytes() == two.read_bytes()


def change(folder: Path) -> None:
    (folder / "a.json").write_bytes(b"{ \n")


def grow(folder: Path) -> None:
    (folder / "a.json").write_bytes(b"{}\n" * 100)


def add(folder: Path) -> None:
    (folder / "deep" / "extra.json").write_bytes(b"{}")


def remove(folder: Path) -> None:
    (folder / "report.html").unlink()


def link(folder: Path) -> None:
    shutil.move(folder / "a.json", folder.parent / "elsewhere.json")
    (folder / "a.json").symlink_to(folder.parent / "elsewhere.json")


def link_folder(folder: Path) -> None:
    shutil.move(folder / "deep", folder.parent / "elsewhere")
    (folder / "deep").symlink_to(folder.parent / "elsewhere", target_is_directory=True)


def edit_manifest(folder: Path) -> None:
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace("2024-01-01", "2024-01-03"))


def break_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def add_folder(folder: Path) -> None:
    (folder / "more").mkdir()


def manifest_as(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        (folder / MANIFEST).unlink()
        make(folder / MANIFEST)

    tamper.__name__ = f"manifest_{getattr(make, '__name__', 'x')}"
    return tamper


def manifest_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def exchange_for_a_pipe(folder: Path) -> None:
    (folder / "a.json").unlink()
    os.mkfifo(folder / "a.json")


def signature_pipe(folder: Path) -> None:
    os.mkfifo(folder / SIGNATURE)


TAMPERING: list[tuple[Callable[[Path], None], str]] = [
    (change, "a.json was changed"),
    (grow, "a.json was changed"),
    (add, "deep/extra.json was added"),
    (remove, "report.html is missing"),
    (link, "a.json is a link"),
    (link_folder, "deep is a link"),
    (edit_manifest, "MANIFEST.json is not the one"),
    (break_manifest, "MANIFEST.json cannot be read"),
    (pipe, "pipe is a link or a device"),
    (add_folder, "more was added"),
    (manifest_as(os.mkfifo), "MANIFEST.json is a pipe"),
    (manifest_as(Path.mkdir), "MANIFEST.json is a folder"),
    (manifest_as(manifest_device), "MANIFEST.json is a link"),
    (exchange_for_a_pipe, "a.json is a link or a device"),
    (signature_pipe, "MANIFEST.sig is a"),
]


@pytest.mark.parametrize(("tamper", "words"), TAMPERING, ids=[tamper.__name__ for tamper, _ in TAMPERING])
def test_tampering_is_refused(saved: tuple[Path, str], tamper: Callable[[Path], None], words: str) -> None:
    store, bundle_id = saved
    tamper(store / bundle_id)
    with pytest.raises(BundleError, match=words) as caught:
        load_bundle(store, bundle_id=bundle_id)
    assert caught.value.code == "bundle_changed"


def test_a_signature_that_is_a_pipe_is_refused_where_one_is_asked_for(
    saved: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    signature_pipe(saved[0] / saved[1])
    monkeypatch.setenv("HOLDFAST_SIGNING_KEY", "k" * 32)
    with pytest.raises(BundleError, match=r"MANIFEST.sig is a pipe"):
        load_bundle(saved[0], bundle_id=saved[1])


@pytest.mark.parametrize("name", [CURRENT, LAST_GOOD])
@pytest.mark.parametrize(("make", "words"), [(os.mkfifo, "is a pipe"), (Path.mkdir, "is a folder"),
                                             (manifest_device, "is a link")])  # fmt: skip
def test_a_pointer_that_is_no_file_is_refused_without_waiting(
    store: Path, name: str, make: Callable[[Path], object], words: str
) -> None:
    store.mkdir(exist_ok=True)
    make(store / name)
    with pytest.raises(BundleError, match=f"{name} {words}") as caught:
        read_pointer(store, name)
    assert caught.value.code == "bundle_changed"


def test_a_bundle_that_is_no_folder_is_refused(saved: tuple[Path, str]) -> None:
    store, bundle_id = saved
    folder = store / bundle_id
    folder.rename(store / "moved")
    os.mkfifo(folder)
    with pytest.raises(BundleError):
        load_bundle(store, bundle_id=bundle_id)
    folder.unlink()
    folder.symlink_to(store / "moved", target_is_directory=True)
    with pytest.raises(BundleError, match="is a link"):
        load_bundle(store, bundle_id=bundle_id)


def test_another_feature_set_is_refused(saved: tuple[Path, str]) -> None:
    with pytest.raises(BundleError, match="another feature set") as caught:
        load_bundle(saved[0], bundle_id=saved[1], expect_fingerprint="0" * 64)
    assert caught.value.code == "bundle_other_features"


def test_a_newer_format_is_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        later.setattr("models.bundle.folder.FORMAT", 2)
        bundle_id = save_bundle(store, FILES, META)
    with pytest.raises(BundleError, match="format 2, newer than 1") as caught:
        load_bundle(store, bundle_id=bundle_id)
    assert caught.value.code == "bundle_newer"


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "a/../b", "", "a b", ".hidden", MANIFEST, "a/b/c/d/e"])
def test_names_that_leave_the_folder_are_refused(store: Path, name: str) -> None:
    with pytest.raises(BundleError, match="cannot be the name"):
        save_bundle(store, {name: b""}, META)


def test_a_manifest_cannot_name_a_file_outside(saved: tuple[Path, str]) -> None:
    store, bundle_id = saved
    manifest = json.loads((store / bundle_id / MANIFEST).read_text())
    manifest["files"]["../secret"] = {"sha256": "0" * 64, "size": 3}
    (store / bundle_id / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(store, bundle_id=bundle_id)


def test_missing_store_pointer_or_bundle(store: Path) -> None:
    for wanted in (None, "0" * 64, "00000000", "../.."):
        with pytest.raises(BundleError) as caught:
            load_bundle(store, bundle_id=wanted)
        assert caught.value.code == "bundle_missing"
    store.mkdir()
    (store / CURRENT).write_text("../../etc\n")
    with pytest.raises(BundleError, match="names no bundle"):
        load_bundle(store)


def test_signature(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unsigned = save_bundle(store, FILES, META)
    monkeypatch.setenv("HOLDFAST_SIGNING_KEY", "k" * 32)
    with pytest.raises(BundleError, match="not signed") as caught:
        load_bundle(store, bundle_id=unsigned)
    assert caught.value.code == "bundle_unsigned"
    signed = save_bundle(store, FILES, META)
    assert signed == unsigned and load_bundle(store, bundle_id=signed).files == FILES
    monkeypatch.setenv("HOLDFAST_SIGNING_KEY", "another-key-of-enough-length")
    with pytest.raises(BundleError, match="not signed"):
        load_bundle(store, bundle_id=signed)
    (store / signed / SIGNATURE).unlink()
    monkeypatch.delenv("HOLDFAST_SIGNING_KEY")
    assert load_bundle(store, bundle_id=signed).id == signed


def test_a_short_key_is_refused(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_SIGNING_KEY", "short")
    with pytest.raises(Exception, match="fewer than 16 characters"):
        save_bundle(store, FILES, META)


def test_pointers(saved: tuple[Path, str]) -> None:
    store, first = saved
    second = save_bundle(store, FILES | {"c.json": b"1"}, META)
    assert promote(store, first) == first and load_bundle(store).id == first
    assert not (store / LAST_GOOD).exists()
    promote(store, second)
    promote(store, second)
    assert (read_pointer(store, CURRENT), read_pointer(store, LAST_GOOD)) == (second, first)
    states = {item["id"]: (item["current"], item["last_good"]) for item in list_bundles(store)}
    assert states == {first: (False, True), second: (True, False)}
    assert roll_back(store) == first and load_bundle(store).id == first


def test_a_damaged_bundle_is_not_promoted_and_last_good_steps_in(saved: tuple[Path, str]) -> None:
    store, first = saved
    second = save_bundle(store, FILES | {"c.json": b"1"}, META)
    promote(store, first)
    promote(store, second)
    change(store / second)
    with pytest.raises(BundleError):
        promote(store, second)
    with pytest.raises(BundleError):
        load_bundle(store)
    bundle = load_bundle(store, fall_back=True)
    assert bundle.id == first and "a.json was changed" in bundle.degraded


KILLED = """
import os, sys
from pathlib import Path
import models.bundle.folder as module
calls = 0
def fsync(descriptor):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os._exit(9)
module.os.fsync = fsync
bundle = module.save_bundle(Path(sys.argv[1]), {"a.json": b"new", "b/c.json": b"2"}, {"n": 1})
module.promote(Path(sys.argv[1]), bundle)
"""


def test_a_process_killed_anywhere_leaves_a_store_that_loads(saved: tuple[Path, str]) -> None:
    store, first = saved
    promote(store, first)
    for step in range(1, 40):
        done = subprocess.run([sys.executable, "-c", KILLED, str(store), str(step)], check=False)
        assert load_bundle(store).files in (FILES, {"a.json": b"new", "b/c.json": b"2"})
        for item in list_bundles(store):
            assert load_bundle(store, bundle_id=item["id"])
        if done.returncode == 0:
            break
    assert done.returncode == 0 and step > 6
    assert load_bundle(store).files["a.json"] == b"new"
    assert not [path for path in store.iterdir() if path.name.startswith(".tmp.")]


def test_a_suite_is_examined_before_it_is_used(store: Path, files: dict[str, bytes], suite) -> None:
    bundle_id = save_bundle(store, files, {"feature_fingerprint": suite.feature_set.fingerprint})
    promote(store, bundle_id)
    assert load_bundle(store, examine=False).files == files


def test_models_that_answer_differently_are_refused(store: Path, files: dict[str, bytes]) -> None:
    name = "churn/h90.0.txt"
    text = files[name]
    start = text.index(b"leaf_value=") + len(b"leaf_value=")
    end = text.index(b"\n", start)
    turned = b" ".join(reversed(text[start:end].split(b" ")))
    other = save_bundle(store, files | {name: text[:start] + turned + text[end:]}, META)
    with pytest.raises(BundleError, match="do not give the answers") as caught:
        load_bundle(store, bundle_id=other)
    assert caught.value.code == "golden_rows_differ"


def test_a_model_text_that_is_no_model_is_refused(store: Path, files: dict[str, bytes]) -> None:
    name = "churn/h90.0.txt"
    other = save_bundle(store, files | {name: files[name][:-500]}, META)
    with pytest.raises(BundleError) as caught:
        load_bundle(store, bundle_id=other)
    assert caught.value.code == "bad_model_text"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import os; os.abort()", "signal 6"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("", "exit code 0"),
    ],
)
def test_a_child_that_dies_or_hangs_is_only_a_child(monkeypatch: pytest.MonkeyPatch, body: str, words: str) -> None:
    from models.bundle import examination

    monkeypatch.setattr(examination, "_START", body)
    monkeypatch.setattr(examination, "TIMEOUT_SECONDS", 1 if "sleep" in body else 60)
    with pytest.raises(BundleError, match=words) as caught:
        examination.examine_in_child({"a": b"b"})
    assert caught.value.code == "golden_rows_failed"
