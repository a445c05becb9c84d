"""Whose lines they are and how often they are there: refused rows, walk-ins, files taken twice, orders in one."""

from __future__ import annotations

from collections.abc import Iterable

from configs.formats import number, percent
from features.connection import every, literal, one
from features.ingestion.look import Look, told
from features.ingestion.report import Finding
from features.ingestion.settle import RESTART_DAYS
from features.ingestion.texts import APART, BY_SETTING
from features.tables import TABLES

NOBODY_NAMES = frozenset(
    {
        "guest", "guests", "walk-in", "walkin", "walk in", "walk-ins", "anonymous", "anon", "unknown", "nobody", "none",
        "null", "nan", "n/a", "na", "<na>", "#n/a", "undefined", "not set", "(not set)", "no customer", "cash",
        "cash customer", "cash sale", "retail customer", "default", "default customer", "test", "dummy", "-", "--", "?",
        "散客", "匿名", "匿名客户", "匿名用户", "游客", "访客", "未知", "无", "零售", "零售客户", "零售散客",
        "现金客户", "默认客户", "默认会员", "非会员", "普通散客", "测试", "过客", "路人",
    }
)  # fmt: skip
"""Ids that read like nobody, in small letters."""
ODD_NUMBER = "^(0+|-1|-9+|9{4,}|1{5,}|x+)$"
"""Numbers that many systems write for nobody; they are also the numbers of customers, so only their share tells."""
MIN_CUSTOMERS = 20
TIMES_MEDIAN, ODD_SHARE = 20.0, 0.01
ONE_SHARE = 0.25
"""Share of all orders from which one customer is told among at least `MIN_CUSTOMERS`."""

MIN_REPEATED, REPEATED_SHARE = 10, 0.05
DAY_SHARE, DAY_ORDERS = 0.5, 3
"""Orders that are there twice: over the whole log, or most of the orders of a day."""
OTHER_REPEATED_SHARE = 0.2

MIN_AT_ONCE, AT_ONCE_SHARE = 20, 0.10
MIN_CONSTANT = 20


def refused(look: Look) -> Iterable[Finding]:
    """Rows that were not kept, apart from those that a setting leaves out."""
    ours = {
        name: sum(item.count for item in table.refusals if item.reason not in BY_SETTING)
        for name, table in look.tables.items()
    }
    if any(ours.values()):
        listed = ", ".join(f"{number(count, 'en')} ({table})" for table, count in ours.items() if count)
        zh = "、".join(f"{table} {number(count, 'zh')} 行" for table, count in ours.items() if count)
        # What counts towards the limit is worth a look; stray dates and missing customers have their own sentences.
        worse = any(
            item.reason not in APART | {"isolated_date"} for table in look.tables.values() for item in table.refusals
        )
        yield told(
            "refused",
            "warning" if worse else "note",
            (f"Rows refused and kept in the quarantine: {listed}.", f"被拒绝并存入隔离区的行：{zh}。"),
            figures={table: count for table, count in ours.items() if count},
        )
    chosen = {reason: sum(table.refused(reason) for table in look.tables.values()) for reason in sorted(BY_SETTING)}
    names = {
        "nobody": "data.nobody",
        "before_first_day": "data.first_day",
        "after_last_day": "data.last_day",
        "repeated_line": "data.repeated_lines",
    }
    for reason, count in chosen.items():
        if count:
            yield told(
                f"left_out_{reason}",
                "note",
                (
                    f"Rows left out by {names[reason]} and kept in the quarantine: {number(count, 'en')}.",
                    f"按 {names[reason]} 排除并存入隔离区的行：{number(count, 'zh')}。",
                ),
                setting=names[reason],
                rows=count,
            )


