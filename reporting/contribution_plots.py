"""Pictures of contributions that a data team knows, drawn by the shap library: beeswarm, dependence, waterfall.

The numbers are our own (`models.contract.Contributions`), exact and additive; shap computes nothing. In a notebook::

    import shap
    from reporting.contribution_plots import explanation

    parts = suite.contributions(frame)["churn"]
    shap.plots.beeswarm(explanation(parts, frame, suite.feature_set))
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configs.catalogue import LANGUAGES
from configs.formats import brief_number, number
from evaluation.drivers import REST
from evaluation.texts import text
from features.specs import DRIVERS, FeatureSet
from models.contract import Contributions
from reporting.plots import DRAWN, svg_style, svg_text

Floats = NDArray[np.float64]
Words = Callable[[str], str]
MAIN_DRIVERS = 4
"""Features whose dependence is drawn."""
DISTINCT = 5
"""A feature with fewer different values has no course worth drawing."""
LONGEST = 50
"""Characters of a label that fit beside a drawing; the words for those who cannot see have all of it."""
COMMA = {"en": ", ", "zh": "、"}
LEFT = 0.52
"""Share of the width that the names of the features take."""


def explanation(
    parts: Contributions, frame: pd.DataFrame, feature_set: FeatureSet | None = None, *, language: str = "en"
) -> Any:
    """Our contributions as a `shap.Explanation`, with the values of the features beside them.

    Parameters
    ----------
    parts : Contributions
        Of `ModelSuite.contributions(frame)`: `churn` (log-odds), `spend` or `lifetime` (logarithms).
    frame : DataFrame
        The same rows.
    feature_set : FeatureSet, optional
        Gives the features their labels; without it they keep the names of their columns.
    language : {"en", "zh"}
        Of the labels.

    Returns
    -------
    shap.Explanation
        `values` (n, k), `base_values` (n,), `data` (n, k; float64, NaN where a column is no number or a step after the
        trees, which has no value) and `feature_names`. Base and values of a row add up to the prediction on its link
        scale.
    """
    data = np.full(parts.values.shape, np.nan)
    for place, name in enumerate(parts.values.columns):
        if name in frame and pd.api.types.is_numeric_dtype(frame[name]):
            data[:, place] = frame[name].to_numpy(dtype=np.float64)
    labels = {} if feature_set is None else {spec.name: (spec.label_en, spec.label_zh) for spec in feature_set}
    labels = {code: (driver.en, driver.zh) for code, driver in DRIVERS.items()} | labels
    side = ("en", "zh").index(language)
    names = [str(name) for name in parts.values.columns]
    if feature_set is not None:
        names = [labels[name][side] if name in labels else name for name in names]
    with shap_library() as shap:
        return shap.Explanation(
            values=parts.values.to_numpy(dtype=np.float64),
            base_values=np.asarray(parts.base, dtype=np.float64),
            data=data,
            feature_names=names,
        )


def contribution_drawings(content: Mapping[str, Any]) -> dict[str, str]:
    """The three drawings of an evaluation's `contributions` as SVG, each with the texts of every language.

    Parameters
    ----------
    content : mapping
        What `evaluation.drivers.contribution_sample` gave.

    Returns
    -------
    dict of str to str
        `beeswarm`, `waterfall` and, where a main driver has enough different values, `dependence`.
    """
    sample, customer = _stored(content["sample"]), _stored(content["customer"])
    drawn = {"beeswarm": beeswarm(sample), "waterfall": waterfall(customer[0])}
    places = _courses(sample)
    if places:
        drawn["dependence"] = dependence(sample, places)

    def words_in(language: str) -> Words:
        def word(key: str) -> str:
            if key.startswith("feature."):
                label = feature_label(content, key.removeprefix("feature."), language)
                return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
            return text(key, language)

        return word

    return {
        name: in_all_languages(svg, {language: words_in(language) for language in LANGUAGES}, name)
        for name, svg in drawn.items()
    }


def contribution_alts(content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Per drawing of `contribution_drawings` and language, its content in one sentence for those who cannot see it."""

    def names(part: Mapping[str, Any], language: str, places: list[int]) -> str:
        labels = [feature_label(content, part["features"][place], language) for place in places]
        return COMMA[language].join(labels)

    sample, customer = content["sample"], content["customer"]
    named = {
        "beeswarm": (sample, list(range(len(sample["features"])))),
        "waterfall": (customer, list(range(len(customer["features"])))),
        "dependence": (sample, _courses(_stored(sample))),
    }
    start = customer["base"][0]
    levels = {"start": signed(start), "end": signed(start + sum(customer["values"][0]))}
    return {
        name: {
            language: text(
                f"contributions.{name}.alt",
                language,
                features=names(part, language, places),
                **(levels if name == "waterfall" else {}),
            )
            for language in LANGUAGES
        }
        for name, (part, places) in named.items()
    }


