"""The views of the company in words, for the terminal: names instead of codes, and figures that add up as shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from configs import formats
from configs.catalogue import Lang, pairs, text
from configs.timestamps import local_time
from retention.contacts.segments import SegmentFile


def told_demand(
    table: pd.DataFrame, segments: SegmentFile, names: Mapping[str, str], language: Lang, currency: str | None
) -> pd.DataFrame:
    """`demand_view` in words.

    Parameters
    ----------
    table : DataFrame
        From `retention.profile.company_views.demand_view`.
    segments : SegmentFile
        What segments are called.
    names : mapping of str to str
        What items are called; one without a name keeps its code.
    language, currency
        Of words and amounts.
    """
    called = {code: segments[code].name.of(language) for code in segments.codes}
    signs = [
        text("words.format.list", language).join(
            text(f"views.signs.{sign}", language) for sign in ("often", "high_value", "falling") if row[sign]
        )
        for row in table.to_dict("records")
    ]
    shown = {
        "segment": [called.get(code, code) for code in table["segment"].tolist()],
        "item": [names.get(code, code) for code in table["item"].tolist()],
        "orders": _counts(table["orders"], language),
        "before": _counts(table["orders_before"], language),
        "difference": [formats.number(value, language, signed=True) for value in table["difference"].tolist()],
        "customers": _counts(table["customers"], language),
        "spend": [formats.brief_money(value, language, currency) for value in table["spend"].tolist()],
        "signs": signs,
    }
    return _headed(shown, "demand", language)


def told_satisfaction(table: pd.DataFrame, language: Lang, currency: str | None, timezone: str) -> pd.DataFrame:
    """`satisfaction_view` in words; scores are hundredths of their scale."""
    tiers, topics = pairs("words", "tiers"), pairs("worklist", "topics")
    zh = language == "zh"
    rows = table.to_dict("records")
    shown = {
        "where": [_group(row["dimension"], row["value"], tiers, language) for row in rows],
        "topic": [topics[row["topic"]][zh] if row["topic"] in topics else row["topic"] for row in rows],
        "answers": _counts(table["answers"], language),
        "complaints": _counts(table["complaints"], language),
        "now": [_hundredths(row["score_now"], language) for row in rows],
        "before": [_hundredths(row["score_before"], language) for row in rows],
        "difference": [_hundredths(row["change"], language, signed=True) for row in rows],
        "since": [
            formats.UNKNOWN
            if pd.isna(row["since"])
            else formats.day(local_time(row["since"].to_pydatetime(), timezone).date(), language)
            for row in rows
        ],
        "customers": _counts(table["customers"], language),
        "lost": [formats.brief_money(row["lost_value"], language, currency) for row in rows],
    }
    return _headed(shown, "satisfaction", language)


def _headed(shown: Mapping[str, list[str]], view: str, language: Lang) -> pd.DataFrame:
    return pd.DataFrame(
        {text(f"views.{view}.{name}", language): cells for name, cells in shown.items()}, dtype="object"
    )


def _counts(values: pd.Series[Any], language: Lang) -> list[str]:
    return [formats.number(value, language) for value in values.tolist()]


def _hundredths(share: float, language: Lang, *, signed: bool = False) -> str:
    return formats.number(None if pd.isna(share) else round(share * 100), language, signed=signed)


def _group(dimension: str, value: str, tiers: Mapping[str, tuple[str, str]], language: Lang) -> str:
    if dimension == "all":
        return text("views.groups.all", language)
    named = tiers[value][language == "zh"] if value in tiers else value
    groups = pairs("views", "groups")
    name = groups[dimension][language == "zh"] if dimension in groups else dimension
    return text("views.groups.one", language, name=name, value=named)
