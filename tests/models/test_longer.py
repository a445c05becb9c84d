"""Horizons after the anchor: closed windows choose who speaks for which rhythm."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from models.continuation import Continuation
from models.encoding import Encoded
from models.longer import GROUPS, Longer, _choose, _leaving, groups_of
from models.renewal import Renewal
from models.suite import ModelSuite

NAMES = ("orders_ever", "order_days_ever", "mean_gap_days", "gap_cv", "days_since_last_order", "days_since_first_order")


def yearly(customers: int, leaving: float, *, deviation: float = 12.0, seed: int = 2) -> tuple[Encoded, np.ndarray]:
    """Customers who buy every September of a four-year log and leave after an order with this probability.

    As of a month after the last September; and whether an order comes in the year ahead.
    """
    rng = np.random.default_rng(seed)
    rows, comes = [], []
    for _ in range(customers):
        begins = int(rng.integers(0, 4))
        stays = int(rng.geometric(leaving))
        times = 365 * np.arange(begins, begins + stays) + 255 + rng.normal(0, deviation, stays)
        past = times[times < 1_380]
        if len(past) == 0:
            continue
        gaps = np.diff(past)
        mean = gaps.mean() if len(gaps) else np.nan
        rows.append(
            [len(past), len(past), mean, gaps.std(ddof=1) / mean if len(gaps) > 1 else np.nan,
             1_380 - past[-1], 1_380 - past[0]]
        )  # fmt: skip
        comes.append(begins + stays > 4)
    return Encoded(np.array(rows), NAMES, pd.RangeIndex(len(rows))), np.array(comes)


@pytest.mark.parametrize("leaving", [0.08, 0.15, 0.35])
def test_the_chance_to_leave_is_found_again(leaving: float) -> None:
    encoded, _ = yearly(3_000, leaving)
    found = _leaving(encoded, 90, Renewal.fit(encoded))
    assert found[-1] == pytest.approx(leaving, abs=0.07)


def test_who_bought_last_month_and_buys_each_september_comes_back_within_a_year() -> None:
    """Nobody orders in the 90 days of the anchor, 85 % in the year: the rhythm says so at every horizon."""
    encoded, comes = yearly(3_000, 0.15)
    renewal = Renewal.fit(encoded)
    assert renewal is not None
    ahead = renewal.ahead(encoded)
    longer = Longer(90, {}, _leaving(encoded, 90, renewal), {})
    recent = (encoded.values[:, 4] < 100) & (encoded.values[:, 1] > 1)
    path = longer._by_rhythm(encoded, [180, 270, 365, 400], np.full(len(encoded), 0.995), ahead)[recent]
    told = path.mean(axis=0)
    assert (told[:2] > 0.9).all() and (np.diff(path, axis=1) <= 0).all()
    assert told[3] == pytest.approx(1 - comes[recent].mean(), abs=0.07)


def test_another_answer_speaks_only_where_it_is_clearly_nearer() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(GROUPS), 400)
    truth = np.where(groups == 4, 0.15, 0.6)
    churned = rng.random(len(groups)) < truth
    off = truth + 0.03
    given = {"continued": np.full(len(groups), 0.6), "renewal": truth, "own": truth + 0.15}
    assert _choose(given, churned, groups, 2) == ("continued",) * 4 + ("renewal",)
    assert _choose({"continued": off, "renewal": truth, "own": truth}, churned, groups, 2) == ("continued",) * 5
    # nobody without a gap has a rhythm; too few outcomes tell nothing
    late = {"continued": 1 - truth, "renewal": truth}
    assert _choose(late, churned, np.zeros_like(groups), 1)[0] == "continued"
    assert _choose(late, np.ones_like(churned), groups, 1) == ("continued",) * 5


def test_groups_by_the_own_gap() -> None:
    values = np.array([[1, 1, np.nan, np.nan, 5, 5], *([60, 60, gap, 0.05, 5, 900] for gap in (20, 70, 120, 365))])
    encoded = Encoded(values, NAMES, pd.RangeIndex(5))
    ahead = Renewal(60.0, 0.5, 0.1, 8.0).ahead(encoded)
    assert groups_of(encoded, 90, ahead).tolist() == [0, 1, 2, 3, 4]
    assert groups_of(encoded, 90, None).tolist() == [0] * 5


def test_every_answer_keeps_the_order_and_the_explanation_adds_up(suite: ModelSuite, world) -> None:
    """Whatever speaks for a group: curves never rise, orders never fall, files bring the same answers back."""
    churn = suite.churn_
    assert churn is not None and churn.longer_.answers
    by_rhythm = {180: ("continued", "renewal", "renewal", "continued", "renewal"), 365: ("renewal",) * GROUPS}
    chosen = dataclasses.replace(churn.longer_, own={}, answers=by_rhythm)
    before, churn.longer_ = churn.longer_, chosen
    try:
        answer = suite.predict(world.test_frame)
        silent = answer[[f"churn_probability_{h}d" for h in suite.horizons_]].to_numpy()
        orders = answer[[f"orders_{h}d" for h in suite.horizons_]].to_numpy()
        assert (np.diff(silent, axis=1) <= 1e-12).all() and (np.diff(orders, axis=1) >= -1e-12).all()
        assert (orders >= 1 - silent - 1e-9).all()
        for name, shown in (("churn", "churn_probability"), ("lifetime", "lifetime_value")):
            np.testing.assert_allclose(suite.contributions(world.test_frame)[name].predict(), answer[shown], rtol=1e-9)
        pd.testing.assert_frame_equal(ModelSuite.from_files(suite.to_files()).predict(world.test_frame), answer)
    finally:
        churn.longer_ = before


def test_who_keeps_a_slow_rhythm_orders_what_falls_due() -> None:
    """One order in the year of a yearly buyer, at every day nearer to a year than to half of one."""
    encoded, _ = yearly(400, 0.15)
    renewal = Renewal.fit(encoded)
    assert renewal is not None
    leaving = _leaving(encoded, 90, renewal)
    answers = {180: ("continued",) * GROUPS, 365: ("continued",) * (GROUPS - 1) + ("own",)}
    again = encoded.rows(encoded.values[:, 1] > 1)
    due = again.rows(again.values[:, 4] < 100)
    late = Encoded(np.where(np.arange(6) == 4, 300.0, due.values), due.names, due.index)
    longer = Longer(90, {}, leaving, answers)
    days = [300, 360, 365]
    path = longer.orders(late, days, np.full(len(late), 0.8), Continuation.fit(encoded, 90), renewal.ahead(late))
    assert (path < 1.1).all() and (np.diff(path, axis=1) >= 0).all()


def test_state(suite: ModelSuite) -> None:
    assert suite.churn_ is not None
    longer = suite.churn_.longer_
    assert Longer.from_state(longer.state(), longer.own).state() == longer.state()
    for bad in ({"leaving": [0.1]}, {"answers": {"180": ["guess"] * GROUPS}}):
        with pytest.raises(ValueError, match="longer horizons"):
            Longer.from_state(longer.state() | bad, longer.own)
