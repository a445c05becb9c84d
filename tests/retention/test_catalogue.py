from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from configs.errors import SettingsError
from configs.settings import DataSettings, RetentionSettings, Settings, SourceSettings
from retention.strategies.catalogue import DEFAULT, load_catalogue, read_catalogue
from retention.strategies.catalogue_entries import PLACEHOLDERS, TEXT_LIMIT, Strategy, placeholders
from retention.strategies.strategy_texts import UNITS

ROWS: dict[str, tuple[str, ...]] = {
    "purchasing_power.high": ("bespoke_products", "dedicated_adviser", "exclusive_products_and_discounts"),
    "purchasing_power.medium": ("promotion", "instalments", "value_for_money_line"),
    "purchasing_power.low": ("economy_line", "batch_marketing", "automated_service"),
    "purchase_frequency.high": (
        "points",
        "membership",
        "priority_after_sales",
        "recommendations",
        "fast_delivery_and_reorder",
    ),
    "purchase_frequency.medium": ("limited_time_discount", "bundle"),
    "purchase_frequency.low": ("expert_advice", "trial", "periodic_promotion", "greeting_with_gift"),
    "purchase_potential.high": ("tailored_offer", "exclusive_offer", "long_term_partnership"),
    "purchase_potential.medium": ("trial", "discount_incentive", "steady_follow_up"),
    "purchase_potential.low": ("basic_service",),
    "satisfaction.high": ("personal_service", "priority_handling", "referral"),
    "satisfaction.medium": ("ask_feedback", "improve_topic"),
    "satisfaction.low": ("return_or_exchange", "compensation", "complaint_follow_up"),
    "loyalty.high": ("tailored_service", "priority_rights", "loyalty_rewards"),
    "loyalty.medium": ("points_event", "member_event"),
    "loyalty.low": ("trial", "discount"),
    "churn_risk.high": ("owner_contact", "service_quality_fix", "reactivation_offer"),
    "churn_risk.medium": ("regular_contact", "offer", "event"),
    "churn_risk.low": ("basic_service",),
    "stage.lost": ("find_reason", "contact", "offer", "reactivation", "stop_after_cap"),
    "stage.prospect": ("advertising_audience", "first_purchase_incentive"),
    "stage.first_time": ("onboarding", "coupon_and_gift"),
    "stage.repeat": ("membership", "points", "personal_offers"),
    "stage.loyal": ("programme", "personal_service", "continuous_contact"),
    "overall_value.high": (
        "dedicated_account_manager",
        "vip_products",
        "priority",
        "scheduled_visit",
        "joint_growth_plan",
    ),
    "overall_value.medium": ("frequency_and_order_value_campaign",),
    "overall_value.low": ("batch_marketing", "automation", "cost_control"),
    "customer_type.enterprise": (
        "professional_solution",
        "customisation",
        "long_term_relationship",
        "technical_data_for_manufacturing",
        "service_quality_for_services",
    ),
    "customer_type.individual": ("personal_recommendation", "instant_response"),
    "company_size.large": ("customised_solution",),
    "company_size.medium": ("standard_plan",),
    "company_size.small": ("price_led_plan",),
    "tenure.new": ("onboarding", "product_training", "first_purchase_help"),
    "tenure.existing": ("membership", "points_redemption", "exclusive_discount"),
    "region.local": ("offline_event", "store_service"),
    "region.domestic": ("e_commerce", "courier_convenience"),
    "region.international": ("platform", "logistics", "language_and_payment"),
    "product_line.premium": ("bespoke", "exclusive_service"),
    "product_line.mass": ("value_for_money", "scale"),
    "product_role.main": ("deepen_share_and_loyalty",),
    "product_role.auxiliary": ("cross_sell", "bundle"),
    "falling_use": ("product_training", "industry_knowledge"),
    "preferred_channel": ("same_message",),
    "points": ("expiry_reminder",),
    "referrals": ("thanks",),
    "interests": ("recommendation",),
    "search": ("follow_up",),
}
"""What the business side is owed: every row of the requirement with its strategies."""


