"""Whether the tables belong together: ids that never meet the orders, and why they might not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from configs.formats import number, percent
from features.connection import every, one
from features.ingestion.look import Look, told
from features.ingestion.report import Finding

SEVERAL = 20
ENOUGH, HARDLY = 0.5, 0.05
"""Share of the smaller side's ids from which two tables meet, and up to which they hardly do."""
GAIN = 0.2
JOIN_SHARE = 0.01
"""Share that must meet in addition once the ids are written alike, before that is named as the reason."""

ALIKE: dict[str, tuple[str, str, str]] = {
    "blanks": ("trim({id})", "blanks around the ids", "编号前后的空格"),
    "case": ("lower(trim({id}))", "capital and small letters", "大小写"),
    "float": ("regexp_replace(trim({id}), '\\.0+$', '')", "a “.0” at the end, from a tool that made numbers of the ids",
              "末尾的“.0”（某个工具把编号变成了数字）"),
    "zeros": ("ltrim(regexp_replace(trim({id}), '\\.0+$', ''), '0')", "zeros in front, or a “.0” at the end",
              "前导零，或末尾的“.0”"),
    "signs": ("ltrim(regexp_replace(regexp_replace(lower({id}), '\\.0+$', ''), '[^0-9a-z\\x{4e00}-\\x{9fff}]', '', "
    "'g'), "
              "'0')", "hyphens, blanks or other signs inside the ids", "编号中的连字符、空格等符号"),
    "digits": ("ltrim(regexp_replace(regexp_replace({id}, '\\.0+$', ''), '[^0-9]', '', 'g'), '0')",
               "letters in front of or behind the number", "数字前后的字母"),
}  # fmt: skip
"""Ways of writing one id differently: SQL that writes it alike, and the reason in both languages; mildest first."""


def aliases(look: Look) -> Iterable[Finding]:
    """How many aliases there are."""
    if "aliases" in look.tables:
        count = look.tables["aliases"].rows_kept
        yield told(
            "aliases",
            "good",
            (
                f"{number(count, 'en')} aliases are joined with their customers in all tables.",
                f"{number(count, 'zh')} 个别名已在所有表中合并到其客户。",
            ),
            table="aliases",
            aliases=count,
        )


def meeting(look: Look) -> Iterable[Finding]:
    """Tables whose customer ids are not, or hardly, those of the orders."""
    for name in ("customers", "feedback", "interactions", "treatments", "aliases"):
        if name in look.columns:
            yield from _meet(look, name, "customer_id", "SELECT DISTINCT customer_id AS id FROM log_orders")
    if look.has("returns_order_id"):
        yield from _returns(look)


def products(look: Look) -> Iterable[Finding]:
    """Lines whose product the products table does not know."""
    if "products" not in look.columns or not look.has("product_id"):
        return
    ours = "SELECT DISTINCT product_id AS id FROM transactions WHERE product_id IS NOT NULL"
    found = list(_meet(look, "products", "product_id", ours))
    if found:
        yield from found
        return
    lacking, lines, example = one(
        look.connection,
        "SELECT count(*) FILTER (p.product_id IS NULL), count(*), min(t.product_id) FILTER (p.product_id IS NULL) "
        "FROM transactions AS t LEFT JOIN products AS p USING (product_id) WHERE t.product_id IS NOT NULL",
    )
    if lines and lacking / lines >= HARDLY:
        yield told(
            "unknown_products",
            "warning" if lacking / lines >= ENOUGH else "note",
            (
                f"{number(lacking, 'en')} of {number(lines, 'en')} lines ({percent(lacking / lines, 'en')}) are of "
                f"products that the products table does not know, such as {example!r}; they have no category.",
                f"{number(lines, 'zh')} 行中有 {number(lacking, 'zh')} 行（{percent(lacking / lines, 'zh')}）"
                f"的商品不在商品表中，例如 {example!r}；这些行没有类别。",
            ),
            table="products",
            setting="data.products",
            lines=lacking,
            example=example,
        )


