"""Every dimension: boundaries of every tier, unknown never low, cut-offs that can be told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.errors import BundleError, SettingsError
from configs.settings import LifecycleSettings, ProfileSettings, TierSettings
from retention.explanation.warnings import UNITS
from retention.profile.attributes import attribute, code_of
from retention.profile.attributes import given as given_attribute
from retention.profile.baseline import Baseline
from retention.profile.dimension_values import (
    Reference,
    buying_behaviour,
    lapse,
    line_share,
    loyalty,
    measure_all,
    predicted,
    purchase_frequency,
    rank,
    region,
    satisfaction,
    tenure,
)
from retention.profile.dimensions import (
    ALL,
    DIMENSIONS,
    LEVEL_DIMENSIONS,
    NO_LEVEL,
    Cut,
    check_tier_settings,
    cut_arrays,
    fit_cuts,
    level_cuts,
    level_tiers,
    quantile_cuts,
)
from retention.profile.lifecycle import STAGES
from retention.profile.peers import not_lost
from retention.profile.reference_values import fit_baseline, membership_levels
from retention.profile.tiers import classify, rule_text
from tests.retention.conftest import score_world

AS_OF = pd.Timestamp("2024-01-01")


def rows(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "as_of": [AS_OF] * n, **columns})


# Cut-offs ------------------------------------------------------------------------------------------------------------


def test_boundaries_belong_to_the_higher_tier() -> None:
    low, high = np.full(5, 2.0), np.full(5, 5.0)
    below_low, below_high = np.nextafter(2.0, 0), np.nextafter(5.0, 0)
    found = level_tiers(np.array([below_low, 2.0, below_high, 5.0, np.nan]), low, high)
    assert found.tolist() == ["low", "medium", "medium", "high", "unknown"]


def test_ties_stay_together_and_cut_offs_are_observed_values() -> None:
    orders = np.repeat([1.0, 2.0, 3.0, 10.0], [60, 20, 15, 5])
    low, high = quantile_cuts(orders, (1 / 3, 2 / 3))
    assert (low, high) == (2.0, 3.0)
    tiers = level_tiers(orders, np.full(100, low), np.full(100, high))
    assert {value: set(tiers[orders == value]) for value in (1.0, 2.0, 3.0)} == {
        1.0: {"low"},
        2.0: {"medium"},
        3.0: {"high"},
    }


def test_few_distinct_values() -> None:
    assert quantile_cuts(np.array([np.nan]), (0.3, 0.6)) == (None, None)
    assert quantile_cuts(np.array([4.0, 4.0]), (0.3, 0.6)) == (4.0, None)
    assert quantile_cuts(np.array([1.0, 4.0]), (0.3, 0.6)) == (4.0, 4.0)
    # nobody is low or high where nothing tells customers apart
    assert level_tiers(np.array([4.0]), np.array([4.0]), np.array([np.inf])).tolist() == ["medium"]
    assert level_tiers(np.array([4.0]), np.array([np.inf]), np.array([np.inf])).tolist() == ["unknown"]


def test_a_handful_of_customers_is_no_distribution() -> None:
    """Two customers are not a company: no cut-off is taken from them, so nobody is high or low among them."""
    types = np.full(9, "unknown", dtype=object)
    few = fit_cuts("purchase_frequency", np.arange(9.0), types, {})
    assert (few["all"].low_below, few["all"].high_from) == (None, None)
    enough = fit_cuts("purchase_frequency", np.arange(10.0), np.full(10, "unknown", dtype=object), {})
    assert enough["all"].low_below is not None and enough["all"].high_from is not None
    fixed = fit_cuts("purchase_frequency", np.arange(9.0), types, {"purchase_frequency": TierSettings(high_from=5)})
    assert fixed["all"].high_from == 5


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=80), st.floats(0.05, 0.45), st.floats(0.55, 0.95))
@settings(max_examples=80, deadline=None)
def test_cut_offs_are_ordered_and_share_out_customers(values: list[float], first: float, second: float) -> None:
    array = np.array(values)
    low, high = quantile_cuts(array, (first, second))
    assert low is not None and low in array
    if high is None:
        assert len(set(values)) == 1
        return
    assert low <= high and high in array
    if len(set(values)) >= 3:
        assert low < high
        # no other pair of boundaries between distinct values is nearer to the low quantile by more than a neighbour
        assert (array < low).any() and (array >= high).any()


def test_cut_offs_per_customer_type_need_enough_customers() -> None:
    values = np.concatenate([np.arange(100.0), 1000 + np.arange(60.0), [5000.0] * 10])
    types = np.array(["individual"] * 100 + ["enterprise"] * 60 + ["unknown"] * 10, dtype=object)
    found = fit_cuts("overall_value", values, types, {})
    assert set(found) == {ALL, "individual", "enterprise"}
    assert found["individual"].high_from is not None and found["individual"].high_from < 100
    assert found["enterprise"].low_below is not None and found["enterprise"].low_below > 1000
    low, _ = cut_arrays(found, types)
    assert low[0] == found["individual"].low_below and low[-1] == found[ALL].low_below
    few = fit_cuts("overall_value", values[:140], types[:140], {})
    assert set(few) == {ALL, "individual"}
    together = fit_cuts("overall_value", values, types, {"overall_value": TierSettings(per_customer_type=False)})
    assert set(together) == {ALL}


def test_fixed_cut_offs_win() -> None:
    chosen = {"churn_risk": TierSettings(low_below=0.3, high_from=0.6)}
    cut = fit_cuts("churn_risk", np.linspace(0, 1, 100), np.full(100, "unknown", object), chosen)[ALL]
    assert (cut.low_below, cut.high_from, cut.source) == (0.3, 0.6, "fixed")
    half = {"churn_risk": TierSettings(high_from=0.9)}
    cut = fit_cuts("churn_risk", np.linspace(0, 1, 100), np.full(100, "unknown", object), half)[ALL]
    assert cut.high_from == 0.9 and cut.source == "quantile"


def test_churn_risk_is_high_where_it_is_clearly_above_the_company_s_own_level() -> None:
    rng = np.random.default_rng(3)
    types = np.full(1_000, "unknown", object)
    shares = {}
    for name, level in (("loyal", 0.04), ("usual", 0.3), ("leaving", 0.7)):
        risk = rng.beta(2 * level, 2 * (1 - level), 1_000)
        cut = fit_cuts("churn_risk", risk, types, {})[ALL]
        assert cut.source == "level" and cut.level == pytest.approx(risk.mean()) and cut.customers == 1_000
        assert (cut.low_below, cut.high_from) == level_cuts(float(risk.mean()))
        shares[name] = float((risk >= cut.high_from).mean())
    # where nobody leaves few are at high risk, where most leave still not most are
    assert shares["loyal"] < 0.1 < shares["usual"] < 0.4 and shares["leaving"] < 0.55


def test_the_level_is_that_of_customers_who_can_still_be_lost() -> None:
    risk = np.r_[np.full(100, 0.2), np.full(900, 0.99)]
    types = np.full(1_000, "unknown", object)
    counted = np.arange(1_000) < 100
    assert fit_cuts("churn_risk", risk, types, {}, counted)[ALL].level == pytest.approx(0.2)
    assert fit_cuts("churn_risk", risk, types, {})[ALL].level == pytest.approx(0.911)
    frame = pd.DataFrame(
        {
            "orders_ever": [5.0, 5.0, 0.0, 1.0],
            "mean_gap_days": [10.0, 10.0, np.nan, np.nan],
            "order_days_ever": [5.0, 5.0, 0.0, 1.0],
            "days_since_last_order": [30.0, 61.0, np.nan, 100.0],
        }
    )
    assert not_lost(frame, 10.0, LifecycleSettings()).tolist() == [True, False, False, False]


def test_without_a_level_the_written_cut_offs_hold_and_fixed_ones_always() -> None:
    few = fit_cuts("churn_risk", np.array([0.9]), np.array(["unknown"], object), {})[ALL]
    assert (few.low_below, few.high_from, few.source) == (*NO_LEVEL, "default")
    chosen = {"churn_risk": TierSettings(by="level", low_below=0.2, high_from=0.5)}
    fixed = fit_cuts("churn_risk", np.linspace(0, 1, 100), np.full(100, "unknown", object), chosen)[ALL]
    assert (fixed.low_below, fixed.high_from, fixed.source) == (0.2, 0.5, "fixed")
    with pytest.raises(SettingsError, match="by level is for a probability"):
        check_tier_settings({"loyalty": TierSettings(by="level")})


def test_satisfaction_has_absolute_cut_offs_by_default() -> None:
    content = fit_cuts("satisfaction", np.full(100, 95.0), np.full(100, "unknown", object), {})[ALL]
    assert (content.low_below, content.high_from, content.source) == (60.0, 80.0, "default")


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        (
            {"churnrisk": TierSettings()},
            "retention.tiers names 'churnrisk', which has no cut-offs; use",
        ),
        (
            {"loyalty": TierSettings(low_below=5, high_from=4)},
            "loyalty: low_below 5 is above high_from 4",
        ),
        ({"loyalty": TierSettings(quantiles=(0.6, 0.3))}, "retention.tiers.loyalty: quantiles .* are not ascending"),
    ],
)
def test_wrong_tier_settings_are_refused(tiers: dict[str, TierSettings], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        check_tier_settings(tiers)


# Numbers -------------------------------------------------------------------------------------------------------------


def test_rank_shares_the_middle_among_ties() -> None:
    grid = [0.0] * 51 + [float(value) for value in range(1, 51)]
    found = rank(np.array([0.0, 50.0, -1.0, 99.0, np.nan]), grid)
    np.testing.assert_allclose(found, [25.0, 100.0, 25.0, 100.0, np.nan])
    assert np.isnan(rank(np.array([1.0]), None)).all()


def test_purchase_frequency_is_a_yearly_rate_over_known_time() -> None:
    frame = rows(
        orders_ever=[4.0, 1.0, 0.0, 6.0],
        orders_365d=[4.0, 1.0, 0.0, 3.0],
        days_since_first_order=[365.0, 10.0, np.nan, 900.0],
    )
    found = purchase_frequency(frame)
    np.testing.assert_allclose(found.value.astype(float), [4.0, 1.0, np.nan, 3.0]), "one order is no rate"
    assert found.evidence.tolist() == ["strong", "weak", "none", "strong"]


def test_those_long_gone_are_neither_loyal_nor_regular() -> None:
    frame = rows(
        orders_ever=[20.0, 20.0],
        days_since_first_order=[700.0, 700.0],
        days_since_last_order=[20.0, 300.0],
        mean_gap_days=[30.0, 30.0],
        gap_cv=[0.3, 0.3],
        active_months_share=[0.9, 0.9],
    )
    assert lapse(frame).tolist() == [1.0, pytest.approx(0.2)]
    assert buying_behaviour(frame).tier.tolist() == ["regular", "occasional"]  # type: ignore[union-attr]
    reference = Reference(ranks={"days_since_first_order": [0.0, 1000.0]})
    near, gone = loyalty(frame, reference).value.tolist()
    assert gone == pytest.approx(0.2 * near)


def test_hardly_a_return_says_nothing_of_satisfaction() -> None:
    frame = rows(orders_ever=[5.0, 5.0, 5.0], return_share_ever=[0.01, 0.2, 0.0], delivery_delay_days=[0.0, 0.0, 0.1])
    assert satisfaction(frame, Reference()).evidence.tolist() == ["none", "weak", "none"]


def test_a_prospect_is_no_existing_customer() -> None:
    frame = rows(orders_ever=[0.0, 1.0], days_since_first_order=[np.nan, 400.0], acquired_days=[900.0, 900.0])
    found = tenure(frame, Reference())
    assert found.tier.tolist() == ["unknown", "existing"]  # type: ignore[union-attr]
    assert found.evidence.tolist() == ["none", "strong"]


@pytest.mark.parametrize(
    ("row", "value", "evidence"),
    [
        ({}, np.nan, "none"),
        ({"satisfaction_mean_365d": 0.9}, 90.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "complaints_90d": 1.0}, 80.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "complaints_90d": 9.0}, 60.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "open_complaints": 2.0}, 75.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "return_share_ever": 0.5}, 80.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "delivery_delay_days": 4.0}, 86.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "delivery_delay_days": 40.0}, 80.0, "strong"),
        ({"satisfaction_mean_365d": 0.9, "delivery_delay_days": -4.0}, 90.0, "strong"),
        ({"satisfaction_mean_365d": 0.1, "complaints_90d": 3.0, "open_complaints": 1.0}, 0.0, "strong"),
        ({"complaints_90d": 1.0}, 60.0, "weak"),
        ({"return_share_ever": 1.0}, 50.0, "weak"),
        ({"complaints_365d": 0.0, "return_share_ever": 0.0, "delivery_delay_days": -3.0}, np.nan, "none"),
    ],
)
def test_satisfaction_follows_the_written_rule(row: dict[str, float], value: float, evidence: str) -> None:
    found = satisfaction(
        rows(**{name: [given] for name, given in row.items()} or {"x": [0.0]}), Reference(satisfaction=70.0)
    )
    np.testing.assert_allclose(found.value.astype(float), [value], atol=1e-9)
    assert found.evidence.tolist() == [evidence]


@pytest.mark.parametrize(
    ("orders", "variation", "share", "tier"),
    [
        (0.0, np.nan, np.nan, "never"),
        (1.0, np.nan, 1.0, "occasional"),
        (2.0, 0.1, 1.0, "occasional"),
        (3.0, 1.0, 0.1, "regular"),
        (3.0, 1.01, 0.49, "occasional"),
        (3.0, 1.01, 0.5, "regular"),
        (np.nan, np.nan, np.nan, "unknown"),
    ],
)
def test_buying_behaviour(orders: float, variation: float, share: float, tier: str) -> None:
    found = buying_behaviour(rows(orders_ever=[orders], gap_cv=[variation], active_months_share=[share]))
    assert found.tier is not None and found.tier.tolist() == [tier]


def test_new_until_the_day_in_the_settings() -> None:
    found = tenure(
        rows(days_since_first_order=[89.9, 90.0, np.nan, np.nan], acquired_days=[np.nan, 5, 10, np.nan]), Reference()
    )
    assert found.tier is not None
    assert found.tier.tolist() == ["new", "existing", "new", "unknown"]
    assert found.evidence.tolist() == ["strong", "strong", "weak", "none"]


def test_region_against_home() -> None:
    frame = rows(country=["CN", "CN", "DE", None, None], region=["Shanghai", "Beijing", "Berlin", "shanghai", None])
    found = region(frame, None, Reference(home_country="CN", home_region="Shanghai"))
    assert found.tier is not None
    assert found.tier.tolist() == ["local", "domestic", "international", "local", "unknown"]
    assert found.evidence.tolist() == ["strong", "strong", "strong", "strong", "none"]
    nowhere = region(frame, None, Reference())
    assert nowhere.tier is not None and set(nowhere.tier.tolist()) == {"unknown"}
    no_region = region(frame, None, Reference(home_country="cn"))
    assert no_region.evidence.tolist()[:2] == ["weak", "weak"]


def test_home_country_is_found_where_most_customers_are() -> None:
    frame = rows(country=["UK", "UK", "FR", None], orders_ever=[1.0, 1, 1, 1])
    assert Reference.fit(frame, None, ProfileSettings(), 90).home_country == "UK"
    assert Reference.fit(frame, None, ProfileSettings(home_country="FR"), 90).home_country == "FR"
    spread = rows(country=["UK", "DE", "FR", "IT"], orders_ever=[1.0, 1, 1, 1])
    assert Reference.fit(spread, None, ProfileSettings(), 90).home_country is None


def test_attributes_become_codes_and_the_customers_table_wins() -> None:
    frame = rows(preferred_channel=["Wechat", "  ", None, "pigeon"])
    profile = pd.DataFrame({"customer_id": ["c3", "c2"], "preferred_channel": ["短信", None]})
    assert attribute(frame, profile, "preferred_channel").tolist() == ["Wechat", None, None, "短信"]
    found = given_attribute(frame, profile, "preferred_channel")
    assert found.tier is not None and found.tier.tolist() == ["social", "unknown", "unknown", "sms"]
    assert found.evidence.tolist() == ["strong", "none", "none", "strong"]
    assert code_of("industry", np.array(["制造业", "Mining"], object)).tolist() == ["manufacturing", "mining"]
    assert attribute(rows(country=["Unspecified", "n/a", "DE"]), None, "country").tolist() == [None, None, "DE"]


def test_predictions_keep_their_grade_and_an_average_is_no_evidence() -> None:
    frame = rows(orders_ever=[5.0, 0.0, 3.0, 4.0])
    predictions = pd.DataFrame(
        {"lifetime_value": [10.0, 10.0, np.nan, 7.0], "evidence": ["strong", "none", "none", "none"]}
    )
    found = predicted(frame, predictions, "lifetime_value", fallback=np.array([1.0, 2.0, 3.0, 4.0]))
    # the second never ordered; the third falls back on recent spend; the fourth is answered by a rule
    np.testing.assert_allclose(found.value.astype(float), [10.0, np.nan, 3.0, 7.0])
    assert found.evidence.tolist() == ["strong", "none", "weak", "weak"]


def test_product_line_from_lines_or_features() -> None:
    frame = rows(premium_share_365d=[0.5, 0.49, np.nan])
    found = line_share(frame, None, "premium", "premium", "mass")
    assert found.tier is not None and found.tier.tolist() == ["premium", "mass", "unknown"]
    lines = pd.DataFrame({"customer_id": ["c2"], "premium_share": [0.8], "premium_share_flagged": [0.0]})
    found = line_share(frame, lines, "premium", "premium", "mass")
    assert found.tier is not None and found.tier.tolist() == ["premium", "mass", "premium"]
    assert found.evidence.tolist() == ["strong", "strong", "weak"]


# The whole -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baseline(world) -> Baseline:  # type: ignore[no-untyped-def]
    return fit_baseline(world.frame, world.predictions, world.feature_set, world.settings, profile=world.profile)


def test_unknown_is_never_low(world, baseline) -> None:  # type: ignore[no-untyped-def]
    measured = measure_all(world.frame, world.predictions, baseline.reference, profile=world.profile)
    table = classify(measured, baseline)
    for code in DIMENSIONS:
        nothing = table[f"{code}_evidence"] == "none"
        assert set(table.loc[nothing, f"{code}_tier"]) <= {"unknown", "never"}, code
        if DIMENSIONS[code].kind == "level":
            assert (table[f"{code}_tier"] == "unknown").equals(table[code].isna())
            assert set(table[f"{code}_tier"]) <= {"low", "medium", "high", "unknown"}
    never = world.frame["orders_ever"] == 0
    assert set(table.loc[never, "churn_risk_tier"]) == {"unknown"}
    assert set(table.loc[never, "purchasing_power_tier"]) == {"unknown"}


def test_every_level_dimension_has_all_three_tiers(world, baseline) -> None:  # type: ignore[no-untyped-def]
    table = classify(measure_all(world.frame, world.predictions, baseline.reference), baseline)
    for code in LEVEL_DIMENSIONS:
        assert {"low", "medium", "high"} <= set(table[f"{code}_tier"]), code


def test_the_tier_is_what_the_cut_offs_in_the_row_say(world, baseline) -> None:  # type: ignore[no-untyped-def]
    table = classify(measure_all(world.frame, world.predictions, baseline.reference), baseline)
    for code in LEVEL_DIMENSIONS:
        for value, tier, low, high in zip(
            table[code], table[f"{code}_tier"], table[f"{code}_low_below"], table[f"{code}_high_from"], strict=True
        ):
            expected = "unknown" if np.isnan(value) else "high" if value >= high else "low" if value < low else "medium"
            assert tier == expected


def test_a_chosen_measure_replaces_the_number(world) -> None:  # type: ignore[no-untyped-def]
    tiers = {"purchasing_power": TierSettings(measure="spend_365d", low_below=100.0, high_from=1000.0)}
    retention = world.settings.retention.model_copy(update={"tiers": tiers})
    own = world.settings.model_copy(update={"retention": retention})
    fitted = fit_baseline(world.frame, world.predictions, world.feature_set, own)
    scores = score_world(replace(world, settings=own), fitted)
    np.testing.assert_allclose(scores["purchasing_power"], world.frame["spend_365d"])
    row = scores[scores["purchasing_power_tier"] == "high"].iloc[0]
    assert "at least CN¥1,000" in rule_text("purchasing_power", row, fitted, "en", "CNY")


def test_the_baseline_survives_json(baseline) -> None:  # type: ignore[no-untyped-def]
    assert Baseline.from_json(baseline.to_json()) == baseline
    assert Baseline.from_json(baseline.to_json()).to_json() == baseline.to_json()
    with pytest.raises(BundleError, match="format 99"):
        Baseline.from_json('{"format": 99}')
    with pytest.raises(BundleError, match="cannot be read"):
        Baseline.from_json("[]")
    with pytest.raises(BundleError, match="cannot be read"):
        Baseline.from_json("{")


def test_default_levels_are_round_numbers_that_few_reach(world) -> None:  # type: ignore[no-untyped-def]
    levels = membership_levels(world.frame, {})
    assert list(levels) == ["ordinary", "silver", "gold"]
    assert levels["silver"]["spend"] < levels["gold"]["spend"]
    for needs in levels.values():
        spend = needs.get("spend", 0.0)
        assert float(f"{spend:.2g}") == spend
    own = membership_levels(world.frame, {"bronze": {"orders": 2}, "platinum": {"orders": 9, "spend": 100}})
    assert list(own) == ["ordinary", "bronze", "platinum"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_rule_behind_every_tier_can_be_told(world, baseline, lang) -> None:  # type: ignore[no-untyped-def]
    scores = score_world(world, baseline)
    seen = set()
    for _, row in scores.iterrows():
        for code in DIMENSIONS:
            told = rule_text(code, row, baseline, lang, "CNY")
            assert told and "{" not in told and "None" not in told
            seen.add((code, row[f"{code}_tier"]))
    assert {("churn_risk", "high"), ("tenure", "existing"), ("region", "local"), ("satisfaction", "unknown")} <= seen


def test_the_rule_names_number_and_cut_offs(world) -> None:  # type: ignore[no-untyped-def]
    cuts = {ALL: Cut(0.3, 0.6, "fixed", ALL, (1 / 3, 2 / 3), 100)}
    base = fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)
    base = Baseline(**{**base.__dict__, "cuts": {**base.cuts, "churn_risk": cuts}})
    row = {"churn_risk": 0.72, "churn_risk_tier": "high", "customer_type_tier": "individual"}
    assert rule_text("churn_risk", row, base, "en") == (
        "Churn risk is high: 72% is at least 60% (low below 30%; cut-offs fixed in the settings)"
    )
    assert rule_text("churn_risk", row, base, "zh") == "流失风险为高：72%，不低于60%（低于30%为低；设置中的固定分界）"
    own = {ALL: Cut(0.33, 0.67, "level", ALL, (1 / 3, 2 / 3), 100, 0.5)}
    base = Baseline(**{**base.__dict__, "cuts": {**base.cuts, "churn_risk": own}})
    assert rule_text("churn_risk", row, base, "en") == (
        "Churn risk is high: 72% is at least 67% (low below 33%; 50% is usual of this company's customers)"
    )
    assert rule_text("churn_risk", row, base, "zh") == "流失风险为高：72%，不低于67%（低于33%为低；本公司客户平均50%）"


def test_the_documentation_names_every_dimension_tier_and_sign() -> None:
    told = (Path(__file__).parents[2] / "docs" / "dimensions.md").read_text(encoding="utf-8")
    for code, dimension in DIMENSIONS.items():
        line = next(line for line in told.splitlines() if line.startswith(f"| `{code}` |"))
        assert all(tier in line for tier in dimension.tiers), code
    for name in (*STAGES, *UNITS):
        assert f"| `{name}` |" in told
