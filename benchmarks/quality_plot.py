"""The plot of the quality benchmark: per measure one panel, per task one line, Holdfast among its peers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from benchmarks.quality_peers import ORACLE, PEERS
from benchmarks.quality_verdict import DECILE_BAR, ECE_BAR, HIGHER, MEASURES, ORDERS_BAR, OURS, SPEND_BAR

PANELS = (
    "auc",
    "log_loss",
    "ece",
    "orders_bias",
    "spend_gini",
    "spend_bias",
    "spend_decile_error",
    "lifetime_coverage",
)
BARS = {"ece": ECE_BAR, "spend_decile_error": DECILE_BAR}
BANDS = {"orders_bias": ORDERS_BAR, "spend_bias": SPEND_BAR}
RELATIVE = ("auc", "log_loss", "spend_gini")
"""Shown as the difference to the best peer, because their height is a matter of the log and not of the method."""

BLUE, GREY, ORANGE, INK = "#1f6fb4", "#a3a9b0", "#e08a1e", "#30363d"


def quality_plot(result: Mapping[str, Any]) -> str:
    """SVG on a white ground; the same result gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    names = list(result["tasks"])
    style: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "holdfast", "font.size": 9, "text.color": INK}
    style |= {"axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK, "axes.edgecolor": GREY}
    with mpl.rc_context(style):
        figure = Figure(figsize=(11, 2.2 + 0.46 * len(names)), layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        axes = figure.subplots(2, 4, sharey=True)
        for axis, measure in zip(axes.flat, PANELS, strict=True):
            _panel(axis, measure, result["tasks"], names)
        axes[0, 0].set_yticks(range(len(names)), names)
        axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
        handles = [
            _dot(figure, BLUE, "o", "Holdfast"),
            _dot(figure, GREY, "o", "peers"),
            _dot(figure, ORANGE, "|", "oracle (has seen the future level)"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _dot(figure: Any, colour: str, marker: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=7, label=label)


def _panel(axis: Any, measure: str, tasks: Mapping[str, Any], names: list[str]) -> None:
    label, direction, _ = MEASURES[measure]
    if measure in RELATIVE:
        label = f"{label} against the best peer\n({'right' if direction == HIGHER else 'left'} of 0 is better)"
        axis.axvline(0, color=INK, linewidth=0.9)
    if measure in BARS:
        axis.axvspan(0, BARS[measure], color=BLUE, alpha=0.10, linewidth=0)
    if measure in BANDS:
        axis.axvspan(-BANDS[measure], BANDS[measure], color=BLUE, alpha=0.10, linewidth=0)
        axis.axvline(0, color=INK, linewidth=0.9)
    if measure == "lifetime_coverage":
        axis.axvspan(0.76, 0.84, color=BLUE, alpha=0.10, linewidth=0)
    shown: list[float] = []
    for place, name in enumerate(names):
        figures = tasks[name]["figures"]
        peers = [figures[peer][measure] for peer in PEERS if figures.get(peer, {}).get(measure) is not None]
        zero = 0.0
        if measure in RELATIVE:
            if not peers:
                continue
            zero = (max if direction == HIGHER else min)(peers)
        ours, oracle = figures[OURS].get(measure), figures.get(ORACLE, {}).get(measure)
        axis.plot([value - zero for value in peers], [place] * len(peers), "o", color=GREY, markersize=4.5, alpha=0.8)
        if oracle is not None:
            axis.plot([oracle - zero], [place], "|", color=ORANGE, markersize=12, markeredgewidth=2)
            shown.append(oracle - zero)
        if ours is not None:
            axis.plot([ours - zero], [place], "o", color=BLUE, markersize=7)
            shown.append(ours - zero)
        shown += sorted((value - zero for value in peers), key=abs)[: max(1, len(peers) - 2)]
    _limits(axis, shown, measure)
    axis.set_title(label, fontsize=9.5)
    axis.grid(axis="y", color="#e6e8eb", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _limits(axis: Any, shown: list[float], measure: str) -> None:
    """Wide enough for everybody but the worst two of the peers, whose dots may lie outside."""
    from matplotlib.ticker import PercentFormatter

    low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
    if measure in BANDS:
        low, high = min(low, -BANDS[measure]), max(high, BANDS[measure])
    elif measure in BARS:
        low, high = 0.0, max(high, BARS[measure])
    elif measure == "lifetime_coverage":
        low, high = min(low, 0.7), max(high, 0.9)
    elif measure in RELATIVE:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.06 * (high - low) or 0.01
    axis.set_xlim(low - room * float(measure not in BARS), high + room)
    if measure in BANDS or measure == "lifetime_coverage":
        axis.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
