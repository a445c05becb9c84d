from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from configs.errors import DataError, InputError, NotEnoughDataError
from retention.draws import hash_share, uniform_draws
from retention.experiments.effects import (
    estimate_effect,
    measure_effects,
    treatment_outcomes,
)
from retention.experiments.holdout import assign_holdout, risk_bands
from retention.experiments.measurement import updated_effects
from retention.experiments.uplift import DRLearner, UpliftSettings, auuc, evaluate_uplift, qini_coefficient, qini_curve
from retention.strategies.catalogue import load_catalogue
from retention.strategies.effect_priors import even_odds_points, shrink

HILLSTROM = Path(__file__).parents[3] / "shared" / "data" / "hillstrom" / "campaigns.parquet"
needs_hillstrom = pytest.mark.skipif(not HILLSTROM.exists(), reason="the Hillstrom file is not on this machine")


# ------------------------------------------------------------------------------------------------- hold-out


def test_holdout_is_stable_stratified_and_of_the_right_size() -> None:
    ids = pd.Series([f"C{place}" for place in range(5_000)])
    churn = pd.Series(np.random.default_rng(1).uniform(size=5_000))
    bands = risk_bands(churn)
    arms = assign_holdout(ids, bands, share=0.1, salt="a")
    shares = (arms == "held_out").groupby(bands).mean()
    assert len(shares) == 5 and (shares - 0.1).abs().max() < 0.001
    order = np.random.default_rng(2).permutation(5_000)
    shuffled = assign_holdout(ids[order], bands[order], share=0.1, salt="a")
    assert (shuffled.sort_index() == arms).all()
    other = assign_holdout(ids, bands, share=0.1, salt="b")
    both = ((arms == "held_out") & (other == "held_out")).mean()
    assert 0.004 < both < 0.017  # two independent draws of 10 %
    assert abs(churn[arms == "held_out"].mean() - churn[arms == "treated"].mean()) < 0.01


def test_holdout_keeps_earlier_arms_and_moves_few_when_customers_come() -> None:
    ids = [f"C{place}" for place in range(2_000)]
    first = assign_holdout(ids, ["x"] * 2_000, share=0.1, salt="a")
    more = [*ids, *(f"N{place}" for place in range(500))]
    kept = assign_holdout(more, ["x"] * 2_500, share=0.1, salt="a", previous=dict(zip(ids, first, strict=True)))
    assert (kept[:2_000].to_numpy() == first.to_numpy()).all()
    assert (kept == "held_out").sum() == 250
    fresh = assign_holdout(more, ["x"] * 2_500, share=0.1, salt="a")
    assert (fresh[:2_000].to_numpy() != first.to_numpy()).mean() < 0.02
    with pytest.raises(InputError, match=r"hold-out share 1\.5 is not between 0 and 1"):
        assign_holdout(ids, ["x"] * 2_000, share=1.5, salt="a")


def test_hash_is_uniform_and_the_same_everywhere() -> None:
    places = np.sort([hash_share(f"C{place}", "s") for place in range(4_000)])
    assert np.abs(places - np.arange(4_000) / 4_000).max() < 0.03  # Kolmogorov–Smirnov bound at 0.1 %: 0.031
    assert hash_share("C1", "worklist") == pytest.approx(0.7014255349480294)


def test_draws_of_pairs_are_even_and_know_nothing_of_each_other() -> None:
    ids, names = [f"C{place}" for place in range(4_000)], ["a", "b", "c"]
    found = uniform_draws(ids, names, "s")
    assert found.shape == (4_000, 3) and found.min() >= 0 and found.max() < 1
    for column in range(3):
        steps = np.sort(found[:, column])
        assert np.abs(steps - (np.arange(4_000) + 0.5) / 4_000).max() < 1.63 / 4_000**0.5  # Kolmogorov–Smirnov, 1 %
    assert np.abs(np.corrcoef(found.T)[np.triu_indices(3, 1)]).max() < 0.05
    assert np.abs(np.corrcoef(found[:-1, 0], found[1:, 0])[0, 1]) < 0.05
    assert uniform_draws(ids[7:8], names[1:2], "s")[0, 0] == found[7, 1]


# ------------------------------------------------------------------------------------------------- averages


def test_difference_in_means_against_plain_arithmetic() -> None:
    y = np.r_[np.arange(40.0), np.arange(50.0) * 0.5]
    treated = np.arange(90) < 40
    effect = estimate_effect(y, treated)
    assert effect.effect == pytest.approx(19.5 - 12.25)
    assert effect.se == pytest.approx(
        np.sqrt(np.var(np.arange(40), ddof=1) / 40 + np.var(np.arange(50) / 2, ddof=1) / 50)
    )
    assert effect.method == "difference_in_means" and effect.evidence == "randomised"


