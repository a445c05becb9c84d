"""Everything that is said of the data: what looks wrong first, then what the data is enough for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from configs.formats import number, percent
from configs.history import MIN_CUSTOMERS
from configs.timestamps import format_moment
from features.ingestion import check_hindsight, check_ids, check_money, check_people, check_rows, check_times
from features.ingestion.look import Look, told
from features.ingestion.report import Finding, Horizon, Log, Severity

__all__ = ["Look", "find"]

MIN_REPEAT_SHARE = 0.05

Check = Callable[[Look], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    check_rows.refused,
    check_rows.nobody,
    check_rows.one_customer,
    check_rows.repeated_lines,
    check_rows.order_numbers,
    check_rows.same_instant,
    check_rows.constant,
    check_times.isolated,
    check_times.gaps,
    check_times.thin_end,
    check_money.signs,
    check_money.huge_amount,
    check_ids.aliases,
    check_ids.meeting,
    check_ids.products,
    check_ids.joins,
    check_people.birthdays,
    check_hindsight.undated,
)
"""Every check of the column as a whole; each says nothing where nothing is to be said."""


def find(look: Look) -> tuple[Finding, ...]:
    """Every finding: the size, what looks wrong, what the data is enough for."""
    found = [finding for check in CHECKS for finding in check(look)]
    found += list(_enough(look))
    loud = [finding for finding in found if finding.loud]
    return (_size(look), *loud, *(finding for finding in found if not finding.loud))


def _size(look: Look) -> Finding:
    log, zone = look.log, look.settings.data.timezone
    first, last = (format_moment(moment, zone)[:10] for moment in (log.first, log.last))
    return told(
        "size",
        "good",
        (
            f"The log has {number(log.lines, 'en')} lines in {number(log.orders, 'en')} orders of "
            f"{number(log.customers, 'en')} customers, from {first} to {last} ({number(log.span_days, 'en')} days).",
            f"数据共 {number(log.lines, 'zh')} 行、{number(log.orders, 'zh')} 个订单、{number(log.customers, 'zh')} "
            f"位客户，时间从 {first} 到 {last}（共 {number(log.span_days, 'zh')} 天）。",
        ),
        lines=log.lines,
        orders=log.orders,
        customers=log.customers,
    )


def _enough(look: Look) -> Iterable[Finding]:
    log = look.log
    if log.customers < MIN_CUSTOMERS:
        yield told(
            "few_customers",
            "warning",
            (
                f"{number(log.customers, 'en')} customers are too few to learn from (at least {MIN_CUSTOMERS} are "
                "needed); scores will follow written rules.",
                f"{number(log.customers, 'zh')} 位客户太少，无法训练模型（至少需要 {MIN_CUSTOMERS} 位），"
                "评分将按规则给出。",
            ),
            customers=log.customers,
            needed=MIN_CUSTOMERS,
        )
    if log.orders:
        yield _repeat(log)
    main = look.settings.targets.horizon_days
    for item in log.horizons:
        yield _horizon(item, log, loud=item.days == main)
    if log.span_days < 730:
        yield told(
            "one_season",
            "note",
            (
                "The log covers less than two years, so a season cannot be told from a trend.",
                "数据不足两年，无法区分季节性与趋势。",
            ),
        )
    yield from _parts(look)


def _repeat(log: Log) -> Finding:
    gap = log.median_gap_days
    if log.orders > MIN_CUSTOMERS and log.repeat_customers == 0:
        return told(
            "nobody_returned",
            "warning",
            (
                f"None of {number(log.customers, 'en')} customers ordered twice; is "
                "data.transactions.columns.customer_id mapped to a column that is new with every order?",
                f"{number(log.customers, 'zh')} 位客户中没有人下过第二单；data.transactions.columns.customer_id "
                "是否映射到了每单都变化的列？",
            ),
            setting="data.transactions.columns.customer_id",
        )
    if gap is None and log.repeat_share >= MIN_REPEAT_SHARE:
        return told(
            "no_gap",
            "warning",
            (
                f"{percent(log.repeat_share, 'en', 1)} of the customers ordered more than once, but never at two "
                "different times; there is no rhythm of buying to learn.",
                f"{percent(log.repeat_share, 'zh', 1)} 的客户有多个订单，但都不在不同的时间，没有购买规律可学。",
            ),
            share=log.repeat_share,
        )
    if log.repeat_share < MIN_REPEAT_SHARE or gap is None:
        return told(
            "few_repeat",
            "warning",
            (
                f"Only {percent(log.repeat_share, 'en', 1)} of the customers ordered twice; a rhythm of buying is "
                "hard to learn.",
                f"仅 {percent(log.repeat_share, 'zh', 1)} 的客户下过两单及以上，难以学习购买规律。",
            ),
            share=log.repeat_share,
        )
    return told(
        "repeat",
        "good",
        (
            f"{percent(log.repeat_share, 'en', 1)} of the customers ordered more than once; half of the gaps between "
            f"orders are shorter than {number(gap, 'en', 1)} days.",
            f"{percent(log.repeat_share, 'zh', 1)} 的客户有多个订单，订单间隔的中位数为 {number(gap, 'zh', 1)} 天。",
        ),
        share=log.repeat_share,
    )


def _horizon(item: Horizon, log: Log, *, loud: bool) -> Finding:
    code, span = f"horizon_{item.days}", log.span_days
    if item.testable:
        return told(
            code,
            "good",
            (
                f"A horizon of {item.days} days can be trained and tested.",
                f"可以训练并检验 {item.days} 天的预测期。",
            ),
            days=item.days,
        )
    severity: Severity = "warning" if loud else "note"
    if not item.trainable:
        return told(
            code,
            severity,
            (
                f"A horizon of {item.days} days cannot be trained: it needs {item.needs_days} days of log, there are "
                f"{number(span, 'en')}.",
                f"{item.days} 天的预测期无法训练：需要 {item.needs_days} 天的数据，现有 {number(span, 'zh')} 天。",
            ),
            setting="targets.horizon_days" if loud else "targets.horizons",
            days=item.days,
            needs_days=item.needs_days,
        )
    if item.needs_days_to_test is None:
        return told(
            code,
            "good",
            (
                f"A horizon of {item.days} days can be trained; it is longer than the window that is tested.",
                f"可以训练 {item.days} 天的预测期；它长于用于检验的窗口。",
            ),
            days=item.days,
        )
    return told(
        code,
        severity,
        (
            f"A horizon of {item.days} days can be trained, but no model of it tested: that needs "
            f"{item.needs_days_to_test} days of log, there are {number(span, 'en')}.",
            f"可以训练 {item.days} 天的预测期，但无法检验其模型：检验需要 {item.needs_days_to_test} 天的数据，现有 "
            f"{number(span, 'zh')} 天。",
        ),
        setting="targets.horizon_days" if loud else "targets.horizons",
        days=item.days,
        needs_days=item.needs_days_to_test,
    )


def _parts(look: Look) -> Iterable[Finding]:
    log, lines = look.log, look.columns["transactions"]
    checks = (
        (
            "amounts",
            "amount" in lines,
            (
                "Amounts are given, so spend and lifetime value can be predicted.",
                "有金额，可预测消费额与客户终身价值。",
            ),
            (
                "There are no amounts, so only the number of orders can be predicted, not spend or lifetime value.",
                "没有金额，只能预测订单数，无法预测消费额与终身价值。",
            ),
        ),
        (
            "returns",
            log.return_lines > 0,
            (
                f"{number(log.return_lines, 'en')} lines ({percent(log.return_share, 'en', 1)}) are returns or "
                "cancellations.",
                f"退货或取消共 {number(log.return_lines, 'zh')} 行（{percent(log.return_share, 'zh', 1)}）。",
            ),
            ("The log shows no returns; net spend equals gross spend.", "数据中没有退货，净消费等于总消费。"),
        ),
        (
            "products",
            "product_id" in lines,
            (
                "Products are given, so breadth of buying and the next product can be worked out.",
                "有商品编号，可计算购买广度并推荐下一件商品。",
            ),
            (
                "There are no products, so breadth of buying and the next product are unknown.",
                "没有商品编号，无法得知购买广度与下一件商品。",
            ),
        ),
        (
            "categories",
            "category" in lines or look.has("category", "products"),
            ("Product categories are given.", "有商品类别。"),
            ("There are no product categories.", "没有商品类别。"),
        ),
        (
            "feedback",
            "feedback" in look.columns,
            ("Feedback is given, so satisfaction can be measured.", "有反馈数据，可衡量满意度。"),
            ("There is no feedback; satisfaction is unknown.", "没有反馈数据，满意度未知。"),
        ),
        (
            "interactions",
            "interactions" in look.columns,
            ("Contacts and visits are given.", "有互动与访问数据。"),
            ("There are no contacts or visits; engagement is unknown.", "没有互动与访问数据，互动情况未知。"),
        ),
        (
            "customers",
            "customers" in look.columns,
            ("A customers table is given.", "有客户资料表。"),
            (
                "There is no customers table; type, region and industry are unknown.",
                "没有客户资料表，类型、地域与行业未知。",
            ),
        ),
    )
    unmet = {code.table for code in check_ids.meeting(look)}
    for code, given, yes, no in checks:
        # A table that belongs to nobody in the log gives nothing, whatever is in it.
        if not (given and code in unmet):
            yield told(code, "good" if given else "note", yes if given else no)
