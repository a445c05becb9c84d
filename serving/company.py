"""What a history sent in a call needs to know of the company: columns, products, first and last event.

A customer's own orders do not tell in which category a product is or how far the log goes back. Beside the canonical
tables it is read from them; in a bento, which holds no customer, from a folder that was written when it was built.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import BundleError
from configs.files import atomic_path, write_json_atomic
from features.extracts import products_table
from features.tables import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

    from features.engine import Tables

FILE = "company.json"
PRODUCTS = "products.parquet"

_TOLD = ("transactions", "customers", "products", "feedback", "interactions")
_MOMENTS = ("log_start", "last_event", "end")


@dataclass(frozen=True)
class Company:
    """Facts of the company's log.

    Attributes
    ----------
    columns : mapping of str to tuple of str
        Tables and columns that the model was trained on.
    log_start : datetime
        First event of the log, UTC without zone.
    last_event : datetime
        Last event of the log.
    end : datetime
        Midnight of the business zone after it: the moment that is scored at unless another is asked for.
    products : pyarrow.Table or None
        The products table.
    """

    columns: Mapping[str, tuple[str, ...]]
    log_start: datetime
    last_event: datetime
    end: datetime
    products: pa.Table | None = None

    @classmethod
    def of(cls, tables: Tables, timezone: str) -> Company:
        """Read from canonical tables."""
        first, last = tables.span()
        return cls(
            columns={name: tuple(tables.columns(name)) for name in _TOLD if tables.has(name)},
            log_start=first,
            last_event=last,
            end=tables.end(timezone),
            products=products_table(tables),
        )

    @classmethod
    def of_meta(cls, meta: Mapping[str, Any]) -> Company:
        """What the bundle alone tells: every column may be sent, and nothing is known of products."""
        end = datetime.fromisoformat(meta["as_of"])
        start = datetime.fromisoformat(meta["training"]["log_start"])
        money = () if meta.get("has_amounts", True) else ("amount", "unit_price", "discount")
        columns = {
            name: tuple(column.name for column in TABLES[name].columns if column.name not in money)
            for name in _TOLD
            if name != "products"
        }
        return cls(columns, start, end, end)

    def save(self, folder: Path) -> None:
        """Write everything that `load` reads; no customer is in it."""
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        if self.products is not None:
            with atomic_path(folder / PRODUCTS) as aside:
                pq.write_table(self.products, aside)
        facts: dict[str, Any] = {name: getattr(self, name).isoformat() for name in _MOMENTS}
        facts["columns"] = {name: list(columns) for name, columns in self.columns.items()}
        write_json_atomic(folder / FILE, facts)

    @classmethod
    def load(cls, folder: Path) -> Company:
        """Read what `save` wrote.

        Raises
        ------
        BundleError
            Something is missing or damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
            start, last, end = (datetime.fromisoformat(facts[name]) for name in _MOMENTS)
            columns = {str(name): tuple(map(str, given)) for name, given in facts["columns"].items()}
            products = pq.read_table(folder / PRODUCTS) if (folder / PRODUCTS).exists() else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
            raise BundleError("company_not_described", folder=folder, reason=type(error).__name__) from None
        return cls(columns, start, last, end, products)
