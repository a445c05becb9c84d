"""What is done to whole tables before they are checked row against row: whose rows they are, when the log begins and
ends, which lines are there twice, which order a line belongs to.

Everything that is left out goes to the quarantine with its reason; what cannot be decided here stops the ingest and
names the setting that decides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from configs.catalogue import phrase
from configs.errors import DataError
from configs.settings import ReturnRule, Settings
from configs.timestamps import start_of_day
from features.connection import every, literal, one
from features.ingestion.facts import at_row
from features.ingestion.raw import ROW
from features.ingestion.stray import EPOCH_FROM, EPOCH_TIMES, EPOCH_TO, NEAR_SHARE, core
from features.ingestion.zones import local_day
from features.order_rules import marked_sql
from features.tables import TABLES

Columns = Mapping[str, tuple[str, ...]]
FAR_OUTSIDE = timedelta(days=3650)
"""Distance from the log at which a row of another table cannot belong to it."""
BESIDE = ("acquired_at", "promised_at", "delivered_at", "resolved_at", "renewal_at")
"""Dates that a row may have beside the time of its event."""
RESTART_DAYS, RESTART_ORDERS, RESTART_SHARE = 7, 3, 0.01
"""Days over which the lines of one number are spread, and in how many orders, before the numbers are doubted."""


def settle(
    connection: Any, columns: Columns, settings: Settings, *, made_order: bool, alias_word: str = "row"
) -> dict[str, int]:
    """Act on the staged tables.

    Parameters
    ----------
    connection : DuckDB connection
        With the staged tables and the quarantine.
    columns : mapping of str to tuple of str
        The staged tables and their columns.
    settings : Settings
    made_order : bool
        Whether the order ids were made of customer and time.
    alias_word : str
        What a row of the aliases is called: `line` of a CSV, else `row`.

    Returns
    -------
    dict of str to int
        Dates beside the event's own that cannot be true and were emptied, per table.

    Raises
    ------
    DataError
        An alias of two customers or a circle of aliases; times that are an epoch in another unit; order numbers that
        start again.
    """
    data = settings.data
    if "aliases" in columns:
        _join_aliases(connection, columns, alias_word, made_order=made_order)
    for name, own in columns.items():
        if data.nobody and "customer_id" in own:
            listed = ", ".join(literal(text) for text in data.nobody)
            set_aside(connection, name, own, f"customer_id IN ({listed})", "customer_id", "nobody")
    lines = columns["transactions"]
    if data.returns.sales_negative and "amount" in lines:
        _turn_signs(connection, lines, data.returns)
    if data.first_day is None or data.first_day >= EPOCH_TO.date():
        _check_epoch(connection, settings)
    emptied = _bound(connection, columns, settings)
    if data.repeated_lines == "drop":
        _drop_repeated_orders(connection, lines)
    if not made_order:
        _order_numbers(connection, lines, settings)
    return emptied


def set_aside(connection: Any, table: str, columns: tuple[str, ...], condition: str, field: str, reason: str) -> int:
    """Move the rows of a staged table that meet a condition to the quarantine; how many."""
    count = int(one(connection, f"SELECT count(*) FROM {table} WHERE {condition}")[0])
    if count:
        cells = ", ".join(f"'{name}', {name}::VARCHAR" for name in columns)
        connection.execute(
            f"INSERT INTO quarantine SELECT '{table}', __file, {ROW}, '{field}', left({field}::VARCHAR, 200), "
            f"'{reason}', json_object({cells})::VARCHAR FROM {table} WHERE {condition}"
        )
        connection.execute(f"DELETE FROM {table} WHERE {condition}")
    return count


# --- customers


def _join_aliases(connection: Any, columns: Columns, word: str, *, made_order: bool) -> None:
    """Give the rows of all ids of a customer the one id that is the customer's own."""
    owners = _owners(connection, word)
    import pyarrow as pa

    connection.register("owners", pa.table({"alias_id": list(owners), "owner": list(owners.values())}))
    own = columns["aliases"]
    connection.execute("UPDATE aliases SET customer_id = owner FROM owners WHERE owners.alias_id = aliases.alias_id")
    set_aside(connection, "aliases", own, "alias_id = customer_id", "alias_id", "alias_row")
    for name, given in columns.items():
        if name == "aliases" or "customer_id" not in given:
            continue
        if name == "customers":
            _join_profiles(connection, given)
            continue
        more = ""
        if name == "transactions" and made_order:
            more = ", order_id = owner || substr(order_id, length(customer_id) + 1)"
        connection.execute(
            f"UPDATE {name} SET customer_id = owner{more} FROM owners WHERE owners.alias_id = {name}.customer_id"
        )
    connection.unregister("owners")


