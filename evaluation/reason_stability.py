"""How stable reasons are: whether models refitted on resampled data give the same customers the same reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from configs.errors import InvariantError
from retention.explanation.reasons import STEPS, Attribution
from retention.profile.attributes import Floats
from retention.profile.baseline import STABLE_FROM

GOAL = 0.80
"""Share of customers whose first driver should stay the same between two fits."""


@dataclass(frozen=True)
class Stability:
    """Agreement of reasons between fits.

    Attributes
    ----------
    fits : int
        Fits compared, every pair of them.
    customers : int
        Customers compared.
    first_kept : float
        Share of customers whose first driver is the same, mean over pairs.
    by_chance : float
        The same if every customer had the reasons of another one, drawn at random: what agreement is worth nothing.
    first_in_top_two : float
        Share of customers whose first driver is among the other fit's first two, mean over pairs.
    rank_agreement : float
        Spearman correlation of the drivers' points within a customer, mean over customers and pairs.
    by_driver : dict
        Driver → how often it stays among the first two where it was first; drivers that never come first are left out.
    """

    fits: int
    customers: int
    first_kept: float
    by_chance: float
    first_in_top_two: float
    rank_agreement: float
    by_driver: dict[str, float]

    @property
    def good(self) -> bool:
        """Whether the goal is reached."""
        return self.first_kept >= GOAL

    @property
    def unstable(self) -> list[str]:
        """Drivers that should not be shown first."""
        return sorted(code for code, share in self.by_driver.items() if share < STABLE_FROM)


def reason_stability(attributions: Sequence[Attribution], *, moved_back: Collection[str] = ()) -> Stability:
    """Compare the reasons that several fits give the same customers.

    Parameters
    ----------
    attributions : sequence of Attribution
        One per fit, for the same customers in the same order; at least two.
    moved_back : collection of str
        Drivers that are never shown first: the largest of the others takes their place.

    Raises
    ------
    InvariantError
        Fewer than two fits, or other customers.
    """
    sizes = {len(one.base) for one in attributions}
    if len(attributions) < 2 or len(sizes) != 1:
        raise InvariantError("reasons can be compared only between two fits or more of the same customers", "fit again")
    codes = sorted({code for one in attributions for code in one.codes if code not in STEPS})
    tables = [_own_points(one, codes) for one in attributions]
    ranks = [_ranks(table) for table in tables]
    back = np.array([code in moved_back for code in codes], dtype=bool)
    orders = [_as_shown(table, back) for table in tables]
    kept, chance, near, agreement = [], [], [], []
    stays: dict[int, list[float]] = {}
    for i in range(len(tables)):
        for j in range(len(tables)):
            if i == j:
                continue
            first = orders[i][:, 0]
            same = first == orders[j][:, 0]
            top = same if len(codes) < 2 else same | (first == orders[j][:, 1])
            near.append(float(top.mean()))
            for driver in np.unique(first).tolist():
                stays.setdefault(driver, []).extend(top[first == driver].astype(float).tolist())
            if i < j:
                kept.append(float(same.mean()))
                shares = [np.bincount(orders[k][:, 0], minlength=len(codes)) / len(first) for k in (i, j)]
                chance.append(float(shares[0] @ shares[1]))
                agreement.append(float(np.nanmean(_correlation(ranks[i], ranks[j]))))
    return Stability(
        fits=len(attributions),
        customers=sizes.pop(),
        first_kept=float(np.mean(kept)),
        by_chance=float(np.mean(chance)),
        first_in_top_two=float(np.mean(near)),
        rank_agreement=float(np.mean(agreement)),
        by_driver={codes[driver]: float(np.mean(flags)) for driver, flags in sorted(stays.items())},
    )


def _as_shown(table: Floats, back: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Drivers in the order in which they are shown: by size, but no one that is moved back comes first."""
    size = np.abs(table)
    if back.any() and not back.all():
        leader = np.argmax(np.where(back, -1.0, size), axis=1)
        size[np.arange(len(size)), leader] = np.inf
    return np.asarray(np.argsort(-size, axis=1, kind="stable"), dtype=np.int64)


def _own_points(one: Attribution, codes: list[str]) -> Floats:
    table = np.zeros((len(one.base), len(codes)))
    for place, code in enumerate(codes):
        if code in one.codes:
            table[:, place] = one.drivers[:, one.codes.index(code)]
    return table


def _ranks(table: Floats) -> Floats:
    from scipy.stats import rankdata

    return np.asarray(rankdata(table, axis=1), dtype=np.float64)


def _correlation(first: Floats, second: Floats) -> NDArray[np.float64]:
    a = first - first.mean(axis=1, keepdims=True)
    b = second - second.mean(axis=1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1.0), np.nan)