def nobody(look: Look) -> Iterable[Finding]:
    """Ids that stand for no customer, by their name, or by a number that many systems use and an outstanding share."""
    listed = ", ".join(literal(name) for name in sorted(NOBODY_NAMES))
    rows = every(
        look.connection,
        "WITH per AS (SELECT customer_id, sum(lines)::BIGINT AS lines FROM log_orders GROUP BY 1) "
        "SELECT customer_id, lines FROM per, (SELECT median(lines) AS usual, sum(lines) AS all_lines FROM per) "
        f"WHERE lower(trim(customer_id)) IN ({listed}) OR (regexp_matches(lower(customer_id), {literal(ODD_NUMBER)}) "
        f"AND lines >= {TIMES_MEDIAN} * usual AND lines >= {ODD_SHARE} * all_lines) ORDER BY lines DESC, customer_id",
    )
    if rows:
        count = sum(lines for _, lines in rows)
        shown = ", ".join(repr(name) for name, _ in rows[:5]) + (", …" if len(rows) > 5 else "")
        yield told(
            "nobody",
            "warning",
            (
                f"{number(count, 'en')} lines ({percent(count / look.log.lines, 'en', 1)}) are of customers whose id "
                f"reads like nobody ({shown}); if so, name them under data.nobody.",
                f"{number(count, 'zh')} 行（{percent(count / look.log.lines, 'zh', 1)}）"
                f"的客户编号像是不代表任何人（{shown}）；如果是，请写入 data.nobody。",
            ),
            setting="data.nobody",
            lines=count,
            share=round(count / look.log.lines, 6),
            example=rows[0][0],
        )
    if look.settings.data.nobody:
        yield from _never_found(look)


def _never_found(look: Look) -> Iterable[Finding]:
    found = {
        row[0]
        for row in every(
            look.connection,
            "SELECT DISTINCT json_extract_string(cells, '$.customer_id') FROM quarantine WHERE reason = 'nobody'",
        )
    }
    lacking = [name for name in look.settings.data.nobody if name not in found]
    if lacking:
        shown = ", ".join(map(repr, lacking[:5]))
        yield told(
            "nobody_not_found",
            "warning",
            (
                f"data.nobody names ids that no row has: {shown}; write them as they stand in the source.",
                f"data.nobody 中有任何行都没有的编号：{shown}；请按数据中的写法填写。",
            ),
            setting="data.nobody",
        )


def one_customer(look: Look) -> Iterable[Finding]:
    """One customer with a large share of all lines; all orders of one customer."""
    if look.log.customers == 1 and look.log.orders >= MIN_CONSTANT:
        yield told(
            "single_customer",
            "warning",
            (
                f"All {number(look.log.orders, 'en')} orders are of one customer; is "
                "data.transactions.columns.customer_id mapped to the right column?",
                f"全部 {number(look.log.orders, 'zh')} 个订单都属于同一位客户；data.transactions.columns.customer_id "
                "是否映射正确？",
            ),
            setting="data.transactions.columns.customer_id",
        )
    if look.log.customers < MIN_CUSTOMERS:
        return
    row = one(
        look.connection,
        "SELECT customer_id, sum(lines)::BIGINT AS lines, count(*) AS orders FROM log_orders GROUP BY 1 "
        "ORDER BY 2 DESC, 1 LIMIT 1",
    )
    customer, lines, orders = row
    share = lines / look.log.lines
    already = any(finding.figures.get("example") == customer for finding in nobody(look))
    if share >= ONE_SHARE and not already:
        yield told(
            "one_customer",
            "warning",
            (
                f"{percent(share, 'en')} of all lines ({number(lines, 'en')} in {number(orders, 'en')} orders) are of "
                f"one customer, {customer!r}; if that is no customer (walk-ins, a house account), name it under "
                "data.nobody.",
                f"{percent(share, 'zh')} 的行（{number(orders, 'zh')} 个订单共 {number(lines, 'zh')} 行）"
                f"属于同一位客户 {customer!r}；如果它不代表客户（散客、内部账户），请写入 data.nobody。",
            ),
            setting="data.nobody",
            share=round(share, 6),
            lines=lines,
            customer=customer,
        )


