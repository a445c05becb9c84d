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
        Public holidays, on which nobody works.
    """

    def __init__(self, settings: Settings, first: date, last: date, holidays: Collection[date] = ()) -> None:
        self.work = settings.worklist
        self.closed = settings.data.closed
        self.first = first
        self.last = last
        self.holidays = frozenset(holidays)
        self.taken: dict[tuple[str | None, date], float] = {}

    def works(self, owner: str | None, day: date) -> bool:
        """Whether an owner works on a day."""
        return day not in self.holidays and not self.work.is_off(day, owner, self.closed)

    def days_for(self, owner: str | None, due: date, *, until: date | None = None) -> list[date]:
        """Days for what is due on a day: the last working day up to it first, then those after it."""
        last = min(self.last, until or self.last)
        span = [self.first + timedelta(days=place) for place in range((last - self.first).days + 1)]
        days = [day for day in span if self.works(owner, day)]
        before = [day for day in days if day <= due]
        return [*before[-1:], *(day for day in days if day > due)]

    def take(self, owner: str | None, due: date, minutes: float, *, until: date | None = None) -> date | None:
        """The first of `days_for` on which the owner has the minutes left; None where the plan has no room for it.

        With `until`, a contact that must be made by then is put on its first day though that is full.
        """
        choice = self.days_for(owner, due, until=until)
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
