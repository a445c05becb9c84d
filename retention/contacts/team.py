"""Who contacts, on which days, for how long: the hours of every owner, and how a list is spread over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import Settings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def owners_of(customers: pd.DataFrame) -> list[str | None]:
    """Who looks after each customer; None for nobody in particular."""
    if "owner" not in customers.columns:
        return [None] * len(customers)
    return [None if pd.isna(name) or not str(name).strip() else str(name) for name in customers["owner"].tolist()]


@dataclass(frozen=True)
class Team:
    """The owners of some customers and what they have.

    Attributes
    ----------
    names : tuple of str or None
        Owners; None stands for those who take the customers of nobody in particular.
    code : ndarray of int, shape (n,)
        Place in `names` of every customer's owner.
    days : tuple of date
        Working days.
    minutes : ndarray, shape (days, owners)
        What each has on each day.
    """

    names: tuple[str | None, ...]
    code: Ints
    days: tuple[date, ...]
    minutes: Floats

    @classmethod
    def of(cls, settings: Settings, start: date, owners: Sequence[str | None]) -> Team:
        """The team behind some customers, from a day on."""
        work, closed = settings.worklist, settings.data.closed
        names = tuple(sorted(set(owners), key=lambda name: (name is None, name or "")))
        place = {name: code for code, name in enumerate(names)}
        days = tuple(work.working_days(start, work.days, closed))
        hours = [np.inf if (own := work.hours_of_owner(name)) is None else own for name in names]
        minutes = np.array(
            [
                [0.0 if work.is_off(day, name, closed) else own * 60 for name, own in zip(names, hours, strict=True)]
                for day in days
            ],
            dtype=np.float64,
        ).reshape(len(days), len(names))
        return cls(names, np.array([place[name] for name in owners], dtype=np.int64), days, minutes)

    @property
    def longest(self) -> Floats:
        """The longest contact that fits into one day of each owner."""
        return np.asarray(self.minutes.max(axis=0, initial=0.0))

    def spread(self, minutes: Floats, customers: Ints) -> Ints:
        """The day of every contact, in the order given: the first on which its owner still has time; -1 for none.

        An owner without a limit has the work of the list evenly on all days.
        """
        owner = self.code[customers]
        left = self.minutes.copy()
        for code in np.flatnonzero(np.isinf(left).any(axis=0)).tolist():
            own = minutes[owner == code]
            works = left[:, code] > 0
            even = own.sum() / max(int(works.sum()), 1)
            left[works, code] = max(even + own.max(initial=0.0), 1.0)
        found = np.full(len(minutes), -1, dtype=np.int64)
        for place in range(len(minutes)):
            room = np.flatnonzero(left[:, owner[place]] >= minutes[place] - 1e-9)
            if len(room):
                found[place] = room[0]
                left[room[0], owner[place]] -= minutes[place]
        return found
