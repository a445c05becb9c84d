"""How much the labels carry: when a model is allowed, and what is said where it is not.

The minimums are written here and in docs/bundle.md; nothing else decides about them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from configs.history import MIN_CUSTOMERS
from models.contract import orders_column
from models.encoding import Encoded

STRONG, WEAK, NONE = "strong", "weak", "none"
GRADES = (NONE, WEAK, STRONG)

MIN_OUTCOMES = 50
COMFORT_CUSTOMERS = 500
COMFORT_OUTCOMES = 200

REASONS: dict[str, dict[str, str]] = {
    "": {"en": "", "zh": ""},
    "no_orders_yet": {
        "en": "This customer has not ordered yet; the figures are those of customers before their first order.",
        "zh": "该客户尚未下单；所示数字为首次下单前客户的一般水平。",
    },
    "no_closed_horizon": {
        "en": "The log is shorter than the horizon; a rule answers. Add history of at least twice the horizon.",
        "zh": "交易记录短于预测期，由规则给出结果。请补充至少两倍预测期的历史数据。",
    },
    "too_few_customers": {
        "en": f"Fewer than {MIN_CUSTOMERS} customers have a known outcome; a rule answers. Add customers or history.",
        "zh": f"结果已知的客户不足 {MIN_CUSTOMERS} 位，由规则给出结果。请补充客户或历史数据。",
    },
    "too_few_outcomes": {
        "en": f"Fewer than {MIN_OUTCOMES} cases of buying or of leaving are known; a rule answers. Add history.",
        "zh": f"已知的购买或流失案例不足 {MIN_OUTCOMES} 个，由规则给出结果。请补充历史数据。",
    },
    "failed_test": {
        "en": "The model did not pass its test on past customers, so a rule answers. Train again with more history.",
        "zh": "模型未通过历史数据检验，由规则给出结果。积累更多历史数据后请重新训练。",
    },
    "not_told_apart": {
        "en": "In the test, who stopped and who stayed could not be told apart; a rule answers, without a risk tier.",
        "zh": "检验中分不出谁会流失、谁会留下，由规则给出结果，不划分风险等级。",
    },
    "extrapolated_horizon": {
        "en": "The log is too short for a model of this horizon; the figures are continued from a shorter one.",
        "zh": "交易记录过短，无法建立与预测期等长的模型，数字由较短预测期外推而来。",
    },
    "few_labels": {
        "en": f"The model has learned from fewer than {COMFORT_CUSTOMERS} customers or {COMFORT_OUTCOMES} cases.",
        "zh": f"模型仅从不足 {COMFORT_CUSTOMERS} 位客户或 {COMFORT_OUTCOMES} 个案例中学习。",
    },
    "single_cutoff": {
        "en": "All outcomes come from one point in time, so season and growth cannot be told apart.",
        "zh": "所有结果来自同一时间点，无法区分季节与增长的影响。",
    },
    "no_amounts": {
        "en": "The log has no amounts, so spend and lifetime value are unknown. Add an amount per order line.",
        "zh": "交易记录没有金额，无法给出消费与终身价值。请为每笔订单明细补充金额。",
    },
    "extrapolated_lifetime": {
        "en": "No window as long as the lifetime has closed; the lifetime value is continued from a shorter one.",
        "zh": "尚无与生命周期等长的完整窗口，客户终身价值由较短窗口外推而来。",
    },
}
"""Every `evidence_reason` with the sentence shown to people."""


@dataclass(frozen=True)
class LabelCounts:
    """What is known at one horizon: distinct customers, cut-offs, and rows of either outcome."""

    customers: int
    cutoffs: int
    active: int
    churned: int

    @property
    def refusal(self) -> str:
        """Why a model is not allowed: a code of `REASONS`, empty if it is."""
        if self.customers == 0:
            return "no_closed_horizon"
        if self.customers < MIN_CUSTOMERS:
            return "too_few_customers"
        if min(self.active, self.churned) < MIN_OUTCOMES:
            return "too_few_outcomes"
        return ""

    @property
    def doubt(self) -> str:
        """Why the evidence is weak although a model is allowed: a code of `REASONS`, empty if it is strong."""
        if self.customers < COMFORT_CUSTOMERS or min(self.active, self.churned) < COMFORT_OUTCOMES:
            return "few_labels"
        return "single_cutoff" if self.cutoffs < 2 else ""


def count_labels(encoded: Encoded, labels: pd.DataFrame, horizon_days: int) -> LabelCounts:
    """Count the known outcomes at a horizon among customers who have ordered before."""
    rows = labelled(encoded, labels, horizon_days)
    orders = labels[orders_column(horizon_days)].to_numpy(dtype=np.float64)[rows] if rows.any() else np.zeros(0)
    customers = 0 if encoded.customer_id is None else len(pd.unique(encoded.customer_id[rows]))
    cutoffs = 0 if encoded.as_of is None else len(np.unique(encoded.as_of[rows]))
    active = int((orders > 0).sum())
    return LabelCounts(customers, cutoffs, active, len(orders) - active)


def has_ordered(encoded: Encoded) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows whose customer has at least one order before the cut-off, shape (n,)."""
    orders = encoded.column("orders_ever")
    return np.ones(len(encoded), dtype=bool) if orders is None else np.nan_to_num(orders) > 0


def labelled(encoded: Encoded, labels: pd.DataFrame, horizon_days: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows a model may learn from: the horizon has closed and the customer has ordered before, shape (n,)."""
    name = orders_column(horizon_days)
    if name not in labels:
        return np.zeros(len(encoded), dtype=bool)
    return labels[name].notna().to_numpy() & has_ordered(encoded)
