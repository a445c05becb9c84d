"""The day of the next order: when, and whether it is told as certain or only "if the customer orders again"."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import TargetSettings
from models.contract import churn_column
from retention.profile.attributes import Floats, number

MORE_LIKELY_GONE = 0.5
"""From this probability of no order on, an order is not what one should count on."""
_FARTHEST_DAYS = 36_500
DATES = {
    "next_order_date": "next_order_days",
    "next_order_date_low": "next_order_days_low",
    "next_order_date_high": "next_order_days_high",
}
"""Columns of the scores table and the predictions that they are made of."""


def next_order_dates(frame: pd.DataFrame, predictions: pd.DataFrame, timezone: str) -> dict[str, NDArray[np.generic]]:
    """The day of the next order and the ends of its interval, as days of the business zone.

    Parameters
    ----------
    frame : DataFrame
        `as_of`, n rows.
    predictions : DataFrame
        The suite's predictions, n rows in the same order.
    timezone : str
        Business zone.
    """
    moments = pd.DatetimeIndex(frame["as_of"]).tz_localize("UTC").tz_convert(timezone).tz_localize(None)
    as_of = moments.to_numpy(dtype="datetime64[us]")
    found: dict[str, NDArray[np.generic]] = {}
    for name, source in DATES.items():
        days = number(predictions, source)
        known = np.isfinite(days) & (days < _FARTHEST_DAYS)
        steps = np.rint(np.where(known, days, 0.0) * 86_400e6).astype("int64").astype("timedelta64[us]")
        day = np.where(known, (as_of + steps).astype("datetime64[D]"), np.datetime64("NaT", "D"))
        found[name] = day.astype("datetime64[us]")
    return found


def conditional(predictions: pd.DataFrame, stage: NDArray[np.object_], targets: TargetSettings) -> list[bool | None]:
    """Whether the day is told as "if the customer orders again"; None where there is none.

    The day is the middle of the days on which an order would come *if* one comes within `lifetime_days`. It is
    conditional where that is not what one should count on: no order in `lifetime_days` is the likelier case; or the day
    lies within the horizon, in which no order is the likelier case; or the customer is lost by the own rhythm.

    Parameters
    ----------
    predictions : DataFrame
        The suite's predictions, n rows.
    stage : ndarray of str, shape (n,)
        Life-cycle stage.
    targets : TargetSettings
        Horizon and lifetime.
    """
    days = number(predictions, "next_order_days")
    soon = number(predictions, "churn_probability")
    ever: Floats = number(predictions, churn_column(targets.lifetime_days))
    ever = np.where(np.isfinite(ever), ever, soon)
    with np.errstate(invalid="ignore"):
        unlikely = (ever >= MORE_LIKELY_GONE) | ((days <= targets.horizon_days) & (soon >= MORE_LIKELY_GONE))
        known = np.isfinite(days) & (days < _FARTHEST_DAYS)
    return [bool(one) if told else None for one, told in zip(unlikely | (stage == "lost"), known, strict=True)]
