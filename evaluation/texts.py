"""What the report and the model card say, in English and Chinese: key → (en, zh), with the same placeholders."""

from __future__ import annotations

from evaluation.contribution_texts import CONTRIBUTION_TEXTS
from evaluation.scores_texts import SCORES_TEXTS
from features.specs import DRIVERS
from retention.wording import text as _word
from retention.wording import texts as _texts

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("How good are the predictions?", "预测有多准？"),
    "subtitle": (
        "The whole procedure was run as if it were {cutoff}, knowing nothing later, and compared with the {days} days "
        "that followed.",
        "把整个流程放回 {cutoff} 运行，不使用此后的任何信息，再与其后 {days} 天的实际情况比较。",
    ),
    "language": ("Language", "语言"),
    "grade": ("Grade", "等级"),
    "grade.better": (
        "The predictions are better than every simple method we compared with, and their level is right.",
        "预测优于所有对比的简单方法，且整体水平准确。",
    ),
    "grade.as_good": (
        "The predictions are as good as the best simple method; the advantage is within chance.",
        "预测与最佳简单方法相当，差距在随机波动之内。",
    ),
    "grade.level_off": (
        "The predictions rank customers better than every simple method, but totals are off: see the level below.",
        "预测对客户的区分优于所有简单方法，但总量有偏差，详见下文。",
    ),
    "grade.too_few": (
        "There are too few customers or too few outcomes to judge the predictions; use them with care.",
        "客户或结果数量太少，无法判断预测质量，请谨慎使用。",
    ),
    "grade.not_told_apart": (
        "These customers cannot be told apart: the ranking by risk is within what chance gives.",
        "这些客户无法区分：按风险排出的顺序与随机排序没有差别。",
    ),
    "grade.upside_down": (
        "The tenth of customers with the highest risk stopped less often than all customers: the ranking misleads.",
        "风险最高的十分之一客户，流失比例反而低于全体：排序会误导人。",
    ),
    "grade.orders_lost": (
        "Expected orders are far from what happened in total, and a simple method came closer.",
        "预计订单总数与实际相差太大，简单方法反而更接近。",
    ),
    "grade.spend_lost": (
        "Expected spend is far from what happened in total, and a simple method came closer.",
        "预计消费总额与实际相差太大，简单方法反而更接近。",
    ),
    "grade.lifetime_lost": (
        "Lifetime value is far from what happened: in total, or its interval holds far fewer customers than stated.",
        "终身价值与实际相差太大：总额偏离，或区间覆盖的客户远少于应有比例。",
    ),
    "grade.worse_churn": (
        "A simple method predicts churn better on this data; prefer that method or give more data.",
        "在这份数据上，简单方法对流失的预测更好；请优先采用该方法或提供更多数据。",
    ),
    "grade.worse_spend": (
        "A simple method predicts spend better on this data; use the churn risk, and the spend with care.",
        "在这份数据上，简单方法对消费的预测更好；可使用流失风险，消费预测请谨慎使用。",
    ),
    "grade.not_calibrated": (
        "The ranking is usable, but the probabilities are far from the observed shares; do not read them as shares.",
        "排序可用，但概率与实际比例差距较大，请勿直接当作比例使用。",
    ),
    "figure.found": (
        "of the tenth of customers with the highest risk really stopped buying (all customers: {all})",
        "的高风险客户（风险最高的十分之一）确实停止购买（全部客户为 {all}）",
    ),
    "figure.level": (
        "of customers were expected to stop buying; {actual} did",
        "的客户预计停止购买；实际为 {actual}",
    ),
    "figure.spend": (
        "net spend expected in total; actual {actual} ({bias})",
        "预计净消费总额；实际 {actual}（{bias}）",
    ),
    "figure.orders": ("orders expected in total; actual {actual} ({bias})", "预计订单总数；实际 {actual}（{bias}）"),
    "section.risk": ("Is the risk right?", "风险预测准吗？"),
    "calibration.caption": (
        "Customers in {bins} groups of equal size by predicted probability. On the dashed line the predicted "
        "probability equals the share that really stopped.",
        "客户按预测概率分成人数相等的 {bins} 组。落在虚线上表示预测概率等于实际停止购买的比例。",
    ),
    "gain.caption": (
        "Who is found when customers are looked at from the highest risk down. The dashed line is a random order.",
        "从风险最高的客户开始逐个查看时，能找到多少停止购买的客户。虚线表示随机顺序。",
    ),
    "section.value": ("Is the expected spend right?", "消费预测准吗？"),
    "section.orders": ("Are the expected orders right?", "订单预测准吗？"),
    "deciles.caption": (
        "Customers in ten groups of equal size, highest expectation first: expected and actual per customer.",
        "客户按预期从高到低分成人数相等的十组：每位客户的预期值与实际值。",
    ),
    "legend.expected": ("expected", "预期"),
    "legend.actual": ("actual", "实际"),
    "section.drivers": ("What the risk depends on", "风险取决于什么"),
    "drivers.caption": (
        "How far each group of signs moves the churn risk, over a sample of customers. Bar: the middle half of "
        "the customers; line: nine in ten; dot: the middle customer. Right of the line the risk is raised. "
        "This describes the model, not a cause.",
        "各类信号对流失风险的影响幅度（抽样客户）。条形为中间一半客户，线段为九成客户，圆点为中位客户；位于竖线右侧表示风险升高。"
        "这里描述的是模型，并非因果关系。",
    ),
    "section.reasons": ("Would other customers give the same reasons?", "换一批客户，原因是否相同？"),
    "reasons.kept": (
        "The first reason stays the same for {share} of the customers (goal: {goal}), between {fits} models fitted on "
        "random halves of the customers and asked about the same {customers} customers.",
        "在客户随机各半拟合的 {fits} 个模型之间，{share} 的客户首要原因保持不变"
        "（目标：{goal}，比较了相同的 {customers} 位客户）。",
    ),
    "reasons.rank": (
        "The first driver of one model is among the first two of another for {two}; rank correlation of all drivers "
        "within a customer: {rank}.",
        "一个模型的首要因素在另一个模型中位列前二的比例：{two}；同一客户全部因素的秩相关：{rank}。",
    ),
    "reasons.caption": (
        "How often a driver that is first in one model is first or second in another. Below {least} it is never shown "
        "first: the largest steady driver takes its place.",
        "某因素在一个模型中居首时，在另一个模型中位列前二的比例。低于 {least} 的因素不排首位，由最大的稳定因素代替。",
    ),
    "reasons.back": ("not shown first", "不排首位"),
    "column.driver": ("Driver", "因素"),
    "column.stays": ("Stays first or second", "仍居前二"),
    "section.warnings": ("Were the warnings early and right?", "预警是否及时、准确？"),
    "warnings.found": (
        "{share} of the {lost} customers who became lost carried a warning at least {days} days before.",
        "在 {lost} 位流失的客户中，{share} 至少提前 {days} 天收到预警。",
    ),
    "warnings.false": (
        "{share} of the warned ordered within {days} days all the same (false alarms; of those not warned {unwarned} "
        "ordered). {alarms} of all customers carried a warning.",
        "被预警的客户中有 {share} 仍在 {days} 天内下单（误报；未被预警者为 {unwarned}）。全部客户中 {alarms} 有预警。",
    ),
    "warnings.caption": (
        "Out of time: signs at {moments} past moments, {customers} customers, with what was known then. A "
        "narrower range of products is not tested.",
        "时间外检验：在过去 {moments} 个时点对 {customers} 位客户按当时所知计算。品类收窄未纳入检验。",
    ),
    "column.warned": ("Lost customers with this sign in time", "及时出现该迹象的流失客户"),
    "column.false": ("False alarms", "误报"),
    "section.methods": ("Beside simple methods", "与简单方法对比"),
    "methods.caption": (
        "All methods predict the same {customers} customers from the same past. The best value of each row is bold.",
        "所有方法使用相同的历史，预测相同的 {customers} 位客户。每行最优值以粗体显示。",
    ),
    "section.groups": ("By group of customers", "按客户群体"),
    "groups.caption": (
        "Groups with at least 30 customers. Tiers are thirds of the customers tested, by what was known at the time.",
        "仅列出至少 30 位客户的群体。分层按当时已知的信息把测试客户三等分。",
    ),
    "section.horizons": ("Other horizons", "其他预测期"),
    "section.more": ("Next order and lifetime value", "下次购买与客户终身价值"),
    "next.early": ("Ordered earlier than the interval of the next order said", "下次购买早于预测区间的客户比例"),
    "next.late": ("Ordered later than that interval said", "下次购买晚于预测区间的客户比例"),
    "next.aim": ("aim: {share}", "目标：{share}"),
    "next.error": ("Middle error of the date of the next order, in days", "下次购买日期的误差中位数（天）"),
    "lifetime.coverage": (
        "Lifetime value inside its {share} interval, over {days} days from {cutoff}",
        "自 {cutoff} 起 {days} 天，终身价值落在其 {share} 区间内的客户比例",
    ),
    "lifetime.bias": ("Total lifetime value, expected against actual", "终身价值总额：预期与实际之差"),
    "lifetime.gini": ("Ranking by lifetime value (normalised Gini)", "按终身价值排序（归一化基尼系数）"),
    "lifetime.none": (
        "The log is too short to test lifetime value over {days} days; treat it as an extrapolation.",
        "数据时长不足以检验 {days} 天的终身价值，请视为外推结果。",
    ),
    "section.folds": ("Earlier tests", "更早的检验"),
    "section.how": ("How this was tested", "检验方法"),
    "how.span": ("Data seen by the models", "模型可见的数据"),
    "how.span.value": ("{start} to {cutoff}", "{start} 至 {cutoff}"),
    "how.window": ("Window compared with", "对比窗口"),
    "how.window.value": ("{cutoff} to {end}", "{cutoff} 至 {end}"),
    "how.rows": ("Training rows (customer × cut-off)", "训练行数（客户 × 截止日）"),
    "how.bounded": ("Amounts too large to teach", "金额过大、不计入学习的订单"),
    "how.bounded.value": (
        "orders or returns above {limit}, counted as {limit} for learning: {orders} ({share} of the money is beyond); "
        "figures of tests are against real sums",
        "超过 {limit} 的订单或退货（学习时按 {limit} 计）：{orders} 笔，超出部分占总金额的 {share}；"
        "测试指标均按实际金额计算",
    ),
    "how.cutoffs": ("Cut-offs", "截止日"),
    "how.features": ("Features", "特征数"),
    "how.tested": ("Customers tested", "测试客户数"),
    "how.hash": ("Fingerprint of the training data", "训练数据指纹"),
    "how.rule": (
        "A: better than the best simple method beyond chance, well calibrated, totals right. B: as good as it, or "
        "better with totals that are off. C: worse, badly calibrated, or too little data to judge.",
        "A：显著优于最佳简单方法，校准良好，总量准确。B：与其相当，或更好但总量有偏差。C：更差、校准不良或数据不足以判断。",
    ),
    "section.words": ("Words", "术语"),
    "word.churn": (
        "Churn: no order in the {days} days after the moment of the prediction.",
        "流失：预测时点之后 {days} 天内没有订单。",
    ),
    "word.auc": (
        "AUC: the chance that a customer who stopped was given a higher risk than one who stayed; 0.5 is random.",
        "AUC：停止购买的客户被赋予的风险高于继续购买的客户的概率；0.5 为随机。",
    ),
    "word.log_loss": (
        "Log loss: how far the probabilities are from what happened; smaller is better.",
        "对数损失：概率与实际结果的差距，越小越好。",
    ),
    "word.ece": (
        "Calibration error: mean distance of predicted probability and observed share over groups of equal size.",
        "校准误差：各等人数组的预测概率与实际比例之差的平均值。",
    ),
    "word.bias": ("Bias: total expected against total actual.", "偏差：预期总量相对实际总量的差距。"),
    "word.gini": (
        "Normalised Gini: how well customers are ranked by value; 1 is perfect, 0 is random.",
        "归一化基尼系数：按价值排序的好坏；1 为完美，0 为随机。",
    ),
    "method": ("Measure", "指标"),
    "method.holdfast": ("Holdfast", "Holdfast"),
    "method.constant": ("The same for everybody", "人人相同"),
    "method.rule": ("Rule-based answer", "按规则评分"),
    "method.recency": ("Recency rule", "最近购买规则"),
    "method.persistence": ("Same as last time", "延续上期"),
    "method.bgnbd": ("BG/NBD + Gamma-Gamma", "BG/NBD + Gamma-Gamma"),
    "metric.churn_auc": ("Churn: AUC", "流失：AUC"),
    "metric.churn_average_precision": ("Churn: average precision", "流失：平均精确率"),
    "metric.churn_log_loss": ("Churn: log loss", "流失：对数损失"),
    "metric.churn_brier": ("Churn: Brier score", "流失：Brier 分数"),
    "metric.churn_ece": ("Churn: calibration error", "流失：校准误差"),
    "metric.churn_lift_top_decile": ("Churn: lift of the riskiest tenth", "流失：风险最高十分之一的提升度"),
    "metric.orders_mae": ("Orders: mean absolute error", "订单：平均绝对误差"),
    "metric.orders_bias": ("Orders: bias", "订单：偏差"),
    "metric.orders_gini": ("Orders: normalised Gini", "订单：归一化基尼系数"),
    "metric.orders_spearman": ("Orders: rank correlation", "订单：秩相关"),
    "metric.spend_mae": ("Spend: mean absolute error", "消费：平均绝对误差"),
    "metric.spend_bias": ("Spend: bias", "消费：偏差"),
    "metric.spend_gini": ("Spend: normalised Gini", "消费：归一化基尼系数"),
    "metric.spend_spearman": ("Spend: rank correlation", "消费：秩相关"),
    "metric.spend_decile_error": ("Spend: error of the groups of ten", "消费：十等分误差"),
    "column.group": ("Group", "群体"),
    "column.customers": ("Customers", "客户数"),
    "column.horizon": ("Days ahead", "预测天数"),
    "column.cutoff": ("Cut-off", "截止日"),
    "column.stopped": ("Stopped", "实际流失"),
    "column.expected_stop": ("Expected", "预期流失"),
    "column.auc": ("AUC", "AUC"),
    "column.log_loss": ("Log loss", "对数损失"),
    "column.ece": ("Calibration error", "校准误差"),
    "column.orders_bias": ("Orders bias", "订单偏差"),
    "column.spend_bias": ("Spend bias", "消费偏差"),
    "slice.risk_tier": ("Risk", "风险"),
    "slice.value_tier": ("Past value", "历史价值"),
    "slice.tenure": ("Tenure", "新老客户"),
    "slice.customer_type": ("Customer type", "客户类型"),
    "slice.region": ("Region", "地区"),
    "slice.country": ("Country", "国家"),
    "slice.evidence": ("Evidence", "证据强度"),
    "value.low": ("low", "低"),
    "value.medium": ("medium", "中"),
    "value.high": ("high", "高"),
    "value.new": ("new", "新客户"),
    "value.existing": ("existing", "老客户"),
    "value.enterprise": ("enterprise", "企业"),
    "value.individual": ("individual", "个人"),
    "value.strong": ("strong", "强"),
    "value.weak": ("weak", "弱"),
    "value.none": ("none", "无"),
    "plot.predicted_probability": ("predicted probability of churn", "预测流失概率"),
    "plot.observed_share": ("share that stopped", "实际流失比例"),
    "plot.customers_looked_at": ("customers looked at, highest risk first", "已查看的客户（按风险从高到低）"),
    "plot.stopped_found": ("stopped customers found", "已找到的流失客户"),
    "plot.tenth": ("tenth of the customers, highest expectation first", "客户十等分（预期从高到低）"),
    "plot.spend_per_customer": ("net spend per customer", "每位客户净消费"),
    "plot.orders_per_customer": ("orders per customer", "每位客户订单数"),
    "plot.points": ("points added to the probability of churn", "对流失概率的增减（百分点）"),
    "section.rhythm": ("Does the horizon fit?", "预测期合适吗？"),
    "rhythm.fits": (
        "A horizon of {horizon} days fits: the middle customer orders every {every} days, and {reach} of the time the "
        "next order of an active customer comes within it. Recommended: {better} days ({better_reach}), the shortest "
        "that most next orders fall into.",
        "{horizon} 天的预测期合适：居中的客户每 {every} 天下单一次，活跃客户的下一单有 {reach} 的机会落在预测期内。"
        "推荐 {better} 天（{better_reach}），即能覆盖多数下一单的最短长度。",
    ),
    "rhythm.too_short": (
        "A horizon of {horizon} days is too short: the middle customer orders every {every} days, and only {reach} of "
        "the time does the next order of an active customer come within it, so many without an order have not left. "
        "Set targets.horizon_days to {better} ({better_reach}).",
        "{horizon} 天的预测期太短：居中的客户每 {every} 天下单一次，活跃客户的下一单只有 {reach} 的机会落在预测期内，"
        "许多没有下单的客户其实并未流失。请将 targets.horizon_days 设为 {better}（{better_reach}）。",
    ),
    "rhythm.too_long": (
        "A horizon of {horizon} days is too long: the middle customer orders every {every} days, and {better_reach} of "
        "the time the next order of an active customer comes within {better} days, so it is seen late who leaves. Set "
        "targets.horizon_days to {better}.",
        "{horizon} 天的预测期太长：居中的客户每 {every} 天下单一次，活跃客户的下一单有 {better_reach} 的机会"
        "在 {better} 天内到来，流失的客户会发现得太晚。请将 targets.horizon_days 设为 {better}。",
    ),
    "rhythm.no_better": (
        "A horizon of {horizon} days does not fit well: the middle customer orders every {every} days, and {reach} of "
        "the time the next order of an active customer comes within it. The log allows no better one.",
        "{horizon} 天的预测期不太合适：居中的客户每 {every} 天下单一次，活跃客户的下一单有 {reach} 的机会落在预测期内；"
        "现有数据无法支持更好的长度。",
    ),
    "rhythm.longer_log": (
        "The rhythm asks for {wanted} days, for which {needed} days of log are needed; there are {days}.",
        "按购买节奏应为 {wanted} 天，这需要 {needed} 天的数据；目前有 {days} 天。",
    ),
    "rhythm.unknown": (
        "No horizon is recommended: {repeat} customers ordered more than once, at least {least} are needed.",
        "无法推荐预测期：多次购买的客户有 {repeat} 位，至少需要 {least} 位。",
    ),
    "tune.better": (
        "Tuning helped: on the newest window (from {date}), unseen by all {trials} trials, the settings found are "
        "better beyond chance.",
        "调参有效：在最新窗口（自 {date} 起，{trials} 次试验均未见过）上，找到的设置更好，且超出随机波动。",
    ),
    "tune.chance": (
        "Tuning brought nothing that holds: on the newest window (from {date}), unseen by all {trials} trials, the "
        "difference is within chance. Keep the settings in use.",
        "调参没有带来可靠的改进：在最新窗口（自 {date} 起，{trials} 次试验均未见过）上，差异在随机波动之内。"
        "请保留现有设置。",
    ),
    "tune.worse": (
        "Tuning did harm: on the newest window (from {date}), unseen by all {trials} trials, the settings found are "
        "worse beyond chance. Keep the settings in use.",
        "调参反而有害：在最新窗口（自 {date} 起，{trials} 次试验均未见过）上，找到的设置更差，且超出随机波动。"
        "请保留现有设置。",
    ),
    "tune.nothing_found": (
        "Tuning brought nothing: none of the {trials} trials was better than the settings in use. The newest window "
        "(from {date}) was kept for the verdict.",
        "调参没有带来改进：{trials} 次试验都不优于现有设置。最新窗口（自 {date} 起）留作最终检验。",
    ),
    "tune.log_loss": (
        "Log loss: {before} before, {after} after ({change}; 90% interval {low} to {high}; smaller is better)",
        "对数损失：之前 {before}，之后 {after}（{change}；90% 区间 {low} 至 {high}；越小越好）",
    ),
    "tune.spend_deviance": (
        "Deviance of spend: {before} before, {after} after ({change}; 90% interval {low} to {high}; smaller is better)",
        "消费偏差度：之前 {before}，之后 {after}（{change}；90% 区间 {low} 至 {high}；越小越好）",
    ),
    "tune.file": (
        "Best settings tried, as YAML (holdfast.yaml was not changed)",
        "试过的最佳设置（YAML；holdfast.yaml 未被改动）",
    ),
    "not_applicable": ("n/a", "不适用"),
    "card.title": ("Model card", "模型卡"),
    "card.what": (
        "Predicts, per customer, the probability of no order in {days} days, the orders and net spend expected in that "
        "time, the date of the next order, and the value over {lifetime} days.",
        "为每位客户预测：{days} 天内无订单的概率、该期间的预期订单数与净消费、下次购买日期，以及 {lifetime} 天的价值。",
    ),
    "card.use": (
        "Meant for choosing whom to contact and what to offer. Not meant for credit, employment or insurance "
        "decisions about persons, nor as proof of a cause.",
        "用于选择联系哪些客户以及提供什么。不用于对个人的信贷、雇佣或保险决定，也不能作为因果证明。",
    ),
    "card.method": (
        "Gradient-boosted trees over {features} features of {rows} past situations at {cutoffs} cut-offs, "
        "with probabilities calibrated on later time. Reasons are exact parts of the prediction.",
        "基于 {cutoffs} 个截止日的 {rows} 个历史情形和 {features} 个特征的梯度提升树，概率按更晚的时间校准。"
        "原因是预测值的精确组成部分。",
    ),
    "card.data": ("Data", "数据"),
    "card.quality": ("Quality", "质量"),
    "card.untested": (
        "This model has not been tested out of time: the log is too short. Its grade is unknown.",
        "由于数据时长不足，该模型未经时间外检验，等级未知。",
    ),
    "card.limits": ("Limits", "局限"),
    "card.limit.new": (
        "A customer without any order gets no churn probability from the model.",
        "没有任何订单的客户，模型不给出流失概率。",
    ),
    "card.limit.change": (
        "A change that the past does not show (new prices, a closed shop, a new rival) is not foreseen.",
        "历史中未出现的变化（新价格、门店关闭、新竞争者）无法预见。",
    ),
    "card.limit.group": (
        "Groups with few customers are predicted less surely; see the table by group in the report.",
        "客户较少的群体预测把握较低，请见报告中的分群表。",
    ),
}
"""Every text by key."""
TEXTS |= SCORES_TEXTS | CONTRIBUTION_TEXTS
TEXTS |= {f"driver.{driver.code}": (driver.en, driver.zh) for driver in DRIVERS.values()}
TEXTS |= {
    f"dimension.{code}": (_texts("en")["dimensions"][code]["name"], _texts("zh")["dimensions"][code]["name"])
    for code in _texts("en")["dimensions"]
}
TEXTS |= {f"sign.{code}": (_word("en", "signs", code), _word("zh", "signs", code)) for code in _texts("en")["signs"]}
TEXTS |= {f"tier.{code}": (_word("en", "tiers", code), _word("zh", "tiers", code)) for code in _texts("en")["tiers"]}


def text(key: str, language: str, /, **values: object) -> str:
    """The words of a key in a language with its placeholders filled.

    Examples
    --------
    >>> text("next.aim", "en", share="10%")
    'aim: 10%'
    """
    return TEXTS[key][LANGUAGES.index(language)].format(**values)
