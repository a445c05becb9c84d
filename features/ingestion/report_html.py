"""The data report as one HTML file: no script, no outside resource, both languages behind two tabs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from configs import formats
from configs.files import write_set
from features.ingestion.report import HTML_NAME, JSON_NAME, DataReport
from features.ingestion.texts import LABELS

_TEMPLATE = Path(__file__).with_name("data_report.html.j2")


def render(report: DataReport) -> str:
    """The page; values from the data are escaped."""
    page: str = _template().render(
        report=report,
        labels={language: {key: text.of(language) for key, text in LABELS.items()} for language in ("en", "zh")},
        bars=_bars(report),
    )
    return page


def report_files(report: DataReport, folder: Path) -> dict[Path, bytes]:
    """Both forms of the report, by where they go."""
    return {folder / JSON_NAME: report.to_json().encode(), folder / HTML_NAME: render(report).encode()}


def write_report(report: DataReport, folder: Path) -> None:
    """Write both forms together; they quote refused values, so nobody else may read them."""
    write_set(report_files(report, folder), private=True)


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.filters["whole"] = formats.number
    environment.filters["percent"] = lambda value, lang: formats.percent(value, lang, 2)
    environment.filters["money"] = formats.money
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _bars(report: DataReport) -> list[dict[str, Any]]:
    """Orders per month as bars of an SVG, 100 units high."""
    months = report.log.months
    most = max((month.orders for month in months), default=0) or 1
    return [
        {"x": index, "month": month.month, "orders": month.orders, "height": round(100 * month.orders / most, 2)}
        for index, month in enumerate(months)
    ]
