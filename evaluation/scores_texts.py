"""What the report of a scoring run says, in English and Chinese: key → (en, zh), with the same placeholders."""

from __future__ import annotations

SCORES_TEXTS: dict[str, tuple[str, str]] = {
    "run.title": ("Your customers on {date}", "{date} 的客户全貌"),
    "run.subtitle": (
        "{customers} customers scored; risk, orders and spend speak of the next {days} days, value of {lifetime} days.",
        "共为 {customers} 位客户评分；风险、订单与消费指未来 {days} 天，客户价值指 {lifetime} 天。",
    ),
    "run.model": ("Model {model}", "模型 {model}"),
    "run.high_risk": (
        "of customers are at high risk of not ordering ({customers} customers)",
        "的客户流失风险高（{customers} 位）",
    ),
    "run.at_stake": (
        "lifetime value of the customers at high risk, of {all} in all",
        "高风险客户的终身价值合计，全部客户为 {all}",
    ),
    "run.spend": ("net spend expected in {days} days", "未来 {days} 天的预期净消费"),
    "run.orders": ("orders expected in {days} days", "未来 {days} 天的预期订单数"),
    "run.warned": (
        "customers carry an early warning ({share} of all)",
        "位客户有流失预警（占全部的 {share}）",
    ),
    "run.tiers": ("Tiers", "客户分层"),
    "run.tiers.caption": (
        "Share of customers per tier, from high (left) to low; grey: unknown. The cut-offs stand in the scores.",
        "各层客户所占比例，由高（左）到低；灰色为未知。分界值见评分文件。",
    ),
    "run.stages": ("Life cycle and segments", "生命周期与客群"),
    "run.changes": ("What changed", "有哪些变化"),
    "run.changes.none": (
        "There is no earlier run to compare with; the next one is compared with this one.",
        "没有更早的运行可供比较；下次运行将与本次比较。",
    ),
    "run.changes.since": (
        "Compared with the run of {date}: {shared} customers are in both, {appeared} are new, {left} are gone.",
        "与 {date} 的运行相比：两次均有 {shared} 位客户，新增 {appeared} 位，减少 {left} 位。",
    ),
    "run.causes.caption": (
        "Customers of both runs: mean churn probability in percentage points, spend and value in total. The causes add "
        "up to the difference; docs/reasons.md says how they are told apart.",
        "两次均有的客户：流失概率为平均值（百分点），消费与价值为合计。各原因相加等于差值，方法见 docs/reasons.md。",
    ),
    "run.flow.caption": (
        "{name}: before on the left, now on the right. Coloured bands moved.",
        "{name}：左为上次，右为本次。彩色带为发生变动的客户。",
    ),
    "run.moves": ("Who moved", "客户迁移"),
    "run.moves.caption": (
        "The largest moves; every customer who moved stands in {file} with the reason.",
        "列出最大的迁移；每位发生迁移的客户及原因见 {file}。",
    ),
    "run.rising": ("Customers whose risk rose most", "风险上升最多的客户"),
    "run.warnings": ("Early warnings", "流失预警"),
    "run.warnings.caption": (
        "Signs that customers show against their own normal. How early and how right such warnings have been is in the "
        "training report.",
        "客户相对自身常态出现的迹象。此类预警的及时性与准确性见训练报告。",
    ),
    "run.warnings.none": ("No customer shows a sign.", "没有客户出现预警迹象。"),
    "run.strategies": ("What to do", "策略构成"),
    "run.strategies.caption": (
        "First: customers for whom it is the best strategy; offered: customers for whom it is among the best. "
        "Profit is what it is expected to bring beyond doing nothing, summed over the first.",
        "首选：以其为最佳策略的客户；入选：列入建议策略的客户。利润为相对不采取行动的预期增量，按首选客户合计。",
    ),
    "run.strategies.none": ("No strategy was chosen.", "没有选出任何策略。"),
    "run.effects": ("What strategies have brought", "策略的实际效果"),
    "run.effects.caption": (
        "Treated minus held-out customers in the {days} days after the contact, with the 95 % interval. "
        "Randomised: the arms were drawn by chance.",
        "联系后 {days} 天内，被联系客户与留出客户之差，附 95% 区间。“随机”表示分组由抽签决定。",
    ),
    "run.effects.none": (
        "Nothing is measured yet: that takes a treatments table with at least {least} customers per arm whose "
        "{days} days are over.",
        "尚无实测效果：需要 treatments 表，且每组至少 {least} 位客户已满 {days} 天。",
    ),
    "run.column.before": ("Before", "上次"),
    "run.column.now": ("Now", "本次"),
    "run.column.difference": ("Difference", "差值"),
    "run.column.measure": ("Figure", "数值"),
    "run.column.dimension": ("Dimension", "维度"),
    "run.column.customer": ("Customer", "客户"),
    "run.column.why": ("Why", "原因"),
    "run.column.value": ("Lifetime value", "客户终身价值"),
    "run.column.share": ("Share", "占比"),
    "run.column.high_risk": ("At high risk", "高风险"),
    "run.column.sign": ("Sign", "迹象"),
    "run.column.strategy": ("Strategy", "策略"),
    "run.column.first": ("First", "首选"),
    "run.column.offered": ("Offered", "入选"),
    "run.column.profit": ("Expected profit", "预期利润"),
    "run.column.evidence": ("Evidence", "证据"),
    "run.column.outcome": ("Outcome", "结果"),
    "run.column.effect": ("Effect", "效果"),
    "run.column.interval": ("95 % interval", "95% 区间"),
    "run.column.treated": ("Treated", "已联系"),
    "run.column.held_out": ("Held out", "留出"),
    "run.column.segment": ("Segment", "客群"),
    "outcome.active": ("share with an order", "下单比例"),
    "outcome.orders": ("orders", "订单数"),
    "outcome.spend": ("net spend", "净消费"),
    "outcome.spend_if_active": ("net spend of those who ordered", "下单客户的净消费"),
    "strength.rule": ("rule", "规则"),
    "strength.observed": ("observed", "观察"),
    "strength.randomised": ("randomised", "随机"),
}