def test_intervals_cover_and_cuped_narrows_them() -> None:
    rng = np.random.default_rng(3)
    covered, plain_width, cuped_width = 0, 0.0, 0.0
    for _ in range(300):
        x = rng.normal(size=400)
        treated = rng.random(400) < 0.7
        y = 2 * x + rng.normal(size=400) + 0.3 * treated
        plain, better = estimate_effect(y, treated), estimate_effect(y, treated, covariate=x)
        covered += better.low <= 0.3 <= better.high
        plain_width += plain.se
        cuped_width += better.se
    assert 0.91 <= covered / 300 <= 0.98
    assert cuped_width < 0.55 * plain_width
    assert better.method == "cuped" and 0.6 < better.variance_removed < 0.95


def test_strata_remove_their_share_of_noise_and_thin_ones_are_pooled() -> None:
    rng = np.random.default_rng(4)
    strata = np.array(["a", "b"] * 500 + ["thin"])
    treated = rng.random(1_001) < 0.5
    y = np.where(strata == "a", 10.0, 0.0) + rng.normal(size=1_001) + 0.5 * treated
    plain, stratified = estimate_effect(y, treated), estimate_effect(y, treated, strata=strata)
    assert stratified.se < 0.3 * plain.se
    assert stratified.low <= 0.5 <= stratified.high


def test_too_few_and_unequal_arms() -> None:
    with pytest.raises(DataError, match="90 treated and 10 held-out customers are too few to measure; wait until"):
        estimate_effect(np.zeros(100), np.arange(100) < 90)
    x = np.linspace(0, 1, 2_000)
    chosen = estimate_effect(x, x > 0.5, covariate=x)  # the company treated the good ones
    assert chosen.evidence == "observed" and chosen.imbalance > 1


def test_outcomes_count_only_the_closed_horizon() -> None:
    treatments = pd.DataFrame(
        {
            "customer_id": ["A", "B", "A", "C"],
            "treated_at": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-10", "2024-03-01"]),
            "strategy": ["s", "s", "s", "s"],
            "arm": ["treated", "held_out", "treated", "treated"],
        }
    )
    orders = pd.DataFrame(
        {
            "customer_id": ["A", "A", "A", "B", "A"],
            "occurred_at": pd.to_datetime(["2023-12-31", "2024-01-01", "2024-01-31", "2024-01-15", "2024-01-20"]),
            "amount": [5.0, 7.0, 9.0, 4.0, -2.0],
            "is_order": [True, True, True, True, False],
        }
    )
    found = treatment_outcomes(treatments, orders, horizon_days=30, until=pd.Timestamp("2024-03-15"))
    assert found["customer_id"].tolist() == ["A", "B"]  # the second contact of A and the open horizon of C are left out
    assert found["orders"].tolist() == [1.0, 1.0] and found["spend"].tolist() == [5.0, 4.0]
    assert found["active"].tolist() == [1.0, 1.0] and found["treated"].tolist() == [True, False]
    assert found["orders_before"].tolist() == [1.0, 0.0] and found["spend_before"].tolist() == [5.0, 0.0]


def test_shrinking_and_even_odds() -> None:
    assert shrink(0.05, 0.02, 0.01, 1e-9)[0] == pytest.approx(0.01)
    assert shrink(0.05, 0.02, 0.01, 10.0)[0] == pytest.approx(0.05, abs=1e-5)
    assert shrink(0.05, 0.02, 0.01, 0.0) == (0.05, 0.02)
    assert even_odds_points(0.04, 0.5) == pytest.approx(0.04)
    assert even_odds_points(0.0, 0.2) == 0
    assert even_odds_points(0.01, 0.05) == pytest.approx(0.01 * 0.25 / (0.05 * 0.95), rel=0.1)


# ------------------------------------------------------------------------------------------------- known truth


@pytest.fixture(scope="module")
def simulated() -> dict[str, pd.DataFrame]:
    plans = (
        CampaignPlan(strategy="reactivation_offer", week=20, share=0.9, held_out=0.4, lift=1.2),
        CampaignPlan(strategy="regular_contact", week=34, share=0.9, held_out=0.4, lift=1.0, moderation=1.0),
        CampaignPlan(strategy="greeting_gift", week=48, share=0.9, held_out=0.4, lift=0.0),
    )
    return simulate(
        SimulationSettings(
            customers=8_000, weeks=62, future_weeks=0, acquired_before=0.9, survey_share=0.0, campaigns=plans
        )
    )


def test_effects_of_the_simulation_are_recovered(simulated: dict[str, pd.DataFrame]) -> None:
    orders = (
        simulated["transactions"]
        .groupby(["customer_id", "order_id"], as_index=False)
        .agg(occurred_at=("occurred_at", "first"), amount=("amount", "sum"))
    )
    orders["is_order"] = orders["amount"] > 0
    outcomes = treatment_outcomes(
        simulated["treatments"], orders, horizon_days=91, until=orders["occurred_at"].max().normalize()
    )
    outcomes = outcomes.merge(simulated["true_effects"][["treatment_id", "true_effect"]], on="treatment_id")
    effects = {effect.strategy: effect for effect in measure_effects(outcomes) if effect.outcome == "active"}
    truth = outcomes.groupby("strategy")["true_effect"].mean()
    assert set(effects) == {"reactivation_offer", "regular_contact", "greeting_gift"}
    for strategy, effect in effects.items():
        assert abs(effect.effect - truth[strategy]) < 3 * effect.se, strategy
        assert effect.evidence == "randomised" and effect.variance_removed > 0.05
    assert effects["reactivation_offer"].low > 0
    assert effects["greeting_gift"].low < 0 < effects["greeting_gift"].high
    measured_effects = updated_effects(list(effects.values()), load_catalogue())
    prior = load_catalogue()["greeting_gift"].effect.orders_points
    assert measured_effects["greeting_gift"].orders_points < prior
    assert measured_effects["greeting_gift"].evidence == "randomised"


