"""Texts are complete in both languages, formatted as the language wants, and never too long."""

from __future__ import annotations

import string
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.catalogue import LANGUAGES, Lang
from features.catalog import CATALOGUE
from features.specs import DRIVERS
from models.evidence import REASONS
from retention.explanation.warnings import UNITS
from retention.profile.dimensions import DIMENSIONS
from retention.profile.lifecycle import STAGES
from retention.wording import (
    MAX_LENGTH,
    driver_name,
    evidence_reason,
    feature_unit,
    format_date,
    format_dates,
    format_value,
    format_values,
    note,
    text,
    texts,
)

TARGETS = ("churn", "spend", "lifetime")
UP: dict[Lang, dict[str, str]] = {
    "en": {"churn": "raises", "spend": "+", "lifetime": "+"},
    "zh": {"churn": "升高", "spend": "增加", "lifetime": "增加"},
}
SPECS = [declared.spec for declared in CATALOGUE.values()]


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    """Every text of a nested mapping by its path; lists by position."""
    if isinstance(value, dict):
        return {key: leaf for name, item in value.items() for key, leaf in leaves(item, (*path, str(name))).items()}
    if isinstance(value, list):
        return {(*path, str(i)): str(item) for i, item in enumerate(value)}
    return {path: str(value)}


def fields(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    en, zh = leaves(texts("en")), leaves(texts("zh"))
    assert en.keys() == zh.keys()
    differ = [path for path in en if fields(en[path]) != fields(zh[path])]
    assert differ == []
    assert all(leaf.strip() for leaf in [*en.values(), *zh.values()])


def test_texts_are_in_their_language() -> None:
    def chinese(value: str) -> bool:
        return any("\u4e00" <= letter <= "\u9fff" for letter in value)

    assert [path for path, leaf in leaves(texts("en")).items() if chinese(leaf)] == []
    plain = [path for path, leaf in leaves(texts("zh")).items() if path[0] != "format" and not chinese(leaf)]
    assert plain == []


def test_fixed_texts_are_short() -> None:
    for lang in LANGUAGES:
        long = [path for path, leaf in leaves(texts(lang)).items() if len(leaf) > MAX_LENGTH]
        assert long == []


def test_every_tier_stage_sign_and_driver_has_a_name() -> None:
    for lang in LANGUAGES:
        tiers = {tier for dimension in DIMENSIONS.values() for tier in dimension.tiers} | {"unknown"}
        assert tiers <= texts(lang)["tiers"].keys()
        assert set(STAGES) <= texts(lang)["tiers"].keys()
        assert set(STAGES) <= texts(lang)["stage_rules"].keys()
        assert texts(lang)["signs"].keys() == UNITS.keys()
        assert UNITS.keys() <= texts(lang)["warning"].keys()
        assert DIMENSIONS.keys() <= texts(lang)["dimensions"].keys()
        assert all(driver_name(code, lang) for code in DRIVERS)
        assert {code for code in REASONS if code and not evidence_reason(code, lang)} == set()
    assert evidence_reason("of_another_version", "zh") == "of_another_version"


def test_the_note_is_there_in_both_languages() -> None:
    assert "not proof of a cause" in note("en")
    assert "因果" in note("zh")


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (0.0523, "points", "5.2 points", "5.2个百分点"),
        (0.01, "points", "1.0 points", "1.0个百分点"),
        (12345.678, "money", "CN¥12,346", "¥12,346"),
        (45.5, "money", "CN¥45.50", "¥45.50"),
        (-45.5, "money", "-CN¥45.50", "-¥45.50"),
        (1.5e9, "orders", "1.5B", "15亿单"),
        (1.0, "days", "1 day", "1天"),
        (3.0, "days", "3 days", "3天"),
        (3.14159, "days", "3.1 days", "3.1天"),
        (365.4, "days", "365 days", "365天"),
        (0.314, "share", "31%", "31%"),
        (0.0314, "share", "3.1%", "3.1%"),
        (0.0, "share", "0%", "0%"),
        (0.82, "score", "82/100", "82分"),
        (1.75, "ratio", "1.8 times", "1.8倍"),
        (1.0, "flag", "yes", "是"),
        (0.0, "flag", "no", "否"),
        ("gold", "code", "gold", "金卡"),
        ("Kyoto", "code", "Kyoto", "Kyoto"),
        (float("nan"), "days", "unknown", "未知"),
        (None, "code", "unknown", "未知"),
        (-1.0, "change", "down to nothing", "降为零"),
        (1.0, "change", "from nothing", "从无到有"),
        (-0.2, "change", "-33%", "-33%"),
        (0.2, "change", "+50%", "+50%"),
        (0.0, "change", "0%", "0%"),
        (-1e-9, "plain", "0", "0"),
        (float("inf"), "ratio", "∞", "∞"),
    ],
)
def test_numbers_in_the_format_of_the_language(value: Any, unit: str, en: str, zh: str) -> None:
    assert format_value(value, unit, "en", "CNY") == en
    assert format_value(value, unit, "zh", "CNY") == zh


def test_dates_in_the_format_of_the_language() -> None:
    day = datetime(2011, 9, 10, 23, 59)
    assert format_date(day, "en") == "10 Sep 2011"
    assert format_date(day, "zh") == "2011年9月10日"
    assert format_date(pd.NaT, "zh") == "未知"
    assert format_dates([np.datetime64("2024-02-29"), pd.NaT], "en") == ["29 Feb 2024", "unknown"]


@pytest.mark.parametrize(
    "unit", ["points", "money", "days", "orders", "share", "score", "ratio", "change", "index", "plain"]
)
def test_many_values_read_as_each_alone(unit: str) -> None:
    rng = np.random.default_rng(5)
    values = np.concatenate(
        [rng.normal(0, scale, 200) for scale in (0.01, 1.0, 30.0, 1e4, 1e8)]
        + [[0.0, np.nan, 99.96, 100.0, 0.0999, 0.0951]]
    )
    if unit == "change":
        values = np.clip(values, -1, 1)
    for lang in LANGUAGES:
        assert format_values(values, unit, lang, "USD") == [format_value(float(v), unit, lang, "USD") for v in values]


def test_changes_and_plain_ratios_are_told_apart() -> None:
    units = {spec.name: feature_unit(spec, "en") for spec in SPECS if spec.unit == "ratio"}
    assert units["orders_trend_90d"] == "change"
    assert units["overdue_ratio"] == "ratio"
    assert units["gap_cv"] == units["as_of_season_sin"] == "plain"


def test_an_unknown_key_is_shown_as_it_is() -> None:
    assert text("zh", "tiers", "platinum") == "platinum"
