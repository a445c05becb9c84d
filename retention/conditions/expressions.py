"""Conditions over the scores table: one small language for strategies and segments.

A condition is a mapping; all of its entries must hold::

    churn_risk_tier: high                # equals
    stage: [repeat, loyal]               # one of
    churn_probability: ">= 0.6"          # compared with a number: <, <=, >, >=
    orders_90d: 2..5                     # between, both ends included
    birthday: present                    # known (or: missing)
    interests: [tea, coffee]             # a list: one of these is in it
    drivers: [recency, rhythm]           # one of these drivers makes the customer risky
    any: [{...}, {...}]                  # at least one holds
    all: [{...}, {...}]                  # all hold
    not: {...}                           # does not hold

What is not known decides nothing: a comparison with a missing value is neither true nor false (Kleene's strong
three-valued logic; Kleene 1952, §64), so `not: {satisfaction_tier: low}` does not hold for a customer whose
satisfaction nobody knows, and a column that the company does not have never makes anyone eligible.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import SettingsError
from features.specs import TOLD_DRIVERS
from retention.conditions.fields import FIELDS, Field

Mask = NDArray[np.bool_]
MIN_POINTS = 0.01
"""Probability points from which a driver counts as one that makes the customer risky."""

_COMPARISON = re.compile(r"^\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)\s*$")
_RANGE = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True)
class Truth:
    """Which rows a condition holds for and which it surely does not; neither = not known. Both of shape (n,)."""

    true: Mask
    false: Mask

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.true & other.true, self.false | other.false)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.true | other.true, self.false & other.false)

    def __invert__(self) -> Truth:
        return Truth(self.false, self.true)


@dataclass(frozen=True)
class Table:
    """A scores table with what conditions ask of it prepared once, so that a hundred conditions share the work."""

    frame: pd.DataFrame
    _texts: dict[str, tuple[NDArray[np.int64], dict[str, int]]] = field(default_factory=dict)
    _points: list[NDArray[np.float64]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Number of customers."""
        return len(self.frame)

    def codes(self, name: str) -> tuple[NDArray[np.int64], dict[str, int]]:
        """A text column as integer codes (-1 = missing) and the code of every text."""
        if name not in self._texts:
            codes, texts = pd.factorize(self.frame[name].astype("object"), use_na_sentinel=True)
            self._texts[name] = (codes.astype(np.int64), {str(text): code for code, text in enumerate(texts)})
        return self._texts[name]

    def points(self) -> NDArray[np.float64]:
        """Probability points of every driver, shape (n, number of drivers), in the order of `TOLD_DRIVERS`."""
        if not self._points:
            place = {name: column for column, name in enumerate(TOLD_DRIVERS)}
            points = np.zeros((self.rows, len(place)))
            if "drivers" in self.frame.columns:
                for row, drivers in enumerate(self.frame["drivers"].tolist()):
                    for entry in drivers if drivers is not None else ():
                        column = place.get(entry["driver"])
                        if column is not None:
                            points[row, column] = entry["points"]
            self._points.append(points)
        return self._points[0]

    def with_driver(self, driver: str) -> Mask:
        """Customers that this driver makes riskier by at least `MIN_POINTS`."""
        return np.asarray(self.points()[:, list(TOLD_DRIVERS).index(driver)] >= MIN_POINTS)


@dataclass(frozen=True)
class Condition:
    """A parsed condition.

    Attributes
    ----------
    source : dict
        As written.
    place : str
        Where it was written (file, entry, field), for messages.
    """

    source: Mapping[str, Any]
    place: str

    def evaluate(self, table: Table) -> Truth:
        """Truth of the condition for every row."""
        return _all_of(self.source, table)

    def holds(self, table: Table | pd.DataFrame) -> Mask:
        """Rows for which the condition is surely true; shape (n,)."""
        return self.evaluate(table if isinstance(table, Table) else Table(table)).true

    @property
    def fields(self) -> set[str]:
        """Names of all columns that it speaks of."""
        return set(_fields(self.source))

    def __str__(self) -> str:
        return _spoken(self.source) or "everyone"


def parse_condition(source: Any, *, place: str) -> Condition:
    """Check a condition and keep it.

    Parameters
    ----------
    source : dict
        The condition as read from YAML; an empty one holds for everyone.
    place : str
        File, entry and field that it comes from, for messages.

    Raises
    ------
    SettingsError
        An unknown column, operator or value; the message names the place and the remedy.

    Examples
    --------
    >>> condition = parse_condition({"stage": ["lost", "at_risk"], "churn_probability": ">= 0.6"}, place="doc")
    >>> str(condition)
    'stage is lost or at_risk, churn_probability >= 0.6'
    >>> condition.holds(pd.DataFrame({"stage": ["lost", "loyal"], "churn_probability": [0.9, 0.9]})).tolist()
    [True, False]
    >>> parse_condition({"stgae": "lost"}, place="segments.yaml, mine")
    Traceback (most recent call last):
    ...
    configs.errors.SettingsError: segments.yaml, mine: 'stgae' is not a known column; did you mean 'stage'.
    """
    _check(source, place, FIELDS)
    return Condition(dict(source), place)


def _fail(place: str, identity: str, **fields: Any) -> SettingsError:
    return SettingsError(identity, code="bad_condition", field=place, **fields)


