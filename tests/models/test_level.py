"""Level on companies of known truth: season, growth, a log that opens in mid-life, slow and fast rhythms, a cohort.

The process sees a season and a constant, the step brings both back at every horizon, and no harm comes to a steady log.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from models.level.leveling import panel_of
from models.level.process import Observations, forecast_level
from models.level.step import (
    GroupShifts,
    LevelStep,
    base_depth,
    bayes_factor,
    level_shifts,
    limited_values,
    log_odds_shift,
    recency_group,
    shift_to_mean,
    tenure_overlap,
)

START = datetime(2020, 1, 1)
WINDOWS = (30, 90, 180)
HORIZONS = (30, 90)
FEATURES = FeatureSet(
    (
        FeatureSpec("days_since_last_order", "recency", "transactions", "days", "last", "last", monotone_churn=1),
        FeatureSpec("days_since_first_order", "tenure", "transactions", "days", "first", "first"),
        FeatureSpec("orders_ever", "frequency", "transactions", "orders", "ever", "ever"),
        *(FeatureSpec(f"orders_{w}d", "frequency", "transactions", "orders", "n", "n", window_days=w) for w in WINDOWS),
    )
)


@dataclass(frozen=True)
class Company:
    """Buyers with gamma rates who leave; the log begins in mid-life of many where it `burn`s before day 0."""

    season: float = 0.0
    growth: float = 0.0
    gap: float = 45.0
    stay: float = 500.0
    burn: int = 400
    days: int = 800
    arrive: float | None = None
    customers: int = 700

    def orders(self, seed: int) -> list[np.ndarray]:
        """Order days per customer; rates follow the year, with the peak on day 20, and grow."""
        rng = np.random.default_rng(seed)
        grid = np.arange(-self.burn, self.days + 1.0)
        level = np.exp(self.season * np.cos(2 * np.pi * (grid - 20) / 365.25) + self.growth * grid / 365)
        clock = np.concatenate([[0.0], np.cumsum(level)])[:-1]
        people = []
        for born in rng.uniform(-self.burn, self.days if self.arrive is None else self.arrive, self.customers):
            gone = min(born + rng.exponential(self.stay), self.days)
            rate = rng.gamma(1.0, 1 / self.gap)
            low, high = np.interp([born, gone], grid, clock)
            at = low + np.cumsum(rng.exponential(1 / max(rate, 1e-6), 600))
            times = np.concatenate([[born], np.interp(at[at < high], clock, grid)])
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
            ends = [moment + h for h in HORIZONS]
            labels.append([float(((times >= moment) & (times < e)).sum()) if e <= known else np.nan for e in ends])
    frame = pd.DataFrame(rows, columns=["customer_id", "as_of", *FEATURES.names])
    return frame, pd.DataFrame(labels, columns=[f"orders_{h}d" for h in HORIZONS])


def level_errors(company: Company, seed: int, today: float = 640.0) -> dict[int, tuple[float, float]]:
    """Per horizon the error of the mean log-odds at a later moment, without and with the level step."""
    people = company.orders(seed)
    frame, labels = frame_at(people, [today - 20 * k for k in range(28)], today)
    churn = ChurnModel(FEATURES, TargetSettings(horizon_days=90, horizons=HORIZONS), TrainingSettings(threads=1))
    churn.fit(frame, labels, log_start=START, known_until=START + timedelta(days=today))
    now, truth = frame_at(people, [today], company.days)
    encoded = churn.encoder_.transform(now)
    errors = {}
    for horizon, model in churn.models_.items():
        came = float((truth[f"orders_{horizon}d"] <= 0).mean())
        raw = model.raw(encoded)
        level = [step for step in model.steps if isinstance(step, LevelStep)]
        plain = raw - sum(step.apply(np.zeros(len(raw)), encoded) for step in level)
        errors[horizon] = shift_to_mean(plain, came), shift_to_mean(raw, came)
    return errors


@pytest.mark.slow
def test_a_season_ahead_is_foreseen_at_every_horizon() -> None:
    errors = level_errors(Company(season=0.6), seed=3)  # summer is over, the season's rise lies ahead
    assert set(errors) == set(HORIZONS)
    assert abs(errors[90][0]) > 0.25
    for without, with_level in errors.values():
        assert abs(with_level) < 0.6 * abs(without)


@pytest.mark.slow
@pytest.mark.parametrize(
    "company",
    [
        Company(customers=500),
        Company(growth=0.4, customers=500),
        Company(gap=14, customers=300),
        Company(gap=150, stay=1500, customers=500),
        Company(burn=0, arrive=90, customers=500),
    ],
    ids=["mid-life", "growth", "fast", "slow", "cohort"],
)
def test_no_harm_without_a_season(company: Company) -> None:
    for without, with_level in level_errors(company, seed=4).values():
        assert abs(with_level) < max(abs(without), 0.15) + 0.05


def test_the_dormant_are_moved_by_what_was_seen_of_them() -> None:
    """Those silent for longer than the limited model looks back are not part of its group's mean."""
    people = Company(burn=0, arrive=120, stay=150, gap=30).orders(6)
    frame, labels = frame_at(people, [float(day) for day in range(130, 620, 30)], 610.0)
    encoded = Encoder(FEATURES).fit(frame).transform(frame)
    known_until = START + timedelta(days=610)
    panel = panel_of(encoded, labels, HORIZONS, START, known_until)
    assert panel is not None
    newest = panel.encoded.rows(np.flatnonzero(panel.day == panel.day.max()))
    since = newest.column("days_since_last_order")
    assert since is not None and (since > 180).mean() > 0.6
    raw = np.where(since > 120, np.where(since > 180, 7.0, 3.5), 1.0)  # hardly anybody comes back after so long
    found = level_shifts(panel, raw, newest, 30, None, FEATURES, 1)
    assert found is not None and found.odds[4] > 0
    assert abs(found.shifts[4]) < 1.0


