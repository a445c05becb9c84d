"""The hours that owners have left on the days of a plan, and the day that each visit gets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from configs.settings import Settings


class FreeHours:
    """Takes the minutes of contacts from the days of their owners.

    Parameters
    ----------
    settings : Settings
        Hours, weekdays and days off (`worklist`), days on which the company is closed.
    first, last : date
        The days of the plan.
    holidays : collection of date
        Public holidays, on which nobody is visited.
    """

    def __init__(self, settings: Settings, first: date, last: date, holidays: Collection[date] = ()) -> None:
        self.work = settings.worklist
        self.closed = settings.data.closed
        self.first = first
        self.last = last
        self.holidays = frozenset(holidays)
        self.taken: dict[tuple[str | None, date], float] = {}

    def works(self, owner: str | None, day: date) -> bool:
        """Whether an owner visits on a day."""
        return day not in self.holidays and not self.work.is_off(day, owner, self.closed)

    def take(self, owner: str | None, due: date, minutes: float, *, until: date | None = None) -> date | None:
        """The day on which an owner makes a contact that is due on a day; None where the plan has no room for it.

        The last working day up to the due one goes first, then those after it. With `until`, a contact that must be
        made by then is put on its first working day though that is full.
        """
        last = min(self.last, until or self.last)
        span = [self.first + timedelta(days=place) for place in range((last - self.first).days + 1)]
        days = [day for day in span if self.works(owner, day)]
        before = [day for day in days if day <= due]
        choice = [*before[-1:], *(day for day in days if day > due)]
        limit = self.work.hours_of_owner(owner)
        for day in choice:
            spent = self.taken.get((owner, day), 0.0)
            if limit is None or spent + minutes <= limit * 60 + 1e-9:
                self.taken[owner, day] = spent + minutes
                return day
        if until is None or not choice:
            return None
        self.taken[owner, choice[0]] = self.taken.get((owner, choice[0]), 0.0) + minutes
        return choice[0]
