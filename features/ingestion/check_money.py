"""The amounts as a whole: whether anything was sold at all, and whether one line outweighs all others."""

from __future__ import annotations

import math
from collections.abc import Iterable

from configs.formats import number, percent
from features.connection import every, one
from features.ingestion.look import Look, place, told
from features.ingestion.raw import ROW
from features.ingestion.report import Finding

MIN_LINES = 20
MIN_SHARE, MIN_TIMES = 0.05, 100.0
"""A line is huge with such a share of all money, if it is so many times a large line (the 99th percentile) as well."""
ALWAYS_TIMES = 10_000.0
"""So many times a large line is huge whatever its share."""
SHOWN = 3
MOSTLY_RETURNED = 0.5


def signs(look: Look) -> Iterable[Finding]:
    """No order with a positive total, all zero, or more money going out than coming in."""
    log = look.log
    if look.zero_amounts:
        yield told(
            "zero_amounts",
            "warning",
            (
                "Every amount is zero, so the log is taken as one without amounts; if there are any, map them under "
                "data.transactions.columns.amount.",
                "所有金额都为零，按没有金额处理；如果有金额，请在 data.transactions.columns.amount 中映射。",
            ),
            setting="data.transactions.columns.amount",
        )
        return
    if not look.has("amount"):
        return
    if log.orders == 0:
        yield told(
            "no_positive_order",
            "stop",
            (
                f"No order has a positive total ({number(log.return_lines, 'en')} of {number(log.lines, 'en')} lines "
                "are negative); are signs turned round or amounts empty? Set data.returns.sales_negative: true if "
                "sales are written as negative amounts, or correct data.transactions.columns.amount.",
                f"没有一个订单的总额为正（{number(log.lines, 'zh')} 行中 {number(log.return_lines, 'zh')} 行为负）；"
                "是符号相反，还是金额为空？如果销售以负数记账，请设置 data.returns.sales_negative: true，否则请更正 "
                "data.transactions.columns.amount。",
            ),
            setting="data.returns.sales_negative",
            negative_lines=log.return_lines,
            lines=log.lines,
        )
    elif log.return_share > MOSTLY_RETURNED and (log.amount or 0.0) < 0:
        yield told(
            "mostly_negative",
            "warning",
            (
                f"{percent(log.return_share, 'en')} of the lines are negative and all money together is "
                f"{number(log.amount, 'en')}; if sales are written as negative amounts, set "
                "data.returns.sales_negative: true.",
                f"{percent(log.return_share, 'zh')} 的行为负，金额合计 {number(log.amount, 'zh')}；"
                "如果销售以负数记账，请设置 data.returns.sales_negative: true。",
            ),
            setting="data.returns.sales_negative",
            share=log.return_share,
        )


def huge_amount(look: Look) -> Iterable[Finding]:
    """Lines that outweigh all others: a barcode, a telephone number or a date in the cell of the price."""
    if not look.has("amount") or look.log.lines < MIN_LINES:
        return
    # Of a short log a hundredth is not even the largest line.
    quantile = 1 - max(0.01, 2 / look.log.lines)
    usual, total = one(
        look.connection,
        f"SELECT quantile_cont(abs(amount), {quantile})::DOUBLE, sum(abs(amount))::DOUBLE FROM transactions "
        "WHERE amount <> 0",
    )
    if not usual or not total:
        return
    least = usual * MIN_TIMES
    rows = every(
        look.connection,
        f"SELECT __file, {ROW}, amount::DOUBLE FROM transactions WHERE abs(amount) >= {least!r} "
        f"AND (abs(amount) >= {MIN_SHARE * total!r} OR abs(amount) >= {usual * ALWAYS_TIMES!r}) "
        f"ORDER BY abs(amount) DESC, __file, {ROW}",
    )
    if not rows:
        return
    shown = [(*place(look, "transactions", file, row), amount) for file, row, amount in rows[:SHOWN]]
    more = len(rows) - len(shown)
    en = "; ".join(f"{where}: {number(amount, 'en', 2)}" for where, _, amount in shown)
    zh = "；".join(f"{where}：{number(amount, 'zh', 2)}" for _, where, amount in shown)
    if more:
        en, zh = f"{en} and {number(more, 'en')} more", f"{zh}，另有 {number(more, 'zh')} 行"
    share = math.fsum(abs(amount) for _, _, amount in rows) / total
    one_line = len(rows) == 1
    holds = "One line holds" if one_line else f"{number(len(rows), 'en')} lines hold"
    yield told(
        "huge_amount",
        "warning",
        (
            f"{holds} {percent(share, 'en', 1)} of all money, where a large line is {number(usual, 'en', 2)} ({en}); "
            f"if {'it is' if one_line else 'they are'} not right, correct the source or leave such lines out with "
            "data.transactions.drop_where.",
            f"{number(len(rows), 'zh')} 行占全部金额的 {percent(share, 'zh', 1)}，而较大的行一般为 "
            f"{number(usual, 'zh', 2)}（{zh}）；如果有误，请更正数据，或用 data.transactions.drop_where 排除。",
        ),
        setting="data.transactions.drop_where",
        lines=len(rows),
        share=round(share, 6),
        file=rows[0][0],
        row=rows[0][1],
        value=rows[0][2],
        usual=usual,
    )
