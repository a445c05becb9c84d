"""The category tree: paths of products, parents, levels and order; and what a product line may say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.orders import LINE_CODES

SEPARATOR = ">"
_LINE_OF = {word: code for code, words in LINE_CODES.items() for word in words}


@dataclass(frozen=True)
class Category:
    """One node of the tree.

    Attributes
    ----------
    path : tuple of str
        Names from the top down to this one.
    order : int
        Place among its siblings, by name, from 0.
    products : int
        Products below it.
    """

    path: tuple[str, ...]
    order: int
    products: int

    @property
    def name(self) -> str:
        """Own name."""
        return self.path[-1]

    @property
    def parent(self) -> tuple[str, ...] | None:
        """Path of the category above, None at the top."""
        return self.path[:-1] or None

    @property
    def level(self) -> int:
        """1 at the top."""
        return len(self.path)


def category_paths(category: Any) -> list[tuple[str, ...]]:
    """Paths of a product from its `category` value, without doubles, in the order given.

    Examples
    --------
    >>> category_paths(["Drinks", "Tea"])
    [('Drinks', 'Tea')]
    >>> category_paths(["Drinks > Tea", "Gifts"])
    [('Drinks', 'Tea'), ('Gifts',)]
    >>> category_paths(None)
    []
    """
    if category is None or (isinstance(category, float) and np.isnan(category)):
        return []
    entries = [category] if isinstance(category, str) else [str(entry) for entry in category if entry is not None]
    entries = [entry.strip() for entry in entries if entry.strip()]
    if not entries:
        return []
    if any(SEPARATOR in entry for entry in entries):
        paths = [tuple(part.strip() for part in entry.split(SEPARATOR) if part.strip()) for entry in entries]
    else:
        paths = [tuple(entries)]
    return [path for path in dict.fromkeys(paths) if path]


def category_tree(paths: Iterable[Iterable[tuple[str, ...]]]) -> dict[tuple[str, ...], Category]:
    """The tree of all products' paths, parents before children, siblings in order.

    Parameters
    ----------
    paths : iterable
        Per product its paths.

    Examples
    --------
    >>> tree = category_tree([[("Drinks", "Tea")], [("Drinks", "Coffee")]])
    >>> [(node.path, node.order, node.products) for node in tree.values()]
    [(('Drinks',), 0, 2), (('Drinks', 'Coffee'), 0, 1), (('Drinks', 'Tea'), 1, 1)]
    """
    counts: dict[tuple[str, ...], int] = {}
    for own in paths:
        for node in {path[: depth + 1] for path in own for depth in range(len(path))}:
            counts[node] = counts.get(node, 0) + 1
    order: dict[tuple[str, ...], int] = {}
    tree = {}
    for path in sorted(counts):
        above = path[:-1]
        tree[path] = Category(path, order.get(above, 0), counts[path])
        order[above] = order.get(above, 0) + 1
    return tree


def line_code(value: Any) -> str | None:
    """`premium`, `mass`, `main`, `auxiliary`, or None for another or no flag."""
    return _LINE_OF.get(str(value).strip().lower()) if value is not None else None
