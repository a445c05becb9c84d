"""The list of the canonical tables: a folder without it is not complete, a table that differs from it is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from configs.errors import DataError
from configs.files import json_bytes, read_checked, sha256_of, write_checked
from features.tables import TABLES

MANIFEST = "MANIFEST.json"


def describe(path: Path, rows: int, *, name: str | None = None) -> dict[str, Any]:
    """What the manifest says of one file; `name` where it will be called otherwise."""
    return {"file": name or path.name, "rows": rows, "bytes": path.stat().st_size, "sha256": sha256_of(path)}


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder of canonical tables.

    Raises
    ------
    DataError
        There is none, or it is not what was written.
    """
    path = folder / MANIFEST
    try:
        manifest = read_checked(path)
    except FileNotFoundError:
        raise DataError(
            "tables_without_manifest", code="not_ingested", file=str(path), folder=folder, manifest=MANIFEST
        ) from None
    except (OSError, ValueError):
        raise DataError("manifest_damaged", code="tables_changed", file=str(path)) from None
    return manifest


def check_tables(folder: Path, manifest: dict[str, Any]) -> list[str]:
    """The tables of a folder, each compared with the manifest byte for byte.

    Raises
    ------
    DataError
        One is missing, was changed or was added.
    """
    tables = manifest["tables"]
    if added := sorted({file.stem for file in folder.glob("*.parquet")} - set(tables)):
        raise _differs(folder / f"{added[0]}.parquet", "table_file_added")
    for name, said in tables.items():
        path = folder / f"{name}.parquet"
        try:
            same = path.stat().st_size == said["bytes"] and sha256_of(path) == said["sha256"]
        except FileNotFoundError:
            raise _differs(path, "table_file_missing") from None
        if not same:
            raise _differs(path, "table_file_changed")
    return [name for name in TABLES if name in tables]


def data_hash(folder: Path) -> str:
    """SHA-256 of what the tables are and of the settings that gave them their meaning; empty where there are none."""
    try:
        manifest = read_manifest(folder)
    except DataError:
        return ""
    tables = {name: said["sha256"] for name, said in manifest["tables"].items()}
    return hashlib.sha256(json_bytes([tables, manifest.get("settings_sha256")])).hexdigest()


def write_manifest(folder: Path) -> None:
    """List the canonical tables that lie in a folder: for tables that did not come through ingest."""
    import pyarrow.parquet as pq

    found = sorted(folder.glob("*.parquet"))
    described = {path.stem: describe(path, pq.read_metadata(path).num_rows) for path in found}
    write_checked(folder / MANIFEST, {"tables": described})


def _differs(path: Path, identity: str) -> DataError:
    return DataError(identity, code="tables_changed", file=str(path))
