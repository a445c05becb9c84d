"""Early signs at past moments beside what followed: what warnings are judged by, and which signs warn is learned from.

The signs are written rules, so nothing is fitted; at every moment they see only what was known by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from configs.settings import Settings
from evaluation.datasets import stable_fraction, typical_gap_days
from evaluation.labels import make_labels
from evaluation.warning_quality import SIGN_FEATURES
from features.engine import Tables, compute_features, feature_set_for
from features.specs import FeatureSet
from models.contract import KEYS, orders_column
from retention.explanation.warnings import WINDOW_DAYS, find_signs
from retention.profile.attributes import looked_up, number
from retention.profile.lifecycle import order_days, transitions
from retention.profile.open_days import OpenDays

MAX_CUSTOMERS = 5_000


def enough_before(events: pd.DataFrame) -> datetime:
    """The earliest moment at which signs can be told: twice their window after the first event."""
    start: datetime = pd.Timestamp(events["occurred_at"].min()).to_pydatetime()
    return start + timedelta(days=2 * WINDOW_DAYS)


def sampled_customers(events: pd.DataFrame) -> list[str]:
    """Up to `MAX_CUSTOMERS` customers, by a stable hash."""
    ids = np.sort(events["customer_id"].unique().astype(str))
    place = np.argsort(stable_fraction(ids.tolist(), salt="warnings"), kind="stable")
    chosen: list[str] = ids[place[:MAX_CUSTOMERS]].tolist()
    return chosen


def usual_before(events: pd.DataFrame, moment: datetime, otherwise: float) -> float:
    """The company's typical gap as it was known at a moment."""
    orders = events[(events["occurred_at"] < moment) & events["is_order"].to_numpy(dtype=bool)]
    return typical_gap_days(orders) or otherwise


def sign_history(
    tables: Tables,
    events: pd.DataFrame,
    moments: Sequence[datetime],
    known_until: datetime,
    settings: Settings,
    *,
    typical_gap: float,
    done: Callable[[int], object] | None = None,
) -> pd.DataFrame:
    """Signs of customers who are not lost at past moments, and whether they ordered afterwards.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    events : DataFrame
        `features.engine.order_events` of the customers looked at.
    moments : sequence of datetime
        When to look, ascending.
    known_until : datetime
        Windows that close later have no outcome.
    settings : Settings
        Horizon and the rules of the life cycle.
    typical_gap : float
        What is usual in the company, learned before the first moment.
    done : callable, optional
        Called after every moment.

    Returns
    -------
    DataFrame
        customer_id, as_of, orders_ever, `signs` (list of codes), `ordered` (1, 0, NaN where the window has not closed).
    """
    names = FeatureSet(tuple(spec for spec in feature_set_for(tables) if spec.name in SIGN_FEATURES))
    frame = compute_features(tables, moments, names, customers=sorted(events["customer_id"].unique().tolist()))
    frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
    horizon = settings.targets.horizon_days
    labels = make_labels(events, frame[KEYS], (horizon,), known_until)
    rules, open_days = settings.retention.lifecycle, OpenDays.of(tables)
    parts = []
    for moment in moments:
        rows = (frame["as_of"] == pd.Timestamp(moment)).to_numpy()
        part = frame[rows].reset_index(drop=True)
        days = order_days(events, pd.Timestamp(moment), part["customer_id"], open_days)
        moves = transitions(days, pd.Timestamp(moment), rules, typical_gap)
        latest = moves.drop_duplicates("customer_id", keep="last")
        keys = latest["customer_id"].to_numpy(dtype=object)
        stage = looked_up(part["customer_id"], keys, latest["to_stage"].to_numpy(dtype=object), "prospect")
        usual = looked_up(part["customer_id"], keys, number(latest, "usual_gap_days"), np.nan)
        lost = stage == "lost"
        flags = [(sign.code, sign.on) for sign in find_signs(part, days, usual_gap=usual, lost=lost)]
        signs = pd.Series([[code for code, on in flags if on[row]] for row in range(len(part))], dtype=object)
        orders = labels.loc[rows, orders_column(horizon)].to_numpy(dtype=np.float64)
        ordered = np.where(np.isfinite(orders), (orders > 0).astype(float), np.nan)
        # who is lost already can be warned of no longer
        parts.append(part[[*KEYS, "orders_ever"]].assign(signs=signs, ordered=ordered)[~lost])
        if done is not None:
            done(1)
    history: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return history