# ------------------------------------------------------------------------------------------------- individual effects


def test_qini_of_perfect_random_and_reversed_order() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    moved = rng.random(n) < 0.3
    treated = rng.random(n) < 0.5
    outcome = ((moved & treated) | (rng.random(n) < 0.1)).astype(float)
    perfect = qini_coefficient(moved.astype(float), treated, outcome)
    assert perfect == pytest.approx(0.27 * 0.7 / 2, abs=0.01)  # lift .27 reached after 30 %: a triangle above the line
    assert abs(qini_coefficient(rng.random(n), treated, outcome)) < 0.012
    assert qini_coefficient(-moved.astype(float), treated, outcome) == pytest.approx(-perfect, abs=0.01)
    assert qini_coefficient(np.zeros(n), treated, outcome) == pytest.approx(0.0)
    share, gain = qini_curve(moved.astype(float), treated, outcome)
    assert share[-1] == 1 and gain[-1] == pytest.approx(outcome[treated].mean() - outcome[~treated].mean(), abs=0.01)
    assert auuc(moved.astype(float), treated, outcome) > auuc(rng.random(n), treated, outcome)


def test_the_learner_finds_whom_a_contact_moves() -> None:
    rng = np.random.default_rng(6)
    n = 6_000
    features = pd.DataFrame({"digital": rng.integers(0, 2, n).astype(float), "age": rng.normal(size=n)})
    treated = rng.random(n) < 0.5
    true = np.where(features["digital"] == 1, 0.25, 0.0)
    outcome = (rng.random(n) < 0.2 + true * treated + 0.1 * (features["age"] > 0)).astype(float)
    model = DRLearner(UpliftSettings(folds=2, rounds=30, effect_rounds=90)).fit(features, treated, outcome)
    effect = model.predict(features)
    assert effect[features["digital"] == 1].mean() > effect[features["digital"] == 0].mean() + 0.15
    assert model.average_ == pytest.approx(0.125, abs=0.03)
    again = DRLearner(UpliftSettings(folds=2, rounds=30, effect_rounds=90)).fit(features, treated, outcome)
    assert (again.predict(features) == effect).all()


def test_the_learner_refuses_little_data() -> None:
    with pytest.raises(NotEnoughDataError, match="50 customers in the smaller arm are too few"):
        DRLearner().fit(pd.DataFrame({"x": np.zeros(100)}), np.arange(100) < 50, np.zeros(100))


@needs_hillstrom
def test_hillstrom_arm_means() -> None:
    """The published shares: visit .183 (men's), .151 (women's), .106 (none)."""
    data = pd.read_parquet(HILLSTROM)
    for arm, expected in (("Mens E-Mail", 0.1828 - 0.1062), ("Womens E-Mail", 0.1514 - 0.1062)):
        part = data[data["treatment"].isin([arm, "No E-Mail"])]
        treated = (part["treatment"] == arm).to_numpy()
        for covariate in (None, part["history"].to_numpy(dtype=float)):
            effect = estimate_effect(part["visit"].to_numpy(dtype=float), treated, covariate=covariate, strategy=arm)
            assert effect.effect == pytest.approx(expected, abs=0.001)
            assert effect.low > 0.03 and effect.evidence == "randomised"
        assert effect.mean_treated == pytest.approx({"Mens E-Mail": 0.183, "Womens E-Mail": 0.151}[arm], abs=5e-4)
        assert effect.mean_held_out == pytest.approx(0.106, abs=5e-4)


@needs_hillstrom
@pytest.mark.slow
def test_hillstrom_visits_qini_is_positive_in_every_fold_and_beats_risk_first() -> None:
    data = pd.read_parquet(HILLSTROM)
    features = data[["recency", "history", "mens", "womens", "newbie"]].astype(float)
    features = features.assign(
        zip_code=data["zip_code"].astype("category").cat.codes, channel=data["channel"].astype("category").cat.codes
    )
    treated = (data["treatment"] != "No E-Mail").to_numpy()
    report = evaluate_uplift(
        features,
        treated,
        data["visit"].to_numpy(dtype=float),
        settings=UpliftSettings(folds=2, rounds=60, effect_rounds=40),
    )
    assert len(report.qini) == 5 and min(report.qini) > 0
    assert report.useful
    assert all(own > base for own, base in zip(report.auuc, report.auuc_random, strict=True))
