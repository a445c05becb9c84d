"""Parquet files that say themselves whether they are what was written, wherever they are moved.

The hash of the whole file stands in its footer: it is computed with zeros in its place and then put there. The seal
also tells our own files from those of others.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SEAL = b"holdfast_sha256"
_OPEN = b"0" * 64
_TAIL = 1 << 20


def write_sealed(table: pa.Table, path: Path) -> None:
    """Write a table with its seal, zstd, with page checksums."""
    import pyarrow.parquet as pq

    table = table.replace_schema_metadata({**(table.schema.metadata or {}), SEAL: _OPEN})
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest().encode()
        file.seek(_place_of(path, _OPEN))
        file.write(digest)


def is_whole(path: Path) -> bool:
    """Whether a sealed file is byte for byte what was written; False also where there is no seal.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    seal = seal_of(path)
    place = -1 if seal is None else _place_of(path, seal)
    if seal is None or place < 0:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = place
        while left:
            part = file.read(min(left, _TAIL))
            if not part:
                return False
            digest.update(part)
            left -= len(part)
        file.seek(place + len(seal))
        digest.update(_OPEN)
        while part := file.read(_TAIL):
            digest.update(part)
    return digest.hexdigest().encode() == seal


def seal_of(path: Path) -> bytes | None:
    """The seal of a Parquet file, None where it has none or is no Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        seal = (pq.read_metadata(path).metadata or {}).get(SEAL)
    except (pa.ArrowException, OSError, ValueError):
        return None
    return bytes(seal) if seal is not None and len(seal) == len(_OPEN) else None


def _place_of(path: Path, seal: bytes) -> int:
    """Where the seal's bytes stand in the file: after their key, in the footer at its end; -1 if nowhere."""
    size = path.stat().st_size
    tail = _TAIL
    with path.open("rb") as file:
        while True:
            start = max(0, size - tail)
            file.seek(start)
            data = file.read()
            key = data.rfind(SEAL)
            place = data.find(seal, key) if key >= 0 else -1
            if place >= 0 or start == 0:
                return start + place if place >= 0 else -1
            tail *= 16
