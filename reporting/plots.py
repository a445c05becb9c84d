"""Plots of the report as SVG text that follows the page's colours and language.

Matplotlib draws with marker colours and text keys in double brackets; both are replaced afterwards by CSS variables
and by the words of a language, so that one drawing serves light and dark, English and Chinese, and no font is needed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from configs.catalogue import Lang
from configs.formats import number, percent

INK, GRID, FIRST, SECOND, MUTED = "#000001", "#000002", "#000003", "#000004", "#000005"
_COLOURS = {
    INK: "currentColor",
    GRID: "var(--grid)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    MUTED: "var(--muted)",
}
_SIZE = (4.8, 3.3)
DECILES = ("spend", "orders")
SMALLEST_DRIVER = 0.0002
"""Drivers that move the probability by less, on average, are left out of the plot; the JSON has them."""
DRAWN: Lang = "en"
"""A drawing is made once and its words are exchanged; its figures read the same in all languages."""

Rows = list[dict[str, Any]]


def training_plots(content: Mapping[str, Any], gains: Mapping[str, Rows]) -> dict[str, str]:
    """The plots of a training's evaluation, by name; `gains` are its gain tables in the order of the methods."""
    drawings = {
        "calibration": calibration_plot(content["tables"]["calibration"]),
        "gain": gain_plot(gains),
        "drivers": driver_plot([row for row in content["drivers"] if row["mean_abs"] >= SMALLEST_DRIVER]),
    }
    for kind in DECILES:
        if rows := content["tables"][f"{kind}_deciles"]:
            drawings[kind] = decile_plot(rows, f"plot.{kind}_per_customer")
    return drawings


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
        for place, rows in reversed(list(enumerate(gains.values()))):
            shares = [0.0, *(row["share"] for row in rows)]
            gained = [0.0, *(row["gain"] or 0.0 for row in rows)]
            axes.plot(shares, gained, color=SECOND if place else FIRST, linewidth=1.4 if place else 2.0)
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


def tier_plot(rows: Rows) -> str:
    """Share of customers per tier: one bar per dimension, high to low from the left, unknown last.

    Each row has a dimension's text key (`label`) and `shares`, four numbers that add up to one.
    """

    def draw(axes: Any) -> None:
        for place, row in enumerate(reversed(rows)):
            left = 0.0
            for share, (colour, alpha) in zip(row["shares"], TIER_COLOURS, strict=True):
                axes.barh(place, share, left=left, height=0.62, color=colour, alpha=alpha)
                if share >= 0.06:
                    axes.text(left + share / 2, place, percent(share, DRAWN), ha="center", va="center", fontsize=9)
                left += share
        axes.set(xlim=(0, 1), ylim=(-0.6, len(rows) - 0.4))
        axes.set_yticks(range(len(rows)), [f"[[{row['label']}]]" for row in reversed(rows)])
        axes.grid(visible=False)
        _percent(axes, "x")

    return _svg(draw, size=(7.6, 0.7 + 0.34 * len(rows)), left=0.22)


TIER_COLOURS = ((FIRST, 0.75), (FIRST, 0.45), (FIRST, 0.2), (MUTED, 0.25))
"""Colour and opacity of high, medium, low and unknown."""


def flow_plot(flows: Rows, order: list[str], section: str) -> str:
    """Who moved where: codes before on the left, after on the right, bands as wide as their customers (Sankey).

    Parameters
    ----------
    flows : list of dict
        before, after, customers.
    order : list of str
        Codes from the top down; those without customers are left out.
    section : str
        Prefix of the codes' text keys.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Line

    total = float(sum(row["customers"] for row in flows)) or 1.0
    used = [code for code in order if any(code in (row["before"], row["after"]) for row in flows)]
    space, line = 0.04, 0.065

    def tops(side: str) -> dict[str, float]:
        starts, y = {}, 0.0
        for code in used:
            starts[code] = y
            y += sum(row["customers"] for row in flows if row[side] == code) / total + space
        return starts

    def draw(axes: Any) -> None:
        ends = {"before": tops("before"), "after": tops("after")}
        for side, x, align in (("before", 0.0, "right"), ("after", 1.0, "left")):
            free = 0.0  # where the next label may stand without touching the one above
            for code in used:
                count = sum(row["customers"] for row in flows if row[side] == code)
                if count:
                    y, height = ends[side][code], count / total
                    axes.fill_between([x - 0.012, x + 0.012], y, y + height, color=INK, alpha=0.7, linewidth=0)
                    label = f"[[{section}.{code}]] {number(count, DRAWN)}"
                    free = max(free, y + height / 2)
                    axes.text(x + (0.03 if x else -0.03), free, label, ha=align, va="center", fontsize=10)
                    free += line
        place = {side: dict(tops_of) for side, tops_of in ends.items()}
        for row in sorted(flows, key=lambda one: (used.index(one["before"]), used.index(one["after"]))):
            height = row["customers"] / total
            y0, y1 = place["before"][row["before"]], place["after"][row["after"]]
            place["before"][row["before"]] += height
            place["after"][row["after"]] += height
            points = [(0.012, y0), (0.5, y0), (0.5, y1), (0.988, y1)]
            back = [(0.988, y1 + height), (0.5, y1 + height), (0.5, y0 + height), (0.012, y0 + height)]
            codes = [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4]
            codes += [Line.LINETO, Line.CURVE4, Line.CURVE4, Line.CURVE4]
            stays = row["before"] == row["after"]
            colour, alpha = (MUTED, 0.25) if stays else (SECOND, 0.65)
            axes.add_patch(PathPatch(Line([*points, *back], codes), facecolor=colour, alpha=alpha, linewidth=0))
        axes.set(xlim=(-0.5, 1.5), ylim=(1.0 + space * len(used) + line, -0.02))
        axes.axis("off")

    return _svg(draw, size=(5.4, 3.4), left=0.02)


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


def svg_style() -> dict[Any, Any]:
    """Matplotlib settings of our drawings: marker colours, texts as texts."""
    return {
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


def svg_text(figure: Any) -> str:
    """A figure as SVG text for a page: colours by CSS, no size, fonts or date of its own."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for marker, colour in _COLOURS.items():
        text = text.replace(marker, colour)
    # Without a fixed size the drawing scales with the page; without its own fonts and style it looks like it.
    text = re.sub(r"<(metadata|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<= )(height|width)="[0-9.]+pt" ?', "", text)
    return re.sub(r"font-family: [^;]*; ?", "", text)


def _svg(draw: Callable[[Any], None], *, size: tuple[float, float] = _SIZE, left: float = 0.16) -> str:
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context(svg_style()):
        figure = Figure(figsize=size)
        FigureCanvasSVG(figure)
        bottom = 0.58 / size[1]
        axes = figure.add_axes((left, bottom, 0.97 - left, 0.97 - bottom))
        draw(axes)
        axes.tick_params(length=0)
        return svg_text(figure)


def _percent(axes: Any, which: str) -> None:
    from matplotlib.ticker import FuncFormatter

    for axis in (axes.xaxis, axes.yaxis) if which == "both" else (getattr(axes, f"{which}axis"),):
        axis.set_major_formatter(FuncFormatter(lambda share, _: percent(share, DRAWN)))


def _labels(axes: Any, x_key: str, y_key: str) -> None:
    axes.set_xlabel(f"[[{x_key}]]")
    axes.set_ylabel(f"[[{y_key}]]")
