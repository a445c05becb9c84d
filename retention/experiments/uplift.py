"""Who is moved by a contact: a doubly robust learner of individual effects, Qini and AUUC.

Only for enough randomised data; what it finds is judged out of fold against random order and against "highest risk
first". Outcomes are learned by LightGBM; effects, which are faint beside them, by boosted stumps: a sum of steps in
single features, which is all that a few thousand contacts can show, and small enough to be kept as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.errors import NotEnoughDataError

Floats = NDArray[np.float64]
SMALLEST_ARM = 1_000
"""Customers per arm from which individual effects are learned."""


def qini_curve(score: Floats, treated: NDArray[np.bool_], outcome: Floats) -> tuple[Floats, Floats]:
    """Incremental outcomes when the customers with the highest scores are treated first.

    ``Q(k) = Y_t(k) - Y_c(k) * N_t(k) / N_c(k)`` (Radcliffe 2007), per treated customer. Equal scores enter together.

    Returns
    -------
    share, gain : ndarray, shape (m,)
        Share of customers targeted, from 0 to 1, and incremental outcome per treated customer of the whole.
    """
    order = np.argsort(-score, kind="stable")
    ranked, is_treated, y = score[order], treated[order].astype(np.float64), outcome[order].astype(np.float64)
    n_t, n_c = np.cumsum(is_treated), np.cumsum(1 - is_treated)
    y_t, y_c = np.cumsum(y * is_treated), np.cumsum(y * (1 - is_treated))
    last_of_tie = np.r_[ranked[1:] != ranked[:-1], True]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(n_c > 0, y_t - y_c * n_t / n_c, 0.0)
    share = np.arange(1, len(y) + 1) / len(y)
    total = max(float(n_t[-1]), 1.0) if len(y) else 1.0
    return np.r_[0.0, share[last_of_tie]], np.r_[0.0, gain[last_of_tie] / total]


def qini_coefficient(score: Floats, treated: NDArray[np.bool_], outcome: Floats) -> float:
    """Area between the Qini curve and random order; 0 for random, negative for the wrong order."""
    share, gain = qini_curve(score, treated, outcome)
    return float(np.trapezoid(gain, share) - gain[-1] / 2)


def auuc(score: Floats, treated: NDArray[np.bool_], outcome: Floats) -> float:
    """Area under the Qini curve (incremental outcome per treated customer, averaged over all target shares)."""
    share, gain = qini_curve(score, treated, outcome)
    return float(np.trapezoid(gain, share))


@dataclass(frozen=True)
class UpliftSettings:
    """Size of the learner's trees: small on purpose, effects are faint.

    Outcome models have `rounds` trees of `leaves` leaves; the effect has `effect_rounds` stumps, none of which sets
    fewer than `effect_leaf_share` of the customers apart.
    """

    folds: int = 5
    rounds: int = 120
    leaves: int = 8
    min_leaf: int = 200
    effect_rounds: int = 40
    effect_leaf_share: float = 0.05
    learning_rate: float = 0.05
    seed: int = 20240601
    threads: int = 1


@dataclass(frozen=True)
class Stumps:
    """A sum of steps: per step the feature's place, where it steps, and what it adds below and above.

    A missing value goes below where `missing_below` says so, else above.
    """

    start: float
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]
    missing_below: tuple[bool, ...]

    def predict(self, values: Floats) -> Floats:
        """The sum for every row of a matrix, shape (n, k)."""
        found = np.full(len(values), self.start)
        for place, threshold, below, above, missing in zip(
            self.feature, self.threshold, self.below, self.above, self.missing_below, strict=True
        ):
            x = values[:, place]
            found += np.where(np.isnan(x), missing, x <= threshold) * (below - above) + above
        return found

    @classmethod
    def of(cls, booster: Any) -> Stumps:
        """The steps of a fitted LightGBM model whose trees have two leaves."""
        start, rows = 0.0, []
        for tree in booster.dump_model()["tree_info"]:
            node = tree["tree_structure"]
            if "split_feature" not in node:
                start += float(node["leaf_value"])
                continue
            # LightGBM reads a missing value as zero where training had none
            none_seen = node["missing_type"] == "None"
            missing = node["threshold"] >= 0.0 if none_seen else bool(node["default_left"])
            sides = (float(node[side]["leaf_value"]) for side in ("left_child", "right_child"))
            rows.append((int(node["split_feature"]), float(node["threshold"]), *sides, bool(missing)))
        columns = tuple(zip(*rows, strict=True)) if rows else ((),) * 5
        return cls(start, *columns)


class DRLearner:
    """Doubly robust learner of the conditional average treatment effect (Kennedy 2023, algorithm 1).

    `effect_` holds the steps of the effect, `average_` the average effect.

    Outcome models of both arms are fitted on other folds; the pseudo-outcome
    ``m1 - m0 + (t - e) / (e (1 - e)) * (y - m_t)`` is regressed on the features.

    Parameters
    ----------
    settings : UpliftSettings, optional
        Sizes and seed.
    """

    def __init__(self, settings: UpliftSettings | None = None) -> None:
        self.settings = settings

    def fit(
        self, features: pd.DataFrame, treated: NDArray[np.bool_], outcome: Floats, *, propensity: float | None = None
    ) -> DRLearner:
        """Learn from a randomised comparison.

        Parameters
        ----------
        features : DataFrame, shape (n, k)
            Known before the contact; numeric or category columns.
        treated : ndarray of bool, shape (n,)
            Arm.
        outcome : ndarray, shape (n,)
            What happened.
        propensity : float, optional
            Share treated by design; the share seen, if not given.

        Raises
        ------
        NotEnoughDataError
            Fewer than `SMALLEST_ARM` customers in an arm.
        """
        fewest = int(min(treated.sum(), (~treated).sum()))
        if fewest < SMALLEST_ARM:
            raise NotEnoughDataError("arms_too_small", count=fewest, needed=SMALLEST_ARM)
        settings = self.settings or UpliftSettings()
        share = float(treated.mean()) if propensity is None else propensity
        y = np.asarray(outcome, dtype=np.float64)
        fold = np.random.default_rng(settings.seed).permutation(len(y)) % settings.folds
        m0, m1 = np.zeros(len(y)), np.zeros(len(y))
        for place in range(settings.folds):
            here, rest = fold == place, fold != place
            for arm, target in ((treated, m1), (~treated, m0)):
                model = _train(features[rest & arm], y[rest & arm], settings, settings.rounds)
                target[here] = model.predict(_matrix(features[here]), num_threads=settings.threads)
        fitted = np.where(treated, m1, m0)
        weight = (treated - share) / (share * (1 - share))
        pseudo = m1 - m0 + weight * (y - fitted)
        self.effect_ = Stumps.of(_train_stumps(features, pseudo, settings))
        self.baseline_ = _train(features[~treated], y[~treated], settings, settings.rounds)
        self.average_ = float(pseudo.mean())
        return self

    def predict(self, features: pd.DataFrame) -> Floats:
        """Effect of the contact per customer; shape (n,)."""
        return self.effect_.predict(_matrix(features))

    def predict_baseline(self, features: pd.DataFrame) -> Floats:
        """Expected outcome of a customer left alone; shape (n,). Sorted upwards it is "highest risk first"."""
        return np.asarray(self.baseline_.predict(_matrix(features)), dtype=np.float64)


def _matrix(features: pd.DataFrame) -> Floats:
    columns = [
        column.cat.codes.to_numpy(dtype=np.float64)
        if isinstance(column.dtype, pd.CategoricalDtype)
        else column.to_numpy(dtype=np.float64, na_value=np.nan)
        for _, column in features.items()
    ]
    return np.column_stack(columns)


def _train(features: pd.DataFrame, target: Floats, settings: UpliftSettings, rounds: int) -> Any:
    own = {"num_leaves": settings.leaves, "min_data_in_leaf": settings.min_leaf, "lambda_l2": 10.0}
    return _boosted(features, target, settings, rounds, own | {"feature_fraction": 0.8, "bagging_fraction": 0.8})


def _train_stumps(features: pd.DataFrame, target: Floats, settings: UpliftSettings) -> Any:
    least = max(settings.min_leaf // 2, int(settings.effect_leaf_share * len(target)))
    own = {"num_leaves": 2, "min_data_in_leaf": least, "lambda_l2": 100.0}
    own |= {"feature_fraction": 0.5, "bagging_fraction": 0.6}
    return _boosted(features, target, settings, settings.effect_rounds, own)


def _boosted(
    features: pd.DataFrame, target: Floats, settings: UpliftSettings, rounds: int, own: dict[str, float]
) -> Any:
    from models.boosting.booster import lightgbm

    parameters = own | {
        "objective": "regression",
        "learning_rate": settings.learning_rate,
        "bagging_freq": 1,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
    data = lightgbm().Dataset(_matrix(features), label=target, params={"verbosity": -1})
    return lightgbm().train(parameters, data, num_boost_round=rounds)


@dataclass(frozen=True)
class UpliftReport:
    """Out-of-fold quality per fold: Qini of the learner, of highest risk first; AUUC of learner and of random order.

    `slope` is how much of the differences told between customers was really there: the coefficient of the told effect
    in the best linear predictor of the true one (Chernozhukov et al. 2018, theorem 1), out of fold.
    """

    qini: tuple[float, ...]
    qini_risk_first: tuple[float, ...]
    auuc: tuple[float, ...]
    auuc_random: tuple[float, ...]
    slope: float = 0.0

    @property
    def useful(self) -> bool:
        """Whether the learner beats random order and risk-first in every fold."""
        beaten = all(own > 0 and own > risk for own, risk in zip(self.qini, self.qini_risk_first, strict=True))
        return beaten and self.slope > 0


def evaluate_uplift(
    features: pd.DataFrame,
    treated: NDArray[np.bool_],
    outcome: Floats,
    *,
    folds: int = 5,
    settings: UpliftSettings | None = None,
) -> UpliftReport:
    """Qini and AUUC of the learner on customers it has not seen, fold by fold."""
    settings = settings or UpliftSettings()
    fold = np.random.default_rng(settings.seed + 1).permutation(len(outcome)) % folds
    qini, risk, area, random = [], [], [], []
    together = spread = 0.0
    for place in range(folds):
        here, rest = fold == place, fold != place
        model = DRLearner(settings).fit(features[rest], treated[rest], outcome[rest])
        scores, base = model.predict(features[here]), model.predict_baseline(features[here])
        own, y = treated[here], outcome[here]
        qini.append(qini_coefficient(scores, own, y))
        risk.append(qini_coefficient(-base, own, y))
        area.append(auuc(scores, own, y))
        _, gain = qini_curve(scores, own, y)
        random.append(float(gain[-1] / 2))
        share = float(treated[rest].mean())
        told = scores - scores.mean()
        # E[(t - e) / (e (1 - e)) (y - f(x)) | x] is the effect, whatever f is
        together += float((told * (own - share) / (share * (1 - share)) * (y - base)).sum())
        spread += float((told**2).sum())
    slope = together / spread if spread > 0 else 0.0
    return UpliftReport(tuple(qini), tuple(risk), tuple(area), tuple(random), slope)
