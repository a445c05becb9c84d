"""How early and how right the warnings have been: signs at past moments, compared with what followed.

The signs are written rules, so nothing is fitted; at every moment they see only what was known by then.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from configs.progress import SILENT, Progress
from configs.settings import Settings
from evaluation.datasets import stable_fraction, typical_gap_days
from evaluation.labels import make_labels
from evaluation.warning_quality import SIGN_FEATURES, evaluate_warnings
from features.engine import Tables, compute_features, feature_set_for
from features.specs import FeatureSet
from models.contract import KEYS, orders_column
from retention.explanation.warnings import WINDOW_DAYS, find_signs
from retention.profile.lifecycle import order_days, transitions
from retention.profile.open_days import OpenDays

STEP_DAYS, MOMENTS = 14, 26
MAX_CUSTOMERS = 5_000
LEAD_DAYS = 30


def warning_check(
    tables: Tables, events: pd.DataFrame, as_of: datetime, settings: Settings, *, progress: Progress | None = None
) -> dict[str, Any] | None:
    """Warnings of up to 26 moments of the last year, a fortnight apart, against losses and orders until `as_of`.

    Parameters
    ----------
    tables : Tables
        Canonical tables.
    events : DataFrame
        `features.engine.order_events` until `as_of`.
    as_of : datetime
        End of what is known.
    settings : Settings
        Horizon and the rules of the life cycle.
    progress : Progress, optional
        Listens to the steps.

    Returns
    -------
    dict or None
        JSON values: `evaluation.warning_quality.WarningQuality` as a dict, moments, customers, horizon_days; None where
        the log is shorter than the window of the signs before the earliest moment.
    """
    listening = progress or SILENT
    start = pd.Timestamp(events["occurred_at"].min()).to_pydatetime()
    first = start + timedelta(days=2 * WINDOW_DAYS)
    steps = [as_of - timedelta(days=STEP_DAYS * step) for step in range(MOMENTS, 0, -1)]
    cutoffs = [cutoff for cutoff in steps if cutoff >= first]
    if not cutoffs:
        return None
    with listening.step("Testing the warnings", len(cutoffs)) as done:
        ids = np.sort(events["customer_id"].unique().astype(str))
        chosen = ids[np.argsort(stable_fraction(ids.tolist(), salt="warnings"), kind="stable")[:MAX_CUSTOMERS]]
        own = events[events["customer_id"].isin(chosen)].reset_index(drop=True)
        names = FeatureSet(tuple(spec for spec in feature_set_for(tables) if spec.name in SIGN_FEATURES))
        frame = compute_features(tables, cutoffs, names, customers=chosen.tolist())
        frame = frame[frame["orders_ever"].to_numpy(dtype=np.float64) >= 1].reset_index(drop=True)
        horizon = settings.targets.horizon_days
        labels = make_labels(own, frame[KEYS], (horizon,), as_of)
        # what is usual is learned before the earliest moment tested
        known = own[(own["occurred_at"] < cutoffs[0]) & own["is_order"].to_numpy(dtype=bool)]
        gap = typical_gap_days(known) or float(horizon)
        rules, open_days = settings.retention.lifecycle, OpenDays.of(tables)
        parts = []
        for cutoff in cutoffs:
            rows = (frame["as_of"] == pd.Timestamp(cutoff)).to_numpy()
            part = frame[rows].reset_index(drop=True)
            days = order_days(own, pd.Timestamp(cutoff), part["customer_id"], open_days)
            moves = transitions(days, pd.Timestamp(cutoff), rules, gap)
            latest = moves.drop_duplicates("customer_id", keep="last").set_index("customer_id")["to_stage"]
            lost = part["customer_id"].map(latest).eq("lost").to_numpy(dtype=bool)
            flags = [(sign.code, sign.on) for sign in find_signs(part, days, lost=lost)]
            signs = pd.Series([[code for code, on in flags if on[row]] for row in range(len(part))], dtype=object)
            orders = labels.loc[rows, orders_column(horizon)].to_numpy(dtype=np.float64)
            ordered = np.where(np.isfinite(orders), (orders > 0).astype(float), np.nan)
            # who is lost already can be warned of no longer
            parts.append(part[KEYS].assign(signs=signs, ordered=ordered)[~lost])
            done(1)
        warned = pd.concat(parts, ignore_index=True)
        moves = transitions(order_days(own, pd.Timestamp(as_of), open_days=open_days), pd.Timestamp(as_of), rules, gap)
        gone = moves[(moves["to_stage"] == "lost") & (moves["at"] >= pd.Timestamp(cutoffs[0]))]
        quality = evaluate_warnings(warned, gone[["customer_id", "at"]], lead_days=LEAD_DAYS)
    return asdict(quality) | {"moments": len(cutoffs), "customers": len(chosen), "horizon_days": horizon}
