"""What a purchase log says between the lines: returns, orders that are none, ids of nobody, cells to fill down."""

from __future__ import annotations

from typing import Any

from features.connection import every, literal
from features.discovery.found import Choices, Comment, Figure, Option, Proposal, Question, in_percent
from features.discovery.money import level_of, lines_per_order
from features.discovery.number_forms import currency_of
from features.discovery.roles import Reading
from features.discovery.words import known, plain

MOST = 0.9
NOBODY_SHARE, NOBODY_TIMES = 0.2, 10
"""Share of the lines, and times the lines of the next customer, from which an id may stand for nobody."""
PLACE = "data.transactions"


def find_returns(reading: Reading, decimal: str, proposal: Proposal) -> None:
    """How returns are told: a letter before the order id, or negative money."""
    facts = reading.facts
    value = next((reading.columns[role] for role in ("amount", "quantity") if role in reading.columns), None)
    if value is None:
        return
    number = facts.number(value, decimal)
    below, above = facts.ask(
        f"SELECT count(*) FILTER (v < 0), count(*) FILTER (v > 0) FROM (SELECT {number} AS v FROM {{t}})"
    )
    if below and not above:
        proposal.say(PLACE, Comment("signs_turned", {"column": value}, sure=0.0, loud=True))
        return
    if prefix := _prefix(reading, number):
        proposal.set(
            "data.returns",
            {"order_prefix": prefix[0]},
            Comment("returns_prefix", {"prefix": prefix[0], "rows": prefix[1]}),
        )
    elif below:
        negative = in_percent(below / (below + above), 1)
        proposal.say(PLACE, Comment("returns_negative", {"column": value, "share": negative}))


def _prefix(reading: Reading, number: str) -> tuple[str, Figure] | None:
    """A letter before few of the order ids, whose lines are negative."""
    if "order_id" not in reading.columns:
        return None
    facts = reading.facts
    order = facts.text(reading.columns["order_id"])
    rows = every(
        facts.connection,
        f"SELECT regexp_extract(o, '^[A-Za-z]+') AS p, count(*), count(*) FILTER (v < 0), count(*) FILTER (v > 0) FROM "
        f"(SELECT {order} AS o, {number} AS v FROM {facts.table}) WHERE o IS NOT NULL GROUP BY p "
        "ORDER BY 2 DESC LIMIT 20",
    )
    total = sum(row[1] for row in rows)
    main = rows[0] if rows else None
    if main is None or main[1] < 0.6 * total or main[2] > 0.05 * main[1]:
        return None
    for prefix, count, below, above in rows[1:]:
        if prefix and prefix != main[0] and below >= MOST * (below + above) and below > 0 and count < 0.4 * total:
            return str(prefix), Figure(count)
    return None


def find_status(reading: Reading, decimal: str, proposal: Proposal) -> str | None:
    """Leave out orders whose state says that nothing was bought; returns the column, if one is used."""
    facts = reading.facts
    name = reading.columns.get("status")
    if name is None:
        return None
    words = known()["statuses"]
    flag = plain(name) in {plain(word) for word in words["flags"]}
    listed = set(words["flag_true"] if flag else words["no_purchase"])
    values = {value: count for value, count in facts.columns[name].top if _state(value) in listed}
    if not values:
        return None
    money = next((reading.columns[role] for role in ("amount", "quantity") if role in reading.columns), None)
    if money is not None:
        inside = ", ".join(literal(value) for value in values)
        below, rows = facts.ask(
            f"SELECT count(*) FILTER ({facts.number(money, decimal)} < 0), count(*) FROM {{t}} "
            f"WHERE {facts.text(name)} IN ({inside})"
        )
        if below > 0.5 * rows:
            # cancellations with their own negative lines: those are the returns, and must stay
            proposal.say(PLACE, Comment("status_is_returns", {"column": name, "values": ", ".join(values)}))
            return None
    raw = _as_written(reading, name, list(values))
    rows_out = sum(values.values())
    told = {"column": name, "values": ", ".join(raw), "share": in_percent(rows_out / max(facts.rows, 1), 1)}
    proposal.set(
        f"{PLACE}.drop_where",
        {name: raw},
        Comment("status_dropped", told, sure=0.8, loud=rows_out > 0.3 * facts.rows),
    )  # fmt: skip
    return name


def _state(value: str) -> str:
    return value.strip().lower().removeprefix("wc-") if value.lower().startswith("wc-") else value.strip().lower()


def _as_written(reading: Reading, name: str, values: list[str]) -> list[str]:
    """The cells themselves, with the blanks that they have: `drop_where` compares whole cells."""
    facts = reading.facts
    inside = ", ".join(literal(value) for value in values)
    rows = every(
        facts.connection,
        f"SELECT DISTINCT ({facts.columns[name].sql})::VARCHAR FROM {facts.table} "
        f"WHERE {facts.text(name)} IN ({inside}) ORDER BY 1",
    )
    return [str(row[0]) for row in rows]


