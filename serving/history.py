"""Histories sent in a call, as canonical tables: the rules of ingestion, row by row.

Money is rounded to four decimals as ingestion rounds it, a time without a zone is in the business zone (an hour that
the clock skips or repeats is read with the offset before the change), a return is marked by the rule of the settings.
The tables have exactly the columns of the tables that the model was trained on, because a feature may depend on which
columns there are; a value that is not sent is null there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from configs.settings import DataSettings
from features.order_rules import derived_amount, is_refused, round_money, signed
from features.tables import MONEY_LIMIT, TABLES, Column
from serving.errors import request_error
from serving.schemas import Customer, OrderLine, Profile

if TYPE_CHECKING:
    import pyarrow as pa

LISTS = {"transactions": "orders", "feedback": "feedback", "interactions": "interactions"}
"""Canonical table → list of the request that it is made from."""

Columns = Mapping[str, Sequence[str]]
"""Tables and their columns."""


@dataclass(frozen=True)
class History:
    """What several customers sent, as tables.

    Attributes
    ----------
    tables : dict of str to pyarrow.Table
        transactions, and of customers, feedback and interactions those that the model knows.
    customers : tuple of Customer
        In the order of the request.
    newest : datetime or None
        Time of the newest row, UTC without zone.
    missing : dict of str to list of str
        Per customer the tables and line columns that the model knows and the customer did not send.
    times : dict of str to list of (datetime, datetime)
        Per customer of every row when it happened and, where the model knows it, when it was recorded; also of tables
        that the model does not know.
    future_from : datetime
        Rows that happened at or after it are left out.
    """

    tables: dict[str, pa.Table]
    customers: tuple[Customer, ...]
    newest: datetime | None
    missing: dict[str, list[str]]
    times: dict[str, list[tuple[datetime, datetime]]]
    future_from: datetime

    def count_future(self, as_of: datetime) -> dict[str, int]:
        """Rows per customer that are not seen at a moment (UTC without zone), or lie in the future; only where any."""
        before = min(as_of, self.future_from)
        counts = {
            customer: sum(happened >= before or recorded > as_of for happened, recorded in times)
            for customer, times in self.times.items()
        }
        return {customer: count for customer, count in counts.items() if count}


def to_utc(moment: datetime, timezone: str) -> datetime:
    """A moment as the tables hold it: UTC without zone; a naive one is local to `timezone`.

    Examples
    --------
    >>> to_utc(datetime(2024, 5, 31), "Asia/Shanghai")
    datetime.datetime(2024, 5, 30, 16, 0)
    """
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(timezone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def read_history(
    customers: Sequence[tuple[int, Customer]],
    data: DataSettings,
    columns: Columns,
    products: pa.Table | None,
    future_from: datetime,
) -> History:
    """Turn the customers of a call into canonical tables.

    Parameters
    ----------
    customers : sequence of (position, Customer)
        Those with their own history, and where they stand in the request.
    data : DataSettings
        Business zone, currency and return rule.
    columns : mapping
        Tables and columns that the model was trained on.
    products : pyarrow.Table or None
        The products table, if the service has one.
    future_from : datetime
        Rows that happened at or after it (UTC without zone) are left out, as ingestion refuses them.

    Raises
    ------
    RequestError
        An amount is missing or in another currency; its field is named.
    """
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in (*LISTS, "customers") if name in columns}
    missing: dict[str, list[str]] = {}
    times: dict[str, list[tuple[datetime, datetime]]] = {}
    for position, customer in customers:
        missing[customer.customer_id] = _missing(customer, columns)
        totals = dict.fromkeys(("amount", "discount"), Decimal(0))
        for name, field in LISTS.items():
            for number, entry in enumerate(getattr(customer, field) or []):
                place = f"customers[{position}].{field}[{number}]"
                row = {"customer_id": customer.customer_id, **_values(entry, data.timezone)}
                if name == "transactions":
                    _check_currency(entry, place, data)
                    if "amount" in columns["transactions"]:
                        _set_amount(row, place, data)
                    _add_up(totals, row, place)
                row.setdefault(f"{name[:-1] if name == 'interactions' else name}_id", f"{field}-{number:06d}")
                happened = row["occurred_at"]
                recorded = row.get("recorded_at", happened) if "recorded_at" in columns.get(name, ()) else happened
                times.setdefault(customer.customer_id, []).append((happened, recorded))
                if name in rows and happened < future_from:
                    rows[name].append(row)
        if "customers" in rows:
            profile = customer.profile or Profile()
            rows["customers"].append({"customer_id": customer.customer_id, **_values(profile, data.timezone)})
    tables = {name: _table(name, entries, columns[name]) for name, entries in rows.items()}
    if products is not None and "products" in columns:
        tables["products"] = products
    elif "products" in columns:
        tables["products"] = _table("products", [], columns["products"])
    seen = [row["occurred_at"] for name in LISTS for row in rows.get(name, ())]
    asked = tuple(customer for _, customer in customers)
    return History(tables, asked, max(seen, default=None), missing, times, future_from)


def _values(entry: Any, timezone: str) -> dict[str, Any]:
    """The fields that were sent, as the tables hold them."""
    values: dict[str, Any] = {}
    for name in type(entry).model_fields:
        value = getattr(entry, name)
        if isinstance(value, datetime):
            value = to_utc(value, timezone)
        elif isinstance(value, Decimal):
            value = round_money(value)
        if value is not None:
            values[name] = value
    return values


def _check_currency(line: OrderLine, place: str, data: DataSettings) -> None:
    if data.currency is not None and line.currency is not None and line.currency != data.currency:
        raise request_error("mixed_currencies", field=f"{place}.currency", currency=data.currency)


def _set_amount(row: dict[str, Any], place: str, data: DataSettings) -> None:
    """Complete and check a line's amount as ingestion does: quantity by price where it is not given, returns marked."""
    if "amount" not in row and {"quantity", "unit_price"} <= row.keys():
        row["amount"] = derived_amount(row["quantity"], row["unit_price"], row.get("discount"))
    amount = row.get("amount")
    if amount is None:
        raise request_error("invalid_request", field=f"{place}.amount", type="missing")
    if abs(amount) >= MONEY_LIMIT:
        raise request_error("invalid_request", field=f"{place}.amount", type="number_range")
    row["amount"] = signed(amount, row["order_id"], data.returns)
    if is_refused(row["amount"], row["order_id"], data.returns):
        raise request_error("invalid_request", field=f"{place}.amount", type="negative_amount")


