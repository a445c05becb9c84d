"""A small company made of random numbers, with every feature of the catalogue, for tests of what scores mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Settings
from features.catalog import CATALOGUE
from features.specs import FeatureSet
from models.contract import Contributions
from retention.contacts.segments import load_segments
from retention.profile.baseline import Baseline
from retention.profile.open_days import ALWAYS_OPEN
from retention.scoring.assembly import score
from retention.scoring.inputs import History, Predicted, Rules
from retention.strategies.catalogue import load_catalogue

AS_OF = pd.Timestamp("2024-01-01")


@dataclass(frozen=True)
class World:
    """Everything that scoring is given."""

    frame: pd.DataFrame
    predictions: pd.DataFrame
    contributions: dict[str, Contributions]
    feature_set: FeatureSet
    settings: Settings
    profile: pd.DataFrame
    events: pd.DataFrame


def make_events(rng: np.random.Generator, customers: int) -> pd.DataFrame:
    """Orders of two years: every customer has a rhythm; some fall silent, some come back."""
    rows = []
    for number in range(customers):
        gap = rng.uniform(8, 90)
        day = rng.uniform(0, 600)
        leaves = rng.uniform(100, 1500)
        begun, order = day, 0
        while day < 730 and day - begun < leaves:
            order += 1
            amount = round(float(rng.lognormal(3.5, 0.7)), 2)
            rows.append((f"c{number:04d}", f"{number}-{order}", AS_OF - pd.Timedelta(days=730 - day), amount, True))
            if rng.uniform() < 0.05:
                back = AS_OF - pd.Timedelta(days=max(0.1, 729 - day))
                rows.append((f"c{number:04d}", f"r{number}-{order}", back, -amount, False))
            day += rng.gamma(3.0, gap / 3.0) * (1 if rng.uniform() > 0.03 else 12)
    events = pd.DataFrame(rows, columns=["customer_id", "order_id", "occurred_at", "amount", "is_order"])
    return events.sort_values(["customer_id", "occurred_at", "order_id"], ignore_index=True)


def order_features(events: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """The base features of orders, by plain pandas."""
    orders = events[events["is_order"]]
    age = (AS_OF - orders["occurred_at"]).dt.total_seconds() / 86_400
    spend_age = (AS_OF - events["occurred_at"]).dt.total_seconds() / 86_400
    found = pd.DataFrame(index=pd.Index(ids, name="customer_id"))
    by = orders.assign(age=age).groupby("customer_id")
    found["days_since_last_order"] = by["age"].min()
    found["days_since_first_order"] = by["age"].max()
    found["orders_ever"] = by.size()
    found["orders_ever"] = found["orders_ever"].fillna(0.0)
    for days in (30, 90, 180, 365):
        window = orders[age <= days]
        found[f"orders_{days}d"] = window.groupby("customer_id").size().reindex(found.index).fillna(0.0)
        paid = events[spend_age <= days]
        found[f"spend_{days}d"] = paid.groupby("customer_id")["amount"].sum().reindex(found.index).fillna(0.0)
    found["spend_ever"] = events.groupby("customer_id")["amount"].sum()
    found["mean_order_value_ever"] = by["amount"].mean()
    found["max_order_value_ever"] = by["amount"].max()
    span = found["days_since_first_order"] - found["days_since_last_order"]
    many = found["orders_ever"] > 1
    found["mean_gap_days"] = (span / (found["orders_ever"] - 1)).where(many)
    gaps = orders.sort_values("occurred_at").groupby("customer_id")["occurred_at"].diff().dt.total_seconds() / 86_400
    spread = gaps.groupby(orders["customer_id"]).std()
    found["gap_cv"] = (spread / found["mean_gap_days"]).where(found["orders_ever"] > 2)
    found["overdue_ratio"] = found["days_since_last_order"] / found["mean_gap_days"]
    return found


def make_world(customers: int = 240, seed: int = 7, *, currency: str | None = "CNY") -> World:
    """A company with all features; the last ten customers never ordered."""
    rng = np.random.default_rng(seed)
    ids = [f"c{number:04d}" for number in range(customers)]
    events = make_events(rng, customers - 10)
    known = order_features(events, ids)
    feature_set = FeatureSet(tuple(declared.spec for declared in CATALOGUE.values()))
    columns: dict[str, object] = {"customer_id": ids, "as_of": [AS_OF] * customers}
    codes = {
        "customer_type": ["individual", "enterprise"],
        "country": ["CN", "CN", "CN", "DE"],
        "region": ["Shanghai", "Beijing"],
        "industry": ["manufacturing", "services"],
        "company_size": ["large", "medium", "small"],
        "member_level": [None],
        "preferred_channel": ["Wechat", "email", "phone"],
        "fulfilment": ["regular", "special"],
    }
    quiet, content, unseen = (rng.uniform(size=customers) < share for share in (0.3, 0.5, 0.2))
    for spec in feature_set:
        if spec.name in known.columns:
            columns[spec.name] = known[spec.name].to_numpy(dtype=float)
        elif spec.kind == "categorical":
            choices = np.array(codes.get(spec.name, ["a", "b"]), dtype=object)
            columns[spec.name] = rng.choice(choices, customers)
        else:
            scale = {"share": 1.0, "score": 1.0, "money": 500.0, "days": 200.0, "flag": 1.0}.get(spec.unit, 5.0)
            values = rng.uniform(0, scale, customers)
            if spec.unit in ("orders", "items", "products", "categories", "count", "flag"):
                values = np.floor(values)
            if spec.null_means_en:
                values = np.where(rng.uniform(size=customers) < 0.2, np.nan, values)
            if spec.driver == "satisfaction" or spec.name.startswith("return_share"):
                silent = 0.0 if spec.unit == "count" or spec.driver == "returns" else np.nan
                values = np.where(quiet, silent, np.where(content & (spec.unit == "count"), 0.0, values))
            if spec.driver == "engagement":
                values = np.where(unseen, np.nan, values)
            columns[spec.name] = values
    frame = pd.DataFrame(columns)
    names = [*feature_set.names, "level", "calibration"]

    def parts(link: str, base: float, scale: float) -> Contributions:
        values = pd.DataFrame(rng.normal(0, scale, (customers, len(names))), columns=names)
        return Contributions(link, np.full(customers, base), values)  # type: ignore[arg-type]

    contributions = {
        "churn": parts("logit", 0.2, 0.25),
        "spend": parts("log", 5.0, 0.05),
        "lifetime": parts("log", 6.0, 0.05),
    }
    churn, spend, life = (contributions[name].predict() for name in ("churn", "spend", "lifetime"))
    bought = frame["orders_ever"].to_numpy(dtype=float) > 0
    grade = np.where(bought, "strong", "none")
    reason = np.where(bought, "", "no_orders_yet")
    predictions = pd.DataFrame(
        {
            "churn_probability": churn,
            "churn_probability_30d": np.sqrt(churn),
            "next_order_days": 200 * churn,
            "next_order_days_low": 100 * churn,
            "next_order_days_high": np.where(churn > 0.9, np.nan, 300 * churn),
            "expected_orders": spend / 80,
            "expected_spend": spend,
            "orders_30d": spend / 240,
            "spend_30d": spend / 3,
            "lifetime_value": life,
            "lifetime_value_low": 0.4 * life,
            "lifetime_value_high": 2.0 * life,
            "evidence": grade,
            "evidence_reason": reason,
        }
    )
    profile = pd.DataFrame({"customer_id": ids, "name": [f"Customer {number}" for number in range(customers)]})
    settings = Settings.model_validate(
        {
            "data": {"transactions": {"path": "transactions.parquet"}, "currency": currency},
            "profile": {"home_country": "CN", "home_region": "Shanghai"},
        }
    )
    return World(frame, predictions, contributions, feature_set, settings, profile, events)


def score_world(world: World, baseline: Baseline, **other: Any) -> pd.DataFrame:
    """The scores table of a world; `other` replaces single fields of what scoring is given."""
    predicted = Predicted(world.frame, world.predictions, world.contributions, None)
    history = History(world.events, ALWAYS_OPEN, world.profile, None, None, None)
    catalogue, segments = load_catalogue(world.settings), load_segments(world.settings)
    rules = Rules("m1", world.feature_set, baseline, catalogue, segments, {}, world.settings)
    scored_at = other.pop("scored_at", pd.Timestamp("2024-01-02").to_pydatetime())
    parts: list[Any] = []
    for part in (predicted, history, rules):
        named = {one.name for one in fields(part)} & set(other)  # type: ignore[arg-type]
        parts.append(replace(part, **{name: other.pop(name) for name in named}))  # type: ignore[type-var]
    assert not other, other
    return score(*parts, scored_at=scored_at)


@pytest.fixture(scope="session")
def world() -> World:
    """One company for all tests that only read it."""
    return make_world()


@pytest.fixture(scope="session")
def events_of() -> Callable[[np.random.Generator, int], pd.DataFrame]:
    """The orders of a company before 2024, from a generator and a number of customers."""
    return make_events
