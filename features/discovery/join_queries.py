"""Queries over several files: items of orders with the orders they belong to, events that name an order only."""

from __future__ import annotations

from pathlib import Path

from configs.errors import DataError
from features.connection import quoted
from features.discovery.found import Comment, Proposal, in_percent
from features.discovery.roles import Reading, contract
from features.discovery.side_tables import overlap

_OF_ORDER = (
    "customer_id",
    "occurred_at",
    "channel",
    "currency",
    "promised_at",
    "delivered_at",
    "status",
    "recorded_at",
)


def items_with_orders(lines: Reading, orders: Reading, added: dict[str, str]) -> str:
    """The query that gives every item its order's customer and time.

    Items without an order stay, without a customer, so that the ingest counts them.
    """
    chosen: list[str] = []
    for role in dict.fromkeys(
        (*contract(lines.columns, "transactions"), *contract(orders.columns, "transactions"), "status")
    ):
        if role in added:
            continue
        if role == "order_id" or (role in lines.columns and role not in _OF_ORDER):
            chosen.append(f"i.{quoted(lines.columns[role])} AS {role}")
        elif role in orders.columns and role in _OF_ORDER:
            chosen.append(f"o.{quoted(orders.columns[role])} AS {role}")
    chosen += [f"{sql} AS {role}" for role, sql in added.items()]
    return (
        f"SELECT {', '.join(chosen)}\n"
        f"FROM {quoted(lines.facts.stem)} AS i\n"
        f"LEFT JOIN {quoted(orders.facts.stem)} AS o ON {_key('i', lines)} = {_key('o', orders)}"
    )


def with_customer(events: Reading, orders: Reading) -> str:
    """The query that gives events their customer by the order that they name."""
    return (
        f"SELECT e.*, o.customer AS holdfast_customer\nFROM {quoted(events.facts.stem)} AS e\n"
        f"LEFT JOIN (SELECT {_text(quoted(orders.columns['order_id']))} AS number, "
        f"min({quoted(orders.columns['customer_id'])}) AS customer\n"
        f"           FROM {quoted(orders.facts.stem)} GROUP BY 1) AS o ON {_key('e', events)} = o.number"
    )


def with_added(reading: Reading, added: dict[str, str]) -> str:
    """The query that adds columns to a file."""
    more = ", ".join(f"{sql} AS holdfast_{role}" for role, sql in added.items())
    return f"SELECT *, {more} FROM source"


def one_folder(readings: list[Reading]) -> Path:
    """The folder of files that are joined.

    Raises
    ------
    DataError
        They lie in several folders, or are written in several ways.
    """
    folders = {reading.facts.paths[0].resolve().parent for reading in readings}
    names = " and ".join(reading.facts.label for reading in readings)
    if len(folders) > 1 or any(len(reading.facts.paths) > 1 for reading in readings):
        raise DataError(
            f"{names} belong together but do not lie in one folder",
            "put them into one folder, one file per table",
            code="not_in_one_folder",
        )
    if len({repr((reading.facts.format, reading.facts.source)) for reading in readings}) > 1:
        raise DataError(
            f"{names} belong together but are written in different ways (format, encoding or delimiter)",
            "export them in the same way",
            code="written_differently",
        )
    return folders.pop()


def partner(lines: Reading, logs: list[Reading]) -> Reading | None:
    """The orders that items belong to: those that know most of their order ids."""
    fitting = [
        (overlap(lines, lines.columns["order_id"], log.facts, log.columns["order_id"]), -place, log)
        for place, log in enumerate(logs)
        if "order_id" in log.columns and log.facts is not lines.facts
    ]
    best = max(fitting, key=lambda item: item[:2], default=None)
    return best[2] if best is not None and best[0] > 0.5 else None


def tell_lost(lines: Reading, orders: Reading, proposal: Proposal) -> None:
    """Say how many items have no order."""
    known = overlap(lines, lines.columns["order_id"], orders.facts, orders.columns["order_id"])
    if known < 1 and orders.facts.complete:
        proposal.say(
            "data.transactions",
            Comment(
                "items_without_order",
                {"share": in_percent(1 - known, 1), "file": orders.facts.label},
                sure=0.5,
                loud=True,
            ),
        )


def _key(alias: str, reading: Reading) -> str:
    return _text(f"{alias}.{quoted(reading.columns['order_id'])}")


def _text(sql: str) -> str:
    return f"trim({sql}::VARCHAR)"
