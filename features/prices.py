"""Price level: what a customer pays per unit beside what everybody pays in the same category.

The level is the customer's spend divided by what the same quantities would have cost at the reference prices of
their categories: 1 is the usual price, 1.2 means a fifth dearer. The reference price of a category is the mean unit
price (spend by quantity) over all purchases that were visible at the cut-off, or one that is given.

All cut-offs share one pass over the lines: they are columns (`as_of_0`, `as_of_1`, …) of the one-row table `clock`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.declare import MICRO, micros
from features.visible import is_visible


def reference_prices(lines: Any, products: Any, clock: Any) -> Any:
    """Mean unit price per category at every cut-off.

    Parameters
    ----------
    lines : ibis table
        Transactions with amount, quantity and, unless `products` has them, category.
    products : ibis table or None
        With `category`, the first of which counts.
    clock : ibis table
        One row with the cut-offs `as_of_0` … `as_of_{n-1}`.

    Returns
    -------
    ibis table
        as_of, category, unit_price (float64, money per unit; positive).
    """
    count = len(clock.columns)
    priced = _priced(lines, products).cross_join(clock)
    sums = {}
    for i in range(count):
        seen = is_visible(priced, priced[f"as_of_{i}"])
        sums[f"spend_{i}"] = priced.amount.sum(where=seen).cast("float64")
        sums[f"items_{i}"] = micros(priced.quantity).sum(where=seen).cast("float64")
    wide = priced.group_by("price_category").agg(**sums).cross_join(clock)
    long = _stacked(
        count,
        lambda i: wide.filter(wide[f"items_{i}"] > 0).select(
            as_of=wide[f"as_of_{i}"],
            category="price_category",
            unit_price=wide[f"spend_{i}"] / (wide[f"items_{i}"] / float(MICRO)),
        ),
    )
    return long


def price_levels(lines: Any, products: Any, prices: Any, clock: Any) -> Any:
    """Each customer's spend and what it would have been at reference prices, at every cut-off.

    Parameters
    ----------
    lines, products, clock
        As in `reference_prices`; the lines of the customers wanted.
    prices : ibis table
        as_of, category, unit_price.

    Returns
    -------
    ibis table
        customer_id, as_of, spent, usual (float64, money).
    """
    count = len(clock.columns)
    told = prices.cross_join(clock)
    told = told.group_by(known_category="category").agg(
        **{f"price_{i}": told.unit_price.max(where=told.as_of == told[f"as_of_{i}"]) for i in range(count)}
    )
    priced = _priced(lines, products)
    priced = priced.join(told, priced.price_category == told.known_category).cross_join(clock)
    sums = {}
    for i in range(count):
        price = priced[f"price_{i}"]
        seen = is_visible(priced, priced[f"as_of_{i}"]) & price.notnull()
        sums[f"spent_{i}"] = priced.amount.sum(where=seen).cast("float64")
        sums[f"usual_{i}"] = micros(priced.quantity * price).sum(where=seen).cast("float64") / float(MICRO)
    wide = priced.group_by("customer_id").agg(**sums).cross_join(clock)
    return _stacked(
        count,
        lambda i: wide.filter(wide[f"usual_{i}"] > 0).select(
            "customer_id", as_of=wide[f"as_of_{i}"], spent=wide[f"spent_{i}"], usual=wide[f"usual_{i}"]
        ),
    )


def _priced(lines: Any, products: Any) -> Any:
    # Purchases with a first category, a positive quantity and a positive amount.
    if "category" in lines.columns:
        priced = lines.mutate(price_category=lines.category)
    else:
        paths = products.select(path_product="product_id", price_category=products.category[0])
        priced = lines.join(paths, lines.product_id == paths.path_product)
    priced = priced.filter(priced.price_category.notnull() & (priced.amount > 0) & (priced.quantity > 0))
    times = ["recorded_at"] if "recorded_at" in priced.columns else []
    return priced.select("customer_id", "occurred_at", *times, "price_category", "amount", "quantity")


def _stacked(count: int, part: Callable[[int], Any]) -> Any:
    stacked = part(0)
    for i in range(1, count):
        stacked = stacked.union(part(i))
    return stacked
