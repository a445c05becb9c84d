"""Puts the level to work: the panel of what is known, the step, and how far a closed pseudo cut-off lets it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.settings import TrainingSettings
from features.specs import FeatureSet
from models.activity import fit_activity
from models.additive import AdditiveModel
from models.boosting.booster import side_by_side
from models.boosting.parallel import in_parallel
from models.calibration import inverse_link
from models.contract import LEVEL_PREFIX, orders_column
from models.encoding import Encoded
from models.evidence import MIN_OUTCOMES, has_ordered, labelled
from models.level.step import LevelStep, Panel, bayes_factor, level_shifts, recency_edges, recency_group, shift_to_mean
from models.probabilistic import fit_history
from models.roots import root_within
from models.validation import Split

Floats = NDArray[np.float64]
MAX_BACKTEST_ROWS = 20_000
FURTHER_RANGE = (0.3, 3.0)
"""How far further orders may move to keep a group's orders in line with its activity."""


def panel_of(
    encoded: Encoded, labels: pd.DataFrame, horizons: Sequence[int], log_start: datetime, known_until: datetime
) -> Panel | None:
    """Customers who had ordered, at every cut-off, with the outcomes known; None without dates."""
    if encoded.as_of is None or encoded.column("days_since_last_order") is None:
        return None
    rows = np.flatnonzero(has_ordered(encoded))
    day = (encoded.as_of[rows] - np.datetime64(log_start, "ns")) / np.timedelta64(1, "D")
    churned = {}
    learned = np.zeros(len(rows), dtype=bool)
    for horizon in horizons:
        watched = LEVEL_PREFIX + orders_column(horizon)
        name = watched if watched in labels else orders_column(horizon)
        orders = labels[name].to_numpy(dtype=np.float64)[rows]
        learned |= labelled(encoded, labels, horizon)[rows]
        churned[horizon] = np.where(np.isnan(orders), np.nan, (orders <= 0).astype(np.float64))
    today = (np.datetime64(known_until, "ns") - np.datetime64(log_start, "ns")) / np.timedelta64(1, "D")
    return Panel(encoded.rows(rows), np.asarray(day, dtype=np.float64), churned, learned, float(today))


def fit_levels(
    panel: Panel, models: Mapping[int, AdditiveModel], feature_set: FeatureSet, training: TrainingSettings
) -> dict[int, LevelStep]:
    """The level step of every horizon of `models` for which one can be forecast.

    The customers at the newest cut-off stand for those at the end of what is known.
    """
    newest = panel.encoded.rows(np.flatnonzero(panel.day == panel.day.max()))

    def fit_one(horizon: int) -> LevelStep | None:
        shorter = [h for h in models if 2 * h <= horizon]
        short = min(shorter) if shorter else None
        raw = models[horizon].raw(newest)
        group_shifts = level_shifts(panel, raw, newest, horizon, short, feature_set, training.seed)
        if group_shifts is None:
            return None
        shifts = group_shifts.weighted(_evidence_of_pseudo_cutoff(panel, horizon, short, feature_set, training))
        return LevelStep(recency_edges(horizon), tuple(float(shift) for shift in shifts))

    steps = in_parallel(fit_one, models, side_by_side(len(panel.day), training.threads))
    return {horizon: step for horizon, step in zip(models, steps, strict=True) if step is not None}


