"""The canonical tables as they were at one moment: what a core answers from does not change under it.

Ingest puts new tables in place one by one while a service reads. A core therefore reads links of its own to the files
that the manifest named when it was loaded: new files take the old ones' place, the linked ones stay with the core.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from configs.errors import DataError
from configs.files import read_regular

MANIFEST = "MANIFEST.json"
FOLDER = ".served"
MAX_MANIFEST = 64 << 20
Stamp = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of files: what differs when one was replaced or written to."""


@dataclass(frozen=True)
class Snapshot:
    """Canonical tables that a core answers from.

    Attributes
    ----------
    folder : Path
        Links to the tables, and the manifest.
    canonical : Path
        Where the tables were found.
    manifest_sha256 : str
        Which tables they are.
    stamp : Stamp
        Of the linked files when they were checked.
    """

    folder: Path
    canonical: Path
    manifest_sha256: str
    stamp: Stamp

    def fault(self) -> str | None:
        """Why customers may no longer be looked up here, by code: data_missing or data_changed."""
        if not (self.canonical / "transactions.parquet").exists():
            return "data_missing"
        return None if stamp_of(self.folder) == self.stamp else "data_changed"


def take_snapshot(canonical: Path, work: Path) -> Snapshot:
    """Link the tables of a complete folder and check every byte of them against its manifest.

    Parameters
    ----------
    canonical : Path
        The folder that ingest writes.
    work : Path
        Where the links may be kept; a temporary folder with copies is made where they may not.

    Raises
    ------
    DataError
        The folder has no manifest, or a table is not what its manifest says.
    """
    try:
        raw = read_regular(canonical / MANIFEST, MAX_MANIFEST)
        said = {str(name): (str(item["file"]), str(item["sha256"])) for name, item in json.loads(raw)["tables"].items()}
    except FileNotFoundError:
        raise DataError(
            f"{canonical} is not complete: it has no {MANIFEST}", "run holdfast ingest", code="not_ingested",
            file=str(canonical),
        ) from None  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{canonical / MANIFEST} cannot be read as the list of tables", "run holdfast ingest",
            code="tables_changed", file=str(canonical),
        ) from None  # fmt: skip
    folder = _folder(work)
    try:
        for name, (file, digest) in said.items():
            _link(canonical / f"{name}.parquet", folder / f"{name}.parquet")
            if file != f"{name}.parquet" or _digest(folder / file) != digest:
                raise DataError(
                    f"{canonical / file} is not the table that {MANIFEST} names",
                    "run holdfast ingest again",
                    code="tables_changed",
                    file=str(canonical / file),
                )
        (folder / MANIFEST).write_bytes(raw)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Snapshot(folder, canonical, hashlib.sha256(raw).hexdigest(), stamp_of(folder))


def stamp_of(folder: Path) -> Stamp:
    """The stamp of a folder's manifest and tables; empty where there are none."""
    found = []
    for path in sorted([folder / MANIFEST, *folder.glob("*.parquet")]):
        try:
            stat = path.stat()
        except OSError:  # taken away since it was listed
            continue
        found.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(found)


def remove_dead(work: Path) -> None:
    """Remove what services that were killed left; call it before this process takes its first snapshot."""
    for folder in (work / FOLDER).glob("*-*"):
        owner = folder.name.partition("-")[0]
        if owner.isdigit() and (int(owner) == os.getpid() or not _alive(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)


def _folder(work: Path) -> Path:
    prefix = f"{os.getpid()}-"
    try:
        (work / FOLDER).mkdir(exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=work / FOLDER))
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"holdfast-served-{prefix}"))


def _link(path: Path, target: Path) -> None:
    try:
        if path.is_symlink():
            raise OSError
        os.link(path, target)
    except FileNotFoundError:
        raise DataError(
            f"{path} is missing, though {MANIFEST} names it",
            "run holdfast ingest again",
            code="tables_changed",
            file=str(path),
        ) from None
    except OSError:  # another file system, or files of another user
        shutil.copyfile(path, target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
