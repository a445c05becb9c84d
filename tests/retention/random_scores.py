"""A made-up scores table in which every tier, stage, attribute and driver occurs, to check what is built on scores.

Columns are drawn independently, so combinations occur that no real company has; nothing can be learned from it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.simulator.words import CHANNELS, INDUSTRIES
from features.specs import TOLD_DRIVERS

LEVELS = ("high", "medium", "low", "unknown")


def random_scores(customers: int, *, seed: int = 0, as_of: str = "2024-01-01") -> pd.DataFrame:
    """Scores and the features that strategies and segments ask for.

    Parameters
    ----------
    customers : int
        Rows.
    seed : int
        Same seed, same table.
    as_of : str
        Moment of all rows.
    """
    rng = np.random.default_rng(seed)
    churn = rng.beta(1.2, 1.2, customers)
    spend = np.exp(rng.normal(4.5, 1.5, customers)) * (1 - churn)
    columns: dict[str, object] = {
        "customer_id": [f"C{place:06d}" for place in range(customers)],
        "as_of": pd.Timestamp(as_of),
        "horizon_days": 90,
        "churn_probability": churn,
        "expected_spend": spend,
        "expected_orders": (1 - churn) * rng.gamma(2, 1.5, customers),
        "lifetime_value": spend * 4,
        "headroom": np.exp(rng.normal(3, 1.5, customers)) - 10,
        "days_since_last_order": rng.integers(1, 400, customers).astype(float),
        "satisfaction": rng.uniform(0, 100, customers),
        "churn_risk_tier": np.select([churn > 0.66, churn > 0.33], ["high", "medium"], "low"),
        "stage": rng.choice(["prospect", "first_time", "repeat", "loyal", "at_risk", "lost", "won_back"], customers),
        "customer_type": rng.choice(["enterprise", "individual"], customers),
        "tenure_tier": rng.choice(["new", "existing"], customers),
        "region_tier": rng.choice(["local", "domestic", "international", "unknown"], customers),
        "industry": rng.choice(INDUSTRIES, customers),
        "company_size": rng.choice(["large", "medium", "small"], customers),
        "product_line_tier": rng.choice(["premium", "mass", "unknown"], customers),
        "product_role_tier": rng.choice(["main", "auxiliary", "unknown"], customers),
        "member_level": rng.choice(["ordinary", "silver", "gold"], customers),
        "preferred_channel": rng.choice(CHANNELS, customers),
        "consent": rng.choice(["yes", "no", "email"], customers, p=[0.7, 0.1, 0.2]),
        "open_complaints": (rng.random(customers) < 0.1).astype(float),
        "contacts_90d": rng.poisson(1, customers).astype(float),
        "returns_365d": rng.poisson(0.4, customers).astype(float),
        "return_share_ever": rng.beta(1, 6, customers),
        "delivery_delay_days": rng.normal(0, 2, customers),
    }
    for tier in (
        "purchasing_power",
        "purchase_frequency",
        "purchase_potential",
        "satisfaction",
        "loyalty",
        "overall_value",
    ):
        columns[f"{tier}_tier"] = rng.choice(LEVELS, customers, p=[0.3, 0.3, 0.3, 0.1])
    for topic in ("quality", "service", "logistics"):
        columns[f"satisfaction_{topic}"] = rng.uniform(0, 1, customers)
    points = rng.normal(0, 0.06, (customers, len(TOLD_DRIVERS))) * (rng.random((customers, len(TOLD_DRIVERS))) < 0.4)
    columns["drivers"] = [
        [{"driver": name, "points": value} for name, value in zip(TOLD_DRIVERS, row, strict=True)]
        for row in points.tolist()
    ]
    own = np.random.default_rng([seed, 1])  # what was drawn before it stays as it was
    few = own.random((customers, 4)) < 0.1
    columns["points_balance"] = np.where(few[:, 0], 500.0, 0.0)
    columns["points_expire_days"] = own.integers(-30, 200, customers).astype(float)
    columns["referrals"] = few[:, 1].astype(float)
    columns["interests"] = [["tea"] if told else None for told in few[:, 2]]
    columns["looked_days"] = np.where(few[:, 3], own.integers(0, 30, customers), np.nan)
    return pd.DataFrame(columns)
