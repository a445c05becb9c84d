"""JSON as the standard has it, and no more: UTF-8, each key once, finite numbers, bounded depth and length."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from serving.errors import request_error

MAX_NUMBER = 400
"""Longest number in characters: far more than any amount, far less than what makes conversion slow."""
MAX_DEPTH = 64

MAX_PER_VALUE = 6
"""Bytes of the largest body per mark (``{ [ , :``) that may be in it: order lines have eight and more."""
MAX_PER_BRACKET = 20
"""Bytes of the largest body per object or list that may be in it: the shortest customer has as many, a line more."""


def check_marks(body: bytes, max_body: int) -> None:
    """Refuse a body of very many very small values before any of them is made.

    A value costs up to a hundred bytes of memory, however small it is written; millions of them would stall the
    process. Marks are counted in the raw bytes, those inside texts too, which takes a few milliseconds for the largest
    body.

    Parameters
    ----------
    body : bytes
    max_body : int
        The largest body that is taken, in bytes; the limits follow from it.

    Raises
    ------
    RequestError
        With the code too_many_values.

    Examples
    --------
    >>> check_marks(b"[" + b"1," * 1000 + b"1]", 1 << 20)
    """
    brackets = body.count(b"{") + body.count(b"[")
    marks = brackets + body.count(b",") + body.count(b":")
    if brackets > max_body // MAX_PER_BRACKET or marks > max_body // MAX_PER_VALUE:
        start = body[:_START]
        if start.count(b"{") + start.count(b"[") - start.count(b"}") - start.count(b"]") > MAX_DEPTH:
            raise request_error("too_deep", depth=MAX_DEPTH)
        raise request_error("too_many_values", limit=max_body // MAX_PER_VALUE, brackets=max_body // MAX_PER_BRACKET)


_START = 1024


class _Twice(ValueError):
    pass


def parse_json(body: bytes) -> Any:
    """Read a JSON document.

    Parameters
    ----------
    body : bytes
        UTF-8 text without a byte order mark.

    Returns
    -------
    object
        Dicts, lists, texts, ints, `Decimal` for every number with a point or an exponent.

    Raises
    ------
    RequestError
        With one of the codes not_utf8, byte_order_mark, not_json, duplicate_key, not_finite, too_deep.

    Examples
    --------
    >>> parse_json(b'{"amount": 0.10}')
    {'amount': Decimal('0.10')}
    """
    if body.startswith(b"\xef\xbb\xbf"):
        raise request_error("byte_order_mark")
    try:
        text = body.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        raise request_error("not_utf8", byte=error.start) from None
    if not text.strip():
        raise request_error("not_json", line=1, column=1)
    try:
        document = _DECODER.decode(text)
    except _Twice:
        raise request_error("duplicate_key") from None
    except RecursionError:
        raise request_error("too_deep", depth=MAX_DEPTH) from None
    except json.JSONDecodeError as error:
        raise request_error("not_json", line=error.lineno, column=error.colno) from None
    if _too_deep(document):
        raise request_error("too_deep", depth=MAX_DEPTH)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _Twice
    return mapping


def _refuse(constant: str) -> NoReturn:
    raise request_error("not_finite")


def _integer(digits: str) -> int:
    if len(digits) > MAX_NUMBER:
        raise request_error("not_finite")
    return int(digits)


def _decimal(digits: str) -> Decimal:
    if len(digits) > MAX_NUMBER:
        raise request_error("not_finite")
    value = Decimal(digits)
    # An exponent of hundreds of digits is legal JSON and no amount; as a float it would be infinite.
    if not -400 < value.adjusted() < 308:
        raise request_error("not_finite")
    return value


def _too_deep(document: Any) -> bool:
    """Whether arrays and objects are nested deeper than `MAX_DEPTH`; walks level by level, without recursion."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            children = item.values() if isinstance(item, dict) else item
            deeper.extend(child for child in children if isinstance(child, dict | list))
        if not deeper:
            return False
        level = deeper
    return True


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse, strict=True
)