def _add_up(totals: dict[str, Decimal], row: Mapping[str, Any], place: str) -> None:
    """Add a line to the customer's sums; refuses the one that brings a sum out of range, as ingestion does."""
    for name in totals:
        totals[name] += abs(row.get(name, Decimal(0)))
        if totals[name] >= MONEY_LIMIT:
            raise request_error("invalid_request", field=f"{place}.{name}", type="sum_range")


def _missing(customer: Customer, columns: Columns) -> list[str]:
    """What the model knows and this customer did not send: whole lists, the profile, columns of the order lines."""
    missing = [field for name, field in LISTS.items() if name in columns and getattr(customer, field) is None]
    if "customers" in columns and customer.profile is None:
        missing.append("profile")
    lines = customer.orders or []
    for name in columns["transactions"] if lines else ():
        if name not in _UNUSED and all(getattr(line, name, None) is None for line in lines):
            missing.append(f"orders.{name}")
    return missing


_UNUSED = frozenset({"customer_id", "line_id", "recorded_at", "currency", "returns_order_id", "channel"})
"""Line columns that no feature is missed for when a caller leaves them out."""


def _table(name: str, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    entries = list(rows)
    arrays, fields = [], []
    for column in (column for column in TABLES[name].columns if column.name in columns):
        kind = arrow_type(column)
        arrays.append(pa.array([row.get(column.name) for row in entries], type=kind))
        fields.append(pa.field(column.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def arrow_type(column: Column) -> pa.DataType:
    """Arrow type of a canonical column."""
    import pyarrow as pa

    return {
        "text": pa.string(),
        "time": pa.timestamp("us"),
        "date": pa.date32(),
        "money": pa.decimal128(18, 4),
        "number": pa.float64(),
        "integer": pa.int64(),
        "texts": pa.list_(pa.string()),
    }[column.type]