def feature_label(content: Mapping[str, Any], name: str, language: str) -> str:
    """What a column of an evaluation's `contributions` is called."""
    if name == REST:
        return text("contributions.others", language, count=content["others"])
    return str(content["labels"][name][language])


def beeswarm(sample: Any) -> str:
    """A dot per customer and feature: how far it moves the risk, coloured by the feature's value."""
    height = 1.1 + 0.34 * sample.shape[1]

    def draw(shap: Any, figure: Any) -> None:
        axes = figure.add_axes((LEFT, 0.6 / height, 0.97 - LEFT - 0.06, 1 - 0.7 / height))
        count = sample.shape[1]
        shap.plots.beeswarm(
            sample, max_display=count, order=np.arange(count), ax=axes, plot_size=None, show=False, s=9,
            color_bar_label="[[contributions.value]]",
        )  # fmt: skip
        axes.set_xlabel("[[contributions.effect]]", fontsize=10)
        axes.tick_params(labelsize=9)
        bar = figure.axes[-1]
        bar.set_yticks([0, 1], ["[[contributions.low]]", "[[contributions.high]]"], fontsize=10)
        bar.yaxis.label.set_size(10)
        bar.yaxis.set_label_coords(3.0, 0.5)  # the texts that are put in later have other widths than their keys
        for dots in axes.collections:
            dots.set_rasterized(True)  # thousands of dots are smaller as an image

    return _drawn(draw, (8.2, height))


def waterfall(customer: Any) -> str:
    """One customer: from the risk of a typical one to this one's, a step per feature."""
    count = len(customer.values)
    height = 1.5 + 0.42 * count

    def draw(shap: Any, figure: Any) -> None:
        figure.add_axes((LEFT, 0.75 / height, 0.95 - LEFT, 1 - 1.35 / height))
        labelled = copy(customer)
        labelled.display_data = np.array(
            [brief_number(value, DRAWN) if np.isfinite(value) else "" for value in customer.data.tolist()]
        )
        shap.plots.waterfall(labelled, max_display=count, show=False)
        figure.set_size_inches(8.2, height)
        main, start, end = figure.axes
        _point_right(main, customer.values)
        main.tick_params(labelsize=9)
        # a step after the trees and the sum of the others have no value of their own
        names = [label.get_text().removeprefix(" = ") for label in main.get_yticklabels()]
        main.set_yticks(main.get_yticks(), names, fontsize=9)
        main.set_xlabel("")
        total = float(customer.base_values + customer.values.sum())
        start.set_xticks(
            [float(customer.base_values)], [f"[[contributions.typical]] {signed(customer.base_values)}"], fontsize=10
        )
        end.set_xticks([total], [f"[[contributions.this]] {signed(total)}"], fontsize=10)
        low, high = main.get_xlim()
        for axes, pad in ((start, 22), (end, 4)):
            axes.tick_params(length=0, pad=pad)
            axes.set_xlim(low, high)
            for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True):
                label.set_ha("left" if place < (low + high) / 2 else "right")

    return _drawn(draw, (8.2, height))


def _point_right(axes: Any, values: Floats) -> None:
    """Arrows as long as their values: shap turns those around that are shorter than its arrow head."""
    from matplotlib.patches import FancyArrow

    low, high = axes.get_xlim()
    width = axes.get_window_extent().width / axes.figure.dpi
    head = 0.08 * (high - low) / width
    strongest_first = values[np.argsort(-np.abs(values))]
    drawn = [*strongest_first[strongest_first >= 0], *strongest_first[strongest_first < 0]]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrow)]
    for arrow, value in zip(arrows, drawn, strict=True):
        length = abs(float(value))
        shaft = max(length - head, 1e-9 * (high - low))
        arrow.set_data(dx=shaft if value >= 0 else -shaft, head_length=min(length, head))


