"""From contributions on the link scale to reasons that add up on the scale people read.

A model gives additive parts of a prediction on its link scale (log-odds, log, or money). The parts are integrated
along the straight path from the base to the prediction, which gives every part its share of the difference on the
natural scale, whatever order the parts are named in (Aumann and Shapley 1974, Values of Non-Atomic Games, ch. I;
equation 1 of Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks). For a one-dimensional link
with inverse g the integral has a closed form:

    points_k = c_k * (g(b + S) - g(b)) / S,        S = sum of all c_k,

with the limit c_k * g'(b) as S goes to zero. Base and points add up to the prediction exactly, a part of zero gets
zero, and the sign of a part is never turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from configs.errors import InvariantError
from features.specs import DRIVERS, FeatureSet
from models.contract import Contributions, Link

Target = Literal["churn", "spend", "lifetime"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = ("level", "calibration")
"""Drivers that are steps after the trees: they speak of the business or the model, not of the customer."""

SMALLEST_SHOWN: dict[Target, float] = {"churn": 0.0005, "spend": 0.005, "lifetime": 0.005}
"""Points below these are kept in the sum but never shown as a reason (0.05 percentage points, half a cent)."""

TOLERANCE = 1e-6


def path_share(link: Link, base: Floats, total: Floats) -> Floats:
    """Mean slope of the inverse link between `base` and `base + total`.

    Multiplied by a part of `total` it gives that part's points on the natural scale.

    Parameters
    ----------
    link : {"logit", "log", "identity"}
        Link of the model.
    base, total : ndarray, shape (n,)
        Base and sum of all parts on the link scale.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> path_share("logit", np.array([0.0, 0.0]), np.array([0.0, 2.0])).round(4)
    array([0.25  , 0.1904])
    """
    if link == "identity":
        return np.ones_like(base)
    half = total / 2.0
    near = np.abs(half) < 1e-4
    # sinh(h)/h by its series near zero, where the quotient would lose digits
    safe = np.where(near, 1.0, np.clip(half, -350.0, 350.0))
    sinhc = np.where(near, 1.0 + half * half / 6.0, np.sinh(safe) / safe)
    if link == "log":
        # (exp(b + S) - exp(b)) / S = exp(b + S/2) * sinh(S/2) / (S/2)
        return np.asarray(np.exp(base + half) * sinhc)
    # sigma(b + S) - sigma(b) = sinh(S/2) / (2 cosh(b/2) cosh((b + S)/2)), so no difference of close numbers is taken
    low = np.clip(base / 2.0, -350.0, 350.0)
    high = np.clip((base + total) / 2.0, -350.0, 350.0)
    wide = np.abs(half) > 300.0
    with np.errstate(over="ignore", invalid="ignore"):
        close = sinhc / (4.0 * np.cosh(low) * np.cosh(high))
    far = (expit(base + total) - expit(base)) / np.where(near, 1.0, total)
    return np.asarray(np.where(wide | ~np.isfinite(close), far, close))


def natural_base(link: Link, base: Floats) -> Floats:
    """The base on the natural scale: what would be answered if no part spoke; shape (n,)."""
    if link == "logit":
        return np.asarray(expit(base))
    if link == "log":
        return np.asarray(np.exp(base))
    return base


@dataclass(frozen=True)
class Attribution:
    """A prediction split into parts on the natural scale.

    Attributes
    ----------
    target : str
        `churn` (probability), `spend` or `lifetime` (money).
    base : ndarray, shape (n,)
        The prediction without any customer's own traits.
    features : ndarray, shape (n, k)
        Points per column of the contributions.
    names : list of str
        Names of those columns.
    drivers : ndarray, shape (n, d)
        Points per driver family.
    codes : list of str
        Codes of the families, in the order of `features.specs.DRIVERS`.
    owner : ndarray of int, shape (k,)
        Index of the family that each column belongs to.
    """

    target: Target
    base: Floats
    features: Floats
    names: list[str]
    drivers: Floats
    codes: list[str]
    owner: Ints

    def total(self) -> Floats:
        """Base and all families added up; shape (n,)."""
        return np.asarray(self.base + self.drivers.sum(axis=1))


def attribute(
    contributions: Contributions,
    feature_set: FeatureSet,
    *,
    target: Target,
    shown: Floats | None = None,
    ids: Sequence[str] | None = None,
) -> Attribution:
    """Turn additive parts on the link scale into points per driver family.

    Parameters
    ----------
    contributions : Contributions
        Parts of the prediction: one column per feature and per step after the trees.
    feature_set : FeatureSet
        Tells which family a feature belongs to.
    target : {"churn", "spend", "lifetime"}
        What is predicted.
    shown : ndarray, shape (n,), optional
        The prediction that is shown; NaN where there is none. The sum is checked against it.
    ids : sequence of str, optional
        Customer ids, named in the error.

    Returns
    -------
    Attribution

    Raises
    ------
    InvariantError
        A column belongs to no feature and no step, or base and points do not add up to what is shown.
    """
    names = [str(name) for name in contributions.values.columns]
    family = {spec.name: spec.driver for spec in feature_set}
    unknown = [name for name in names if name not in family and name not in DRIVERS]
    if unknown:
        raise InvariantError("contribution_of_unknown_feature", field=unknown[0], target=target)
    owners = [family.get(name, name) for name in names]
    codes = [code for code in DRIVERS if code in set(owners)]
    owner = np.array([codes.index(code) for code in owners], dtype=np.int64)
    # row-major and summed row by row: a customer's points are the same to the last bit alone and among others
    parts = np.ascontiguousarray(contributions.values.to_numpy(dtype=np.float64))
    base_link = np.asarray(contributions.base, dtype=np.float64)
    share = path_share(contributions.link, base_link, parts.sum(axis=1))
    points = parts * share[:, None]
    found = Attribution(
        target=target,
        base=natural_base(contributions.link, base_link),
        features=points,
        names=names,
        drivers=_sums(points, owner, len(codes)),
        codes=codes,
        owner=owner,
    )
    if shown is not None:
        check_sum(found, shown, ids)
    return found


def _sums(points: Floats, owner: Ints, count: int) -> Floats:
    found = np.empty((len(points), count))
    for j in range(count):
        found[:, j] = np.ascontiguousarray(points[:, owner == j]).sum(axis=1)
    return found


def check_sum(attribution: Attribution, shown: Floats, ids: Sequence[str] | None = None) -> float:
    """Check that base and families add up to the prediction shown on every row that has one.

    Returns
    -------
    float
        The largest difference; for money relative to the size of the value where that is above one.

    Raises
    ------
    InvariantError
        A difference is above 1e-6.
    """
    known = np.isfinite(shown)
    if not known.any():
        return 0.0
    gap = np.abs(attribution.total() - shown)
    if attribution.target != "churn":
        gap = gap / np.maximum(1.0, np.abs(shown))
    gap = np.where(known, gap, 0.0)
    worst = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
    if not gap[worst] <= TOLERANCE:
        who = str(ids[worst]) if ids is not None else f"row {worst}"
        raise InvariantError(
            "reasons_do_not_add_up",
            customer_id=who,
            field=attribution.target,
            sum=attribution.total()[worst],
            shown=shown[worst],
        )
    return float(gap[worst])


@dataclass(frozen=True)
class Choice:
    """Which families are shown for each row, and which feature speaks for each.

    Attributes
    ----------
    driver : ndarray of int, shape (n, m)
        Index into `Attribution.codes`, -1 where there is no further reason.
    feature : ndarray of int, shape (n, m)
        Index into `Attribution.names` of the feature the text speaks of; -1 for a step.
    points : ndarray, shape (n, m)
        Points of the family; 0 where there is none.
    silent : ndarray of bool, shape (n, d)
        Families with points worth showing of which every feature is missing: a warning, not a reason.
    """

    driver: Ints
    feature: Ints
    points: Floats
    silent: NDArray[np.bool_]


def choose(
    attribution: Attribution,
    frame: pd.DataFrame,
    *,
    limit: int,
    constant: frozenset[str] = frozenset(),
    unstable: frozenset[str] = frozenset(),
) -> Choice:
    """Choose the families to show, largest points first, and the feature that speaks for each.

    A family is shown only through a feature whose value is known: the one with the largest points in the
    direction of the family (or, if none points that way, the largest of all). Steps (`level`, `calibration`) and
    families for which a feature speaks that is the same for everyone (the time of year) come after the others,
    because they say nothing of the customer. A family whose place would be another with other customers is never the
    first reason: the largest stable one goes before it.

    Parameters
    ----------
    attribution : Attribution
        Points per family and feature, n rows.
    frame : DataFrame
        The features' values, n rows in the same order.
    limit : int
        How many families at most.
    constant : frozenset of str
        Features that have one value for all customers at a moment.
    unstable : frozenset of str
        Families that are not shown first (`Baseline.unstable`).
    """
    n, d = attribution.drivers.shape
    known = np.ones(attribution.features.shape, dtype=bool)
    for k, name in enumerate(attribution.names):
        if name in frame.columns:
            known[:, k] = frame[name].notna().to_numpy()
        elif name in DRIVERS:
            known[:, k] = False  # counts in its family, but a feature speaks for it
    speaker = np.full((n, d), -1, dtype=np.int64)
    spoken = np.zeros((n, d), dtype=bool)
    for j, code in enumerate(attribution.codes):
        if code in STEPS:
            spoken[:, j] = True
            continue
        columns = np.flatnonzero(attribution.owner == j)
        parts = attribution.features[:, columns]
        same_way = parts * np.sign(attribution.drivers[:, [j]])
        # against the family's direction counts less than any part along it, whatever its size
        weight = np.where(same_way > 0, 2.0 + same_way / (1.0 + same_way), np.abs(parts) / (1.0 + np.abs(parts)))
        weight = np.where(known[:, columns], weight, -1.0)
        best = np.argmax(weight, axis=1)
        spoken[:, j] = weight[np.arange(n), best] >= 0
        speaker[:, j] = np.where(spoken[:, j], columns[best], -1)
    size = np.abs(attribution.drivers)
    worth = size >= SMALLEST_SHOWN[attribution.target]
    shown = worth & spoken
    same_for_all = np.array([name in constant for name in attribution.names] + [True], dtype=bool)
    general = same_for_all[speaker]  # -1, a step, is the last entry
    unsteady = np.array([code in unstable for code in attribution.codes], dtype=bool)
    steady = np.where(shown & ~general & ~unsteady, size, -1.0)
    leads = np.zeros((n, d), dtype=bool)
    if unsteady.any():
        leads[np.arange(n), steady.argmax(axis=1)] = steady.max(axis=1) >= 0
    order = np.lexsort((np.tile(np.arange(d), (n, 1)), -size, ~leads, general, ~shown), axis=1)[:, : min(limit, d)]
    rows = np.arange(n)[:, None]
    picked = shown[rows, order]
    return Choice(
        driver=np.where(picked, order, -1).astype(np.int64),
        feature=np.where(picked, speaker[rows, order], -1).astype(np.int64),
        points=np.where(picked, attribution.drivers[rows, order], 0.0),
        silent=worth & ~spoken & np.isfinite(size),
    )


def driver_lists(attribution: Attribution, answered: NDArray[np.bool_]) -> list[list[dict[str, object]]]:
    """All families with their points per row, for the `drivers` column; empty where there is no model answer.

    Base and these points add up to the prediction; nothing is rounded or left out. Each is a
    `retention.entries.Points`, written as a dict because there are some fifteen for every customer.
    """
    codes = attribution.codes
    return [
        [{"driver": code, "points": value} for code, value in zip(codes, row, strict=True)] if told else []
        for row, told in zip(attribution.drivers.tolist(), answered.tolist(), strict=True)
    ]
