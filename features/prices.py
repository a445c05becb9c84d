"""Price level: what a customer pays per unit beside what everybody pays in the same category.

The level is the customer's spend divided by what the same quantities would have cost at the reference prices of
their categories: 1 is the usual price, 1.2 means a fifth dearer. The reference price of a category is the mean unit
price (spend by quantity) over all purchases that were visible at the cut-off, or one that is given. A purchase
counts here with its first category, a positive quantity and a positive amount.

Several cut-offs share one pass over the lines: they are columns (`as_of_0`, `as_of_1`, …) of the one-row table
`clock`, and the sums stay per customer and category until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from features.declare import MICRO, fixed, where
from features.visible import is_visible


def category_sums(lines: Any, products: Any, clock: Any, numbers: Sequence[int], *, customers: bool = True) -> Any:
    """Spend and quantity per category at the cut-offs of the given numbers.

    Parameters
    ----------
    lines : ibis table
        Transactions with amount, quantity and, unless `products` has them, category.
    products : ibis table or None
        With `category`, the first of which counts.
    clock : ibis table
        One row with the cut-offs `as_of_0` … `as_of_{n-1}`.
    numbers : sequence of int
        Which of them.
    customers : bool
        Per customer and category, or per category only.

    Returns
    -------
    ibis table
        (customer_id,) category, `spend_{i}` (decimal), `items_{i}` (millionths), and per customer `first_at`: the
        first purchase in the category, whatever its quantity.
    """
    if "category" in lines.columns:
        named = lines.filter(lines.category.notnull())
    else:
        paths = products.select(path_product="product_id", category=products.category[0])
        named = lines.join(paths, lines.product_id == paths.path_product)
        named = named.filter(named.category.notnull())
    bought = named.filter(named.amount > 0).cross_join(clock)
    quantity = where(bought.quantity > 0, bought.quantity)
    sums = {}
    for i in numbers:
        seen = is_visible(bought, bought[f"as_of_{i}"]) & quantity.notnull()
        sums[f"spend_{i}"] = bought.amount.sum(where=seen)
        sums[f"items_{i}"] = fixed(quantity, MICRO).sum(where=seen)
    if not customers:
        return bought.group_by("category").agg(**sums)
    return bought.group_by("customer_id", "category").agg(first_at=bought.occurred_at.min(), **sums)


def reference_prices(sums: Any, clock: Any, numbers: Sequence[int]) -> Any:
    """Mean unit price per category at every cut-off, from `category_sums`.

    Returns
    -------
    ibis table
        as_of, category, unit_price (float64, money per unit; positive).
    """
    totals = {f"{what}_{i}": sums[f"{what}_{i}"].sum() for i in numbers for what in ("spend", "items")}
    wide = sums.group_by("category").agg(**totals).cross_join(clock)

    def of(i: int) -> Any:
        sold = wide.filter(wide[f"items_{i}"] > 0)
        items = sold[f"items_{i}"].cast("float64") / MICRO
        return sold.select(
            as_of=sold[f"as_of_{i}"], category=sold.category, unit_price=sold[f"spend_{i}"].cast("float64") / items
        )

    return _stacked(numbers, of)


def price_levels(sums: Any, prices: Any, clock: Any, numbers: Sequence[int]) -> Any:
    """Each customer's spend and what it would have been at reference prices, at every cut-off.

    Parameters
    ----------
    sums : ibis table
        `category_sums` of the customers wanted.
    prices : ibis table
        as_of, category, unit_price.
    clock, numbers
        As in `category_sums`.

    Returns
    -------
    ibis table
        customer_id, as_of, spent, usual (float64, money); only customers with something to compare.
    """
    timed = sums.cross_join(clock)

    def of(i: int) -> Any:
        told = prices.rename(priced_at="as_of", priced_category="category")
        met = timed.join(told, [timed.category == told.priced_category, timed[f"as_of_{i}"] == told.priced_at])
        usual = fixed(met[f"items_{i}"].cast("float64") / MICRO * met.unit_price, MICRO)
        level = met.group_by("customer_id", as_of=met.priced_at).agg(
            spent=met[f"spend_{i}"].sum().cast("float64"), usual=usual.sum().cast("float64") / MICRO
        )
        return level.filter(level.usual > 0)

    return _stacked(numbers, of)


def _stacked(numbers: Sequence[int], part: Callable[[int], Any]) -> Any:
    first, *others = numbers
    stacked = part(first)
    for i in others:
        stacked = stacked.union(part(i))
    return stacked
