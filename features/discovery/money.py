"""Where the money of an order line stands: in a column, in quantity × price, or in the order as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from features.connection import quoted
from features.discovery.found import Comment, in_percent
from features.discovery.profile import FileFacts
from features.discovery.roles import Reading
from features.discovery.words import plain

"""Beginning of the names of columns that a query adds."""
MOST = 0.95
_NET = ("实付", "实收", "实际", "成交", "paid", "net", "total", "bezahlt", "pagado", "paye")
_PERCENT = ("%", "percent", "pct", "prozent", "rate", "率", "比例")
_LEAST_ORDERS, _BY_CHANCE = 10, 0.3
"""Orders of several lines that tell what a cell belongs to; share of equal cells of any lines that tells nothing."""

Level = Literal["line", "repeated", "first"]


@dataclass
class Money:
    """What the amount is made of.

    Attributes
    ----------
    how : str
        `column`, `derived` (quantity × unit price), `first_line` (the order's total, on its first line), `none`.
    added : dict
        Columns that a query has to add: name → SQL over the columns of the file.
    comments : dict
        Our column → what is to be said.
    """

    how: Literal["column", "derived", "first_line", "none"] = "none"
    added: dict[str, str] = field(default_factory=dict)
    comments: dict[str, list[Comment]] = field(default_factory=dict)

    def say(self, role: str, comment: Comment) -> None:
        """Say something of a column."""
        self.comments.setdefault(role, []).append(comment)


def lines_per_order(reading: Reading) -> float:
    """Mean rows of an order; 1 where there is no order id."""
    if "order_id" not in reading.columns:
        return 1.0
    facts, order = reading.facts, reading.facts.text(reading.columns["order_id"])
    rows, orders = facts.ask(f"SELECT count({order}), count(DISTINCT {order}) FROM {facts.once}")
    return float(rows / orders) if orders else 1.0


def level_of(facts: FileFacts, order: str, name: str) -> Level:
    """Whether the cells of a column belong to the line, or to the order: repeated, or on the first line only.

    Cells that would be equal by chance, because few values are common in the whole file, tell nothing.
    """
    cells = f"SELECT {facts.text(order)} AS o, {facts.text(name)} AS v, place FROM {facts.once}"
    several, same, once = facts.ask(
        "SELECT count(*), count(*) FILTER (filled = n AND kinds = 1), count(*) FILTER (filled <= 1 AND first_filled >= "
        f"filled) FROM (SELECT count(*) AS n, count(v) AS filled, count(DISTINCT v) AS kinds, "
        "count(v) FILTER (line = 1) AS first_filled FROM (SELECT o, v, "
        f"row_number() OVER (PARTITION BY o ORDER BY place) AS line FROM ({cells})) "
        "WHERE o IS NOT NULL GROUP BY o HAVING count(*) > 1)"
    )
    if several and once >= MOST * several and facts.columns[name].filled < facts.columns[order].filled:
        return "first"
    if several < _LEAST_ORDERS or same < 0.98 * several:
        return "line"
    counts = f"SELECT count(v)::DOUBLE AS n FROM ({cells}) GROUP BY v"
    chance = facts.ask(f"SELECT sum(n * n) / (sum(n) * sum(n)) FROM ({counts})")
    return "repeated" if chance[0] < _BY_CHANCE else "line"


def settle_money(reading: Reading, decimal: str, chosen: str | None, alias: str = "", said: str | None = None) -> Money:
    """Decide where the amount comes from, and leave out money columns that would spoil it.

    Parameters
    ----------
    reading : Reading
        Of a purchase log; its columns are changed.
    decimal : str
        The decimal mark of the file.
    chosen : str, optional
        The column that a person has named as the amount; empty for none.
    alias : str
        What stands before a column's name where files are joined.
    said : str, optional
        `line` where a person has said that the amount is that of the line.
    """
    money, facts = Money(), reading.facts
    order = reading.columns.get("order_id")
    lines = order is not None and lines_per_order(reading) > 1.02
    if chosen is None:
        _best_amount(reading, order if lines else None, decimal)
    amount = reading.columns.get("amount")
    level: Level = "line"
    if amount is not None and order is not None and lines and said != "line":
        level = level_of(facts, order, amount)
    derivable = reading.has("quantity", "unit_price")
    _check_discount(
        reading, decimal, money, derived=level != "line" or amount is None, order=order if lines else None, alias=alias
    )
    if amount is not None and level != "line" and derivable and chosen is None:
        money.say("unit_price", Comment("order_total_left", {"column": amount}))
        reading.drop("amount")
        amount = None
    if amount is not None and level != "line":
        money.how = "first_line"
        first = f"row_number() OVER (PARTITION BY {alias}{quoted(str(order))} ORDER BY {alias}rowid) = 1"
        total = alias + quoted(amount)
        if facts.columns[amount].type == "VARCHAR":
            money.added["amount"] = f"CASE WHEN {first} THEN coalesce(nullif(trim({total}), ''), '0') ELSE '0' END"
        else:
            money.added["amount"] = f"CASE WHEN {first} THEN coalesce({total}, 0) ELSE 0 END"
        told = Comment("amount_first_line", {"column": amount}, sure=0.8, loud=said is None and level == "repeated")
        money.say("amount", told)
        reading.drop("unit_price")
    elif amount is not None:
        money.how = "column"
        if derivable:
            _compare(reading, decimal, money)
    elif derivable:
        money.how = "derived"
        money.say("unit_price", Comment("amount_derived"))
    elif reading.has("unit_price") and not reading.has("quantity"):
        # a price without a quantity: one piece a line
        reading.take("amount", reading.columns["unit_price"], 0.6)
        reading.drop("unit_price")
        money.how = "column"
        money.say("amount", Comment("amount_is_price", sure=0.6, loud=True))
    return money


def _best_amount(reading: Reading, order: str | None, decimal: str) -> None:
    """Of several columns of money the one of the line, then the one that was paid."""
    if "amount" not in reading.columns:
        return
    facts, sure = reading.facts, reading.sure["amount"]
    candidates = [reading.columns["amount"], *reading.rivals.get("amount", [])]
    if len(candidates) == 1:
        return
    levels = {name: level_of(facts, order, name) if order else "line" for name in candidates}
    on_lines = [name for name in candidates if levels[name] == "line"]

    def rank(name: str) -> tuple[bool, int, float]:
        words = plain(name)
        paid = next((place for place, word in enumerate(_NET) if word in words), len(_NET))
        return (name not in on_lines, paid, -facts.columns[name].fill)

    if reading.layout is not None:
        return
    best = min(candidates, key=rank)
    reading.rivals["amount"] = [name for name in candidates if name != best]
    reading.take("amount", best, sure)


def _check_discount(
    reading: Reading, decimal: str, money: Money, *, derived: bool, order: str | None, alias: str
) -> None:
    """A discount counts only where the amount is derived; a share, a sign turned or an order's sum would spoil it."""
    name = reading.columns.get("discount")
    if name is None:
        return
    facts = reading.facts
    column = facts.columns[name]
    if not (derived and reading.has("quantity", "unit_price")):
        return
    quantity, price = (facts.number(reading.columns[role], decimal) for role in ("quantity", "unit_price"))
    high, low = column.high or 0.0, column.low or 0.0
    percent = high <= 100 and any(word in name.lower() for word in _PERCENT)
    if high == low == 0:
        reading.drop("discount")
        return
    if low >= 0 and (high < 1 or percent):
        share, q, p = (
            _over(facts, reading.columns[role], decimal, alias) for role in ("discount", "quantity", "unit_price")
        )
        money.added["discount"] = f"round(coalesce({share}, 0){' / 100' if high >= 1 else ''} * {q} * {p}, 4)"
        money.say("discount", Comment("discount_share", {"column": name}))
        return
    more = facts.ask(
        f"SELECT count(*) FILTER (d > abs(q * p) + 0.005), count(*) FILTER (d < 0), count(*) FROM (SELECT "
        f"{facts.number(name, decimal)} AS d, {quantity} AS q, {price} AS p FROM {{t}}) WHERE d <> 0"
    )
    of_order = order is not None and level_of(facts, order, name) != "line" and column.distinct > 1
    if more[2] and (more[0] + more[1] > 0.01 * more[2] or of_order):
        reading.drop("discount")
        money.say("unit_price", Comment("discount_left", {"column": name}, sure=0.6, loud=True))


def _over(facts: FileFacts, name: str, decimal: str, alias: str) -> str:
    """SQL of a column as a number, by its own name."""
    return facts.number(name, decimal).replace(facts.columns[name].sql, alias + quoted(name))


def _compare(reading: Reading, decimal: str, money: Money) -> None:
    """Whether the amount is quantity × price, and so surely the line's; else whether it is rather a price."""
    facts = reading.facts
    a, q, p = (facts.number(reading.columns[role], decimal) for role in ("amount", "quantity", "unit_price"))
    rows, total, price = facts.ask(
        "SELECT count(*), count(*) FILTER (abs(abs(a) - abs(q * p)) <= 0.011 + 0.002 * abs(a)), "
        f"count(*) FILTER (abs(a - p) < 0.006) FROM (SELECT {a} AS a, {q} AS q, {p} AS p FROM {{t}}) "
        "WHERE a <> 0 AND abs(q) > 1"
    )
    if rows and total > 0.5 * rows:
        money.say("amount", Comment("amount_is_product", {"share": in_percent(total / rows)}))
    elif rows > 20 and price > 0.8 * rows:
        reading.drop("amount")
        money.how = "derived"
        money.say("unit_price", Comment("amount_derived"))


def decimal_of(reading: Reading) -> tuple[str | None, str, bool]:
    """The decimal mark of the mapped numbers of a file: mark or None where points need no word, an example, open."""
    point = comma = either = 0
    example = ""
    for role, name in reading.columns.items():
        numbers = reading.facts.columns[name].numbers
        if role not in ("amount", "unit_price", "discount", "quantity", "cost", "score", "margin") or numbers is None:
            continue
        point, comma, either = point + numbers.point, comma + numbers.comma, either + numbers.either
        example = example or numbers.example
    if comma > point:
        return ",", example, False
    if point or not either:
        return None, example, False
    # a whole column that has three digits behind each mark: groups of thousands, as the ingest reads it too
    return ("," if "." in example else "."), example, True
