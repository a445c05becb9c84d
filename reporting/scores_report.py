"""The report of a scoring run: tiers, what changed and who moved, warnings, strategies and their measured effects.

One HTML file without scripts or outside resources, in both languages, and the same figures as JSON. It is rendered
from the content alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from configs import formats
from configs.catalogue import LANGUAGES
from configs.extras import is_installed
from configs.files import json_bytes
from configs.settings import Settings
from configs.timestamps import format_moment
from reporting import plots
from reporting.pages import InLanguages, figure, in_both, money, page, percent, signed, whole
from retention.experiments.effects import SMALLEST_ARM, Effect
from retention.explanation.warnings import UNITS
from retention.profile.dimensions import LEVEL_DIMENSIONS
from retention.profile.lifecycle import STAGES
from retention.scoring.change_split import FIELDS, NO_EARLIER_MODEL, PARTS
from retention.scoring.changes import Changes
from retention.strategies.catalogue import Catalogue
from retention.wording import text, texts

TIERS = ("high", "medium", "low", "unknown")
FLOWS = {"churn_risk": TIERS, "overall_value": TIERS, "loyalty": TIERS, "stage": STAGES}
"""Dimensions whose moves are drawn, with their codes from the top down."""
MOVES_SHOWN, RISING_SHOWN, EFFECTS_SHOWN = 15, 10, 40


def scores_report_files(
    scores: pd.DataFrame,
    path: Path,
    settings: Settings,
    catalogue: Catalogue,
    *,
    changes: Changes | None,
    effects: Sequence[Effect],
) -> dict[Path, bytes]:
    """`<scores>_report.html` and `.json` beside the scores, the page first.

    Parameters
    ----------
    scores : DataFrame
        The scores table.
    path : Path
        Its file.
    settings : Settings
        Language, zone, currency and targets of the run.
    catalogue : Catalogue
        What strategies are called.
    changes : Changes or None
        Since the run before.
    effects : sequence of Effect
        Measured so far.
    """
    content = report_content(scores, settings, catalogue, changes=changes, effects=effects)
    content["moves_file"] = f"{path.stem}_moves.parquet"
    place = path.with_name(f"{path.stem}_report.html")
    return {place: render(content, settings.language).encode(), place.with_suffix(".json"): json_bytes(content)}


def report_content(
    scores: pd.DataFrame,
    settings: Settings,
    catalogue: Catalogue,
    *,
    changes: Changes | None,
    effects: Sequence[Effect],
) -> dict[str, Any]:
    """Everything that the page shows, as JSON values; arguments as for `write_scores_report`."""
    zone = settings.data.timezone
    # who is lost already is at no risk of getting lost
    kept = scores["stage"].ne("lost").to_numpy(dtype=bool)
    high = kept & scores["churn_risk_tier"].eq("high").to_numpy(dtype=bool)
    value = scores["lifetime_value"].to_numpy(dtype=np.float64)
    has_amounts = bool(np.isfinite(value).any())
    warned = _signs(scores)
    return {
        "format": 1,
        "as_of_date": format_moment(scores["as_of"].iloc[0].to_pydatetime(), zone),
        "horizon_days": int(scores["horizon_days"].iloc[0]),
        "lifetime_days": int(scores["lifetime_days"].iloc[0]),
        "model": str(scores["model_version"].iloc[0])[:12],
        "currency": settings.data.currency,
        "has_amounts": has_amounts,
        "customers": len(scores),
        "high_risk": int(high.sum()),
        "can_be_lost": int((kept & scores["churn_risk_tier"].ne("unknown").to_numpy(dtype=bool)).sum()),
        "warned": sum(bool(own) for own in warned),
        "expected_orders": _sum(scores["expected_orders"]),
        "expected_spend": _sum(scores["expected_spend"]) if has_amounts else None,
        "lifetime_value": _sum(value) if has_amounts else None,
        "lifetime_value_high_risk": _sum(value[high]) if has_amounts else None,
        "tiers": [
            _names("dimensions", code)
            | {"counts": _counts(scores[f"{code}_tier"][kept if code == "churn_risk" else slice(None)], TIERS)}
            for code in LEVEL_DIMENSIONS
        ],
        "stages": [row for row in _groups(scores, "stage", high) if row["customers"]],
        "segments": _groups(scores, "segment", high),
        "changes": None if changes is None else _changes(scores, changes, zone),
        "warnings": _warnings(warned, high),
        "strategies": _strategies(scores),
        "effects": [_effect(effect, catalogue) for effect in effects[:EFFECTS_SHOWN]],
        "smallest_arm": SMALLEST_ARM,
    }


def _sum(values: Any) -> float:
    return float(np.nansum(np.asarray(values, dtype=np.float64)))


def _names(section: str, code: str) -> dict[str, Any]:
    """A code with its words; a company's own code speaks for itself."""
    found: dict[str, Any] = {"code": code}
    for lang in LANGUAGES:
        entry = texts(lang)[section].get(code, code)
        found[lang] = str(entry["name"] if isinstance(entry, dict) else entry)
    return found


