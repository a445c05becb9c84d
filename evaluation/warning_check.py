"""How early and how right the warnings have been: signs at past moments, compared with what followed.

Which signs warn is learned from windows that had closed before the earliest moment tested, so nothing is judged by what
it was learned from.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from configs.catalogue import phrase
from configs.progress import SILENT, Progress
from configs.settings import Settings
from evaluation.sign_history import enough_before, sampled_customers, sign_history, usual_before
from evaluation.sign_standing import learn_standing
from evaluation.warning_quality import evaluate_warnings
from features.engine import Tables
from retention.profile.lifecycle import order_days, transitions
from retention.profile.open_days import OpenDays
from retention.profile.sign_records import is_warning

STEP_DAYS, MOMENTS = 14, 26
LEAD_DAYS = 14


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
        JSON values: `evaluation.warning_quality.WarningQuality` of the warnings as a dict, moments, customers,
        horizon_days; `by_sign` holds notes as well and says which sign `warns`. None where the log is shorter than the
        window of the signs before the earliest moment.
    """
    listening = progress or SILENT
    first = enough_before(events)
    steps = [as_of - timedelta(days=STEP_DAYS * step) for step in range(MOMENTS, 0, -1)]
    cutoffs = [cutoff for cutoff in steps if cutoff >= first]
    if not cutoffs:
        return None
    horizon, rules = settings.targets.horizon_days, settings.retention.lifecycle
    with listening.step(phrase("steps.test_warnings"), len(cutoffs)) as done:
        own = events[events["customer_id"].isin(sampled_customers(events))].reset_index(drop=True)
        records = learn_standing(tables, own, cutoffs[0], settings)
        gap = usual_before(own, cutoffs[0], float(horizon))
        shown = sign_history(tables, own, cutoffs, as_of, settings, typical_gap=gap, done=done)
        told = [[code for code in signs if is_warning(code, records)] for signs in shown["signs"]]
        days = order_days(own, pd.Timestamp(as_of), open_days=OpenDays.of(tables))
        moves = transitions(days, pd.Timestamp(as_of), rules, gap)
        gone = moves[(moves["to_stage"] == "lost") & (moves["at"] >= pd.Timestamp(cutoffs[0]))]
        gone = gone[["customer_id", "at"]]
        quality = evaluate_warnings(shown.assign(signs=pd.Series(told, dtype=object)), gone, lead_days=LEAD_DAYS)
        every = evaluate_warnings(shown, gone, lead_days=LEAD_DAYS).by_sign
    return asdict(quality) | {
        "by_sign": {code: values | {"warns": is_warning(code, records)} for code, values in every.items()},
        "moments": len(cutoffs),
        "customers": int(own["customer_id"].nunique()),
        "horizon_days": horizon,
    }
