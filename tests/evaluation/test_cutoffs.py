"""The grid of cut-offs: properties that must hold for every log and every setting."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.errors import NotEnoughDataError
from configs.history import min_history_days
from configs.settings import TargetSettings, TrainingSettings
from evaluation.cutoffs import (
    MAX_LEVEL,
    MAX_RECENT,
    STEP_WEEKS,
    cutoff_grid,
    default_step_days,
    level_cutoffs,
)

START = datetime(2020, 1, 1)
DAY = timedelta(days=1)

grids = st.tuples(
    st.integers(60, 4000),
    st.integers(7, 400),
    st.integers(7, 800),
    st.integers(1, 20),
    st.one_of(st.none(), st.floats(1, 800)),
)


@given(grids)
@settings(max_examples=200, deadline=None)
def test_grid_properties(drawn: tuple[int, int, int, int, float | None]) -> None:
    days, horizon, lifetime, most, gap = drawn
    as_of = START + days * DAY
    targets = TargetSettings(horizon_days=horizon, lifetime_days=lifetime)
    try:
        grid = cutoff_grid(START, as_of, targets, TrainingSettings(max_cutoffs=most), typical_gap_days=gap)
    except NotEnoughDataError:
        assert START + (28 + min(targets.all_horizons)) * DAY > as_of
        return
    assert list(grid.cutoffs) == sorted(set(grid.cutoffs))
    assert all(cutoff >= START + 28 * DAY for cutoff in grid.cutoffs), "too little history before a cut-off"
    assert all(cutoff + min(targets.all_horizons) * DAY <= as_of for cutoff in grid.cutoffs), "no closed window"
    longer = {age for h in targets.all_horizons if h > horizon for age in (h, h + max(1, h // 3))} | {365}
    main = [c for c in grid.closed(horizon) if (as_of - c).days not in longer]
    assert len(main) <= most
    assert len(grid.cutoffs) - len(grid.closed(horizon)) <= MAX_RECENT + len(targets.all_horizons)
    assert grid.closed(horizon) == tuple(c for c in grid.cutoffs if c + horizon * DAY <= as_of)


def test_main_grid_goes_back_by_the_step_from_the_newest_closed_window() -> None:
    as_of = START + 2000 * DAY
    targets = TargetSettings(horizon_days=90, lifetime_days=90, horizons=(90,))
    grid = cutoff_grid(START, as_of, targets, TrainingSettings(max_cutoffs=3))
    assert [(as_of - cutoff).days for cutoff in grid.cutoffs] == [365, 146, 118, 90]
    grid = cutoff_grid(START, as_of, targets, TrainingSettings(max_cutoffs=3, cutoff_step_days=10))
    assert [(as_of - cutoff).days for cutoff in grid.cutoffs] == [365, 110, 100, 90]


def test_newest_cutoffs_close_only_shorter_horizons() -> None:
    as_of = START + 2000 * DAY
    targets = TargetSettings(horizon_days=90, lifetime_days=90, horizons=(30, 90))
    grid = cutoff_grid(START, as_of, targets, TrainingSettings(max_cutoffs=1))
    assert [(as_of - cutoff).days for cutoff in grid.cutoffs] == [365, 90, 75, 60, 45, 30]
    assert len(grid.closed(30)) == 6
    assert len(grid.closed(90)) == 2


def test_every_horizon_that_fits_has_a_closed_window() -> None:
    as_of = START + 600 * DAY
    grid = cutoff_grid(START, as_of, TargetSettings(), TrainingSettings(max_cutoffs=2))
    assert all(grid.closed(horizon) for horizon in (30, 90, 180, 365))


def test_a_horizon_as_long_as_the_log_still_leaves_shorter_ones() -> None:
    """CDNOW's hardest question: 273 days ahead after 273 days of log."""
    as_of = START + 273 * DAY
    grid = cutoff_grid(START, as_of, TargetSettings(horizon_days=273), TrainingSettings())
    assert not grid.closed(273)
    assert grid.closed(180) and grid.closed(90) and grid.closed(30)


def test_too_short_a_log_says_how_much_is_needed() -> None:
    with pytest.raises(NotEnoughDataError, match=r"covers 50 days .* at least 58 days") as caught:
        cutoff_grid(START, START + 50 * DAY, TargetSettings(), TrainingSettings())
    assert caught.value.code == "log_too_short"


@pytest.mark.parametrize(("gap", "step"), [(None, 28), (5.0, 28), (300.0, 91), (1200.0, 364)])
def test_step_follows_the_rhythm(gap: float | None, step: int) -> None:
    assert default_step_days(90, gap) == step
    assert all(52 % weeks == 0 for weeks in STEP_WEEKS)


def test_history_needed() -> None:
    assert [min_history_days(horizon) for horizon in (7, 60, 100, 1000)] == [28, 30, 50, 90]


def test_level_is_watched_every_half_short_window() -> None:
    as_of = START + 700 * DAY
    targets = TargetSettings(horizon_days=90, horizons=(30, 90))
    watched = level_cutoffs(START, as_of, targets)
    assert watched[-1] == as_of - 30 * DAY and len(watched) == MAX_LEVEL
    assert {b - a for a, b in pairwise(watched)} == {15 * DAY}
    assert as_of - 45 * DAY not in level_cutoffs(START, as_of, targets, [as_of - 45 * DAY])
    assert min(level_cutoffs(as_of - 100 * DAY, as_of, targets)) >= as_of - 72 * DAY
    assert level_cutoffs(as_of - 40 * DAY, as_of, targets) == ()
