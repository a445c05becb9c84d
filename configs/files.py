"""Files are written aside and renamed: whoever reads one sees the old file or the new one, never a part of it.

Files that belong together appear together (`write_set`), what is read again by us says its own hash (`write_checked`),
and what holds personal data is readable by its owner alone (`private`). What is read is a file and nothing else
(`read_regular`).
"""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from configs.catalogue import Phrase, phrase

PRIVATE = 0o600
"""Mode of files with personal data, whatever the umask."""
CHECK = "check"
"""Key of a checked JSON file that holds the hash of all others."""

MAX_CHECKED = 256 << 20
"""Largest checked JSON file in bytes."""

Content = bytes | Path | Callable[[Path], object]
"""What a file of a set will hold: bytes, a file already written aside, or a function that writes to a path."""


@contextmanager
def atomic_path(path: Path, *, private: bool = False) -> Iterator[Path]:
    """A path to write to; on success it becomes `path`, on an error it is removed.

    The temporary name keeps the suffix, because some writers choose the format by it.

    Parameters
    ----------
    path : Path
        Where the file will be; its folder is made.
    private : bool
        Whether nobody but the owner may read it, from its first byte on and whatever the umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers_of(path)
    aside = _aside(path)
    try:
        if private:
            _touch_private(aside)
        yield aside
        _settle(aside, private)
        aside.replace(path)
        _sync_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def write_bytes_atomic(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path, private=private) as aside:
        aside.write_bytes(data)


def write_json_atomic(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, whole or not at all; NaN is refused."""
    write_bytes_atomic(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """JSON with sorted keys and a final newline; NaN is refused."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def write_set(
    files: Mapping[Path, Content],
    *,
    gone: Iterable[Path] = (),
    private: bool = False,
    before: Callable[[dict[Path, str]], None] | None = None,
) -> dict[Path, str]:
    """Put files that belong together in place so that a new one never lies beside an old one.

    All are written aside first. Then the old ones are taken away from the last to the second, the first is replaced by
    its new form, and the others follow in their order. A process that is killed in between leaves too few files, never
    two kinds. Where the last file is the list of the others, a reader who finds it finds all of them.

    Parameters
    ----------
    files : mapping of Path to bytes, Path or callable
        What each will hold; the main file first.
    gone : iterable of Path
        Files of an earlier set that this one does not have.
    private : bool
        See `atomic_path`.
    before : callable, optional
        Given the SHA-256 of every file when all are written and none is in place.

    Returns
    -------
    dict of Path to str
        SHA-256 of every file.
    """
    aside: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_leftovers_of(path)
            aside[path] = content if isinstance(content, Path) else _aside(path)
            if not isinstance(content, Path):
                if private:
                    _touch_private(aside[path])
                if isinstance(content, bytes):
                    aside[path].write_bytes(content)
                else:
                    content(aside[path])
            _settle(aside[path], private)
        hashes = {path: sha256_of(written) for path, written in aside.items()}
        if before is not None:
            before(hashes)
        for old in [*gone, *reversed(list(files)[1:])]:
            old.unlink(missing_ok=True)
        for folder in {path.parent for path in files}:
            _sync_folder(folder)
        for path, written in aside.items():
            written.replace(path)
        for folder in {path.parent for path in files}:
            _sync_folder(folder)
    finally:
        for written in aside.values():
            written.unlink(missing_ok=True)
    return hashes


def write_checked(path: Path, value: Mapping[str, Any], *, private: bool = False) -> None:
    """Write JSON that holds its own hash, for `read_checked`."""
    write_bytes_atomic(path, checked_bytes(value), private=private)


def checked_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON that holds its own hash."""
    return json_bytes({**value, CHECK: _check_of(value)})


def read_checked(path: Path) -> dict[str, Any]:
    """What `write_checked` wrote.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is not what was written.
    """
    value = json.loads(read_regular(path, MAX_CHECKED))
    if not isinstance(value, dict) or value.pop(CHECK, None) != _check_of(value):
        raise ValueError(f"{path} is not what was written")
    return value


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_leftovers(folder: Path, pattern: str = ".*.tmp.*") -> int:
    """Remove temporary files that killed writers left in a folder; returns how many. Those of the living stay."""
    leftovers = [file for file in folder.glob(pattern) if file.is_file() and not _in_use(file.name)]
    for file in leftovers:
        file.unlink(missing_ok=True)
    return len(leftovers)


def _remove_leftovers_of(path: Path) -> None:
    """What killed writers of this one file left beside it."""
    remove_leftovers(path.parent, f".{glob.escape(path.stem)}.tmp.*{glob.escape(path.suffix)}")


def _in_use(name: str) -> bool:
    """Whether the process that a temporary file is named after is another one that still runs."""
    number = name.partition(".tmp.")[2].partition(".")[0]
    if not number.isdecimal() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.stem}.tmp.{os.getpid()}{path.suffix}")


def _touch_private(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE))


def _settle(path: Path, private: bool) -> None:
    """The bytes on the disk, and the mode as promised: a file that was there before may have had another."""
    with path.open("rb+") as file:
        if private:
            os.fchmod(file.fileno(), PRIVATE)
        os.fsync(file.fileno())


def _check_of(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json_bytes(dict(value))).hexdigest()


class UnfitFileError(OSError):
    """What lies there is no ordinary file, or is larger than it may be; `reason` says so in words: ``is a pipe``."""

    def __init__(self, path: Path, reason: Phrase) -> None:
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
        raise UnfitFileError(path, phrase("phrases.unfit.link"))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that nothing is behind
            raise UnfitFileError(path, phrase("phrases.unfit.device")) from None
        if error.errno == errno.ELOOP:  # it became a link since the check
            raise UnfitFileError(path, phrase("phrases.unfit.link")) from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnfitFileError(path, phrase(f"phrases.unfit.{_KINDS.get(stat.S_IFMT(status.st_mode), 'other')}"))
        if status.st_size > limit:
            raise UnfitFileError(path, phrase("phrases.unfit.large", limit=limit))
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(min(limit, max(status.st_size, 1 << 16)) + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:  # it has grown since
        raise UnfitFileError(path, phrase("phrases.unfit.large", limit=limit))
    return data


_KINDS = {
    stat.S_IFDIR: "folder",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "device",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
"""Kind of what lies there → entry of `phrases.yaml` under `unfit`."""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
