"""What a file is, told by its first bytes whatever its name, and a sentence that leads right where it is not read."""

from __future__ import annotations

import gzip
import re
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from configs.catalogue import phrase
from configs.errors import DataError
from configs.messages import system_reason

Kind = Literal[
    "text", "json", "zip", "workbook", "gzip", "parquet", "duckdb", "sqlite", "html", "xml_workbook", "pdf", "packed"
]
_LOOKED_AT = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKED = (b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07")
_HTML = re.compile(rb"(<!doctype html|<html|<head|<body|<table|<meta)[\s>/]", re.IGNORECASE)
_JSON = re.compile(rb'(\[\s*)?\{\s*"[^"\n]{0,200}"\s*:')
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def kind_of(path: Path, label: str) -> Kind:
    """What the file is.

    Raises
    ------
    DataError
        It cannot be read, or is no regular file.
    """
    check_regular(path, label)
    try:
        with path.open("rb") as file:
            first = file.read(_LOOKED_AT)
    except OSError as error:
        raise _unreadable(label, error) from None
    kind = kind_of_bytes(first)
    return "workbook" if kind == "zip" and _is_workbook(path) else kind


def kind_in_gzip(path: Path) -> Kind:
    """What a gzip file holds; a damaged one counts as text, whose reader says where it breaks."""
    try:
        with gzip.open(path, "rb") as file:
            return kind_of_bytes(file.read(_LOOKED_AT))
    except (OSError, EOFError, zlib.error):
        return "text"


def kind_of_bytes(first: bytes) -> Kind:
    """What a file with these first bytes is."""
    if first.startswith(_ZIP):
        return "zip"
    if first.startswith(_OLE) or (first.startswith(_OLE[:4]) and not first.isascii()):
        return "workbook"
    if first.startswith(b"\x1f\x8b"):
        return "gzip"
    if first.startswith(b"PAR1"):
        return "parquet"
    if first[8:12] == b"DUCK":
        return "duckdb"
    if first.startswith(b"SQLite format 3"):
        return "sqlite"
    if first.startswith(b"%PDF"):
        return "pdf"
    if first.startswith(_PACKED):
        return "packed"
    return _kind_of_text(first)


def _kind_of_text(first: bytes) -> Kind:
    text = first.decode("utf-16", "ignore").encode() if first.startswith(_UTF16) else first
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(text):
        return "html"
    if text.startswith(b"<?xml") and b"urn:schemas-microsoft-com:office:spreadsheet" in text:
        return "xml_workbook"
    if text.startswith(b"<?xml") and _HTML.search(text):
        return "html"
    return "json" if _JSON.match(text) else "text"


def check_regular(path: Path, label: str) -> None:
    """Refuse what cannot be read to an end: a pipe, a device, a socket, a folder, a link to nothing."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            raise DataError("link_leads_nowhere", code="source_missing", file=label) from None
        raise _unreadable(label, error) from None
    if not stat.S_ISREG(mode):
        what = phrase("phrases.a_folder" if stat.S_ISDIR(mode) else "phrases.a_pipe_or_device")
        raise DataError("irregular_file", code="source_missing", file=label, value=what)


def refuse(kind: Kind, label: str) -> DataError:
    """The refusal of a file of a kind that is not read."""
    if kind == "html":
        return DataError("file_is_web_page", code="wrong_content", file=label)
    if kind == "xml_workbook":
        return DataError("file_is_xml_workbook", code="wrong_content", file=label)
    if kind == "sqlite":
        return DataError("file_is_sqlite", code="wrong_content", file=label)
    if kind == "pdf":
        return DataError("file_is_pdf", code="wrong_content", file=label)
    return DataError("packing_not_read", code="wrong_content", file=label)


def _is_workbook(path: Path) -> bool:
    """Whether a zip is a workbook inside; one that cannot be opened is called so by its name or for want of better."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                return b"opendocument" in archive.read("mimetype")
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return path.suffix.lower() != ".zip"
    return any(name.startswith("xl/") for name in names)


def _unreadable(label: str, error: OSError) -> DataError:
    return DataError("file_unreadable", code="source_missing", file=label, reason=system_reason(error))
