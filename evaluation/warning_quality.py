"""How good early warnings are out of time: losses warned of in time, and false alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.explanation.warnings import UNITS

SIGN_FEATURES = frozenset(
    {
        "orders_ever",
        "mean_gap_days",
        "days_since_last_order",
        "days_since_first_order",
        "gap_cv",
        "overdue_ratio",
        *(f"{name}_{days}d" for name in ("orders", "spend") for days in (90, 180, 365)),
        *(f"{name}_{days}d" for name in ("complaints", "contacts", "redemptions") for days in (90, 365)),
        "open_complaints",
        "days_since_last_complaint",
        "days_since_last_redemption",
        "oldest_open_complaint_days",
        "satisfaction_mean_365d",
        "satisfaction_trend",
        "cart_abandoned_30d",
    }
)
"""Features that the signs read. Breadth is not among them: it comes from the lines, one query per moment."""


@dataclass(frozen=True)
class WarningQuality:
    """How good the warnings are out of time.

    Attributes
    ----------
    lost_customers : int
        Customers who became lost in the time looked at.
    warned_in_time : float
        Share of them that carried a warning at least `lead_days` before; NaN without any lost customer.
    warned_customers : int
        Warned customer × cut-off pairs whose horizon has closed.
    false_alarms : float
        Share of those pairs in which the customer did order within the horizon; NaN without any.
    alarm_rate : float
        Share of all pairs that carried a warning.
    ordered_unwarned : float
        For comparison: share of pairs without a warning that ordered within the horizon.
    lead_days : int
        Lead asked for.
    by_sign : dict
        The same two shares per sign: `warned_in_time` (share of lost customers with this sign), `false_alarms`.
    """

    lost_customers: int
    warned_in_time: float
    warned_customers: int
    false_alarms: float
    alarm_rate: float
    ordered_unwarned: float
    lead_days: int
    by_sign: dict[str, dict[str, float]]


def evaluate_warnings(
    warned: pd.DataFrame, lost: pd.DataFrame, *, lead_days: int = 30, window_days: int = 365
) -> WarningQuality:
    """Compare warnings at earlier cut-offs with what happened later.

    Parameters
    ----------
    warned : DataFrame
        One row per customer × cut-off: customer_id, as_of, `signs` (list of codes, empty without a warning), and
        `ordered` (1 if an order followed within the horizon, 0 if not, NaN if not closed).
    lost : DataFrame
        customer_id, at: the moments at which customers became lost (`transitions` to `lost`) after the first cut-off.
    lead_days : int
        A warning counts if it stood at least so many days before.
    window_days : int
        And at most so many days before.
    """
    codes = list(UNITS)
    flags = np.array([[code in signs for code in codes] for signs in warned["signs"]], dtype=bool)
    flags = flags.reshape(len(warned), len(codes))
    ordered = np.asarray(warned["ordered"], dtype=np.float64)
    closed = np.isfinite(ordered)
    any_sign = np.asarray(flags.any(axis=1), dtype=bool)

    pairs = lost.reset_index(drop=True).reset_index(names="loss")
    pairs = pairs.merge(
        pd.DataFrame({"customer_id": warned["customer_id"], "as_of": warned["as_of"], "row": np.arange(len(warned))}),
        on="customer_id",
    )
    lead = (pairs["at"] - pairs["as_of"]).dt.total_seconds() / 86_400
    pairs = pairs[(lead >= lead_days) & (lead <= window_days)]
    # a loss that no cut-off could have seen in time says nothing about the warnings
    seen = np.unique(pairs["loss"].to_numpy())
    rows = pairs["row"].to_numpy()

    def share_warned(flag: NDArray[np.bool_]) -> float:
        return _share(len(np.unique(pairs["loss"].to_numpy()[flag[rows]])), len(seen))

    def false_alarms(flag: NDArray[np.bool_]) -> float:
        told = flag & closed
        return _share(float(ordered[told].sum()), int(told.sum()))

    return WarningQuality(
        lost_customers=len(seen),
        warned_in_time=share_warned(any_sign),
        warned_customers=int((any_sign & closed).sum()),
        false_alarms=false_alarms(any_sign),
        alarm_rate=_share(float(any_sign.sum()), len(warned)),
        ordered_unwarned=false_alarms(~any_sign),
        lead_days=lead_days,
        by_sign={
            code: {"warned_in_time": share_warned(flags[:, k]), "false_alarms": false_alarms(flags[:, k])}
            for k, code in enumerate(codes)
            if flags[:, k].any()
        },
    )


def _share(part: float, whole: int) -> float:
    return float("nan") if whole == 0 else part / whole
