"""Measures of quality: pure functions of what happened and what was predicted.

Conventions: `actual` first, `predicted` second, equal lengths; a perfect prediction gives the best value of the
measure (1 or 0) and a random one about its zero. A measure that has no answer (one class only, no spend at all) is
NaN, which reports show as "not applicable". docs/metrics.md explains each in words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

CLIP = 1e-6
"""Probabilities are kept this far from 0 and 1 in the log loss, so that one certain error is not infinite."""
CALIBRATION_BINS = 15
MAX_BOOTSTRAP_GROUPS = 10_000


def _pair(actual: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    y, p = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if y.shape != p.shape or y.ndim != 1:
        raise ValueError(f"actual has shape {y.shape} and predicted {p.shape}; give two columns of the same length")
    return y, p


def auc(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Chance that a random positive is ranked above a random negative, ties count half (Mann-Whitney).

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    y, p = _pair(actual, predicted)
    if y.sum() in (0, len(y)):
        return float("nan")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, p))


def auc_by_chance(positives: int, negatives: int) -> float:
    """Half the width of the 95 % interval of the AUC of a ranking by chance (Mann and Whitney 1947, eq. 9).

    Examples
    --------
    >>> round(auc_by_chance(50, 50), 3)
    0.114
    """
    if positives == 0 or negatives == 0:
        return float("nan")
    return 1.96 * math.sqrt((positives + negatives + 1) / (12.0 * positives * negatives))


def average_precision(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Mean precision over the positives in order of the prediction; tied predictions form one step.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    y, p = _pair(actual, predicted)
    if y.sum() == 0:
        return float("nan")
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(y, p))


def log_losses(actual: ArrayLike, predicted: ArrayLike) -> Floats:
    """Logarithmic loss of each row, shape (n,)."""
    y, p = _pair(actual, predicted)
    p = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)), dtype=np.float64)


def log_loss(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Mean logarithmic loss; 0 is perfect, ln 2 is a coin."""
    losses = log_losses(actual, predicted)
    return float(losses.mean()) if len(losses) else float("nan")


