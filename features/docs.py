"""The page docs/features.md, written from the declarations; `python -m features.docs` brings it up to date."""

from __future__ import annotations

import sys
from pathlib import Path

from configs.files import write_bytes_atomic
from features.catalog import CATALOGUE
from features.declare import BOUNDS, Feature
from features.sources import LOW_SCORE
from features.specs import DRIVERS, FeatureSpec

PAGE = Path(__file__).parent.parent / "docs" / "features.md"

UNITS = {
    "days": "天",
    "orders": "次",
    "items": "件",
    "products": "种",
    "categories": "类",
    "money": "金额",
    "share": "占比",
    "ratio": "比值",
    "score": "分值",
    "count": "次数",
    "code": "类别",
    "flag": "是否",
}
"""Units in Chinese."""

NEEDS = {
    "returns": ("`amount` or `returns_order_id` of transactions", "transactions 的 `amount` 或 `returns_order_id`"),
    "category": ("`category` of transactions, or of products", "transactions 或 products 的 `category`"),
    "price": ("category, `amount` and `quantity`", "品类、`amount` 与 `quantity`"),
    "product_line": ("`line` of products", "products 的 `line`"),
    "delivery": ("`promised_at` and `delivered_at` of transactions", "transactions 的 `promised_at` 与 `delivered_at`"),
}
"""What follows from several columns, in words."""

INTRO_EN = f"""# Features

This page is written from the declarations (`python -m features.docs`); a test keeps it current.
[中文](#特征)

A feature is declared once, in `features/families/`, and computed by the same SQL for training, batch scoring and the
service. It sees a row only if `occurred_at < as_of` and, where `recorded_at` is given, `recorded_at <= as_of`. When the
table or column it needs is not given, the feature is absent. Windows reach back whole days from the cut-off: "the last
90 days" is `[as_of - 90 days, as_of)`; the bounds are {", ".join(map(str, BOUNDS))} days.

- An *order* is one order id of a customer with a positive total; it counts from the moment when its total first was
  positive. An order whose lines carry several times counts once, its amounts count when they happened.
- A *return* is an order event with a negative total.
- An *order day* is a day with an order; days are 24-hour blocks back from the cut-off, which are calendar days when the
  cut-off is a midnight. *Gaps* are whole days from one order day to the next.
- A *change* is `(recent - before) / (|recent| + |before|)`: -1 all gone, 0 the same, +1 all new.
- A *score* is brought to 0 (worst) to 1 (best) by its own scale; without one, 0 to 10 for `nps`, else 1 to 5. It is low
  below {LOW_SCORE}.
- The *price level* divides what a customer paid by what the same quantities cost at the mean unit prices of their
  categories.

The column *churn* says in which direction the churn model may use a feature: `-` a larger value can only lower the
probability, `+` only raise it; it is empty where the business cannot be sure.
"""

INTRO_ZH = f"""# 特征

本页由特征声明生成（`python -m features.docs`），并有测试保证其为最新。

每个特征只在 `features/families/` 中声明一次，训练、批量评分与在线服务使用同一条 SQL 计算。只有当
`occurred_at < as_of`，且（如有 `recorded_at`）`recorded_at <= as_of` 时，一行数据才可见。所需的表或列未提供时，
该特征不存在，而不是零。窗口按整天从截止时刻向前推算：“近90天”即 `[as_of - 90天, as_of)`；边界为
{"、".join(map(str, BOUNDS))} 天。

- *购买*：客户的一个订单号，其合计为正，从合计首次为正的时刻起计。
  一个订单的明细若有多个时间，只计一次购买，金额在各自发生时计入。
- *退货*：合计为负的订单事件。
- *下单日*：有购买的一天；一天是从截止时刻向前的24小时，截止时刻为零点时即自然日。*间隔*为相邻下单日之间的整天数。
- *变化*：`(近期 - 前期) / (|近期| + |前期|)`，-1 为全部消失，0 为不变，+1 为全部新增。
- *评分*按其自身量表换算为 0（最差）到 1（最好）；未给量表时，`nps` 为 0 到 10，其余为 1 到 5。低于 {LOW_SCORE} 为低分。
- *价格水平*：客户实付金额除以同样数量按各品类平均单价计算的金额。

“流失”一列表示流失模型可使用该特征的方向：`-` 表示数值越大流失概率只会越低，`+` 表示只会越高；不能确定时留空。
"""

HEAD_EN = "| feature | meaning | unit | missing means | needs | churn |\n|---|---|---|---|---|---|"
HEAD_ZH = "| 特征 | 含义 | 单位 | 缺失的含义 | 需要 | 流失 |\n|---|---|---|---|---|---|"


def features_page() -> str:
    """The page's text: every feature by driver family, in English and in Chinese."""
    parts = [INTRO_EN, *(_section(driver, english=True) for driver in DRIVERS)]
    parts += [INTRO_ZH, *(_section(driver, english=False) for driver in DRIVERS)]
    return "\n".join(part for part in parts if part)


def _section(driver: str, *, english: bool) -> str:
    rows = [_row(declared, english=english) for declared in CATALOGUE.values() if declared.spec.driver == driver]
    if not rows:
        return ""
    name = DRIVERS[driver].en.capitalize() if english else DRIVERS[driver].zh
    head = HEAD_EN if english else HEAD_ZH
    return f"## {name} (`{driver}`)\n\n{head}\n" + "\n".join(rows) + "\n"


def _row(declared: Feature, *, english: bool) -> str:
    spec = declared.spec
    label, null = (spec.label_en, spec.null_means_en) if english else (spec.label_zh, spec.null_means_zh)
    unit = spec.unit if english else UNITS[spec.unit]
    return f"| `{spec.name}` | {label} | {unit} | {null} | {_needs(declared, english=english)} | {_sign(spec)} |"


def _needs(declared: Feature, *, english: bool) -> str:
    # The table goes without saying when one of its columns is named.
    named = sorted(declared.needs - {declared.spec.source}) or [declared.spec.source]
    words = [NEEDS[need][0 if english else 1] if need in NEEDS else f"`{need}`" for need in named]
    return ", ".join(words) if english else "、".join(words)


def _sign(spec: FeatureSpec) -> str:
    return {-1: "`-`", 0: "", 1: "`+`"}[spec.monotone_churn]


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    write_bytes_atomic(target, features_page().encode())
