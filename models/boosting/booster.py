"""The one LightGBM wrapper: reproducible, regularised by the amount of data, constrained, additive.

Same data and settings give the same text, at any number of threads. Trees are small on purpose: the signal of
purchase histories is mostly additive, and contributions of every customer are computed in every scoring run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from configs.errors import BundleError
from configs.settings import BoosterSettings
from models.boosting.tree_shap import TreeContributions
from models.validation import Split

Objective = Literal["binary", "poisson", "gamma", "tweedie"]
Floats = NDArray[np.float64]

MAX_ROUNDS = 200
STOP_AFTER = 25
ROWS_FOR_THREADS = 1_000_000
"""Below, models are fitted side by side on one thread each (`models.boosting.parallel`): threads inside a round wait
for
each other hundreds of times, which a busy machine makes very slow."""
AS_SUGGESTED = BoosterSettings()
OPTIONAL = ("sklearn", "dask", "matplotlib", "graphviz", "joblib")
_lean = False


def prefer_lean_import() -> None:
    """Load LightGBM without its optional wrappers in this process: 70 MB and 1.5 s less, for services.

    Afterwards this process has no `LGBMClassifier` and no dask interface.
    """
    global _lean
    _lean = True


def lightgbm() -> Any:
    """The lightgbm module, imported when first needed."""
    if _lean and "lightgbm" not in sys.modules:
        hidden = [name for name in OPTIONAL if name not in sys.modules]
        sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: "not installed", while importing
        try:
            import lightgbm as module
        finally:
            for name in hidden:
                del sys.modules[name]
        return module
    import lightgbm as module

    return module


def side_by_side(rows: int, threads: int) -> int:
    """How many models to fit at a time: as many as threads where each uses one, one where each uses all."""
    return threads if rows < ROWS_FOR_THREADS else 1


@dataclass(frozen=True)
class BoostingSettings:
    """What is fitted and how far it may go.

    Attributes
    ----------
    objective : str
        `binary` answers in log-odds, the others in the log of the mean.
    monotone : tuple of int
        Per feature +1, -1 or 0.
    categorical : tuple of int
        Positions of categorical features.
    seed, threads, seeds : int
        `seeds` models are averaged in link space, so that their contributions stay additive.
    weights : tuple of float
        Per model, in place of the mean; need not add up to 1 where a step after the trees adds the rest.
    factors : BoosterSettings
        On the sizes that the amount of data suggests.
    """

    objective: Objective
    monotone: tuple[int, ...]
    categorical: tuple[int, ...]
    seed: int
    threads: int
    seeds: int = 1
    weights: tuple[float, ...] = ()
    factors: BoosterSettings = AS_SUGGESTED

    @property
    def shares(self) -> tuple[float, ...]:
        """Weight per model."""
        return self.weights or (1.0 / self.seeds,) * self.seeds


def size_parameters(rows: int, rare: int) -> dict[str, float]:
    """Tree size and regularisation from the amount of evidence.

    Parameters
    ----------
    rows : int
        Rows to learn from.
    rare : int
        Rows of the rarer outcome (or of positive amounts): what really carries information.
    """
    leaves, depth = (4, 3) if rare < 400 else (6, 3) if rare < 2_000 else (8, 4) if rare < 20_000 else (12, 5)
    return {
        "num_leaves": leaves,
        "max_depth": depth,
        "min_data_in_leaf": int(np.clip(rows // 150, 10, 200)),
        "lambda_l2": 20.0 if rare < 2_000 else 10.0,
        "learning_rate": 0.08,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "max_bin": 127 if rows < 500_000 else 63,
        "cat_l2": 20.0,
        "cat_smooth": 20.0,
        "max_cat_threshold": 16,
        "min_data_per_group": int(np.clip(rows // 100, 20, 200)),
    }


def gentle_parameters(rows: int) -> dict[str, float]:
    """Small trees and small steps, for a fixed number of rounds: what purchase histories alone can carry."""
    return {
        "num_leaves": 7,
        "min_data_in_leaf": int(np.clip(rows // 100, 20, 200)),
        "lambda_l2": 5.0,
        "learning_rate": 0.03,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "max_bin": 127 if rows < 500_000 else 63,
        "cat_l2": 20.0,
        "cat_smooth": 20.0,
        "max_cat_threshold": 16,
        "min_data_per_group": int(np.clip(rows // 100, 20, 200)),
    }


def scaled(sizes: dict[str, float], factors: BoosterSettings) -> dict[str, float]:
    """Tree size and regularisation after the factors of the settings; the defaults change nothing.

    Examples
    --------
    >>> scaled({"num_leaves": 6, "max_depth": 3, "lambda_l2": 20.0}, BoosterSettings(leaves=2.0, l2=0.5))
    {'num_leaves': 12, 'max_depth': 4, 'lambda_l2': 10.0}
    """
    if factors == AS_SUGGESTED:
        return sizes
    changed = dict(sizes)
    changed["num_leaves"] = max(2, round(sizes["num_leaves"] * factors.leaves))
    if "max_depth" in sizes:
        changed["max_depth"] = max(int(sizes["max_depth"]), math.ceil(math.log2(changed["num_leaves"])))
    if "min_data_in_leaf" in sizes:
        changed["min_data_in_leaf"] = max(2, round(sizes["min_data_in_leaf"] * factors.leaf_rows))
    changed["lambda_l2"] = sizes["lambda_l2"] * factors.l2
    if "learning_rate" in sizes:
        changed["learning_rate"] = sizes["learning_rate"] * factors.learning_rate
        changed["feature_fraction"] = factors.feature_fraction
    return changed


class Boosting:
    """Gradient-boosted trees on a float64 matrix, predictions and contributions on the link scale.

    Attributes
    ----------
    rounds_ : int
        Boosting rounds that early stopping found.
    validated_ : ndarray or None
        Raw predictions of the rows of `split.validation` by a model that has not seen them; only after `fit`.
    """

    _explainers: list[TreeContributions]

    def __init__(self, settings: BoostingSettings) -> None:
        self.settings = settings

    def fit(
        self,
        values: Floats,
        target: Floats,
        split: Split,
        *,
        weight: Floats | None = None,
        rounds: int | None = None,
        sizes: dict[str, float] | None = None,
        start: Floats | None = None,
    ) -> Self:
        """Find the number of rounds on `split`, then fit on all rows.

        Parameters
        ----------
        values : ndarray, shape (n, k)
        target : ndarray, shape (n,)
        split : Split
            Positions among the n rows; of kind `none`: a cautious fixed number of rounds.
        weight : ndarray, shape (n,), optional
        rounds : int, optional
            Fixed, in place of early stopping.
        sizes : dict, optional
            Tree size and regularisation, in place of `size_parameters`.
        start : ndarray, shape (n,), optional
            Link-scale predictions that the trees start from; `raw` and `validated_` are without them.
        """
        lgb = lightgbm()
        rare = min(int((target > 0).sum()), len(target))
        if self.settings.objective == "binary":
            rare = min(rare, len(target) - rare)
        sizes = scaled(sizes or size_parameters(len(target), rare), self.settings.factors)
        self.validated_: Floats | None = None
        self.rounds_ = 40
        if len(split.validation):
            learn = self._dataset(values, target, weight, split.learn, sizes, start=start)
            validating: dict[str, Any] = {}
            if rounds is None:
                held = split.validation
                validation = self._dataset(values, target, weight, held, sizes, reference=learn, start=start)
                stop = lgb.early_stopping(STOP_AFTER, first_metric_only=True, verbose=False)
                validating = {"valid_sets": [validation], "callbacks": [stop]}
            trial = lgb.train(
                self._parameters(sizes, 0, len(target)),
                learn,
                rounds or MAX_ROUNDS,
                keep_training_booster=True,
                **validating,
            )
            best = rounds or max(int(trial.best_iteration), 1)
            # without a number of threads LightGBM sets its process-wide one to all cores, and a fit that runs beside
            # this one on one thread then writes past its buffers
            threads = self._threads(len(target))
            seen = trial.predict(values[split.validation], raw_score=True, num_iteration=best, num_threads=threads)
            self.validated_ = np.asarray(seen)
            self.rounds_ = int(np.clip(round(best * 1.1), 5, MAX_ROUNDS))
        self.rounds_ = rounds or self.rounds_
        data = self._dataset(values, target, weight, None, sizes, start=start)
        texts = []
        for number in range(self.settings.seeds):
            booster = lgb.train(
                self._parameters(sizes, number, len(target)), data, self.rounds_, keep_training_booster=True
            )
            texts.append(canonical_text(booster.model_to_string()))
        self._load(texts, values.shape[1])
        return self

    def raw(self, values: Floats) -> Floats:
        """Predictions on the link scale, shape (n,)."""
        if len(values) == 0:
            return np.zeros(0)
        total = np.zeros(len(values))
        for booster, share in zip(self._boosters, self.settings.shares, strict=True):
            total += share * booster.predict(values, raw_score=True, num_threads=self._threads(len(values)))
        return total

    def contributions(self, values: Floats) -> tuple[float, Floats]:
        """Exact additive parts: base and values, shape (n, k); see `models.boosting.tree_shap`."""
        if not self._explainers:
            self._explainers = [TreeContributions(text, values.shape[1]) for text in self._texts]
        total = np.zeros(values.shape)
        base = 0.0
        for explainer, share in zip(self._explainers, self.settings.shares, strict=True):
            total += share * explainer.values(values)
            base += share * explainer.base
        return float(base), total

    def mixed_with(self, other: Boosting, weight: float, other_weight: float) -> Boosting:
        """The trees of both, this one's prediction times `weight` plus the other's times `other_weight`."""
        shares = [weight * share for share in self.settings.shares]
        shares += [other_weight * share for share in other.settings.shares]
        settings = replace(self.settings, seeds=len(shares), weights=tuple(shares))
        mixed = Boosting(settings)
        mixed.validated_ = None
        mixed._load([*self._texts, *other._texts], len(settings.monotone))
        return mixed

    def to_texts(self) -> list[bytes]:
        """LightGBM text of every seed."""
        return list(self._texts)

    @classmethod
    def from_texts(cls, texts: Sequence[bytes], settings: BoostingSettings) -> Boosting:
        """Rebuild; the texts are validated before LightGBM reads them."""
        from models.boosting.lightgbm_text import validate_text

        features = len(settings.monotone)
        if not texts:
            raise BundleError("bundle_model_without_trees")
        for text in texts:
            validate_text(text, features=features)
        boosting = cls(settings)
        boosting.validated_ = None
        boosting._load(list(texts), features)
        return boosting

    def _load(self, texts: list[bytes], features: int) -> None:
        lgb = lightgbm()
        self._texts = texts
        self._explainers = []  # tables are made when first asked for
        self._boosters = [lgb.Booster(model_str=text.decode("ascii")) for text in texts]
        self.rounds_ = max(booster.num_trees() for booster in self._boosters)
        if any(booster.num_feature() != features for booster in self._boosters):
            raise BundleError("bundle_trees_of_other_features")

    def _dataset(
        self,
        values: Floats,
        target: Floats,
        weight: Floats | None,
        rows: NDArray[np.intp] | None,
        sizes: dict[str, float],
        reference: Any = None,
        start: Floats | None = None,
    ) -> Any:
        chosen = slice(None) if rows is None else rows
        return lightgbm().Dataset(
            values[chosen],
            target[chosen],
            weight=None if weight is None else weight[chosen],
            init_score=None if start is None else start[chosen],
            categorical_feature=list(self.settings.categorical),
            reference=reference,
            free_raw_data=False,
            params={"max_bin": sizes["max_bin"], "min_data_in_leaf": sizes["min_data_in_leaf"], "verbosity": -1}
            | {"num_threads": self._threads(len(target)), "feature_pre_filter": False, "deterministic": True},
        )

    def _threads(self, rows: int) -> int:
        return self.settings.threads if rows >= ROWS_FOR_THREADS else 1

    def _parameters(self, sizes: dict[str, float], number: int, rows: int) -> dict[str, Any]:
        extra = {"tweedie_variance_power": 1.7} if self.settings.objective == "tweedie" else {}
        return {
            **sizes,
            **extra,
            "objective": self.settings.objective,
            "monotone_constraints": list(self.settings.monotone),
            "deterministic": True,
            "force_row_wise": True,
            "feature_pre_filter": False,
            "num_threads": self._threads(rows),
            "seed": self.settings.seed + 7919 * number,
            "verbosity": -1,
        }


def canonical_text(text: str) -> bytes:
    """The trees of a LightGBM text without importances and parameters, which differ by thread count."""
    end = text.index("end of trees")
    return (text[:end] + "end of trees\n").encode("ascii")
