from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.simulator import CampaignPlan, SimulationSettings, simulate
from benchmarks.simulator.writing import to_arrow
from configs.errors import BundleError, NotEnoughDataError
from configs.settings import DataSettings, Settings, SourceSettings
from features.catalog import CATALOGUE
from features.engine import Tables, feature_set_for, tables_from_arrow
from features.specs import FeatureSet
from models.encoding import Encoder
from retention.experiments.effects import Effect
from retention.experiments.individual_effects import (
    FILE,
    effect_features,
    learn_individual,
    own_effect_columns,
    read_individual,
    write_individual,
)
from retention.experiments.measurement import (
    contact_rows,
    effect_files,
    measure_campaigns,
    updated_effects,
)
from retention.experiments.uplift import DRLearner, UpliftSettings, evaluate_uplift
from retention.strategies.catalogue import load_catalogue
from retention.strategies.catalogue_entries import EVIDENCE
from retention.strategies.choice import select_strategies
from retention.strategies.effect_priors import (
    believed,
    effect_segments,
    measured_effects_from_json,
    measured_effects_to_json,
)
from retention.strategies.pricing import price_strategies
from tests.retention.random_scores import random_scores

PLANS = (
    CampaignPlan(strategy="regular_contact", week=20, share=1.0, held_out=0.5, lift=1.5, moderation=1.0),
    CampaignPlan(strategy="greeting_gift", week=48, share=0.5, held_out=0.5, lift=0.0),
)
COMPANY = SimulationSettings(
    customers=4_500, weeks=50, future_weeks=0, acquired_before=1.0, survey_share=0.0, campaigns=PLANS, issue=None
)
SETTINGS = Settings(data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))))

HORIZON = SETTINGS.targets.horizon_days


@pytest.fixture(scope="module")
def company() -> dict[str, pd.DataFrame]:
    return simulate(COMPANY)


