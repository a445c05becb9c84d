"""Whether the strategies of a scores table fit; printed by `benchmarks.truth`.

Fit is judged from the reasons as they are told, not from what the choice says of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from retention.strategies.catalogue import Catalogue
from retention.strategies.catalogue_entries import Strategy


@dataclass(frozen=True)
class StrategyQuality:
    """How the strategies of all customers stand.

    Attributes
    ----------
    customers, offered : int
        Customers with strategies, and strategies of all.
    answering, due, unfit : int
        Strategies that answer or build on a reason told, those that are due or owed, and those that are neither.
    first_answers : float
        Share of first strategies that answer or build on the customer's first reason with a fact, where one is told.
    low_risk, low_risk_cut : int
        Customers at low risk, and those of them who get a promotion.
    out_of_step : int
        Lost customers who get anything but the next step of winning back, duties aside.
    codes : frozenset of str
        Strategies that somebody gets.
    """

    customers: int
    offered: int
    answering: int
    due: int
    unfit: int
    first_answers: float
    low_risk: int
    low_risk_cut: int
    out_of_step: int
    codes: frozenset[str]


def strategy_quality(scores: pd.DataFrame, catalogue: Catalogue) -> StrategyQuality:
    """Hold the strategies of a scores table against its reasons, tiers and stages."""
    answering = due = unfit = firsts = first_answers = low_cut = out_of_step = customers = 0
    codes: set[str] = set()
    steps = {step.strategy for sequence in catalogue.sequences for step in sequence.steps}
    rows = zip(scores["strategies"], scores["reasons"], scores["churn_risk_tier"], scores["stage"], strict=True)
    for offers, reasons, tier, stage in rows:
        told = [one for one in reasons if len(one["facts"])]
        own = [catalogue[one["code"]] for one in offers]
        codes.update(one.code for one in own)
        customers += bool(own)
        for strategy in own:
            answers = any(_answers(strategy, reason) for reason in told)
            owed = strategy.due is not None or strategy.duty
            answering, due, unfit = (
                answering + answers,
                due + (owed and not answers),
                unfit + (not owed and not answers),
            )
        rest = [one for one in own if not one.duty]
        if told and rest and stage != "lost":
            firsts += 1
            first_answers += _answers(rest[0], told[0])
        low_cut += tier == "low" and any(one.promotion for one in own)
        out_of_step += stage == "lost" and (len(rest) > 1 or any(one.code not in steps for one in rest))
    return StrategyQuality(
        customers=customers,
        offered=answering + due + unfit,
        answering=answering,
        due=due,
        unfit=unfit,
        first_answers=first_answers / max(firsts, 1),
        low_risk=int((scores["churn_risk_tier"] == "low").sum()),
        low_risk_cut=low_cut,
        out_of_step=out_of_step,
        codes=frozenset(codes),
    )


def _answers(strategy: Strategy, reason: Mapping[str, Any]) -> bool:
    return reason["driver"] in (strategy.drivers if reason["direction"] == "raises" else strategy.builds_on)


def strategy_lines(scores: pd.DataFrame, catalogue: Catalogue) -> list[str]:
    """What `benchmarks.truth` prints of the strategies."""
    found = strategy_quality(scores, catalogue)
    never = sorted(set(catalogue.codes) - found.codes)
    whole = max(found.offered, 1)
    return [
        f"of {found.offered:,} strategies of {found.customers:,} customers {found.answering / whole:.1%} answer or "
        f"build on a reason told, {found.due / whole:.1%} are due or owed, {found.unfit} are neither",
        f"the first strategy answers the first reason for {found.first_answers:.1%} of those not lost",
        f"of {found.low_risk:,} customers at low risk {found.low_risk_cut} are offered a price cut",
        f"{found.out_of_step} lost customers get anything but their next step",
        f"{len(found.codes)} of {len(catalogue.codes)} strategies are given to somebody; "
        f"not: {', '.join(never) or 'none'}",
    ]
