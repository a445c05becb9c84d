"""What a history sent in a call needs to know of the company: columns, products and their lines, first and last event.

A customer's own orders do not tell which products are premium or how far the log goes back. Beside the canonical
tables it is read from them; in a bento, which holds no customer, from a folder that was written when it was built.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from configs.errors import BundleError
from configs.files import atomic_path, write_json_atomic
from features.tables import TABLES
from serving.lines import line_nodes

if TYPE_CHECKING:
    import pyarrow as pa

    from features.engine import Tables

FILE = "company.json"
PRODUCTS, NODES = "products.parquet", "lines.parquet"
MOMENTS_KEPT = 8
"""Moments whose product lines are kept; a service is mostly asked at one."""

_TOLD = ("transactions", "customers", "products", "feedback", "interactions")
_MOMENTS = ("log_start", "last_event", "end")


@dataclass
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
    nodes : pyarrow.Table or None
        `line_nodes` at `end`, for a company without tables.
    """

    columns: Mapping[str, tuple[str, ...]]
    log_start: datetime
    last_event: datetime
    end: datetime
    products: pa.Table | None = None
    nodes: pa.Table | None = None
    _tables: Tables | None = field(default=None, repr=False)
    _nodes: dict[datetime, pa.Table | None] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, tables: Tables, timezone: str) -> Company:
        """Read from canonical tables."""
        first, last = tables.span()
        return cls(
            columns={name: tuple(tables.columns(name)) for name in _TOLD if tables.has(name)},
            log_start=first,
            last_event=last,
            end=tables.end(timezone),
            products=tables.query("SELECT * FROM products ORDER BY product_id") if tables.has("products") else None,
            _tables=tables,
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

    def nodes_at(self, as_of: datetime) -> pa.Table | None:
        """Product lines at a moment; those of the build where there are no tables."""
        if self._tables is None:
            return self.nodes
        with self._lock:
            if as_of not in self._nodes:
                if len(self._nodes) >= MOMENTS_KEPT:
                    self._nodes.pop(next(iter(self._nodes)))
                self._nodes[as_of] = line_nodes(self._tables, as_of)
            return self._nodes[as_of]

    def save(self, folder: Path) -> None:
        """Write everything that `load` reads; no customer is in it."""
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        for name, table in ((PRODUCTS, self.products), (NODES, self.nodes_at(self.end))):
            if table is not None:
                with atomic_path(folder / name) as aside:
                    pq.write_table(table, aside)
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
            products, nodes = (
                pq.read_table(folder / name) if (folder / name).exists() else None for name in (PRODUCTS, NODES)
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
            raise BundleError(
                f"{folder} does not describe a company ({type(error).__name__})", "build the bento again"
            ) from None
        return cls(columns, start, last, end, products, nodes)
