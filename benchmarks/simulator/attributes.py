"""What the made-up company knows of people beside their orders: gender, interests, points and who brought whom.

None of it decides how anybody behaves, and it is drawn from a generator of its own, so that orders, satisfaction and
their truth are the same with it and without it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.simulator.settings import SimulationSettings
from benchmarks.simulator.words import WORDS

Ints = NDArray[np.int64]
Ids = NDArray[np.object_]
STREAM = 3
"""Number of the generator."""


def personal_columns(
    settings: SimulationSettings,
    ids: Ids,
    enterprise: NDArray[np.bool_],
    buys: NDArray[np.bool_],
    favourite: Ints,
    acquired: Ints,
) -> pd.DataFrame:
    """gender, interests, points_balance, points_expire_on and referred_by of a block of customers.

    Who does not buy has no points and brings nobody.
    """
    count = len(enterprise)
    rng = np.random.default_rng([settings.seed, STREAM, int(ids[0][1:])])
    words = WORDS[settings.language]
    leaves = [leaf for below in words["leaves"] for leaf in below]
    gender = rng.choice(np.array(["female", "male", "other", None], dtype=object), count, p=[0.47, 0.42, 0.01, 0.1])
    second, tells = rng.integers(0, len(leaves), count), rng.random(count)
    interests = [
        None
        if told > 0.6 or firm
        else list(dict.fromkeys([leaves[one], leaves[other]] if told < 0.3 else [leaves[one]]))
        for told, firm, one, other in zip(tells, enterprise, favourite, second, strict=True)
    ]
    has_points = ~enterprise & buys & (rng.random(count) < 0.7)
    points = np.round(rng.lognormal(6.0, 1.0, count) / 10) * 10
    month = pd.Timestamp(settings.end).to_period("M")
    ends = [(month + ahead).end_time.date() for ahead in (1, 4, 7, 10)]
    place = rng.integers(0, len(ends), count)
    return pd.DataFrame(
        {
            "gender": pd.Series(gender).where(~pd.Series(enterprise), None),
            "interests": interests,
            "points_balance": np.where(has_points, points, np.where(enterprise, np.nan, 0.0)),
            "points_expire_on": [ends[one] if has else None for one, has in zip(place, has_points, strict=True)],
            "referred_by": _referrers(ids, buys, acquired, rng),
        }
    )


def _referrers(ids: Ids, buys: NDArray[np.bool_], acquired: Ints, rng: np.random.Generator) -> Ids:
    """For one in eight customers who came within the log: another one of the block who was there before."""
    found = np.full(len(ids), None, dtype=object)
    there = np.flatnonzero(buys)
    there = there[np.argsort(acquired[there], kind="stable")]
    ranks = np.searchsorted(acquired[there], acquired)  # how many came in an earlier week
    wanted = np.flatnonzero((acquired >= 0) & (ranks > 0) & (rng.random(len(ids)) < 0.125))
    # few people bring many: the square sends most referrals to few of those who were there
    found[wanted] = ids[there[(rng.random(len(wanted)) ** 2 * ranks[wanted]).astype(np.int64)]]
    return found