def repeated_lines(look: Look) -> Iterable[Finding]:
    """A file taken twice: whole orders whose every line is there again. A doubled line in a basket says nothing."""
    lines = look.tables["transactions"].duplicate_rows
    if look.settings.data.repeated_lines is None and lines >= MIN_REPEATED:
        orders, doubled, on_such_days = one(look.connection, _whole_orders(look.columns["transactions"]))
        many = doubled >= REPEATED_SHARE * orders or on_such_days >= MIN_REPEATED
        if doubled >= MIN_REPEATED and many:
            yield told(
                "repeated_lines",
                "warning",
                (
                    f"{number(lines, 'en')} lines ({percent(lines / look.log.lines, 'en')}) repeat another line "
                    f"exactly, {number(doubled, 'en')} whole orders among them: is a file in there twice, or do "
                    "exports overlap? Set data.repeated_lines to drop to count them once, or to keep.",
                    f"{number(lines, 'zh')} 行（{percent(lines / look.log.lines, 'zh')}）与另一行完全相同，其中有 "
                    f"{number(doubled, 'zh')} 个完整订单：是否重复放入了文件，或导出有重叠？如只计一次请将 "
                    "data.repeated_lines 设为 drop，否则设为 keep。",
                ),
                setting="data.repeated_lines",
                lines=lines,
                share=round(lines / look.log.lines, 6),
                orders=doubled,
            )
    for name in ("feedback", "interactions", "treatments"):
        if name in look.tables:
            yield from _repeated_elsewhere(look, name)


def _whole_orders(columns: tuple[str, ...]) -> str:
    """Orders, orders all of whose lines are repeated, and those of days with mostly such orders."""
    names = ", ".join(columns)
    return (
        f"WITH repeated AS (SELECT customer_id, order_id, n FROM (SELECT {names}, count(*) AS n FROM transactions "
        "GROUP BY ALL HAVING n > 1)), "
        "whole AS (SELECT customer_id, order_id FROM repeated JOIN log_orders USING (customer_id, order_id) "
        "GROUP BY customer_id, order_id, lines HAVING sum(n) = lines), "
        "per_day AS (SELECT ordered::DATE AS day, count(*) AS orders, count(w.order_id) AS doubled FROM log_orders AS "
        "o LEFT JOIN whole AS w ON w.customer_id = o.customer_id AND w.order_id = o.order_id GROUP BY day) "
        "SELECT sum(orders)::BIGINT, sum(doubled)::BIGINT, coalesce(sum(doubled) FILTER "
        f"(doubled >= {DAY_SHARE} * orders AND doubled >= {DAY_ORDERS}), 0)::BIGINT FROM per_day"
    )


def _repeated_elsewhere(look: Look, name: str) -> Iterable[Finding]:
    made, moment = f"{name.removesuffix('s')}_id", TABLES[name].time
    # Made ids number equal rows, so that the second of two ends with -2.
    again, days_only = one(
        look.connection,
        f"SELECT count(*) FILTER (regexp_matches({made}, '^[0-9a-f]{{16}}-([2-9]|[1-9]\\d+)$')), "
        f"bool_and({moment} = date_trunc('hour', {moment})) FROM {name}",
    )
    if days_only:
        return  # several equal events of a day are no wonder
    rows = look.tables[name].rows_kept
    if again >= MIN_REPEATED and again >= OTHER_REPEATED_SHARE * rows:
        yield told(
            f"repeated_{name}",
            "warning",
            (
                f"{name}: {number(again, 'en')} of {number(rows, 'en')} rows repeat another row exactly; is a file in "
                f"there twice? Give rows an id (data.{name}.columns.{made}) so that each counts once.",
                f"{name}：{number(rows, 'zh')} 行中有 {number(again, 'zh')} 行与另一行完全相同；"
                f"是否重复放入了文件？请为行提供编号（data.{name}.columns.{made}），使每行只计一次。",
            ),
            table=name,
            setting=f"data.{name}.columns.{made}",
            rows=again,
        )


