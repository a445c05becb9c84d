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
from numpy.typing import NDArray
from scipy.special import expit

from configs.errors import InvariantError
from features.specs import DRIVERS, TOLD_DRIVERS, FeatureSet, told_driver
from models.contract import Contributions, Link, row_sums

Target = Literal["churn", "spend", "lifetime"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STEPS = ("level",)
"""Drivers that are steps after the trees: they speak of the business, not of the customer."""

GENERAL = ("calendar",)
"""Drivers that are the same for every customer at one moment."""

LEAST_TOLD = 0.02
"""Points of the risk below this are told only where nothing larger is."""
LEAST_VAGUE = 0.05
"""Points from which a driver is told that no fact supports, or that is the same for everybody (the time of year)."""
LEAST_SHARE = 0.02
"""The same for money, as a share of the value shown."""

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
        The prediction of a typical active customer of the row's group, or without a reference the model's own base.
    features : ndarray, shape (n, k)
        Points per column of the contributions.
    names : list of str
        Names of those columns.
    drivers : ndarray, shape (n, d)
        Points per driver.
    codes : list of str
        Codes of the drivers, in the order of `features.specs.TOLD_DRIVERS`.
    owner : ndarray of int, shape (k,)
        Index of the driver that each column belongs to.
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
    reference: Floats | None = None,
) -> Attribution:
    """Turn additive parts on the link scale into points per driver.

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
    reference : ndarray, shape (n, k), optional
        Parts of a typical customer (`Peers.reference`): taken from the row's parts and added to its base, so that the
        points tell how it differs from the customers that its words compare it with. The sum stays what it was.

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
        raise InvariantError(
            f"the contributions of the {target} model name {unknown[0]!r}, which is neither a feature nor a step",
            "train the model again with this version",
            field=unknown[0],
        )
    owners = [told_driver(family.get(name, name)) for name in names]
    codes = [code for code in TOLD_DRIVERS if code in set(owners)]
    owner = np.array([codes.index(code) for code in owners], dtype=np.int64)
    # row-major and summed row by row: a customer's points are the same to the last bit alone and among others
    parts = np.ascontiguousarray(contributions.values.to_numpy(dtype=np.float64))
    base_link = np.asarray(contributions.base, dtype=np.float64)
    if reference is not None:
        parts, base_link = parts - reference, base_link + row_sums(reference)
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
            f"the reasons for {attribution.target} of customer {who} add up to {attribution.total()[worst]:.9g}"
            f" but {shown[worst]:.9g} is shown",
            "train the model again; if it stays, report it with the bundle id",
            customer_id=who,
            field=attribution.target,
        )
    return float(gap[worst])


@dataclass(frozen=True)
class Choice:
    """Which drivers are told for each row, in the order in which they are told.

    Attributes
    ----------
    driver : ndarray of int, shape (n, m)
        Index into `Attribution.codes`, -1 where there is no further reason.
    points : ndarray, shape (n, m)
        Points of the driver; 0 where there is none.
    """

    driver: Ints
    points: Floats


def choose(
    attribution: Attribution,
    supported: NDArray[np.bool_],
    *,
    limit: int,
    unstable: frozenset[str] = frozenset(),
    unknown: NDArray[np.bool_] | None = None,
) -> Choice:
    """Choose the drivers to tell and their order.

    First those that explain why the prediction differs from the base, largest first; then those that speak against it;
    last those that no fact of the customer supports. Small ones are told only where nothing larger is. What is the same
    for everybody (`STEPS`, the time of year) says nothing of the customer and is never first; nor is a driver whose
    place would be another with other customers, where a stable one explains the difference as well.

    Parameters
    ----------
    attribution : Attribution
        Points per driver, n rows.
    supported : ndarray of bool, shape (n, d)
        Whether a fact of the customer supports the driver's direction.
    limit : int
        How many drivers at most.
    unstable : frozenset of str
        Drivers that are not told first (`Baseline.unstable`).
    unknown : ndarray of bool, shape (n, d), optional
        Drivers that nothing is known of: they are a warning, not a reason.
    """
    points = attribution.drivers
    n, d = points.shape
    size = np.abs(points)
    difference = points.sum(axis=1, keepdims=True)
    along = np.sign(points) == np.sign(difference)
    general = np.array([code in STEPS or code in GENERAL for code in attribution.codes], dtype=bool)
    worth = size >= SMALLEST_SHOWN[attribution.target]
    # how business goes says nothing of the customer; the season only where it weighs
    worth &= ~np.array([code in STEPS for code in attribution.codes], dtype=bool)
    worth &= ~general | (size >= LEAST_VAGUE)
    if unknown is not None:
        worth &= ~unknown
    factual = supported & ~general & worth
    rank = np.where(factual & along, 0, np.where(factual, 1, 2))
    leading = np.where(rank == 0, size, -1.0)
    steady = leading.copy()
    steady[:, np.array([code in unstable for code in attribution.codes], dtype=bool)] = -1.0
    leader = np.where(steady.max(axis=1) >= 0, steady.argmax(axis=1), leading.argmax(axis=1))
    leads = np.zeros((n, d), dtype=bool)
    leads[np.arange(n), leader] = leading.max(axis=1) >= 0
    # a small reason beside a large one is noise, but the first one always stands
    least = np.full(n, LEAST_TOLD) if attribution.target == "churn" else LEAST_SHARE * np.abs(attribution.total())
    large = size >= least[:, None]
    shown = worth & (leads | large | ~(large & (rank < 2)).any(axis=1, keepdims=True))
    # nothing is told where no fact explains the difference: what speaks against it explains nothing
    shown &= (rank == 0).any(axis=1, keepdims=True)
    # and one without a fact is enough, if it is worth a word at all
    vague = np.where(shown & (rank == 2) & (large & (size >= LEAST_VAGUE)), size, -1.0)
    shown &= (rank < 2) | ((np.arange(d) == vague.argmax(axis=1)[:, None]) & (vague >= 0))
    order = np.lexsort((np.tile(np.arange(d), (n, 1)), -size, rank, ~leads, ~shown), axis=1)[:, : min(limit, d)]
    rows = np.arange(n)[:, None]
    picked = shown[rows, order]
    return Choice(
        driver=np.where(picked, order, -1).astype(np.int64),
        points=np.where(picked, points[rows, order], 0.0),
    )


def rest_of(attribution: Attribution, choice: Choice) -> Floats:
    """Points of the drivers that are not told, shape (n,): base, reasons and rest are the prediction."""
    untold = np.ones(attribution.drivers.shape, dtype=bool)
    rows, slots = np.nonzero(choice.driver >= 0)
    untold[rows, choice.driver[rows, slots]] = False
    return np.asarray(np.where(untold, attribution.drivers, 0.0).sum(axis=1))


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