def settings_with(**retention: Any) -> Settings:
    return Settings(
        data=DataSettings(transactions=SourceSettings(path=Path("orders.parquet"))),
        retention=RetentionSettings(**retention),
    )


def broken(tmp_path: Path, change: dict[str, Any], *, place: int = 0) -> Path:
    raw = small()
    raw["strategies"][place].update(change)
    path = tmp_path / "own.yaml"
    path.write_text(json.dumps(raw), encoding="utf-8")  # JSON is YAML, and quicker to write
    return path


def small() -> dict[str, Any]:
    """The catalogue with its first four strategies."""
    raw = yaml.load(DEFAULT.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {**raw, "strategies": raw["strategies"][:4], "sequences": []}


def test_every_row_and_item_of_the_requirement_is_served() -> None:
    owed = {f"{row}.{item}" for row, items in ROWS.items() for item in items}
    served = {key for strategy in load_catalogue().strategies for key in strategy.serves}
    assert served == owed


def test_texts_are_complete_short_and_alike_in_both_languages() -> None:
    catalogue = load_catalogue()
    texts = [
        *(text for item in catalogue.strategies for text in (item.name, item.description, item.why)),
        *(veto.text for veto in catalogue.vetoes),
        *(channel.name for channel in catalogue.channels.values()),
        *catalogue.phrases.values(),
    ]
    assert len(texts) > 290
    for text in texts:
        assert placeholders(text.en) == placeholders(text.zh), text
        assert max(len(text.en), len(text.zh)) <= TEXT_LIMIT, text
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh) or text.zh.isascii(), text
        assert text.en.isascii() or "“" in text.en, text
    names = [strategy.name.en for strategy in catalogue.strategies]
    assert len(set(names)) == len(names)
    assert len({strategy.name.zh for strategy in catalogue.strategies}) == len(names)


def test_every_field_and_figure_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
    fields = {name for name in Strategy.model_fields if name != "code"}
    assert [name for name in fields if f"`{name}`" not in page] == []
    assert [name for name in PLACEHOLDERS if f"`{{{name}}}`" not in page] == []
    assert f"holds {len(load_catalogue().codes)} strategies" in page


def test_every_placeholder_has_a_unit() -> None:
    assert UNITS.keys() == PLACEHOLDERS.keys()


