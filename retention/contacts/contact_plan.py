"""The dated side of customer care: birthdays, holidays, visits, renewals, points that expire and trainings to come.

Each row names a customer, a day, an occasion and the strategy that belongs to it. Rows respect consent, the hold-out
and open complaints: nobody is sent a cheerful card while a complaint waits. Birthdays and holidays keep their day;
visits and talks before renewals are made on working days of their owner, as many as the hours hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs import formats
from configs.catalogue import LANGUAGES
from configs.catalogue import text as message
from configs.errors import InputError
from configs.resources import read_yaml_resource
from configs.settings import Settings
from configs.timestamps import local_time
from retention.conditions.consent import allowed_channels
from retention.conditions.fields import CHANNELS
from retention.contacts.free_hours import FreeHours
from retention.contacts.team import owners_of
from retention.contacts.trainings import CODES, Training, planned_trainings
from retention.contacts.work_options import minutes_of
from retention.experiments.holdout import HELD_OUT
from retention.profile.customer_facts import age_on
from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import Strategy

COLUMNS = ("due", "customer_id", "occasion", "strategy", "channel", "owner", "text_en", "text_zh")
STRATEGY_OF: dict[str, str] = {
    "birthday": "greeting_gift",
    "holiday": "greeting_gift",
    "visit": "scheduled_visit",
    "renewal": "owner_contact",
    "points": "points_expiry_reminder",
}
PROFILE_COLUMNS = (
    "birthday", "renewal_at", "owner", "consent", "preferred_channel", "points_balance", "points_expire_on"
)  # fmt: skip
LIGHT = ("email", "sms", "social")
"""Channels for a short word."""
CHANNEL_OF: dict[str, str] = {"visit": "face_to_face", "renewal": "phone"}
"""Occasions whose channel does not depend on the customer."""
BUYERS = ("first_time", "repeat", "loyal", "at_risk", "won_back")


@dataclass(frozen=True)
class PlanRules:
    """How the plan is made.

    Attributes
    ----------
    days : int
        Days ahead that it covers.
    visit_every : int
        Days between visits to customers of high value.
    renewal_lead : int
        Days before a renewal at which the talk is due.
    holidays_of : str or None
        Country code whose holidays are greeted (`CN`, `GB` …); None: none.
    points_lead : int
        Days before points expire at which the reminder is due.
    training_after : int
        Days that a new customer is given to try the first purchase before the training.
    trainings_per_day : int
        Trainings that one owner can have on a workday.
    """

    days: int = 30
    visit_every: int = 90
    renewal_lead: int = 30
    holidays_of: str | None = None
    points_lead: int = 14
    training_after: int = 7
    trainings_per_day: int = 2


def next_birthday(birthday: date, after: date) -> date:
    """The first birthday on or after a day; 29 February is kept on the 28th in other years.

    Examples
    --------
    >>> next_birthday(date(1980, 2, 29), date(2023, 1, 1)), next_birthday(date(1980, 2, 29), date(2024, 1, 1))
    (datetime.date(2023, 2, 28), datetime.date(2024, 2, 29))
    """
    for year in (after.year, after.year + 1):
        try:
            day = birthday.replace(year=year)
        except ValueError:
            day = date(year, 2, 28)
        if day >= after:
            return day
    raise AssertionError("a birthday comes every year")  # pragma: no cover


def greeting_days(country: str, first: date, last: date) -> list[tuple[date, str, str]]:
    """Holidays on which customers are greeted, with their names in en and zh.

    The days come from the `holidays` library; which of them are for greeting stands in `configs/holidays.yaml`.

    Raises
    ------
    InputError
        A country that the file does not list.
    """
    import holidays

    known: dict[str, dict[str, str]] = read_yaml_resource("holidays.yaml")
    if country not in known:
        raise InputError("country_without_greeting_days", value=country, names=", ".join(sorted(known)))
    calendar = holidays.country_holidays(country, years=range(first.year, last.year + 1), language="en_US")
    found: dict[tuple[int, str], date] = {}
    for day in sorted(calendar):
        for name in str(calendar[day]).split("; "):
            if name in known[country]:
                found.setdefault((day.year, name), day)  # the first day of a feast of several
    return sorted((day, name, known[country][name]) for (_, name), day in found.items() if first <= day <= last)


def public_holidays(country: str, first: date, last: date) -> set[date]:
    """Days on which a country does not work."""
    import holidays

    calendar = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    return {day for day in calendar if first <= day <= last}


def contact_plan(  # noqa: PLR0913 – named inputs of one plan
    scores: pd.DataFrame,
    profile: pd.DataFrame,
    settings: Settings,
    catalogue: Catalogue,
    *,
    start: date,
    rules: PlanRules | None = None,
    assignment: pd.Series[Any] | None = None,
    last_contact: Mapping[str, date] | None = None,
    treatments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Dated contacts of the coming days.

    Parameters
    ----------
    scores : DataFrame
        The scores table; `open_complaints` is used where there.
    profile : DataFrame
        Customers table: birthday, renewal_at, owner, consent, preferred_channel, points_balance and points_expire_on
        where there.
    settings, catalogue
        Time zone; hours, minutes and days off (`worklist`); what a contact takes, and the trainings
        (`retention.contacts.trainings`).
    start : date
        First day.
    rules : PlanRules, optional
        Span, distance of visits, lead before renewals, country of the holidays.
    assignment : Series, optional
        Arm per row of `scores`; those held out get nothing but renewals, which are business, not marketing.
    last_contact : mapping of str to date, optional
        Day of the last contact by customer; customers without one were never contacted.
    treatments : DataFrame, optional
        Earlier contacts, so that nobody is trained twice.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, by day, then customer. Visits for which the hours do not last are not in it: whoever has
        waited longest goes first.
    """
    rules = rules or PlanRules()
    last = start + timedelta(days=rules.days - 1)
    known = profile.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    wanted = [name for name in PROFILE_COLUMNS if name in known.columns]
    table = scores.drop(columns=[name for name in wanted if name in scores.columns])
    table = table.join(known[wanted], on="customer_id").reset_index(drop=True)
    allowed = allowed_channels(table)
    may_help = table["stage"].isin(BUYERS).to_numpy(copy=True)
    if "open_complaints" in table.columns:
        may_help &= ~(table["open_complaints"].fillna(0).to_numpy(dtype=np.float64) >= 1)
    if assignment is not None:
        may_help &= np.array([arm != HELD_OUT for arm in assignment], dtype=np.bool_)
    may_greet = may_help & allowed.any(axis=1)
    off = public_holidays(rules.holidays_of, start, last) if rules.holidays_of is not None else ()
    hours = FreeHours(settings, start, last, off)
    minutes = {
        occasion: minutes_of(STRATEGY_OF[occasion], channel, catalogue, settings)
        for occasion, channel in CHANNEL_OF.items()
    }
    book = _Book(
        table,
        owners_of(table),
        _channels(table, allowed),
        allowed,
        may_greet,
        start,
        last,
        hours,
        minutes,
        settings.data.timezone,
    )
    _add_birthdays(book)
    if rules.holidays_of is not None:
        _add_holidays(book, rules.holidays_of)
    _add_renewals(book, rules.renewal_lead)
    _add_points(book, rules.points_lead)
    _add_trainings(book, catalogue.strategies, may_help, rules, treatments)
    _add_visits(book, rules.visit_every, last_contact or {})
    rows = book.rows
    plan = pd.DataFrame(rows, columns=list(COLUMNS))
    plan["owner"] = pd.Series([row[COLUMNS.index("owner")] for row in rows], dtype="object")
    return plan.sort_values(["due", "customer_id", "occasion"], kind="stable", ignore_index=True)