def find_nobody(reading: Reading, chosen: Choices, proposal: Proposal) -> None:
    """Ids that stand for no customer: by their word, or by a share that no customer has."""
    facts = reading.facts
    column = facts.columns[reading.columns["customer_id"]]
    words = {str(word).lower() for word in known()["nobody"]}
    named = [value for value, _ in column.top if value.lower() in words]
    # a number as such may be a customer's own; it is nobody only where it has far more than its share
    mean = column.filled / max(column.distinct, 1)
    counts = dict(column.top)
    named = [
        value for value in named if not value.lstrip("-").isdigit() or value in ("0", "-1") or counts[value] > 20 * mean
    ]
    others = [(value, count) for value, count in column.top if value not in named]
    if len(others) > 1 and column.distinct > 20:
        (value, count), (_, second) = others[:2]
        if count > NOBODY_SHARE * column.filled and count > NOBODY_TIMES * second:
            said = in_percent(count / column.filled)
            key = "nobody"
            keep, leave = (
                Option("keep", Comment("option_customer", {"value": value})),
                Option("nobody", Comment("option_nobody", {"value": value})),
            )
            proposal.questions.append(
                Question(key, Comment("ask_nobody", {"value": value, "share": said}), (keep, leave))
            )
            if chosen.get(key) == "nobody":
                named.append(value)
            else:
                proposal.say(
                    f"{PLACE}.columns.customer_id",
                    Comment("nobody_open", {"value": value, "share": said}, sure=0.3, loud=key not in chosen),
                )
    if named:
        share = sum(counts[value] for value in named) / max(facts.rows, 1)
        proposal.set(
            "data.nobody", named, Comment("nobody_named", {"values": ", ".join(named), "share": in_percent(share, 1)})
        )


def find_missing_customers(reading: Reading, proposal: Proposal) -> None:
    """Raise the bound on lines without a customer where the log has more, and say so."""
    missing = 1 - reading.facts.columns[reading.columns["customer_id"]].fill
    if missing > 0.35:
        bound = min(0.99, round(missing + 0.05, 2))
        proposal.set(
            "data.max_null_customer_share",
            bound,
            Comment("many_without_customer", {"share": in_percent(missing)}, sure=0.5, loud=True),
        )


def find_fill_down(reading: Reading, status: str | None, proposal: Proposal) -> list[str]:
    """Columns whose cells stand on the first line of an order only."""
    if "order_id" not in reading.columns or lines_per_order(reading) <= 1.02:
        return []
    facts, order = reading.facts, reading.columns["order_id"]
    own = ("order_id", "amount", "quantity", "unit_price", "discount", "product_id", "line_id", "category", "status")
    found = [
        role
        for role, name in reading.columns.items()
        if role not in own and facts.columns[name].fill < 1 and level_of(facts, order, name) == "first"
    ]
    if status is not None and facts.columns[status].fill < 1 and level_of(facts, order, status) == "first":
        found.append(status)
    if found:
        proposal.set(f"{PLACE}.fill_down", found, Comment("fill_down", {"columns": ", ".join(found)}))
    return found


def find_currency(reading: Reading, chosen: Choices, proposal: Proposal) -> str | None:
    """The currency: a column of codes, the sign beside the amounts, a name in brackets, or the layout's."""
    facts = reading.facts
    if "currency" in reading.columns:
        values = facts.columns[reading.columns["currency"]].top
        codes = sorted({currency_of(value) for value, _ in values})
        if len(codes) == 1 and codes[0] == values[0][0]:
            return codes[0]
        if len(codes) == 1:
            proposal.set(f"{PLACE}.values", {"currency": {value: codes[0] for value, _ in values}})
            return codes[0]
        listed = ", ".join(f"{value} {in_percent(count / facts.rows).text('en')}" for value, count in values[:5])
        proposal.say(f"{PLACE}.columns.currency", Comment("currencies", {"values": listed}, sure=0.2, loud=True))
        return None
    if "currency" in chosen:
        answer = chosen["currency"].strip().upper()
        if answer:
            proposal.set("data.currency", answer)
        return answer or None
    code, why, sure = _currency(reading)
    if code is not None:
        proposal.set("data.currency", code, Comment(why, {"code": code}, sure=sure))
    if sure < 0.7 and any(role in reading.columns for role in ("amount", "unit_price")):
        options = [] if code is None else [Option(code, Comment("plain", {"text": code}))]
        options.append(Option("", Comment("option_no_currency")))
        proposal.questions.append(Question("currency", Comment("ask_currency"), tuple(options), free=True))
        if code is None:
            proposal.say(PLACE, Comment("currency_unknown", sure=0.3))
    return code


def _currency(reading: Reading) -> tuple[str | None, str, float]:
    names = [reading.columns[role] for role in ("amount", "unit_price") if role in reading.columns]
    shared = known()["currencies"]["shared"]
    codes = known()["currencies"]["codes"]
    for name in names:
        numbers = reading.facts.columns[name].numbers
        if numbers is not None and numbers.signs:
            sign = max(numbers.signs, key=lambda sign: (numbers.signs or {})[sign])
            return currency_of(sign), "currency_sign", 0.6 if sign in shared else 0.95
        upper = name.upper()
        code = next(
            (code for code in codes if code in upper.replace("(", " ").replace(")", " ").replace("_", " ").split()),
            None,
        )
        if code is not None:
            return str(code), "currency_name", 0.9
        for sign in ("元", "€", "£", "R$", "$"):
            if sign in name:
                return currency_of(sign), "currency_name", 0.8
        if word := next((word for word in plain(name).split() if word in known()["currencies"]["signs"]), None):
            return currency_of(word), "currency_name", 0.7
    if reading.layout is not None and reading.layout.currency:
        return reading.layout.currency, "currency_layout", 0.9
    letters = "".join(reading.columns.values())
    if any("\u4e00" <= letter <= "\u9fff" for letter in letters):
        traditional = any(letter in "訂單會員戶編號幣價額" for letter in letters)
        return "TWD" if traditional else "CNY", "currency_language", 0.4 if traditional else 0.6
    return None, "plain", 0.0


def null_markers(reading: Reading) -> list[str]:
    """Texts that mean "missing" in the mapped columns."""
    found: dict[str, Any] = {}
    for name in reading.columns.values():
        found.update(dict.fromkeys(reading.facts.columns[name].markers))
    return list(found)
