"""The customers table as of a moment, with what follows from it: age, days until points expire, referrals, looks.

The table itself has no dates: what it says holds on the day of its export, as for the membership level and consent.
What is worked out here sees nothing at or after the moment. None of it is a feature of a model: it serves conditions,
lists and texts.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from configs.timestamps import local_time
from features.extracts import table_frame
from features.people_extracts import last_looks, referrals_before
from features.tables import OLDEST
from retention.profile.attributes import Floats, looked_up

if TYPE_CHECKING:
    from features.engine import Tables

DAY = pd.Timedelta(days=1)


def customer_facts(tables: Tables, as_of: datetime, timezone: str) -> pd.DataFrame | None:
    """The customers table with facts as of a moment; None where there is no such table.

    Parameters
    ----------
    tables : Tables
        All customers' tables or a part of them; who brought whom is asked of all.
    as_of : datetime
        UTC; nothing at or after it is seen.
    timezone : str
        Business zone: an age and an expiry count days there.

    Returns
    -------
    DataFrame
        The table's columns and, where the data allow, `age` (whole years), `points_expire_days` (negative: expired),
        `referrals` (customers brought who ordered) and `looked_days` (days since the customer last searched, browsed or
        filled a cart without ordering since); NaN where unknown.
    """
    found = table_frame(tables, "customers", "customer_id")
    if found is None:
        return None
    today = local_time(as_of.replace(tzinfo=None), timezone).date()
    if "birthday" in found.columns:
        found["age"] = [age_on(birthday, today) for birthday in found["birthday"].tolist()]
    if "points_expire_on" in found.columns:
        found["points_expire_days"] = days_until(found["points_expire_on"], today)
    brought = referrals_before(tables, as_of, found["customer_id"].tolist())
    if brought is not None:
        found["referrals"] = looked_up(
            found["customer_id"], brought.index.to_numpy(), brought.to_numpy(dtype=np.float64), 0.0
        )
    looks = last_looks(tables, as_of)
    if looks is not None:
        found["looked_days"] = _looked_days(found["customer_id"], looks, as_of)
    return found


def age_on(birthday: Any, day: date) -> float:
    """Whole years from a birthday to a day; NaN for a birthday that is not given or cannot be.

    Examples
    --------
    >>> age_on(date(1980, 2, 29), date(2023, 2, 28)), age_on(date(1980, 2, 29), date(2023, 3, 1))
    (42.0, 43.0)
    >>> age_on(date(2030, 1, 1), date(2023, 3, 1)), age_on(date(1900, 1, 1), date(2023, 3, 1))
    (nan, nan)
    """
    if birthday is None or pd.isna(birthday):
        return float("nan")
    born = pd.Timestamp(birthday)
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return float(years) if 0 <= years <= OLDEST else float("nan")


def days_until(days: pd.Series[Any], today: date) -> Floats:
    """Whole days from today to each day, NaN where it is not given; shape (n,)."""
    away = (pd.to_datetime(days) - pd.Timestamp(today)) / DAY
    return np.asarray(away, dtype=np.float64)


def _looked_days(ids: pd.Series[Any], looks: pd.DataFrame, as_of: datetime) -> Floats:
    looked, bought = pd.to_datetime(looks["looked_at"]), pd.to_datetime(looks["bought_at"])
    waiting = (bought.isna() | (bought < looked)).to_numpy()
    since = np.floor(np.asarray((pd.Timestamp(as_of.replace(tzinfo=None)) - looked) / DAY, dtype=np.float64))
    keys = looks["customer_id"].to_numpy(dtype=object)
    return looked_up(ids, keys[waiting], since[waiting], np.nan)
