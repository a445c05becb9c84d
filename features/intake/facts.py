"""Figures for the data report, from the staged tables, and the sentences that follow from them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from configs.moments import format_moment
from features.connection import every, one
from features.intake.cells import folded
from features.intake.readings import in_two_ways
from features.intake.report import Horizon, Log, Month, Refusal, Sentence

LIKELY_PLACEHOLDERS = ("nan", "null", "none", "n/a", "na", "unknown", "undefined", "<na>", "#n/a", "-")
MIN_CUSTOMERS, MIN_REPEAT_SHARE = 200, 0.05


def null_shares(connection: Any, table: str, columns: tuple[str, ...]) -> dict[str, float]:
    """Share of missing values per column, six digits."""
    counts = ", ".join(f"count({name})" for name in columns)
    total, *filled = one(connection, f"SELECT count(*), {counts} FROM {table}")
    return {name: round(1 - count / total, 6) if total else 0.0 for name, count in zip(columns, filled, strict=True)}


def duplicate_rows(connection: Any, table: str, columns: tuple[str, ...]) -> int:
    """Rows beyond the first of every set of rows that are equal in all columns."""
    names = ", ".join(columns)
    found = one(
        connection, f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM {table} GROUP BY {names})"
    )
    return int(found[0])


def placeholder_ids(connection: Any, table: str) -> int:
    """Rows whose customer id reads like "nobody"."""
    listed = ", ".join(f"'{text}'" for text in LIKELY_PLACEHOLDERS)
    found = one(connection, f"SELECT count(*) FROM {table} WHERE lower(customer_id) IN ({listed})")
    return int(found[0])


def ids_alike(connection: Any, table: str, columns: tuple[str, ...]) -> dict[str, int]:
    """Customers and products whose id another one has too, but for capitals, full-width characters or leading zeros."""
    kinds = {
        "ids_in_case": "lower(id)",
        "ids_in_width": folded("id"),
        "ids_in_zeros": "CASE WHEN regexp_full_match(id, '[0-9]+') THEN ltrim(id, '0') ELSE id END",
    }
    found: Counter[str] = Counter()
    for name in ("customer_id", "product_id"):
        if name not in columns:
            continue
        connection.execute(f"CREATE OR REPLACE TEMP TABLE ids AS SELECT DISTINCT {name} AS id FROM {table}")
        for code, key in kinds.items():
            count = (
                f"SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT count(*) AS n FROM ids GROUP BY {key} HAVING n > 1)"
            )
            found[code] += int(one(connection, count)[0])
    connection.execute("DROP TABLE IF EXISTS ids")
    return {code: count for code, count in found.items() if count}


def refusals(connection: Any, table: str) -> tuple[Refusal, ...]:
    """Refused rows per reason and field, most frequent first, each with its first row."""
    rows = every(
        connection,
        'SELECT reason, field, count(*) AS n, min((source_file, "row", value)) AS first FROM quarantine '
        'WHERE "table" = ? GROUP BY reason, field ORDER BY n DESC, reason, field',
        [table],
    )
    return tuple(
        Refusal(
            reason=reason, field=field, count=count, example_file=first[0], example_row=first[1], example_value=first[2]
        )
        for reason, field, count, first in rows
    )


def log_figures(
    connection: Any,
    columns: tuple[str, ...],
    horizons: tuple[int, ...],
    currency: str | None,
    *,
    made_order: bool,
    derived_amount: bool,
) -> Log:
    """The purchase log in figures; only exact sums, so that threads do not change them."""
    money = "amount" in columns
    total = "sum(amount)" if money else "NULL::DECIMAL(38,4)"
    returned = "amount < 0" if money else "false"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE log_orders AS SELECT customer_id, order_id, min(occurred_at) AS ordered, "
        f"count(*) AS lines, {total} AS amount FROM transactions GROUP BY customer_id, order_id"
    )
    bought = "amount > 0" if money else "true"
    products = "count(DISTINCT product_id)" if "product_id" in columns else "NULL"
    lines, first, last, kinds, returns, back = one(
        connection,
        f"SELECT count(*), min(occurred_at), max(occurred_at), {products}, count(*) FILTER ({returned}), "
        f"{'sum(amount) FILTER (amount < 0)' if money else 'NULL'} FROM transactions",
    )
    orders, customers, amount = one(
        connection, f"SELECT count(*) FILTER ({bought}), count(DISTINCT customer_id), sum(amount) FROM log_orders"
    )
    repeat = one(
        connection,
        f"SELECT count(*) FROM (SELECT 1 FROM log_orders WHERE {bought} GROUP BY customer_id HAVING count(*) > 1)",
    )[0]
    gap = one(
        connection,
        "SELECT median(gap) FROM (SELECT epoch(ordered - lag(ordered) OVER "
        "(PARTITION BY customer_id ORDER BY ordered, order_id)) "
        f"/ 86400 AS gap FROM log_orders WHERE {bought}) WHERE gap > 0",
    )[0]
    months = every(
        connection,
        f"SELECT strftime(ordered, '%Y-%m') AS month, count(*) FILTER ({bought}), count(DISTINCT customer_id), "
        "sum(lines)::BIGINT, sum(amount) FROM log_orders GROUP BY 1 ORDER BY 1",
    )
    connection.execute("DROP TABLE log_orders")
    span = (last - first).total_seconds() / 86400
    return Log(
        first=first,
        last=last,
        span_days=round(span, 3),
        lines=lines,
        orders=orders,
        customers=customers,
        repeat_customers=repeat,
        median_gap_days=None if gap is None else round(gap, 2),
        amount=None if amount is None else float(amount),
        currency=currency,
        return_lines=returns,
        return_amount=None if back is None else float(back),
        made_order=made_order,
        derived_amount=derived_amount,
        products=kinds,
        months=tuple(
            Month(month=row[0], orders=row[1], customers=row[2], lines=row[3], amount=_number(row[4])) for row in months
        ),
        horizons=tuple(Horizon(days=days, trainable=span >= 2 * days, needs_days=2 * days) for days in horizons),
    )


def findings(
    log: Log, columns: dict[str, tuple[str, ...]], refused: dict[str, int], timezone: str
) -> tuple[Sentence, ...]:
    """What the data is enough for, in plain sentences; days are those of the business zone."""
    first, last = (format_moment(moment, timezone)[:10] for moment in (log.first, log.last))
    found = [
        Sentence(
            code="size",
            en=f"The log has {log.lines:,} lines in {log.orders:,} orders of {log.customers:,} customers, "
            f"from {first} to {last} ({log.span_days:,.0f} days).",
            zh=f"数据共 {log.lines:,} 行、{log.orders:,} 个订单、{log.customers:,} 位客户,"
            f"时间从 {first} 到 {last}(共 {log.span_days:,.0f} 天)。",
        )
    ]
    if any(refused.values()):
        listed = ", ".join(f"{count:,} ({table})" for table, count in refused.items() if count)
        found.append(
            Sentence(
                code="refused",
                en=f"Rows refused and kept in the quarantine: {listed}.",
                zh=f"被拒绝并存入隔离区的行:{listed}。",
                good=False,
            )
        )
    if log.customers < MIN_CUSTOMERS:
        found.append(
            Sentence(
                code="few_customers",
                en=f"{log.customers:,} customers are too few to learn from; scores will follow written rules.",
                zh=f"{log.customers:,} 位客户太少,无法训练模型,评分将按规则给出。",
                good=False,
            )
        )
    found.append(_repeat(log))
    found += [_horizon(item, log.span_days) for item in log.horizons]
    if log.span_days < 730:
        found.append(
            Sentence(
                code="one_season",
                en="The log covers less than two years, so a season cannot be told from a trend.",
                zh="数据不足两年,无法区分季节性与趋势。",
                good=False,
            )
        )
    found += _parts(log, columns)
    return tuple(found)


def _repeat(log: Log) -> Sentence:
    gap = log.median_gap_days
    if log.repeat_share < MIN_REPEAT_SHARE or gap is None:
        return Sentence(
            code="few_repeat",
            en=f"Only {log.repeat_share:.1%} of the customers ordered twice; a rhythm of buying is hard to learn.",
            zh=f"仅 {log.repeat_share:.1%} 的客户下过两单及以上,难以学习购买规律。",
            good=False,
        )
    return Sentence(
        code="repeat",
        en=f"{log.repeat_share:.1%} of the customers ordered more than once; half of the gaps between orders are "
        f"shorter than {gap:,.1f} days.",
        zh=f"{log.repeat_share:.1%} 的客户有多个订单,订单间隔的中位数为 {gap:,.1f} 天。",
    )


def _horizon(item: Horizon, span: float) -> Sentence:
    if item.trainable:
        return Sentence(
            code=f"horizon_{item.days}",
            en=f"A horizon of {item.days} days can be trained and tested.",
            zh=f"可以训练并检验 {item.days} 天的预测期。",
        )
    return Sentence(
        code=f"horizon_{item.days}",
        en=f"A horizon of {item.days} days cannot be trained: it needs {item.needs_days} days of log, there are "
        f"{span:,.0f}.",
        zh=f"{item.days} 天的预测期无法训练:需要 {item.needs_days} 天的数据,现有 {span:,.0f} 天。",
        good=False,
    )


def _parts(log: Log, columns: dict[str, tuple[str, ...]]) -> list[Sentence]:
    lines = columns["transactions"]
    checks = (
        (
            "amounts",
            "amount" in lines,
            ("Amounts are given, so spend and lifetime value can be predicted.", "有金额,可预测消费额与客户终身价值。"),
            (
                "There are no amounts, so only the number of orders can be predicted, not spend or lifetime value.",
                "没有金额,只能预测订单数,无法预测消费额与终身价值。",
            ),
        ),
        (
            "returns",
            log.return_lines > 0,
            (
                f"{log.return_lines:,} lines ({log.return_share:.1%}) are returns or cancellations.",
                f"退货或取消共 {log.return_lines:,} 行({log.return_share:.1%})。",
            ),
            ("The log shows no returns; net spend equals gross spend.", "数据中没有退货,净消费等于总消费。"),
        ),
        (
            "products",
            "product_id" in lines,
            (
                "Products are given, so breadth of buying and the next product can be worked out.",
                "有商品编号,可计算购买广度并推荐下一件商品。",
            ),
            (
                "There are no products, so breadth of buying and the next product are unknown.",
                "没有商品编号,无法得知购买广度与下一件商品。",
            ),
        ),
        (
            "categories",
            "category" in lines or "category" in columns.get("products", ()),
            ("Product categories are given.", "有商品类别。"),
            ("There are no product categories.", "没有商品类别。"),
        ),
        (
            "feedback",
            "feedback" in columns,
            ("Feedback is given, so satisfaction can be measured.", "有反馈数据,可衡量满意度。"),
            ("There is no feedback; satisfaction is unknown.", "没有反馈数据,满意度未知。"),
        ),
        (
            "interactions",
            "interactions" in columns,
            ("Contacts and visits are given.", "有互动与访问数据。"),
            ("There are no contacts or visits; engagement is unknown.", "没有互动与访问数据,互动情况未知。"),
        ),
        (
            "customers",
            "customers" in columns,
            ("A customers table is given.", "有客户资料表。"),
            (
                "There is no customers table; type, region and industry are unknown.",
                "没有客户资料表,类型、地域与行业未知。",
            ),
        ),
    )
    return [
        Sentence(code=code, en=(yes if given else no)[0], zh=(yes if given else no)[1], good=given)
        for code, given, yes, no in checks
    ]


def refusal_sentence(table: str, item: Refusal, word: str) -> str:
    """The first of the rows refused for a reason: file, line or row, field, value, reason and remedy."""
    return f"{refused_at(table, item, word)}{in_two_ways(item.reason, item.example_value)}: {item.text.en}"


def refused_at(table: str, item: Refusal, word: str) -> str:
    """Where the first of the rows refused for a reason is, and its value."""
    where = f"{item.example_file}, {word} {item.example_row}" + (f", field {item.field}" if item.field else "")
    return f"{table}: {where}, " + ("empty" if item.example_value is None else f"value {item.example_value!r}")


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