def joins(look: Look) -> Iterable[Finding]:
    """Rows that a query's joins lose, or give several times."""
    for name, joined in look.joined.items():
        lost, again = joined.rows - joined.seen, joined.answer - joined.seen
        if lost:
            share = lost / joined.rows
            yield told(
                "rows_lost_by_join",
                "warning" if share >= JOIN_SHARE else "note",
                (
                    f"{name}: {number(lost, 'en')} of {number(joined.rows, 'en')} rows of {joined.table} "
                    f"({percent(share, 'en', 1)}) find no partner in the joins of data.{name}.query and are lost; a "
                    "LEFT JOIN keeps them.",
                    f"{name}：{joined.table} 的 {number(joined.rows, 'zh')} 行中有 {number(lost, 'zh')} "
                    f"行（{percent(share, 'zh', 1)}）在 data.{name}.query 的连接中找不到对应的行而丢失；用 LEFT JOIN "
                    "可以保留。",
                ),
                table=name,
                setting=f"data.{name}.query",
                rows=lost,
                of=joined.rows,
            )
        if again:
            share = again / joined.answer
            yield told(
                "rows_multiplied_by_join",
                "warning" if share >= JOIN_SHARE else "note",
                (
                    f"{name}: the joins of data.{name}.query give rows of {joined.table} several times, "
                    f"{number(again, 'en')} of {number(joined.answer, 'en')} rows ({percent(share, 'en', 1)}) too "
                    "many, because a joined table has several rows for one key.",
                    f"{name}：data.{name}.query 的连接使 {joined.table} 的行重复出现，{number(joined.answer, 'zh')} "
                    f"行中多出 {number(again, 'zh')} 行（{percent(share, 'zh', 1)}），因为被连接的表中同一键有多行。",
                ),
                table=name,
                setting=f"data.{name}.query",
                rows=again,
                of=joined.answer,
            )


def _meet(look: Look, table: str, field: str, ours: str) -> Iterable[Finding]:
    connection = look.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE our_ids AS {ours}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE their_ids AS SELECT DISTINCT {field} AS id FROM {table} WHERE {field} IS NOT "
        "NULL"
    )
    both, mine, theirs = one(
        connection,
        "SELECT (SELECT count(*) FROM our_ids WHERE id IN (SELECT id FROM their_ids)), "
        "(SELECT count(*) FROM our_ids), (SELECT count(*) FROM their_ids)",
    )
    smaller = min(mine, theirs)
    if smaller == 0 or both / smaller >= ENOUGH:
        return
    reason = _reason(connection, both / smaller, smaller)
    if reason is None and not (both == 0 or (both / smaller <= HARDLY and smaller >= SEVERAL)):
        return
    example, other = (
        one(
            connection,
            f"SELECT min(id) FROM {side} WHERE id NOT IN (SELECT id FROM {far})",
        )[0]
        for side, far in (("our_ids", "their_ids"), ("their_ids", "our_ids"))
    )
    why_en = f"; likely reason: {reason[0]}" if reason else ""
    why_zh = f"；可能的原因：{reason[1]}" if reason else ""
    whose, whose_zh = ("customers with orders", "有订单的客户") if field == "customer_id" else ("products", "商品")
    yield told(
        "ids_do_not_meet",
        "warning",
        (
            f"{number(both, 'en')} of {number(mine, 'en')} {whose} are in the table {table} (orders have {example!r}, "
            f"{table} {other!r}){why_en}; write the ids alike, or correct data.{table}.columns.{field}.",
            f"{number(mine, 'zh')} 个{whose_zh}中有 {number(both, 'zh')} 个出现在 {table} 表中（订单中如 {example!r}，"
            f"{table} 中如 {other!r}）{why_zh}；请统一编号的写法，或更正 data.{table}.columns.{field}。",
        ),
        table=table,
        setting=f"data.{table}.columns.{field}",
        met=both,
        ours=mine,
        theirs=theirs,
        example=example,
        other=other,
    )


def _reason(connection: Any, met: float, smaller: int) -> tuple[str, str] | None:
    """Why ids do not meet: the mildest way of writing them alike after which many more do."""
    for written, en, zh in ALIKE.values():
        alike = written.replace("{id}", "id")
        both = one(
            connection,
            f"SELECT count(*) FROM (SELECT DISTINCT {alike} AS id FROM our_ids) AS a JOIN "
            f"(SELECT DISTINCT {alike} AS id FROM their_ids) AS b USING (id) WHERE id <> ''",
        )[0]
        if both / smaller >= met + GAIN:
            return en, zh
    return None


def _returns(look: Look) -> Iterable[Finding]:
    named, met, example = one(
        look.connection,
        "SELECT count(*), count(*) FILTER (returns_order_id IN (SELECT order_id FROM log_orders)), "
        "min(returns_order_id) FROM transactions WHERE returns_order_id IS NOT NULL",
    )
    restarted = look.settings.data.order_numbers == "restart"
    if named >= SEVERAL and met == 0 and not restarted:
        order = every(look.connection, "SELECT min(order_id) FROM log_orders")[0][0]
        yield told(
            "returns_do_not_meet",
            "warning",
            (
                f"None of the {number(named, 'en')} lines that name the order they return names one of the log (they "
                f"have {example!r}, orders {order!r}); correct data.transactions.columns.returns_order_id.",
                f"{number(named, 'zh')} 行注明了所退订单，但没有一个在数据中（退货行如 {example!r}，订单如 {order!r}）"
                "；请更正 data.transactions.columns.returns_order_id。",
            ),
            setting="data.transactions.columns.returns_order_id",
            lines=named,
        )
