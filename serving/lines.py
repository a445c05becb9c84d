"""Product lines for some customers only.

`retention.categories.line_shares` needs the whole log to know which products are premium or main; here that half is
computed once per moment and kept, and the other half, what a customer spends on them, from the customer's own rows.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from retention import categories

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from features.engine import Tables


def line_nodes(tables: Tables, as_of: datetime) -> pa.Table | None:
    """What every product counts as, over the whole log before a moment; None where the log does not tell.

    Parameters
    ----------
    tables : Tables
        The whole canonical tables.
    as_of : datetime
        UTC without zone; nothing at or after it is seen.
    """
    key, described = _described(tables)
    if key is None:
        return None
    lines = categories._visible_lines(tables, as_of)
    on_line = "category" in tables.columns("transactions")
    return categories._nodes(categories._items(tables, lines, key == "product_id", on_line, described))


def shares_of(part: Tables, nodes: pa.Table | None, as_of: datetime) -> pd.DataFrame | None:
    """`line_shares` of the customers of `part`, with the product lines of the whole company."""
    key, _ = _described(part)
    if nodes is None or key is None:
        return None
    return categories._customers(categories._spent(part, categories._visible_lines(part, as_of), key, nodes, as_of))


def _described(tables: Tables) -> tuple[str | None, set[str]]:
    """The column that names what was bought (None: lines cannot be told), and what the products table adds."""
    columns = set(tables.columns("transactions"))
    described = set(tables.columns("products")) if "product_id" in columns else set()
    if "amount" not in columns or not ("category" in columns or {"category", "line"} & described):
        return None, set()
    return ("product_id" if "product_id" in columns else "category"), described
