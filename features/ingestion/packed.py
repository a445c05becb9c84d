"""Unpacking gz and zip, never without an end: what a small file unpacks to is bounded."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from configs.errors import DataError

MAX_BYTES = 64 << 30
MAX_RATIO, FREE_BYTES = 200, 1 << 30
"""Beyond the first gigabyte nothing may unpack to more than 200 times its size; a purchase log shrinks to a tenth."""
MAX_WORKBOOK_BYTES, WORKBOOK_FREE_BYTES = 4 << 30, 256 << 20
MAX_MEMBERS = 10_000
_PIECE = 1 << 20
_BROKEN = (OSError, EOFError, RuntimeError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class Bounded:
    """A stream of unpacked bytes that stops at the bound."""

    def __init__(self, stream: Any, packed_bytes: int, label: str) -> None:
        self._stream = stream
        self._label = label
        self._most = min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * packed_bytes))
        self._bytes = 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        piece = bytes(self._stream.read(size))
        self._bytes += len(piece)
        if self._bytes > self._most:
            raise too_large(self._label, self._most)
        return piece

    def __enter__(self) -> Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def open_gzip(path: Path, label: str) -> Bounded:
    """A gzip file as the bytes it holds."""
    return Bounded(gzip.open(path, "rb"), path.stat().st_size, label)


def unpack_gzip(path: Path, scratch: Path, label: str) -> Path:
    """Unpack a gzip file whose content cannot be read as a stream."""
    target = _fresh(scratch, path.stem)
    try:
        with open_gzip(path, label) as stream:
            _copy(stream, target)
    except DataError:
        raise
    except _BROKEN as error:
        raise cut_off(label, error) from None
    return target


def unpack_zip(path: Path, scratch: Path, label: str) -> Iterator[tuple[str, Path]]:
    """Unpack the files of an archive one after the other: name inside and where it is now.

    Raises
    ------
    DataError
        Encrypted, damaged, too large, empty.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = table_members(archive)
            if not infos:
                raise DataError("archive_without_table", code="empty_source", file=label)
            _check_sizes(archive.infolist(), label, MAX_BYTES, FREE_BYTES)
            for info in infos:
                if info.flag_bits & 1:
                    raise DataError("archive_encrypted", code="encrypted", file=label, name=info.filename)
                target = _fresh(scratch, PurePosixPath(info.filename).name)
                with archive.open(info) as stream:
                    _copy(Bounded(stream, info.compress_size, label), target)
                yield info.filename, target
                target.unlink(missing_ok=True)
    except DataError:
        raise
    except _BROKEN as error:
        raise cut_off(label, error) from None


def table_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive that may be tables: no folders, nothing hidden, no pages and pictures."""
    others = {".md", ".html", ".htm", ".pdf", ".png", ".jpg", ".jpeg", ".doc", ".docx", ".xml", ".yaml", ".yml", ".sql"}
    found = []
    for info in archive.infolist():
        place = PurePosixPath(info.filename.replace("\\", "/"))
        hidden = any(part.startswith((".", "~$", "__MACOSX")) for part in place.parts)
        hidden = hidden or place.stem.lower() in ("readme", "license", "licence")
        if not info.is_dir() and not hidden and place.suffix.lower() not in others:
            found.append(info)
    return sorted(found, key=lambda info: info.filename)[:MAX_MEMBERS]


def check_workbook(path: Path, label: str) -> None:
    """Unpack a workbook's parts once without keeping them: bounded, whole, as large as they say."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive.infolist(), label, MAX_WORKBOOK_BYTES, WORKBOOK_FREE_BYTES)
            damaged = archive.testzip()
    except DataError:
        raise
    except _BROKEN as error:
        raise not_a_workbook(label, error) from None
    if damaged:
        raise not_a_workbook(label, ValueError(f"{damaged} is damaged"))


def not_a_workbook(label: str, error: BaseException) -> DataError:
    """The refusal of what begins like a workbook."""
    reason = " ".join(str(error).split())[:120]
    return DataError("workbook_unreadable", code="damaged_workbook", file=label, reason=reason)


def cut_off(label: str, error: BaseException) -> DataError:
    """The refusal of a stream that does not unpack."""
    return DataError("file_cut_off", code="cut_off", file=label, reason=" ".join(str(error).split())[:120])


def too_large(label: str, most: int) -> DataError:
    """The refusal of a file that unpacks without end."""
    return DataError("unpacked_too_large", code="too_large", file=label, size=most / (1 << 30))


def _check_sizes(infos: list[zipfile.ZipInfo], label: str, most: int, free: int) -> None:
    unpacked, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    bound = min(most, max(free, MAX_RATIO * packed))
    if unpacked > bound:
        raise too_large(label, bound)


def _copy(stream: Any, target: Path) -> None:
    with target.open("wb") as file:
        while piece := stream.read(_PIECE):
            if shutil.disk_usage(target.parent).free < 2 * _PIECE:
                raise OSError("no space left to unpack it")
            file.write(piece)


def _fresh(scratch: Path, name: str) -> Path:
    """A path in the scratch folder that nothing has yet; the name's end stays, because it may tell the format."""
    safe = "".join(character if character.isalnum() or character in "._-" else "_" for character in name)[-80:]
    number = 0
    while (target := scratch / f"unpacked-{number}-{safe}").exists():
        number += 1
    return target
