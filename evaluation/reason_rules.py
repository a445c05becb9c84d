"""What must hold of every reason that a person reads, checked from the scores alone.

The table of plausible directions stands here apart from the forms of sentences on purpose: it says what a shop clerk
would think of a fact, and is held against whatever the product told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from configs.catalogue import LANGUAGES
from retention.explanation.figures import as_shown
from retention.explanation.reasons import LEAST_TOLD
from retention.explanation.summary import LONGEST

WORSE, BETTER, EITHER = "worse", "better", "either"

MORE_IS: dict[str, str] = {
    "silence": WORSE,
    "gap": WORSE,
    "peers_gap": BETTER,
    "due_in": WORSE,
    "longest_gap": WORSE,
    "orders": BETTER,
    "spend": BETTER,
    "order_value": BETTER,
    "last_order_value": BETTER,
    "items": BETTER,
    "lines": BETTER,
    "products": BETTER,
    "categories": BETTER,
    "returns": WORSE,
    "return_share": WORSE,
    "complaint_open": WORSE,
    "complaints": WORSE,
    "score": BETTER,
    "late_share": WORSE,
    "delay": WORSE,
    # who calls often has a trouble or a tie
    "contacts": EITHER,
    "last_contact": WORSE,
    "campaigns": BETTER,
    "cart_abandoned": WORSE,
    "visits": BETTER,
    "opens": BETTER,
    "clicks": BETTER,
    "browses": BETTER,
    "carts": BETTER,
    "last_visit": WORSE,
    "offers": BETTER,
    "discounted": BETTER,
    "last_offer": WORSE,
    "tenure": BETTER,
    "kind_rate": WORSE,
}
"""What more of a fact than its reference means for the customer's staying."""

ALONE: dict[str, str] = {
    "silence_habit": WORSE,
    "silence_slow": WORSE,
    "second_order": WORSE,
    "first_order_fresh": BETTER,
    "recent_order": BETTER,
    "on_rhythm": BETTER,
    "as_usual": BETTER,
    "came_back": BETTER,
    "not_due": WORSE,
    "rhythm_even": BETTER,
    "irregular": WORSE,
    "months_few": WORSE,
    "months_many": BETTER,
    "one_order": WORSE,
    "one_order_returning": WORSE,
    "returns_count": WORSE,
    "returns_ever": WORSE,
    "returns_none": BETTER,
    "return_share": WORSE,
    "complaint_open": WORSE,
    "complaints_90d": WORSE,
    "complaints_365d": WORSE,
    "complaints_none": BETTER,
    "score_down": WORSE,
    "score_up": BETTER,
    "late": WORSE,
    "late_days": WORSE,
    "on_time": BETTER,
    "campaign_recent": BETTER,
    "cart_abandoned": WORSE,
    "tenure_long": BETTER,
}
"""What a sentence without a comparison means."""

STYLES = {"money": "money", "share": "percent", "score": "score", "days": "span"}
JARGON = re.compile(
    r"half.life|deviation|share of the log|median|percentile|quantile|probabilit|average gap|trend"
    r"|半衰|折半|标准差|分位|方差|概率|均值|中位数|该客户|其平均|进行",
    re.IGNORECASE,
)
PLAUSIBLE_TARGETS = (("reasons", True), ("spend_reasons", False), ("lifetime_reasons", False))


