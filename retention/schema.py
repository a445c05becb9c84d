"""The scores row: what every column is called, holds and means.

`COLUMNS` is the one list. The Arrow schema and the CSV (`retention.scoring.scores_table`), the service's answer
(`serving.answers`), the names that conditions may use (`retention.conditions.fields`) and the table in
docs/dimensions.md (`python -m retention.schema_page`) are read from it. What the list columns hold stands in
`retention.entries`.

Both modules stand below the rooms that write parts of the row: conditions, explanation and strategies may not look up
at scoring.
"""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from features.catalog import CATALOGUE
from retention.entries import CategoryPlace, Change, EarlyWarning, Offer, Points, Reason
from retention.profile.dimensions import DIMENSIONS
from retention.profile.lifecycle import STAGES
from retention.profile.peers import EVERYBODY, GROUPS

EVIDENCE = ("strong", "weak", "none")


@dataclass(frozen=True)
class Column:
    """One column of the scores table.

    Attributes
    ----------
    name : str
        As in the file; `<days>` and `<strategy>` stand for what differs from company to company.
    type : type
        str, float, int, bool, datetime (a moment in UTC), date (a day, kept as its midnight) or a list of entries.
    unit : str
        Unit of a number; `code` for texts from a fixed list, empty where there is none.
    en, zh : str
        What it means.
    source : str
        Where it is known from: a key of `SOURCES`.
    choices : tuple of str
        All texts that it may hold; empty: any.
    always : bool
        Whether it is never null.
    condition : bool
        Whether conditions of strategies and segments may name it.
    service : bool
        Whether the service answers it per customer.
    csv : {"value", "text", "name", "points", ""}
        How it stands in the CSV: as it is, by the texts or names of its entries, as ``driver=points``, not at all.
    """

    name: str
    type: Any
    unit: str
    en: str
    zh: str
    source: str
    choices: tuple[str, ...] = ()
    always: bool = False
    condition: bool = True
    service: bool = True
    csv: Literal["value", "text", "name", "points", ""] = "value"

    @property
    def entry(self) -> Any:
        """Class of the entries of a list column; None for other columns."""
        return typing.get_args(self.type)[0] if typing.get_origin(self.type) is list else None


SOURCES = {
    "orders": ("order log", "订单记录"),
    "model": ("model", "模型"),
    "customers": ("customers table", "客户表"),
    "products": ("order log and products table", "订单记录与产品表"),
    "feedback": ("feedback, complaints, returns, deliveries", "评价、投诉、退货与配送"),
    "training": ("company's customers at the last training", "上次训练时的全部客户"),
    "features": ("the feature's own table, see features.md", "特征所属的数据表，见特征目录"),
    "strategies": ("strategies file", "策略文件"),
    "segments": ("segments file", "分群文件"),
    "settings": ("settings", "设置"),
    "before": ("the run before", "上一次运行"),
    "run": ("this run", "本次运行"),
}
"""Where a column is known from, in English and Chinese."""

_NAMES = {
    "purchasing_power": ("purchasing power", "购买力", "orders"),
    "purchase_frequency": ("purchase frequency", "购买频率", "orders"),
    "purchase_potential": ("purchase potential", "购买潜力", "model"),
    "satisfaction": ("satisfaction", "满意度", "feedback"),
    "loyalty": ("loyalty", "忠诚度", "orders"),
    "churn_risk": ("churn risk", "流失风险", "model"),
    "overall_value": ("overall value", "客户价值", "model"),
    "buying_behaviour": ("buying behaviour", "购买行为", "orders"),
    "customer_type": ("customer type", "客户类型", "customers"),
    "tenure": ("time with the company", "新老客户", "orders"),
    "region": ("region", "地域", "customers"),
    "industry": ("industry", "行业", "customers"),
    "company_size": ("company size", "公司规模", "customers"),
    "product_line": ("premium products' share of the year's spend", "高端产品占全年消费的比例", "products"),
    "product_role": ("main line's share of the year's spend", "主力产品占全年消费的比例", "products"),
    "fulfilment": ("fulfilment", "出入库需求", "customers"),
    "preferred_channel": ("preferred channel", "渠道偏好", "customers"),
}