def order_numbers(look: Look) -> Iterable[Finding]:
    """Orders that last a week or more, where they are too few to stop for."""
    if look.settings.data.order_numbers is not None or look.log.made_order:
        return
    found = one(
        look.connection,
        f"SELECT count(*) FROM log_orders WHERE bought AND until - ordered >= INTERVAL {RESTART_DAYS} DAY",
    )[0]
    if found:
        yield told(
            "long_orders",
            "note",
            (
                f"Orders whose lines lie a week or more apart: {number(found, 'en')}; each counts as one order. If "
                "order numbers start again, set data.order_numbers to restart.",
                f"明细相隔一周及以上的订单：{number(found, 'zh')} 个，各按一个订单计。如果订单号会重新开始，请将 "
                "data.order_numbers 设为 restart。",
            ),
            setting="data.order_numbers",
            orders=found,
        )


def same_instant(look: Look) -> Iterable[Finding]:
    """Several orders of a customer at one instant: a migration, a till closed once a day, a split basket."""
    found, orders, days_only = one(
        look.connection,
        "SELECT coalesce(sum(n) FILTER (n > 1), 0)::BIGINT, sum(n)::BIGINT, bool_and(whole) FROM (SELECT count(*) AS "
        "n, bool_and(ordered = date_trunc('hour', ordered)) AS whole FROM log_orders WHERE bought "
        "GROUP BY customer_id, ordered)",
    )
    if not orders or found < MIN_AT_ONCE or found < AT_ONCE_SHARE * orders:
        return
    # Where the times are days, several orders at one instant are several orders of a day.
    same_moment = one(look.connection, "SELECT count(DISTINCT ordered) FROM log_orders WHERE bought")[0] == 1
    yield told(
        "same_instant",
        "note" if days_only and not same_moment else "warning",
        (
            f"{number(found, 'en')} of {number(orders, 'en')} orders ({percent(found / orders, 'en')}) are at the "
            "same instant as another order of the same customer; they count as several orders of one visit. If they "
            "are one order, map data.transactions.columns.order_id to what they share.",
            f"{number(orders, 'zh')} 个订单中有 {number(found, 'zh')} 个（{percent(found / orders, 'zh')}）"
            "与同一客户的另一个订单处于同一时刻，按一次到访的多个订单计。如果它们是一个订单，请将 "
            "data.transactions.columns.order_id 映射到它们共有的列。",
        ),
        setting="data.transactions.columns.order_id",
        orders=found,
        share=round(found / orders, 6),
    )


def constant(look: Look) -> Iterable[Finding]:
    """Columns that say the same in every line where they should vary."""
    log = look.log
    if log.first == log.last and log.orders >= MIN_CONSTANT:
        yield told(
            "one_time",
            "warning",
            (
                f"All {number(log.orders, 'en')} orders are of one instant, {log.first:%Y-%m-%d %H:%M}; is "
                "data.transactions.columns.occurred_at mapped to the date of the order, not of the export?",
                f"全部 {number(log.orders, 'zh')} 个订单都在同一时刻 {log.first:%Y-%m-%d %H:%M}；"
                "data.transactions.columns.occurred_at 映射的是下单日期，而不是导出日期吗？",
            ),
            setting="data.transactions.columns.occurred_at",
        )
    if look.has("amount") and log.orders >= 5 * MIN_CONSTANT:
        lowest, highest = one(look.connection, "SELECT min(amount), max(amount) FROM transactions WHERE amount > 0")
        if lowest is not None and lowest == highest:
            yield told(
                "one_amount",
                "note",
                (
                    f"Every line with a positive amount has the same, {number(lowest, 'en', 2)}; customers cannot be "
                    "told apart by what they spend per order.",
                    f"所有正金额的行金额相同（{number(lowest, 'zh', 2)}），无法按每单消费区分客户。",
                ),
                setting="data.transactions.columns.amount",
            )