def _join_profiles(connection: Any, columns: tuple[str, ...]) -> None:
    """One row per customer: the one under the own id, else the first of the others in sorted order."""
    names = ", ".join(columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE surplus AS SELECT rid FROM (SELECT customers.rowid AS rid, owner, "
        "row_number() OVER (PARTITION BY coalesce(owner, customer_id) ORDER BY owner IS NOT NULL, "
        f"row({names})::VARCHAR) AS place FROM customers LEFT JOIN owners ON owners.alias_id = customers.customer_id) "
        "WHERE place > 1 AND owner IS NOT NULL"
    )
    set_aside(connection, "customers", columns, "rowid IN (SELECT rid FROM surplus)", "customer_id", "alias_row")
    connection.execute(
        "UPDATE customers SET customer_id = owner FROM owners WHERE owners.alias_id = customers.customer_id"
    )
    if "referred_by" in columns:
        connection.execute(
            "UPDATE customers SET referred_by = owner FROM owners WHERE owners.alias_id = customers.referred_by"
        )


def _owners(connection: Any, word: str) -> dict[str, str]:
    """Alias → the customer's own id, through chains of aliases."""
    rows = every(connection, f"SELECT alias_id, customer_id, __file, {ROW} FROM aliases ORDER BY __file, {ROW}")
    said: dict[str, tuple[str, str, int]] = {}
    for alias, customer, file, row in rows:
        if alias == customer:
            continue
        before = said.setdefault(alias, (customer, file, row))
        if before[0] != customer:
            raise DataError(
                "alias_of_two",
                code="alias_of_two",
                file=file,
                row=row,
                field="alias_id",
                value=alias,
                at=at_row(word, file, row),
                customer=customer,
                earlier=phrase(f"phrases.in_{word}", file=before[1], line=before[2]),
                first=before[0],
            )
    owners: dict[str, str] = {}
    for alias in said:
        way = [alias]
        while way[-1] in said:
            following = said[way[-1]][0]
            if following in way:
                circle = [*way[way.index(following) :], following]
                raise DataError(
                    "alias_circle",
                    code="alias_circle",
                    file=said[alias][1],
                    row=said[alias][2],
                    field="alias_id",
                    value=alias,
                    at=at_row(word, said[alias][1], said[alias][2]),
                    circle=" → ".join(map(repr, circle[:6])),
                )
            way.append(following)
        owners[alias] = way[-1]
    return owners


# --- signs


def _turn_signs(connection: Any, columns: tuple[str, ...], rules: ReturnRule) -> None:
    """Sales that are written as negative amounts become positive, and returns negative."""
    marked = marked_sql("order_id", rules)
    spared = f" WHERE NOT {marked}" if marked else ""
    connection.execute(f"UPDATE transactions SET amount = -amount{spared}")
    # Stock movements: what leaves the store is negative as well.
    if "quantity" in columns and (one(connection, "SELECT sum(sign(quantity)) FROM transactions")[0] or 0) < 0:
        connection.execute(f"UPDATE transactions SET quantity = -quantity{spared}")


# --- first and last day


def _check_epoch(connection: Any, settings: Settings) -> None:
    low, high = literal(EPOCH_FROM.isoformat()), literal(EPOCH_TO.isoformat())
    count, times, first, last, total = one(
        connection,
        f"SELECT count(*) FILTER (early), count(DISTINCT occurred_at) FILTER (early), min(occurred_at) FILTER (early), "
        f"max(occurred_at) FILTER (early), count(*) FROM (SELECT occurred_at, "
        f"occurred_at > TIMESTAMP {low} AND occurred_at < TIMESTAMP {high} AS early FROM transactions)",
    )
    if times < EPOCH_TIMES or count <= NEAR_SHARE * total:
        return
    formats = settings.data.transactions.date_formats
    unit = {"epoch_ms": "epoch_s", "epoch_s": "epoch_ms"}.get(formats[0] if formats else "", "epoch_s or excel")
    raise DataError(
        "times_in_other_unit",
        code="epoch_unit",
        field="occurred_at",
        table="transactions",
        count=count,
        first=f"{first:%Y-%m-%d %H:%M}",
        last=f"{last:%Y-%m-%d %H:%M}",
        unit=unit,
        total=total,
    )


def _bound(connection: Any, columns: Columns, settings: Settings) -> dict[str, int]:
    """Set aside what lies outside the first and the last day; where these are not set, what is isolated."""
    data, lines = settings.data, columns["transactions"]
    if data.first_day is not None:
        limit = _moment(start_of_day(data.first_day, data.timezone))
        set_aside(connection, "transactions", lines, f"occurred_at < {limit}", "occurred_at", "before_first_day")
    if data.last_day is not None:
        limit = _moment(start_of_day(data.last_day + timedelta(days=1), data.timezone))
        set_aside(connection, "transactions", lines, f"occurred_at >= {limit}", "occurred_at", "after_last_day")
    days = every(connection, "SELECT occurred_at::DATE AS day, count(*) FROM transactions GROUP BY 1 ORDER BY 1")
    if not days:
        return {}
    first, last = core(days)
    if data.first_day is None and first > days[0][0]:
        _isolate(connection, "transactions", lines, "occurred_at", f"< {_moment(datetime.combine(first, time()))}")
    if data.last_day is None and last < days[-1][0]:
        after = _moment(datetime.combine(last, time()) + timedelta(days=1))
        _isolate(connection, "transactions", lines, "occurred_at", f">= {after}")
    start, end = _far(first, last)
    for name, own in columns.items():
        moment = TABLES[name].time
        if name in ("transactions", "customers") or moment not in own:
            continue
        _isolate(connection, name, own, str(moment), f"< {_moment(start)}")
        _isolate(connection, name, own, str(moment), f">= {_moment(end)}")
    return {name: _empty_impossible(connection, name, own, start, end) for name, own in columns.items()}


def _empty_impossible(connection: Any, table: str, columns: tuple[str, ...], start: datetime, end: datetime) -> int:
    """Empty dates beside the event's own that cannot be true: the row itself is right."""
    count = 0
    for field in (name for name in BESIDE if name in columns):
        low, high = start, end
        if field == "acquired_at":
            # Customers may be older than the log by decades, so only the column itself tells what is isolated.
            days = every(
                connection,
                f"SELECT {field}::DATE AS day, count(*) FROM {table} WHERE {field} IS NOT NULL GROUP BY 1 ORDER BY 1",
            )
            first, last = core(days) if days else (date.min, date.max)
            low, high = datetime.combine(first, time()), datetime.combine(last, time.max)
        odd = f"{field} < {_moment(low)} OR {field} > {_moment(high)}"
        found = int(one(connection, f"SELECT count(*) FROM {table} WHERE {odd}")[0])
        if found:
            connection.execute(f"UPDATE {table} SET {field} = NULL WHERE {odd}")
        count += found
    return count


def _isolate(connection: Any, table: str, columns: tuple[str, ...], field: str, condition: str) -> None:
    set_aside(connection, table, columns, f"{field} {condition}", field, "isolated_date")


def _far(first: date, last: date) -> tuple[datetime, datetime]:
    """Moments before and after which a row of another table cannot belong to the log."""
    distance = max(FAR_OUTSIDE, last - first)
    return datetime.combine(first, time()) - distance, datetime.combine(last, time()) + distance


def _moment(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


# --- lines and orders


def _drop_repeated_orders(connection: Any, columns: tuple[str, ...]) -> None:
    """Keep each line as often as the order holds it: two of a thing in a basket stay.

    What is counted in several files is kept as often as one of them has it; in an order all of whose lines are there
    n times, each is kept once for every n.
    """
    names = ", ".join(columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE surplus AS "
        f"WITH counted AS (SELECT rowid AS rid, customer_id, order_id, __file, row({names})::VARCHAR AS content "
        "FROM transactions WHERE (customer_id, order_id) IN (SELECT (customer_id, order_id) FROM transactions "
        "GROUP BY customer_id, order_id HAVING count(*) > 1)), "
        "per_file AS (SELECT customer_id, order_id, content, __file, count(*) AS n FROM counted GROUP BY ALL), "
        "per_line AS (SELECT customer_id, order_id, content, sum(n)::BIGINT AS n, max(n) AS in_a_file "
        "FROM per_file GROUP BY ALL), "
        "times AS (SELECT customer_id, order_id, list_reduce(list(n), lambda a, b: gcd(a, b)) AS times "
        "FROM per_line GROUP BY ALL), "
        "wanted AS (SELECT customer_id, order_id, content, least(n // times, in_a_file) AS wanted "
        "FROM per_line JOIN times USING (customer_id, order_id) WHERE n > least(n // times, in_a_file)), "
        "placed AS (SELECT rid, wanted, row_number() OVER (PARTITION BY counted.customer_id, counted.order_id, "
        "counted.content ORDER BY rid) AS place FROM counted JOIN wanted USING (customer_id, order_id, content)) "
        "SELECT rid FROM placed WHERE place > wanted"
    )
    set_aside(connection, "transactions", columns, "rowid IN (SELECT rid FROM surplus)", "order_id", "repeated_line")


def _order_numbers(connection: Any, columns: tuple[str, ...], settings: Settings) -> None:
    """Refuse numbers that start again unless the settings say what they are; make one order of number and day."""
    wanted = settings.data.order_numbers
    if wanted == "restart":
        first, last = one(connection, "SELECT min(occurred_at), max(occurred_at) FROM transactions")
        if first is not None:
            day = local_day("occurred_at", settings.data.timezone, first, last)
            connection.execute(f"UPDATE transactions SET order_id = order_id || '@' || ({day})::VARCHAR")
        return
    if wanted == "unique":
        return
    # A return carries the number of its order weeks later; it does not say that the numbers start again.
    bought = "amount > 0" if "amount" in columns else "true"
    bought += " AND returns_order_id IS NULL" if "returns_order_id" in columns else ""
    orders = one(connection, "SELECT count(*) FROM (SELECT DISTINCT customer_id, order_id FROM transactions)")[0]
    found, example = one(
        connection,
        "SELECT count(*), min((customer_id, order_id, begins, again)) FROM (SELECT customer_id, order_id, "
        f"min(occurred_at) AS begins, max(occurred_at) AS again FROM transactions WHERE {bought} "
        f"GROUP BY customer_id, order_id HAVING again - begins >= INTERVAL {RESTART_DAYS} DAY)",
    )
    if found >= RESTART_ORDERS and found >= RESTART_SHARE * orders:
        customer, number, begins, again = example
        raise DataError(
            "order_numbers_restart",
            code="order_numbers_restart",
            field="order_id",
            value=number,
            table="transactions",
            count=found,
            orders=orders,
            customer=customer,
            first=f"{begins:%Y-%m-%d}",
            again=f"{again:%Y-%m-%d}",
        )
    if "line_id" not in columns:
        return
    shared = one(
        connection,
        "SELECT count(*) FROM (SELECT order_id FROM transactions WHERE line_id IS NOT NULL GROUP BY order_id "
        "HAVING count(DISTINCT customer_id) > 1)",
    )[0]
    if shared >= RESTART_ORDERS and shared >= RESTART_SHARE * orders:
        raise DataError(
            "order_numbers_shared", code="order_numbers_shared", field="order_id", table="transactions", count=shared
        )