def test_discounts_are_promotions_and_priors_are_rules() -> None:
    for strategy in load_catalogue().strategies:
        assert strategy.promotion or strategy.discount == 0, strategy.code
        assert strategy.effect.evidence == "rule", strategy.code
        assert 0 < strategy.effect.orders_points + strategy.effect.spend_uplift < 0.2, strategy.code


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "magic"}, "own.yaml, strategy bespoke_products, kind:"),
        ({"colour": "red"}, "own.yaml, strategy bespoke_products, colour: is not a known field; remove it"),
        ({"neverwhen": "x"}, "bespoke_products, neverwhen: is not a known field; did you mean 'never_when'"),
        ({"effect": {"orders_point": 1}}, "effect.orders_point: is not a known field; did you mean 'orders_points'"),
        (
            {"cost": -1},
            "own.yaml, strategy bespoke_products, cost: input should be greater than or equal to 0 (given: -1)",
        ),
        (
            {"when": {"churn_risk_teir": "high"}},
            "when: 'churn_risk_teir' is not a known column; did you mean 'churn_risk_tier'",
        ),
        ({"when": {"stage": "gone"}}, "strategy bespoke_products, when: 'stage' is never 'gone'; use one of"),
        ({"when": {"headroom": "many"}}, "'headroom: many' is not a comparison with a number; write a number"),
        ({"why": {"en": "{churn}", "zh": "无"}}, "why: placeholders differ between en (churn) and zh ()"),
        ({"why": {"en": "{shoe}", "zh": "{shoe}"}}, "placeholder 'shoe' is not one of"),
        ({"why": {"en": "{churn", "zh": "{churn"}}, "why: a brace is open or doubled"),
        ({"name": {"en": "x" * 121, "zh": "名"}}, "name.en: string should have at most 120 characters"),
        ({"drivers": ["weather"]}, "drivers: driver 'weather' is not one of recency"),
        ({"discount": 0.1}, "a strategy with a discount is a promotion; set promotion to true"),
        (
            {"promotion": True, "discount": 0.1, "when": {"any": [{"stage": "repeat"}, {"age": "> 60"}]}},
            "strategy bespoke_products: a promotion asks for age; no price may depend on age or gender; choose its",
        ),
        ({"kind": "offer"}, "an offer is a promotion; set promotion to true, or kind to what it is otherwise"),
        ({"promotion": True, "cost": 0}, "a promotion gives something away; set discount (share of an order) or cost"),
        ({"due": "always"}, "bespoke_products, due: input should be 'stage' or 'kind'"),
        ({"code": "dedicated_adviser"}, "strategy dedicated_adviser, code: used twice; give one of them another code"),
    ],
)
def test_a_broken_entry_is_one_sentence_with_place_and_remedy(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_catalogue(broken(tmp_path, change))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_file_yaml_error_and_missing_parts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        read_catalogue(tmp_path / "none.yaml")
    path = tmp_path / "own.yaml"
    path.write_text("a: [1\nb: 2", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"own\.yaml, line 2 is not valid YAML"):
        read_catalogue(path)
    raw = small()
    for part, message in (
        ({"vetoes": raw["vetoes"][1:]}, "veto 'no_consent' is missing"),
        ({"phrases": {}}, "phrase 'answers' is missing"),
        ({"channels": {}}, "channel 'email' is missing"),
        ({"version": 2}, "version: input should be 1"),
    ):
        path.write_text(json.dumps({**raw, **part}), encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            read_catalogue(path)
        assert message in str(caught.value)


def test_a_mistake_is_told_in_chinese_alone(tmp_path: Path) -> None:
    for change in ({"discount": 0.1}, {"why": {"en": "{churn}", "zh": "无"}}, {"drivers": ["weather"]}):
        with pytest.raises(SettingsError) as caught:
            read_catalogue(broken(tmp_path, change))
        said = "".join(caught.value.said("zh"))
        assert not re.search(r"[a-z]{3,} [a-z]+ [a-z]+", said), said


def test_a_sequence_names_strategies_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    chain = [{"code": "win_back", "when": {"stage": "lost"}, "steps": [{"strategy": "win_back_ofer"}]}]
    path.write_text(json.dumps({**small(), "sequences": chain}), encoding="utf-8")
    with pytest.raises(
        SettingsError, match="sequence 'win_back' names the strategy 'win_back_ofer', which is not there"
    ):
        read_catalogue(path)
    chain[0]["when"] = {"stage": "gone"}
    chain[0]["steps"] = [{"strategy": "bespoke_products"}]
    path.write_text(json.dumps({**small(), "sequences": chain}), encoding="utf-8")
    with pytest.raises(SettingsError, match="sequence win_back, when: 'stage' is never 'gone'"):
        read_catalogue(path)


def test_a_price_cut_is_called_one() -> None:
    """A strategy that is no promotion, and so is not kept from customers at low risk, speaks of no price cut."""
    cut = re.compile(r"discount|coupon|price cut|cheaper|reduced price|own price|折扣|优惠券|降价|特价|专享价|立减")
    excused = {"points_redemption"}  # "without a price cut"
    for strategy in load_catalogue().strategies:
        texts = (strategy.name, strategy.description, strategy.why)
        spoken = " ".join(one for text in texts for one in (text.en.lower(), text.zh))
        if not strategy.promotion and strategy.code not in excused:
            assert not cut.search(spoken.replace("without a discount", "")), (strategy.code, spoken)


def test_own_file_and_strategies_switched_off(tmp_path: Path) -> None:
    path = broken(tmp_path, {"cost": 99})
    own = settings_with(strategies=path, strategies_off=("dedicated_adviser",))
    catalogue = load_catalogue(own)
    assert catalogue["bespoke_products"].cost == 99
    assert catalogue.codes == ["bespoke_products", "exclusive_products", "exclusive_discount_top"]
    with pytest.raises(SettingsError, match=r"names 'pionts', which is not in strategies\.yaml"):
        load_catalogue(settings_with(strategies_off=("pionts",)))