def _check(source: Any, place: str, known: Mapping[str, Field]) -> None:
    if not isinstance(source, Mapping):
        raise _fail(place, "condition_not_a_mapping", given=source)
    for name, value in source.items():
        if name in ("any", "all"):
            if not isinstance(value, list) or not value:
                raise _fail(place, "condition_without_list", name=name)
            for part in value:
                _check(part, place, known)
        elif name == "not":
            _check(value, place, known)
        elif name not in known:
            near = difflib.get_close_matches(str(name), [*known, "any", "all", "not"], n=1)
            if near:
                raise _fail(place, "condition_column_meant", name=name, near=near[0])
            raise _fail(place, "condition_column_unknown", name=name)
        else:
            _check_value(known[name], value, place)


def _check_value(column: Field, value: Any, place: str) -> None:
    if value in ("present", "missing"):
        return
    if column.kind == "number":
        if isinstance(value, bool) or not (
            isinstance(value, int | float)
            or (isinstance(value, str) and (_COMPARISON.match(value) or _RANGE.match(value)))
        ):
            raise _fail(place, "condition_not_a_comparison", column=column.name, value=value)
        low_high = _RANGE.match(value) if isinstance(value, str) else None
        if low_high and float(low_high[1]) > float(low_high[2]):
            raise _fail(place, "condition_from_high_to_low", column=column.name, value=value)
        return
    if column.kind == "time":
        raise _fail(place, "condition_on_time", column=column.name, value=value)
    values = value if isinstance(value, list) else [value]
    for item in values:
        if not isinstance(item, str):
            raise _fail(place, "condition_not_a_text", column=column.name, value=item)
        if column.choices and item not in column.choices:
            near = difflib.get_close_matches(item, column.choices, n=1)
            if near:
                raise _fail(place, "condition_value_meant", column=column.name, value=item, near=near[0])
            names = ", ".join(column.choices)
            raise _fail(place, "condition_value_unknown", column=column.name, value=item, names=names)
    if not values:
        raise _fail(place, "condition_empty_list", column=column.name)


def _all_of(source: Mapping[str, Any], table: Table) -> Truth:
    result = Truth(np.ones(table.rows, dtype=np.bool_), np.zeros(table.rows, dtype=np.bool_))
    for name, value in source.items():
        if name == "all":
            for part in value:
                result = result & _all_of(part, table)
        elif name == "any":
            either = _all_of(value[0], table)
            for part in value[1:]:
                either = either | _all_of(part, table)
            result = result & either
        elif name == "not":
            result = result & ~_all_of(value, table)
        else:
            result = result & _compare(name, value, table)
    return result


def _compare(name: str, value: Any, table: Table) -> Truth:
    unknown = np.zeros(table.rows, dtype=np.bool_)
    if name == "drivers":
        found = unknown.copy()
        for driver in value if isinstance(value, list) else [value]:
            found |= table.with_driver(driver)
        return Truth(found, ~found)
    if name not in table.frame.columns:
        return (
            Truth(unknown, ~unknown)
            if value == "present"
            else Truth(~unknown if value == "missing" else unknown, unknown)
        )
    if value in ("present", "missing"):
        known = table.frame[name].notna().to_numpy(dtype=np.bool_)
        return Truth(known, ~known) if value == "present" else Truth(~known, known)
    column = FIELDS.get(name)
    if column is None or column.kind == "number":
        return _compare_numbers(table.frame[name], value)
    if column.kind == "texts":
        return _compare_lists(table.frame[name], value)
    codes, texts = table.codes(name)
    wanted = [texts[item] for item in (value if isinstance(value, list) else [value]) if item in texts]
    hit = np.isin(codes, wanted)
    known = codes >= 0
    # A tier "unknown" is a statement about our knowledge: it can be asked for, and it denies nothing.
    if "unknown" in texts:
        known &= codes != texts["unknown"]
    return Truth(hit, known & ~hit)


def _compare_lists(column: pd.Series[Any], value: Any) -> Truth:
    wanted = {text.casefold() for text in (value if isinstance(value, list) else [value])}
    known = column.notna().to_numpy(dtype=np.bool_)
    hit = np.array(
        [
            has and any(str(item).casefold() in wanted for item in items)
            for has, items in zip(known, column, strict=True)
        ],
        dtype=np.bool_,
    )
    return Truth(hit, known & ~hit)


def _compare_numbers(column: pd.Series[Any], value: Any) -> Truth:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    known = ~np.isnan(numbers)
    with np.errstate(invalid="ignore"):
        if not isinstance(value, str):
            hit = numbers == value
        elif comparison := _COMPARISON.match(value):
            operator, bound = comparison[1], float(comparison[2])
            hit = {
                "<": np.less,
                "<=": np.less_equal,
                ">": np.greater,
                ">=": np.greater_equal,
            }[operator](numbers, bound)
        else:
            low, high = (float(part) for part in value.split(".."))
            hit = (numbers >= low) & (numbers <= high)
    return Truth(hit & known, ~hit & known)


def _fields(source: Mapping[str, Any]) -> Iterable[str]:
    for name, value in source.items():
        if name in ("any", "all"):
            for part in value:
                yield from _fields(part)
        elif name == "not":
            yield from _fields(value)
        else:
            yield name


def _spoken(source: Mapping[str, Any]) -> str:
    parts = []
    for name, value in source.items():
        if name == "any":
            parts.append("(" + " or ".join(_spoken(part) for part in value) + ")")
        elif name == "all":
            parts.append(", ".join(_spoken(part) for part in value))
        elif name == "not":
            parts.append(f"not ({_spoken(value)})")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            parts.append(f"{name} is {' or '.join(value)}")
        elif isinstance(value, str) and (_COMPARISON.match(value) or _RANGE.match(value)):
            parts.append(f"{name} {value}" if _COMPARISON.match(value) else f"{name} in {value}")
        else:
            parts.append(f"{name} is {value}")
    return ", ".join(parts)
