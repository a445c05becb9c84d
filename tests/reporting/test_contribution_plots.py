"""Contributions as shap shows them: our numbers, both languages, nothing of the caller changed."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.catalogue import LANGUAGES
from evaluation.drivers import MAIN, PICTURED, REST, contribution_sample
from evaluation.texts import text
from features.specs import DRIVERS, FeatureSet, FeatureSpec
from models.contract import Contributions
from reporting.contribution_plots import contribution_alts, contribution_drawings, explanation

ROWS, COUNT = 400, 14
NAMES = [f"f{number}" for number in range(COUNT)]
SVG = "{http://www.w3.org/2000/svg}"


def features() -> FeatureSet:
    return FeatureSet(
        tuple(
            FeatureSpec(name, "frequency", "transactions", "orders", f"label {name}", f"标签{name}") for name in NAMES
        )
    )


class Suite:
    """A risk that is a sum: every feature times its weight, and a step after the trees."""

    def contributions(self, frame: pd.DataFrame) -> dict[str, Contributions]:
        weights = np.linspace(1.0, 0.05, COUNT)
        values = frame[NAMES].fillna(0.0) * weights
        return {"churn": Contributions("logit", np.full(len(frame), -0.5), values.assign(level=0.3))}

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"churn_probability": self.contributions(frame)["churn"].predict()}, index=frame.index)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(ROWS, COUNT)), columns=NAMES)
    table.loc[::9, "f1"] = np.nan
    return table.assign(customer_id=[f"c{row}" for row in range(ROWS)])


@pytest.fixture(scope="module")
def content(frame: pd.DataFrame) -> dict[str, Any]:
    return contribution_sample(Suite(), frame, features())  # type: ignore[arg-type]


def test_a_notebook_gets_our_numbers(frame: pd.DataFrame) -> None:
    parts = Suite().contributions(frame)["churn"]
    found = explanation(parts, frame, features(), language="zh")
    np.testing.assert_array_equal(found.values, parts.values.to_numpy())
    shown = 1 / (1 + np.exp(-(found.base_values + found.values.sum(axis=1))))
    np.testing.assert_allclose(shown, parts.predict(), rtol=1e-12)
    np.testing.assert_array_equal(found.data[:, 1], frame["f1"])
    assert np.isnan(found.data[:, COUNT]).all(), "a step has no value"
    assert found.feature_names[:2] == ["标签f0", "标签f1"] and found.feature_names[COUNT] == DRIVERS["level"].zh
    assert explanation(parts, frame).feature_names == [*NAMES, "level"]


def test_the_stored_sample_adds_up_and_names_nobody(content: dict[str, Any], frame: pd.DataFrame) -> None:
    sample, customer = content["sample"], content["customer"]
    assert len(sample["values"]) == PICTURED and len(customer["values"]) == 1
    assert set(sample["features"]) == {*NAMES[: MAIN - 1], "level", REST} and content["others"] == COUNT + 1 - MAIN
    place = sample["features"].index("f1")
    assert set(content["labels"]) >= {"f0", "f1"} and content["labels"]["f0"]["zh"] == "标签f0"
    totals = np.array(sample["base"]) + np.array(sample["values"]).sum(axis=1)
    risks = np.sort(Suite().predict(frame)["churn_probability"].to_numpy())
    for risk in 1 / (1 + np.exp(-totals[:20])):
        assert np.abs(risks - risk).min() < 1e-4
    assert None in [row[place] for row in sample["data"]] and all(row[-1] is None for row in sample["data"])
    assert not re.search(r"\bc\d+", str(content))


def test_drawings_are_wellformed_and_say_both_languages(content: dict[str, Any]) -> None:
    drawings = contribution_drawings(content)
    assert set(drawings) == {"beeswarm", "dependence", "waterfall"} == set(contribution_alts(content))
    for name, svg in drawings.items():
        tree = ET.fromstring(svg)
        said = {lang: [e.text for e in tree.iter(f"{SVG}text") if e.get("class") == lang] for lang in LANGUAGES}
        assert len(said["en"]) == len(said["zh"]) > 0
        assert "[[" not in svg and "#333333" not in svg and "currentColor" in svg
        assert any("label f" in str(words) for words in said["en"]), name
        assert any("标签f" in str(words) for words in said["zh"]), name
        ids = re.findall(r'\bid="([^"]+)"', svg)
        assert len(ids) == len(set(ids)) and all(item.startswith(name) for item in ids)
        assert len(svg) < 200_000
        for language in LANGUAGES:
            told = contribution_alts(content)[name][language]
            assert text("contributions.others", language, count=5) in told or name == "dependence"
    assert text("contributions.others", "en", count=5) in drawings["waterfall"]


def test_arrows_point_the_way_of_their_number(content: dict[str, Any]) -> None:
    """Of the smallest steps too, which shap turns round where they are shorter than an arrow head."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrow

    from reporting import contribution_plots

    found: list[tuple[float, tuple[float, ...]]] = []
    real = contribution_plots.svg_text

    def seen(figure: Any) -> str:
        for arrow in figure.axes[0].patches:
            if isinstance(arrow, FancyArrow):
                xs = arrow.get_xy()[:, 0]
                found.append((float(xs.max() - xs.min()), arrow.get_facecolor()[:3]))
        return real(figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contribution_plots, "svg_text", seen)
        contribution_drawings(content | {"sample": content["sample"]})
    lengths = sorted(length for length, _ in found)
    wanted = sorted(abs(value) for value in content["customer"]["values"][0])
    np.testing.assert_allclose(lengths, wanted, atol=1e-4)
    assert not plt.get_fignums()


def test_drawing_leaves_the_caller_alone_and_repeats(content: dict[str, Any]) -> None:
    import matplotlib as mpl

    np.random.seed(11)
    expected = np.random.random(3)
    np.random.seed(11)
    before = dict(mpl.rcParams)
    one = contribution_drawings(content)
    np.testing.assert_array_equal(np.random.random(3), expected)
    assert dict(mpl.rcParams) == before
    assert contribution_drawings(content) == one


def test_what_serves_does_not_load_shap() -> None:
    code = "import sys, models.suite, retention.scoring.scorer, serving.core; sys.exit('shap' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