def dependence(sample: Any, places: list[int]) -> str:
    """How the effect of the main drivers follows their values: a dot per customer, a tick at the edge without one."""
    rows = (len(places) + 1) // 2

    def draw(shap: Any, figure: Any) -> None:
        grid = figure.subplots(rows, 2, squeeze=False).ravel()
        for place, axes in zip(places, grid, strict=False):
            shap.plots.scatter(
                sample[:, place], ax=axes, show=False, dot_size=9, xmin="percentile(1)", xmax="percentile(99)"
            )
            axes.set_xlabel(sample.feature_names[place], fontsize=10)
            axes.set_ylabel("[[contributions.effect]]", fontsize=10)
            axes.tick_params(labelsize=9)
            for dots in axes.collections:
                dots.set_rasterized(True)
        for axes in grid[len(places) :]:
            axes.remove()
        figure.subplots_adjust(left=0.11, right=0.97, bottom=0.6 / (3.0 * rows), top=0.97, wspace=0.36, hspace=0.35)

    return _drawn(draw, (8.2, 3.0 * rows))


def signed(value: float) -> str:
    """Log-odds with their sign: ``+0.77``, ``-1.30``."""
    return number(value, DRAWN, 2, signed=True)


def in_all_languages(svg: str, words: Mapping[str, Words], prefix: str) -> str:
    """A drawing whose text keys are replaced by one text element per language, of which the page shows one."""

    def translated(match: re.Match[str]) -> str:
        start, inner = match.groups()
        keys = re.findall(r"\[\[([A-Za-z_.0-9]+)\]\]", inner)
        if not keys:
            return match.group(0)
        texts = dict.fromkeys(words, inner)
        for language, word in words.items():
            for key in keys:
                texts[language] = texts[language].replace(f"[[{key}]]", escape(word(key)))
        return "".join(f'<text class="{lang}" lang="{lang}"{start}>{text}</text>' for lang, text in texts.items())

    svg = re.sub(r"<text\b([^>]*)>([^<]*)</text>", translated, svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" ', 1)


@contextmanager
def shap_library() -> Iterator[Any]:
    """The shap module; what it warns of on newer libraries is not of our numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        yield shap


def _stored(part: Mapping[str, Any]) -> Any:
    """The `shap.Explanation` of what an evaluation stores; features are named by text keys."""
    names = part["features"]
    data = pd.DataFrame(np.array(part["data"], dtype=np.float64), columns=names)
    values = pd.DataFrame(np.array(part["values"], dtype=np.float64), columns=names)
    explained = explanation(Contributions("logit", np.array(part["base"], dtype=np.float64), values), data)
    explained.feature_names = [f"[[feature.{name}]]" for name in names]
    return explained


def _courses(sample: Any) -> list[int]:
    """Columns of the strongest features that have enough different values."""
    different = [len(np.unique(column[np.isfinite(column)])) for column in sample.data.T]
    return [place for place, count in enumerate(different) if count >= DISTINCT][:MAIN_DRIVERS]


def _drawn(draw: Callable[[Any, Any], None], size: tuple[float, float]) -> str:
    """SVG of a figure that shap draws through pyplot; figure, backend and random numbers of others are left alone."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    backend, random = mpl.get_backend(), np.random.get_state()
    interactive = mpl.is_interactive()
    plt.switch_backend("agg")
    np.random.seed(0)  # shap jitters dots by the global generator
    try:
        with shap_library() as shap, mpl.rc_context(svg_style() | {"axes.grid": False, "axes.edgecolor": "#333333"}):
            figure = plt.figure(figsize=size, dpi=150)
            try:
                draw(shap, figure)
                svg = svg_text(figure)
            finally:
                plt.close(figure)
    finally:
        np.random.set_state(random)
        if mpl.get_backend().lower() != backend.lower():
            plt.switch_backend(backend)
        mpl.interactive(interactive)
    for theirs, ours in THEIR_COLOURS.items():
        svg = svg.replace(theirs, ours)
    return svg


THEIR_COLOURS = {"#333333": "currentColor", "#000000": "currentColor", "#999999": "var(--muted)"}
"""Colours of shap's lines and texts, which must follow a light or dark page; its red and blue are seen on both."""