@dataclass
class _Book:
    """The contacts entered so far, and what every occasion asks: who may be greeted, how, and between which days."""

    table: pd.DataFrame
    owners: list[str | None]
    channels: list[str]
    allowed: NDArray[np.bool_]
    may_greet: NDArray[np.bool_]
    start: date
    last: date
    hours: FreeHours
    minutes: dict[str, float]
    zone: str
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(
        self, row: int, due: date, occasion: str, channel: str, text: str, *, strategy: str | None = None, **words: Any
    ) -> None:
        """Enter a contact with a customer, given by row of the table; the strategy is the occasion's unless said."""
        texts = [message(f"contact_plan.{text}", lang, **{**words, **_day_words(words, lang)}) for lang in LANGUAGES]
        owner = self.owners[row]
        customer = self.table["customer_id"].iat[row]
        self.rows.append(
            (pd.Timestamp(due), customer, occasion, strategy or STRATEGY_OF[occasion], channel, owner, *texts)
        )


def _channels(table: pd.DataFrame, allowed: NDArray[np.bool_]) -> list[str]:
    """The channel a customer prefers where it is allowed, else the first that is."""
    wish = table["preferred_channel"].tolist() if "preferred_channel" in table.columns else [None] * len(table)
    return [
        name if name in CHANNELS and mask[CHANNELS.index(name)] else CHANNELS[int(mask.argmax())]
        for name, mask in zip(wish, allowed, strict=True)
    ]


def _add_birthdays(book: _Book) -> None:
    if "birthday" not in book.table.columns:
        return
    for row, birthday in enumerate(book.table["birthday"].tolist()):
        if book.may_greet[row] and not np.isnan(age_on(birthday, book.start)):
            day = next_birthday(pd.Timestamp(birthday).date(), book.start)
            if day <= book.last:
                book.add(row, day, "birthday", book.channels[row], "birthday", day=day)