@pytest.fixture(scope="module")
def tables(company: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_arrow(
        {name: to_arrow(name, company[name]) for name in ("transactions", "customers", "treatments")}
    )


def test_one_call_measures_what_had_time_to_work(tables: Tables, company: dict[str, pd.DataFrame]) -> None:
    found = measure_campaigns(tables, load_catalogue(), COMPANY.end, horizon_days=HORIZON)
    assert {effect.strategy for effect in found.effects} == {"regular_contact"}  # the later one is still open
    assert {effect.outcome for effect in found.effects} == {"active", "orders", "spend", "spend_if_active"}
    segments = {effect.segment for effect in found.effects}
    assert segments >= {"all", "enterprise_active", "individual_active", "individual_silent"}
    sizes = {item.segment: item.treated for item in found.effects if item.outcome == "active"}
    assert sizes.pop("all") >= sum(sizes.values())
    effect = next(item for item in found.effects if (item.segment, item.outcome) == ("all", "active"))
    truth = company["true_effects"].query("strategy == 'regular_contact'")["true_effect"].mean()
    assert abs(effect.effect - truth) < 3 * effect.se and effect.low > 0
    assert effect.method == "cuped" and effect.variance_removed > 0.05
    belief = found.measured_effects["regular_contact"]
    assert belief.evidence == "randomised" and belief.orders_points > 0.03
    assert set(belief.segments) == segments - {"all"}
    assert measured_effects_from_json(measured_effects_to_json(found.measured_effects)) == found.measured_effects
    assert set(found.contacts["strategy"]) == {"regular_contact", "greeting_gift"}
    assert effect.as_dict()["evidence"] == "randomised"


def test_nothing_before_the_first_campaign_and_without_treatments(
    tables: Tables, company: dict[str, pd.DataFrame]
) -> None:
    early = measure_campaigns(tables, load_catalogue(), datetime(2023, 8, 1), horizon_days=HORIZON)
    assert early.effects == [] and early.measured_effects == {} and early.contacts.empty
    with tables_from_arrow({"transactions": to_arrow("transactions", company["transactions"].head(100))}) as bare:
        assert measure_campaigns(bare, load_catalogue(), COMPANY.end, horizon_days=HORIZON).effects == []


def contacts(lifts: dict[str, float], seed: int) -> Tables:
    plans = tuple(
        CampaignPlan(strategy=code, week=place * 15 + 10, share=1.0, held_out=0.5, lift=lift)
        for place, (code, lift) in enumerate(lifts.items())
    )
    company = simulate(
        SimulationSettings(
            customers=3_000, weeks=55, future_weeks=0, acquired_before=1.0, survey_share=0.0, campaigns=plans, seed=seed
        )
    )
    return tables_from_arrow(
        {name: to_arrow(name, company[name]) for name in ("transactions", "customers", "treatments")}
    )


def test_a_strategy_without_effect_drops_and_one_with_a_large_effect_rises() -> None:
    catalogue = load_catalogue()
    scores = random_scores(2_000)
    with contacts({"reactivation_offer": 3.0, "owner_contact": 0.0}, seed=3) as given:
        measured = measure_campaigns(given, catalogue, datetime(2024, 6, 30), horizon_days=HORIZON).measured_effects
    assert measured["owner_contact"].orders_points < catalogue["owner_contact"].effect.orders_points / 2
    assert measured["reactivation_offer"].orders_points > 1.2 * catalogue["reactivation_offer"].effect.orders_points
    before = select_strategies(scores, catalogue, SETTINGS)
    after = select_strategies(scores, catalogue, SETTINGS, measured=measured)

    def first(chosen: pd.Series, code: str) -> int:  # type: ignore[type-arg]
        return sum(bool(entries) and entries[0]["code"] == code for entries in chosen)

    def given_to(chosen: pd.Series, code: str) -> int:  # type: ignore[type-arg]
        return sum(any(entry["code"] == code for entry in entries) for entries in chosen)

    assert given_to(after, "owner_contact") < 0.5 * given_to(before, "owner_contact")
    assert first(after, "reactivation_offer") > first(before, "reactivation_offer")
    said = {entry["evidence"] for entries in after for entry in entries if entry["code"] in measured}
    assert said == {"randomised"}


def test_segments_that_differ_get_beliefs_of_their_own() -> None:
    def effect(segment: str, value: float, error: float) -> Effect:
        return Effect(
            "points", segment, "active", value, error, value - 2 * error, value + 2 * error, 0.5 + value, 0.5,
            900, 900, "cuped", 0.1, 0.0, "randomised",
        )  # fmt: skip

    catalogue = load_catalogue()
    parts = [effect("all", 0.05, 0.01), effect("enterprise_active", 0.15, 0.015), effect("silent", 0.0, 0.012)]
    belief = updated_effects(parts, catalogue)["points"]
    low, high = belief.segments["silent"].orders_points, belief.segments["enterprise_active"].orders_points
    assert low < 0.01 and high > 0.13  # they differ by more than chance explains
    noise = [effect("all", 0.05, 0.01), effect("enterprise_active", 0.06, 0.03), effect("silent", 0.04, 0.03)]
    alike = updated_effects(noise, catalogue)["points"]
    assert {part.orders_points for part in alike.segments.values()} == {alike.orders_points}
    rows = np.array(["silent", "enterprise_active", "individual_active", None], dtype=object)
    points, _, evidence = believed(catalogue["points"], {"points": belief}, rows)
    assert points.tolist() == [low, high, belief.orders_points, belief.orders_points]
    assert [EVIDENCE[place] for place in evidence] == ["randomised"] * 4
    prior, _, rule = believed(catalogue["points"], None, rows)
    assert set(prior) == {catalogue["points"].effect.orders_points} and not rule.any()


def test_segments_are_those_of_the_contact_and_of_the_scores() -> None:
    kinds = np.array(["enterprise", "individual", None, "unknown"], dtype=object)
    active = np.array([True, False, True, False])
    assert effect_segments(kinds, active).tolist() == ["enterprise_active", "individual_silent", "active", "silent"]
    assert effect_segments(None, active).tolist() == ["active", "silent", "active", "silent"]


@pytest.mark.parametrize("text", ["[]", '{"points": {}}', '{"points": {"evidence": "guess"}}', "no json"])
def test_damaged_beliefs_are_refused(text: str) -> None:
    with pytest.raises(BundleError, match="the measured effects of the bundle cannot be read"):
        measured_effects_from_json(text)


@pytest.mark.slow
def test_the_learner_finds_whom_the_simulated_contact_moves(tables: Tables, company: dict[str, pd.DataFrame]) -> None:
    chosen = feature_set_for(tables)
    with pytest.raises(NotEnoughDataError, match="strategy 'greeting_gift': 0 customers in the smaller arm"):
        contact_rows(tables, "greeting_gift", SETTINGS, COMPANY.end, chosen)
    rows = contact_rows(tables, "regular_contact", SETTINGS, COMPANY.end, chosen)
    encoder = Encoder(chosen).fit(rows.frame)
    features = effect_features(encoder.transform(rows.frame), encoder, least=0.05)
    assert "preferred_channel=phone" in features.columns and "preferred_channel" not in features.columns
    told = DRLearner(UpliftSettings(folds=2)).fit(features, rows.treated, rows.active).predict(features)
    true = company["true_effects"].query("strategy == 'regular_contact'").set_index("customer_id")["true_effect"]
    assert np.corrcoef(told, true.reindex(rows.frame["customer_id"]))[0, 1] > 0.2
    quick = UpliftSettings(folds=2, rounds=25)
    fewer = effect_features(encoder.transform(rows.frame), encoder, least=quick.effect_leaf_share)
    report = evaluate_uplift(fewer, rows.treated, rows.active, settings=quick)
    files = effect_files(tables, load_catalogue(), SETTINGS, COMPANY.end, encoder, learner=quick)
    assert [one.strategy for one in read_individual(files)] == (["regular_contact"] if report.useful else [])


@pytest.mark.slow
def test_an_arm_too_small_to_keep_a_fifth_of_stops_no_training(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = feature_set_for(tables)
    rows = contact_rows(tables, "regular_contact", SETTINGS, COMPANY.end, chosen)
    encoder = Encoder(chosen).fit(rows.frame)
    smaller = int(min(rows.treated.sum(), (~rows.treated).sum()))
    # enough customers in all, too few in four fifths
    monkeypatch.setattr("retention.experiments.uplift.SMALLEST_ARM", smaller)
    quick = UpliftSettings(folds=2, rounds=5)
    with pytest.raises(NotEnoughDataError, match="in the smaller arm are too few for individual effects"):
        features = effect_features(encoder.transform(rows.frame), encoder, least=quick.effect_leaf_share)
        learn_individual("regular_contact", features, rows.treated, rows.active, settings=quick)
    files = effect_files(tables, load_catalogue(), SETTINGS, COMPANY.end, encoder, learner=quick)
    assert read_individual(files) == ()


def randomised(customers: int, moved: float) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray, Encoder]:
    """A comparison in which only those who prefer e-mail are moved; frame, features, arm, outcome, encoder."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(customers)],
            "as_of": pd.Timestamp("2024-01-01"),
            "orders_90d": rng.poisson(2, customers).astype(float),
            "preferred_channel": rng.choice(np.array(["email", "phone", None], dtype=object), customers),
        }
    )
    known = {spec.name: spec for spec in (declared.spec for declared in CATALOGUE.values())}
    encoder = Encoder(FeatureSet((known["orders_90d"], known["preferred_channel"]))).fit(frame)
    treated = rng.random(customers) < 0.5
    effect = np.where(frame["preferred_channel"] == "email", moved, 0.0)
    active = (rng.random(customers) < 0.2 + 0.05 * frame["orders_90d"] + effect * treated).astype(float).to_numpy()
    return frame, effect_features(encoder.transform(frame), encoder, least=0.05), treated, active, encoder


def test_whom_a_strategy_moves_is_kept_with_the_model_and_told_per_customer() -> None:
    frame, features, treated, active, encoder = randomised(6_000, moved=0.3)
    quick = UpliftSettings(folds=2, rounds=25)
    found = learn_individual("points", features, treated, active, settings=quick)
    assert found is not None and 0 < found.slope <= 2
    again = read_individual({FILE: write_individual([found])})
    assert again == (found,)
    table = own_effect_columns(again, encoder, frame)
    assert table is not None
    own, email = table["own_effect_points"], frame["preferred_channel"] == "email"
    assert own[email].mean() > 0.12 and own[~email].mean() < -0.05
    assert abs(own.mean()) < 0.01
    one = own_effect_columns(again, encoder, frame.iloc[[7]])
    assert one is not None and one["own_effect_points"].tolist() == [own[7]]
    frame, features, treated, active, encoder = randomised(4_000, moved=0.0)
    assert learn_individual("points", features, treated, active, settings=quick) is None  # nothing to tell
    assert own_effect_columns((), encoder, frame) is None


def test_own_effects_change_who_gets_a_strategy() -> None:
    scores, catalogue = random_scores(400, seed=2), load_catalogue()
    plain = price_strategies(scores, catalogue, SETTINGS)
    place = catalogue.codes.index("reactivation_offer")
    own = np.where(np.arange(400) % 2 == 0, 0.1, -0.1)
    moved = price_strategies(scores.assign(own_effect_reactivation_offer=own), catalogue, SETTINGS)
    difference = moved.effect[:, place] - plain.effect[:, place]
    inside = (plain.effect[:, place] + own > scores["churn_probability"] - 1) & (
        plain.effect[:, place] + own < scores["churn_probability"]
    )
    assert np.allclose(difference[inside], own[inside]) and inside.mean() > 0.7
    others = np.arange(len(catalogue.codes)) != place
    assert (moved.effect[:, others] == plain.effect[:, others]).all()


@pytest.mark.parametrize(
    "change",
    [
        {"features": ["orders_90d"], "stumps": {"feature": [3]}},
        {"stumps": {"threshold": [0.5, 1.0]}},
        {"slope": "much"},
        {"stumps": None},
    ],
)
def test_damaged_own_effects_are_refused(change: dict[str, object]) -> None:
    steps = {"start": 0.0, "feature": [0], "threshold": [0.5], "below": [0.1], "above": [0.2], "missing_below": [True]}
    whole = {"strategy": "points", "features": ["orders_90d"], "stumps": steps, "mean": 0.1, "slope": 1.0}
    assert len(read_individual({FILE: json.dumps([whole]).encode()})) == 1
    parts = {"stumps": {**steps, **change["stumps"]}} if isinstance(change.get("stumps"), dict) else {}
    with pytest.raises(BundleError, match=r"own_effects\.json of the bundle cannot be read"):
        read_individual({FILE: json.dumps([{**whole, **change, **parts}]).encode()})
