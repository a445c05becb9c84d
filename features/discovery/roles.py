"""Which column is what, and which table a file is: by the names first, held against the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from features.discovery.profile import ColumnFacts, FileFacts, with_epoch
from features.discovery.words import Layout, fit, known, layout_of, plain, says
from features.tables import TABLES

LEAST = 0.3
"""Fit below which a name says nothing."""
KEY = 0.995
"""Different values per row from which a column is a key."""
_GENERIC_IDS = ("id", "no", "nr", "number", "code", "key", "编号", "编码", "代码", "num")
_MONEY = ("amount", "unit_price", "discount", "cost")
_IDS = ("customer_id", "order_id", "product_id", "line_id", "feedback_id", "interaction_id", "treatment_id", "alias_id",
        "referred_by")  # fmt: skip
_TIMES = ("occurred_at", "recorded_at", "promised_at", "delivered_at", "acquired_at", "renewal_at", "resolved_at",
          "treated_at", "birthday", "points_expire_on", "feedback_time", "interaction_time")  # fmt: skip
_FEW = (
    "status",
    "channel",
    "currency",
    "customer_type",
    "member_level",
    "gender",
    "arm",
    "kind",
    "direction",
    "region",
    "country",
)
_KEYS = {"customers": "customer_id", "products": "product_id"}
WANTED = {
    "transactions": ("customer_id", "order_id", "occurred_at", "amount", "line_id", "product_id", "category",
                     "quantity",
                     "unit_price", "discount", "channel", "recorded_at", "currency", "promised_at", "delivered_at",
                     "status"),
    "customers": ("customer_id", "customer_type", "name", "region", "country", "industry", "company_size",
                  "acquired_at",
                  "birthday", "gender", "interests", "preferred_channel", "member_level", "points_balance",
                  "points_expire_on", "referred_by", "consent", "owner", "renewal_at", "phone", "email"),
    "products": ("product_id", "name", "category", "line", "margin"),
    "feedback": ("feedback_id", "customer_id", "order_id", "occurred_at", "kind", "topic", "score", "resolved_at",
                 "text",
                 "recorded_at"),
    "interactions": ("interaction_id", "customer_id", "occurred_at", "kind", "channel", "direction", "product_id",
                     "category", "text"),
    "treatments": ("treatment_id", "customer_id", "treated_at", "strategy", "cost", "arm", "outcome"),
    "aliases": ("alias_id", "customer_id", "recorded_at"),
}  # fmt: skip
"""Columns that are looked for in each table; `status` and a feedback's `order_id` serve other settings."""


@dataclass
class Reading:
    """A file read as one of our tables: our column → theirs, with how sure that is.

    `table` may also be `lines`: items of orders whose customer and time are in another file.
    """

    facts: FileFacts
    table: str
    columns: dict[str, str] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    layout: Layout | None = None
    rivals: dict[str, list[str]] = field(default_factory=dict)

    def take(self, role: str, name: str, sure: float) -> None:
        """Say that a column is `name` of the file."""
        self.columns[role], self.sure[role] = name, sure

    def drop(self, role: str) -> None:
        """Leave a column out after all."""
        self.columns.pop(role, None)
        self.sure.pop(role, None)

    def has(self, *roles: str) -> bool:
        """Whether all of these columns were found."""
        return all(role in self.columns for role in roles)


def read_file(facts: FileFacts, chosen: Mapping[str, str]) -> Reading | None:
    """The table that a file is; None where it is none of ours.

    Parameters
    ----------
    facts : FileFacts
    chosen : mapping
        Columns that a person has named: role → theirs, empty for none.
    """
    layout = layout_of(list(facts.columns))
    if layout is not None:
        return _as_layout(facts, layout, chosen)
    readings = {table: assign(facts, table, chosen) for table in WANTED}
    for table, holds in _TESTS.items():
        if holds(readings[table], facts):
            return readings[table]
    lines = readings["transactions"]
    if lines.has("order_id") and (lines.has("product_id") or lines.has("quantity")):
        lines.table = "lines"
        return lines
    return None


def assign(facts: FileFacts, table: str, chosen: Mapping[str, str] | None = None) -> Reading:
    """Give the columns of a file to the columns of a table, the surest first."""
    chosen = chosen or {}
    reading = Reading(facts, table)
    scored = sorted(
        (
            (score, -place, role, name)
            for place, name in enumerate(facts.names)
            for role in WANTED[table]
            if (score := _score(role, table, name, facts)) >= LEAST
        ),
        reverse=True,
    )
    for role, name in chosen.items():
        if role in WANTED[table] and name:
            reading.take(role, name, 1.0)
    for score, _, role, name in scored:
        if role in chosen:
            continue
        if role in reading.columns:
            if reading.sure[role] - score < 0.25 and name not in reading.columns.values():
                reading.rivals.setdefault(role, []).append(name)
        elif name not in reading.columns.values():
            reading.take(role, name, min(1.0, score))
    return reading


