"""The bytes of a text file as UTF-8, or a refusal that names the line: encoding, NUL bytes, broken compression."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from configs.errors import DataError, SettingsError

CHUNK_BYTES = 16 << 20
_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class TextFile:
    """A text file in a stated encoding; a name ending in ``.gz`` is unpacked on the way."""

    def __init__(self, path: Path, encoding: str, label: str) -> None:
        self.path = path
        self.encoding = encoding
        self.label = label

    def pieces(self) -> Iterator[tuple[bytes, bool]]:
        """The content as UTF-8 in pieces, each with whether it is the last one.

        Raises
        ------
        DataError
            The file cannot be read, is not in the stated encoding, or holds NUL bytes.
        """
        with self._open() as file:
            yield from self._decoded(file)

    def error(self, message: str, remedy: str, *, code: str = "bad_file", **place: Any) -> DataError:
        """A refusal of this file, with the line if `place` has one."""
        where = f"{self.label}, line {place['line']}," if "line" in place else self.label
        return DataError(f"{where} {message}", remedy, code=code, file=self.label, **place)

    def _open(self) -> Any:
        try:
            return gzip.open(self.path, "rb") if self.path.suffix == ".gz" else self.path.open("rb")
        except OSError as error:
            raise self.error(f"cannot be read ({error.strerror})", "check the path and its permissions") from None

    def _decoded(self, file: Any) -> Iterator[tuple[bytes, bool]]:
        encoding = self._codec()
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        line, start, chunk = 1, True, self._take(file)
        while True:
            following = self._take(file) if chunk else b""
            final = not following
            if start:
                chunk = self._without_mark(chunk, encoding)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final)
            except UnicodeDecodeError as error:
                at = max(error.start - pending, 0)
                raise self._wrong_encoding(line + chunk.count(b"\n", 0, at), error) from None
            piece = chunk if encoding == "utf-8" else text.encode()
            nul = piece.find(b"\0")
            if nul >= 0:
                raise self.error(
                    "holds a NUL byte, so it is damaged or not a text file",
                    "export it again",
                    code="nul_byte",
                    line=line + piece.count(b"\n", 0, nul),
                )
            if start and not encoding.startswith("utf"):
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
            raise self.error(f"is cut off or damaged ({error})", "copy or export it again", code="cut_off") from None

    def _codec(self) -> str:
        try:
            return codecs.lookup(self.encoding).name
        except LookupError:
            raise SettingsError(
                f"the encoding {self.encoding!r} is not known",
                "use a name like utf-8, gb18030 or latin-1",
                field="encoding",
                value=self.encoding,
            ) from None

    def _without_mark(self, chunk: bytes, encoding: str) -> bytes:
        if encoding == "utf-8":
            for mark, name in _BOMS.items():
                if chunk.startswith(mark):
                    raise self.error(
                        f"is written in {name}", f"set encoding: {name}", code="wrong_encoding", line=1, value=name
                    )
            return chunk.removeprefix(codecs.BOM_UTF8)
        return chunk

    def _wrong_encoding(self, line: int, error: UnicodeDecodeError) -> DataError:
        byte = f"0x{error.object[error.start]:02x}"
        return self.error(
            f"has the byte {byte}, which is not {self.encoding}",
            "set encoding: to what it was written in (often gb18030 for Chinese, cp1252 for Western exports)",
            code="wrong_encoding",
            line=line,
            value=byte,
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
            raise self.error(
                f"is declared as {self.encoding} but is written in utf-8",
                "set encoding: utf-8",
                code="wrong_encoding",
                value=self.encoding,
            )