def brier(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Mean squared difference of outcome and probability."""
    y, p = _pair(actual, predicted)
    return float(np.mean((y - p) ** 2)) if len(y) else float("nan")


def equal_count_bins(predicted: ArrayLike, bins: int) -> NDArray[np.int64]:
    """Number of the bin of each row, 0 for the lowest predictions; sizes differ by one at most. Shape (n,).

    Tied predictions are divided by their place in the input.
    """
    p = np.asarray(predicted, dtype=np.float64)
    places = np.empty(len(p), dtype=np.int64)
    places[np.argsort(p, kind="stable")] = np.arange(len(p))
    return places * bins // max(1, len(p))


def calibration_table(actual: ArrayLike, predicted: ArrayLike, bins: int = CALIBRATION_BINS) -> pd.DataFrame:
    """Mean prediction, observed share and size per equal-count bin of the prediction."""
    y, p = _pair(actual, predicted)
    table = pd.DataFrame({"bin": equal_count_bins(p, bins), "predicted": p, "actual": y})
    means = table.groupby("bin", sort=True)[["predicted", "actual"]].mean()
    means["customers"] = table.groupby("bin", sort=True).size()
    return means.reset_index()


def calibration_error(actual: ArrayLike, predicted: ArrayLike, bins: int = CALIBRATION_BINS) -> float:
    """Expected calibration error: mean distance of prediction and observed share over equal-count bins."""
    y, p = _pair(actual, predicted)
    if len(y) == 0:
        return float("nan")
    table = calibration_table(y, p, bins)
    gaps = (table["predicted"] - table["actual"]).abs()
    return float(np.average(gaps, weights=table["customers"]))


def gain_table(actual: ArrayLike, predicted: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Who is found when customers are taken from the highest prediction down.

    Returns
    -------
    DataFrame
        Per decile (1 = highest predictions): customers, positives (sum of `actual`), rate, lift (rate ÷ overall rate),
        gain (cumulative share of positives) and share (cumulative share of customers).
    """
    y, p = _pair(actual, predicted)
    decile = equal_count_bins(-p, bins) + 1
    table = pd.DataFrame({"decile": decile, "actual": y}).groupby("decile", sort=True)["actual"].agg(["size", "sum"])
    table = table.rename(columns={"size": "customers", "sum": "positives"})
    total = float(y.sum())
    table["rate"] = table["positives"] / table["customers"]
    table["lift"] = table["rate"] / (total / len(y)) if total else np.nan
    table["gain"] = table["positives"].cumsum() / total if total else np.nan
    table["share"] = table["customers"].cumsum() / len(y)
    return table.reset_index()


def mean_absolute_error(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute difference."""
    y, p = _pair(actual, predicted)
    return float(np.mean(np.abs(y - p))) if len(y) else float("nan")


def bias(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Total predicted ÷ total actual − 1: +0.10 means 10 % too high in total."""
    y, p = _pair(actual, predicted)
    total = float(y.sum())
    return float(p.sum() / total - 1) if total > 0 else float("nan")


def _gini(values: Floats, by: Floats) -> float:
    """Gini coefficient of `values` when sorted by `by`; tied `by` share their mean, so order does not matter."""
    table = pd.DataFrame({"by": by, "value": values})
    shared = table.groupby("by", sort=False)["value"].transform("mean").to_numpy()[np.argsort(by, kind="stable")]
    n = len(values)
    positions = np.arange(1, n + 1)
    return float(2 * np.dot(positions, shared) / (n * shared.sum()) - (n + 1) / n)


def normalised_gini(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Gini of the actual values in predicted order ÷ Gini in their own order: 1 perfect, 0 random.

    Wang, Liu, Miao (2019), "A deep probabilistic model for customer lifetime value prediction", section 4.2. Net spend
    below zero is kept as it is.
    """
    y, p = _pair(actual, predicted)
    if len(y) < 2 or y.sum() <= 0:
        return float("nan")
    best = _gini(y, y)
    return _gini(y, p) / best if best > 0 else float("nan")


def spearman(actual: ArrayLike, predicted: ArrayLike) -> float:
    """Rank correlation, ties by mean rank."""
    y, p = _pair(actual, predicted)
    if len(y) < 2:
        return float("nan")
    a, b = rankdata(y), rankdata(p)
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def decile_table(actual: ArrayLike, predicted: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Mean prediction and mean actual value per decile of the prediction (1 = highest)."""
    y, p = _pair(actual, predicted)
    table = pd.DataFrame({"decile": equal_count_bins(-p, bins) + 1, "predicted": p, "actual": y})
    means = table.groupby("decile", sort=True)[["predicted", "actual"]].mean()
    means["customers"] = table.groupby("decile", sort=True).size()
    return means.reset_index()


def decile_error(actual: ArrayLike, predicted: ArrayLike, bins: int = 10) -> float:
    """Sum over deciles of |predicted − actual| ÷ sum of actual: 0 perfect; how wrong totals of groups are.

    The decile-level error of Wang, Liu, Miao (2019), weighted by size instead of relative to each decile, so that a
    decile that buys almost nothing does not decide it.
    """
    y, p = _pair(actual, predicted)
    if len(y) == 0 or y.sum() <= 0:
        return float("nan")
    table = decile_table(y, p, bins)
    gaps = (table["predicted"] - table["actual"]).abs() * table["customers"]
    return float(gaps.sum() / y.sum())


def interval_coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of actual values inside their interval, ends included; rows without an interval are left out."""
    y, lower = _pair(actual, low)
    _, upper = _pair(actual, high)
    known = ~(np.isnan(lower) | np.isnan(upper) | np.isnan(y))
    if not known.any():
        return float("nan")
    return float(np.mean((y[known] >= lower[known]) & (y[known] <= upper[known])))


@dataclass(frozen=True)
class Difference:
    """A mean paired difference and its bootstrap interval."""

    mean: float
    low: float
    high: float


def bootstrap_difference(differences: ArrayLike, *, seed: int, draws: int = 1000, level: float = 0.90) -> Difference:
    """Mean of paired differences with a bootstrap interval over customers (Efron's percentile method).

    Deterministic for a seed; see `bootstrap_ratio`.
    """
    values = np.asarray(differences, dtype=np.float64)
    return bootstrap_ratio(values, np.ones(len(values)), seed=seed, draws=draws, level=level)


def bootstrap_ratio(
    numerators: ArrayLike, denominators: ArrayLike, *, seed: int, draws: int = 1000, level: float = 0.90
) -> Difference:
    """Ratio of two paired sums with a bootstrap interval over customers.

    More than 10,000 rows are summed in 10,000 groups first: the interval hardly changes and the time stays short.
    """
    top, bottom = _pair(numerators, denominators)
    if len(top) == 0 or bottom.sum() == 0:
        return Difference(float("nan"), float("nan"), float("nan"))
    mean = float(top.sum() / bottom.sum())
    if len(top) > MAX_BOOTSTRAP_GROUPS:
        group = np.arange(len(top)) % MAX_BOOTSTRAP_GROUPS
        top, bottom = (np.bincount(group, weights=part).astype(np.float64) for part in (top, bottom))
    random = np.random.default_rng(seed)
    ratios = np.empty(draws)
    batch = max(1, 1_000_000 // len(top))
    for start in range(0, draws, batch):
        index = random.integers(0, len(top), size=(min(batch, draws - start), len(top)))
        below = bottom[index].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios[start : start + batch] = np.where(below != 0, top[index].sum(axis=1) / below, mean)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return Difference(mean, float(low), float(high))


def tweedie_deviances(actual: ArrayLike, predicted: ArrayLike, power: float = 1.5) -> Floats:
    """Unit deviance of each row, shape (n,): a fair score of an expectation of something that is mostly zero.

    Power 1 (Poisson) for orders, 1.5 (compound Poisson-gamma) for spend; Jørgensen (1987). The smallest expectation
    that counts is 1 % of the mean actual value, so that a prediction of exactly zero is not infinitely wrong; a
    negative net spend counts as zero.
    """
    y, mu = _pair(actual, predicted)
    y = np.maximum(y, 0.0)
    if len(y) == 0 or y.sum() == 0:
        return np.zeros(len(y))
    mu = np.maximum(mu, 0.01 * y.mean())
    if power == 1:
        ratio = np.where(y > 0, y, 1.0) / np.where(y > 0, mu, 1.0)
        return np.asarray(2 * (y * np.log(ratio) - y + mu), dtype=np.float64)
    first = y ** (2 - power) / ((1 - power) * (2 - power))
    return np.asarray(2 * (first - y * mu ** (1 - power) / (1 - power) + mu ** (2 - power) / (2 - power)))
