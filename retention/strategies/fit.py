"""How a strategy fits a customer: fit comes before profit.

`DUTY`: it is owed; `MAIN`: it answers the customer's first reason told with a fact, or builds on it; `DUE`: the stage
of the customer's life asks for it (`due: stage` in the catalogue); `OTHER`: it answers or builds on another reason;
`SUITS`: the kind of customer asks for it (`due: kind`). What does none of this is not offered, whatever it might bring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.specs import TOLD_DRIVERS
from retention.strategies.catalogue_entries import Strategy

Floats = NDArray[np.float64]
Places = NDArray[np.int8]

NONE, SUITS, OTHER, DUE, MAIN, DUTY = range(6)
NOT_TOLD = 99
LEAST_POINTS = 0.02
"""Points from which a driver counts as told where the scores hold no reasons."""


@dataclass(frozen=True)
class Told:
    """Place of every driver among a customer's reasons, shape (n, drivers): 0 is the first, `NOT_TOLD` is none.

    Only reasons with a fact count; `raises` and `lowers` hold the directions apart.
    """

    raises: Places
    lowers: Places


def told_drivers(scores: pd.DataFrame, points: Floats) -> Told:
    """What the reasons of the scores tell; where there is no such column, what the largest points would tell.

    Parameters
    ----------
    scores : DataFrame
        With the column `reasons` of the scores table, if known.
    points : ndarray, shape (n, drivers)
        Points of `TOLD_DRIVERS`, zero where unknown.
    """
    if "reasons" not in scores.columns:
        order = np.argsort(np.argsort(-np.abs(points), axis=1, kind="stable"), axis=1).astype(np.int8)
        return Told(
            np.where(points >= LEAST_POINTS, order, NOT_TOLD).astype(np.int8),
            np.where(points <= -LEAST_POINTS, order, NOT_TOLD).astype(np.int8),
        )
    names = {name: place for place, name in enumerate(TOLD_DRIVERS)}
    raises = np.full(points.shape, NOT_TOLD, dtype=np.int8)
    lowers = np.full(points.shape, NOT_TOLD, dtype=np.int8)
    for row, reasons in enumerate(scores["reasons"].tolist()):
        place = 0
        for reason in reasons if reasons is not None else ():
            if len(reason["facts"]) and reason["driver"] in names:
                side = raises if reason["direction"] == "raises" else lowers
                column = names[reason["driver"]]
                side[row, column] = min(side[row, column], place)
                place += 1
    return Told(raises, lowers)


def fit_of(strategy: Strategy, told: Told) -> tuple[Places, Places]:
    """Fit of one strategy to every customer, and the driver it answers or builds on: that told first, -1 for none."""
    answers, answered = _first(told.raises, strategy.drivers)
    builds, strength = _first(told.lowers, strategy.builds_on)
    place = np.minimum(answers, builds)
    fit = np.full(len(place), {"stage": DUE, "kind": SUITS, None: NONE}[strategy.due], dtype=np.int8)
    fit[place < NOT_TOLD] = np.maximum(fit[place < NOT_TOLD], OTHER)
    fit[place == 0] = MAIN
    if strategy.duty:
        fit[:] = DUTY
    return fit, np.where(answers <= builds, answered, strength)


def _first(places: Places, drivers: tuple[str, ...]) -> tuple[Places, Places]:
    """The earliest place of any of the drivers, and which driver that is; shape (n,) each."""
    if not drivers:
        return np.full(len(places), NOT_TOLD, dtype=np.int8), np.full(len(places), -1, dtype=np.int8)
    columns = np.array([TOLD_DRIVERS.index(name) for name in drivers])
    own = places[:, columns]
    best = own.argmin(axis=1)
    first = own[np.arange(len(own)), best]
    return first, np.where(first < NOT_TOLD, columns[best], -1).astype(np.int8)


def order_by_fit(fit: Places, used: NDArray[np.bool_]) -> NDArray[np.int16]:
    """What comes before what in the choice: every kind of fit once, then again; what is owed always first.

    Parameters
    ----------
    fit : ndarray, shape (n, s)
    used : ndarray of bool, shape (n, 6)
        Kinds of fit that the customer has been given a strategy of.
    """
    again = np.take_along_axis(used, fit.astype(np.int64), axis=1) & (fit != DUTY)
    return np.asarray(fit - 10 * again, dtype=np.int16)
