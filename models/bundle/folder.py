"""The bundle: a folder of plain files that is what it was when it was written, or is refused.

::

    <store>/<id>/MANIFEST.json    format, size and sha256 of every file, meta
    <store>/<id>/MANIFEST.sig     HMAC-SHA256 of the manifest, where HOLDFAST_SIGNING_KEY is set
    <store>/<id>/…                the files
    <store>/CURRENT               id that is served, one line
    <store>/LAST_GOOD             id that was served before

The id is the sha256 of the manifest, so a bundle cannot change and keep its name, and the same training gives the
same id. A bundle appears by one rename; pointers are replaced by one rename. Loading reads every byte once and checks
those bytes, in this order: manifest, hashes, structure of the models, answers of the models in a child process.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from configs.errors import BundleError
from configs.files import UnfitFileError, read_regular, write_bytes_atomic
from configs.secrets import signing_key
from models.boosting.lightgbm_text import validate_text
from models.bundle.declarations import check_declarations, check_definitions

FORMAT = 1
MANIFEST, SIGNATURE = "MANIFEST.json", "MANIFEST.sig"
CURRENT, LAST_GOOD = "CURRENT", "LAST_GOOD"
MAX_FILES, MAX_BYTES = 1_000, 512 * 1024 * 1024
MAX_MANIFEST, MAX_SIGNATURE, MAX_POINTER = 4 * 1024 * 1024, 200, 100
_ID = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,3}")


@dataclass(frozen=True)
class Bundle:
    """Checked files of one bundle.

    Attributes
    ----------
    id : str
        64 hexadecimal digits.
    files : dict of str to bytes
        By name with ``/`` between folders; MANIFEST not among them.
    meta : dict
        What `save_bundle` was given.
    degraded : str
        Why this is LAST_GOOD instead of what was asked for; empty normally.
    """

    id: str
    files: dict[str, bytes] = field(repr=False)
    meta: dict[str, Any] = field(repr=False)
    degraded: str = ""

    @property
    def version(self) -> str:
        """Short form of the id, for people."""
        return self.id[:12]


def save_bundle(store: Path, files: Mapping[str, bytes], meta: Mapping[str, Any]) -> str:
    """Write a bundle; the same files and meta give the same id, and nothing is written twice.

    Parameters
    ----------
    store : Path
        Folder of all bundles; made if it is missing.
    files : mapping of str to bytes
        Names of up to four parts of letters, digits, ``_``, ``-`` and ``.``.
    meta : mapping
        JSON; ``feature_fingerprint`` is what `expect_fingerprint` is compared with, ``feature_definitions`` what this
        code computes under the same names (`features.definitions`).

    Returns
    -------
    str
        The id. The bundle is not served before `promote`.
    """
    for name in files:
        if not _NAME.fullmatch(name) or name in (MANIFEST, SIGNATURE):
            raise BundleError("bundle_file_name_impossible", name=name)
    entries = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in sorted(files.items())
    }
    text = json.dumps(
        {"files": entries, "format": FORMAT, "meta": dict(meta)},
        sort_keys=True,
        ensure_ascii=False,
        indent=1,
        allow_nan=False,
    )
    manifest = (text + "\n").encode()
    bundle_id = hashlib.sha256(manifest).hexdigest()
    store.mkdir(parents=True, exist_ok=True)
    _remove_dead_leftovers(store)
    signature = _sign(manifest)
    if (store / bundle_id).exists():
        if signature is not None:
            write_bytes_atomic(store / bundle_id / SIGNATURE, signature)
        _read_checked(store, bundle_id)
        return bundle_id
    aside = store / f".tmp.{bundle_id[:12]}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        extra = {SIGNATURE: signature} if signature is not None else {}
        for name, data in {**files, **extra, MANIFEST: manifest}.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        for folder in [aside, *(path for path in sorted(aside.rglob("*")) if path.is_dir())]:
            _sync(folder)
        aside.rename(store / bundle_id)
        _sync(store)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return bundle_id


def load_bundle(
    store: Path,
    *,
    bundle_id: str | None = None,
    expect_fingerprint: str | None = None,
    examine: bool = True,
    fall_back: bool = False,
) -> Bundle:
    """Read and check a bundle.

    Parameters
    ----------
    store : Path
    bundle_id : str, optional
        Default: what CURRENT names. A unique beginning of at least eight digits is enough.
    expect_fingerprint : str, optional
        Fingerprint of the feature set that will be used; another one is refused. Default: that of this code's
        declarations of the bundle's features.
    examine : bool
        Whether to let the models answer their golden rows in a child process, and to compare how the features are
        computed (together about two seconds).
    fall_back : bool
        Whether to take LAST_GOOD where CURRENT is refused; `Bundle.degraded` then says why.

    Raises
    ------
    BundleError
        With the code `bundle_missing`, `bundle_changed`, `bundle_unsigned`, `bundle_newer`, `bundle_other_features`,
        `bad_model_text`, `golden_rows_differ` or `golden_rows_failed`.
    """
    try:
        return _load(store, bundle_id or read_pointer(store, CURRENT), expect_fingerprint, examine)
    except BundleError as error:
        if not fall_back or bundle_id is not None or not (store / LAST_GOOD).is_file():
            raise
        good = _load(store, read_pointer(store, LAST_GOOD), expect_fingerprint, examine)
        return Bundle(good.id, good.files, good.meta, degraded=str(error))


def promote(store: Path, bundle_id: str) -> str:
    """Serve this bundle from now on; what was served becomes LAST_GOOD.

    The bundle is loaded and examined first, so CURRENT never comes to name one that would be refused.
    """
    wanted = load_bundle(store, bundle_id=bundle_id).id
    before = read_pointer(store, CURRENT) if (store / CURRENT).is_file() else wanted
    if before != wanted:
        write_bytes_atomic(store / LAST_GOOD, f"{before}\n".encode())
    write_bytes_atomic(store / CURRENT, f"{wanted}\n".encode())
    return wanted


def roll_back(store: Path) -> str:
    """Serve LAST_GOOD again; returns its id. What was served is kept in the store but no pointer names it."""
    good = read_pointer(store, LAST_GOOD)
    _read_checked(store, good)
    write_bytes_atomic(store / CURRENT, f"{good}\n".encode())
    return good


def list_bundles(store: Path) -> list[dict[str, Any]]:
    """Every bundle of a store, by id: `id`, `current`, `last_good`, `meta` (None where the manifest is unreadable)."""
    if not store.is_dir():
        return []
    pointers = {name: read_pointer(store, name) for name in (CURRENT, LAST_GOOD) if (store / name).is_file()}
    bundles = []
    for folder in sorted(path for path in store.iterdir() if _ID.fullmatch(path.name)):
        try:
            meta = _manifest(folder)[1]["meta"]
        except BundleError:
            meta = None
        is_current, is_good = (pointers.get(name) == folder.name for name in (CURRENT, LAST_GOOD))
        bundles.append({"id": folder.name, "current": is_current, "last_good": is_good, "meta": meta})
    return bundles


def read_pointer(store: Path, name: str) -> str:
    """The id that CURRENT or LAST_GOOD names."""
    try:
        text = read_regular(store / name, MAX_POINTER).decode("ascii", "replace").strip()
    except UnfitFileError as error:
        raise BundleError(
            "bundle_pointer_unfit", code="bundle_changed", file=str(store / name), reason=error.reason
        ) from None
    except OSError:
        fields = {"file": str(store / name), "store": store, "name": name}
        if name == CURRENT:
            raise BundleError("no_bundle_in_use", code="bundle_missing", **fields) from None
        raise BundleError("no_earlier_bundle", code="bundle_missing", **fields) from None
    if not _ID.fullmatch(text):
        raise BundleError("bundle_pointer_names_none", code="bundle_changed", file=store / name)
    return text


def _load(store: Path, bundle_id: str, expect_fingerprint: str | None, examine: bool) -> Bundle:
    bundle = _read_checked(store, _full_id(store, bundle_id))
    check_declarations(bundle.version, bundle.files, bundle.meta, expect_fingerprint)
    for name, data in bundle.files.items():
        if name.endswith(".txt"):
            validate_text(data)
    if examine:
        with ThreadPoolExecutor(1) as beside:
            answers = beside.submit(_examine_models, bundle)
            # compiling the features takes about as long as the child, which works meanwhile
            check_definitions(bundle.version, bundle.files, bundle.meta)
            answers.result()
    return bundle


def _examine_models(bundle: Bundle) -> None:
    if "suite.json" in bundle.files:
        from models.bundle.examination import examine_in_child

        examine_in_child(bundle.files)


def _read_checked(store: Path, bundle_id: str) -> Bundle:
    """Manifest, signature, then every byte once; no file more, none less, no link."""
    folder = store / bundle_id
    raw, manifest = _manifest(folder)
    if hashlib.sha256(raw).hexdigest() != bundle_id:
        raise _changed(folder, MANIFEST, "bundle_part_not_as_stored")
    _check_signature(folder, raw)
    if manifest["format"] > FORMAT:
        raise BundleError(
            "bundle_of_newer_format",
            code="bundle_newer",
            bundle=bundle_id[:12],
            format=manifest["format"],
            known=FORMAT,
        )
    entries: dict[str, dict[str, Any]] = manifest["files"]
    parents = {parent.as_posix() for name in entries for parent in PurePosixPath(name).parents}
    present = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _changed(folder, name, "bundle_part_link_or_device")
        if path.is_dir() and name not in parents:
            raise _changed(folder, name, "bundle_part_added")
        if path.is_file() and name not in (MANIFEST, SIGNATURE):
            present[name] = path
    if extra := sorted(set(present) - set(entries)):
        raise _changed(folder, extra[0], "bundle_part_added")
    if missing := sorted(set(entries) - set(present)):
        raise _changed(folder, missing[0], "bundle_part_missing")
    files = {}
    for name, entry in entries.items():
        try:
            data = read_regular(present[name], entry["size"])
        except UnfitFileError:  # longer than it was, or exchanged since the look at the folder
            raise _changed(folder, name, "bundle_part_changed") from None
        except OSError:
            raise _changed(folder, name, "bundle_part_unreadable") from None
        if len(data) != entry["size"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise _changed(folder, name, "bundle_part_changed")
        files[name] = data
    return Bundle(bundle_id, files, manifest["meta"])


def _manifest(folder: Path) -> tuple[bytes, dict[str, Any]]:
    path = folder / MANIFEST
    if folder.is_symlink():
        raise _changed(folder, MANIFEST, "bundle_part_link")
    try:
        raw = read_regular(path, MAX_MANIFEST)
    except UnfitFileError as error:
        raise _changed(folder, MANIFEST, "bundle_part_unfit", reason=error.reason) from None
    except OSError:
        raise BundleError(
            "bundle_not_in_store", code="bundle_missing", file=str(path), bundle=folder.name[:12], store=folder.parent
        ) from None
    try:
        manifest = json.loads(raw)
        total = sum(int(entry["size"]) for entry in manifest["files"].values())
        well_formed = (
            isinstance(manifest["format"], int)
            and isinstance(manifest["meta"], dict)
            and len(manifest["files"]) <= MAX_FILES
            and total <= MAX_BYTES
            and all(
                _NAME.fullmatch(name) and len(entry["sha256"]) == 64 and entry["size"] >= 0
                for name, entry in manifest["files"].items()
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        well_formed = False
    if not well_formed:
        raise _changed(folder, MANIFEST, "bundle_part_unreadable")
    return raw, manifest


def _full_id(store: Path, bundle_id: str) -> str:
    if _ID.fullmatch(bundle_id):
        return bundle_id
    if re.fullmatch(r"[0-9a-f]{8,63}", bundle_id) and store.is_dir():
        matches = [
            path.name for path in store.iterdir() if _ID.fullmatch(path.name) and path.name.startswith(bundle_id)
        ]
        if len(matches) == 1:
            return matches[0]
    raise BundleError("bundle_id_unknown", code="bundle_missing", bundle=bundle_id, store=store)


def _sign(manifest: bytes) -> bytes | None:
    key = signing_key()
    return None if key is None else (hmac.new(key, manifest, hashlib.sha256).hexdigest() + "\n").encode()


def _check_signature(folder: Path, manifest: bytes) -> None:
    wanted = _sign(manifest)
    if wanted is None:
        return
    try:
        given = read_regular(folder / SIGNATURE, MAX_SIGNATURE)
    except UnfitFileError as error:
        raise _changed(folder, SIGNATURE, "bundle_part_unfit", reason=error.reason) from None
    except OSError:
        given = b""
    if not hmac.compare_digest(given, wanted):
        raise BundleError(
            "bundle_unsigned", code="bundle_unsigned", file=str(folder / SIGNATURE), bundle=folder.name[:12]
        )


def _changed(folder: Path, name: str, identity: str, **fields: Any) -> BundleError:
    place = str(folder / name)
    return BundleError(identity, code="bundle_changed", file=place, bundle=folder.name[:12], name=name, **fields)


def _remove_dead_leftovers(store: Path) -> None:
    for path in store.glob(".tmp.*.*"):
        owner = path.name.rpartition(".")[2]
        if path.is_dir() and owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
