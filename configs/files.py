"""Atomic writes: a file is either there whole or not at all.

Written aside in the same folder, flushed to disk, then renamed over the target; a process killed in between leaves
the old file and a hidden temporary one, which the next write of the same process id or `remove_leftovers` clears.
"""

from __future__ import annotations

import json
import os
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
