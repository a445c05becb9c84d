"""The evaluation as a page for people (HTML, both languages), as JSON, and as the tables that DVC plots.

The page is one file without scripts or outside resources. It is rendered from `Evaluation.content` alone, so an old
`evaluation.json` can be shown again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from configs.files import json_bytes, write_set
from evaluation.backtest import OURS, RULE, Evaluation
from evaluation.baselines import BASELINES
from evaluation.measures import BETTER, HIGHER, LOWER, ZERO
from reporting import plots
from reporting.contribution_plots import contribution_alts, contribution_drawings
from reporting.pages import in_both, in_language, money, page, percent, sentence, signed, three, whole

REPORT_FILE, REPORT_JSON, METRICS_FILE = "report.html", "report.json", "metrics.json"
CURVES = {
    "calibration": "calibration.csv",
    "gain": "gain.csv",
    "spend": "spend_deciles.csv",
    "orders": "orders_deciles.csv",
}

METHODS = (OURS, *BASELINES, RULE)
FIGURES: dict[str, tuple[str, ...]] = {
    OURS: (
        "churn_auc",
        "churn_log_loss",
        "churn_ece",
        "churn_lift_top_decile",
        "orders_bias",
        "spend_bias",
        "spend_gini",
    ),
    "lifetime": ("bias", "coverage"),
    "rhythm": ("recommended_days",),
    "reasons": ("first_kept_shown",),
    "warnings": ("warned_in_time",),
}
"""The dozen figures that tell one training from another at a glance; report.json holds all of them."""


def report_files(evaluation: Evaluation, *, language: str = "en") -> dict[str, bytes]:
    """report.html, report.json, metrics.json and the curves as CSV, by name; the report first."""
    content = evaluation.content
    tables = {
        "calibration": content["tables"]["calibration"],
        "gain": _gain_rows(content),
        "spend": content["tables"]["spend_deciles"],
        "orders": content["tables"]["orders_deciles"],
    }
    columns = {
        "calibration": ["bin", "predicted", "actual", "customers"],
        "gain": ["decile", "share", "gain", "best_simple_gain", "lift", "rate", "customers", "positives"],
        "spend": ["decile", "predicted", "actual", "customers"],
        "orders": ["decile", "predicted", "actual", "customers"],
    }
    return {
        REPORT_FILE: render(content, language).encode(),
        REPORT_JSON: json_bytes(content | {"figures": headline(content)}),
        METRICS_FILE: json_bytes(metrics_file(content)),
        **{file: _csv(tables[name], columns[name]) for name, file in CURVES.items()},
    }


def write_report(evaluation: Evaluation, folder: Path, *, language: str = "en") -> list[Path]:
    """Write the files of `report_files` together; returns them, the report first."""
    files = {folder / name: data for name, data in report_files(evaluation, language=language).items()}
    write_set(files)
    return list(files)


def metrics_file(content: Mapping[str, Any]) -> dict[str, Any]:
    """The grade and the figures of `FIGURES` that are known, nested one level: what `dvc metrics show` prints."""
    parts = {part: content.get(part) for part in FIGURES} | {OURS: content["metrics"][OURS]}
    figures = {
        part: {name: _rounded(values[name]) for name in names if values.get(name) is not None}
        for part, names in FIGURES.items()
        if (values := parts[part])
    }
    return {"grade": content["grade"]["letter"]} | {part: values for part, values in figures.items() if values}


def headline(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The three figures that matter most: value by language, text key and its placeholders."""
    ours, totals = content["metrics"][OURS], content["totals"]
    top = content["tables"]["gain"][OURS][0]
    kind = "spend" if content["has_amounts"] else "orders"
    amount = (lambda value: money(value, content["currency"])) if content["has_amounts"] else whole
    return [
        {"value": percent(top["rate"]), "key": "figure.found", "values": {"all": percent(ours["churn_rate"])}},
        {
            "value": percent(ours["churn_predicted"]),
            "key": "figure.level",
            "values": {"actual": percent(ours["churn_rate"])},
        },
        {
            "value": amount(totals[f"expected_{kind}"]),
            "key": f"figure.{kind}",
            "values": {"actual": amount(totals[kind]), "bias": signed(ours[f"{kind}_bias"])},
        },
    ]


