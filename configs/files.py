"""Atomic writes, where a file is either there whole or not at all, and reading of what is a file and nothing else.

Written aside in the same folder, flushed to disk, then renamed over the target; a process killed in between leaves
the old file and a hidden temporary one, which the next write of the same process id or `remove_leftovers` clears.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path to write to; on success it becomes `path`, on an error it is removed.

    The temporary name keeps the suffix, because some writers choose the format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.tmp.{os.getpid()}{path.suffix}")
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def write_bytes_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as aside:
        aside.write_bytes(data)


def write_json_atomic(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, whole or not at all; NaN is refused."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    write_bytes_atomic(path, (text + "\n").encode())


def remove_leftovers(folder: Path) -> int:
    """Remove temporary files that killed writers left in a folder; returns how many."""
    leftovers = [file for file in folder.glob(".*.tmp.*") if file.is_file()]
    for file in leftovers:
        file.unlink(missing_ok=True)
    return len(leftovers)


class UnfitFileError(OSError):
    """What lies there is no ordinary file, or is larger than it may be; `reason` says so in words: ``is a pipe``."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


def read_regular(path: Path, limit: int, *, follow: bool = False) -> bytes:
    """All bytes of an ordinary file of at most `limit` bytes.

    A link, pipe, socket, device or folder is refused, and none of them makes the reader wait: it is opened without
    waiting for a writer and looked at before it is read. What is checked is what is read, because it is open by then.

    Parameters
    ----------
    path : Path
    limit : int
        A larger file is refused without being read.
    follow : bool
        Whether `path` may be a link to a file: for files that people put there, not for those that we wrote.

    Raises
    ------
    UnfitFileError
        It is not an ordinary file, or larger than `limit`.
    OSError
        It does not exist or may not be read.
    """
    if not follow and path.is_symlink():
        raise UnfitFileError(path, "is a link")
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that nothing is behind
            raise UnfitFileError(path, "is a socket or a device") from None
        if error.errno == errno.ELOOP:  # it became a link since the check
            raise UnfitFileError(path, "is a link") from None
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnfitFileError(path, _KINDS.get(stat.S_IFMT(found.st_mode), "is not a file"))
        if found.st_size > limit:
            raise UnfitFileError(path, f"is larger than {limit} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(min(limit, max(found.st_size, 1 << 16)) + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:  # it has grown since
        raise UnfitFileError(path, f"is larger than {limit} bytes")
    return data


_KINDS = {
    stat.S_IFDIR: "is a folder",
    stat.S_IFIFO: "is a pipe",
    stat.S_IFSOCK: "is a socket or a device",
    stat.S_IFCHR: "is a socket or a device",
    stat.S_IFBLK: "is a socket or a device",
}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
