"""The purchase log's settings: columns, money, returns, states, zone, with the reason beside each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from features.discovery import join_queries as joins
from features.discovery import rules
from features.discovery.found import Choices, Comment, Figure, Option, Proposal, Question
from features.discovery.money import Money, decimal_of, level_of, lines_per_order, settle_money
from features.discovery.profile import FileFacts
from features.discovery.roles import Reading, contract
from features.discovery.time_forms import settle_times, settle_zone
from features.tables import TABLES

PLACE = "data.transactions"
PathOf = Callable[[Sequence[Path], Path], str]


def settle_log(
    log: Reading, lines: Reading | None, base: Path, chosen: Choices, proposal: Proposal, path_of: PathOf
) -> None:
    """Write the settings of `data.transactions`, and those of the whole that follow from it.

    Parameters
    ----------
    log : Reading
        The file with customers and times.
    lines : Reading, optional
        The file with the items of its orders.
    base : Path
        Folder of the settings file.
    chosen : dict
        Answers so far.
    proposal : Proposal
        Written to.
    path_of : callable
        How the settings name files.
    """
    if not log.has("customer_id", "occurred_at"):
        return
    money_of = lines if lines is not None else log
    decimal = _decimal(money_of, chosen, proposal)
    _check_ids(log, chosen, proposal)
    named = chosen.get("columns.amount")
    if named is None:
        _ask_amount(money_of, proposal)
    amount = money_of.columns.get("amount")
    alias = "i." if lines is not None else ""
    money = settle_money(money_of, decimal, named, alias=alias, said=chosen.get("amount_of"))
    if money.how == "first_line" and amount is not None:
        options = tuple(Option(answer, Comment(f"option_{answer}_total")) for answer in ("order", "line"))
        proposal.questions.append(Question("amount_of", Comment("ask_amount_of", {"column": amount}), options))
    if lines is not None:
        for role in ("amount", "quantity", "unit_price", "discount", "product_id"):
            log.drop(role)
        joins.tell_lost(lines, log, proposal)
    _check_lines(money_of)
    currency = rules.find_currency(log if "currency" in log.columns or lines is None else money_of, chosen, proposal)
    settle_zone(log, currency, chosen, proposal)
    if lines is None:
        status = rules.find_status(log, decimal, proposal)
        rules.find_returns(log, decimal, proposal)
        rules.find_fill_down(log, status, proposal)
    else:
        status = rules.find_status(log, decimal, proposal)
        if status is not None:
            dropped = proposal.raw["data"]["transactions"]["drop_where"]
            dropped["status"] = dropped.pop(status)
        rules.find_returns(money_of, decimal, proposal)
    rules.find_nobody(log, chosen, proposal)
    rules.find_missing_customers(log, proposal)
    if "order_numbers" in chosen:
        said = Comment("numbers_restart", sure=0.6, loud=True) if chosen["order_numbers"] == "restart" else None
        proposal.set("data.order_numbers", chosen["order_numbers"], *([said] if said is not None else []))
    _write(log, lines, money, decimal, base, proposal, path_of)
    settle_times(log, PLACE, chosen, proposal)
    _order_keys(proposal.raw["data"])


def _write(
    log: Reading, lines: Reading | None, money: Money, decimal: str, base: Path, proposal: Proposal, path_of: PathOf
) -> None:
    facts = log.facts
    where = Comment("log_found", {"file": facts.label, "rows": Figure(facts.rows, is_least=not facts.complete)})
    if log.layout is not None:
        proposal.say(PLACE, Comment("layout", {"layout": log.layout.name}))
    per_order = lines_per_order(lines if lines is not None else log)
    shape = "one_per_line" if per_order > 1.02 else "one_per_order"
    if "order_id" not in log.columns:
        shape = "no_orders"
    _write_source(facts, proposal)
    if lines is not None:
        folder = joins.one_folder([lines, log])
        proposal.set(f"{PLACE}.path", path_of((folder,), base), where)
        proposal.set(f"{PLACE}.format", facts.format)
        query = joins.items_with_orders(lines, log, money.added)
        proposal.set(f"{PLACE}.query", query, Comment("joined", {"file": lines.facts.label}))
    else:
        proposal.set(f"{PLACE}.path", path_of(facts.paths, base), where)
        if money.added:
            proposal.set(f"{PLACE}.query", joins.with_added(log, money.added))
        columns = {role: log.columns[role] for role in contract(log.columns, "transactions")}
        columns |= {role: f"holdfast_{role}" for role in money.added}
        # a column that is called as ours but means something else would be taken by its name
        unwanted = [name for name in facts.names if name in TABLES["transactions"].by_name and name not in columns]
        columns |= dict.fromkeys(unwanted, "")
        proposal.set(f"{PLACE}.columns", columns)
    proposal.say(PLACE, Comment(shape, {"lines": Figure(per_order, 1)}))
    _say_of_columns(log, lines, money, proposal)
    if money.how == "none":
        proposal.say(PLACE, Comment("no_amounts", sure=0.5, loud=True))
    if decimal == ",":
        proposal.set(f"{PLACE}.decimal", ",")
    markers = list(dict.fromkeys([*rules.null_markers(log), *(rules.null_markers(lines) if lines is not None else [])]))
    if markers:
        proposal.set(f"{PLACE}.null_values", markers)


def _write_source(facts: FileFacts, proposal: Proposal) -> None:
    """How the file is to be read, with a word where that was not plain to see."""
    for name, value in facts.source.items():
        proposal.set(f"{PLACE}.{name}", value)
    if facts.sure_encoding < 0.8:
        proposal.say(f"{PLACE}.encoding", Comment("encoding_unsure", sure=0.5, loud=True))
    if "last_line_complete" in facts.source:
        proposal.say(f"{PLACE}.last_line_complete", Comment("last_line"))
    if "skip_rows" in facts.source:
        proposal.say(f"{PLACE}.skip_rows", Comment("titles"))
    if "header" in facts.source:
        proposal.say(f"{PLACE}.header", Comment("no_header"))


def _say_of_columns(log: Reading, lines: Reading | None, money: Money, proposal: Proposal) -> None:
    """A word beside every column that was chosen or made."""
    for reading in (log,) if lines is None else (log, lines):
        for role, name in reading.columns.items():
            if role in TABLES["transactions"].by_name:
                target = f"{PLACE}.columns.{role}" if lines is None else f"{PLACE}.query"
                for comment in _why(reading, role, name):
                    if lines is None or comment.sure < 0.6:
                        proposal.say(target, comment)
    for role, comments in money.comments.items():
        place = (
            f"{PLACE}.columns.{role}"
            if lines is None and role in proposal.raw["data"]["transactions"]["columns"]
            else PLACE
        )
        proposal.say(place, *comments)


def _why(reading: Reading, role: str, name: str) -> list[Comment]:
    """A short word on a mapped column: what the values are like, and how sure the choice is."""
    column, sure = reading.facts.columns[name], reading.sure[role]
    said = []
    if role in ("customer_id", "order_id", "product_id"):
        said.append(Comment("distinct", {"count": Figure(column.distinct)}))
    if sure < 0.6:
        said.append(Comment("unsure", sure=sure, loud=role in ("customer_id", "order_id", "occurred_at", "amount")))
    others = [other for other in reading.rivals.get(role, []) if other not in reading.columns.values()]
    if others and role in ("customer_id", "occurred_at", "amount", "order_id"):
        said.append(Comment("rivals", {"columns": ", ".join(others[:3])}, sure=min(sure, 0.7)))
    return said


def _check_ids(log: Reading, chosen: Choices, proposal: Proposal) -> None:
    """Ask which of two columns is the customer where their names say the same and their values do not."""
    facts = log.facts
    name = log.columns["customer_id"]
    others = [other for other in log.rivals.get("customer_id", []) if other not in log.columns.values()]
    if "columns.customer_id" in chosen or not others or log.layout is not None:
        return
    pair = f"count(DISTINCT {facts.text(name)} || chr(1) || {facts.text(others[0])})"
    together = facts.ask(f"SELECT {pair} FROM {{t}}")[0]
    one_to_one = together <= 1.02 * min(facts.columns[name].distinct, facts.columns[others[0]].distinct)
    if one_to_one or facts.columns[others[0]].fill < 0.5:
        return
    options = tuple(
        Option(column, Comment("option_column", {"column": column, "count": Figure(facts.columns[column].distinct)}))
        for column in (name, *others[:4])
    )
    proposal.questions.append(
        Question("columns.customer_id", Comment("ask_customer_id", {"file": facts.label}), options)
    )


def _ask_amount(reading: Reading, proposal: Proposal) -> None:
    """Ask which column is the money that was paid, where several say so and their sums differ."""
    others = reading.rivals.get("amount", [])
    if not others or reading.layout is not None or "amount" not in reading.columns:
        return
    facts, order = reading.facts, reading.columns.get("order_id")
    names = [reading.columns["amount"], *others]
    if order is not None and lines_per_order(reading) > 1.02:
        names = [name for name in names if level_of(facts, order, name) == "line"] or names
    sums = facts.ask(f"SELECT {', '.join(f'sum({facts.number(name)})' for name in names)} FROM {{t}}")
    differing = len({round(float(total or 0), 2) for total in sums}) > 1
    if len(names) < 2 or not differing:
        return
    options = tuple(
        Option(name, Comment("option_sum", {"column": name, "sum": Figure(float(total or 0), 2)}))
        for name, total in zip(names, sums, strict=True)
    )
    proposal.questions.append(Question("columns.amount", Comment("ask_amount", {"file": facts.label}), options))


def _check_lines(reading: Reading) -> None:
    """A line id counts only where it tells the lines of an order apart: repeated ones would be dropped."""
    if not reading.has("line_id"):
        return
    facts = reading.facts
    key = f"{facts.text(reading.columns['line_id'])}"
    if reading.has("order_id"):
        key = f"{facts.text(reading.columns['order_id'])} || chr(1) || {key}"
    distinct, rows = facts.ask(f"SELECT count(DISTINCT {key}), count({key}) FROM {{t}}")
    if distinct < rows:
        reading.drop("line_id")


def _decimal(reading: Reading, chosen: Choices, proposal: Proposal) -> str:
    mark, example, is_open = decimal_of(reading)
    if not is_open:
        return mark or "."
    if "decimal" in chosen:
        return chosen["decimal"]
    other = "," if mark == "." else "."
    readings = {
        choice: Comment("option_decimal", {"value": example, "reading": _as_number(example, choice)})
        for choice in (".", ",")
    }
    options = tuple(Option(choice, readings[choice]) for choice in (mark or ".", other))
    proposal.questions.append(Question("decimal", Comment("ask_decimal", {"value": example}), options))
    proposal.say(
        PLACE,
        Comment("decimal_open", {"reading": readings[mark or "."], "other": readings[other]}, sure=0.3, loud=True),
    )
    proposal.set(f"{PLACE}.decimal", mark or ".")
    return mark or "."


def _as_number(text: str, decimal: str) -> str:
    digits = "".join(letter for letter in text if letter in "0123456789.,")
    plain = digits.replace("." if decimal == "," else ",", "").replace(",", ".")
    return f"{float(plain):g}"


def _order_keys(data: dict[str, Any]) -> None:
    """The order in which a reader looks for things."""
    first = ("timezone", "currency", "returns", "nobody", "order_numbers", "max_null_customer_share")
    for name in [*first[::-1]]:
        if name in data:
            value = data.pop(name)
            rest = dict(data)
            data.clear()
            data[name] = value
            data.update(rest)
    table = data["transactions"]
    wanted = ("path", "format", "encoding", "delimiter", "quote", "header", "skip_rows", "last_line_complete",
              "decimal",
              "query", "columns", "date_format", "fill_down", "drop_where", "null_values")  # fmt: skip
    ordered = {name: table[name] for name in wanted if name in table}
    rest = {name: value for name, value in table.items() if name not in ordered}
    table.clear()
    table.update(ordered | rest)
