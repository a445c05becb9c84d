"""Declarations are complete in both languages, and the page is what they say."""

from __future__ import annotations

import re

import pytest

from features.catalog import CATALOGUE, FAMILIES
from features.docs import NEEDS, PAGE, UNITS, features_page
from features.sources import available
from features.specs import DRIVERS, FeatureSet, FeatureSpec
from features.tables import TABLES

SPECS = [feature.spec for feature in CATALOGUE.values()]
EVERYTHING = {name: tuple(table.by_name) for name, table in TABLES.items()}

# Other rooms rely on these names.
GUARANTEED = {
    "recency, rhythm": "days_since_last_order overdue_ratio mean_gap_days gap_cv active_months_share",
    "orders": "orders_7d orders_14d orders_30d orders_60d orders_90d orders_180d orders_365d orders_ever",
    "spend": "spend_7d spend_14d spend_30d spend_60d spend_90d spend_180d spend_365d spend_ever",
    "order value": "mean_order_value_365d mean_order_value_ever max_order_value_ever",
    "trend": "orders_trend_90d spend_trend_90d",
    "breadth": "products_ever new_products_90d categories_ever new_categories_90d price_level",
    "returns": "returns_90d returns_365d return_share_ever",
    "scores": "satisfaction_mean_365d satisfaction_trend satisfaction_quality satisfaction_service "
    "satisfaction_logistics low_score_share_365d",
    "complaints": "complaints_30d complaints_90d complaints_365d open_complaints oldest_open_complaint_days "
    "days_since_last_complaint delivery_delay_days",
    "interactions": "contacts_90d days_since_last_contact visits_90d opens_90d clicks_90d carts_90d cart_abandoned_30d",
    "offers": "redemptions_90d discount_share_365d",
    "profile": "customer_type region country industry company_size member_level preferred_channel",
    "tenure": "days_since_first_order acquired_days log_days",
    "calendar": "as_of_season_sin as_of_season_cos orders_same_season_last_year",
}


def test_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == features_page(), "run: python -m features.docs"


def test_page_names_every_feature_once_per_language() -> None:
    page = features_page()
    for name in CATALOGUE:
        assert page.count(f"| `{name}` |") == 2


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_spec_is_complete(spec: FeatureSpec) -> None:
    assert spec.driver in DRIVERS and spec.unit in UNITS and spec.source in TABLES
    assert spec.label_en and not re.search("[一-鿿]", spec.label_en + spec.null_means_en)
    assert re.search("[一-鿿]", spec.label_zh)
    assert bool(spec.null_means_en) == bool(spec.null_means_zh)
    assert spec.label_en[0].islower() and not spec.label_en.endswith(".")
    if spec.window_days and f"{spec.window_days}d" in spec.name:
        assert str(spec.window_days) in spec.label_en and str(spec.window_days) in spec.label_zh


def test_labels_are_distinct() -> None:
    for labels in ([spec.label_en for spec in SPECS], [spec.label_zh for spec in SPECS]):
        assert len(set(labels)) == len(labels)


def test_families_follow_the_order_of_drivers() -> None:
    drivers = list(dict.fromkeys(spec.driver for spec in SPECS))
    assert drivers == [driver for driver in DRIVERS if driver in drivers]
    assert all(family() for family in FAMILIES)


@pytest.mark.parametrize("names", GUARANTEED.values(), ids=GUARANTEED)
def test_guaranteed_names_are_there(names: str) -> None:
    assert [name for name in names.split() if name not in CATALOGUE] == []


def test_needs_can_be_met() -> None:
    offered = available(EVERYTHING)
    for feature in CATALOGUE.values():
        assert feature.needs <= offered, feature.name
        assert all("." in need or need in TABLES or need in NEEDS for need in feature.needs)


def test_a_feature_set_survives_json_and_its_fingerprint_sees_changes() -> None:
    whole = FeatureSet(tuple(SPECS))
    again = FeatureSet.from_json(whole.to_json())
    assert again == whole and again.fingerprint == whole.fingerprint
    assert whole.select(["orders_7d"]).fingerprint != whole.fingerprint