_CLOSED = ("customer_type", "company_size")
"""Attributes for which conditions may ask by our codes only."""


def _dimension_columns() -> tuple[Column, ...]:
    found: list[Column] = []
    for code, dimension in DIMENSIONS.items():
        en, zh, source = _NAMES[code]
        kind: Any = str if dimension.unit == "code" else float
        # an attribute keeps a text that it has no code for
        tiers = (*dimension.tiers, "unknown") if dimension.tiers else ()
        own = tiers if code in _CLOSED else ()
        found += [
            Column(code, kind, dimension.unit, en, zh, source, own),
            Column(f"{code}_tier", str, "code", f"tier of {code}", f"{zh}：档位", "training", tiers),
            Column(f"{code}_evidence", str, "code", f"evidence of {code}", f"{zh}：依据强弱", source, EVIDENCE),
        ]
        if dimension.kind == "level":
            low, high = "low below this value", "high from this value on"
            found += [
                Column(f"{code}_low_below", float, dimension.unit, f"{code}: {low}", f"{zh}：低于此值为低", "training"),
                Column(
                    f"{code}_high_from", float, dimension.unit, f"{code}: {high}", f"{zh}：不低于此值为高", "training"
                ),
            ]
    return tuple(found)


def _list(name: str, entry: Any, en: str, zh: str, source: str, **more: Any) -> Column:
    return Column(name, list[entry], "", en, zh, source, condition=name == "drivers", **more)


_BASE = "before all drivers; base and all points add up to the prediction"

