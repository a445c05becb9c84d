"""What a CSV file must not hold: texts that a spreadsheet program would run as a formula."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that a spreadsheet takes for a formula (OWASP, CSV Injection)."""


def is_formula(value: Any) -> bool:
    """Whether a spreadsheet would run this value; numbers never."""
    return isinstance(value, str) and value.startswith(FORMULA_STARTS)


def escape_formula(value: Any) -> Any:
    """The value with an apostrophe before it if a spreadsheet would run it.

    Examples
    --------
    >>> escape_formula("=1+1"), escape_formula("Ann"), escape_formula(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    return f"'{value}" if is_formula(value) else value