def broken_rules(row: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The rules that one customer's reasons break: place of the reason (-1: the list as a whole) and name of the rule.

    Parameters
    ----------
    row : mapping
        A row of the scores table.
    """
    found: list[tuple[int, str]] = []
    for column, churn in PLAUSIBLE_TARGETS:
        reasons = row[column]
        for place, reason in enumerate(reasons):
            found += [(place if churn else -1, rule) for rule in _of_reason(reason, raises_is_worse=churn)]
        told = [(one["fact"], one["period_days"], one["topic"]) for reason in reasons for one in reason["facts"][:1]]
        if len(set(told)) < len(told):
            found.append((-1, "told_twice"))
    reasons = row["reasons"]
    if reasons and reasons[0]["points"] is not None:
        if not reasons[0]["facts"]:
            found.append((0, "factless_first"))
        difference = row["churn_probability"] - row["churn_base"]
        if abs(difference) > 1e-9 and reasons[0]["points"] * difference < 0:
            found.append((0, "first_against_the_difference"))
        total = row["churn_base"] + sum(one["points"] for one in reasons) + row["churn_rest"]
        if abs(total - row["churn_probability"]) > 1e-6:
            found.append((-1, "sum"))
    if len(reasons) > 5:
        found.append((-1, "too_many"))
    for lang in LANGUAGES:
        if len(row[f"summary_{lang}"]) > LONGEST[lang]:
            found.append((-1, "summary_too_long"))
    return found


def _of_reason(reason: Mapping[str, Any], *, raises_is_worse: bool) -> list[str]:
    found = []
    facts = reason["facts"]
    if facts and reason["direction"] is not None:
        said = WORSE if (reason["direction"] == "raises") == raises_is_worse else BETTER
        meaning = _meaning(reason["form"], facts[0])
        if meaning is None:
            found.append("unknown_fact")
        elif meaning not in (EITHER, said):
            found.append("implausible")
    for fact in facts:
        found += _of_fact(fact, str(reason["form"]))
    for lang in LANGUAGES:
        text = reason[f"text_{lang}"]
        if JARGON.search(text):
            found.append("jargon")
        if len(text) > LONGEST[lang]:
            found.append("too_long")
        if "nan" in text.lower().split() or "{" in text:
            found.append("hole")
    return found


def _of_fact(fact: Mapping[str, Any], form: str) -> list[str]:
    found = []
    style = STYLES.get(fact["unit"], "orders")
    if fact["reference"] is not None:
        value, other = as_shown(np.array([fact["value"], fact["reference"]]), style).tolist()
        if value == other and form != "as_usual":
            found.append("equal_comparison")
    of = fact.get("of")
    if fact["value"] < 0 or (fact["unit"] == "share" and fact["value"] > 1.0 + 1e-9):
        found.append("impossible_number")
    if (of is not None and fact["value"] > of) or (fact["fact"] in ("items", "lines") and round(fact["value"]) < 1):
        found.append("impossible_number")
    return found


def _meaning(form: str, fact: Mapping[str, Any]) -> str | None:
    if fact["reference"] is None or form in ("as_usual", "came_back"):
        return ALONE.get(form)
    more = MORE_IS.get(fact["fact"])
    if more in (None, EITHER):
        return more
    return more if fact["value"] > fact["reference"] else (BETTER if more == WORSE else WORSE)


def reason_quality(scores: pd.DataFrame) -> dict[str, Any]:
    """How the first three reasons of all customers stand.

    Returns
    -------
    dict
        `customers`, `told` (first-three reasons), `breaking` (share that breaks a rule), `factless` (share without a
        fact), `without` (share of customers who differ from the base by two points or more and have no reason), `rules`
        (rule → how often, in all places and for the list as a whole).
    """
    rules: Counter[str] = Counter()
    told = breaking = factless = without = 0
    for row in scores.to_dict("records"):
        broken = broken_rules({str(name): value for name, value in row.items()})
        rules.update(rule for _, rule in broken)
        first = row["reasons"][:3]
        told += len(first)
        breaking += len({place for place, _ in broken if 0 <= place < 3})
        factless += sum(not one["facts"] for one in first if one["points"] is not None)
        without += not row["reasons"] and abs(row["churn_probability"] - row["churn_base"]) >= LEAST_TOLD
    return {
        "customers": len(scores),
        "told": told,
        "breaking": breaking / max(told, 1),
        "factless": factless / max(told, 1),
        "without": without / max(len(scores), 1),
        "rules": dict(rules),
    }
