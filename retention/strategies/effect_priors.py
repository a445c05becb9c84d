"""What is believed of a strategy's effect: the catalogue's prior until it has been measured, then both by precision.

A belief holds for everyone and, where enough was measured, for segments of customers: by type, and by whether they had
ordered in the horizon before the contact (`active`) or not (`silent`). Segments are drawn towards everyone's belief
by how much they differ beyond chance.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from configs.errors import BundleError
from retention.strategies.catalogue_entries import EVIDENCE, Evidence, Strategy

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

FILE = "retention/effects.json"
"""Where a bundle keeps what was measured until training."""
UPLIFT_SD = 0.03
"""How sure the catalogue's belief in a spend uplift is (standard deviation)."""
LARGEST_POINTS = 0.45
"""A belief moves a customer at even odds by at most this much."""


@dataclass(frozen=True)
class MeasuredEffect:
    """What replaces a prior after measuring.

    Attributes
    ----------
    orders_points : float
        Change of the probability of an order in the horizon for a customer at even odds.
    spend_uplift : float
        Relative change of what an active customer spends.
    evidence : str
        `observed` or `randomised`.
    segments : mapping of str to MeasuredEffect
        Beliefs for the segments of `effect_segments` that were measured.
    """

    orders_points: float
    spend_uplift: float
    evidence: Evidence
    segments: Mapping[str, MeasuredEffect] = field(default_factory=dict)


def effect_segments(customer_type: Texts | None, active: NDArray[np.bool_]) -> Texts:
    """Segment of every customer: `enterprise_active`, `silent`, …; shape (n,).

    Parameters
    ----------
    customer_type : ndarray of object, shape (n,), or None
        enterprise, individual, or anything else for unknown.
    active : ndarray of bool, shape (n,)
        Whether there was an order in the horizon before.
    """
    pace = np.where(active, "active", "silent").astype(object)
    if customer_type is None:
        return pace
    known = [kind if kind in ("enterprise", "individual") else None for kind in customer_type.tolist()]
    return np.array([p if k is None else f"{k}_{p}" for k, p in zip(known, pace, strict=True)], dtype=object)


def shrink(prior: float, prior_sd: float, measured: float, se: float) -> tuple[float, float]:
    """Belief after a measurement: the precision-weighted mean and its standard deviation (normal–normal update).

    Examples
    --------
    >>> tuple(round(value, 4) for value in shrink(0.05, 0.02, 0.01, 0.02))
    (0.03, 0.0141)
    """
    if se <= 0 or not math.isfinite(se):
        return prior, prior_sd
    weight = prior_sd**2 / (prior_sd**2 + se**2)
    return prior + weight * (measured - prior), math.sqrt(weight) * se


def even_odds_points(effect: float, base: float) -> float:
    """The change of P at even odds that has the same shift of log-odds as `effect` has at `base`.

    Examples
    --------
    >>> round(even_odds_points(0.03, 0.1), 4)
    0.0735
    """
    low, high = 1e-6, 1 - 1e-6
    before, after = min(max(base, low), high), min(max(base + effect, low), high)
    shift = math.log(after / (1 - after)) - math.log(before / (1 - before))
    return 1 / (1 + math.exp(-shift)) - 0.5


def spread_between(values: Sequence[float], errors: Sequence[float]) -> float:
    """Standard deviation of the true values behind measured ones (DerSimonian and Laird 1986, eq. 8).

    0 where chance explains all differences.

    Examples
    --------
    >>> spread_between([0.1, 0.11], [0.05, 0.05])
    0.0
    >>> round(spread_between([0.0, 0.2], [0.01, 0.01]), 3)
    0.141
    """
    if len(values) < 2:
        return 0.0
    x, weight = np.asarray(values), 1.0 / np.asarray(errors) ** 2
    mean = float((weight * x).sum() / weight.sum())
    q = float((weight * (x - mean) ** 2).sum())
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    return math.sqrt(max(0.0, (q - (len(values) - 1)) / scale))


def believed(
    strategy: Strategy, measured: Mapping[str, MeasuredEffect] | None, segments: Texts
) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Points at even odds, spend uplift and evidence (place in `EVIDENCE`) of one strategy; shape (n,) each.

    Parameters
    ----------
    strategy : Strategy
        With the catalogue's prior.
    measured : mapping, optional
        Beliefs by strategy code.
    segments : ndarray of object, shape (n,)
        From `effect_segments`.
    """
    found = measured.get(strategy.code) if measured else None
    everyone = strategy.effect if found is None else found
    points = np.full(len(segments), everyone.orders_points)
    evidence = np.full(len(segments), EVIDENCE.index(everyone.evidence), dtype=np.int8)
    for name, belief in (found.segments if found is not None else {}).items():
        rows = segments == name
        points[rows], evidence[rows] = belief.orders_points, EVIDENCE.index(belief.evidence)
    return (
        np.clip(points, -LARGEST_POINTS, LARGEST_POINTS),
        np.full(len(segments), everyone.spend_uplift),
        evidence,
    )


def measured_effects_to_json(measured_effects: Mapping[str, MeasuredEffect]) -> str:
    """Beliefs as a JSON text, to be kept with a model."""
    content = {code: asdict(belief) for code, belief in sorted(measured_effects.items())}
    return json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n"


def measured_effects_from_json(text: str) -> dict[str, MeasuredEffect]:
    """Read what `beliefs_to_json` wrote.

    Raises
    ------
    BundleError
        The text is something else.
    """

    def one(content: Mapping[str, Any]) -> MeasuredEffect:
        if content["evidence"] not in EVIDENCE:
            raise ValueError(content["evidence"])
        segments = {str(name): one(part) for name, part in content["segments"].items()}
        points, uplift = float(content["orders_points"]), float(content["spend_uplift"])
        if not (math.isfinite(points) and math.isfinite(uplift)):
            raise ValueError("not a number")
        return MeasuredEffect(points, uplift, content["evidence"], segments)

    try:
        return {str(code): one(content) for code, content in json.loads(text).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError("measured_effects_unreadable", reason=type(error).__name__) from None
