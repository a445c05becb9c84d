"""What the people who contact customers have: hours, days, money, and the minutes that a contact takes them."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field, field_validator

from configs.catalogue import phrase
from configs.setting_model import Closure, Model

WEEK = (1, 2, 3, 4, 5)
"""Monday to Friday."""
MINUTES: dict[str, float] = {"email": 3.0, "sms": 2.0, "social": 3.0}
"""What a message takes whoever writes it by hand; in bulk it takes nothing, and the catalogue prices it so."""


class DaysOff(Closure):
    """Days on which nobody works, or one owner does not."""

    owner: str | None = None


class WorkListSettings(Model):
    """How much a work list holds.

    `hours_per_day` are the hours that each owner has for contacts (null: no limit), `hours_of` those of some by name. A
    list spans `days` working days of the `weekdays` (1 is Monday); `budget` is money for all of it, `channel_caps` the
    most contacts by channel. `minutes` of a contact go by strategy or by channel, else they are the catalogue's.
    `days_off` are holidays of the company, or of one `owner`.
    """

    hours_per_day: float | None = Field(4.0, ge=0, le=24)
    hours_of: dict[str, float] = Field(default_factory=dict)
    days: int = Field(5, ge=1, le=60)
    weekdays: tuple[int, ...] = Field(WEEK, min_length=1)
    budget: float | None = Field(None, ge=0)
    minutes: dict[str, float] = Field(default_factory=lambda: dict(MINUTES))
    channel_caps: dict[str, int] = Field(default_factory=dict)
    days_off: tuple[DaysOff, ...] = ()

    @field_validator("weekdays")
    @classmethod
    def _days_of_a_week(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not set(value) <= set(range(1, 8)):
            raise ValueError(phrase("phrases.weekday_unknown"))
        return value

    @field_validator("hours_of", "minutes", "channel_caps")
    @classmethod
    def _not_negative(cls, value: dict[str, float]) -> dict[str, float]:
        if any(not 0 <= one < float("inf") for one in value.values()):
            raise ValueError(phrase("phrases.negative_time"))
        return value

    def hours_of_owner(self, owner: str | None) -> float | None:
        """Hours a day of an owner; None for no limit."""
        return self.hours_of.get(owner, self.hours_per_day) if owner is not None else self.hours_per_day

    def is_off(self, day: date, owner: str | None, closed: tuple[Closure, ...] = ()) -> bool:
        """Whether nobody, or this owner, works on a day; `closed` are days on which the company sells nothing."""
        if day.isoweekday() not in self.weekdays:
            return True
        spans = [*closed, *(span for span in self.days_off if span.owner in (None, owner))]
        return any(span.first <= day <= span.last for span in spans)

    def working_days(self, start: date, count: int, closed: tuple[Closure, ...] = ()) -> list[date]:
        """The first days from `start` on that are nobody's weekend or holiday; at most a year is looked through."""
        days = (start + timedelta(days=place) for place in range(366))
        return [day for day in days if not self.is_off(day, None, closed)][:count]
