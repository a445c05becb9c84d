"""Moments as people write them to moments in UTC, in the business zone; the tables hold UTC without a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from configs.errors import SettingsError

if TYPE_CHECKING:
    from configs.settings import DataSettings


def parse_moment(text: str, timezone: str, *, field: str) -> datetime:
    """A date or time in ISO form as UTC without a zone.

    Parameters
    ----------
    text : str
        ``2011-09-10`` (midnight), ``2011-09-10T08:30`` or with an offset (``2011-09-10T08:30+08:00``).
    timezone : str
        Zone of a text without an offset.
    field : str
        What the text is, for the message.

    Raises
    ------
    SettingsError
        The text is not a date or time.

    Examples
    --------
    >>> parse_moment("2011-09-10", "Asia/Shanghai", field="--as-of")
    datetime.datetime(2011, 9, 9, 16, 0)
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError("moment_not_a_date", field=field, value=text) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone))
    return moment.astimezone(UTC).replace(tzinfo=None)


def future_from(data: DataSettings) -> datetime | None:
    """The first moment (UTC) that counts as the future: the end of the day `future_after`, or just that moment."""
    text = data.future_after
    if text is None:
        return None
    zone = ZoneInfo(data.timezone)
    try:
        if len(text) <= 10:
            day = date.fromisoformat(text) + timedelta(days=1)
            moment = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            moment = datetime.fromisoformat(text)
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)) + timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise SettingsError("future_after_not_a_date", field="data.future_after", value=text) from None
    return moment.astimezone(UTC).replace(tzinfo=None)


def local_time(moment: datetime, timezone: str) -> datetime:
    """A moment in UTC as clocks of the business zone show it, without a zone.

    Examples
    --------
    >>> local_time(datetime(2011, 9, 9, 16, 0), "Asia/Shanghai")
    datetime.datetime(2011, 9, 10, 0, 0)
    """
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None)


def start_of_day(day: date, timezone: str) -> datetime:
    """The midnight of the business zone with which a day begins, in UTC.

    Examples
    --------
    >>> start_of_day(date(2011, 9, 10), "Asia/Shanghai")
    datetime.datetime(2011, 9, 9, 16, 0)
    """
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None)


def midnight_after(moment: datetime, timezone: str) -> datetime:
    """The midnight of the business zone that follows a moment in UTC, in UTC: the end of what a log tells."""
    return start_of_day((local_time(moment, timezone) + timedelta(days=1)).date(), timezone)


def format_moment(moment: datetime, timezone: str) -> str:
    """The moment as a date in the business zone, with the time when it is not midnight."""
    local = local_time(moment, timezone)
    if (local.hour, local.minute) == (0, 0):
        return local.date().isoformat()
    return local.replace(tzinfo=ZoneInfo(timezone)).isoformat(timespec="minutes")