COLUMNS: tuple[Column, ...] = (
    Column("customer_id", str, "", "customer", "客户编号", "orders", always=True, condition=False),
    Column("as_of", datetime, "", "moment that the row speaks of", "评分时点", "run", always=True, condition=False),
    Column("horizon_days", int, "days", "length of the horizon", "预测期长度", "settings", always=True),
    Column("churn_probability", float, "probability", "no order in the horizon", "预测期内不再购买的概率", "model"),
    Column(
        "next_order_date",
        date,
        "",
        "day of the next order, if there is one within lifetime_days",
        "预计下次购买日期",
        "model",
    ),
    Column(
        "next_order_conditional",
        bool,
        "",
        "whether next_order_date only holds if the customer orders again, because no order is the likelier case",
        "不再下单的可能更大，日期仅供“若再下单”参考",
        "model",
        condition=False,
    ),
    Column("expected_orders", float, "orders", "orders in the horizon", "预测期内的预期订单数", "model"),
    Column("expected_spend", float, "money", "net spend in the horizon", "预测期内的预期净消费", "model"),
    Column(
        "headroom",
        float,
        "money",
        "what similar customers spend in the horizon above this one",
        "与同类客户相比的增长空间",
        "training",
    ),
    Column(
        "lifetime_days", int, "days", "length of the lifetime horizon", "生命周期价值的计算期", "settings", always=True
    ),
    Column(
        "lifetime_value", float, "money", "discounted net spend in lifetime_days", "计算期内折现后的净消费", "model"
    ),
    Column("lifetime_value_low", float, "money", "lower end of its 80 % interval", "其80%区间的下限", "model"),
    Column("lifetime_value_high", float, "money", "upper end of its 80 % interval", "其80%区间的上限", "model"),
    *_dimension_columns(),
    Column(
        "recency_quintile",
        int,
        "quintile",
        "fifth of the customers by the last order, 5 = latest",
        "最近购买五分位，5为最近",
        "training",
    ),
    Column("frequency_quintile", int, "quintile", "by orders so far, 5 = most", "购买次数五分位，5为最多", "training"),
    Column(
        "monetary_quintile", int, "quintile", "by net spend so far, 5 = most", "消费金额五分位，5为最高", "training"
    ),
    Column("stage", str, "code", "life-cycle stage", "生命周期阶段", "orders", (*STAGES, "unknown")),
    Column("stage_since", date, "", "first day of the stage", "进入该阶段的日期", "orders"),
    Column("stage_because", str, "code", "what led to the stage", "进入该阶段的原因", "orders"),
    Column("member_level", str, "code", "membership level", "会员等级", "orders"),
    Column("member_since", date, "", "first day of the level", "取得该等级的日期", "orders"),
    Column("member_because", str, "code", "what led to the level", "取得该等级的原因", "orders"),
    Column("segment", str, "code", "segment", "客户分群", "segments"),
    Column(
        "segment_en",
        str,
        "",
        "name of the segment in English",
        "分群的英文名称",
        "segments",
        condition=False,
        service=False,
    ),
    Column(
        "segment_zh",
        str,
        "",
        "name of the segment in Chinese",
        "分群的中文名称",
        "segments",
        condition=False,
        service=False,
    ),
    Column("evidence", str, "code", "weakest evidence of all predictions", "各项预测中最弱的依据", "model", EVIDENCE),
    Column("evidence_reason", str, "code", "why the evidence is not strong", "依据不足的原因", "model"),
    Column(
        "summary_en",
        str,
        "",
        "what, since when, what to do, in English",
        "一句话概括（英文）",
        "model",
        condition=False,
        service=False,
    ),
    Column(
        "summary_zh",
        str,
        "",
        "what, since when, what to do, in Chinese",
        "一句话概括：情况、时间、建议",
        "model",
        condition=False,
        service=False,
    ),
    _list("reasons", Reason, "why this churn probability", "流失概率的原因", "model", csv="text"),
    _list("warnings", EarlyWarning, "early signs, and what the data lack", "早期预警与数据不足", "orders", csv="text"),
    _list("strategies", Offer, "what to do, best first", "建议的策略，最佳在前", "strategies", csv="name"),
    _list("changes", Change, "what changed since the run before", "与上一次运行相比的变化", "before", csv="text"),
    _list("spend_reasons", Reason, "why this expected spend", "预期消费的原因", "model", csv=""),
    _list("lifetime_reasons", Reason, "why this lifetime value", "生命周期价值的原因", "model", csv=""),
    _list(
        "categories",
        CategoryPlace,
        "largest category per level of the tree",
        "各级品类中消费最多的一类",
        "products",
        service=False,
        csv="",
    ),
    Column(
        "next_order_date_low",
        date,
        "",
        "lower end of the interval of next_order_date",
        "预计购买日期区间的起点",
        "model",
    ),
    Column(
        "next_order_date_high",
        date,
        "",
        "upper end of the interval of next_order_date",
        "预计购买日期区间的终点",
        "model",
    ),
    # what follows differs from company to company and stands in the order in which it was computed
    Column(
        "churn_probability_<days>d",
        float,
        "probability",
        "no order in so many days",
        "指定天数内不再购买的概率",
        "model",
    ),
    Column("expected_orders_<days>d", float, "orders", "orders in so many days", "指定天数内的预期订单数", "model"),
    Column("expected_spend_<days>d", float, "money", "net spend in so many days", "指定天数内的预期净消费", "model"),
    Column(
        "own_effect_<strategy>",
        float,
        "probability",
        "how much more than others the customer is moved",
        "该客户受策略影响超出平均的程度",
        "training",
    ),
    Column(
        "churn_base",
        float,
        "probability",
        f"churn probability {_BASE}",
        "流失概率的基准值，加各驱动因素即为预测值",
        "model",
    ),
    Column(
        "churn_rest",
        float,
        "probability",
        "points of the drivers that the reasons do not name: base, reasons and rest are the probability",
        "未列出因素的合计：基准值、原因与其余之和即为概率",
        "model",
    ),
    Column(
        "comparison_group",
        str,
        "code",
        "active customers that the base and the reasons compare with",
        "基准值与原因所比较的活跃客户群",
        "training",
        (*GROUPS, EVERYBODY),
    ),
    _list(
        "drivers",
        Points,
        "points of all drivers of the churn probability",
        "流失概率各驱动因素的贡献",
        "model",
        csv="points",
    ),
    Column(
        "spend_base", float, "money", f"expected spend {_BASE}", "预期消费的基准值，加各驱动因素即为预测值", "model"
    ),
    _list("spend_drivers", Points, "points of all drivers of the spend", "预期消费各驱动因素的贡献", "model", csv=""),
    Column(
        "lifetime_base",
        float,
        "money",
        f"lifetime value {_BASE}",
        "生命周期价值的基准值，加各驱动因素即为预测值",
        "model",
    ),
    _list(
        "lifetime_drivers",
        Points,
        "points of all drivers of the value",
        "生命周期价值各驱动因素的贡献",
        "model",
        csv="",
    ),
    Column(
        "model_version",
        str,
        "",
        "bundle that answered",
        "所用模型包",
        "run",
        always=True,
        condition=False,
        service=False,
    ),
    Column(
        "feature_fingerprint",
        str,
        "",
        "declarations of its features",
        "特征声明的指纹",
        "run",
        always=True,
        condition=False,
        service=False,
    ),
    Column(
        "scored_at",
        datetime,
        "",
        "when the run was started",
        "本次运行的开始时间",
        "run",
        condition=False,
        service=False,
    ),
)
"""Every column, in the order of the file. Features that conditions ask for stand where the varying columns do."""

