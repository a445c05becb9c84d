"""The grid of cut-offs: at which moments of the past the models learn what happened next.

Three kinds of cut-offs, all with enough history before them and all at or before ``as_of``:

* *main*: ``as_of - horizon``, then back by a step, at most `max_cutoffs`; the horizon has closed at each.
* *longer*: one a year before ``as_of`` (the season) and one or two per longer horizon, so that each horizon
  that the history allows has a closed window.
* *recent*: between ``as_of - horizon`` and ``as_of``, where only shorter horizons have closed; they carry the
  newest level of the business.

Beside them `level_cutoffs` gives a denser series for a sample of the customers, which the models of single customers
do not learn from: it shows how the level of the whole business moves (`models.level.step`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.errors import NotEnoughDataError
from configs.history import MIN_HISTORY_DAYS, history_needed
from configs.settings import TargetSettings, TrainingSettings

STEP_WEEKS = (1, 2, 4, 13, 26, 52)
"""Steps that divide 52 weeks, so that a grid that is long enough meets the same season again."""
MAX_RECENT = 6
MAX_LEVEL = 40
YEAR_DAYS = 365


@dataclass(frozen=True)
class CutoffGrid:
    """Cut-offs in ascending order and how they came about.

    Attributes
    ----------
    cutoffs : tuple of datetime
        Every cut-off, ascending, UTC without zone.
    step_days : int
        Distance between main cut-offs.
    min_history_days : int
        Days of log that were asked for before the first cut-off.
    as_of : datetime
        The end of what may be known.
    """

    cutoffs: tuple[datetime, ...]
    step_days: int
    min_history_days: int
    as_of: datetime

    def closed(self, horizon_days: int) -> tuple[datetime, ...]:
        """The cut-offs at which a horizon has closed, ascending."""
        return tuple(c for c in self.cutoffs if c + timedelta(days=horizon_days) <= self.as_of)


def default_step_days(horizon_days: int, typical_gap_days: float | None = None) -> int:
    """Distance between cut-offs: a third of the horizon or of the customers' typical gap, whichever is longer.

    Rounded down to a number of weeks that divides 52, never less than one week.

    Examples
    --------
    >>> default_step_days(90), default_step_days(30), default_step_days(90, typical_gap_days=365.0)
    (28, 7, 91)
    """
    wanted = max(horizon_days, typical_gap_days or 0.0) / 3
    return 7 * max(weeks for weeks in STEP_WEEKS if weeks == 1 or 7 * weeks <= wanted)


def cutoff_grid(
    log_start: datetime,
    as_of: datetime,
    targets: TargetSettings,
    training: TrainingSettings,
    *,
    typical_gap_days: float | None = None,
) -> CutoffGrid:
    """Every cut-off that training may use as of a moment.

    Parameters
    ----------
    log_start : datetime
        Time of the first event.
    as_of : datetime
        Nothing at or after it is known; every label window must have closed by then for at least one horizon.
    targets, training : settings
        Horizons, step and the largest number of main cut-offs.
    typical_gap_days : float, optional
        Median gap between a customer's orders; slow rhythms spread the cut-offs over more of the log.

    Raises
    ------
    NotEnoughDataError
        The log is shorter than the shortest horizon plus the history needed before it.
    """
    horizon = targets.horizon_days
    step = training.cutoff_step_days or default_step_days(horizon, typical_gap_days)
    needed = history_needed(horizon, as_of - log_start)
    ages = [
        *_main_ages(horizon, step, training.max_cutoffs),
        *_longer_ages(horizon, targets.all_horizons),
        *_recent_ages(horizon, targets.all_horizons),
    ]
    first = log_start + timedelta(days=needed)
    cutoffs = sorted({as_of - timedelta(days=age) for age in ages if as_of - timedelta(days=age) >= first})
    if not cutoffs:
        days = max(0, (as_of - log_start).days)
        shortest = min(targets.all_horizons)
        raise NotEnoughDataError(
            "log_too_short_to_train",
            code="log_too_short",
            days=days,
            date=f"{as_of:%Y-%m-%d}",
            shortest=shortest,
            needed=needed,
            least=needed + shortest,
        )
    return CutoffGrid(tuple(cutoffs), step, needed, as_of)


def level_cutoffs(
    log_start: datetime, as_of: datetime, targets: TargetSettings, taken: Sequence[datetime] = ()
) -> tuple[datetime, ...]:
    """Moments that the level of the whole business is watched at, ascending, without those `taken` already.

    A window of the shortest horizon that is at most half of `horizon_days` (or of `horizon_days` itself) closes at each
    of them, the next starts half a window later, and there are at most `MAX_LEVEL`.
    """
    shorter = [h for h in targets.all_horizons if 2 * h <= targets.horizon_days]
    window = min(shorter) if shorter else targets.horizon_days
    step = max(window // 2, 7)
    first = log_start + timedelta(days=MIN_HISTORY_DAYS)
    moments = (as_of - timedelta(days=window + k * step) for k in range(MAX_LEVEL))
    return tuple(sorted(moment for moment in moments if moment >= first and moment not in set(taken)))


def _main_ages(horizon: int, step: int, count: int) -> list[int]:
    return [horizon + k * step for k in range(count)]


def _longer_ages(horizon: int, horizons: Sequence[int]) -> list[int]:
    longer = [h for h in horizons if h > horizon]
    ages = [age for h in longer for age in (h, h + max(1, h // 3))]
    return [*ages, YEAR_DAYS] if horizon <= YEAR_DAYS else ages


def _recent_ages(horizon: int, horizons: Sequence[int]) -> list[int]:
    shorter = [h for h in horizons if h < horizon]
    if not shorter:
        return []
    shortest, half = shorter[0], max(1, shorter[0] // 2)
    grid = list(range(shortest, horizon, half))[:MAX_RECENT]
    return sorted({*grid, *shorter})
