"""Activity within one horizon: two small boosters and Pareto/NBD, averaged in log-odds.

``log-odds = a · plain + b · (started + history) + c · history``, a + b + c = 1: `plain` learns from the features
alone, `started` learns what Pareto/NBD leaves over (its trees start from those log-odds). A mean of log-odds keeps the
parts of an explanation exactly additive. The three weights are stacked (Wolpert 1992) on the rows kept for judging,
pulled to equal boosters, and to the four parameters of Pareto/NBD where few customers carry the evidence.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from configs.settings import TrainingSettings
from features.specs import FeatureSet
from models.additive import AdditiveModel
from models.boosting.booster import Boosting, BoostingSettings, gentle_parameters
from models.btyd import ParetoNBD
from models.calibration import fit_affine, inverse_link, keep_total
from models.encoding import Encoded
from models.probabilistic import HistoryStep, silence_log_odds, typical_history
from models.validation import Split

Floats = NDArray[np.float64]
STARTED_ROUNDS = 100


def fit_activity(
    encoded: Encoded,
    churned: Floats,
    split: Split,
    *,
    horizon: int,
    history: ParetoNBD | None,
    feature_set: FeatureSet,
    training: TrainingSettings,
) -> AdditiveModel:
    """Fit the boosters, stack them with Pareto/NBD and calibrate the slope on the rows kept for judging.

    Parameters
    ----------
    encoded : Encoded, n rows
    churned : ndarray, shape (n,)
        1 where no order came within the horizon.
    split : Split
        Positions among the n rows.
    history : ParetoNBD or None
        None where the features do not tell the buying history: then the plain booster stands alone.
    """
    names = tuple(feature_set.names)
    total = float(churned.sum())
    if not 0 < total < len(churned):
        mean = (total + 0.5) / (len(churned) + 1)
        return AdditiveModel(names, "logit", None, (), float(np.log(mean / (1 - mean))))
    categorical = tuple(i for i, spec in enumerate(feature_set) if spec.kind == "categorical")
    signs = tuple(spec.monotone_churn if spec.kind == "numeric" else 0 for spec in feature_set)
    settings = BoostingSettings(
        "binary",
        signs,
        categorical,
        training.seed,
        training.threads,
        training.seeds_averaged,
        factors=training.boosters,
    )
    sizes = gentle_parameters(len(churned))
    plain = Boosting(settings).fit(encoded.values, churned, split)
    if history is None:
        return _calibrated(names, plain, (), encoded, churned, split, plain.validated_)
    start = silence_log_odds(history, encoded, horizon)
    started = Boosting(replace(settings, seed=settings.seed + 1)).fit(
        encoded.values, churned, split, rounds=STARTED_ROUNDS, sizes=sizes, start=start
    )
    weights = prior_weights(encoded, churned, training.stacking.few_customers)
    validated = None
    if plain.validated_ is not None and started.validated_ is not None:
        offset = start[split.validation]
        parts = np.column_stack([plain.validated_, started.validated_ + offset, offset])
        windows = 1 if encoded.as_of is None else len(np.unique(encoded.as_of[split.validation]))
        weights = stack(
            parts,
            churned[split.validation],
            weights,
            evidence=len(split.validation) / windows,
            prior_sd=training.stacking.prior_sd,
        )
        validated = parts @ weights
    boosting = plain.mixed_with(started, float(weights[0]), float(weights[1]))
    typical = typical_history(encoded) or (2.0, float(horizon), 2.0 * horizon)
    step = HistoryStep(history, horizon, float(min(weights[1] + weights[2], 1.0)), typical)
    return _calibrated(names, boosting, (step,), encoded, churned, split, validated)


def _calibrated(
    names: tuple[str, ...],
    boosting: Boosting,
    steps: tuple[HistoryStep, ...],
    encoded: Encoded,
    churned: Floats,
    split: Split,
    validated: Floats | None,
) -> AdditiveModel:
    model = AdditiveModel(names, "logit", boosting, steps)
    slope = 1.0 if validated is None else fit_affine(validated, churned[split.validation], "binary").slope
    step = keep_total(slope, model.raw(encoded), float(churned.sum()), "binary")
    seen = None if validated is None else (split.validation, step.apply(validated, encoded))
    return AdditiveModel(names, "logit", boosting, (*steps, step), validated=seen)


def prior_weights(encoded: Encoded, churned: Floats, few_customers: float = 200.0) -> Floats:
    """Weights of plain, started and history before the log has been asked, shape (3,).

    At `few_customers` of the rarer outcome trees and Pareto/NBD are trusted alike.
    """
    rare = churned > 0 if churned.mean() < 0.5 else churned <= 0
    customers = len(set(encoded.customer_id[rare])) if encoded.customer_id is not None else int(rare.sum())
    alone = few_customers / (few_customers + customers)
    return np.array([(1 - alone) / 2, (1 - alone) / 2, alone])


def stack(parts: Floats, churned: Floats, prior: Floats, *, evidence: float, prior_sd: float = 0.15) -> Floats:
    """Weights on the simplex with the least log loss after each part has been brought to the level of the outcomes.

    Parameters
    ----------
    parts : ndarray, shape (n, 3)
        Log-odds of rows that the boosters have not seen.
    churned : ndarray, shape (n,)
    prior : ndarray, shape (3,)
    prior_sd : float
        Standard deviation of the prior of each weight.
    evidence : float
        How many independent rows the mean log loss stands for: overlapping windows repeat the same customers.
    """
    if not 0 < churned.mean() < 1:
        return prior
    level = [keep_total(1.0, part, float(churned.sum()), "binary").intercept for part in parts.T]
    raised = parts + np.array(level)
    best, least = prior, np.inf
    for weights in _simplex(prior):
        p = np.clip(inverse_link(raised @ weights, "binary"), 1e-9, 1 - 1e-9)
        loss = -float((churned * np.log(p) + (1 - churned) * np.log1p(-p)).mean())
        value = evidence * loss + float(((weights - prior) ** 2).sum()) / (2 * prior_sd**2)
        if value < least - 1e-9:
            best, least = weights, value
    return best


def _simplex(prior: Floats) -> list[Floats]:
    tenths = range(11)
    grid = [np.array([a, b, 10 - a - b]) / 10 for a in tenths for b in tenths if a + b <= 10]
    return [prior, *grid]
