"""What a column as a whole says about cells that could be read in several ways.

``1,234`` is a thousand or one and a bit, ``05/03/2024`` is in March or in May, ``13085.0`` is a number that was an id
or a name with a dot. One cell does not tell, the column mostly does: each cell gets a kind, the kinds are counted over
all files of a table, and what no cell contradicts is how the column is read. Where nothing or both decide, such cells
are refused and both readings are shown.

A kind that begins with ``?`` marks cells that need the column's answer; rows that hold one wait until it is known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

ENOUGH = 20
"""Different numbers of a column that all look like groups of three digits before this alone says that they are."""
SPREAD, FEW, MANY = 25, 3, 8
"""A place of a date that goes through the days of a month, and one that holds a year."""


@dataclass
class Seen:
    """What one column holds: kind of cell → how often, currency marks beside numbers, the first few cells in doubt."""

    kinds: Counter[str] = field(default_factory=Counter)
    marks: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, kinds: Iterable[tuple[str, int]], doubtful: Iterable[str] = ()) -> Seen:
        """One part of a column; a currency mark stands after a bar in the kind."""
        seen = cls(doubtful=set(doubtful))
        for text, count in kinds:
            kind, _, mark = text.partition("|")
            seen.kinds[kind] += count
            if mark:
                seen.marks.add(mark)
        return seen

    def join(self, part: Seen) -> None:
        """Count one more part of the column."""
        self.kinds += part.kinds
        self.marks |= part.marks
        self.doubtful = set(sorted(self.doubtful | part.doubtful)[:ENOUGH])

    def any(self, *kinds: str) -> bool:
        """Whether a cell of one of these kinds was seen."""
        return any(self.kinds[kind] for kind in kinds)

    @property
    def waits(self) -> bool:
        """Whether a cell needs the column's answer."""
        return any(kind.startswith("?") for kind in self.kinds)


@dataclass(frozen=True)
class Answers:
    """How the doubtful cells of a table are read.

    Attributes
    ----------
    decimal : dict
        Column → ``.`` or ``,``, where it is decided.
    order : dict
        (Column, separator) → ``d``, ``m`` or ``y``: what a date written with this separator begins with.
    epoch : dict
        Column → ``s``, ``ms``, ``us`` or ``ns``: times counted from 1970.
    floats : frozenset
        Id columns that a program wrote as floating-point numbers.
    """

    decimal: Mapping[str, str] = field(default_factory=dict)
    order: Mapping[tuple[str, str], str] = field(default_factory=dict)
    epoch: Mapping[str, str] = field(default_factory=dict)
    floats: frozenset[str] = frozenset()


def answers(seen: Mapping[str, Seen]) -> Answers:
    """What the columns of one table, seen to their end, decide."""
    decimal, order, epoch = {}, {}, {}
    for name, column in seen.items():
        if (mark := _decimal(name, seen)) is not None:
            decimal[name] = mark
        for separator in "/-.":
            if (first := _order(column.kinds, separator)) is not None:
                order[name, separator] = first
        if (unit := _epoch(column.kinds)) is not None:
            epoch[name] = unit
    floats = frozenset(name for name, column in seen.items() if column.any("?whole") and not column.any("fraction"))
    return Answers(decimal, order, epoch, floats)


def mixtures(seen: Mapping[str, Seen]) -> Counter[str]:
    """Cells, certain each for itself, that are written otherwise than the rest of their column: note code → count."""
    found: Counter[str] = Counter()
    for column in seen.values():
        found["mixed_decimals"] += min(column.kinds["point"], column.kinds["comma"])
        for separator in "/-.":
            found["mixed_dates"] += min(column.kinds[f"{separator}4:d"], column.kinds[f"{separator}4:m"])
    return +found


def _decimal(name: str, seen: Mapping[str, Seen]) -> str | None:
    own = seen[name]
    if not own.any("?,", "?."):
        return None
    if own.any("point") or own.any("comma"):
        return _only(own)
    # Another column of the table was written by the same program, in the same country.
    others = [_only(column) for other, column in seen.items() if other != name and column.any("point", "comma")]
    if others:
        return others[0] if len(set(others)) == 1 else None
    # Thousandths that are cut where they end in zeros would show one or two digits somewhere, thousandths that are
    # not cut would have no whole numbers beside them.
    if own.any("small") and not own.any("large") and len(own.doubtful) >= ENOUGH and own.any("?,") != own.any("?."):
        return "." if own.any("?,") else ","
    return None


def _only(column: Seen) -> str | None:
    if column.any("point") == column.any("comma"):
        return None
    return "." if column.any("point") else ","


def _order(kinds: Counter[str], separator: str) -> str | None:
    """What dates with this separator begin with, if every one of them can and no other order fits all."""
    long = [kind.split(":")[1] for kind in kinds if kind.lstrip("?").startswith(f"{separator}4:")]
    short = [kind.split(":")[1:] for kind in kinds if kind.lstrip("?").startswith(f"{separator}2:")]
    possible = set("dm") if long else set("dmy")
    for letters in [*long, *(parts[0] for parts in short)]:
        possible &= set(letters)
    if len(possible) == 2 and "y" in possible and not long:
        first, last = ({int(parts[place]) for parts in short} for place in (1, 2))
        # 25 years in which things were sold on one to three days of the month only: those are the days, not the years.
        if few_beside_many(last, first):
            possible.discard("y")
        elif few_beside_many(first, last):
            possible &= {"y"}
    return possible.pop() if len(possible) == 1 else None


def few_beside_many(years: set[int], days: set[int]) -> bool:
    """Whether two figures are years and the others days: few years in a row, while days run through a month."""
    in_a_row = len(years) <= FEW and max(years) - min(years) < FEW
    return in_a_row and len(days) >= MANY and max(days) - min(days) >= SPREAD


def _epoch(kinds: Counter[str]) -> str | None:
    """The unit in which times are counted, if the column holds nothing but one."""
    counted = {kind.removeprefix("?epoch_").partition("_")[0] for kind in kinds if kind.startswith("?epoch_")}
    others = any(not kind.startswith("?epoch_") for kind in kinds)
    # 2024030510 is also the fifth of March, ten o'clock.
    sure = any(kind in kinds for kind in ("?epoch_s", "?epoch_ms", "?epoch_us", "?epoch_ns"))
    return counted.pop() if len(counted) == 1 and sure and not others else None


def in_two_ways(reason: str, value: str | None) -> str:
    """Both readings of a refused cell, for a sentence; empty where the reason is another one."""
    if value is None:
        return ""
    if reason == "ambiguous_number" and (number := re.search(r"\d[\d.,]*\d", value)):
        text = number[0]
        mark = "," if "," in text else "."
        return f" ({text.replace(mark, '')} / {text.replace(mark, '.')})"
    if reason == "ambiguous_date" and (parts := re.search(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)", value)):
        first, second, last = int(parts[1]), int(parts[3]), parts[4]
        orders = [(last, second, first), (last, first, second)]
        if len(last) == 2:
            orders.append((parts[1], second, int(last)))
        shown = [
            f"{_year(year)}-{month:02d}-{day:02d}" for year, month, day in orders if month <= 12 and 1 <= day <= 31
        ]
        return f" ({' / '.join(dict.fromkeys(shown))})"
    return ""


def _year(text: str) -> str:
    """Two digits as a year, as POSIX has it: 69 to 99 are of the last century."""
    return text if len(text) == 4 else f"{'19' if int(text) >= 69 else '20'}{int(text):02d}"
