"""Plots of the report as SVG text that follows the page's colours and language.

Matplotlib draws with marker colours and text keys in double brackets; both are replaced afterwards by CSS variables
and by the words of a language, so that one drawing serves light and dark, English and Chinese, and no font is needed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

INK, GRID, FIRST, SECOND, MUTED = "#000001", "#000002", "#000003", "#000004", "#000005"
_COLOURS = {
    INK: "currentColor",
    GRID: "var(--grid)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    MUTED: "var(--muted)",
}
_SIZE = (4.8, 3.3)

Rows = list[dict[str, Any]]


def calibration_plot(rows: Rows) -> str:
    """Observed share against predicted probability, per equal-count bin, beside the diagonal."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        predicted, actual = [row["predicted"] for row in rows], [row["actual"] for row in rows]
        axes.plot(predicted, actual, color=FIRST, linewidth=1.6, marker="o", markersize=5)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        _percent(axes, "both")
        _labels(axes, "plot.predicted_probability", "plot.observed_share")

    return _svg(draw)


def gain_plot(gains: Mapping[str, Rows]) -> str:
    """Share of stopped customers found against share of customers looked at, highest risk first."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
        for number, rows in reversed(list(enumerate(gains.values()))):
            shares = [0.0, *(row["share"] for row in rows)]
            found = [0.0, *(row["gain"] or 0.0 for row in rows)]
            axes.plot(shares, found, color=SECOND if number else FIRST, linewidth=1.4 if number else 2.0)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        _percent(axes, "both")
        _labels(axes, "plot.customers_looked_at", "plot.stopped_found")

    return _svg(draw)


def decile_plot(rows: Rows, y_key: str) -> str:
    """Mean expected and mean actual value per tenth of the customers, highest expectation first."""

    def draw(axes: Any) -> None:
        places = [row["decile"] for row in rows]
        axes.bar([place - 0.2 for place in places], [row["predicted"] for row in rows], 0.38, color=FIRST)
        axes.bar([place + 0.2 for place in places], [row["actual"] for row in rows], 0.38, color=SECOND)
        axes.set_xticks(places)
        axes.grid(axis="x", visible=False)
        _labels(axes, "plot.tenth", y_key)

    return _svg(draw)


def driver_plot(rows: Rows) -> str:
    """How far each driver family moves the probability: line 5–95 %, box 25–75 %, dot median; strongest on top."""

    def draw(axes: Any) -> None:
        for place, row in enumerate(reversed(rows)):
            axes.plot([row["p05"], row["p95"]], [place, place], color=FIRST, linewidth=1.4, solid_capstyle="round")
            axes.barh(place, row["p75"] - row["p25"], left=row["p25"], height=0.46, color=FIRST, alpha=0.45)
            axes.plot([row["p50"]], [place], color=INK, marker="o", markersize=3.2)
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.set_yticks(range(len(rows)), [f"[[driver.{row['driver']}]]" for row in reversed(rows)])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.grid(axis="y", visible=False)
        _percent(axes, "x")
        axes.set_xlabel("[[plot.points]]")

    return _svg(draw, size=(7.6, 0.9 + 0.3 * len(rows)), left=0.3)


def translated(svg: str, words: Callable[[str], str], prefix: str) -> str:
    """The drawing with its text keys replaced and its ids made unique on the page.

    Parameters
    ----------
    svg : str
        From one of the plots.
    words : callable
        Text key to the words of a language; may return any text, it is escaped here.
    prefix : str
        Put before every id.
    """
    from html import escape

    svg = re.sub(r"\[\[([a-z_.0-9]+)\]\]", lambda match: escape(words(match.group(1))), svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}-", svg)


def _svg(draw: Callable[[Any], None], *, size: tuple[float, float] = _SIZE, left: float = 0.16) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "holdfast",
        "font.size": 10,
        "axes.edgecolor": GRID,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        bottom = 0.58 / size[1]
        axes = figure.add_axes((left, bottom, 0.97 - left, 0.97 - bottom))
        draw(axes)
        axes.tick_params(length=0)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for marker, colour in _COLOURS.items():
        text = text.replace(marker, colour)
    # Without a fixed size the drawing scales with the page; without its own fonts and style it looks like it.
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r'(height|width)="[0-9.]+pt" ?', "", text)
    return re.sub(r"font-family: [^;]*; ?", "", text)


def _percent(axes: Any, which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    for axis in (axes.xaxis, axes.yaxis) if which == "both" else (getattr(axes, f"{which}axis"),):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _labels(axes: Any, x_key: str, y_key: str) -> None:
    axes.set_xlabel(f"[[{x_key}]]")
    axes.set_ylabel(f"[[{y_key}]]")