def _counts(column: pd.Series, codes: Iterable[str]) -> dict[str, int]:
    counts = column.value_counts()
    return {code: int(counts.get(code, 0)) for code in codes}


def _groups(scores: pd.DataFrame, name: str, high: np.ndarray) -> list[dict[str, Any]]:
    """Customers, mean risk and value per code; stages in their order, segments by size."""
    if name not in scores.columns or scores[name].isna().all():
        return []
    rows = []
    for code, places in scores.groupby(name, sort=True).indices.items():
        own = scores.iloc[places]
        words = _names("tiers", str(code))
        if name == "segment":
            words = {"code": str(code)} | {lang: str(own[f"segment_{lang}"].iloc[0]) for lang in LANGUAGES}
        rows.append(
            words
            | {
                "customers": len(own),
                "share": len(own) / len(scores),
                "high_risk": float(high[places].mean()),
                "lifetime_value": _sum(own["lifetime_value"]) if own["lifetime_value"].notna().any() else None,
            }
        )
    if name == "stage":
        return sorted(rows, key=lambda row: STAGES.index(row["code"]))
    return sorted(rows, key=lambda row: (-row["customers"], row["code"]))


def _signs(scores: pd.DataFrame) -> list[list[str]]:
    return [[one["sign"] for one in own if one["code"] == "early"] for own in scores["warnings"].tolist()]


def _warnings(warned: list[list[str]], high: np.ndarray) -> list[dict[str, Any]]:
    rows = []
    for sign in UNITS:
        own = np.array([sign in signs for signs in warned], dtype=bool)
        if own.any():
            rows.append(
                _names("signs", sign)
                | {"customers": int(own.sum()), "share": float(own.mean()), "high_risk": float(high[own].mean())}
            )
    return sorted(rows, key=lambda row: -row["customers"])


def _strategies(scores: pd.DataFrame) -> list[dict[str, Any]]:
    first: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    profit: dict[str, float | None] = {}
    words: dict[str, dict[str, Any]] = {}
    for own in scores["strategies"].tolist():
        for place, one in enumerate(own):
            code = str(one["code"])
            words.setdefault(code, {"code": code, "en": one["name_en"], "zh": one["name_zh"], "level": one["evidence"]})
            offered[code] += 1
            if place == 0:
                first[code] += 1
                profit[code] = _added(profit.get(code), one["expected_profit"])
    rows = [
        words[code] | {"first": first[code], "offered": offered[code], "profit": profit.get(code)} for code in words
    ]
    return sorted(rows, key=lambda row: (-row["first"], -row["offered"], row["code"]))


def _added(total: float | None, value: float | None) -> float | None:
    """The sum of what was measured, or None where nothing was: belief and measurement are never added up."""
    return total if value is None else (total or 0.0) + float(value)


def _effect(effect: Effect, catalogue: Catalogue) -> dict[str, Any]:
    code = effect.strategy
    known = code in catalogue.codes
    return effect.as_dict() | {"name": {lang: catalogue[code].name.of(lang) if known else code for lang in LANGUAGES}}


def _changes(scores: pd.DataFrame, changes: Changes, zone: str) -> dict[str, Any]:
    comparison = changes.comparison
    before = changes.before
    moves = comparison.tier_moves
    moved = moves[moves["before"] != moves["after"]].sort_values("customers", ascending=False, kind="stable")
    risk = changes.differences[changes.differences["field"] == "churn_probability"]
    rising = risk[(risk["difference"] > 0) & (risk["text_en"] != "")].nlargest(RISING_SHOWN, "difference")
    return {
        "as_of_date": format_moment(before["as_of"].iloc[0].to_pydatetime(), zone),
        "model": str(before["model_version"].iloc[0])[:12] if "model_version" in before.columns else "",
        "shared": len(scores) - len(comparison.appeared),
        "appeared": len(comparison.appeared),
        "left": len(comparison.left),
        "notes": [{lang: str(texts(lang)["changes"]["codes"][code]) for lang in LANGUAGES} for code in changes.codes],
        "causes": [
            _causes(changes.differences, field) for field in FIELDS if (changes.differences["field"] == field).any()
        ],
        "parts": [
            {"code": part} | {lang: text(lang, "changes", part) for lang in LANGUAGES}
            for part in (PARTS[:-1] if NO_EARLIER_MODEL not in changes.codes else PARTS)
        ],
        "flows": {
            code: moves[moves["dimension"] == code][["before", "after", "customers"]].to_dict("records")
            for code in FLOWS
            if (moves["dimension"] == code).any()
        },
        "moved": [
            {
                "dimension": _dimension(row["dimension"]),
                "before": _names("tiers", row["before"]),
                "after": _names("tiers", row["after"]),
                "customers": int(row["customers"]),
            }
            for row in moved[moved["dimension"] != "segment"].head(MOVES_SHOWN).to_dict("records")
        ],
        "rising": [
            {"customer_id": str(row["customer_id"]), "en": row["text_en"], "zh": row["text_zh"]}
            for row in rising.to_dict("records")
        ],
    }


