"""Which signs warn of a loss in this company, learned at its own closed windows.

Customers who showed a sign are compared with customers who showed none, with those who had as many orders and with all
(`retention.profile.sign_records.judged`). Windows do not overlap, so every customer counts once in each.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from configs.settings import Settings
from evaluation.sign_history import enough_before, sampled_customers, sign_history, usual_before
from features.engine import Tables
from retention.explanation.warnings import UNITS
from retention.profile.sign_records import SignRecord, judged

MAX_WINDOWS = 8
BANDS = (2.0, 4.0, 10.0)
"""Orders at which a band of customers alike ends: one, two or three, up to nine, more."""


def learn_standing(tables: Tables, events: pd.DataFrame, as_of: datetime, settings: Settings) -> dict[str, SignRecord]:
    """The record of every sign that enough customers have shown; empty for a short log.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    events : DataFrame
        `features.engine.order_events`.
    as_of : datetime
        Nothing at or after it is used.
    settings : Settings
        Horizon and the rules of the life cycle.
    """
    events = events[events["occurred_at"] < as_of].reset_index(drop=True)
    if events.empty:
        return {}
    horizon = settings.targets.horizon_days
    first = enough_before(events)
    moments = [as_of - timedelta(days=horizon * back) for back in range(MAX_WINDOWS, 0, -1)]
    moments = [moment for moment in moments if moment >= first]
    if not moments:
        return {}
    sampled = events[events["customer_id"].isin(sampled_customers(events))].reset_index(drop=True)
    gap = usual_before(sampled, moments[0], float(horizon))
    return standing(sign_history(tables, sampled, moments, as_of, settings, typical_gap=gap))


def standing(history: pd.DataFrame) -> dict[str, SignRecord]:
    """Records from `evaluation.sign_history.sign_history`, by code of the sign."""
    closed = history[np.isfinite(history["ordered"].to_numpy(dtype=np.float64))]
    band = np.searchsorted(BANDS, closed["orders_ever"].to_numpy(dtype=np.float64), side="right")
    gone = 1.0 - closed["ordered"].to_numpy(dtype=np.float64)
    quiet = np.array([len(signs) == 0 for signs in closed["signs"]], dtype=bool)
    records = {}
    for code in UNITS:
        shown = np.array([code in signs for signs in closed["signs"]], dtype=bool)
        alike = [place for place in range(len(BANDS) + 1) if (quiet & (band == place)).any()]
        rows = shown & np.isin(band, alike)
        if not rows.any():
            continue
        usual = {place: gone[quiet & (band == place)].mean() for place in alike}
        same = float(np.mean([usual[place] for place in band[rows].tolist()]))
        beside = int((quiet & np.isin(band, np.unique(band[rows]))).sum())
        record = judged(code, int(rows.sum()), float(gone[rows].mean()), beside, same, float(gone[quiet].mean()))
        if record is not None:
            records[code] = record
    return records
