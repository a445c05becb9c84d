"""The Gaussian process of levels: a yearly season, growth and a constant per series, over windows of days.

Regression as in Rasmussen & Williams (2006), "Gaussian Processes for Machine Learning", eq. (2.25); the season's kernel
is their periodic kernel, eq. (4.31).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SEASONS, GROWTHS, NOISES = (0.0, 0.1, 0.25, 0.5, 0.8), (0.03, 0.1, 0.2, 0.4), (0.03, 0.1)
SEASON_WIDTH_DAYS, SEASON_LIFE_DAYS, GROWTH_LIFE_DAYS, YEAR = 30.0, 6000.0, 365.0, 365.25
SEASON_BETWEEN_GROUPS, SEASON_BETWEEN_SERIES, GROWTH_BETWEEN_GROUPS, CONSTANT_SD = 0.85, 0.7, 0.7, 1.0
POINTS = 3
MAX_WINDOWS = 400


@dataclass(frozen=True)
class Observations:
    """The shift of one window and group: days since the log began, length, series, group, value and variance."""

    start: float
    length: float
    series: int
    group: int
    value: float
    variance: float


@dataclass(frozen=True)
class LevelForecast:
    """The shift of a window ahead per group, shape (groups,) each.

    Attributes
    ----------
    mean, variance : ndarray
        What the windows seen say of it.
    prior : ndarray
        Variance of season and growth as large as those windows show them, before any is seen.
    """

    mean: Floats
    variance: Floats
    prior: Floats


def forecast_level(seen: Sequence[Observations], start: float, length: float, groups: int) -> LevelForecast:
    """Forecast the shift of a window of series 0 from the newest `MAX_WINDOWS` windows seen.

    Shift per window and group ~ season + growth + a constant per series and group + noise. Each window is the mean of
    the process over it (three points). The amplitudes are averaged over a grid by marginal likelihood (Rasmussen &
    Williams 2006, eq. 2.30).
    """
    from scipy.linalg import cho_factor, cho_solve

    seen = sorted(seen, key=lambda item: (item.start + item.length, item.series, item.group))[-MAX_WINDOWS:]
    at = _places(seen)
    ahead = _places([Observations(start, length, 0, group, 0.0, 0.0) for group in range(groups)])
    values = np.array([item.value for item in seen])
    noise = np.array([item.variance for item in seen])
    kernels, links = _kernels(at, at), _kernels(ahead, at)
    alone = [kernel.diagonal() for kernel in _kernels(ahead, ahead)]
    evidence, forecasts = [], []
    for a, b, c in product(SEASONS, GROWTHS, NOISES):
        sizes = (a * a, b * b, CONSTANT_SD**2)
        covariance = _mixed(sizes, kernels)
        covariance[np.diag_indices_from(covariance)] += noise + c * c + 1e-9
        link = _mixed(sizes, links)
        factor = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
        solved = cho_solve(factor, np.column_stack([values, link.T]), check_finite=False)
        evidence.append(-0.5 * float(values @ solved[:, 0]) - float(np.log(np.diag(factor[0])).sum()))
        variance = _mixed(sizes, alone) + c * c - (link * solved[:, 1:].T).sum(axis=1)
        forecasts.append((link @ solved[:, 0], variance, _mixed(sizes[:2], alone[:2])))
    weights = np.exp(np.array(evidence) - max(evidence))
    means, variances, priors = (np.array(part) for part in zip(*forecasts, strict=True))
    mean, second, prior = (np.average(part, axis=0, weights=weights) for part in (means, variances + means**2, priors))
    return LevelForecast(mean, np.maximum(second - mean**2, 1e-9), prior)


def _mixed(sizes: Sequence[float], parts: Sequence[Floats]) -> Floats:
    """Sum of the parts times their sizes."""
    return np.asarray(sum(size * part for size, part in zip(sizes, parts, strict=True)))


def _places(seen: Sequence[Observations]) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    inside = (np.arange(POINTS) + 0.5) / POINTS
    days = np.array([item.start + item.length * inside for item in seen])
    return days, np.array([item.series for item in seen]), np.array([item.group for item in seen])


def _kernels(
    first: tuple[Floats, NDArray[np.int64], NDArray[np.int64]],
    second: tuple[Floats, NDArray[np.int64], NDArray[np.int64]],
) -> tuple[Floats, Floats, Floats]:
    """Season, growth and constant at unit amplitude, shape (n, m) each."""
    apart = np.abs(first[0][:, None, :, None] - second[0][None, :, None, :])
    series = first[1][:, None] == second[1][None, :]
    group = first[2][:, None] == second[2][None, :]
    width = 2 * np.pi * SEASON_WIDTH_DAYS / YEAR
    yearly = np.exp(-2 * np.sin(np.pi * apart / YEAR) ** 2 / width**2 - apart / SEASON_LIFE_DAYS).mean(axis=(2, 3))
    season = yearly * np.where(group, 1.0, SEASON_BETWEEN_GROUPS) * np.where(series, 1.0, SEASON_BETWEEN_SERIES)
    growth = np.exp(-apart / GROWTH_LIFE_DAYS).mean(axis=(2, 3)) * np.where(group, 1.0, GROWTH_BETWEEN_GROUPS)
    return season, growth, (series & group).astype(np.float64)
