"""Who is left alone, so that the effect of contacting the others can be measured.

A hash of the customer's id decides, within bands of risk: the same customer stays held out from run to run and on
every machine, and the arms are alike in risk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from configs.errors import InputError
from retention.draws import hash_share

TREATED, HELD_OUT = "treated", "held_out"
EXPERIMENT = "worklist"
"""Names the experiment of those who are left alone; it is also where their arms are kept."""


def risk_bands(churn_probability: pd.Series[Any], *, bands: int = 5) -> pd.Series[Any]:
    """Equal bands of churn probability, `unknown` where there is none; the same customer stays in its band."""
    edges = np.linspace(0, 1, bands + 1)[1:-1]
    values = pd.to_numeric(churn_probability, errors="coerce")
    places = pd.Series(np.searchsorted(edges, values.to_numpy(dtype=np.float64), side="right"), index=values.index)
    return places.map(lambda place: f"band_{place + 1}").where(values.notna(), "unknown")


def draw_arms(scores: pd.DataFrame, *, share: float, previous: Mapping[str, str]) -> pd.Series[Any]:
    """The arm of every row of the scores in the one experiment that lists, plan and audience share.

    Parameters
    ----------
    scores : DataFrame
        `customer_id`, `churn_probability`.
    share : float
        Share held out.
    previous : mapping of str to str
        Arms drawn before, which stay.
    """
    bands = risk_bands(scores["churn_probability"])
    return assign_holdout(scores["customer_id"], bands, share=share, salt=EXPERIMENT, previous=previous)


def assign_holdout(
    customer_ids: Sequence[str] | pd.Series[Any],
    bands: Sequence[str] | pd.Series[Any],
    *,
    share: float,
    salt: str,
    previous: Mapping[str, str] | None = None,
) -> pd.Series[Any]:
    """Divide customers into those who may be treated and those who are left alone.

    In every band the customers with the smallest hash are held out, `share` of the band (rounded to the nearest
    number). Earlier assignments are kept and counted.

    Parameters
    ----------
    customer_ids, bands : sequence of str, shape (n,)
        Ids and their bands of risk (`risk_bands`).
    share : float
        Share held out, 0 … 1.
    salt : str
        Names the experiment; another salt gives an independent division.
    previous : mapping of str to str, optional
        Arm by customer from an earlier list.

    Returns
    -------
    Series of str, shape (n,)
        `treated` or `held_out`.

    Raises
    ------
    InputError
        Share outside [0, 1).
    """
    if not 0 <= share < 1:
        raise InputError("holdout_share_impossible", value=share)
    ids = [str(value) for value in customer_ids]
    table = pd.DataFrame({"band": list(bands), "place": [hash_share(value, salt) for value in ids]})
    table["before"] = [(previous or {}).get(value) for value in ids]
    arm = np.full(len(table), TREATED, dtype=object)
    for _, part in table.groupby("band", sort=True):
        fixed = part["before"].notna().to_numpy()
        held = int((part["before"] == HELD_OUT).sum())
        wanted = max(0, math.floor(share * len(part) + 0.5) - held)
        new = part[~fixed].sort_values("place", kind="stable").index[:wanted]
        arm[new.to_numpy()] = HELD_OUT
    before = table["before"].to_numpy(dtype=object)
    known = table["before"].notna().to_numpy()
    arm[known] = before[known]
    index = customer_ids.index if isinstance(customer_ids, pd.Series) else None
    return pd.Series(arm, index=index, dtype="object", name="arm")
