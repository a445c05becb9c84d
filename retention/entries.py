"""The entries of the scores table's list columns: what one reason, warning, strategy or change is.

A table of many customers holds entries as plain dicts with the fields' names as keys (`entry_rows`, or
``vars(Change(...))``), because Arrow takes dicts and a frozen instance for each of half a million entries costs more
than computing them; who handles a single customer reads them back with `entries_of`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from configs.errors import InvariantError

if TYPE_CHECKING:
    import pyarrow as pa

Entry = TypeVar("Entry")


@dataclass(frozen=True, kw_only=True)
class Points:
    """One driver family's part of a prediction, in the unit of the prediction; base and all parts add up to it."""

    driver: str
    points: float


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One figure of a customer that a sentence is made of.

    Attributes
    ----------
    fact : str
        What it is (`silence`, `orders`, `spend` …; docs/reasons.md lists them).
    value : float
        The figure, unrounded.
    unit : str
        days, orders, money, share, score, count …
    of : float or None
        The whole that it is a part of: 4 returns of 10 orders.
    reference : float or None
        What it is compared with, in the same unit.
    compared_with : {"own", "peers"} or None
        Whether that is the customer's own habit or the active customers like this one.
    period_days : float or None
        Length of the period that it was counted in.
    scale_max : float or None
        Best score of the scale, for scores.
    topic : str or None
        What a score or a kind speaks of.
    since : datetime or None
        Day of the event, UTC.
    """

    fact: str
    value: float
    unit: str
    of: float | None = None
    reference: float | None = None
    compared_with: Literal["own", "peers"] | None = None
    period_days: float | None = None
    scale_max: float | None = None
    topic: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A driver that is worth telling.

    Attributes
    ----------
    driver : str
        Code of the driver.
    points : float or None
        Its part of the prediction (probability or money); None where a written rule answers.
    direction : {"raises", "lowers"} or None
        What it does to the prediction.
    form : str
        Code of the sentence's form; `pattern` where no fact supports the direction.
    facts : list of Fact
        What the sentence is made of; empty where no single figure stands out.
    actionable : bool
        Whether the company can do something about it.
    text_en, text_zh : str
        In words.
    """

    driver: str
    points: float | None
    direction: Literal["raises", "lowers"] | None
    form: str
    facts: list[Fact]
    actionable: bool
    text_en: str
    text_zh: str


@dataclass(frozen=True, kw_only=True)
class EarlyWarning:
    """Something to know: an early sign of churn, or a lack of the data behind the answer.

    `sign` names the feature or field, `size` how far it is from `normal`, `since` when it began; only what applies
    is not null.
    """

    code: str
    sign: str | None = None
    size: float | None = None
    value: float | None = None
    normal: float | None = None
    unit: str | None = None
    since: datetime | None = None
    text_en: str
    text_zh: str


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A strategy chosen for a customer.

    Attributes
    ----------
    code, kind : str
        Strategy and its kind.
    name_en, name_zh, why_en, why_zh : str
        What it is and why it was chosen.
    next_code : str or None
        The best strategy that comes after it, and in `why_not_next_en` and `_zh` why that is not offered.
    expected_profit : float or None
        Money in the horizon where the effect was measured on the company's own customers; None without amounts.
    profit_low, profit_high : float or None
        Range that the money lies in with 80 % as far as the catalogue's belief goes, where nothing was measured.
    cost : float
        Money.
    staff_minutes : float
        Minutes of staff.
    effect : float
        Change of the probability of an order in the horizon.
    spend_uplift : float
        Change of the spend of one who orders, as a share.
    evidence, channel : str
        What the effect rests on; how the customer is approached.
    driver : str or None
        The driver family that it answers or builds on.
    step, steps : int or None
        Place in a sequence and its length.
    not_before, due_by : date or None
        First day of a step that has to wait; last day of what has a deadline.
    """

    code: str
    kind: str
    name_en: str
    name_zh: str
    why_en: str
    why_zh: str
    next_code: str | None
    why_not_next_en: str | None
    why_not_next_zh: str | None
    expected_profit: float | None
    profit_low: float | None
    profit_high: float | None
    cost: float
    staff_minutes: float
    effect: float
    spend_uplift: float
    evidence: str
    channel: str
    driver: str | None
    step: int | None
    steps: int | None
    not_before: date | None
    due_by: date | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changed since the run before.

    `kind` is `appeared`, `probability`, `money`, `tier` or `state`; `field` the column; `difference` its change where
    it is a number.
    """

    kind: str
    field: str
    before: str | None
    after: str | None
    difference: float | None
    text_en: str
    text_zh: str


