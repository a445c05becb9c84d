"""One sentence per customer: what, since when, what to do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import LANGUAGES, Lang, section
from retention.explanation.figures import worded
from retention.profile.attributes import number
from retention.wording import format_values

LONGEST: dict[Lang, int] = {"en": 90, "zh": 45}
"""Characters of a summary."""


def summaries(scores: pd.DataFrame, frame: pd.DataFrame, currency: str | None) -> dict[str, list[str]]:
    """The columns `summary_en` and `summary_zh`.

    Parameters
    ----------
    scores : DataFrame
        Scores with `reasons`, `strategies`, stage and tiers, n rows.
    frame : DataFrame
        Features of the same rows.
    currency : str, optional
        ISO code shown with money.
    """
    return {f"summary_{lang}": _summaries(scores, frame, lang, currency) for lang in LANGUAGES}


def _summaries(scores: pd.DataFrame, frame: pd.DataFrame, lang: Lang, currency: str | None) -> list[str]:
    words = section("reasons", lang)["summary"]
    silent = number(frame, "days_since_last_order")
    ago, span = (worded(silent, style, lang) for style in ("ago", "span"))
    value = number(scores, "lifetime_value")
    high = (scores["overall_value_tier"].to_numpy(dtype=object) == "high") & np.isfinite(value)
    # the figure that stands beside it on the page
    worth = [
        "" if not told else one for told, one in zip(high, format_values(value, "money", lang, currency), strict=True)
    ]
    gap = " " if lang == "en" else ""
    made = []
    for stage, tier, reasons, strategies, recent, since, money in zip(
        scores["stage"].tolist(),
        scores["churn_risk_tier"].tolist(),
        scores["reasons"].tolist(),
        scores["strategies"].tolist(),
        ago,
        span,
        worth,
        strict=True,
    ):
        what = _what(words, stage, tier, reasons, recent, since, lang)
        todo = words["do"].format(action=strategies[0][f"name_{lang}"]) if strategies else words["nothing"]
        if stage == "lost":
            todo = words["ask"]
        tail = [words["worth"].format(money=money), todo] if money else [todo]
        # what is the case is never left out for want of room: the worth goes first, then the comparison, then the step
        offered = ([what, *tail], [what, todo], [_shorter(what), todo])
        lines = (gap.join(parts) for parts in offered)
        made.append(next((line for line in lines if len(line) <= LONGEST[lang]), what))
    return made


def _shorter(what: str) -> str:
    """A sentence up to its comparison.

    Examples
    --------
    >>> _shorter("No order for 8 months; usually one every 60 days."), _shorter("已8个月未下单，平时约60天一单。")
    ('No order for 8 months.', '已8个月未下单。')
    """
    first, *others = re.split("[;，；]", what, maxsplit=1)
    return f"{first}{what[-1]}" if others else what


def _risk(stage: str, tier: str) -> str:
    if stage == "at_risk" and tier == "low":
        return "medium"  # who is overdue does not buy as usual, whatever the model expects
    return tier if tier in ("high", "medium", "low") else "unknown"


def _what(
    words: dict[str, Any], stage: str, tier: str, reasons: list[dict[str, Any]], ago: str, span: str, lang: Lang
) -> str:
    if stage == "prospect":
        return str(words["prospect"])
    if stage == "lost" and span:
        return str(words["lost"]).format(span=span)
    told = [one for one in reasons if one["facts"] and one["direction"] in (None, "raises")]
    if stage == "first_time" and tier != "high":
        said = str(words["first_time"]).format(ago=ago)
        return said[:1].upper() + said[1:]
    trouble = next((one for one in told if one["driver"] == "satisfaction" and "complaint" in one["form"]), None)
    if trouble is not None:
        return str(trouble[f"text_{lang}"])
    if tier == "low" and stage != "at_risk":
        return str(words["plain"]["low"])
    if told:
        return str(told[0][f"text_{lang}"])
    return str(words["plain"][_risk(stage, tier)])
