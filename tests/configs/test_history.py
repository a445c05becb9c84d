"""The promise of the data report is what training does, for every length of log and every horizon."""

from datetime import datetime, timedelta

import pytest

from configs.errors import NotEnoughDataError
from configs.history import can_test, can_train, days_to_test, days_to_train, min_history_days
from configs.settings import TargetSettings, TrainingSettings
from evaluation.cutoffs import cutoff_grid
from evaluation.datasets import backtest_cutoffs
from evaluation.rhythm import days_needed

START = datetime(2023, 1, 1)


def closed(targets, days, horizon):
    as_of = START + timedelta(days=days)
    try:
        return bool(cutoff_grid(START, as_of, targets, TrainingSettings()).closed(horizon))
    except NotEnoughDataError:
        return False


@pytest.mark.parametrize("main", [7, 30, 60, 90, 180, 365])
@pytest.mark.parametrize("others", [(), (30, 90, 180, 365)])
def test_the_rule_is_that_of_training(main, others):
    targets = TargetSettings(horizon_days=main, horizons=others, lifetime_days=365)
    for days in range(1, 900, 3):
        log = timedelta(days=days)
        for horizon in targets.all_horizons:
            assert can_train(horizon, targets, log) == closed(targets, days, horizon), (days, horizon)
            first = START + timedelta(days=min_history_days(main))
            tests = backtest_cutoffs(START + log, main, 1, not_before=first)
            tested = bool(tests) and horizon <= main and closed(targets, (tests[0] - START).days, horizon)
            assert can_test(horizon, targets, log) == tested, (days, horizon)


@pytest.mark.parametrize("main", [7, 30, 90, 365])
def test_the_days_that_are_said_to_be_enough_are_the_fewest(main):
    targets = TargetSettings(horizon_days=main)
    for horizon in targets.all_horizons:
        enough = days_to_train(horizon, main)
        assert can_train(horizon, targets, timedelta(days=enough))
        assert not can_train(horizon, targets, timedelta(days=enough - 1))
    enough = days_to_test(main, main)
    assert can_test(main, targets, timedelta(days=enough)) and enough == days_needed(main)
    assert not can_test(main, targets, timedelta(days=enough - 1))
