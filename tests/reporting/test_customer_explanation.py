"""One customer's page: everything is there, in both languages, and the points on it add up."""

from __future__ import annotations

import io
import re
from dataclasses import fields

import pandas as pd
import pytest
from rich.console import Console

from reporting.customer_explanation import page
from reporting.customer_page import CustomerPage, customer_page
from retention.profile.dimensions import DIMENSIONS
from retention.profile.reference_values import fit_baseline
from retention.scoring.scores_table import read_scores, write_scores
from retention.wording import texts
from tests.retention.conftest import score_world


@pytest.fixture(scope="module")
def made(world):  # type: ignore[no-untyped-def]
    baseline = fit_baseline(world.frame, world.predictions, world.feature_set, world.settings)
    scores = score_world(world, baseline, version="abcdef0123456789")
    return scores, baseline


def printed(row: pd.Series, baseline: object, lang: str) -> str:
    out = io.StringIO()
    Console(file=out, width=200, color_system=None).print(page(row, baseline, lang, currency="CNY"))  # type: ignore[arg-type]
    return out.getvalue()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_everything(made, lang) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    row = scores.iloc[0]
    shown = printed(row, baseline, lang)
    squeezed = re.sub(r"\s+", "", shown)
    content = customer_page(row, baseline, lang, currency="CNY")
    for field in fields(CustomerPage):
        value = getattr(content, field.name)
        for text in [value] if isinstance(value, str) else []:
            assert re.sub(r"\s+", "", text) in squeezed, field.name
    for one in row["reasons"]:
        assert re.sub(r"\s+", "", one[f"text_{lang}"]) in squeezed
    for one in row["strategies"]:
        assert re.sub(r"\s+", "", one[f"name_{lang}"]) in squeezed
    assert texts(lang)["note"] in shown
    for code in DIMENSIONS:
        assert texts(lang)["dimensions"][code]["name"] in shown
    assert "{" not in shown and "nan" not in shown.lower().replace("finance", "")


def test_a_moment_is_shown_as_the_day_of_the_business_zone(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    row = scores.iloc[0].copy()
    row["as_of"] = pd.Timestamp("2024-03-31 16:00")  # midnight in Shanghai
    assert "1 Apr 2024" in customer_page(row, baseline, "en", timezone="Asia/Shanghai").subtitle
    assert "31 Mar 2024" in customer_page(row, baseline, "en").subtitle


def test_points_on_the_page_add_up(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    for _, row in scores.head(40).iterrows():
        content = customer_page(row, baseline, "en")

        def number(shown: str) -> float:
            return float(shown.split()[0].rstrip("%").replace(",", ""))

        total = number(content.base) + number(content.rest) + sum(number(line.points) for line in content.reasons)
        # every figure is rounded to a tenth of a point
        assert abs(total - number(content.total)) <= 0.05 * (len(content.reasons) + 3) + 1e-9


def test_languages_do_not_mix(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    english = printed(scores.iloc[1], baseline, "en").replace("Shanghai", "").replace("Beijing", "")
    assert not re.search("[\u4e00-\u9fff]", english)
    chinese = customer_page(scores.iloc[1], baseline, "zh")
    assert all(re.search("[\u4e00-\u9fff]", line.text) for line in chinese.reasons)


def test_every_customer_has_a_page(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    stages = set()
    for _, row in scores.iterrows():
        content = customer_page(row, baseline, "zh")
        assert content.stage and content.stage_rule and content.member_rule and content.evidence
        stages.add(row["stage"])
    assert {"prospect", "lost", "loyal", "at_risk"} <= stages


def test_a_page_from_the_file_is_the_same(made, tmp_path) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    write_scores(scores, tmp_path / "s.parquet")
    again = read_scores(tmp_path / "s.parquet")
    for number in (0, 5, len(scores) - 1):
        assert customer_page(again.iloc[number], baseline, "en") == customer_page(scores.iloc[number], baseline, "en")


def test_the_rule_by_probability_is_told(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    row = scores[scores["stage_because"] == "probability"].iloc[0]
    assert "in the high tier" in customer_page(row, baseline, "en").stage_rule
    lost = scores[scores["stage"] == "lost"].iloc[0]
    assert customer_page(lost, baseline, "zh").stage_rule == "超过通常间隔的4倍且至少60天没有购买"


def test_the_next_order_of_who_will_rather_not_come_back_is_told_with_an_if(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    for told, en, zh in (
        (True, "If the customer orders again, around", "若再下单，约在"),
        (False, "Next order around", "预计下次下单"),
    ):
        row = scores[scores["next_order_conditional"] == told].iloc[0]
        for lang, name in (("en", en), ("zh", zh)):
            assert name in [one.name for one in customer_page(row, baseline, lang).figures]  # type: ignore[arg-type]


def test_markup_in_names_is_not_run(made) -> None:  # type: ignore[no-untyped-def]
    scores, baseline = made
    row = scores.iloc[0].copy()
    row["customer_id"] = "[bold]x[/]"
    assert "[bold]x[/]" in printed(row, baseline, "en")
