"""Level: the process sees a season and a constant, the step brings both back, and no harm comes to a steady log."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from configs.errors import BundleError
from configs.settings import TargetSettings, TrainingSettings
from features.specs import FeatureSet, FeatureSpec
from models.calibration import inverse_link, step_from_state
from models.churn import ChurnModel
from models.encoding import Encoder
from models.level import (
    LevelStep,
    base_depth,
    limited_values,
    log_odds_shift,
    recency_group,
    shift_to_mean,
    trust,
)
from models.level_process import LevelProcess, Observations

START = datetime(2020, 1, 1)
WINDOWS = (30, 90, 180)
FEATURES = FeatureSet(
    (
        FeatureSpec("days_since_last_order", "recency", "transactions", "days", "last", "last", monotone_churn=1),
        FeatureSpec("days_since_first_order", "tenure", "transactions", "days", "first", "first"),
        FeatureSpec("orders_ever", "frequency", "transactions", "orders", "ever", "ever"),
        *(FeatureSpec(f"orders_{w}d", "frequency", "transactions", "orders", "n", "n", window_days=w) for w in WINDOWS),
    )
)


def orders_of(seed: int, season: float, *, customers: int = 700, days: int = 800, burn: int = 400) -> list[np.ndarray]:
    """Order days of buyers with gamma rates who leave; the log begins in mid-life of many; rates follow the year."""
    rng = np.random.default_rng(seed)
    grid = np.arange(-burn, days + 1.0)
    cumulated = np.concatenate([[0.0], np.cumsum(np.exp(season * np.cos(2 * np.pi * (grid - 20) / 365.25)))])
    people = []
    for born in rng.uniform(-burn, days, customers):
        gone = min(born + rng.exponential(500), days)
        rate = rng.gamma(1.0, 1 / 45)
        low, high = np.interp([born, gone], grid, cumulated[:-1])
        at = low + np.cumsum(rng.exponential(1 / max(rate, 1e-6), 400))
        times = np.concatenate([[born], np.interp(at[at < high], cumulated[:-1], grid)])
        people.append(times[times >= 0])
    return people


def frame_at(people: list[np.ndarray], moments: list[float], known: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, labels = [], []
    for moment in moments:
        for number, times in enumerate(people):
            past = times[times < moment]
            if len(past) == 0:
                continue
            counts = [float((past >= moment - w).sum()) for w in WINDOWS]
            rows.append([f"c{number:05d}", START + timedelta(days=moment), moment - past[-1], moment - past[0]])
            rows[-1] += [float(len(past)), *counts]
            ends = [moment + h for h in (30, 90)]
            labels.append([float(((times >= moment) & (times < e)).sum()) if e <= known else np.nan for e in ends])
    frame = pd.DataFrame(rows, columns=["customer_id", "as_of", *FEATURES.names])
    return frame, pd.DataFrame(labels, columns=["orders_30d", "orders_90d"])


def level_errors(season: float, seed: int) -> tuple[float, float]:
    """Error of the mean log-odds at a later horizon, without and with the level step."""
    today = 640.0  # summer is over, the season's rise lies ahead
    people = orders_of(seed, season)
    frame, labels = frame_at(people, [today - 15 * k for k in range(36)], today)
    targets = TargetSettings(horizon_days=90, horizons=(30, 90))
    churn = ChurnModel(FEATURES, targets, TrainingSettings(threads=1))
    churn.fit(frame, labels, log_start=START, known_until=START + timedelta(days=today))
    now, truth = frame_at(people, [today], 800.0)
    came = (truth["orders_90d"].to_numpy() <= 0).astype(float)
    model = churn.models_[90]
    encoded = churn.encoder_.transform(now)
    raw = model.raw(encoded)
    level = [step for step in model.steps if isinstance(step, LevelStep)]
    plain = raw - sum(step.apply(np.zeros(len(raw)), encoded) for step in level)
    return shift_to_mean(plain, came.mean()), shift_to_mean(raw, came.mean())


@pytest.mark.slow
def test_a_season_ahead_is_foreseen() -> None:
    without, with_level = level_errors(0.6, seed=3)
    assert abs(without) > 0.25
    assert abs(with_level) < 0.6 * abs(without)


@pytest.mark.slow
def test_a_steady_log_is_left_alone() -> None:
    without, with_level = level_errors(0.0, seed=4)
    assert abs(with_level) < max(abs(without), 0.15) + 0.05


def season_of(day: float) -> float:
    return 0.6 * float(np.cos(2 * np.pi * day / 365.25))


def windows(until: float, level: float = 0.0, season: bool = True) -> list[Observations]:
    found = []
    for start in np.arange(0.0, until - 30, 15):
        for group in range(2):
            value = level + (season_of(start + 15) if season else 0.0)
            found.append(Observations(float(start), 30.0, 0, group, value, 0.003))
    return found


def test_process_repeats_a_season_it_has_seen() -> None:
    now = LevelProcess().fit(windows(560)).predict(560, 30, 2)
    np.testing.assert_allclose(now, season_of(575), atol=0.15)


def test_process_keeps_a_constant_and_invents_no_season() -> None:
    now = LevelProcess().fit(windows(560, level=0.4, season=False)).predict(560, 30, 2)
    np.testing.assert_allclose(now, 0.4, atol=0.05)


def test_step_moves_each_group_and_comes_back_from_json() -> None:
    frame = pd.DataFrame([["a", START, 5.0, 9.0, 1.0, 1, 1, 1], ["b", START, 200.0, 210.0, 1.0, 0, 0, 0]])
    frame.columns = ["customer_id", "as_of", *FEATURES.names]
    frame = frame.astype(dict.fromkeys(FEATURES.names, float))
    encoded = Encoder(FEATURES).fit(frame).transform(frame)
    step = LevelStep((30.0, 90.0), (0.1, 0.2, -0.3))
    np.testing.assert_allclose(step.apply(np.zeros(2), encoded), [0.1, -0.3])
    assert step_from_state(step.state()) == step
    for broken in ({"shifts": [0.1]}, {"edges": [90.0, 30.0]}, {"shifts": [0.1, float("nan"), 0.0]}):
        with pytest.raises(BundleError):
            step_from_state(step.state() | broken)
    values = limited_values(encoded, FEATURES, 100.0)
    assert values.shape == (2, 4)  # windows of 30 and 90 days, recency and tenure cut at 100 days
    assert values[1].tolist() == [0.0, 0.0, 100.0, 100.0]


def test_small_tools() -> None:
    raw = np.linspace(-2, 2, 400)
    outcome = (np.random.default_rng(0).random(400) < inverse_link(raw + 0.7, "binary")).astype(float)
    shift, variance = log_odds_shift(raw, outcome)
    assert abs(shift - 0.7) < 3 * variance**0.5
    assert inverse_link(raw + shift_to_mean(raw, 0.8), "binary").mean() == pytest.approx(0.8, abs=1e-9)
    assert trust(0.5, 0.0, odds=10) > 0.99 > trust(0.2, 0.2, odds=10) > 0.5 > trust(0.0, 1.0, odds=10)
    assert trust(0.2, 0.2, odds=1) == pytest.approx(0.5)
    assert base_depth(1000, 90, 30) == 180 and base_depth(200, 90, 30) == 55
    assert recency_group(np.array([0.0, 30.0, np.nan]), (30.0, 90.0)).tolist() == [0, 1, 0]