def _evidence_of_pseudo_cutoff(
    panel: Panel, horizon: int, short: int | None, feature_set: FeatureSet, training: TrainingSettings
) -> float:
    """Bayes factor for the level: the procedure played one horizon ago, with what was known then, against what came.

    1 where no such moment has closed.
    """
    closed = panel.day[panel.learned & ~np.isnan(panel.churned[horizon])]
    if len(closed) == 0:
        return 1.0
    pseudo = float(closed.max())
    known = panel.known_at(pseudo)
    learn = np.flatnonzero(known.learned & ~np.isnan(known.churned[horizon]))
    if len(learn) > MAX_BACKTEST_ROWS:
        learn = learn[np.unique(np.linspace(0, len(learn) - 1, MAX_BACKTEST_ROWS).astype(int))]
    outcome = known.churned[horizon][learn]
    # A customer who was contacted within the window has no outcome that tells of the model.
    now = (panel.day == pseudo) & ~np.isnan(panel.churned[horizon])
    came = panel.churned[horizon][now]
    fewest = min((part == value).sum() for part in (outcome, came) for value in (0, 1))
    if fewest < MIN_OUTCOMES:
        return 1.0
    everything = np.arange(len(learn))
    model = fit_activity(
        known.encoded.rows(learn),
        outcome,
        Split(everything, everything[:0], "none"),
        horizon=horizon,
        history=fit_history(known.encoded),
        feature_set=feature_set,
        training=training,
    )
    target = panel.encoded.rows(np.flatnonzero(now))
    raw = model.raw(target)
    group_shifts = level_shifts(known, raw, target, horizon, short, feature_set, training.seed)
    since = target.column("days_since_last_order")
    if group_shifts is None or since is None:
        return 1.0
    shifts = group_shifts.full()[recency_group(since, recency_edges(horizon))]
    came_mean = float(came.mean())
    return bayes_factor(shift_to_mean(raw, came_mean), shift_to_mean(raw + shifts, came_mean))


def orders_at_activity(before: float, after: float, orders: float) -> float:
    """Mean orders of a group whose share of active customers moves from `before` to `after`, as its rates all scale.

    With order counts of a negative binomial of mean o and shape r (Poisson buyers whose rates are gamma distributed;
    Ehrenberg 1959) the share of active customers is ``p = 1 - (1 + o / r)^-r``. The shape follows from p and o, and the
    mean at the new share q is ``r ((1 - q)^(-1/r) - 1)``. Unequal buyers have a small r: their orders move further than
    ``log(1 - q) / log(1 - p)``, which is the limit of equal buyers and the answer for buyers more regular than that.
    """
    wanted = -np.log1p(-before)
    if wanted >= orders * (1 - 1e-6):
        return float(orders * np.log1p(-after) / np.log1p(-before))

    def beyond(log_shape: float) -> float:
        shape = np.exp(log_shape)
        return float(shape * np.log1p(orders / shape) - wanted)

    shape = np.exp(root_within(beyond, float(np.log(1e-3)), float(np.log(1e6))))
    return float(shape * np.expm1(np.minimum(-np.log1p(-after) / shape, 50.0)))


def fit_orders_level(
    churn: AdditiveModel, orders: AdditiveModel, newest: Encoded
) -> tuple[LevelStep, LevelStep] | None:
    """Steps for further orders and for spend of active customers that agree with the level of activity.

    A group whose activity moves from p to q orders as the geometric mean of `orders_at_activity` and its limit of equal
    buyers says: the first is the law, but it magnifies an error of q. What the probability of a first order
    does not take up is given to the further orders, and spend per order stays.

    Parameters
    ----------
    churn : AdditiveModel
        At a horizon; without a level step there is nothing to do and the answer is None.
    orders : AdditiveModel
        Further orders of active customers at the same horizon.
    newest : Encoded
        Customers at the newest cut-off.
    """
    level = next((step for step in churn.steps if isinstance(step, LevelStep)), None)
    since = newest.column("days_since_last_order")
    if level is None or since is None:
        return None
    after = churn.raw(newest)
    groups = recency_group(since, level.edges)
    shifts = np.asarray(level.shifts)[groups]
    before = 1 - inverse_link(after - shifts, "binary")
    active = 1 - inverse_link(after, "binary")
    further = orders.mean(newest)
    steps = np.zeros((2, len(level.shifts)))
    for group in range(len(level.shifts)):
        here = groups == group
        given = float((active[here] * further[here]).sum())
        if not here.any() or given <= 1e-9:
            continue
        p, q = (float(np.clip(part[here].mean(), 1e-6, 0.9999)) for part in (before, active))
        usual = float((before[here] * (1 + further[here])).mean())
        equal = usual * np.log1p(-q) / np.log1p(-p)
        wanted = float(here.sum() * np.sqrt(equal * orders_at_activity(p, q, usual)))
        first = float(active[here].sum())
        ratio = float(np.clip((wanted - first) / given, *FURTHER_RANGE))
        steps[0, group] = np.log(ratio)
        steps[1, group] = np.log((first + ratio * given) / (first + given))
    further_step, spend_step = (LevelStep(level.edges, tuple(float(item) for item in row)) for row in steps)
    return further_step, spend_step
