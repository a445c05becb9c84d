"""The views in words: names, the largest first, and differences of the figures beside them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulator import SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from configs.catalogue import Lang
from features.engine import tables_from_arrow
from pipelines.views import told_demand, told_satisfaction
from retention.contacts.segments import load_segments
from retention.profile.company_views import demand_view, satisfaction_view

SETTINGS = SimulationSettings(customers=900, weeks=100, future_weeks=0, campaigns=(), seed=4)


@pytest.fixture(scope="module")
def views() -> tuple[pd.DataFrame, pd.DataFrame]:
    company = simulate(SETTINGS)
    parts = ("transactions", "customers", "products", "feedback")
    segments = load_segments().codes[:4]
    scores = company["customers"].assign(
        segment=np.array(segments, dtype=object)[np.arange(len(company["customers"])) % 4],
        drivers=None, lifetime_drivers=[[{"driver": "satisfaction", "points": -3.0}]] * len(company["customers"]),
    )  # fmt: skip
    with tables_from_arrow({name: to_arrow(name, company[name]) for name in parts}) as tables:
        demand = demand_view(tables, SETTINGS.end, scores.set_index("customer_id")["segment"], item="product_id")
        return demand, satisfaction_view(tables, SETTINGS.end, scores)


def number(text: Any) -> float:
    return float(re.sub("[^0-9.+-]", "", str(text)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_differences_are_those_of_the_figures_beside_them(
    views: tuple[pd.DataFrame, pd.DataFrame], language: Lang
) -> None:
    demand, satisfaction = views
    told = told_demand(demand, load_segments(), {demand["item"].iloc[0]: "Tea"}, language, "EUR")
    shown = told_satisfaction(satisfaction, language, "EUR", "Asia/Shanghai")
    for table, (now, before, difference) in ((told, told.columns[2:5]), (shown, shown.columns[4:7])):
        known = table[~table[difference].isin(["–"])]
        assert len(known) > 10
        assert all(
            number(a) - number(b) == number(c)
            for a, b, c in zip(known[now], known[before], known[difference], strict=True)
        )
    names = {segment.name.of(language) for segment in load_segments().segments}
    assert set(told[told.columns[0]]) <= names and told[told.columns[1]].iloc[0] == "Tea"
    words = " ".join(shown[shown.columns[0]]) + " ".join(shown[shown.columns[1]])
    assert not re.search("_|logistics|customer_type", words)
    assert bool(re.search("[一-鿿]", words)) == (language == "zh")


def test_the_largest_comes_first(views: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    demand, satisfaction = views
    sizes = demand.groupby("segment", sort=False)["spend"].sum()
    assert sizes.is_monotonic_decreasing and len(sizes) == 4
    assert all(part.is_monotonic_decreasing for _, part in demand.groupby("segment")["spend"])
    assert satisfaction["lost_value"].is_monotonic_decreasing