VARYING = tuple(column for column in COLUMNS if "<" in column.name)
"""Columns whose names hold a number of days or a strategy."""

FEATURES: tuple[Column, ...] = tuple(
    Column(spec.name, str if spec.kind == "categorical" else float, spec.unit, spec.label_en, spec.label_zh, "features")
    for spec in (declared.spec for declared in CATALOGUE.values())
)
"""The features that conditions may ask for; those that they do ask for stand in the table."""

PROFILE: tuple[Column, ...] = (
    Column("owner", str, "", "person who looks after the customer", "负责人", "customers"),
    Column("birthday", date, "", "birthday", "生日", "customers"),
    Column("age", int, "years", "age in whole years, from the birthday", "年龄，按生日计算的周岁", "customers"),
    Column("gender", str, "code", "gender", "性别", "customers", ("female", "male", "other")),
    Column("interests", list[str], "", "interests", "兴趣", "customers"),
    Column("points_balance", float, "points", "points balance", "积分余额", "customers"),
    Column("points_expire_on", date, "", "day on which points expire", "积分到期日", "customers"),
    Column("points_expire_days", int, "days", "days until points expire", "距积分到期的天数", "customers"),
    Column("referred_by", str, "", "customer who brought this one", "推荐人", "customers"),
    Column("referrals", int, "customers", "customers brought who have ordered", "成功推荐的客户数", "customers"),
    Column(
        "looked_days",
        int,
        "days",
        "days since the customer last searched, browsed or filled a cart without ordering since",
        "距上次搜索、浏览或加购而未下单的天数",
        "customers",
    ),
    Column("renewal_at", date, "", "day on which the contract is renewed", "合同续签日期", "customers"),
    Column("acquired_at", date, "", "day on which the customer was acquired", "获客日期", "customers"),
)
"""Columns of the customers table, and what follows from them (`retention.profile.customer_facts`), that conditions
may ask for; they are read beside the scores and not kept in them, and no model has them."""

PERSONAL = frozenset({"age", "gender"})
"""What no price and no discount may depend on."""

_BY_NAME = {column.name: column for column in (*FEATURES, *COLUMNS)}
_PATTERNS = tuple(
    (re.compile(re.sub("<[a-z]+>", r"[0-9]+" if "<days>" in column.name else r".+", column.name)), column)
    for column in VARYING
)
_NAMES_IN_ORDER = tuple(column.name for column in COLUMNS)
_VARIES_AT = _NAMES_IN_ORDER.index(VARYING[0].name)


def column_of(name: str) -> Column | None:
    """The column of a name in a scores table; None where it is no column of ours.

    Examples
    --------
    >>> column_of("churn_probability_30d").unit
    'probability'
    >>> column_of("weather") is None
    True
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((column for pattern, column in _PATTERNS if pattern.fullmatch(name)), None)


def column_order(present: list[str]) -> list[str]:
    """Names in the order of the table; what is not named in `COLUMNS` stands where the varying columns do, as given.

    Examples
    --------
    >>> column_order(["scored_at", "spend_30d", "churn_base", "customer_id"])
    ['customer_id', 'spend_30d', 'churn_base', 'scored_at']
    """
    given = set(present)
    further = [name for name in present if name not in _NAMES_IN_ORDER]
    ordered = [*_NAMES_IN_ORDER[:_VARIES_AT], *further, *_NAMES_IN_ORDER[_VARIES_AT:]]
    return [name for name in ordered if name in given]
