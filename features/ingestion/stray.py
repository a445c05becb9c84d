"""Dates that do not belong to a log: placeholders far away from all others, and units of an epoch taken for another.

A single line of 1900 or of next year moves the start or the end of the log, and with it every age, every cut-off and
every silence. Whether a date is isolated follows from the log itself, not from a list of dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import accumulate

MIN_LINES = 20
"""Lines below which nothing is called isolated: there is no mass to be far from."""
NEAR_DAYS, NEAR_SHARE, NEAR_LINES = 60, 0.001, 50
FAR_DAYS, FAR_SHARE = 365, 0.10
TIMES_LONGEST_GAP = 1.5
EXPECTED = 20.0
"""Lines that the gap would hold at the log's own rate; a log that has less than that is simply slow."""

EPOCH_FROM, EPOCH_TO = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("1970-03-01")
EPOCH_TIMES = 3


def core(days: Sequence[tuple[date, int]]) -> tuple[date, date]:
    """First and last day of the log without isolated days at its ends.

    From the dense middle outwards, the first gap that is long for this log ends it: at least `NEAR_DAYS` and 1.5 times
    as long as every gap further inside, with at most one line in a thousand (or one to three) beyond it; or at least a
    year and as long as the log itself, with at most a tenth of the lines beyond it.

    Parameters
    ----------
    days : sequence of (date, int)
        Days with lines in ascending order, and how many.

    Examples
    --------
    >>> from datetime import timedelta
    >>> usual = [(date(2024, 1, 1) + timedelta(days=day), 5) for day in range(200)]
    >>> core([(date(1900, 1, 1), 1), *usual])[0], core([*usual, (date(2025, 3, 1), 1)])[1]
    (datetime.date(2024, 1, 1), datetime.date(2024, 7, 18))
    """
    total = sum(count for _, count in days)
    if total < MIN_LINES:
        return days[0][0], days[-1][0]
    before = [0, *accumulate(count for _, count in days)]
    low, high = _middle(days, total)
    longest = max((_gap(days, place) for place in range(low, high)), default=0)
    span = (days[high][0] - days[low][0]).days + 1
    first, inside = low, longest
    while first > 0 and not _isolated(gap := _gap(days, first - 1), before[first], total, inside, span):
        first, inside = first - 1, max(inside, gap)
    last, inside = high, longest
    while last < len(days) - 1 and not _isolated(
        gap := _gap(days, last), total - before[last + 1], total, inside, span
    ):
        last, inside = last + 1, max(inside, gap)
    return days[first][0], days[last][0]


def _middle(days: Sequence[tuple[date, int]], total: int) -> tuple[int, int]:
    """Places of the days between which the log certainly lies: beyond them are at most `FAR_SHARE` of the lines."""
    allowed = FAR_SHARE * total
    low, seen = 0, days[0][1]
    while seen <= allowed:
        low += 1
        seen += days[low][1]
    high, seen = len(days) - 1, days[-1][1]
    while seen <= allowed:
        high -= 1
        seen += days[high][1]
    return low, max(low, high)


def _gap(days: Sequence[tuple[date, int]], place: int) -> int:
    return (days[place + 1][0] - days[place][0]).days


def _isolated(gap: int, beyond: int, total: int, longest: int, span: int) -> bool:
    if gap < NEAR_DAYS or gap < TIMES_LONGEST_GAP * longest or gap * (total - beyond) / span < EXPECTED:
        return False
    if gap >= max(FAR_DAYS, span):
        return beyond <= FAR_SHARE * total
    return total >= NEAR_LINES and beyond <= max(1, min(3, total // 100), NEAR_SHARE * total)
