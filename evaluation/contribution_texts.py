"""What the report says beside the pictures of contributions: key → (en, zh), with the same placeholders."""

from __future__ import annotations

CONTRIBUTION_TEXTS: dict[str, tuple[str, str]] = {
    "section.contributions": ("What the risk is made of, customer by customer", "逐个客户看：风险由什么构成"),
    "contributions.note": (
        "For data teams: the contributions of the model in log-odds of no order, at the date of the test, which it has "
        "not learned from. They add up to the probability exactly. They describe the model, not a cause.",
        "供数据团队参考：模型自身的贡献值，单位为不再下单的对数几率，取自模型未学习过的测试时点；各项相加恰好等于预测概率。"
        "贡献值描述模型，不代表因果。",
    ),
    "contributions.beeswarm": (
        "Each dot is one of {customers} customers. To the right the feature raises the risk, to the left it lowers it. "
        "Red is a high value, blue a low one; grey has no value: it is missing, or the row is a step of the model and "
        "no single feature.",
        "每个点代表 {customers} 位客户中的一位。偏右表示该特征提高风险，偏左表示降低风险。红色为取值高，蓝色为取值低；"
        "灰色没有取值：数据缺失，或该行是模型的一个步骤而非单个特征。",
    ),
    "contributions.dependence": (
        "How the effect of the strongest features follows their value. Grey bars show how many customers have such a "
        "value; a tick at the left edge is a customer without one.",
        "影响最大的几个特征，其作用如何随取值变化。灰色柱表示取该值的客户多少；左缘的短线是没有该值的客户。",
    ),
    "contributions.waterfall": (
        "One customer at high risk: from the typical customer below, step by step, to this one above. The number "
        "before a feature is the value of this customer.",
        "一位高风险客户：从下方的典型客户出发，逐项累加到上方的这位客户。特征名前的数字是这位客户的取值。",
    ),
    "contributions.beeswarm.alt": (
        "Beeswarm plot of contributions to the churn risk. Strongest first: {features}.",
        "流失风险贡献值的蜂群图。影响从大到小：{features}。",
    ),
    "contributions.dependence.alt": (
        "Scatter plots of contribution against value, for the strongest features: {features}.",
        "影响最大的特征的取值与贡献值散点图：{features}。",
    ),
    "contributions.waterfall.alt": (
        "Waterfall plot of the risk of one customer: {start} in log-odds for the typical customer, {end} for this one. "
        "Strongest first: {features}.",
        "一位客户的风险瀑布图：典型客户的对数几率为 {start}，这位客户为 {end}。影响从大到小：{features}。",
    ),
    "contributions.effect": ("effect on the log-odds of no order", "对“不再下单”对数几率的影响"),
    "contributions.value": ("value of the feature", "特征取值"),
    "contributions.low": ("low", "低"),
    "contributions.high": ("high", "高"),
    "contributions.typical": ("typical customer", "典型客户"),
    "contributions.this": ("this customer", "这位客户"),
    "contributions.others": ("{count} other features together", "其余 {count} 个特征合计"),
}
