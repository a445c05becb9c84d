"""The promises of the scores table, checked on every row before anybody reads it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import InvariantError
from retention.explanation.reasons import Target
from retention.profile.attributes import number

SHOWN: dict[Target, str] = {"churn": "churn_probability", "spend": "expected_spend", "lifetime": "lifetime_value"}
"""Prediction column that the parts of each target add up to."""

PREFIX: dict[Target, str] = {"churn": "", "spend": "spend_", "lifetime": "lifetime_"}
"""What the columns of each target begin with."""

_TOLERANCE = 1e-6


def check_scores(scores: pd.DataFrame) -> None:
    """Check the promises of the scores table on every row.

    Raises
    ------
    InvariantError
        A probability outside 0–1, negative headroom or orders, an interval that does not hold the value, a sum of
        reasons that is not the number shown, a tier without evidence.
    """

    def broken(rows: NDArray[np.bool_], what: str) -> None:
        if rows.any():
            customer = str(scores["customer_id"].iloc[int(np.flatnonzero(rows)[0])])
            raise InvariantError("score_breaks_promise", customer_id=customer, field=what)

    for name in scores.columns:
        if str(name).startswith("churn_probability"):
            p = number(scores, name)
            broken((p < 0) | (p > 1), f"{name} lies outside 0 to 1")
    for name in ("headroom", "expected_orders"):
        broken(number(scores, name) < 0, f"{name} is negative")
    value, low, high = (number(scores, f"lifetime_value{end}") for end in ("", "_low", "_high"))
    slack = 1e-9 * np.maximum(1.0, np.abs(np.nan_to_num(value)))
    broken((low > value + slack) | (high < value - slack), "the lifetime value lies outside its interval")
    for target, column in SHOWN.items():
        base = number(scores, "churn_base" if target == "churn" else f"{PREFIX[target]}base")
        lists = scores[f"{PREFIX[target]}drivers"].tolist()
        total = base + np.array([math.fsum(part["points"] for part in one) for one in lists], dtype=np.float64)
        shown = number(scores, column)
        gap = np.abs(total - shown) / (1.0 if target == "churn" else np.maximum(1.0, np.abs(shown)))
        told = np.array([len(one) > 0 for one in lists], dtype=bool)
        broken(told & ~(gap <= _TOLERANCE), f"the reasons do not add up to {column}")
    for name in scores.columns:
        if str(name).endswith("_tier") and f"{str(name)[:-5]}_evidence" in scores.columns:
            nothing = scores[f"{str(name)[:-5]}_evidence"].to_numpy(dtype=object) == "none"
            broken((scores[name].to_numpy(dtype=object) != "unknown") & nothing, f"{name} rests on no evidence")