def figure_line(figure: Mapping[str, Any], language: str) -> tuple[str, str]:
    """A figure of `headline` and what it says, in one language."""
    return in_language(figure["value"], language), sentence(language, figure["key"], figure["values"])


def render(content: Mapping[str, Any], language: str = "en") -> str:
    """The page; `language` is shown first, the other is one click away."""
    drawings = plots.training_plots(content, _gains(content))
    methods = [name for name in METHODS if name in content["metrics"]]
    return page(
        "report.html",
        language,
        date=content["as_of_date"],
        e=content,
        figures=headline(content),
        plots=in_both(drawings),
        contributions=_contributions(content),
        gain_methods=list(_gains(content)),
        decile_plots=[kind for kind in plots.DECILES if kind in drawings],
        methods=methods,
        method_rows=list(_method_rows(content, methods)),
        reasons=content.get("reasons"),
        drivers_first=_drivers_first(content.get("reasons")),
        warnings=content.get("warnings"),
        signs=_signs(content.get("warnings")),
        interval=percent(content["interval"]),
        tail=percent((1 - content["interval"]) / 2),
    )


def _contributions(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pictures of single customers' contributions: name, drawing, caption, alt text."""
    from markupsafe import Markup

    given = content.get("contributions")
    if not given:
        return []
    values = {"customers": len(given["sample"]["values"])}
    alts = contribution_alts(given)
    return [
        {"name": name, "svg": Markup(svg), "values": values if name == "beeswarm" else {}, "alt": alts[name]}
        for name, svg in contribution_drawings(given).items()
    ]


def _drivers_first(reasons: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Drivers that come first for some customer, the steadiest first."""
    if not reasons:
        return []
    rows = [
        {"driver": code, "share": share, "back": code in reasons["unstable"]}
        for code, share in reasons["by_driver"].items()
    ]
    return sorted(rows, key=lambda row: (-row["share"], row["driver"]))


def _signs(warnings: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Signs that were seen, those that warned of most losses first."""
    rows = [{"sign": sign, **values} for sign, values in (warnings["by_sign"] if warnings else {}).items()]
    return sorted(rows, key=lambda row: (-(row["warned_in_time"] or 0.0), row["sign"]))


def _gains(content: Mapping[str, Any]) -> dict[str, Any]:
    """Gain tables in the order of the methods: an evaluation read from JSON has its keys in another one."""
    tables = content["tables"]["gain"]
    return {method: tables[method] for method in METHODS if method in tables}


def _gain_rows(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Our gain table with the best simple method's gain beside it."""
    gains = _gains(content)
    best = next((rows for method, rows in gains.items() if method != OURS), None)
    return [row | {"best_simple_gain": best[place]["gain"] if best else None} for place, row in enumerate(gains[OURS])]


def _method_rows(content: Mapping[str, Any], methods: Iterable[str]) -> Iterable[dict[str, Any]]:
    methods = list(methods)
    for metric, better in BETTER.items():
        values = [content["metrics"][method].get(metric) for method in methods]
        known = [value for value in values if value is not None]
        if not known:
            continue
        pick = {HIGHER: max(known), LOWER: min(known), ZERO: min(known, key=abs)}[better]
        form = signed if better == ZERO else three
        cells = [
            {
                "text": form(value) if value is not None else None,
                "best": value is not None and form(value) == form(pick),
            }
            for value in values
        ]
        yield {"metric": metric, "cells": cells}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _csv(rows: list[dict[str, Any]], columns: list[str]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    return "" if value is None else json.dumps(_rounded(value)) if isinstance(value, float) else value
