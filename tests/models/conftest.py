"""A small company with known truth, made without the feature engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import numpy as np
import pandas as pd
import pytest

from configs.settings import TargetSettings, TrainingSettings
from features.specs import FeatureSet, FeatureSpec
from models.suite import FitContext, ModelSuite

START = datetime(2020, 1, 1)

SPECS = [
    ("days_since_last_order", "recency", "days", 1),
    ("days_since_first_order", "tenure", "days", 0),
    ("orders_30d", "frequency", "orders", 0),
    ("orders_90d", "frequency", "orders", 0),
    ("orders_365d", "frequency", "orders", 0),
    ("orders_ever", "frequency", "orders", 0),
    ("spend_90d", "monetary", "money", 0),
    ("spend_ever", "monetary", "money", 0),
    ("mean_order_value_ever", "monetary", "money", 0),
    ("mean_gap_days", "rhythm", "days", 0),
    ("overdue_ratio", "rhythm", "ratio", 1),
    ("noise", "calendar", "ratio", 0),
    ("region", "profile", "code", 0),
]


@dataclass(frozen=True)
class World:
    """Frame and labels at several cut-offs, a later test cut-off with its truth, and the context of a fit."""

    frame: pd.DataFrame
    labels: pd.DataFrame
    test_frame: pd.DataFrame
    test_labels: pd.DataFrame
    context: FitContext

    def fitted(self) -> ModelSuite:
        return ModelSuite().fit(self.frame, self.labels, self.context)


def feature_set(amounts: bool = True) -> FeatureSet:
    return FeatureSet(
        tuple(
            FeatureSpec(
                name,
                driver,
                "customers" if name == "region" else "transactions",
                unit,
                name,
                name,
                monotone_churn=sign,
                kind="categorical" if name == "region" else "numeric",
            )
            for name, driver, unit, sign in SPECS
            if amounts or unit != "money"
        )
    )


def make_world(
    customers: int = 900,
    *,
    days: int = 1100,
    cutoffs: int = 6,
    step: int = 60,
    seed: int = 1,
    amounts: bool = True,
    prospects: int = 0,
    targets: TargetSettings | None = None,
    test_days: int = 365,
    threads: int = 2,
) -> World:
    """Poisson buyers with gamma rates who leave after an exponential time; region B buys for three times as much."""
    rng = np.random.default_rng(seed)
    targets = targets or TargetSettings(horizon_days=90, lifetime_days=365)
    features = feature_set(amounts)
    total = days + test_days
    people = []
    for number in range(customers):
        birth = rng.uniform(0, days * 0.9)
        rate = rng.gamma(1.0, 1 / 60)
        life = rng.exponential(500)
        region = rng.choice(["A", "B", "C"], p=[0.5, 0.3, 0.2])
        times = birth + np.concatenate([[0], np.cumsum(rng.exponential(1 / rate, 400))])
        times = times[(times < min(birth + life, total)) | (np.arange(len(times)) == 0)]
        mean = (30.0 if region == "B" else 10.0) * rng.lognormal(0, 0.4)
        values = mean * rng.lognormal(0, 0.3, len(times)) * np.where(rng.random(len(times)) < 0.03, -0.5, 1)
        people.append((f"c{number:05d}", region, times, values))

    def rows(cutoff: float, known_until: float) -> tuple[list[list[object]], list[list[float]]]:
        frame, labels = [], []
        for name, region, times, values in people:
            past = times < cutoff
            if not past.any():
                continue
            count, last, first = int(past.sum()), cutoff - times[past][-1], cutoff - times[past][0]
            gap = (times[past][-1] - times[past][0]) / (count - 1) if count > 1 else np.nan
            windows = {w: past & (times >= cutoff - w) for w in (30, 90, 365)}
            money = {
                "spend_90d": values[windows[90]].sum(),
                "spend_ever": values[past].sum(),
                "mean_order_value_ever": values[past].mean(),
            }
            known = (
                {
                    "days_since_last_order": last,
                    "days_since_first_order": first,
                    "orders_ever": count,
                    "mean_gap_days": gap,
                    "overdue_ratio": last / gap if count > 1 else np.nan,
                    "noise": (hash_of(name, cutoff)),
                    "region": region,
                }
                | {f"orders_{w}d": mask.sum() for w, mask in windows.items()}
                | money
            )
            frame.append([name, START + timedelta(days=cutoff), *(known[n] for n in features.names)])
            label = []
            for horizon in targets.all_horizons:
                inside = (times >= cutoff) & (times < cutoff + horizon)
                closed = cutoff + horizon <= known_until
                label += [inside.sum() if closed else np.nan, values[inside].sum() if closed and amounts else np.nan]
            labels.append(label)
        for number in range(prospects):
            blank: dict[str, object] = dict.fromkeys(features.names, np.nan) | {"orders_ever": 0.0, "region": "A"}
            frame.append([f"p{number:05d}", START + timedelta(days=cutoff), *(blank[n] for n in features.names)])
            labels.append([0.0 if cutoff + h <= known_until else np.nan for h in targets.all_horizons for _ in "os"])
        return frame, labels

    def tables(cuts: list[float], known_until: float) -> tuple[pd.DataFrame, pd.DataFrame]:
        frames, labels = zip(*(rows(cut, known_until) for cut in cuts), strict=True)
        frame = pd.DataFrame(list(chain.from_iterable(frames)), columns=["customer_id", "as_of", *features.names])
        for spec in features:
            if spec.kind == "numeric":
                frame[spec.name] = frame[spec.name].astype(np.float64)
        names = [f"{kind}_{h}d" for h in targets.all_horizons for kind in ("orders", "spend")]
        return frame, pd.DataFrame(list(chain.from_iterable(labels)), columns=names, dtype=np.float64)

    shortest = min(targets.all_horizons)
    cuts = [float(days - shortest - step * i) for i in range(cutoffs)][::-1]
    frame, labels = tables([cut for cut in cuts if cut > 60], days)
    test_frame, test_labels = tables([float(days)], total)
    context = FitContext(features, targets, TrainingSettings(threads=threads), START, START + timedelta(days=days))
    return World(frame, labels, test_frame, test_labels, context)


def hash_of(name: str, cutoff: float) -> float:
    return float((int(name[1:]) * 7919 + int(cutoff) * 104729) % 1000) / 1000


@pytest.fixture(scope="session")
def world_of() -> Callable[..., World]:
    return make_world


@pytest.fixture(scope="session")
def world() -> World:
    """Long enough for every horizon: 12 cut-offs over two years of a three-year log."""
    return make_world(1200, cutoffs=12, prospects=25)


@pytest.fixture(scope="session")
def suite(world: World) -> ModelSuite:
    return world.fitted()


@pytest.fixture(scope="session")
def files(suite: ModelSuite) -> dict[str, bytes]:
    return suite.to_files()
