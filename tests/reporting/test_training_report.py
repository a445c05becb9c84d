"""The report: complete in both languages, self-contained, and the same numbers as the JSON."""

import csv
import json
import re
import string
import xml.etree.ElementTree as ET
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from configs.catalogue import LANGUAGES
from evaluation.backtest import Evaluation
from evaluation.measures import BETTER
from evaluation.texts import TEXTS, text
from features.specs import DRIVERS
from reporting import pages, plots
from reporting import training_report as report
from reporting.training_report import figure_line, headline, metrics_file, render, write_report

TEMPLATES = Path(report.__file__).parent / "templates"


def fields(value: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(value) if name}


def test_texts_are_complete_and_have_the_same_placeholders() -> None:
    for key, pair in TEXTS.items():
        assert len(pair) == len(LANGUAGES) and all(pair), key
        assert fields(pair[0]) == fields(pair[1]), key
        if key not in {"method.holdfast", "method.bgnbd", "column.auc"}:
            assert re.search(r"[一-鿿]", pair[1]), f"{key} has no Chinese"
            assert not re.search(r"[一-鿿]", pair[0]), f"{key} has Chinese in its English"


def test_every_key_that_templates_and_code_name_exists() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    named = set(re.findall(r"""\bt\("([a-z_.]+)"[,)]""", source)) | {"figure.found", "figure.level", "figure.orders"}
    assert named and named <= set(TEXTS), named - set(TEXTS)
    assert {f"driver.{code}" for code in DRIVERS} <= set(TEXTS)
    assert {f"metric.{name}" for name in BETTER} <= set(TEXTS)


def test_page_is_self_contained_and_whole(evaluation_of_company: Evaluation) -> None:
    page = render(evaluation_of_company.content, "zh")
    outside = re.findall(r"""(?:src|href)=["'](?!#|data:image/png;base64,)([^"']+)""", page)
    assert not outside and "<script" not in page and "@import" not in page
    assert not re.search(r"\[\[|\{\{|\{%|Undefined", page)
    assert "None" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert '<html lang="zh">' in page
    assert page.count('id="lang-zh" checked') == 1
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "an id is on the page twice"
    assert page.count('<span class="en"') == page.count('<span class="zh"')
    stored = json.loads(json.dumps(evaluation_of_company.content, sort_keys=True))
    assert render(stored, "zh") == page, "an evaluation read from its file gives the same bytes"
    assert len(page) < 400_000


def test_both_languages_say_the_same_numbers(evaluation_of_company: Evaluation) -> None:
    page = render(evaluation_of_company.content)
    pairs = re.findall(
        r'<span class="en" lang="en">(.*?)</span><span class="zh" lang="zh">(.*?)</span>', page, re.DOTALL
    )
    assert len(pairs) > 80
    for english, chinese in pairs:
        numbers = [sorted(re.findall(r"\d[\d,.%-]*\d|\d", part)) for part in (english, chinese)]
        assert numbers[0] == numbers[1], (english, chinese)


def test_contributions_are_drawn_with_words_for_those_who_cannot_see(evaluation_of_company: Evaluation) -> None:
    page = render(evaluation_of_company.content)
    for name in ("beeswarm", "waterfall"):
        assert f'id="{name}-' in page
    alts = re.findall(
        r'<p class="alt"><span class="en" lang="en">(.*?)</span><span class="zh" lang="zh">(.*?)</span>', page
    )
    assert len(alts) >= 2 and all(english and chinese for english, chinese in alts)
    old = {name: value for name, value in evaluation_of_company.content.items() if name != "contributions"}
    assert 'class="alt"' not in render(old)


def test_headline_numbers(evaluation_of_company: Evaluation) -> None:
    content = evaluation_of_company.content
    figures = headline(content)
    assert [figure["key"] for figure in figures] == ["figure.found", "figure.level", "figure.spend"]
    for figure in figures:
        assert all(figure_line(figure, language)[1] for language in LANGUAGES)
    assert figure_line(figures[2], "zh")[0] == f"{content['totals']['expected_spend']:,.0f}"