def by_values(reading: Reading) -> None:
    """Find what the names do not tell of a purchase log: the time, the ids and the money, by what the values do."""
    facts, taken = reading.facts, set(reading.columns.values())
    free = {name: column for name, column in facts.columns.items() if name not in taken and column.kind != "empty"}
    if "occurred_at" not in reading.columns:
        times = [name for name, column in free.items() if column.kind == "time" and column.fill > 0.5]
        if not times:
            times = [name for name, column in free.items() if with_epoch(column)]
        if times:
            best = max(times, key=lambda name: free[name].distinct)
            reading.take("occurred_at", best, 0.5 if len(times) > 1 else 0.7)
            free.pop(best)
    if "occurred_at" not in reading.columns:
        return
    ids = [name for name, column in free.items() if _may_be_id(column) and column.distinct > 1]
    ids = [name for name in ids if 1 < free[name].distinct < facts.rows or "customer_id" in reading.columns]
    moment = facts.moment(reading.columns["occurred_at"])
    times_of = {
        name: facts.ask(
            f"SELECT avg(n) FROM (SELECT count(DISTINCT {moment}::DATE) AS n, count(*) AS m FROM {{t}} "
            f"GROUP BY {facts.text(name)} HAVING m > 1)"
        )[0]
        or 1.0
        for name in ids
    }
    if "customer_id" not in reading.columns and ids:
        # one customer comes on several days; the column with the most values of those that do
        coming = [name for name in ids if times_of[name] > 1.2 and free[name].distinct > 0.002 * facts.rows]
        if coming:
            best = max(coming, key=lambda name: free[name].distinct)
            reading.take("customer_id", best, 0.4)
            ids.remove(best)
    if "order_id" not in reading.columns and "customer_id" in reading.columns:
        customers = facts.columns[reading.columns["customer_id"]].distinct
        once = [name for name in ids if times_of[name] < 1.05 and facts.columns[name].distinct > customers]
        if once:
            reading.take("order_id", max(once, key=lambda name: facts.columns[name].distinct), 0.4)


def money_by_values(reading: Reading) -> None:
    """An amount and a quantity by their values, where no name tells them."""
    facts = reading.facts
    free = [name for name in facts.names if name not in reading.columns.values()]
    numbers = [name for name in free if facts.columns[name].kind == "number" and not _looks_like_code(facts, name)]
    broken = [name for name in numbers if not facts.columns[name].whole]
    if not reading.has("amount") and not reading.has("unit_price") and len(broken) == 1:
        reading.take("amount", broken[0], 0.45)
    whole = [name for name in numbers if facts.columns[name].whole and (facts.columns[name].high or 0) < 10_000]
    if not reading.has("quantity") and len(whole) == 1 and 1 < facts.columns[whole[0]].distinct < 500:
        reading.take("quantity", whole[0], 0.4)


def _looks_like_code(facts: FileFacts, name: str) -> bool:
    column = facts.columns[name]
    return column.whole and (column.low or 0) > 10_000


def _as_layout(facts: FileFacts, layout: Layout, chosen: Mapping[str, str]) -> Reading:
    reading = assign(facts, layout.table, chosen)
    reading.layout = layout
    for role, names in layout.columns.items():
        if role in chosen:
            continue
        found = next((there for name in names if (there := _there(facts, name))), None)
        for other, name in list(reading.columns.items()):
            if found is not None and name == found and other not in layout.columns:
                reading.drop(other)
        if found is not None:
            reading.take(role, found, 0.98)
            reading.rivals.pop(role, None)
    # of what the layout does not name only what it leaves room for
    for role in ("name", "unit_price", "discount", "amount"):
        if role in reading.columns and role not in layout.columns and role not in chosen:
            reading.drop(role)
    return reading


def _there(facts: FileFacts, name: str) -> str | None:
    """The column of that name that holds something."""
    wanted = name.strip().casefold()
    for exact in (True, False):
        for theirs in facts.names:
            if theirs.strip().casefold() == wanted or (not exact and "(" not in name and plain(theirs) == plain(name)):
                return theirs
    return None


def _score(role: str, table: str, name: str, facts: FileFacts) -> float:
    column = facts.columns[name]
    said = fit(name, role)
    if role in ("occurred_at", "treated_at") and table in ("feedback", "interactions"):
        said = max(said, fit(name, "feedback_time" if table == "feedback" else "interaction_time"))
    if plain(name) in _GENERIC_IDS:
        key = _KEYS.get(table, "order_id" if table == "transactions" else f"{table.rstrip('s')}_id")
        if role == key and column.unique > KEY:
            said = 0.7
        elif role == "order_id" and table == "transactions":
            said = 0.5
    if name.strip().casefold() == role and (role in _IDS or (role in _MONEY and column.kind == "number")):
        return 1.0  # called exactly as here: what its values lack is said row by row when they are read
    return said * _values_fit(role, column) if said else 0.0