def _dimension(code: str) -> dict[str, Any]:
    return _names("dimensions" if code in texts("en")["dimensions"] else "explain", code)


def _causes(table: pd.DataFrame, field: str) -> dict[str, Any]:
    """Before, after and the parts: mean probability, or total money, over the customers whose split is known."""
    own = table[table["field"] == field]
    split = own[np.isfinite(own[list(PARTS)].to_numpy(dtype=np.float64)).all(axis=1)]
    scale = 1.0 / max(1, len(own)) if field == "churn_probability" else 1.0
    found: dict[str, Any] = {lang: str(texts(lang)["changes"]["names"][field]) for lang in LANGUAGES}
    found |= {"field": field, "customers": len(own), "split": len(split)}
    found |= {name: float(own[name].sum()) * scale for name in ("before", "after", "difference")}
    known = len(split) == len(own)
    return found | {part: float(split[part].sum()) * scale if known or len(split) else None for part in PARTS}


def render(content: Mapping[str, Any], language: str = "en") -> str:
    """The page; `language` is shown first, the other is one click away. Without matplotlib it has no pictures."""
    bars = [
        {
            "label": f"dimension.{row['code']}",
            "shares": [count / max(1, sum(row["counts"].values())) for count in row["counts"].values()],
        }
        for row in content["tiers"]
    ]
    drawn = is_installed("matplotlib")
    drawings = {"tiers": plots.tier_plot(bars) if drawn else ""}
    flows = content["changes"]["flows"] if content["changes"] else {}
    for code, rows in flows.items():
        order = [*FLOWS[code], *sorted({row[side] for row in rows for side in ("before", "after")} - set(FLOWS[code]))]
        drawings[f"flow_{code}"] = plots.flow_plot(rows, order, "tier") if drawn else ""
    return page(
        "scores.html",
        language,
        date=content["as_of_date"],
        r=content,
        figures=_figures(content),
        plots=in_both(drawings),
        flows=[{"code": code, "name": _dimension(code)} for code in flows],
        cell=_cell,
        effect_cell=_effect_cell,
        money=lambda value: money(value, content["currency"]),
    )


def _figures(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    customers = content["customers"] or 1
    days = content["horizon_days"]
    figures = [
        {
            "value": percent(content["high_risk"] / max(1, content["can_be_lost"])),
            "key": "run.high_risk",
            "values": {"customers": whole(content["high_risk"])},
        }
    ]
    if content["has_amounts"]:
        total, at_stake = (
            money(content[name], content["currency"]) for name in ("lifetime_value", "lifetime_value_high_risk")
        )
        spend = money(content["expected_spend"], content["currency"])
        figures.append({"value": at_stake, "key": "run.at_stake", "values": {"all": total}})
        figures.append({"value": spend, "key": "run.spend", "values": {"days": days}})
    else:
        orders = whole(content["expected_orders"])
        figures.append({"value": orders, "key": "run.orders", "values": {"days": days}})
    share = percent(content["warned"] / customers)
    figures.append({"value": whole(content["warned"]), "key": "run.warned", "values": {"share": share}})
    return figures


def _cell(row: Mapping[str, Any], name: str) -> InLanguages:
    """A figure of the table of causes: probabilities in points, money whole."""
    value, level = row[name], name in ("before", "after")
    if row["field"] != "churn_probability":
        return figure(lambda lang: formats.number(value, lang, signed=not level))
    if level:
        return figure(lambda lang: formats.percent(value, lang, 1))
    points = None if value is None else value * 100.0
    return figure(lambda lang: formats.number(points, lang, 1, signed=True))


def _effect_cell(row: Mapping[str, Any], name: str) -> InLanguages:
    value = row[name]
    if row["outcome"] == "active":
        return signed(value)
    return figure(lambda lang: formats.number(value, lang, 2, signed=True))