def test_files(evaluation_of_company: Evaluation, tmp_path: Path) -> None:
    paths = write_report(evaluation_of_company, tmp_path)
    assert [path.name for path in paths[:3]] == ["report.html", "report.json", "metrics.json"]
    assert all(path.is_file() for path in paths)
    flat = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert flat == metrics_file(evaluation_of_company.content)
    assert flat["grade"] and 8 <= sum(len(part) for name, part in flat.items() if name != "grade") <= 12
    assert flat["holdfast"]["churn_auc"] == pytest.approx(
        evaluation_of_company.content["metrics"]["holdfast"]["churn_auc"], rel=1e-5
    )
    whole = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert whole["grade"] == evaluation_of_company.content["grade"]
    with (tmp_path / "gain.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert float(rows[9]["gain"]) == float(rows[9]["best_simple_gain"]) == 1.0
    before = {path: path.read_bytes() for path in paths}
    write_report(evaluation_of_company, tmp_path)
    assert all(path.read_bytes() == content for path, content in before.items())


@pytest.mark.parametrize("change", ["no_amounts", "no_lifetime", "no_slices", "folds", "nothing_known", "markup"])
def test_page_of_unusual_evaluations(evaluation_of_company: Evaluation, change: str) -> None:
    content: dict[str, Any] = deepcopy(evaluation_of_company.content)
    if change == "no_amounts":
        content["has_amounts"] = False
        content["tables"]["spend_deciles"] = []
        content["lifetime"] = None
        for values in content["metrics"].values():
            for name in [name for name in values if name.startswith("spend")]:
                del values[name]
        for row in [*content["slices"], *content["horizons"], *content["folds"]]:
            row.pop("spend_bias", None)
    elif change == "no_lifetime":
        content["lifetime"] = None
    elif change == "no_slices":
        content["slices"] = []
    elif change == "folds":
        content["folds"] = content["folds"] * 2
    elif change == "nothing_known":
        content["next_order"] = dict.fromkeys(content["next_order"])
        content["metrics"]["recency"] = dict.fromkeys(content["metrics"]["recency"])
    else:
        content["slices"][0]["value"] = "<b>R&D</b>"
    page = render(content)
    assert ("<b>R&D</b>" in page) is False
    assert ("&lt;b&gt;R&amp;D" in page) is (change == "markup")
    assert ("spend" in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).lower()) or change == "no_amounts"


def test_drawings_are_wellformed_and_carry_both_languages(evaluation_of_company: Evaluation) -> None:
    content = evaluation_of_company.content
    svg = plots.calibration_plot(content["tables"]["calibration"])
    for language in LANGUAGES:
        drawing = plots.translated(svg, lambda key, language=language: text(key, language), f"x-{language}")
        tree = ET.fromstring(drawing)
        words = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]
        assert text("plot.observed_share", language) in words
        assert "#000001" not in drawing and "currentColor" in drawing
    hostile = plots.translated("<text>[[plot.tenth]]</text>", lambda key: "a < b & c", "x")
    assert hostile == "<text>a &lt; b &amp; c</text>"


@pytest.mark.parametrize(
    ("form", "value", "shown"),
    [
        (pages.percent, 0.4321, "43%"), (pages.percent, 0.0123, "1.2%"), (pages.percent, None, "–"),
        (pages.signed, -0.051, "-5.1%"), (pages.signed, 0.2, "+20.0%"), (pages.signed, float("nan"), "–"),
        (pages.whole, 1234567.8, "1,234,568"), (pages.three, 0.12345, "0.123"), (pages.three, 1234.5, "1,234"),
        (pages.three, 45.67, "45.7"),
    ],
)  # fmt: skip
def test_number_formats(form: Any, value: Any, shown: str) -> None:
    assert form(value) == {"en": shown, "zh": shown}
    assert form(value).__html__() == shown


def test_money_names_its_currency() -> None:
    assert pages.money(1000.4, "CNY") == {"en": "CN¥1,000", "zh": "¥1,000"}
    assert pages.money(1000.4, None) == {"en": "1,000", "zh": "1,000"}
    both = pages.money(1000.4, "CNY").__html__()
    assert both == '<span class="en" lang="en">CN¥1,000</span><span class="zh" lang="zh">¥1,000</span>'
    assert pages.sentence("zh", "next.aim", {"share": pages.percent(0.1)}) == text("next.aim", "zh", share="10%")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_too_large_to_teach_is_told(evaluation_of_company: Evaluation, language: str) -> None:
    content = deepcopy(evaluation_of_company.content)
    assert content["training"]["bounded_orders"] == 0
    said = text("how.bounded.value", language, limit="9,300", orders="1", share="99 %")
    assert said not in render(content, language)
    content["training"] |= {"bounded_orders": 1, "order_bound": 9_300.0, "bounded_money_share": 0.99}
    assert re.search(r"9,300.*9,300.*99\s?%", render(content, language))
