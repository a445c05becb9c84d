"""The canonical tables as they were at one moment: what a core answers from does not change under it.

Ingest puts new tables in place one by one while a service reads. A core therefore reads links of its own to the files
that the manifest named when it was loaded: new files take the old ones' place, the linked ones stay with the core.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from configs.errors import DataError
from configs.files import MAX_CHECKED, read_regular
from features.manifest import MANIFEST, check_tables, read_manifest

FOLDER = ".served"
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
    manifest = read_manifest(canonical)
    folder = _folder(work)
    try:
        raw = read_regular(canonical / MANIFEST, MAX_CHECKED)
        for name in manifest["tables"]:
            _link(canonical / f"{name}.parquet", folder / f"{name}.parquet")
        (folder / MANIFEST).write_bytes(raw)
        check_tables(folder, manifest)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, DataError):  # of the tables, not of our links to them
            ours, theirs = str(folder), str(canonical)
            fields = {
                name: str(value).replace(ours, theirs) if isinstance(value, str | Path) else value
                for name, value in error.fields.items()
            }
            raise DataError(error.id, code=error.code, **fields) from None
        raise
    return Snapshot(folder, canonical, hashlib.sha256(raw).hexdigest(), stamp_of(folder))


def stamp_of(folder: Path) -> Stamp:
    """The stamp of a folder's manifest and tables; empty where there are none."""
    entries = []
    for path in sorted([folder / MANIFEST, *folder.glob("*.parquet")]):
        try:
            stat = path.stat()
        except OSError:  # taken away since it was listed
            continue
        entries.append((path.name, stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(entries)


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
    except FileNotFoundError:  # told by the comparison with the manifest
        return
    except OSError:  # another file system, or files of another user
        shutil.copyfile(path, target)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
