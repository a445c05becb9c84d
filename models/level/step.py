"""Level: how active customers will be as a whole after the newest cut-off, per recency group.

What a model learns at an early cut-off carries that cut-off's season, growth and depth of log. Depth is taken out by
construction: *limited* boosters look back D days only and are trained at cut-offs with at least D days of log before
them, so their rows are alike at any depth. What is left of the outcome per window and recency group (its shift in
log-odds) is season and growth, and is forecast by a small Gaussian process (`models.level.process`) on the closed
windows of the horizon and of a shorter one that reaches further up; a season that nobody has seen a year ago shrinks to
none. The full model's mean per group is then moved towards the limited model's forecast, as far as that forecast can be
trusted: the process tells how much of season and growth it has seen, and the rows tell whether they speak of customers
like those of today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.specs import FeatureSet
from models.boosting.booster import Boosting, BoostingSettings
from models.calibration import STEP_KINDS, inverse_link
from models.encoding import Encoded
from models.level.process import Observations, forecast_level
from models.roots import root_within
from models.validation import Split

Floats = NDArray[np.float64]
MAX_ROWS = 50_000
MIN_GROUP = 15
MIN_OUTCOMES = 20
ROUNDS = 60
DEPTH_FREE = ("frequency", "monetary", "trend")
"""Families whose windows count what is inside them only; what is new, for one, depends on all that came before."""
SIZES = {"learning_rate": 0.08, "num_leaves": 7, "feature_fraction": 0.6, "lambda_l2": 5.0, "max_bin": 127}


@dataclass(frozen=True)
class LevelStep:
    """Adds one shift per recency group.

    Attributes
    ----------
    edges : tuple of float
        Days since the last order at which a group ends, ascending.
    shifts : tuple of float
        On the link scale, one more than edges.
    """

    edges: tuple[float, ...]
    shifts: tuple[float, ...]
    driver: str = "level"

    def apply(self, raw: Floats, encoded: Encoded) -> Floats:
        """See `models.calibration.LinkStep`."""
        since = encoded.column("days_since_last_order")
        if since is None:
            return raw
        groups = recency_group(since, self.edges)
        return raw + np.where(np.isnan(since), 0.0, np.asarray(self.shifts)[groups])

    def state(self) -> dict[str, Any]:
        """See `models.calibration.LinkStep`."""
        return {"kind": "level", "edges": list(self.edges), "shifts": list(self.shifts), "driver": self.driver}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LevelStep:
        """Read what `state` gave."""
        edges, shifts = (tuple(float(item) for item in state[name]) for name in ("edges", "shifts"))
        if len(shifts) != len(edges) + 1 or not np.isfinite([*edges, *shifts]).all() or list(edges) != sorted(edges):
            raise ValueError("not the state of a level step")
        return cls(edges, shifts, str(state["driver"]))


STEP_KINDS["level"] = LevelStep.from_state


@dataclass(frozen=True)
class Panel:
    """Rows at several cut-offs with what is known of them as of a day.

    Attributes
    ----------
    encoded : Encoded, n rows
    day : ndarray, shape (n,)
        Cut-off of the row, in days since the log began.
    churned : dict of int to ndarray, shape (n,)
        Per horizon 1 where no order came, 0 where one did; NaN where the window has not closed by `today`.
    learned : ndarray of bool, shape (n,)
        Rows that the models of single customers learn from; the others only show the level.
    today : float
        End of what is known, in days since the log began.
    """

    encoded: Encoded
    day: Floats
    churned: Mapping[int, Floats]
    learned: NDArray[np.bool_]
    today: float

    def known_at(self, today: float) -> Panel:
        """The same panel as it was known on an earlier day."""
        rows = np.flatnonzero(self.day <= today)
        churned = {h: np.where(self.day + h <= today + 1e-6, y, np.nan)[rows] for h, y in self.churned.items()}
        return Panel(self.encoded.rows(rows), self.day[rows], churned, self.learned[rows], today)


def recency_group(since: Floats, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """Group of each row by days since the last order, shape (n,)."""
    return np.digitize(np.nan_to_num(since), edges)


def recency_edges(horizon: int) -> tuple[float, ...]:
    """A third, one, two and four horizons: from customers in full swing to those who are most likely gone."""
    return (horizon / 3, float(horizon), 2.0 * horizon, 4.0 * horizon)


def base_depth(days: float, horizon: int, short: int) -> float:
    """Days to look back: as deep as leaves the same window a year ago usable, else half of what there is."""
    if days >= 365 + short + 60:
        return float(np.clip(days - 365 - short, 45, 180))
    return float(np.clip((days - horizon) / 2, 20, 180))


@dataclass(frozen=True)
class GroupShifts:
    """What a model needs to reach the level forecast, per recency group, shape (groups,) each.

    Attributes
    ----------
    shifts : ndarray
        In log-odds.
    odds : ndarray
        Odds that the shifted model is nearer to what will come than the model as it is; 0 where nothing is forecast.
    """

    shifts: Floats
    odds: Floats

    def full(self) -> Floats:
        """The whole way to the forecast."""
        return self._everywhere(self.shifts.copy())

    def weighted(self, factor: float = 1.0) -> Floats:
        """As far as the odds, times a Bayes factor, let it go."""
        odds = self.odds * factor
        return self._everywhere(self.shifts * odds / (1 + odds))

    def _everywhere(self, shifts: Floats) -> Floats:
        """A group without a forecast takes half of the nearest more active one's shift, or all of the first known's."""
        known = np.flatnonzero(self.odds > 0)
        for group in np.flatnonzero(self.odds <= 0) if len(known) else ():
            nearer = known[known < group]
            shifts[group] = 0.5 * shifts[nearer.max()] if len(nearer) else shifts[known[0]]
        return shifts


def level_shifts(
    panel: Panel, raw: Floats, target: Encoded, horizon: int, short: int | None, feature_set: FeatureSet, seed: int
) -> GroupShifts | None:
    """Shift per recency group that moves a model to the level forecast for the window after `panel.today`.

    A model of single customers is at the level of its own windows, so its error is the difference of two windows: twice
    the variance of season and growth. The forecast errs by the variance of the process. The odds are the ratio of the
    two, times the share of today's customers that the limited rows speak for.

    Parameters
    ----------
    panel : Panel
        What is known.
    raw : ndarray, shape (m,)
        Log-odds of the model for the rows of `target`.
    target : Encoded, m rows
        Customers as they are at, or as near as possible before, `panel.today`.
    horizon : int
    short : int or None
        A shorter horizon of the panel; None where there is none.
    feature_set : FeatureSet
    seed : int

    Returns
    -------
    GroupShifts or None
        None where nothing can be forecast.
    """
    edges = recency_edges(horizon)
    groups = len(edges) + 1
    since, since_target = panel.encoded.column("days_since_last_order"), target.column("days_since_last_order")
    if since is None or since_target is None or len(target) == 0:
        return None
    depth = base_depth(panel.today, horizon, short or horizon)
    lows, highs = np.array([0.0, *edges]), np.array([*edges, np.inf])
    spans: dict[float, list[int]] = {}
    for group in range(groups):
        spans.setdefault(max(highs[group], depth) if group < groups - 1 else 6.0 * horizon, []).append(group)
    seen: list[Observations] = []
    forecast: dict[int, tuple[NDArray[np.intp], Floats]] = {}
    group_of, target_group = recency_group(since, edges), recency_group(since_target, edges)
    for lookback, members in spans.items():
        if lookback > panel.today - horizon - 15:
            continue
        for series, length in enumerate([horizon] if short is None else [horizon, short]):
            outcome = panel.churned[length]
            high = min(highs[members[-1]], lookback)
            rows = np.flatnonzero(
                (panel.day >= lookback) & ~np.isnan(outcome) & (since >= lows[members[0]]) & (since < high)
            )
            limited = _fit_limited(panel.encoded, outcome, rows, lookback, feature_set, seed)
            if limited is None:
                continue
            limited_raw = limited.raw(limited_values(panel.encoded.rows(rows), feature_set, lookback))
            seen += _residuals(limited_raw, outcome[rows], panel.day[rows], group_of[rows], members, length, series)
            if series == 0:
                answer = limited.raw(limited_values(target, feature_set, lookback))
                for group in members:
                    here = np.flatnonzero((target_group == group) & (since_target < lookback))
                    if len(here) >= MIN_GROUP:
                        forecast[group] = here, answer[here]
    if len({item.start for item in seen}) < 2 or not forecast:
        return None
    level = forecast_level(seen, panel.today, horizon, groups)
    shifts, odds = np.zeros((2, groups))
    alike = tenure_overlap(panel, target, horizon, depth)
    for group, (here, answer) in forecast.items():
        wanted = inverse_link(answer + level.mean[group], "binary").mean()
        shifts[group] = shift_to_mean(raw[here], float(np.clip(wanted, 1e-4, 1 - 1e-4)))
        odds[group] = 2 * alike * level.prior[group] / level.variance[group]
    return GroupShifts(shifts, odds)


def tenure_overlap(panel: Panel, target: Encoded, horizon: int, depth: float) -> float:
    """Share of today's active customers whose tenure, cut at the depth, is met as often in the rows learned from.

    Near 1 where customers come and go; small in a cohort, which had many newcomers then and has none now.
    """
    edges = np.array([0.0, depth / 3, 2 * depth / 3, depth, np.inf])
    shares = []
    learned = (panel.day >= depth) & ~np.isnan(panel.churned[horizon])
    for encoded, kept in ((panel.encoded, learned), (target, np.ones(len(target), dtype=bool))):
        since, tenure = encoded.column("days_since_last_order"), encoded.column("days_since_first_order")
        if since is None or tenure is None:
            return 1.0
        counts = np.histogram(tenure[kept & (since < depth)], edges)[0]
        shares.append(counts / max(int(counts.sum()), 1))
    return float(np.minimum(*shares).sum())


def limited_values(encoded: Encoded, feature_set: FeatureSet, lookback: float) -> Floats:
    """Features that look back no further than `lookback` days, shape (n, k); recency and tenure are cut there."""
    kept = [
        position
        for position, spec in enumerate(feature_set)
        if spec.window_days is not None
        and spec.window_days <= lookback
        and spec.kind == "numeric"
        and spec.driver in DEPTH_FREE
    ]
    columns = [encoded.values[:, kept]]
    for name in ("days_since_last_order", "days_since_first_order"):
        column = encoded.column(name)
        if column is not None:
            columns.append(np.minimum(column, lookback)[:, None])
    return np.ascontiguousarray(np.hstack(columns))


def _fit_limited(
    encoded: Encoded, outcome: Floats, rows: NDArray[np.intp], lookback: float, feature_set: FeatureSet, seed: int
) -> Boosting | None:
    active = float((outcome[rows] == 0).sum())
    if len(rows) < 100 or min(active, len(rows) - active) < MIN_OUTCOMES:
        return None
    if len(rows) > MAX_ROWS:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, MAX_ROWS).astype(int))]
    values = limited_values(encoded.rows(rows), feature_set, lookback)
    settings = BoostingSettings("binary", (0,) * values.shape[1], (), seed, 1)
    sizes = SIZES | {"min_data_in_leaf": int(np.clip(len(rows) // 100, 20, 200))}
    everything = np.arange(len(rows))
    return Boosting(settings).fit(
        values, outcome[rows], Split(everything, everything[:0], "none"), rounds=ROUNDS, sizes=sizes
    )


def _residuals(
    raw: Floats,
    outcome: Floats,
    day: Floats,
    group: NDArray[np.intp],
    members: list[int],
    length: int,
    series: int,
) -> list[Observations]:
    residuals = []
    for start in np.unique(day):
        for member in members:
            here = (day == start) & (group == member)
            if here.sum() >= MIN_GROUP:
                value, variance = log_odds_shift(raw[here], outcome[here])
                residuals.append(Observations(float(start), length, series, member, value, variance))
    return residuals


def log_odds_shift(raw: Floats, outcome: Floats) -> tuple[float, float]:
    """Shift of log-odds that fits the outcomes, one pseudo-observation at none, and its variance."""
    shift = 0.0
    for _ in range(12):
        p = inverse_link(raw + shift, "binary")
        step = float((outcome - p).sum()) / (float((p * (1 - p)).sum()) + 1.0)
        shift = float(np.clip(shift + step, -4, 4))
    p = inverse_link(raw + shift, "binary")
    return shift, 1.0 / (float((p * (1 - p)).sum()) + 1e-9)


def shift_to_mean(raw: Floats, mean: float) -> float:
    """Shift of log-odds, within ±6, that brings the mean probability to `mean`; 0 without rows."""
    if len(raw) == 0:
        return 0.0
    return root_within(lambda shift: float(inverse_link(raw + shift, "binary").mean()) - mean, -6.0, 6.0)


def bayes_factor(error_without: float, error_with: float, *, sd: float = 0.08, shared: float = 0.5) -> float:
    """How much more likely the errors at a closed pseudo cut-off make the levelled model than the model as it is.

    Normal errors with variance ``sd² + shared · min(error²)``: what both missed says nothing about which is better.
    """
    variance = sd**2 + shared * min(error_without**2, error_with**2)
    return float(np.exp(np.clip((error_without**2 - error_with**2) / (2 * variance), -500, 500)))
