"""The data contract: canonical tables, their columns and types.

All times are UTC in `timestamp` columns without a zone; money is DECIMAL(18, 4) so that sums are the same in
any order; ids are text. Ingest (`features.ingestion`) writes these tables, the engine (`features.engine`) reads them.
An optional table or column that a source does not have is absent, never filled with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["text", "time", "date", "money", "number", "integer", "texts"]

MONEY_LIMIT = 10**14
"""Every amount lies below this, and so do the amounts of one customer added up without their signs: whatever is added
up of an order or a customer then fits DECIMAL(18, 4), and ten-thousandths of it a whole number of 64 bits."""
OLDEST = 120
"""Years of the oldest customer that there can be: an older birthday cannot be, no more than one to come."""
NUMBER_LIMIT = 10**12
"""Greatest quantity or score, and with a minus the least."""

DUCKDB_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "date": "DATE",
    "money": "DECIMAL(18,4)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "texts": "VARCHAR[]",
}
IBIS_TYPES: dict[str, str] = {
    "text": "string",
    "time": "timestamp",
    "date": "date",
    "money": "decimal(18, 4)",
    "number": "float64",
    "integer": "int64",
    "texts": "array<string>",
}


@dataclass(frozen=True)
class Column:
    """One column of a canonical table; a required one may not be null.

    Attributes
    ----------
    choices : tuple of str
        All that it may hold; empty: any.
    words : tuple of (str, str)
        What people write, in lower case, and the choice that it means; an empty one says that nothing was told. A word
        that is not listed means nothing that we know, and is read as missing.
    split : str
        Regular expression of what parts the texts of a list that stands in one cell.
    personal : bool
        Whether a value may name or reach a person: it is shown to whoever works with that customer, and goes into no
        feature, model, run log, report or scores file.
    """

    name: str
    type: ColumnType
    required: bool = False
    choices: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    split: str = ""
    personal: bool = False

    @property
    def is_id(self) -> bool:
        """Whether it holds ids."""
        return self.name.endswith("_id") or self.name == "referred_by"


@dataclass(frozen=True)
class Table:
    """One canonical table; `time` names the column that meets `as_of`, `order` the columns it is sorted by."""

    name: str
    columns: tuple[Column, ...]
    time: str | None
    order: tuple[str, ...]
    required: bool = False
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _columns(*columns: tuple[str, ColumnType] | tuple[str, ColumnType, bool] | Column) -> tuple[Column, ...]:
    return tuple(column if isinstance(column, Column) else Column(*column) for column in columns)


GENDERS = {
    "female": ("female", "f", "w", "woman", "women", "girl", "ms", "mrs", "miss", "weiblich", "frau", "femme",
               "féminin", "mujer", "femenino", "femenina", "女", "女性", "女士", "女生", "小姐"),
    "male": ("male", "m", "man", "men", "boy", "mr", "männlich", "maennlich", "mann", "herr", "homme", "masculin",
             "hombre", "masculino", "男", "男性", "男士", "男生", "先生"),
    "other": ("other", "x", "d", "diverse", "divers", "non-binary", "nonbinary", "non binary", "autre", "otro", "otra",
              "其他", "其它"),
    "": ("unknown", "unspecified", "not given", "not specified", "prefer not to say", "undisclosed", "u", "?", "未知",
         "保密", "不详", "未填", "未说明"),
}  # fmt: skip
"""What people write for a gender. Numbers are not among it: 1 is a man in one system and a woman in the next."""

TRANSACTIONS = Table(
    "transactions",
    _columns(
        ("customer_id", "text", True),
        ("order_id", "text", True),
        ("occurred_at", "time", True),
        ("amount", "money"),
        ("line_id", "text"),
        ("product_id", "text"),
        ("category", "text"),
        ("quantity", "number"),
        ("unit_price", "money"),
        ("discount", "money"),
        ("channel", "text"),
        ("recorded_at", "time"),
        ("currency", "text"),
        ("returns_order_id", "text"),
        ("promised_at", "time"),
        ("delivered_at", "time"),
    ),
    time="occurred_at",
    order=("customer_id", "occurred_at", "order_id"),
    required=True,
)
CUSTOMERS = Table(
    "customers",
    _columns(
        ("customer_id", "text", True),
        Column("customer_type", "text", choices=("enterprise", "individual")),
        Column("name", "text", personal=True),
        ("region", "text"),
        ("country", "text"),
        ("industry", "text"),
        ("company_size", "text"),
        ("acquired_at", "time"),
        Column("birthday", "date", personal=True),
        Column(
            "gender",
            "text",
            choices=("female", "male", "other"),
            words=tuple((word, ours) for ours, words in GENDERS.items() for word in words),
        ),
        Column("interests", "texts", split="[,;|、，；]"),
        ("preferred_channel", "text"),
        ("member_level", "text"),
        ("points_balance", "number"),
        ("points_expire_on", "date"),
        ("referred_by", "text"),
        ("fulfilment", "text"),
        ("consent", "text"),
        ("owner", "text"),
        ("renewal_at", "time"),
        Column("phone", "text", personal=True),
        Column("email", "text", personal=True),
    ),
    time="acquired_at",
    order=("customer_id",),
)
PRODUCTS = Table(
    "products",
    _columns(
        ("product_id", "text", True),
        ("name", "text"),
        ("category", "texts"),
        ("line", "text"),
        ("margin", "number"),
    ),
    time=None,
    order=("product_id",),
)
FEEDBACK = Table(
    "feedback",
    _columns(
        ("feedback_id", "text", True),
        ("customer_id", "text", True),
        ("occurred_at", "time", True),
        Column("kind", "text", True, ("survey", "review", "complaint", "nps")),
        Column("topic", "text", choices=("quality", "service", "logistics", "other")),
        ("score", "number"),
        ("score_min", "number"),
        ("score_max", "number"),
        ("resolved_at", "time"),
        Column("text", "text", personal=True),
        ("recorded_at", "time"),
    ),
    time="occurred_at",
    order=("customer_id", "occurred_at", "feedback_id"),
)
INTERACTION_KINDS = ("contact", "visit", "browse", "search", "cart", "open", "click", "redeem")

INTERACTIONS = Table(
    "interactions",
    _columns(
        ("interaction_id", "text", True),
        ("customer_id", "text", True),
        ("occurred_at", "time", True),
        Column("kind", "text", True, INTERACTION_KINDS),
        ("channel", "text"),
        ("direction", "text"),
        ("product_id", "text"),
        ("category", "text"),
        ("text", "text"),
        ("recorded_at", "time"),
    ),
    time="occurred_at",
    order=("customer_id", "occurred_at", "interaction_id"),
)
TREATMENTS = Table(
    "treatments",
    _columns(
        ("treatment_id", "text", True),
        ("customer_id", "text", True),
        ("treated_at", "time", True),
        ("strategy", "text", True),
        ("cost", "money"),
        Column("arm", "text", True, ("treated", "held_out")),
        ("outcome", "text"),
    ),
    time="treated_at",
    order=("customer_id", "treated_at", "treatment_id"),
)
ALIASES = Table(
    "aliases",
    _columns(
        ("alias_id", "text", True),
        ("customer_id", "text", True),
        ("recorded_at", "time"),
    ),
    time=None,
    order=("customer_id", "alias_id"),
)

TABLES: dict[str, Table] = {
    table.name: table for table in (TRANSACTIONS, CUSTOMERS, PRODUCTS, FEEDBACK, INTERACTIONS, TREATMENTS, ALIASES)
}
"""Every canonical table by name."""

PERSONAL: frozenset[tuple[str, str]] = frozenset(
    (table.name, column.name) for table in TABLES.values() for column in table.columns if column.personal
)
"""Table and name of every column that may name or reach a person."""
