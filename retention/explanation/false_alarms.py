"""Signs that staff have looked at and called a false alarm: not told again until something new happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from retention.explanation.warnings import WINDOW_DAYS, Sign
from retention.profile.attributes import looked_up


def without_false_alarms(signs: Sequence[Sign], frame: pd.DataFrame, alarms: pd.DataFrame | None) -> list[Sign]:
    """The signs without those called a false alarm after the event that they began with.

    A sign that begins with a later event (a new silence, a new complaint) is told again. One whose beginning the tables
    do not tell speaks of the last 90 days, and is told again after as many.

    Parameters
    ----------
    signs : sequence of Sign
        `retention.explanation.warnings.find_signs` of n customers.
    frame : DataFrame
        Their `customer_id` and `as_of`, n rows.
    alarms : DataFrame or None
        What staff said, in any order and as often as they said it: customer_id, sign, at (UTC). None: nothing.
    """
    if alarms is None or not len(alarms):
        return list(signs)
    found = []
    for sign in signs:
        own = alarms[alarms["sign"] == sign.code].groupby("customer_id")["at"].max()
        said = looked_up(
            frame["customer_id"],
            own.index.to_numpy(dtype=object),
            own.to_numpy(dtype="datetime64[us]"),
            np.datetime64("NaT", "us"),
        )
        as_of = frame["as_of"].to_numpy(dtype="datetime64[us]")
        fresh = said + np.timedelta64(round(WINDOW_DAYS * 86_400e6), "us") > as_of
        # a comparison with NaT is false: without a mark nothing is held back
        held = (sign.since <= said) | (np.isnat(sign.since) & fresh)
        found.append(replace(sign, on=sign.on & ~held))
    return found
