"""The bytes of a text file as UTF-8, or a refusal that names the line: encoding, NUL bytes, broken compression."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from configs.errors import DataError, SettingsError
from configs.messages import system_reason
from features.ingestion.encodings import likely, marked
from features.ingestion.packed import open_gzip

CHUNK_BYTES = 16 << 20
_GZIP = b"\x1f\x8b"


class TextFile:
    """A text file in a stated encoding; gzip is unpacked on the way, and a byte order mark says more than the settings.

    Attributes
    ----------
    mark : str or None
        The encoding that a byte order mark tells, known once the first piece is read.
    """

    def __init__(self, path: Path, encoding: str, label: str) -> None:
        self.path = path
        self.encoding = encoding
        self.label = label
        self.mark: str | None = None

    def pieces(self) -> Iterator[tuple[bytes, bool]]:
        """The content as UTF-8 in pieces, each with whether it is the last one.

        Raises
        ------
        DataError
            The file cannot be read, is not in the stated encoding, or holds NUL bytes.
        """
        with self._open() as file:
            yield from self._decoded(file)

    def error(self, identity: str, *, code: str = "bad_file", **fields: Any) -> DataError:
        """A refusal of this file."""
        return DataError(identity, code=code, file=self.label, **fields)

    def _open(self) -> Any:
        try:
            file = self.path.open("rb")
            if file.read(len(_GZIP)) == _GZIP:
                file.close()
                return open_gzip(self.path, self.label)
            file.seek(0)
            return file
        except OSError as error:
            raise self.error("file_unreadable", reason=system_reason(error)) from None

    def _decoded(self, file: Any) -> Iterator[tuple[bytes, bool]]:
        encoding = self._codec()
        chunk = self._take(file)
        while 0 < len(chunk) < 4:
            more = self._take(file)
            if not more:
                break
            chunk += more
        self.mark, skipped = marked(chunk)
        encoding, chunk = self.mark or encoding, chunk[skipped:]
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        line, start = 1, True
        while True:
            following = self._take(file) if chunk else b""
            final = not following
            pending = decoder.getstate()[0]
            try:
                text = decoder.decode(chunk, final)
            except UnicodeDecodeError as error:
                at = max(error.start - len(pending), 0)
                raise self._wrong_encoding(line + chunk.count(b"\n", 0, at), error, pending + chunk, final) from None
            piece = chunk if encoding == "utf-8" else text.encode()
            nul = piece.find(b"\0")
            if nul >= 0:
                raise self._nul(line + piece.count(b"\n", 0, nul), piece if start else b"")
            if start and self.mark is None and not encoding.startswith("utf"):
                self._check_not_utf8(chunk)
            line += piece.count(b"\n")
            start = False
            yield piece, final
            if final:
                return
            chunk = following

    def _take(self, file: Any) -> bytes:
        try:
            return bytes(file.read(CHUNK_BYTES))
        except (EOFError, OSError, zlib.error) as error:
            raise self.error("file_cut_off", code="cut_off", reason=str(error)) from None

    def _codec(self) -> str:
        try:
            return codecs.lookup(self.encoding).name
        except LookupError:
            raise SettingsError("encoding_unknown", field="encoding", value=self.encoding) from None

    def _nul(self, line: int, start: bytes) -> DataError:
        even, odd = start[0:2000:2].count(0), start[1:2000:2].count(0)
        if max(even, odd) > 4 * max(min(even, odd), 1) and max(even, odd) > len(start[:2000]) // 5:
            name = "utf-16-be" if even > odd else "utf-16-le"
            return self.error("csv_in_other_encoding", code="wrong_encoding", line=1, value=name)
        return self.error("csv_nul_byte", code="nul_byte", line=line)

    def _wrong_encoding(self, line: int, error: UnicodeDecodeError, chunk: bytes, final: bool) -> DataError:
        byte = f"0x{error.object[error.start]:02x}"
        found = self.mark or likely(chunk)
        if found is not None and found.startswith("utf") and error.end >= len(error.object) and final:
            return self.error("csv_ends_in_character", code="wrong_encoding", line=line, value=byte)
        if found is not None and found.startswith("utf"):
            return self.error("csv_damaged_byte", code="wrong_encoding", line=line, value=byte, encoding=found)
        if found is None:
            return self.error(
                "csv_byte_of_no_encoding", code="wrong_encoding", line=line, value=byte, encoding=self.encoding
            )
        return self.error(
            "csv_byte_of_other_encoding",
            code="wrong_encoding",
            line=line,
            value=byte,
            encoding=self.encoding,
            found=found,
        )

    def _check_not_utf8(self, chunk: bytes) -> None:
        """Refuse UTF-8 text read as something else: it would go through, with every letter changed."""
        if chunk.isascii():
            return
        try:
            text = codecs.getincrementaldecoder("utf-8")("strict").decode(chunk, False)
        except UnicodeDecodeError:
            return
        # A byte sequence that was not written as UTF-8 passes as UTF-8 for a few characters at most.
        if sum(not character.isascii() for character in text) >= 8:
            raise self.error("csv_is_utf8", code="wrong_encoding", value=self.encoding)