def test_a_closed_cutoff_with_customers_who_were_contacted_still_tells() -> None:
    """Their outcome is unknown (a campaign may have brought the order): the others decide, not a mean with a gap."""
    frame, labels = frame_at(Company(season=0.6).orders(3), [640.0 - 20 * k for k in range(28)], 640.0)
    churn = ChurnModel(FEATURES, TargetSettings(horizon_days=90, horizons=HORIZONS), TrainingSettings(threads=1))
    contacted = np.flatnonzero(frame["customer_id"].str[1:].astype(int) % 3 == 0)
    labels.loc[contacted, "orders_90d"] = np.nan
    churn.fit(frame, labels, log_start=START, known_until=START + timedelta(days=640))
    assert np.isfinite(churn.models_[90].raw(churn.encoder_.transform(frame))).all()


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
    now = forecast_level(windows(560), 560, 30, 2)
    np.testing.assert_allclose(now.mean, season_of(575), atol=0.15)
    assert (now.prior > 4 * now.variance).all(), "seen a year ago: little is left to chance"


def test_process_says_when_a_season_ahead_has_not_been_seen() -> None:
    seen, unseen = (forecast_level(windows(until), until, 90, 2) for until in (560, 250))
    assert (seen.prior / seen.variance > 2 * unseen.prior / unseen.variance).all()


def test_process_keeps_a_constant_and_invents_no_season() -> None:
    now = forecast_level(windows(560, level=0.4, season=False), 560, 30, 2)
    np.testing.assert_allclose(now.mean, 0.4, atol=0.05)


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
    assert bayes_factor(0.5, 0.0) > 99 > bayes_factor(0.2, 0.2) == 1 > 0.01 > bayes_factor(0.0, 1.0)
    assert base_depth(1000, 90, 30) == 180 and base_depth(200, 90, 30) == 55
    assert recency_group(np.array([0.0, 30.0, np.nan]), (30.0, 90.0)).tolist() == [0, 1, 0]


def test_shifts_go_as_far_as_their_odds() -> None:
    found = GroupShifts(np.array([0.4, -0.2, 0.0]), np.array([3.0, 1.0, 0.0]))
    np.testing.assert_allclose(found.full(), [0.4, -0.2, -0.1])
    np.testing.assert_allclose(found.weighted(), [0.3, -0.1, -0.05])
    np.testing.assert_allclose(found.weighted(1e9), found.full(), rtol=1e-6)
    np.testing.assert_allclose(found.weighted(1e-9), 0.0, atol=1e-6)
    unseen_first = GroupShifts(np.array([0.0, 0.2, 0.0]), np.array([0.0, 1.0, 0.0]))
    np.testing.assert_allclose(unseen_first.full(), [0.2, 0.2, 0.1])


@pytest.mark.parametrize(("company", "least", "most"), [(Company(), 0.7, 1.0), (Company(burn=0, arrive=90), 0.0, 0.6)])
def test_overlap_tells_a_cohort_from_a_company(company: Company, least: float, most: float) -> None:
    frame, labels = frame_at(company.orders(5), [float(day) for day in range(90, 271, 15)], 270.0)
    encoded = Encoder(FEATURES).fit(frame).transform(frame)
    panel = panel_of(encoded, labels, HORIZONS, START, START + timedelta(days=270))
    assert panel is not None
    newest = panel.encoded.rows(np.flatnonzero(panel.day == panel.day.max()))
    assert least <= tenure_overlap(panel, newest, 90, 90.0) <= most