def _values_fit(role: str, column: ColumnFacts) -> float:
    """How well the values suit the column, from 0 (they cannot be that)."""
    if role in _TIMES:
        good = column.kind == "time" or with_epoch(column) is not None
        return (0.4 + 0.6 * min(1.0, column.fill / 0.9)) if good else 0.0
    if role in (*_MONEY, "quantity", "score", "margin", "points_balance"):
        if column.kind != "number":
            return 0.0
        if role == "quantity":
            return 1.0 if column.whole else 0.8
        return 1.0 if (column.high or 0) < 1e13 else 0.2
    if role in _IDS:
        return _id_fit(role, column)
    if role == "status":
        return 1.0 if column.kind == "text" and column.distinct <= 60 else 0.0
    if role == "currency":
        codes = {*known()["currencies"]["codes"], *known()["currencies"]["signs"]}
        return 1.0 if column.top and all(value in codes for value, _ in column.top[:3]) else 0.0
    if column.kind == "time":
        return 0.0
    if role == "channel":
        return 1.0 if column.distinct <= 30 else 0.1
    if role in _FEW:
        return 1.0 if column.distinct <= max(60, 0.2 * column.filled) else 0.1
    return 1.0


def _id_fit(role: str, column: ColumnFacts) -> float:
    if not _may_be_id(column):
        return 0.0
    factor = 0.5 + 0.5 * min(1.0, column.fill / 0.6)
    if column.rows > 50 and column.distinct < 3:
        factor *= 0.6  # few customers are no company, but a name may say so all the same
    return factor * (0.8 if role in ("customer_id", "product_id") and column.length > 80 else 1.0)


def _may_be_id(column: ColumnFacts) -> bool:
    if column.kind == "time" or column.type == "BOOLEAN":
        return False
    if column.kind == "number":
        return column.whole and column.negative < 0.5
    return column.length <= 120


def _says(facts: FileFacts, table: str) -> bool:
    return says(facts.stem, known()["files"][table])


def _is_aliases(reading: Reading, facts: FileFacts) -> bool:
    return reading.has("alias_id", "customer_id") and (len(facts.columns) <= 4 or _says(facts, "aliases"))


def _is_treatments(reading: Reading, facts: FileFacts) -> bool:
    if not reading.has("customer_id", "treated_at", "strategy", "arm"):
        return False
    arms = {value.lower() for value, _ in facts.columns[reading.columns["arm"]].top}
    return bool(arms & {"treated", "treatment", "held_out", "holdout", "control", "test", "对照", "干预"})


def _is_feedback(reading: Reading, facts: FileFacts) -> bool:
    if not (reading.has("occurred_at") and (reading.has("customer_id") or reading.has("order_id"))):
        return False
    rated = reading.sure.get("score", 0) > 0.9 or _says(facts, "feedback")
    if "kind" in reading.columns:
        kinds = {value.lower() for value, _ in facts.columns[reading.columns["kind"]].top}
        rated = rated or kinds <= {"survey", "review", "complaint", "nps"}
    return (rated or reading.has("text") or reading.has("feedback_id")) and not _sells(facts)


def _is_interactions(reading: Reading, facts: FileFacts) -> bool:
    if not reading.has("customer_id", "occurred_at") or _sells(facts):
        return False
    named = fit(reading.columns["occurred_at"], "interaction_time") > 0.9
    return _says(facts, "interactions") or named or (reading.has("kind") and not _says(facts, "transactions"))


def _is_transactions(reading: Reading, facts: FileFacts) -> bool:
    return (
        reading.has("customer_id", "occurred_at")
        and (_sells(facts) or reading.has("order_id") or _says(facts, "transactions"))
        and not (_says(facts, "customers") and facts.columns[reading.columns["customer_id"]].unique > KEY)
    )


def _sells(facts: FileFacts) -> bool:
    """Whether a row has money or a quantity in it."""
    reading = assign(facts, "transactions")
    return any(reading.sure.get(role, 0) > 0.4 for role in ("amount", "quantity", "unit_price"))


def _is_products(reading: Reading, facts: FileFacts) -> bool:
    key = reading.columns.get("product_id")
    if key is None or facts.columns[key].unique < KEY or len(reading.columns) < 2:
        return False
    customers = assign(facts, "customers")
    return not customers.has("customer_id") or _says(facts, "products")


def _is_customers(reading: Reading, facts: FileFacts) -> bool:
    key = reading.columns.get("customer_id")
    return key is not None and facts.columns[key].unique > KEY and len(reading.columns) > 1


_TESTS = {
    "aliases": _is_aliases,
    "treatments": _is_treatments,
    "feedback": _is_feedback,
    "interactions": _is_interactions,
    "transactions": _is_transactions,
    "products": _is_products,
    "customers": _is_customers,
}
"""Asked in this order; the first that holds is what the file is."""


def contract(columns: Iterable[str], table: str) -> list[str]:
    """Those of the columns that the data contract has for a table."""
    given = set(columns)
    return [column.name for column in TABLES[table].columns if column.name in given] if table in TABLES else list(given)
