"""Product lines and the category tree: what a customer buys, at every level.

A product's `category` is a list. An entry that holds ``>`` is a whole path from the top (``Drinks > Tea > Green``), and
a product with several such entries sits in several categories; otherwise the list is one path, its top first. A
product in k categories gives each of them 1/k of its sales, so that shares add up to one.

At every level of the tree a category is *main* if it is among the largest that together make 80 % of the company's
sales of the last year, else *auxiliary*, and a customer's spend in it is *high*, *medium* or *low* by the thirds of its
buyers; a product is *premium* if its `line` says so or, without a flag, if its unit
price is in the upper third of its category, else *mass*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.category_extracts import items_bought, spent_by_category
from features.extracts import table_frame
from retention.entries import CategoryPlace, entry_rows
from retention.profile.category_tree import SEPARATOR, category_paths, category_tree, line_code

if TYPE_CHECKING:
    import pyarrow as pa

    from features.engine import Tables

MAX_LEVELS = 3
LEAF = -1
"""Stands for the whole path of a product, however deep: what breadth is counted over."""
MAIN_SHARE = 0.80
PREMIUM_QUANTILE = 2 / 3
SMALLEST_CATEGORY = 3
"""Products that a category must have for an upper third of prices."""
SMALLEST_BUYERS = 9
"""Buyers that a category must have for thirds of their spend."""

WINDOW_DAYS = 365


@dataclass(frozen=True)
class LineReference:
    """What "premium" and "main" mean in this company, as it was at training.

    Attributes
    ----------
    price_limits : dict
        Lowest category of a path → unit price above which a line of it is premium.
    main : dict
        Level of the tree (as text) → categories that together make 80 % of the sales.
    thirds : dict
        Level (as text) → category → yearly spend of its buyers where the middle and the upper third begin.
    order : dict
        Category (as a path) → place among its siblings, from 0.
    """

    price_limits: dict[str, float] = field(default_factory=dict)
    main: dict[str, list[str]] = field(default_factory=dict)
    thirds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)


def price_limits(items: pd.DataFrame) -> dict[str, float]:
    """Unit price where the upper third of a category's products begins; only where it has three prices or more.

    Parameters
    ----------
    items : DataFrame
        Columns `leaf` (text) and `price` (NaN where unknown).

    Examples
    --------
    >>> price_limits(pd.DataFrame({"leaf": ["tea"] * 4, "price": [1.0, 2.0, 3.0, 10.0]}))
    {'tea': 3.0}
    """
    known = items[items["price"].notna() & items["leaf"].notna()]
    found = {}
    for leaf, prices in known.groupby("leaf")["price"]:
        if prices.nunique() >= SMALLEST_CATEGORY:
            found[str(leaf)] = float(np.quantile(prices, PREMIUM_QUANTILE))
    return found


def line_reference(tables: Tables, as_of: datetime) -> LineReference | None:
    """Learn price limits and main categories from the whole company; None where `line_shares` gives None.

    Kept in the baseline, so that one customer alone is judged as in the company's run.
    """
    source = _source(tables, as_of)
    if source is None:
        return None
    limits = price_limits(source.items)
    spent = spent_by_category(tables, as_of, source.key, _nodes(source.items, limits), WINDOW_DAYS)
    return _reference(source, limits, spent)


def _reference(source: _Source, limits: dict[str, float], spent: pd.DataFrame) -> LineReference:
    deep = spent[(spent["level"] > 0) & (spent["spent"] > 0)]
    thirds: dict[str, dict[str, list[float]]] = {}
    for (level, category), amounts in deep.groupby(["level", "category"])["spent"]:
        if len(amounts) >= SMALLEST_BUYERS:
            edges = [float(edge) for edge in np.quantile(amounts, [1 / 3, 2 / 3])]
            thirds.setdefault(str(level), {})[str(category)] = edges
    tree = category_tree(source.items["paths"].tolist())
    order = {f" {SEPARATOR} ".join(path): node.order for path, node in tree.items()}
    return LineReference(limits, _main_categories(spent[spent["level"] > 0]), thirds, order)


def line_shares(tables: Tables, as_of: datetime, reference: LineReference | None = None) -> pd.DataFrame | None:
    """What every customer buys in the 365 days before `as_of`, by line and by level of the category tree.

    Parameters
    ----------
    tables : Tables
        Open canonical tables.
    as_of : datetime
        Nothing at or after it, or recorded after it, is seen.
    reference : LineReference, optional
        What premium and main mean; learned from `tables` unless given.

    Returns
    -------
    DataFrame or None
        None where the log has neither categories nor product lines, or no amounts. Else one row per customer:
        customer_id, premium_share and main_share (0–1, NaN unknown), premium_share_flagged and main_share_flagged
        (share of that spend whose product carries a flag; 0 where the price level, or the category's role, stands in
        for it), categories_90d and categories_prior_90d (distinct categories of the last 90 days and of the 90
        before), and `categories`: per level a dict with level, category (the largest, as a path), parent (None at the
        top), order (among its siblings), spent, share of the customer's spend, tier (`high`, `medium`, `low` among the
        buyers of the category, `unknown`), count of categories, count_90d and count_prior_90d, line (`premium`,
        `mass`, `unknown`) and role (`main`, `auxiliary`).
    """
    source = _source(tables, as_of)
    if source is None:
        return None
    limits = price_limits(source.items) if reference is None else reference.price_limits
    spent = spent_by_category(tables, as_of, source.key, _nodes(source.items, limits), WINDOW_DAYS)
    return _customers(spent, _reference(source, limits, spent) if reference is None else reference)


@dataclass(frozen=True)
class _Source:
    """The column of the order lines that names an item, and the items."""

    key: str
    items: pd.DataFrame


def _source(tables: Tables, as_of: datetime) -> _Source | None:
    columns = set(tables.columns("transactions"))
    key = "product_id" if "product_id" in columns else "category"
    described = set(tables.columns("products")) if key == "product_id" else set()
    if "amount" not in columns or not ("category" in columns or {"category", "line"} & described):
        return None
    return _Source(key, _items(tables, as_of, key, described))


def _items(tables: Tables, as_of: datetime, key: str, described: set[str]) -> pd.DataFrame:
    items = items_bought(tables, as_of, key)
    items["category"] = items["line_category"].astype(object)
    items["line"] = None
    if described:
        names = [name for name in ("category", "line") if name in described]
        products = table_frame(tables, "products", "product_id")
        assert products is not None  # its columns are described
        products = products.drop_duplicates("product_id").set_index("product_id")
        for name in names:
            given = items["item"].map(products[name]).astype(object)
            items[name] = given.where(given.notna(), items[name])
    items["price"] = items["spent"] / items["quantity"].where(items["quantity"] > 0)
    items["paths"] = pd.Series([category_paths(value) for value in items["category"].tolist()], dtype=object)
    leaves = [f" {SEPARATOR} ".join(own[0]) if own else None for own in items["paths"].tolist()]
    items["leaf"] = pd.Series(leaves, dtype=object)
    return items


def _nodes(items: pd.DataFrame, limits: Mapping[str, float]) -> pa.Table:
    """Per item, level and category its weight and flags; level 0 is all of it, `LEAF` the whole path."""
    import pyarrow as pa

    codes = [line_code(value) for value in items["line"].tolist()]
    rows: dict[str, list[Any]] = {
        name: [] for name in ("item", "level", "category", "weight", "premium", "main", "dear")
    }
    for item, own, code, leaf in zip(
        items["item"].tolist(), items["paths"].tolist(), codes, items["leaf"].tolist(), strict=True
    ):
        premium = float(code == "premium") if code in ("premium", "mass") else None
        limit = limits.get(leaf) if premium is None and leaf is not None else None
        main = float(code == "main") if code in ("main", "auxiliary") else None
        shares: dict[tuple[int, str | None], float] = {(0, None): 1.0}
        for path in own:
            shares[LEAF, f" {SEPARATOR} ".join(path)] = 1.0
            for depth in range(1, min(len(path), MAX_LEVELS) + 1):
                node = depth, f" {SEPARATOR} ".join(path[:depth])
                shares[node] = shares.get(node, 0.0) + 1.0 / len(own)
        for (level, name), weight in shares.items():
            for column, value in zip(rows, (item, level, name, round(weight, 6), premium, main, limit), strict=True):
                rows[column].append(value)
    kinds = [pa.string(), pa.int32(), pa.string(), *[pa.float64()] * 4]
    return pa.table({name: pa.array(values, kind) for (name, values), kind in zip(rows.items(), kinds, strict=True)})


def _customers(spent: pd.DataFrame, reference: LineReference) -> pd.DataFrame:
    whole = spent[spent["level"] == 0].set_index("customer_id")
    found = pd.DataFrame(index=whole.index.sort_values())
    for name in ("premium", "main"):
        base = whole[f"{name}_known"].where(whole[f"{name}_known"] > 0)
        found[f"{name}_share"] = (whole[name].fillna(0.0) / base).reindex(found.index)
        flagged = whole[f"{name}_flagged"].fillna(0.0) / base
        found[f"{name}_share_flagged"] = flagged.fillna(0.0).reindex(found.index)
    deep = spent[spent["level"] > 0]
    if deep.empty:
        found["categories_90d"] = found["categories_prior_90d"] = np.nan
        found["categories"] = pd.Series([[] for _ in range(len(found))], found.index, dtype=object)
        return found.reset_index()
    finest = spent[spent["level"] == LEAF]
    for column, source in (("categories_90d", "lately"), ("categories_prior_90d", "before")):
        found[column] = (
            finest[finest[source]].groupby("customer_id").size().astype(float).reindex(found.index, fill_value=0.0)
        )
    central = {(int(level), name) for level, names in reference.main.items() for name in names}
    _judge_by_category(found, deep[deep["level"] == 1], central)
    by_level = deep.groupby(["customer_id", "level"], sort=False)
    totals = by_level["spent"].transform("sum")
    top = deep.assign(
        share=deep["spent"] / totals.where(totals > 0),
        count=by_level["category"].transform("size"),
        count_90d=by_level["lately"].transform("sum").astype(int),
        count_prior_90d=by_level["before"].transform("sum").astype(int),
    ).drop_duplicates(["customer_id", "level"])
    priced, premium = (np.nan_to_num(np.asarray(top[name], dtype=np.float64)) for name in ("premium_known", "premium"))
    line = np.where(priced <= 0, "unknown", np.where(premium >= 0.5 * priced, "premium", "mass"))
    names, levels, amounts = (top[name].tolist() for name in ("category", "level", "spent"))
    thirds = {int(level): own for level, own in reference.thirds.items()}
    places = {
        "level": levels,
        "category": names,
        "parent": [name.rpartition(f" {SEPARATOR} ")[0] or None for name in names],
        "order": [reference.order.get(name) for name in names],
        "spent": amounts,
        "share": top["share"].tolist(),
        "tier": [
            _third(amount, thirds.get(level, {}).get(name))
            for amount, level, name in zip(amounts, levels, names, strict=True)
        ],
        **{name: top[name].tolist() for name in ("count", "count_90d", "count_prior_90d")},
        "line": line.tolist(),
        "role": ["main" if one in central else "auxiliary" for one in zip(levels, names, strict=True)],
    }
    rows = found.index.get_indexer(pd.Index(top["customer_id"]))
    lists = entry_rows(CategoryPlace, len(found), rows, places)
    found["categories"] = pd.Series(lists, found.index, dtype=object)
    return found.reset_index()


def _judge_by_category(found: pd.DataFrame, top_level: pd.DataFrame, central: set[tuple[int, str]]) -> None:
    """Where no product says main or auxiliary, the share of spend in main categories stands in, without a flag."""
    inside = [(1, name) in central for name in top_level["category"].tolist()]
    total = top_level.groupby("customer_id")["spent"].sum()
    share = top_level[inside].groupby("customer_id")["spent"].sum().reindex(total.index, fill_value=0.0)
    found["main_share"] = found["main_share"].fillna((share / total.where(total > 0)).reindex(found.index))


def _third(amount: float, edges: list[float] | None) -> str:
    if edges is None:
        return "unknown"
    return "low" if amount < edges[0] else "medium" if amount < edges[1] else "high"


def _main_categories(deep: pd.DataFrame) -> dict[str, list[str]]:
    """Per level, the largest categories that together reach 80 % of the sales."""
    sales = pd.DataFrame(deep.groupby(["level", "category"])["spent"].sum()).reset_index()
    sales = sales.sort_values(["level", "spent", "category"], ascending=[True, False, True])
    before = sales.groupby("level")["spent"].cumsum() - sales["spent"]
    central = sales[before < sales.groupby("level")["spent"].transform("sum") * MAIN_SHARE]
    return {str(level): sorted(names.astype(str)) for level, names in central.groupby("level")["category"]}