def _add_holidays(book: _Book, country: str) -> None:
    worthy = book.may_greet & book.table["overall_value_tier"].isin(["high", "medium"]).to_numpy()
    for day, name_en, name_zh in greeting_days(country, book.start, book.last):
        for row in np.flatnonzero(worthy).tolist():
            book.add(row, day, "holiday", book.channels[row], "holiday", day=day, name=(name_en, name_zh))


def _add_visits(book: _Book, every: int, last_contact: Mapping[str, date]) -> None:
    """Visits to customers of high value who have not been contacted for long, the longest first."""
    table = book.table
    wanted = book.may_greet & (table["overall_value_tier"] == "high").to_numpy()
    waiting: list[tuple[date, str, int]] = []
    for row in np.flatnonzero(wanted).tolist():
        customer = str(table["customer_id"].iat[row])
        since = last_contact.get(customer, date.min)
        waiting.append((since, customer, row))
    for since, _, row in sorted(waiting):
        never = since == date.min
        due = book.start if never else max(book.start, since + timedelta(days=every))
        day = book.hours.take(book.owners[row], due, book.minutes["visit"]) if due <= book.last else None
        if day is not None and never:
            book.add(row, day, "visit", CHANNEL_OF["visit"], "visit_first")
        elif day is not None:
            book.add(row, day, "visit", CHANNEL_OF["visit"], "visit", date=since)


def _add_renewals(book: _Book, lead: int) -> None:
    """Talks before contracts end, the earliest first; they are business and never left out for want of hours."""
    if "renewal_at" not in book.table.columns:
        return
    ends: list[tuple[date, int]] = []
    for row, renewal in enumerate(book.table["renewal_at"].tolist()):
        if renewal is not None and not pd.isna(renewal):
            ends.append((local_time(pd.Timestamp(renewal).to_pydatetime(), book.zone).date(), row))
    for end, row in sorted(ends):
        due = max(book.start, end - timedelta(days=lead))
        if end >= book.start and due <= book.last:
            day = book.hours.take(book.owners[row], due, book.minutes["renewal"], until=end)
            book.add(row, due if day is None else day, "renewal", CHANNEL_OF["renewal"], "renewal", day=end)


def _add_points(book: _Book, lead: int) -> None:
    table = book.table
    if not {"points_balance", "points_expire_on"} <= set(table.columns):
        return
    for row, (points, gone) in enumerate(zip(table["points_balance"], table["points_expire_on"], strict=True)):
        if not book.may_greet[row] or pd.isna(gone) or pd.isna(points) or points <= 0:
            continue
        day = pd.Timestamp(gone).date()
        due = max(book.start, day - timedelta(days=lead))
        days = book.hours.days_for(book.owners[row], due, until=day) if due <= book.last else []
        if days:
            book.add(row, days[0], "points", _light(book, row), "points", day=day, points=float(points))


def _light(book: _Book, row: int) -> str:
    """The channel for a word that is worth no call and no visit: the customer's own if it is one, else one allowed."""
    own = book.channels[row]
    allowed = [name for name in LIGHT if book.allowed[row, CHANNELS.index(name)]]
    return own if own in LIGHT or not allowed else allowed[0]


def _add_trainings(
    book: _Book,
    strategies: Sequence[Strategy],
    may_help: NDArray[np.bool_],
    rules: PlanRules,
    treatments: pd.DataFrame | None,
) -> None:
    table = book.table
    may = {one.code: book.may_greet if one.marketing else may_help for one in strategies if one.code in CODES}
    found = planned_trainings(
        table,
        strategies,
        may,
        book.owners,
        book.hours,
        after_days=rules.training_after,
        per_day=rules.trainings_per_day,
        treatments=treatments,
    )
    wish = table["preferred_channel"].tolist() if "preferred_channel" in table.columns else [None] * len(table)
    for one in found:
        # a training is a service: where no consent is needed it is offered where the customer likes to be reached
        own = book.channels[one.row] if book.may_greet[one.row] else wish[one.row]
        channel = own if own in CHANNELS else "phone"
        book.add(one.row, one.due, "training", channel, one.strategy, strategy=one.strategy, **_training_words(one))


def _training_words(training: Training) -> dict[str, Any]:
    reason = training.reason
    return {} if reason is None else {"reason": (reason.text_en or "", reason.text_zh or "")}


def _day_words(words: dict[str, Any], language: str) -> dict[str, str]:
    shown = {}
    if "day" in words:
        shown["day"] = formats.day_of_year(words["day"], language)
    if "date" in words:
        shown["date"] = formats.day(words["date"], language)
    for pair in ("name", "reason"):
        if pair in words:
            shown[pair] = words[pair][1] if language == "zh" else words[pair][0]
    if "points" in words:
        shown["points"] = formats.number(words["points"], language)
    return shown
