"""Strategies held against the reasons as they are told."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.truth_strategies import strategy_lines, strategy_quality
from retention.strategies.catalogue import load_catalogue


def reason(driver: str, direction: str = "raises", fact: bool = True) -> dict[str, Any]:
    return {"driver": driver, "direction": direction, "facts": [{"fact": "silence"}] if fact else []}


def scores_of(*rows: tuple[list[str], list[dict[str, Any]], str, str]) -> pd.DataFrame:
    names = ("strategies", "reasons", "churn_risk_tier", "stage")
    table = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    return table.assign(strategies=[[{"code": code} for code in codes] for codes in table["strategies"]])


def test_what_does_not_fit_is_counted() -> None:
    scores = scores_of(
        (["reactivation_offer", "store_service"], [reason("recency")], "high", "at_risk"),
        (["reactivation_offer"], [reason("recency", fact=False)], "high", "at_risk"),
        (["fast_reorder", "discount_incentive"], [reason("recency", "lowers")], "low", "loyal"),
        (["win_back_inquiry"], [reason("recency")], "high", "lost"),
        (["points", "win_back_inquiry"], [reason("recency")], "high", "lost"),
        ([], [reason("recency")], "high", "lost"),
    )
    found = strategy_quality(scores, load_catalogue())
    assert (found.customers, found.offered) == (5, 8)
    assert (found.answering, found.due, found.unfit) == (5, 1, 2)
    assert found.first_answers == 1.0 and (found.low_risk, found.low_risk_cut) == (1, 1)
    assert found.out_of_step == 1
    lines = strategy_lines(scores, load_catalogue())
    assert "2 are neither" in lines[0] and "of 1 customers at low risk 1 are offered a price cut" in lines


def test_a_table_without_anybody_is_no_error() -> None:
    empty = scores_of(([], [], "low", "repeat")).iloc[:0]
    assert strategy_quality(empty, load_catalogue()).offered == 0
