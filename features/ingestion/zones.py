"""Local times to UTC, as SQL, with the two odd hours of the year told apart.

A clock that is put forward skips local times; one that is put back repeats them. Both are read as `datetime` reads
them with ``fold=0`` (PEP 495): the offset before the change. The changes come from the same time zone database as
`zoneinfo`, so the answer does not depend on the host or on DuckDB's build.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """One change of the clock: the moment (UTC, naive) and the offsets on both sides."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def new_from(self) -> datetime:
        """First local time that is read with the new offset."""
        return self.at + max(self.before, self.after)

    @property
    def odd(self) -> tuple[datetime, datetime]:
        """Local times that are skipped or repeated: from, up to but not including."""
        return self.at + min(self.before, self.after), self.at + max(self.before, self.after)

    @property
    def skips(self) -> bool:
        """Whether the clock was put forward."""
        return self.after > self.before


@lru_cache(maxsize=64)
def changes(zone: str, first_year: int, last_year: int) -> tuple[timedelta, tuple[Change, ...]]:
    """The offset at the start of `first_year` and every change up to the end of `last_year`."""
    tz = ZoneInfo(zone)
    moment = datetime(first_year, 1, 1, tzinfo=UTC) - _DAY
    end = datetime(last_year, 12, 31, tzinfo=UTC) + 2 * _DAY
    start = current = _offset(tz, moment)
    found = []
    while moment < end:
        following = moment + _DAY
        after = _offset(tz, following)
        if after != current:
            low, high = moment, following
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) / 2).replace(microsecond=0)
                if _offset(tz, middle) == current:
                    low = middle
                else:
                    high = middle
            found.append(Change(high.replace(tzinfo=None), current, after))
            current = after
        moment = following
    return start, tuple(found)


def to_utc(column: str, zone: str, first: datetime, last: datetime) -> str:
    """SQL that turns a local timestamp column, with values between `first` and `last`, into UTC."""
    offset, found = changes(zone, first.year, last.year)
    if not found:
        return f"({column} - {_interval(offset)})" if offset else column
    cases, current = [], offset
    for change in found:
        cases.append(f"WHEN {column} < {_timestamp(change.new_from)} THEN {_interval(current)}")
        current = change.after
    return f"({column} - CASE {' '.join(cases)} ELSE {_interval(current)} END)"


def local_day(column: str, zone: str, first: datetime, last: datetime) -> str:
    """SQL for the local date of a UTC timestamp column with values between `first` and `last`."""
    if zone == "UTC":
        return f"{column}::DATE"
    offset, found = changes(zone, first.year, last.year)
    cases, current = [], offset
    for change in found:
        cases.append(f"WHEN {column} < {_timestamp(change.at)} THEN {_interval(current)}")
        current = change.after
    shift = f"CASE {' '.join(cases)} ELSE {_interval(current)} END" if cases else _interval(offset)
    return f"({column} + {shift})::DATE"


def odd_times(column: str, zone: str, first: datetime, last: datetime, *, skipped: bool) -> str:
    """SQL condition: the local time does not exist (`skipped`) or exists twice."""
    _, found = changes(zone, first.year, last.year)
    ranges = (change.odd for change in found if change.skips == skipped)
    return _any(f"({column} >= {_timestamp(low)} AND {column} < {_timestamp(high)})" for low, high in ranges)


def _any(conditions: Iterable[str]) -> str:
    return " OR ".join(conditions) or "false"


def _offset(tz: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(tz).utcoffset() or timedelta()


def _interval(offset: timedelta) -> str:
    return f"INTERVAL '{int(offset.total_seconds())} seconds'"


def _timestamp(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
