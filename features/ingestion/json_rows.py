"""JSON lines, or an array of flat objects: every value as the text that stands there; keys may come and go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from configs.errors import DataError
from configs.settings import SourceSettings
from features.ingestion.csv_text import TextFile
from features.ingestion.raw import ROW, BadLine, RawFile
from features.ingestion.workbook import number_text

_CHUNK_ROWS = 1 << 16
_MAX_LINE_BYTES = 1 << 20
_MAX_ARRAY_BYTES = 1 << 30
_SHOWN = 4096
_TEXT, _LIST = "text", "list of texts"


class _Number(str):
    """The digits of a number as they stand in the file."""

    __slots__ = ()


def open_json(path: Path, source: SourceSettings, label: str) -> RawFile:
    """A file with one JSON object per line, or one array of objects.

    Raises
    ------
    DataError
        It is JSON of another shape, is empty or cannot be decoded.
    """
    file = _JsonFile(path, source, label)
    columns, unusable = [], {}
    for key, kinds in file.keys().items():
        kind = kinds.pop() if len(kinds) == 1 else _TEXT if not kinds else "mixed"
        if kind in (_TEXT, _LIST):
            columns.append((key, kind))
        else:
            unusable[key] = kind
    if not columns and not unusable:
        raise DataError("json_without_objects", code="empty_source", file=label)
    if not columns:
        raise DataError("json_nested_only", code="nested_column", file=label, names=", ".join(list(unusable)[:5]))
    bad_lines: list[BadLine] = []

    def chunks() -> Iterator[pa.Table]:
        held: list[tuple[int, dict[str, Any]]] = []
        for number, found in file.rows(bad_lines):
            held.append((number, found))
            if len(held) == _CHUNK_ROWS:
                yield _chunk(held, columns, source)
                held = []
        if held:
            yield _chunk(held, columns, source)

    return RawFile(label, file.word, [key for key, _ in columns], chunks, unusable=unusable, bad_lines=bad_lines)


class _JsonFile:
    def __init__(self, path: Path, source: SourceSettings, label: str) -> None:
        self._label = label
        self._text = TextFile(path, source.encoding, label)
        # an array in lines of one object each is read line by line like the others
        self._array = self._starts_with() == b"["
        self.word = "row" if self._array else "line"
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_once, parse_float=_Number, parse_int=_Number, parse_constant=_Number
        )

    def keys(self) -> dict[str, set[str]]:
        """Every key of the file with the kinds of value it has."""
        found: dict[str, set[str]] = {}
        for _, row in self.rows([]):
            for key, value in row.items():
                kinds = found.setdefault(key, set())
                if value is not None:
                    kinds.add(_kind(value))
        return found

    def rows(self, bad: list[BadLine]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Objects with their line or position; what is none goes to `bad`."""
        for number, found in enumerate(self._array_items() if self._array else self._line_items(), start=1):
            if isinstance(found, dict):
                yield number, found
            elif found is not None:
                code = "line_too_long" if len(found) > _MAX_LINE_BYTES else "not_an_object"
                bad.append(BadLine(number, code, found[:_SHOWN].decode("utf-8", "replace")))

    def _starts_with(self) -> bytes:
        for piece, _ in self._text.pieces():
            if text := piece.lstrip():
                return text[:1]
        return b""

    def _line_items(self) -> Iterator[dict[str, Any] | bytes | None]:
        """The object of each line, its text where it is none, nothing for an empty line."""
        rest = b""
        for piece, final in self._text.pieces():
            lines = (rest + piece).split(b"\n")
            rest = b"" if final else lines.pop()
            for line in lines:
                yield self._object(line) if line.strip() else None

    def _object(self, line: bytes) -> dict[str, Any] | bytes:
        if len(line) > _MAX_LINE_BYTES:
            return line
        try:
            found = self._decoder.decode(line.decode())
        except (ValueError, RecursionError):
            return line
        return found if isinstance(found, dict) else line

    def _array_items(self) -> Iterator[dict[str, Any] | bytes]:
        text, size = [], 0
        for piece, _ in self._text.pieces():
            size += len(piece)
            if size > _MAX_ARRAY_BYTES:
                raise DataError("json_array_too_large", code="too_large", file=self._label, size=_MAX_ARRAY_BYTES >> 30)
            text.append(piece)
        try:
            items = self._decoder.decode(b"".join(text).decode())
        except (ValueError, RecursionError) as error:
            raise DataError(
                "json_unreadable", code="bad_file", file=self._label, reason=" ".join(str(error).split())[:120]
            ) from None
        for item in items:
            yield item if isinstance(item, dict) else str(item).encode()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        plain = all(item is None or (isinstance(item, str) and not isinstance(item, _Number)) for item in value)
        return _LIST if plain else "list"
    return _TEXT


def _chunk(held: list[tuple[int, dict[str, Any]]], columns: list[tuple[str, str]], source: SourceSettings) -> pa.Table:
    arrays = []
    for key, kind in columns:
        values = [row.get(key) for _, row in held]
        if kind == _LIST:
            arrays.append(pa.array(values, pa.list_(pa.string())))
        else:
            arrays.append(pa.array([_as_text(value, source) for value in values], pa.string()))
    numbers = pa.array([number for number, _ in held], pa.int64())
    return pa.table([*arrays, numbers], names=[*(key for key, _ in columns), ROW])


def _as_text(value: Any, source: SourceSettings) -> str | None:
    if isinstance(value, _Number):
        return number_text(value, source.decimal)
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
