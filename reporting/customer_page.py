"""What one customer's page says, as plain data: everything of the scores table, with the rule behind every tier."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from configs import formats
from configs.catalogue import Lang, section
from configs.timestamps import local_time
from reporting.customer_attributes import Attribute, attribute_lines
from retention.entries import Change, EarlyWarning, Offer, Points, Reason, entries_of, in_language
from retention.explanation.figures import worded
from retention.explanation.reasons import Target
from retention.profile.baseline import Baseline
from retention.profile.dimensions import DIMENSIONS
from retention.profile.lifecycle import STAGES
from retention.profile.peers import EVERYBODY
from retention.profile.reference_values import dimension_unit
from retention.profile.tiers import rule_text
from retention.wording import evidence_reason, format_date, format_value, note, points_text, text, texts

if TYPE_CHECKING:
    from retention.scoring.changes import Changes


@dataclass(frozen=True)
class Figure:
    """A figure with its name and, where there is one, its interval."""

    name: str
    value: str
    interval: str = ""


@dataclass(frozen=True)
class DimensionLine:
    """One dimension in words."""

    code: str
    name: str
    value: str
    tier: str
    evidence: str
    rule: str
    known: bool


@dataclass(frozen=True)
class ReasonLine:
    """One reason in words with its points as shown."""

    text: str
    points: str
    actionable: bool


@dataclass(frozen=True)
class StrategyLine:
    """One strategy with why it was chosen, and why not the next one."""

    name: str
    why: str
    why_not_next: str


@dataclass(frozen=True)
class CustomerPage:
    """Everything said of one customer.

    Attributes
    ----------
    title, subtitle : str
        Who, as of when, by which model.
    summary : str
        One sentence: what, since when, what to do.
    figures : tuple of Figure
        Risk, next order, potential, value.
    stage, stage_rule, member, member_rule : str
        State and why; `segment` and `evidence` beside them.
    attributes : tuple of Attribute
        What is known of the person; nothing is predicted or explained by it.
    dimensions : tuple of DimensionLine
        All dimensions that are known, then those that are not.
    base, rest, total : str
        Risk of the active customers compared with, points of drivers not listed, and the risk shown: base + reasons +
        rest = total.
    base_text : str
        Who these customers are and how many of a hundred stop.
    reasons, value_reasons : tuple of ReasonLine
        Why this risk, why this value.
    warnings, notes, changes : tuple of str
        In words: early signs that warn in this company; other signs and what the data lack; what changed.
    since : str
        Which run the changes are told against; empty without one.
    strategies : tuple of StrategyLine
        What to do.
    note : str
        That reasons describe the model, not a cause.
    """

    title: str
    subtitle: str
    summary: str
    figures: tuple[Figure, ...]
    stage: str
    stage_rule: str
    member: str
    member_rule: str
    segment: str
    evidence: str
    attributes: tuple[Attribute, ...]
    dimensions: tuple[DimensionLine, ...]
    base: str
    base_text: str
    rest: str
    total: str
    reasons: tuple[ReasonLine, ...]
    value_reasons: tuple[ReasonLine, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    since: str
    changes: tuple[str, ...]
    strategies: tuple[StrategyLine, ...]
    note: str


def customer_page(
    row: Mapping[str, Any] | pd.Series,
    baseline: Baseline,
    lang: Lang,
    *,
    currency: str | None = None,
    rules: Mapping[str, float] | None = None,
    changes: Changes | None = None,
    timezone: str = "UTC",
    facts: Mapping[str, Any] | None = None,
) -> CustomerPage:
    """Collect one customer's page.

    Parameters
    ----------
    row : mapping
        A row of the scores table.
    baseline : Baseline
        Cut-offs and their origin.
    lang : {"en", "zh"}
        Language.
    currency : str, optional
        ISO code shown with money; that of the baseline otherwise.
    rules : mapping, optional
        `retention.lifecycle` of the settings as a dict; the defaults otherwise.
    changes : Changes, optional
        What the `changes` of the row are told against.
    timezone : str
        Business zone in which a moment is shown as a day.
    facts : mapping, optional
        The customer's row of `retention.profile.customer_facts`.
    """
    own = dict(row)
    currency = currency or baseline.currency
    words = texts(lang)["explain"]
    horizon = format_value(float(own["horizon_days"]), "days", lang)
    member = str(own.get("member_level") or "unknown")
    base, rest, total = _sum_line(own, lang)
    return CustomerPage(
        title=words["title"].format(customer_id=own["customer_id"]),
        subtitle=words["subtitle"].format(
            as_of=_day(own["as_of"], timezone, lang), horizon=horizon, model=str(own.get("model_version") or "–")[:12]
        ),
        summary=str(own.get(f"summary_{lang}") or ""),
        figures=tuple(_figures(own, lang, horizon, currency)),
        stage=_since(text(lang, "tiers", str(own["stage"])), own.get("stage_since"), lang),
        stage_rule=_stage_rule(own, baseline, lang, rules or {}),
        member=_since(text(lang, "tiers", member), own.get("member_since"), lang),
        member_rule=_member_rule(own, member, baseline, lang, currency),
        segment=str(own.get(f"segment_{lang}") or own.get("segment") or text(lang, "format", "none")),
        evidence=_evidence(own, lang),
        attributes=attribute_lines(facts, lang),
        dimensions=tuple(_dimensions(own, baseline, lang, currency)),
        base=base,
        base_text=_base_text(own, lang),
        rest=rest,
        total=total,
        reasons=tuple(_reasons(own.get("reasons"), "churn", lang, currency)),
        value_reasons=tuple(_reasons(own.get("lifetime_reasons"), "lifetime", lang, currency)),
        warnings=_warnings(own, lang, early=True),
        notes=_warnings(own, lang, early=False),
        since=_since_run(changes, timezone, lang),
        changes=tuple(in_language(one, "text", lang) for one in entries_of(Change, own.get("changes"))),
        strategies=tuple(
            StrategyLine(*(in_language(one, part, lang) for part in ("name", "why", "why_not_next")))
            for one in entries_of(Offer, own.get("strategies"))
        ),
        note=note(lang),
    )


def _warnings(own: Mapping[str, Any], lang: Lang, *, early: bool) -> tuple[str, ...]:
    told = entries_of(EarlyWarning, own.get("warnings"))
    return tuple(in_language(one, "text", lang) for one in told if (one.code == "early") == early)


def _day(moment: Any, timezone: str, lang: Lang) -> str:
    return format_date(local_time(pd.Timestamp(moment).to_pydatetime(), timezone), lang)


def _since_run(changes: Changes | None, timezone: str, lang: Lang) -> str:
    if changes is None or changes.before.empty:
        return ""
    words = texts(lang)["changes"]
    line = str(words["since"]).format(date=_day(changes.before["as_of"].iloc[0], timezone, lang))
    return " ".join([line, *(str(words["note"]).format(text=words["codes"][code]) for code in changes.codes)])


def _plain(value: Any) -> Any:
    return None if value is None or pd.isna(value) else value


def _number(value: Any) -> float:
    return float("nan") if value is None or pd.isna(value) else float(value)


def _since(shown: str, since: Any, lang: Lang) -> str:
    if since is None or pd.isna(since):
        return shown
    joined = texts(lang)["explain"]["since"].format(since=format_date(since, lang))
    return f"{shown} ({joined})" if lang == "en" else f"{shown}（{joined}）"


def _figures(own: Mapping[str, Any], lang: Lang, horizon: str, currency: str | None) -> list[Figure]:
    words = texts(lang)["explain"]

    def interval(low: Any, high: Any, shown: Literal["date", "money"]) -> str:
        if low is None or high is None or pd.isna(low) or pd.isna(high):
            return ""
        ends = [
            format_date(end, lang) if shown == "date" else format_value(float(end), "money", lang, currency)
            for end in (low, high)
        ]
        return str(words["interval"].format(low=ends[0], high=ends[1]))

    def money(name: str) -> str:
        return format_value(_number(own.get(name)), "money", lang, currency)

    days = format_value(float(own["lifetime_days"]), "days", lang)
    return [
        Figure(
            words["risk"].format(horizon=horizon),
            format_value(_number(own["churn_probability"]), "probability", lang),
        ),
        Figure(
            words[_next_order(own)],
            format_date(own.get("next_order_date"), lang),
            interval(own.get("next_order_date_low"), own.get("next_order_date_high"), "date"),
        ),
        Figure(
            words["orders"].format(horizon=horizon), format_value(_number(own.get("expected_orders")), "orders", lang)
        ),
        Figure(words["spend"].format(horizon=horizon), money("expected_spend")),
        Figure(words["headroom"], money("headroom")),
        Figure(
            words["lifetime"].format(days=days),
            money("lifetime_value"),
            interval(own.get("lifetime_value_low"), own.get("lifetime_value_high"), "money"),
        ),
    ]


def _next_order(own: Mapping[str, Any]) -> str:
    """Key of the name that the day of the next order is told under."""
    if own.get("stage") == "prospect":
        return "next_order_first"
    return "next_order_if" if _plain(own.get("next_order_conditional")) else "next_order"


def _sum_line(own: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    drivers = {one.driver: one.points for one in entries_of(Points, own.get("drivers"))}
    if not drivers:
        return "", "", ""
    told = {one.driver for one in entries_of(Reason, own.get("reasons")) if one.points is not None}
    rest = math.fsum(points for code, points in drivers.items() if code not in told)
    return (
        formats.percent(_number(own.get("churn_base")), lang, 1),  # as finely as the points beside it
        points_text(rest, lang, signed=True),
        formats.percent(_number(own["churn_probability"]), lang, 1),
    )


def _base_text(own: Mapping[str, Any], lang: Lang) -> str:
    base = _number(own.get("churn_base"))
    rate = worded(np.array([base]), "hundred", lang)[0]
    form = section("reasons", lang)["base"][str(own.get("comparison_group") or EVERYBODY)]
    return str(form).format(rate=rate, days=format_value(float(own["horizon_days"]), "days", lang))


def _stage_rule(own: Mapping[str, Any], baseline: Baseline, lang: Lang, rules: Mapping[str, float]) -> str:
    stage = str(own["stage"])
    if stage not in STAGES:
        return ""
    by_probability = stage == "at_risk" and own.get("stage_because") == "probability"
    form = str(texts(lang)["stage_rules"]["at_risk_probability" if by_probability else stage])
    lost = stage == "lost"
    times = rules.get("lost_after", 4.0) if lost else rules.get("at_risk_after", 2.0)
    days = rules.get("shortest_lost_days", 60.0) if lost else rules.get("loyal_days", 180.0)
    return form.format(
        orders=formats.brief_number(float(rules.get("loyal_orders", 5)), lang),
        days=format_value(float(days), "days", lang),
        times=format_value(float(times), "ratio", lang),
        probability=format_value(_number(own["churn_probability"]), "probability", lang),
    )


def _member_rule(own: Mapping[str, Any], level: str, baseline: Baseline, lang: Lang, currency: str | None) -> str:
    because = str(own.get("member_because") or "ordinary")
    needs = baseline.membership.get(level, {})
    if because == "promoted" and not needs:
        because = "ordinary"
    return str(texts(lang)["member_rules"][because]).format(
        spend=format_value(needs.get("spend", 0.0), "money", lang, currency),
        orders=format_value(needs.get("orders", 0.0), "plain", lang),
    )


def _evidence(own: Mapping[str, Any], lang: Lang) -> str:
    grade = str(own.get("evidence") or "none")
    because = evidence_reason(str(own.get("evidence_reason") or ""), lang)
    shown = text(lang, "evidence", grade)
    return f"{shown}: {because}" if because and lang == "en" else f"{shown}：{because}" if because else shown


def _dimensions(own: Mapping[str, Any], baseline: Baseline, lang: Lang, currency: str | None) -> list[DimensionLine]:
    known: list[DimensionLine] = []
    unknown: list[DimensionLine] = []
    for code in DIMENSIONS:
        tier = str(own[f"{code}_tier"])
        line = DimensionLine(
            code=code,
            name=str(texts(lang)["dimensions"][code]["name"]),
            value=format_value(_plain(own[code]), dimension_unit(code, baseline), lang, currency),
            tier=text(lang, "tiers", tier),
            evidence=text(lang, "evidence", str(own[f"{code}_evidence"])),
            rule=rule_text(code, own, baseline, lang, currency),
            known=tier != "unknown",
        )
        (known if line.known else unknown).append(line)
    return known + unknown


def _reasons(reasons: Any, target: Target, lang: Lang, currency: str | None) -> list[ReasonLine]:
    def signed(points: float) -> str:
        if target == "churn":
            return points_text(points, lang, signed=True)
        return formats.brief_money(points, lang, currency, signed=True)

    found = []
    for one in entries_of(Reason, reasons):
        points = "" if one.points is None else signed(one.points)
        found.append(ReasonLine(in_language(one, "text", lang), points, one.actionable))
    return found
