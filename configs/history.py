"""How much history a horizon needs: one rule for what the data report promises and what training does.

A horizon is *trained* if a cut-off has enough log before it and the whole horizon after it. It is *tested* if the same
still holds as of one main horizon before the end, so that the last window can be held back.
"""

from __future__ import annotations

from datetime import timedelta

from configs.settings import TargetSettings

MIN_HISTORY_DAYS = 28
MAX_HISTORY_NEEDED_DAYS = 90
MIN_CUSTOMERS = 200
"""Customers with a known outcome below which a written rule answers instead of a model."""


def min_history_days(horizon_days: int) -> int:
    """Days of log needed before a cut-off: half the horizon, at least 28 days, at most 90.

    Examples
    --------
    >>> min_history_days(30), min_history_days(90), min_history_days(365)
    (28, 45, 90)
    """
    return min(MAX_HISTORY_NEEDED_DAYS, max(MIN_HISTORY_DAYS, horizon_days // 2))


def history_needed(main_days: int, log: timedelta) -> int:
    """Days asked for before the first cut-off of a log: less where the log would otherwise have no cut-off.

    Examples
    --------
    >>> history_needed(90, timedelta(days=135)), history_needed(90, timedelta(days=134))
    (45, 28)
    """
    wanted = min_history_days(main_days)
    # A short log: little history before a cut-off is better than no cut-off.
    return wanted if log >= timedelta(days=wanted + main_days) else MIN_HISTORY_DAYS


def days_to_train(horizon_days: int, main_days: int) -> int:
    """Days of log from which a horizon has a closed window to learn from.

    Examples
    --------
    >>> days_to_train(30, 90), days_to_train(90, 90), days_to_train(365, 90)
    (58, 118, 410)
    """
    return horizon_days + (min_history_days(main_days) if horizon_days > main_days else MIN_HISTORY_DAYS)


def days_to_test(horizon_days: int, main_days: int) -> int:
    """Days of log from which a horizon is tested: models that know it can be fitted one main horizon before the end.

    Examples
    --------
    >>> days_to_test(90, 90), days_to_test(7, 7), days_to_test(30, 90)
    (208, 42, 148)
    """
    return main_days + max(min_history_days(main_days), MIN_HISTORY_DAYS + horizon_days)


def can_train(horizon_days: int, targets: TargetSettings, log: timedelta) -> bool:
    """Whether a log of this length has a closed window of a horizon."""
    return log >= timedelta(days=history_needed(targets.horizon_days, log) + horizon_days)


def can_test(horizon_days: int, targets: TargetSettings, log: timedelta) -> bool:
    """Whether a horizon closes in the window that is held back, and a model of it can be fitted before that window."""
    main = targets.horizon_days
    before = log - timedelta(days=main)
    return (
        horizon_days <= main
        and before >= timedelta(days=min_history_days(main))
        and can_train(horizon_days, targets, before)
    )