@dataclass(frozen=True, kw_only=True)
class CategoryPlace:
    """The customer's largest category on one level of the category tree; the fields stand in docs/dimensions.md."""

    level: int
    category: str
    parent: str | None
    order: int | None
    spent: float
    share: float
    tier: str
    count: int
    count_90d: int
    count_prior_90d: int
    line: str
    role: str


def field_names(entry: type[Any]) -> tuple[str, ...]:
    """Names of an entry's fields, in order.

    Examples
    --------
    >>> field_names(Points)
    ('driver', 'points')
    """
    return tuple(one.name for one in fields(entry))


def field_types(entry: type[Any]) -> dict[str, Any]:
    """Types of an entry's fields, by name and in order."""
    known = typing.get_type_hints(entry)
    return {name: known[name] for name in field_names(entry)}


def entry_rows(
    entry: type[Any], n: int, rows: NDArray[np.int64], columns: Mapping[str, Sequence[Any]]
) -> list[list[dict[str, Any]]]:
    """Entries that were computed column by column, as one list of dicts per customer.

    Parameters
    ----------
    entry : type
        Class of the entries; `columns` must have its fields.
    n : int
        Number of customers.
    rows : ndarray of int, shape (m,)
        Customer of every entry.
    columns : mapping
        Field → m values.

    Raises
    ------
    InvariantError
        Other fields than the entry has.

    Examples
    --------
    >>> entry_rows(Points, 2, np.array([1, 1]), {"driver": ["recency", "level"], "points": [0.1, 0.2]})
    [[], [{'driver': 'recency', 'points': 0.1}, {'driver': 'level', 'points': 0.2}]]
    """
    names = field_names(entry)
    if columns.keys() != set(names):
        odd = sorted(columns.keys() ^ set(names))[0]
        raise InvariantError("entries_and_columns_differ", name=entry.__name__, field=odd)
    found: list[list[dict[str, Any]]] = [[] for _ in range(n)]
    entries = map(dict, map(zip, repeat(names), zip(*(columns[name] for name in names), strict=True)))
    for row, own in zip(rows.tolist(), entries, strict=True):
        found[row].append(own)
    return found


def entries_of(entry: type[Entry], value: Any) -> list[Entry]:
    """A cell of a list column as instances; a cell that is no list holds none.

    Examples
    --------
    >>> entries_of(Points, [{"driver": "recency", "points": 0.1}])
    [Points(driver='recency', points=0.1)]
    >>> entries_of(Points, None)
    []
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return []
    names = field_names(entry)
    return [entry(**{name: one.get(name) for name in names}) for one in value]


def in_language(entry: Any, field: str, lang: str) -> str:
    """A text of an entry in one language, empty where there is none.

    Examples
    --------
    >>> warning = EarlyWarning(code="early", text_en="silent for 40 days", text_zh="已40天未购买")
    >>> in_language(warning, "text", "en")
    'silent for 40 days'
    """
    return getattr(entry, f"{field}_{lang}") or ""


def arrow_type(kind: Any) -> pa.DataType:
    """The Arrow type of a column's or field's type.

    Examples
    --------
    >>> arrow_type(float | None)
    DataType(double)
    >>> arrow_type(list[Points])
    ListType(list<item: struct<driver: string, points: double>>)
    """
    import pyarrow as pa

    origin = typing.get_origin(kind)
    if origin is list:
        members = field_types(typing.get_args(kind)[0]).items()
        return pa.list_(pa.struct([(name, arrow_type(own)) for name, own in members]))
    if origin is Literal:
        return pa.string()
    if origin in (types.UnionType, typing.Union):
        return arrow_type(next(one for one in typing.get_args(kind) if one is not type(None)))
    known = {str: pa.string(), float: pa.float64(), int: pa.int64(), bool: pa.bool_()}
    return pa.timestamp("us") if kind in (datetime, date) else known[kind]
